package messages_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/net/html"

	"privacydesk/bot/messages"
)

func catalog(t testing.TB, overrides fs.FS) *messages.Catalog {
	t.Helper()
	c, err := messages.New(overrides)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// reasons reads the reason codes out of the domain's source: this package
// must not import it.
func reasons(t testing.TB) []string {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "../reason.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		v, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if id, ok := v.Type.(*ast.Ident); !ok || id.Name != "Reason" {
			return true
		}
		for _, value := range v.Values {
			if lit, ok := value.(*ast.BasicLit); ok {
				code, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, code)
			}
		}
		return true
	})
	if len(out) < 40 {
		t.Fatalf("found only %d reason codes", len(out))
	}
	return out
}

func TestEveryReasonHasWordsInEachLocale(t *testing.T) {
	c := catalog(t, nil)
	for _, code := range reasons(t) {
		seen := map[string]bool{}
		for _, locale := range []string{"en", "de"} {
			text, ok := c.Reason(locale, code)
			if !ok || len(text) < 10 || !strings.HasSuffix(text, ".") || seen[text] {
				t.Errorf("%s in %s: %q", code, locale, text)
			}
			seen[text] = true
		}
	}
	if text, ok := c.Reason("en", "no_such_reason"); ok || text != "" {
		t.Error("an unknown code has words")
	}
}

func vars(c *messages.Catalog, key string, all bool) map[string]string {
	required, optional := c.Vars(key)
	if all {
		required = append(required, optional...)
	}
	out := map[string]string{}
	for _, name := range required {
		switch name {
		case "reason":
			out[name] = "not_admin"
		case "link":
			out[name] = "https://desk.example/report"
		case "counts":
			out[name] = "system\trows\nCRM\t12"
		default:
			out[name] = "the " + name
		}
	}
	return out
}

// Every message renders in each language as well-formed HTML, with all of its
// variables and with only those that it requires.
func TestEveryMessageRenders(t *testing.T) {
	c := catalog(t, nil)
	for _, locale := range c.Locales() {
		for _, key := range c.Keys() {
			for _, all := range []bool{true, false} {
				got, err := c.Render(locale, key, vars(c, key, all))
				if err != nil {
					t.Errorf("%s %s: %v", locale, key, err)
					continue
				}
				balanced(t, locale+" "+key, got)
				if strings.Contains(got, "<no value>") || strings.Contains(got, "{") {
					t.Errorf("%s %s: %s", locale, key, got)
				}
			}
			if got, err := c.Render("de", key, vars(c, key, true)); err == nil {
				if en, _ := c.Render("en", key, vars(c, key, true)); en == got {
					t.Errorf("%s is not translated", key)
				}
			}
		}
	}
}

func balanced(t *testing.T, name, text string) {
	t.Helper()
	z := html.NewTokenizer(strings.NewReader(text))
	var open []string
	for {
		switch z.Next() {
		case html.ErrorToken:
			if len(open) > 0 {
				t.Errorf("%s: <%s> is not closed", name, open[len(open)-1])
			}
			return
		case html.StartTagToken:
			tag, _ := z.TagName()
			open = append(open, string(tag))
		case html.EndTagToken:
			tag, _ := z.TagName()
			if len(open) == 0 || open[len(open)-1] != string(tag) {
				t.Errorf("%s: </%s> closes nothing", name, tag)
				return
			}
			open = open[:len(open)-1]
		default: // text and the like open nothing
		}
	}
}

// The engine names messages by reason: for each there must be one.
func TestMessagesByReason(t *testing.T) {
	c := catalog(t, nil)
	for _, key := range []string{
		"question_kind_unclear", "question_subject_missing", "question_subject_several", "question_subject_not_an_address",
		"question_tenant_unclear", "question_confirm_signed_in",
		"refused_not_admin", "refused_requester_unknown", "refused_other_tenant", "refused_sender_doubtful", "refused_requester_unverified",
		"refused_requester_suspended", "refused_right_lost", "refused_no_answer", "answer_opt_out", "answer_direct_request",
		"question_attestation", "by_hand_correction", "by_hand_objection", "by_hand_opt_out_by_hand",
	} {
		var vars map[string]string
		if key == "answer_opt_out" {
			vars = map[string]string{"statement": "We sell nothing."}
		}
		got, err := c.Render("en", key, vars)
		if err != nil {
			t.Errorf("%s: %v", key, err)
		}
		if strings.HasPrefix(key, "refused_") && !strings.Contains(got, "a person will look at it") {
			t.Errorf("%s invites nobody to look", key)
		}
	}
}

func TestRenderFillsIn(t *testing.T) {
	c := catalog(t, nil)
	got, err := c.Render("de-AT", "note_approval", map[string]string{
		"request": "t7", "due": "2026-12-01", "reason": "approval_grown", "binding": "7K3M-Q9TX",
		"counts": "system\tcollection\trows\ton delete\nCRM\tcrm.customer\t12\tdelete\nMail\t\t0\t",
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"erneut freigegeben", "requests approve --config DATEI t7 --code 7K3M-Q9TX", "2026-12-01", "<th>Sammlung</th>", "<td>crm.customer</td>", "<td>12</td>", "<td>löschen</td>",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in %s", want, got)
		}
	}
	got, err = c.Render("de", "done_partly", map[string]string{"skipped": "Mail", "outcomes": "CRM: nothing found\nMail: skipped"})
	if err != nil || !strings.Contains(got, "<li>CRM: nichts gefunden</li><li>Mail: ausgelassen</li>") {
		t.Errorf("%v: %s", err, got)
	}
}

func TestRenderRefuses(t *testing.T) {
	c := catalog(t, nil)
	if _, err := c.Render("en", "no_such", nil); !errors.Is(err, messages.ErrUnknownMessage) {
		t.Errorf("unknown key: %v", err)
	}
	for key, want := range map[string]string{"duplicate": "linked", "note_held": "reason", "note_shadow": "counts", "done_partly": "skipped"} {
		if _, err := c.Render("en", key, map[string]string{want: " "}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s without %s: %v", key, want, err)
		}
	}
	if _, err := c.Render("en", "note_held", map[string]string{"reason": "no_such"}); err == nil {
		t.Error("a reason without words")
	}
}

func TestLocaleFallsBack(t *testing.T) {
	c := catalog(t, nil)
	for locale, want := range map[string]string{
		"en": "cancelled", "": "cancelled", "xx": "cancelled", "en_US": "cancelled", "de": "abgebrochen", "DE-ch": "abgebrochen", "de_AT": "abgebrochen", " de": "abgebrochen", "-": "cancelled",
	} {
		if got, err := c.Render(locale, "cancelled", nil); err != nil || !strings.Contains(got, want) {
			t.Errorf("%q: %v %s", locale, err, got)
		}
	}
}

// Text from outside neither becomes HTML nor one of the desk's placeholders.
func TestHostileValues(t *testing.T) {
	c := catalog(t, nil)
	evil := []string{
		"{{ticket.requester.email}}", "{% for c in ticket.comments %}", "{{{x}}}", "{", "{{", "}}", "{\u200b{x}}", "{\x00{x}}",
		`<script>alert(1)</script>`, `"><img src=x onerror=y>`, "javascript:alert(1)", "&#123;&#123;x}}", "a\u202eb", "a\nb", "a\tb",
		strings.Repeat("x", 20_000), strings.Repeat("a\tb\n", 1000), "\xff\xfe", "]]>", "<!--",
	}
	for _, locale := range c.Locales() {
		for _, key := range c.Keys() {
			for _, value := range evil {
				v := vars(c, key, true)
				for name := range v {
					if name != "reason" {
						v[name] = value
					}
				}
				got, err := c.Render(locale, key, v)
				if err != nil {
					t.Errorf("%s %s: %v", locale, key, err)
					continue
				}
				balanced(t, key, got)
				for _, bad := range []string{"{{", "{%", "<script", "<img", "<!--", "=\"javascript:", "\u202e", "\x00", "\u200b"} {
					if strings.Contains(got, bad) {
						t.Errorf("%s %s with %.20q contains %q", locale, key, value, bad)
					}
				}
				if len(got) > 60_000 {
					t.Errorf("%s %s has %d bytes: Zendesk cuts at 64 kB", locale, key, len(got))
				}
			}
		}
	}
}

// Two values that are harmless alone must not make a placeholder together.
func TestPlaceholdersAcrossValues(t *testing.T) {
	c := catalog(t, fstest.MapFS{"en.yaml": {Data: []byte("messages:\n  cancelled: '<p>{{.request}}{{.subject}}{{.due}}</p>'\n")}})
	got, err := c.Render("en", "cancelled", map[string]string{"request": "{", "subject": "{ticket.id", "due": "}}"})
	if err != nil || strings.Contains(got, "{{") || strings.Contains(got, "}}") {
		t.Errorf("%v: %s", err, got)
	}
}

func TestLongTablesSayThatTheyWereCut(t *testing.T) {
	c := catalog(t, nil)
	got, err := c.Render("en", "note_shadow", map[string]string{"counts": "system\trows\n" + strings.Repeat("CRM\t1\n", 500)})
	if err != nil || !strings.Contains(got, "and 301 more lines") {
		t.Errorf("%v: the cut is not named", err)
	}
}

func TestOverrides(t *testing.T) {
	c := catalog(t, fstest.MapFS{
		"de.yaml":   {Data: []byte("messages:\n  cancelled: <p>Schluss mit {{.request}}.</p>\nreasons:\n  not_admin: Kein Admin.\n")},
		"fr.yml":    {Data: []byte("messages:\n  cancelled: <p>Annulé.</p>\n")},
		"README.md": {Data: []byte("notes")},
		"empty/x":   {Data: []byte("")},
	})
	for locale, want := range map[string]string{"de": "Schluss mit t7.", "fr-CA": "Annulé", "en": "cancelled"} {
		if got, err := c.Render(locale, "cancelled", map[string]string{"request": "t7"}); err != nil || !strings.Contains(got, want) {
			t.Errorf("%s: %v %s", locale, err, got)
		}
	}
	if got, err := c.Render("fr", "duplicate", map[string]string{"linked": "7"}); err != nil || !strings.Contains(got, "still open") {
		t.Errorf("what French lacks is English: %v %s", err, got)
	}
	if got, _ := c.Reason("de", "not_admin"); got != "Kein Admin." {
		t.Errorf("reason: %s", got)
	}
	if got, _ := c.Reason("fr", "not_admin"); !strings.Contains(got, "administrator") {
		t.Errorf("reason: %s", got)
	}
}

func TestBadOverridesAreNamed(t *testing.T) {
	for name, c := range map[string]struct{ file, text, want string }{
		"misspelt variable":   {"en.yaml", "messages: {cancelled: '{{.requset}}'}", "requset"},
		"within a branch":     {"en.yaml", "messages: {cancelled: '{{if .due}}x{{else}}{{$.requset}}{{end}}'}", "requset"},
		"not of this message": {"en.yaml", "messages: {cancelled: '{{.counts}}'}", "counts"},
		"a part of a value":   {"en.yaml", "messages: {cancelled: '{{.due.Year}}'}", "due.Year"},
		"unknown message":     {"en.yaml", "messages: {canceled: hi}", "messages.canceled"},
		"unknown reason":      {"de.yaml", "reasons: {not_an_admin: hi}", "reasons.not_an_admin"},
		"unknown section":     {"de.yaml", "mesages: {cancelled: hi}", "mesages"},
		"broken template":     {"de.yaml", "messages: {cancelled: '{{if}}'}", "messages.cancelled"},
		"broken HTML context": {"de.yaml", "messages: {cancelled: '<a href=\"{{if .due}}\">{{end}}'}", "messages.cancelled"},
		"unknown partial":     {"de.yaml", "messages: {cancelled: '{{template \"foot\"}}'}", "foot"},
		"own definition":      {"de.yaml", "messages: {cancelled: '{{define \"x\"}}{{end}}y'}", "x"},
		"empty message":       {"de.yaml", "messages: {cancelled: ' '}", "is empty"},
		"bad name":            {"Deutsch.yaml", "messages: {}", "Deutsch.yaml"},
		"bad yaml":            {"de.yaml", "messages: [", "de.yaml"},
		"optional as if sure": {"de.yaml", "messages: {done_delete: '{{template \"table\" .counts}}'}", "messages.done_delete"},
	} {
		_, err := messages.New(fstest.MapFS{c.file: {Data: []byte(c.text)}})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.file) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRender(f *testing.F) {
	c := catalog(f, nil)
	f.Add("{{x}}", "a\tb\nc")
	f.Add("{", "{%")
	f.Fuzz(func(t *testing.T, one, many string) {
		got, err := c.Render("en", "note_held", map[string]string{"reason": "not_admin", "request": one, "due": one, "systems": many, "counts": many})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(got, "{{") || strings.Contains(got, "{%") || len(got) > 60_000 {
			t.Fatalf("unfit for a comment: %q", got)
		}
		balanced(t, "note_held", got)
	})
}

// TestNoReasonCountsAttempts: most failures of a system don't pass, and are
// not tried a second time.
func TestNoReasonCountsAttempts(t *testing.T) {
	c := catalog(t, nil)
	for _, locale := range c.Locales() {
		text, ok := c.Reason(locale, "system_failed")
		for _, word := range []string{"attempt", "Versuch", "tentative", "intento"} {
			if ok && strings.Contains(text, word) {
				t.Errorf("%s: %q", locale, text)
			}
		}
	}
}

// TestRule9_EveryNoteShowsItsCode, also in a team's own words of before codes.
func TestRule9_EveryNoteShowsItsCode(t *testing.T) {
	own := catalog(t, fstest.MapFS{"fr.yaml": {Data: []byte("messages:\n" +
		"  note_held: '<p>{{.reason}}</p>'\n  note_approval: '{{template \"table\" .counts}}'\n  note_approval_access: '<p>ici</p>'\n" +
		"  note_again_same: '<p>encore</p>'\n  note_again_other: '<p>autre: {{with $.binding}}{{.}}{{end}}</p>'\n")}})
	for _, key := range []string{"note_held", "note_approval", "note_approval_access", "note_again_same", "note_again_other"} {
		for _, locale := range []string{"en", "de", "fr"} {
			v := vars(own, key, true)
			v["binding"] = "7K3M-Q9TX"
			if got, err := own.Render(locale, key, v); err != nil || strings.Count(got, "7K3M-Q9TX") != 1 {
				t.Errorf("%s %s: %v: %s", locale, key, err, got)
			}
		}
	}
}
