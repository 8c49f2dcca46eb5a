package report

import (
	"strings"
	"testing"

	"privacydesk/bot"
	"privacydesk/bot/policy"
	"privacydesk/connectors"
)

// TestExceptionsAreTheLaws: on what ground something was kept, under each law
// and where it is unknown. Art. 17(3) GDPR lists (a) expression, (b) legal
// obligation, (c) public health, (d) research, (e) legal claims; Art. 6(1)(b)
// lets a contract be performed. Security, debugging and internal use are
// California's grounds alone.
func TestExceptionsAreTheLaws(t *testing.T) {
	for name, want := range map[string][2]string{
		"transaction":       {"(Civ. Code 1798.105(d)(1))", "(Art. 6(1)(b) GDPR)"},
		"security":          {"(Civ. Code 1798.105(d)(2))", "has to say whether it may stay"},
		"debugging":         {"(Civ. Code 1798.105(d)(3))", "has to say whether it may stay"},
		"free_speech":       {"(Civ. Code 1798.105(d)(4))", "(Art. 17(3)(a) GDPR)"},
		"calecpa":           {"(Civ. Code 1798.105(d)(5))", "has to say whether it may stay"},
		"research":          {"(Civ. Code 1798.105(d)(6))", "(Art. 17(3)(d) GDPR)"},
		"internal_use":      {"(Civ. Code 1798.105(d)(7))", "has to say whether it may stay"},
		"legal_obligation":  {"(Civ. Code 1798.105(d)(8))", "(Art. 17(3)(b) GDPR)"},
		"legal_hold":        {"(Civ. Code 1798.105(d)(8))", "(Art. 17(3)(b) or (e) GDPR)"},
		"not_personal_data": {"(Civ. Code 1798.140(v)(2)-(3))", "(Art. 4(1) GDPR)"},
	} {
		e, known := connectors.Exceptions()[name]
		if !known {
			t.Fatalf("there is no exception %s", name)
		}
		for law, text := range map[bot.Law]string{"": want[0], policy.LawCCPA: want[0], policy.LawGDPR: want[1], policy.LawUK: want[1]} {
			if got := exceptionText(e, law); !strings.HasPrefix(got, e.Words) || !strings.Contains(got, text) {
				t.Errorf("%s under %q: %s", name, law, got)
			}
		}
		for _, law := range []bot.Law{policy.LawUSState, policy.LawIowa, policy.LawLGPD} {
			if got := exceptionText(e, law); got != e.Words {
				t.Errorf("%s under %q claims another law's ground: %s", name, law, got)
			}
		}
	}
	if n := len(connectors.Exceptions()); n != 10 {
		t.Errorf("%d exceptions, and ten are tried", n)
	}
	body, page := openPlace(t, Options{}).certify(erased(func(in *bot.ReportInput) {
		in.Case.Law = policy.LawGDPR
		in.Systems[0].State.Sets[1].Exception = "legal_obligation: tax law"
	}))
	if !strings.Contains(string(page), "to meet a legal obligation (Art. 17(3)(b) GDPR); tax law") || !strings.Contains(string(body), `"law": "gdpr"`) {
		t.Errorf("the certificate does not go by the law:\n%s", page)
	}
}

// TestWithheldByCaliforniaAlone: §7024(d) forbids some values; no other law does,
// and the page says how to get them. A map's own reason is no law's.
func TestWithheldByCaliforniaAlone(t *testing.T) {
	ssn := connectors.Column{Name: "ssn", Reason: "a government-issued identification number", Rule: connectors.Rule7024d}
	own := connectors.Column{Name: "hint", Reason: "the answer to a security question"}
	for law, want := range map[bot.Law]string{
		"":                "number (11 CCR §7024(d))",
		policy.LawCCPA:    "number (11 CCR §7024(d))",
		policy.LawGDPR:    "reply on the ticket",
		policy.LawUK:      "reply on the ticket",
		policy.LawLGPD:    "reply on the ticket",
		policy.LawUSState: "reply on the ticket",
		policy.LawIowa:    "reply on the ticket",
	} {
		got := withheldText(ssn, law)
		if !strings.Contains(got, want) || strings.Contains(got, "7024") != law.Californian() {
			t.Errorf("under %q: %s", law, got)
		}
		if got := withheldText(own, law); got != own.Reason {
			t.Errorf("the map's reason under %q: %s", law, got)
		}
	}
	if got := withheldText(connectors.Column{Name: "x"}, policy.LawGDPR); got == "" {
		t.Error("no reason at all")
	}
}
