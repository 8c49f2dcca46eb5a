package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRule13_AConfigurationThatOthersCanChangeIsRefused: whoever writes to it
// decides who is an admin of what.
func TestRule13_AConfigurationThatOthersCanChangeIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "privacydesk.yml")
	if err := os.WriteFile(file, []byte("intake: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readConfig(file); err != nil {
		t.Errorf("one that is closed: %v", err)
	}
	if err := os.Chmod(file, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := readConfig(file); err == nil || !strings.Contains(err.Error(), "chmod o-w "+file) {
		t.Errorf("one that every user can change: %v", err)
	}
}
