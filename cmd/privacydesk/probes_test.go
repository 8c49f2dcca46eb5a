package main

import (
	"strings"
	"testing"

	"privacydesk/bot/directory"
	"privacydesk/config"
)

// TestAPlainDirectoryIsNoted, as the databases of systems are.
func TestAPlainDirectoryIsNoted(t *testing.T) {
	for _, c := range []struct {
		driver, dsn, what string
	}{
		{"postgres", "postgres://u:p@db.example/x?sslmode=disable", "plain text"},
		{"postgres", "postgres://u:p@db.example/x?sslmode=require", "does not verify"},
		{"postgres", "postgres://u:p@localhost/x?sslmode=disable", ""},
		{"mysql", "u:p@tcp(db.example:3306)/x", "plain text"},
		{"mysql", "u:p@tcp(db.example:3306)/x?tls=true", ""},
		{"sqlite", "/srv/users.db", ""},
	} {
		cfg := &config.Config{}
		cfg.Directory.Options = &directory.SQLOptions{Driver: c.driver, DSN: c.dsn}
		found := (&app{cfg: cfg}).plainDirectory()
		if noted := len(found) == 1 && strings.Contains(found[0].What, c.what) && !strings.Contains(found[0].What, "u:p"); noted != (c.what != "") || len(found) > 1 {
			t.Errorf("%s: %v", c.dsn, found)
		}
	}
}
