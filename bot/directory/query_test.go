package directory

import (
	"strings"
	"testing"
)

func TestBind(t *testing.T) {
	for in, want := range map[string]string{
		"select 1 where e = :email":                     "select 1 where e = ?",
		"SELECT 1 WHERE a = :email OR b = :email ;":     "SELECT 1 WHERE a = ? OR b = ?",
		"with x as (select 1) select :email":            "with x as (select 1) select ?",
		"select ':email', \":email\", `:email`,:email":  "select ':email', \":email\", `:email`,?",
		"select 'it''s :email', :email":                 "select 'it''s :email', ?",
		"select :email -- :email; it's":                 "select ? -- :email; it's",
		"select /* ; :email ' */ :email":                "select /* ; :email ' */ ?",
		"select x::text, a[1:2] where e = :email::text": "select x::text, a[1:2] where e = ?::text",
	} {
		got, times, err := bind(in, emailParameter, false)
		if err != nil || got != want || times != strings.Count(want, "?") {
			t.Errorf("%s: %q %d %v", in, got, times, err)
		}
		got, times, err = bind(in, emailParameter, true)
		if err != nil || got != strings.ReplaceAll(want, "?", "$1") || times != 1 {
			t.Errorf("numbered %s: %q %d %v", in, got, times, err)
		}
	}
}

func TestBindRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"":                                   "SELECT",
		"delete from users where e = :email": "SELECT",
		"select 1":                           ":email",
		"select ':email'":                    ":email",
		"select :email; drop table users":    "one statement",
		"select :email, :tenant":             ":tenant",
		"select :emails":                     ":emails",
		"select :email, '":                   "does not end",
		"select :email /* ":                  "does not end",
		`select '\' or :email --'`:           "backslash",
		"select $$ ' $$, :email":             "not supported",
		"select ?, :email":                   "not supported",
		"selection :email":                   "SELECT",
	} {
		got, _, err := bind(in, emailParameter, false)
		if err == nil || got != "" || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %q, %v", in, got, err)
		}
	}
}

// Outside of quotes and comments nothing but the placeholder changes.
func FuzzBind(f *testing.F) {
	for _, s := range []string{"select :email", "select ':email', :email -- x", "with a as (select 1) select :email::text", `select "`, "select /*:email"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, query string) {
		got, times, err := bind(query, emailParameter, false)
		if err != nil {
			if got != "" || times != 0 {
				t.Fatal("an error and a query")
			}
			return
		}
		if times < 1 || strings.Count(got, "?") < times {
			t.Fatalf("%q binds %d times", got, times)
		}
		if len(got) != len(strings.TrimRight(strings.TrimSpace(query), "; \t\r\n"))-times*(len(emailParameter)-1) {
			t.Fatalf("%q became %q", query, got)
		}
	})
}
