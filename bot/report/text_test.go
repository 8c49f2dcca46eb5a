package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"privacydesk/connectors"
)

func TestNumbers(t *testing.T) {
	for _, good := range []string{"0", "-0", "42", "-42", "1.5", "1e9", "-1.25E-7", "12345678901234567890123"} {
		if !isNumber([]byte(good)) {
			t.Errorf("%q is a number", good)
		}
	}
	for _, bad := range []string{"", "-", "+1", "01", ".5", "1.", "1e", "1e+", "0x1", "NaN", "Infinity", "1 ", "1;2", "-1+cmd|' /C calc'!A0", "1_0"} {
		if isNumber([]byte(bad)) {
			t.Errorf("%q is no number", bad)
		}
	}
}

func TestCSVIsSafeFromFormulas(t *testing.T) {
	for in, want := range map[string]string{
		"=1+1": "'=1+1", "+49 30 1": "'+49 30 1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)",
		"\t=1": "\"'\t'=1\"", "\r=1": "\"'\r'=1\"", "\n=1": "\"'\n'=1\"", " =1": "\"' =1\"", "＝1": "\"'＝1\"", "\u00a0=1": "\"'\u00a0=1\"", "\ufeff=1": "\"'\ufeff=1\"",
		"a=1": "a=1", "": "", "plain": "plain", "a,b": `"a,b"`, "a;b": `"a;b"`, `say "x"`: `"say ""x"""`, "two\nlines": "\"two\nlines\"",
		"nul\x00l": "\"nul\ufffdl\"", "\xff": "\"\ufffd\"",
	} {
		if got := string(appendCSV(nil, str(in))); got != want {
			t.Errorf("%q became %q, not %q", in, got, want)
		}
	}
	for _, c := range []struct {
		cell connectors.Cell
		want string
	}{
		{num("-42.5"), "-42.5"},
		{num("-1+cmd"), "'-1+cmd"},
		{connectors.Cell{}, ""},
		{connectors.Cell{Kind: connectors.CellBytes, Text: []byte{0xfb, 0xff}}, "'+/8="},
		{connectors.Cell{Kind: connectors.CellBool, Text: []byte("=true")}, "'=true"},
	} {
		if got := string(appendCSV(nil, c.cell)); got != c.want {
			t.Errorf("%q became %q, not %q", c.cell.Text, got, c.want)
		}
	}
}

// TestCSVIsSafeWhateverTheSeparator: where a spreadsheet splits at semicolons
// or tabs, quotes within a line are none, and each piece is a cell.
func TestCSVIsSafeWhateverTheSeparator(t *testing.T) {
	for _, evil := range []string{"a;=cmd|' /C calc'!A0", "a;;@x", "a\n=1+1", "a\r\n+1", "a\r-1", "a\t=1", "a; =1", "a;\"=1", "a;＝1", "a\n\n=1", ";=1", "a\n;-1", "a;'=1\n=2"} {
		line := append(append([]byte("x,"), appendCSV(nil, str(evil))...), ",y"...)
		for _, piece := range bytes.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(";\t\r\n", r) }) {
			if startsFormula(bytes.TrimLeft(piece, `" `)) {
				t.Errorf("%q: split, %q has the formula %q", evil, line, piece)
			}
		}
		records, err := csv.NewReader(bytes.NewReader(line)).ReadAll()
		if err != nil || len(records) != 1 || strings.ReplaceAll(strings.ReplaceAll(records[0][1], "'", ""), "\r", "") != strings.ReplaceAll(strings.ReplaceAll(evil, "'", ""), "\r", "") {
			t.Errorf("%q became %q: %v", evil, records, err)
		}
	}
	for _, good := range []string{"a; b", "two\nlines", "a-b;c-d", "x\n\ny", "1;2"} {
		if got := string(appendCSV(nil, str(good))); got != `"`+good+`"` {
			t.Errorf("%q became %q", good, got)
		}
	}
}

// TestInvisibleCharacters are shown in a page, and escaped in JSON without a
// loss.
func TestInvisibleCharacters(t *testing.T) {
	for _, r := range []rune{0xad, 0x34f, 0x61c, 0x115f, 0x180e, 0x200b, 0x200e, 0x2028, 0x2029, 0x202e, 0x2066, 0x2800, 0x3164, 0xfeff, 0xffa0, 0xfff9, 0x1d173, 0xe0041, 0xe0101} {
		text := "a" + string(r) + "b"
		if got := string(appendHTML(nil, str(text))); got != fmt.Sprintf("a[U+%04X]b", r) {
			t.Errorf("%U is not shown in a page: %q", r, got)
		}
		if got := visible(text); got != fmt.Sprintf("a[U+%04X]b", r) {
			t.Errorf("%U is not shown in a label: %q", r, got)
		}
		js := appendJSON(nil, str(text))
		var back string
		if err := json.Unmarshal(js, &back); err != nil || back != text || bytes.ContainsRune(js, r) {
			t.Errorf("%U in JSON: %q, %v", r, js, err)
		}
	}
	// Joiners make letters and emoji of scripts; they stay.
	for _, text := range []string{"نامه\u200cای", "👩\u200d🔬", "❤\ufe0f"} {
		if got := string(appendHTML(nil, str(text))); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	if got := string(appendHTML(nil, str("one\r\ntwo\rthree"))); got != "one\ntwo␍three" {
		t.Errorf("line ends: %q", got)
	}
}

func anyCell(t *rapid.T) connectors.Cell {
	return connectors.Cell{
		Kind: connectors.CellKind(rapid.IntRange(1, int(connectors.CellBytes)).Draw(t, "kind")),
		Text: rapid.OneOf(
			rapid.SliceOfN(rapid.Byte(), 0, 40),
			rapid.Map(rapid.StringOfN(rapid.RuneFrom([]rune(`=+-@'",;<>&0123456789etrufalsn{}[]:. ＝`+"\t\r\n\x00\u202e")), 0, 20, -1), func(s string) []byte { return []byte(s) }),
		).Draw(t, "text"),
	}
}

// checkCell holds one cell against what must be true of all.
func checkCell(t interface{ Fatalf(string, ...any) }, c connectors.Cell) {
	line := append(append([]byte("x,"), appendCSV(nil, c)...), ",y\r\n"...)
	records, err := csv.NewReader(bytes.NewReader(line)).ReadAll()
	if err != nil || len(records) != 1 || len(records[0]) != 3 {
		t.Fatalf("CSV %q: %v", line, err)
	}
	field := []byte(records[0][1])
	number := c.Kind == connectors.CellNumber && isNumber(field)
	if startsFormula(field) && !number {
		t.Fatalf("CSV %q begins a formula", line)
	}
	if !utf8.Valid(line) || bytes.ContainsRune(line, 0) {
		t.Fatalf("CSV %q is no clean text", line)
	}

	js := appendJSON(nil, c)
	var v any
	if err := json.Unmarshal(js, &v); err != nil || !utf8.Valid(js) {
		t.Fatalf("JSON %q: %v", js, err)
	}
	if c.Kind == connectors.CellString && v != strings.ToValidUTF8(string(c.Text), "\ufffd") &&
		strings.ReplaceAll(v.(string), "\ufffd", "") != strings.ToValidUTF8(strings.ReplaceAll(string(c.Text), "\ufffd", ""), "") {
		t.Fatalf("JSON %q is not the text", js)
	}

	page := appendHTML(nil, connectors.Cell{Kind: connectors.CellString, Text: c.Text})
	z := html.NewTokenizer(bytes.NewReader(page))
	for tt := z.Next(); tt != html.ErrorToken; tt = z.Next() {
		if tok := z.Token(); tok.Type != html.TextToken && tok.Data != "span" {
			t.Fatalf("page %q has markup %q", page, tok.String())
		}
	}
	for _, r := range string(page) {
		if isInvisible(r) || r < ' ' && r != '\n' && r != '\t' {
			t.Fatalf("page %q hides %U", page, r)
		}
	}
}

func TestAnyCellIsHarmless(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { checkCell(t, anyCell(t)) })
}

func FuzzCell(f *testing.F) {
	for _, s := range []string{"=1", "</script><script>", "\x00\xff", `{"a":1}`, "\u202eevil", "a\r\n=b"} {
		f.Add(byte(1), []byte(s))
		f.Add(byte(5), []byte(s))
	}
	f.Fuzz(func(t *testing.T, kind byte, text []byte) {
		checkCell(t, connectors.Cell{Kind: connectors.CellKind(kind%byte(connectors.CellBytes) + 1), Text: text})
	})
}

func TestPageShowsTheBeginningOfHugeValues(t *testing.T) {
	got := string(appendHTML(nil, str(strings.Repeat("ä", 1_000_000))))
	if len(got) > 2*maxCell || !strings.Contains(got, "of 2000000 bytes") || strings.ContainsRune(got, utf8.RuneError) {
		t.Errorf("%d bytes: %.80s", len(got), got[len(got)-200:])
	}
}

func TestNamesAreSafeAndUnique(t *testing.T) {
	n := newNamer()
	seen := map[string]bool{}
	for _, wish := range []string{
		"a", "A", "a", "ä", "a\u0308", "../../etc/passwd", `..\..\x`, "", ".", "CON", "nul.txt", "com1", "COM¹", "lpt9.wav", "a:b", "a\x00b", "x\u202ey",
		strings.Repeat("long", 200), "ﬁ", "fi", "trailing.", "trailing ", "-rf", "con-2", "K", "\u212a",
	} {
		name := n.unique("media", wish, ".wav")
		low := strings.ToLower(name)
		if seen[low] || !strings.HasPrefix(name, "media/") || strings.Count(name, "/") != 1 || strings.Contains(name, "..") || len(name) > 120 {
			t.Errorf("%q became %q", wish, name)
		}
		if reserved(strings.TrimPrefix(name, "media/")) || strings.ContainsAny(name, "\\:*?\"<>|\x00\u202e") {
			t.Errorf("%q became %q", wish, name)
		}
		seen[low] = true
	}
	for wish, ext := range map[string]string{"a.WAV": ".wav", "a.html": ".bin", "a.svg": ".bin", "a": ".bin", "a.mp3.exe": ".bin", `c:\x\b.mp3`: ".mp3"} {
		if _, got := mediaName(wish); got != ext {
			t.Errorf("%q got the ending %q", wish, got)
		}
	}
}

// TestManyFilesOfOneName: recordings are often all called the same; to number
// the last of them must cost no more than to number the first.
func TestManyFilesOfOneName(t *testing.T) {
	n := newNamer()
	seen := map[string]bool{n.unique("media", "call-7", ".wav"): true}
	const files = 5000
	for range files {
		seen[n.unique("media", "Call", ".wav")] = true
	}
	if len(seen) != files+1 {
		t.Errorf("%d names for %d files", len(seen), files+1)
	}
	if allocs := testing.AllocsPerRun(100, func() { n.unique("media", "call", ".wav") }); allocs > 100 {
		t.Errorf("a further name takes %.0f allocations", allocs)
	}
}
