package report

import (
	"strings"
	"testing"

	"privacydesk/bot"
	"privacydesk/connectors"
)

// TestAtAGlance: a report opens with what is said of all that was found, and
// what the maps are silent about is not stated, whatever others say.
func TestAtAGlance(t *testing.T) {
	p := openPlace(t, Options{Vendor: "Vendor Inc."})
	in := p.found("crm",
		connectors.Collection{Name: "crm.customer", Label: "Customers", Categories: []string{"user.name"}, Source: "typed in by the customer", Purpose: "to send mails", ThirdParties: []string{"Mailer Inc."}, Retention: "3 years"},
		connectors.Collection{Name: "crm.call", Label: "Calls", Categories: []string{"user.contact.phone_number"}, Purpose: "to send mails"},
	)
	page := p.unpack(p.access(in, 1<<24, 1)[0])["index.html"]
	glance := between(t, page, "At a glance", "<h2>Systems")
	for _, want := range []string{
		"Name (A, B); Phone number (A, B)", "typed in by the customer; not stated", `<td data-label="What for">to send mails</td>`, "Mailer Inc.; not stated", "3 years; not stated",
	} {
		if !strings.Contains(glance, want) {
			t.Errorf("lacks %q:\n%s", want, glance)
		}
	}
	if strings.Index(page, "At a glance") > strings.Index(page, "<h2>Systems") {
		t.Error("it does not come first")
	}
}

// TestWhoseAnswerAReportIs: for a tenant it is material, and nothing of what only
// the controller can say stands in it unless the tenant gave it; where the
// vendor is the controller, what it left out is named.
func TestWhoseAnswerAReportIs(t *testing.T) {
	p := openPlace(t, Options{Vendor: "Vendor Inc.", Statements: map[string]Statement{
		"globex": {Rights: "You may have it corrected.", Complaint: "The authority of Saxony."},
		"vendor": {Purposes: "To run the service."},
	}})
	page := func(tenant string, own bool) string {
		in := p.found("crm", connectors.Collection{Name: "crm.customer"})
		in.Case.Tenant, in.Case.Controller = tenant, own
		return p.unpack(p.access(in, 1<<24, 1)[0])["index.html"]
	}
	for _, c := range []struct {
		tenant      string
		own         bool
		has, hasNot []string
	}{
		{"acme", false, []string{"held for <bdi>acme</bdi>", "for <bdi>acme</bdi>, as its processor", "own answer to that person"}, []string{"states</h2>", "Your rights", "complain"}},
		{"globex", false, []string{"held for <bdi>globex</bdi>", "<bdi>globex</bdi> states", "You may have it corrected.", "The authority of Saxony."}, []string{"Automated decisions", "Saxony.</dd>\n<dt>Automated"}},
		{"vendor", true, []string{"<h1>Personal data report</h1>", "<bdi>Vendor Inc.</bdi> states", "To run the service.", "<dt>Your rights</dt><dd>not stated</dd>", "<dt>Automated decisions</dt><dd>not stated</dd>"}, []string{"processor", "held for"}},
	} {
		got := page(c.tenant, c.own)
		for _, want := range c.has {
			if !strings.Contains(got, want) {
				t.Errorf("%s lacks %q", c.tenant, want)
			}
		}
		for _, bad := range c.hasNot {
			if strings.Contains(got, bad) {
				t.Errorf("%s has %q", c.tenant, bad)
			}
		}
	}
}

// found is a report with a row in each collection.
func (p *place) found(system string, collections ...connectors.Collection) bot.ReportInput {
	p.t.Helper()
	var tables []data
	for _, c := range collections {
		tables = append(tables, data{schema: connectors.Schema{Collection: c.Name, Columns: columns("id")}, rows: [][]connectors.Cell{{num("1")}}})
	}
	sys := p.gather(system, tables, nil)
	sys.Profile = connectors.Profile{Collections: collections}
	return input(sys)
}

func between(t *testing.T, text, from, to string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, from)
	out, _, ok2 := strings.Cut(rest, to)
	if !ok || !ok2 {
		t.Fatalf("nothing between %q and %q", from, to)
	}
	return out
}
