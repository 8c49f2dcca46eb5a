package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// module is what the binary is made of.
type module struct{ path, version, dir string }

// source is where exactly this version is to be had.
func (m module) source() string {
	var escaped strings.Builder
	for _, r := range m.path {
		if unicode.IsUpper(r) {
			escaped.WriteByte('!')
		}
		escaped.WriteRune(unicode.ToLower(r))
	}
	return "https://proxy.golang.org/" + escaped.String() + "/@v/" + m.version + ".zip"
}

// modules are those whose packages are compiled in, whatever system of ours it
// is built for.
func modules(t *testing.T) []module {
	t.Helper()
	var out []module
	for _, goos := range []string{"linux", "darwin"} {
		list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}", ".")
		list.Env = append(os.Environ(), "GOOS="+goos, "CGO_ENABLED=0")
		text, err := list.Output()
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if cells := strings.Split(strings.TrimSpace(line), "\t"); len(cells) == 3 && cells[1] != "" {
				out = append(out, module{cells[0], cells[1], cells[2]})
			}
		}
	}
	slices.SortFunc(out, func(a, b module) int { return strings.Compare(a.path, b.path) })
	return slices.Compact(out)
}

// licenceFiles are the files of a folder that say under what it is given.
func licenceFiles(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if !e.IsDir() && regexp.MustCompile(`(?i)^(licen[sc]e|copying|notice|patents)`).MatchString(e.Name()) {
			out = append(out, e.Name())
		}
	}
	return out
}

// theNotices are what notices.txt has to say.
func theNotices(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	add := func(title, source, dir string) {
		fmt.Fprintf(&b, "\n%s\n%s\n", strings.Repeat("=", 80), title)
		if source != "" {
			fmt.Fprintf(&b, "Source, unchanged: %s\n", source)
		}
		files := licenceFiles(t, dir)
		if len(files) == 0 {
			t.Errorf("%s says nowhere under what it is given", title)
		}
		for _, file := range files {
			text, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil {
				t.Fatal(err)
			}
			text = bytes.ToValidUTF8(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("?"))
			fmt.Fprintf(&b, "\n--- %s\n\n%s\n", file, bytes.TrimSpace(text))
		}
	}
	b.WriteString("privacydesk, and what it is made of, with the licence of each.\n\n" +
		"The image also holds the certificates of Debian's package ca-certificates (Mozilla's list, MPL-2.0;\n" +
		"source: https://salsa.debian.org/debian/ca-certificates) and the time zone database (in the public domain).\n")
	add("privacydesk", "", root)
	goroot, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	add("Go's runtime and standard library", "https://go.dev/dl/", strings.TrimSpace(string(goroot)))
	for _, m := range modules(t) {
		add(m.path+" "+m.version, m.source(), m.dir)
	}
	return b.String()
}

// TestNoticesTellOfAllThatIsCompiledIn, with the licence of each and where
// exactly its source is, as MPL-2.0 asks.
func TestNoticesTellOfAllThatIsCompiledIn(t *testing.T) {
	t.Parallel()
	want := theNotices(t)
	if os.Getenv("PRIVACYDESK_WRITE_NOTICES") != "" {
		if err := os.WriteFile("notices.txt", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if notices != want {
		t.Error("notices.txt is not what go.mod asks for; write it anew: make notices")
	}
	var out bytes.Buffer
	if code, stderr := command(t.Context(), &out, "licences"); code != 0 || out.String() != want {
		t.Errorf("privacydesk licences prints something else: %d %s", code, stderr)
	}
	for _, part := range []string{
		"Mozilla Public License Version 2.0", "https://proxy.golang.org/github.com/go-sql-driver/mysql/@v/v1", "Apache License", "Go's runtime and standard library",
	} {
		if !strings.Contains(notices, part) {
			t.Errorf("notices.txt does not tell of %s", part)
		}
	}
}
