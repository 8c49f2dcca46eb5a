package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"

	"github.com/alecthomas/kong"

	"privacydesk/bot/messages"
	"privacydesk/config"
	"privacydesk/connectors/all"
	"privacydesk/connectors/dataset"
)

// root is the repository, seen from this folder.
const root = "../.."

// pages are the documents whose commands, examples and links are proved here.
func pages() []string {
	return []string{"README.md", "docs/operations.md", "docs/data-maps.md", "docs/zendesk.md"}
}

func document(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// blocks are the code blocks of a language in a document; "" for those that
// name none.
func blocks(t *testing.T, name, language string) []string {
	t.Helper()
	var out []string
	for _, m := range regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$").FindAllStringSubmatch(document(t, name), -1) {
		if m[1] == language {
			out = append(out, m[2])
		}
	}
	return out
}

// prose is a document without its code blocks.
func prose(t *testing.T, name string) string {
	t.Helper()
	return regexp.MustCompile("(?ms)^```.*?^```$").ReplaceAllString(document(t, name), "")
}

// words are the inline code of a document.
func codeWords(t *testing.T, name string) []string {
	t.Helper()
	var out []string
	for _, m := range regexp.MustCompile("`([^`\n]+)`").FindAllStringSubmatch(prose(t, name), -1) {
		out = append(out, m[1])
	}
	return out
}

// sameShape compares a demo's output with the one in README.md: the same
// lines, whatever numbers, paths and times they bear and in which order the
// tickets end.
func sameShape(t *testing.T, said string) {
	t.Helper()
	shown := ""
	for _, b := range blocks(t, "README.md", "") {
		if strings.HasPrefix(b, "privacydesk demo:") {
			shown = b
		}
	}
	said, _, _ = strings.Cut(said, "\nserving until")
	want, got := shape(shown), shape(said)
	for i := range max(len(want), len(got)) {
		w, g := "(nothing)", "(nothing)"
		if i < len(want) {
			w = want[i]
		}
		if i < len(got) {
			g = got[i]
		}
		if w != g {
			t.Errorf("README.md shows an output that the demo does not give:\n shown %s\n given %s", w, g)
			return
		}
	}
}

func shape(output string) []string {
	var out, ends []string
	for line := range strings.Lines(strings.TrimSpace(output)) {
		line = strings.TrimRight(line, "\n")
		line = regexp.MustCompile(`http://127\.0\.0\.1:\d+`).ReplaceAllString(line, "http://HERE")
		line = regexp.MustCompile(`/\S*/(reports|systems)\b`).ReplaceAllString(line, "DIR/$1")
		line = regexp.MustCompile(`(beside them in) .*`).ReplaceAllString(line, "$1 DIR")
		if timed := regexp.MustCompile(`^ +[\d.]+ s  (ticket .*)$`).FindStringSubmatch(line); timed != nil {
			ends = append(ends, timed[1])
			continue
		}
		if len(ends) > 0 && line == "" {
			slices.Sort(ends)
			out, ends = append(out, ends...), nil
		}
		out = append(out, line)
	}
	return out
}

// TestLinksAndPictures: every relative link leads to a file, and to a heading
// that it has.
func TestLinksAndPictures(t *testing.T) {
	heading := func(text, anchor string) bool {
		for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
			slug := strings.Map(func(r rune) rune {
				switch {
				case r == ' ':
					return '-'
				case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
					return unicode.ToLower(r)
				}
				return -1
			}, m[1])
			if slug == anchor {
				return true
			}
		}
		return false
	}
	all := append(pages(), "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "docs/architecture.md", "docs/conversations.md", "docs/config.md", "docs/connectors.md")
	for _, name := range all {
		for _, m := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(prose(t, name), -1) {
			if strings.HasPrefix(m[1], "https://") {
				continue
			}
			file, anchor, _ := strings.Cut(m[1], "#")
			path := name
			if file != "" {
				path = filepath.Join(filepath.Dir(name), file)
			}
			if _, err := os.Stat(filepath.Join(root, path)); err != nil || !filepath.IsLocal(path) {
				t.Errorf("%s: the link %s leads nowhere", name, m[1])
				continue
			}
			if anchor != "" && !heading(document(t, path), anchor) {
				t.Errorf("%s: %s has no heading %q", name, path, anchor)
			}
		}
	}
}

// TestPicturesAreShown: what UPDATE_IMAGES takes, README.md shows.
func TestPicturesAreShown(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(images, "*.png"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no pictures in docs/images: %v", err)
	}
	for _, f := range files {
		if !strings.Contains(document(t, "README.md"), "(docs/images/"+filepath.Base(f)+")") {
			t.Errorf("README.md does not show %s", filepath.Base(f))
		}
	}
}

func model(t *testing.T) *kong.Kong {
	t.Helper()
	k, err := kong.New(&cli{}, kong.Name("privacydesk"), kong.Exit(func(int) {}))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// TestWordsOfTheCommandLineExist: every command and flag that the documents
// mention is there, and every command is mentioned.
func TestWordsOfTheCommandLineExist(t *testing.T) {
	k := model(t)
	flags, commands := map[string]bool{"--help": true}, map[string]bool{}
	var collect func(n *kong.Node, path string)
	collect = func(n *kong.Node, path string) {
		for _, f := range n.Flags {
			flags["--"+f.Name] = true
		}
		for _, child := range n.Children {
			name := strings.TrimSpace(path + " " + child.Name)
			commands[name] = len(child.Children) == 0
			collect(child, name)
		}
	}
	collect(k.Model.Node, "")
	mentioned := ""
	for _, page := range pages() {
		mentioned += strings.Join(blocks(t, page, "sh"), "")
		for _, word := range codeWords(t, page) {
			mentioned += word + "\n"
			for _, flag := range regexp.MustCompile(`(?:^|\s)(--[a-z][a-z-]*)`).FindAllStringSubmatch(word, -1) {
				if !flags[flag[1]] {
					t.Errorf("%s mentions %s, which no command has", page, flag[1])
				}
			}
			if line, ok := strings.CutPrefix(word, "privacydesk "); ok && !commands[strings.Fields(line)[0]] {
				if _, group := commands[strings.Fields(line)[0]]; !group {
					t.Errorf("%s mentions privacydesk %s, which is no command", page, line)
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(commands)) {
		undocumented := []string{"docs", "version"} // for those who build it: CONTRIBUTING.md
		if commands[name] && !slices.Contains(undocumented, name) && !strings.Contains(mentioned, name) {
			t.Errorf("no document mentions privacydesk %s", name)
		}
	}
}

// TestConfigurationWordsExist: every key of the configuration that the
// documents mention by its path is in the reference.
func TestConfigurationWordsExist(t *testing.T) {
	reference := document(t, "docs/config.md")
	key := regexp.MustCompile(`^(intake|zendesk|directory|redis|keys|deletes|requests|messages|web|log|workers)\.[a-z_.]+`)
	seen := 0
	for _, page := range pages() {
		for _, word := range codeWords(t, page) {
			if k := key.FindString(word); k != "" {
				seen++
				if !strings.Contains(reference, "`"+k) {
					t.Errorf("%s mentions %s, which docs/config.md does not know", page, k)
				}
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d keys were recognised", seen)
	}
}

// TestReadmeConfigurationIsTheSample: without comments, the two are one, and
// it loads.
func TestReadmeConfigurationIsTheSample(t *testing.T) {
	bare := func(text string) string {
		var out []string
		for line := range strings.Lines(text) {
			line = strings.TrimRight(regexp.MustCompile(`(^|\s)#.*`).ReplaceAllString(line, ""), " \n")
			if line != "" {
				out = append(out, line)
			}
		}
		return strings.Join(out, "\n")
	}
	if got, want := bare(readmeConfiguration(t)), bare(config.Sample()); got != want {
		t.Errorf("README.md shows\n%s\nand config/sample.yml says\n%s", got, want)
	}
	if err := loadsWith(t, ""); err != nil {
		t.Error(err)
	}
}

// loadsWith loads the configuration of README.md with a further part.
func loadsWith(t *testing.T, part string) error {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "secrets"), 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "secrets", "redis-url"), "rediss://privacydesk:a-secret@127.0.0.1:6379/0")
	writeFile(t, filepath.Join(dir, "secrets", "master-2026-11.key"), fmt.Sprintf("%x\n", sha256.Sum256([]byte("no secret"))))
	writeFile(t, filepath.Join(dir, "privacydesk.yml"), readmeConfiguration(t)+"\n"+part)
	kinds, err := all.Kinds()
	if err != nil {
		t.Fatal(err)
	}
	env := func(string) (string, bool) { return "a-secret-of-some-length", true }
	_, err = config.Load(filepath.Join(dir, "privacydesk.yml"), env, kinds)
	return err
}

func readmeConfiguration(t *testing.T) string {
	t.Helper()
	for _, b := range blocks(t, "README.md", "yaml") {
		if strings.HasPrefix(b, "intake:") {
			return b
		}
	}
	t.Fatal("README.md shows no configuration")
	return ""
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// around is a whole data map of the part that a document shows: a collection, a
// field, or data categories.
func around(part string) string {
	indented := func(by string) string { return by + strings.ReplaceAll(strings.TrimSpace(part), "\n", "\n"+by) + "\n" }
	collections, fields, categories := "", "", ""
	switch {
	case strings.HasPrefix(part, "data_category:"):
		categories = part
		fields = "        - {name: points, data_categories: [loyalty]}\n"
	case strings.Contains(part, "fields:"):
		collections = indented("    ")
	default:
		fields = indented("        ")
	}
	return categories + `
dataset:
  fides_key: shop
  privacydesk: {tenant: {field: org}}
  collections:
    - name: customer
      privacydesk: {on_delete: delete}
      fields: [{name: org}, {name: id, fides_meta: {primary_key: true}}, {name: email, fides_meta: {identity: email}}]
    - name: note
      privacydesk: {on_delete: delete}
      fields:
        - {name: org}
        - {name: id, fides_meta: {primary_key: true}}
        - {name: customer_id, fides_meta: {references: [{dataset: shop, field: customer.id, direction: from}]}}
        - {name: notable_type}
` + fields + collections
}

// TestExamples: data maps in the documents are whole, messages are taken.
func TestExamples(t *testing.T) {
	maps, texts := 0, 0
	for _, page := range pages() {
		for _, b := range blocks(t, page, "yaml") {
			switch {
			case strings.HasPrefix(b, "dataset:"):
				maps++
				m, notes, err := dataset.Parse(page, []byte(b))
				if err != nil {
					t.Errorf("%s: %v", page, err)
					continue
				}
				if why := m.RefusesErase(); why != "" || len(m.Problems()) > 0 || len(notes) > 0 {
					t.Errorf("%s: the data map is not whole: %s %v %v", page, why, m.Problems(), notes)
				}
			case strings.HasPrefix(b, "messages:"):
				texts++
				if _, err := messages.New(fstest.MapFS{"en.yaml": {Data: []byte(b)}}); err != nil {
					t.Errorf("%s: %v", page, err)
				}
			case strings.HasPrefix(b, "- name:"), strings.HasPrefix(b, "data_category:"):
				if m, notes, err := dataset.Parse(page, []byte(around(b))); err != nil || m.RefusesErase() != "" {
					t.Errorf("%s: a part of a data map: %v %v\n%s", page, err, notes, b)
				}
			case strings.HasPrefix(b, "redis:"):
				if err := loadsWith(t, b); err != nil {
					t.Errorf("%s: a part of a configuration: %v", page, err)
				}
			case !strings.HasPrefix(b, "intake:"):
				t.Errorf("%s has an example that no test proves:\n%s", page, b)
			}
		}
	}
	if maps != 2 || texts != 1 {
		t.Errorf("%d data maps and %d messages; want 2 and 1", maps, texts)
	}
}

// TestEveryReasonIsExplained: whoever reads a reason code on a ticket finds it
// in docs/operations.md.
func TestEveryReasonIsExplained(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "bot", "reason.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	text, seen := document(t, "docs/operations.md"), 0
	ast.Inspect(file, func(n ast.Node) bool {
		literal, ok := n.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		code, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		seen++
		if !strings.Contains(text, "`"+code+"`") {
			t.Errorf("docs/operations.md does not explain %s", code)
		}
		return true
	})
	if seen < 40 {
		t.Errorf("only %d reasons were seen in bot/reason.go", seen)
	}
}

// TestCheckSays: the messages of check that docs/data-maps.md explains are
// those that the code says.
func TestCheckSays(t *testing.T) {
	var code []byte
	for _, dir := range []string{"connectors/dataset", "connectors/sqldb", "cmd/privacydesk"} {
		files, err := filepath.Glob(filepath.Join(root, dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			code = append(code, text...)
		}
	}
	_, table, _ := strings.Cut(document(t, "docs/data-maps.md"), "| it says | mend |\n| --- | --- |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	if len(strings.Split(table, "\n")) < 5 {
		t.Fatal("docs/data-maps.md has no table of what check says")
	}
	for row := range strings.Lines(table) {
		for said := range strings.SplitSeq(strings.Split(row, "|")[1], "…") { // what stands for a name
			if !bytes.Contains(code, []byte(strings.TrimSpace(said))) {
				t.Errorf("check never says %q", said)
			}
		}
	}
}
