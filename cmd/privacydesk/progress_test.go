package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// TestLongWorkSaysWhereItIs to a person, clears it, and says nothing into a
// pipe.
func TestLongWorkSaysWhereItIs(t *testing.T) {
	t.Parallel()
	file := broken(t, "")
	for line, want := range map[string]string{
		"check": "checking systems.voice", "plan --tenant acme --email jane.roe@customers.example --kind access": "opening systems.crm",
		"zendesk setup --dry-run": "reading the account",
	} {
		for _, terminal := range []bool{true, false} {
			var out, stderr bytes.Buffer
			args := append(strings.Fields(line), "--config", file)
			_ = run(t.Context(), args, surroundings{env: os.LookupEnv, stdout: &out, stderr: &stderr, terminal: terminal})
			said := stderr.String()
			if strings.Contains(said, want) != terminal || strings.Contains(out.String(), "\x1b") || !terminal && strings.Contains(said, "\x1b") {
				t.Errorf("%s, terminal %v: %q", line, terminal, said)
			}
			if i := strings.LastIndex(said, "\r\x1b[K"); terminal && strings.HasPrefix(said[i+4:], want) {
				t.Errorf("%s: the last line stays: %q", line, said)
			}
		}
	}
}
