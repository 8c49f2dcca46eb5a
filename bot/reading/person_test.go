package reading_test

import (
	"slices"
	"testing"

	"privacydesk/bot/reading"
)

// TestConfirms: only a plain yes is one.
func TestConfirms(t *testing.T) {
	for text, want := range map[string]bool{
		"yes": true, "Yes, please delete jane@x.example.": true, "Confirm": true, "I confirm.\n\nBest regards\nAlex": true, "Ja, bitte löschen!": true,
		"Hiermit bestätige ich die Anfrage": true, "Oui, je confirme": true, "Sí": true, "Sí, confirmo": true, "D'accord": true, "Yes\n\nOn Monday, Desk wrote:\n> no": true,
		"": false, "no": false, "Please confirm": false, "Confirm that you received it": false, "Yes?": false, "Yes, but not yet": false,
		"Yes, I saw this on Monday": false, "Si vous voulez": false, "I do not confirm": false, "I can't confirm": false, "Confirm or cancel": false,
		"jane@x.example": false, "> yes": false, "Yes, delete everybody except jane@x.example": false, "Ja, aber erst morgen": false, "yes ＠": false,
		"On behalf of my boss: yes": false,
	} {
		if got := reading.Confirms(text); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}

// TestAliases: several addresses are one person's only where the text says so,
// right between them.
func TestAliases(t *testing.T) {
	const a, b, c = "jane@x.example", "jane.roe@y.example", "jr@z.example"
	type F = map[int64]string
	for name, tc := range map[string]struct {
		field string
		texts []string
		want  []string // none: asked
		ask   string
	}{
		"english":               {"", []string{"delete " + a + " also known as " + b}, []string{a, b}, ""},
		"in brackets":           {"", []string{"delete " + a + " (aka " + b + ")"}, []string{a, b}, ""},
		"commas":                {"", []string{"delete " + a + ", also known as " + b + ", alias " + c}, []string{a, b, c}, ""},
		"names":                 {"", []string{"delete Jane <" + a + "> also known as <" + b + ">"}, []string{a, b}, ""},
		"german":                {"", []string{"Bitte löschen: " + a + ", auch bekannt als " + b}, []string{a, b}, ""},
		"french":                {"", []string{"Supprimez " + a + " aussi connue sous " + b}, []string{a, b}, ""},
		"spanish":               {"", []string{"Eliminen " + a + " también conocida como " + b}, []string{a, b}, ""},
		"case":                  {"", []string{"delete " + a + " A.K.A. JANE.ROE@Y.EXAMPLE"}, []string{a, b}, ""},
		"in the field":          {a + " also known as " + b, nil, []string{a, b}, ""},
		"once more":             {"", []string{"delete " + a + " aka " + b + ". I mean all of " + b + " too"}, []string{a, b}, ""},
		"a reply adds":          {"", []string{"delete " + a, a + " also known as " + b}, []string{a, b}, ""},
		"a reply repeats":       {"", []string{"delete " + a + " aka " + b, b}, []string{a, b}, ""},
		"a reply answers":       {"", []string{"delete Jane", a + " alias " + b}, []string{a, b}, ""},
		"and":                   {"", []string{"delete " + a + " and " + b}, nil, reading.AskOneSubject},
		"known as, and another": {"", []string{"delete " + a + " aka " + b + " and " + c}, nil, reading.AskOneSubject},
		"not known as":          {"", []string{"delete " + a + ", not also known as " + b}, nil, reading.AskKind},
		"own, and another":      {"", []string{"delete admin@acme.example aka " + a + ", and " + c}, nil, reading.AskOneSubject},
		"own beside the field":  {b, []string{"admin@acme.example aka " + a}, nil, reading.AskOneSubject},
		"of the desk's own":     {"", []string{"delete support@vendor.example aka " + a}, nil, reading.AskRealAddress},
		"a name between":        {"", []string{"delete " + a + " also known as Jane Roe, " + b}, nil, reading.AskOneSubject},
		"in a quote":            {"", []string{"delete " + a + "\n\n> " + a + " also known as " + b}, []string{a}, ""},
		"a reply picks another": {"", []string{"delete " + a + " aka " + b, c}, nil, reading.AskOneSubject},
		"doubt":                 {"", []string{"delete all but " + a + " aka " + b + ", except " + b}, nil, reading.AskSubject},
		"the desk's own":        {"", []string{"delete " + a + " aka support@vendor.example"}, nil, reading.AskOneSubject},
		"a whole list":          {"", []string{"delete " + a + " aka b@x.example aka c@x.example aka d@x.example aka e@x.example aka f@x.example"}, nil, reading.AskOneSubject},
	} {
		t.Run(name, func(t *testing.T) {
			fields := F{kindField: "gdpr_delete"}
			if tc.field != "" {
				fields[subjectField] = tc.field
			}
			got := reading.Read(rules(), ticket(fields, tc.texts...))
			if !slices.Equal(got.Addresses(), tc.want) || got.Question != tc.ask {
				t.Errorf("addresses %q, question %q", got.Addresses(), got.Question)
			}
		})
	}
}

// TestTagsAndDotsNameOthers: an address is never shortened to another one.
func TestTagsAndDotsNameOthers(t *testing.T) {
	for _, addr := range []string{"jane+crm@x.example", "j.ane@x.example", "jane@sub.x.example"} {
		got := reading.Read(rules(), ticket(map[int64]string{kindField: "gdpr_delete"}, "delete "+addr))
		if got.Subject != addr {
			t.Errorf("%s was read as %q", addr, got.Subject)
		}
	}
}

func TestIsRole(t *testing.T) {
	for addr, want := range map[string]bool{
		"info@x.example": true, "sales+eu@x.example": true, "kontakt@x.example": true, "büro@x.example": true, "ventas@x.example": true,
		"jane@x.example": false, "infobert@x.example": false, "jane.sales@x.example": false,
	} {
		if reading.IsRole(addr) != want {
			t.Errorf("%s: %t", addr, !want)
		}
	}
}

// TestWhatADirectRequestWants is read from its words alone.
func TestWhatADirectRequestWants(t *testing.T) {
	for name, tc := range map[string]struct {
		texts []string
		want  reading.Kind
	}{
		"access":      {[]string{"I want a copy of my data"}, reading.Access},
		"delete":      {[]string{"Please delete my account"}, reading.Delete},
		"either":      {[]string{"A copy, and then delete it"}, ""},
		"neither":     {[]string{"Hello"}, ""},
		"answered":    {[]string{"Hello", "delete"}, reading.Delete},
		"taken back":  {[]string{"delete", "a copy, I mean"}, ""},
		"in a quote":  {[]string{"> delete"}, ""},
		"not at all":  {[]string{"delete", "Please don't delete it"}, ""},
		"by the form": {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := reading.Read(rules(), ticket(map[int64]string{kindField: "consumer"}, tc.texts...))
			if got.Kind != reading.Direct || got.Wanted != tc.want {
				t.Errorf("%+v", got)
			}
		})
	}
	if got := reading.Read(rules(), ticket(map[int64]string{kindField: "gdpr_delete"}, "delete jane@corp.example")); got.Wanted != "" {
		t.Errorf("only a direct request has a wish of its own: %+v", got)
	}
}
