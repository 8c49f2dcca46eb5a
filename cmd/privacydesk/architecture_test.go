package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"privacydesk/config"
)

// tableBelow are the rows of the first table under a heading of a document.
func tableBelow(t *testing.T, page, heading string) [][]string {
	t.Helper()
	_, text, _ := strings.Cut(document(t, page), "\n## "+heading+"\n")
	_, text, _ = strings.Cut(text, "| --- |")
	_, text, _ = strings.Cut(text, "\n")
	var out [][]string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "| ") {
			break
		}
		out = append(out, strings.Split(strings.Trim(line, "| \n"), " | "))
	}
	if len(out) < 5 {
		t.Fatalf("%s has no table under %s", page, heading)
	}
	return out
}

func coded(text string) []string {
	var out []string
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return out
}

// sources calls f with each Go file of the repository that is or is not a test.
func sources(t *testing.T, tests bool, f func(file string)) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(root), ".", func(file string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(file, ".go") && strings.HasSuffix(file, "_test.go") == tests {
			f(file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestDependenciesAreExplained: docs/architecture.md has a reason for each
// module that go.mod requires for us, and for no other.
func TestDependenciesAreExplained(t *testing.T) {
	t.Parallel()
	var required, explained []string
	for _, m := range regexp.MustCompile(`(?m)^\t(\S+) v\S+$`).FindAllStringSubmatch(document(t, "go.mod"), -1) {
		required = append(required, m[1])
	}
	for _, row := range tableBelow(t, "docs/architecture.md", "Dependencies") {
		if len(row) != 2 || row[1] == "" {
			t.Errorf("%v has no reason", row)
		}
		explained = append(explained, coded(row[0])...)
	}
	slices.Sort(required)
	slices.Sort(explained)
	if len(required) == 0 || !slices.Equal(required, explained) {
		t.Errorf("go.mod requires\n%s\nand docs/architecture.md explains\n%s", strings.Join(required, "\n"), strings.Join(explained, "\n"))
	}
}

// TestImportTable: no package imports one of ours that its row does not allow.
func TestImportTable(t *testing.T) {
	t.Parallel()
	allowed := map[string]string{}
	for _, row := range tableBelow(t, "docs/architecture.md", "Packages") {
		for _, pkg := range coded(row[0]) {
			allowed[pkg] = row[2]
		}
	}
	row := func(pkg string) string { // the nearest that is named: what lies below belongs to it
		for pkg != "." && allowed[pkg] == "" {
			pkg = path.Dir(pkg)
		}
		return pkg
	}
	seen := map[string]bool{}
	sources(t, false, func(file string) {
		pkg := path.Dir(file)
		home := row(pkg)
		if home == "." {
			t.Errorf("docs/architecture.md has no row for %s", pkg)
			return
		}
		seen[home] = true
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		words := regexp.MustCompile(`[a-z]+(/[a-z]+)*`).FindAllString(allowed[home], -1)
		for _, spec := range parsed.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			ours, ok := strings.CutPrefix(name, "privacydesk/")
			if ok && allowed[home] != "everything" && ours != home && !strings.HasPrefix(ours, home+"/") && !slices.Contains(words, ours) {
				t.Errorf("%s imports %s; the row of %s allows %s", file, ours, home, allowed[home])
			}
		}
	})
	for pkg := range allowed {
		if !seen[pkg] {
			t.Errorf("docs/architecture.md has a row for %s, which has no files", pkg)
		}
	}
}

// TestLogLetsItsFieldsThrough: the log drops fields that it does not know, so
// each that our code gives it has to be one that it knows.
func TestLogLetsItsFieldsThrough(t *testing.T) {
	given := map[string]string{} // field: a place that gives it
	take := func(e ast.Expr, file string) {
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			name, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			given[name] = file
		}
	}
	sources(t, false, func(file string) {
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if called, ok := n.Fun.(*ast.SelectorExpr); ok && called.Sel.Name == "WithField" && len(n.Args) == 2 {
					take(n.Args[0], file)
				}
			case *ast.CompositeLit:
				if of, ok := n.Type.(*ast.SelectorExpr); ok && of.Sel.Name == "Fields" {
					for _, e := range n.Elts {
						take(e.(*ast.KeyValueExpr).Key, file)
					}
				}
			}
			return true
		})
	})
	if len(given) < 20 {
		t.Fatalf("only %d fields were found in the sources", len(given))
	}
	for name, file := range given {
		var out bytes.Buffer
		config.NewLogger(config.LogOptions{Format: "json"}, &out).WithField(name, "said").Info("a line")
		if !strings.Contains(out.String(), fmt.Sprintf("%q:%q", name, "said")) {
			t.Errorf("%s logs %s, and the log drops it", file, name)
		}
	}
}

// TestEveryRuleHasTests that bear its number, and no test bears another.
func TestEveryRuleHasTests(t *testing.T) {
	t.Parallel()
	tests := map[string]int{}
	for _, name := range testNames(t) {
		if rule := regexp.MustCompile(`^(TestRule\d+)_[A-Z]`).FindStringSubmatch(name); rule != nil {
			tests[rule[1]]++
		}
	}
	_, listed, _ := strings.Cut(document(t, "docs/architecture.md"), "\n## Rules and their tests\n")
	listed, _, _ = strings.Cut(listed, "\n## ")
	rules := regexp.MustCompile(`(?m)^(\d+)\. `).FindAllStringSubmatch(listed, -1)
	if len(rules) < 12 {
		t.Fatalf("docs/architecture.md lists %d rules, want 12 at least", len(rules))
	}
	for _, rule := range rules {
		name := "TestRule" + rule[1]
		if tests[name] < 2 {
			t.Errorf("%d tests are named %s_…, want two at least", tests[name], name)
		}
		delete(tests, name)
	}
	if len(tests) > 0 {
		t.Errorf("tests are named after rules that docs/architecture.md does not list: %v", tests)
	}
}

// TestTrialsNameTheirTests: each row of docs/trials.md names a test that there is.
func TestTrialsNameTheirTests(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, name := range testNames(t) {
		known[name] = true
	}
	rows := 0
	for line := range strings.Lines(document(t, "docs/trials.md")) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		if !strings.HasPrefix(line, "| ") || cells[0] == "case" || strings.HasPrefix(cells[0], "---") {
			continue
		}
		rows++
		named := coded(cells[len(cells)-1])
		if len(cells) != 4 || len(named) == 0 {
			t.Errorf("docs/trials.md: want four cells, the last with a test's name, in %s", line)
		}
		for _, name := range named {
			if top, _, _ := strings.Cut(name, "/"); !known[top] {
				t.Errorf("docs/trials.md names %s, and there is no such test", name)
			}
		}
	}
	if rows == 0 {
		t.Error("docs/trials.md lists nothing")
	}
}

// testNames are the names of all tests, fuzz tests too.
func testNames(t *testing.T) []string {
	t.Helper()
	var out []string
	sources(t, true, func(file string) {
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(\w+ \*testing\.[TF]\)`).FindAllSubmatch(text, -1) {
			out = append(out, string(m[1]))
		}
	})
	return out
}
