package messages

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A comment of more than 64 kB is cut silently by Zendesk; these bounds keep
// every message below that, and what they cut is named.
const (
	maxValue = 2000   // characters of a single value
	maxCell  = 200    // characters of a cell or a list's line
	maxRows  = 200    // lines of a list or a table
	maxBlock = 20_000 // bytes of all its cells together
)

// block is a list or a table as its partial wants it.
type block[Row any] struct {
	Head []string
	Rows []Row
	More string // says how many lines were cut
}

// data prepares the variables that a message may mention. All are there, so
// that a missing optional one is empty and not an error.
func (l *locale) data(s spec, vars map[string]string) map[string]any {
	out := map[string]any{}
	for _, name := range s.all() {
		value := vars[name]
		switch {
		case strings.TrimSpace(value) == "":
			out[name] = nil
		case isTable(name):
			out[name] = l.table(value)
		case isList(name):
			out[name] = l.list(value)
		case name == "law":
			out[name] = clean(l.word(value), maxValue)
		default:
			out[name] = clean(value, maxValue)
		}
	}
	return out
}

func (l *locale) list(value string) block[string] {
	var b block[string]
	lines, cut := bounded(value)
	for _, line := range lines {
		if head, tail, ok := cutLast(line, ": "); ok {
			line = head + ": " + l.word(tail)
		}
		b.Rows = append(b.Rows, clean(line, maxCell))
	}
	b.More = l.more(cut)
	return b
}

func (l *locale) table(value string) block[[]string] {
	var b block[[]string]
	lines, cut := bounded(value)
	for i, line := range lines {
		var row []string
		for cell := range strings.SplitSeq(line, "\t") {
			row = append(row, clean(l.word(strings.TrimSpace(cell)), maxCell))
		}
		if i == 0 {
			b.Head = row
		} else {
			b.Rows = append(b.Rows, row)
		}
	}
	b.More = l.more(cut)
	return b
}

// bounded splits into lines that are not blank and returns how many did not
// fit.
func bounded(value string) (lines []string, cut int) {
	size := 0
	for line := range strings.Lines(value) {
		line = strings.TrimRight(line, "\r\n")
		if strings.TrimSpace(line) == "" {
			continue
		}
		size += min(len(line), maxCell*4)
		if len(lines) >= maxRows || size > maxBlock {
			cut++
			continue
		}
		lines = append(lines, line)
	}
	return lines, cut
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// word translates a fixed word of ours; anything else stays.
func (l *locale) word(s string) string {
	if w, ok := l.words[s]; ok {
		return w
	}
	return s
}

func (l *locale) more(cut int) string {
	if cut == 0 {
		return ""
	}
	return strings.ReplaceAll(l.word("and # more lines"), "#", strconv.Itoa(cut))
}

// clean makes one line of a value: no control characters, nothing invisible
// that turns writing round, no more than limit characters.
func clean(s string, limit int) string {
	// What can't be within the limit is not looked at; a rune that is cut in
	// two is not valid and goes.
	s = s[:min(len(s), (limit+1)*utf8.UTFMax)]
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == unicode.ReplacementChar || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.TrimSpace(s)
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return s
}

// breakPlaceholders parts what the desk would read as one of its placeholders
// and expand (Zendesk expands them in comment bodies), wherever it came from.
func breakPlaceholders(html string) string {
	var b strings.Builder
	for i := range len(html) {
		b.WriteByte(html[i])
		if i+1 == len(html) {
			break
		}
		switch html[i : i+2] {
		case "{{", "{%", "}}", "%}":
			b.WriteByte(' ')
		}
	}
	return b.String()
}
