package report

import (
	"slices"
	"strings"

	"privacydesk/bot"
)

// notStated stands where a data map is silent: nothing is said for it.
const notStated = "not stated"

// glance is what is said of all that was found in one system, for the page that
// a report opens with (Civ. Code 1798.110(a), Art. 15(1) GDPR): the kinds of data,
// where they are from, what for, who gets them, how long they are kept.
type glance struct {
	System, Kinds, Sources, Purposes, Recipients, Retention string
}

func (s *systemData) glance() (g glance, found bool) {
	var kinds, sources, purposes, recipients, retention []string
	add := func(to *[]string, values ...string) {
		if len(values) == 0 {
			values = []string{""}
		}
		for _, v := range values {
			if v = strings.TrimSpace(v); v == "" {
				v = notStated
			}
			if !slices.Contains(*to, v) {
				*to = append(*to, v)
			}
		}
	}
	for _, t := range s.inv.tables {
		if !t.closed || t.rows == 0 {
			continue
		}
		found = true
		c := s.collection(t.schema.Collection)
		var names []string
		for _, k := range categories(c.Categories) {
			names = append(names, k.text())
		}
		add(&kinds, names...)
		add(&sources, c.Source)
		add(&purposes, c.Purpose)
		add(&recipients, c.ThirdParties...)
		add(&retention, c.Retention)
	}
	line := func(values []string) string {
		slices.SortStableFunc(values, func(a, b string) int { return isSilent(a) - isSilent(b) })
		return strings.Join(values, "; ")
	}
	return glance{s.title(), line(kinds), line(sources), line(purposes), line(recipients), line(retention)}, found
}

// isSilent puts what is not stated behind what is.
func isSilent(s string) int {
	if s == notStated {
		return 1
	}
	return 0
}

// Statement is what a controller tells a person beside the records: a tenant's
// own text, or the vendor's where it is the controller itself.
type Statement struct {
	Purposes  string `yaml:"purposes" doc:"what the data is used for as a whole, and on what ground"`
	Rights    string `yaml:"rights" doc:"which rights the person has: to have data corrected or deleted, to restrict or object"`
	Complaint string `yaml:"complaint" doc:"where the person can complain"`
	Automated string `yaml:"automated_decisions" doc:"whether decisions are made by machines alone, and by what logic"`
}

type statementLine struct{ Label, Text string }

// statement is the controller's, line by line. A tenant that gave none has none:
// what a processor would say in its place is not its to say. The vendor's own
// names what it left out.
func (r *Reporter) statement(c bot.Case) []statementLine {
	s, given := r.statements[c.Tenant]
	if !given && !c.Controller {
		return nil
	}
	var out []statementLine
	for _, l := range []statementLine{
		{"Purposes", s.Purposes}, {"Your rights", s.Rights}, {"Where to complain", s.Complaint}, {"Automated decisions", s.Automated},
	} {
		if l.Text = strings.TrimSpace(l.Text); l.Text == "" {
			if !c.Controller {
				continue
			}
			l.Text = notStated
		}
		out = append(out, l)
	}
	return out
}
