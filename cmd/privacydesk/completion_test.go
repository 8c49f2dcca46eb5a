package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func completionOf(t *testing.T, shell string) string {
	t.Helper()
	var out bytes.Buffer
	if code, stderr := command(t.Context(), &out, "completion", shell); code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	return out.String()
}

// TestBashCompletes what may follow, as bash itself has it.
func TestBashCompletes(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "completion.bash")
	writeFile(t, file, completionOf(t, "bash"))
	for line, want := range map[string]string{
		"privacydesk requ":                                 "requests",
		"privacydesk requests re":                          "reject retry release",
		"privacydesk requests list --o":                    "--open --overdue",
		"privacydesk requests list --state h":              "held",
		"privacydesk requests list --state held --kind d":  "delete direct",
		"privacydesk requests list --config privacydesk.y": "", // bash offers files
		"privacydesk --config x requests sho":              "show",
		"privacydesk completion ":                          "bash zsh fish --help --version",
		"privacydesk nonsense keys sh":                     "show",
	} {
		words := strings.Split(line, " ")
		script := `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _privacydesk; echo "${COMPREPLY[@]}"`
		out, err := exec.CommandContext(t.Context(), "bash", append([]string{"--norc", "-c", script, "bash", file}, words...)...).CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("%s: %v, %q, want %q", line, err, out, want)
		}
	}
}

// TestEveryShellCompletesEveryCommand and each of its flags.
func TestEveryShellCompletesEveryCommand(t *testing.T) {
	t.Parallel()
	all := completions(model(t).Model.Node)
	if len(all) < 30 {
		t.Fatalf("only %d commands are seen", len(all))
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		script := completionOf(t, shell)
		for _, c := range all {
			if !strings.Contains(script, "'"+c.path+"'") || !strings.Contains(script, "'"+strings.Join(c.words, " ")+"'") {
				t.Errorf("%s: nothing completes %q", shell, c.path)
			}
		}
	}
	i := slices.IndexFunc(all, func(c completed) bool { return c.path == "requests list" })
	if want := []string{"access", "delete", "opt_out", "direct", "correction", "objection"}; i < 0 || !slices.Equal(all[i].flags["--kind"], want) {
		t.Errorf("requests list completes %v", all[max(i, 0)])
	}
}

// TestVersionAndHelp are there under the names that people try first.
func TestVersionAndHelp(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"--version": version + "\n", "version": version + "\n",
		"help": "Usage: privacydesk <command>", "help requests": "Usage: privacydesk requests <command>",
		"help requests list": "Usage: privacydesk requests list", "help help": "Usage: privacydesk help",
	} {
		var out bytes.Buffer
		if code, stderr := command(t.Context(), &out, strings.Fields(line)...); code != 0 || !strings.HasPrefix(out.String(), want) {
			t.Errorf("%s: exit %d, %q %s", line, code, out.String(), stderr)
		}
	}
	var out bytes.Buffer
	if code, stderr := command(t.Context(), &out, "help", "nonsense"); code != 2 || !strings.Contains(stderr, "nonsense") {
		t.Errorf("help nonsense: exit %d, %s", code, stderr)
	}
}

// TestTheEnvironmentNamesTheConfiguration, unless the line does.
func TestTheEnvironmentNamesTheConfiguration(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ value, line, want string }{
		{"/of/the/environment", "check", "/of/the/environment"},
		{"/of/the/environment", "requests list", "/of/the/environment"},
		{"/of/the/environment", "zendesk setup --dry-run", "/of/the/environment"},
		{"/of/the/environment", "check --config /of/the/line", "/of/the/line"},
		{"/of/the/environment", "check -c /of/the/line", "/of/the/line"},
		{"", "check", "missing flags: --config"},
	} {
		var out, stderr bytes.Buffer
		env := func(name string) (string, bool) {
			if name == "PRIVACYDESK_CONFIG" {
				return c.value, true
			}
			return os.LookupEnv(name)
		}
		err := run(t.Context(), strings.Fields(c.line), surroundings{env: env, stdout: &out, stderr: &stderr})
		if code := exitCode(err, &stderr); code != 2 || !strings.Contains(stderr.String(), c.want) {
			t.Errorf("%q, %s: exit %d, %s", c.value, c.line, code, stderr.String())
		}
	}
}
