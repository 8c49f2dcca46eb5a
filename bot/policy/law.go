package policy

import (
	"slices"
	"strings"
	"time"
)

// Law is the law under which a person asked the customer. It is a fact of the
// request: the form tells it, else what is configured of the tenant, else the
// default.
type Law string

// The laws that are known by name.
const (
	LawCCPA    Law = "ccpa"    // California: Civ. Code 1798.130(a)(2)(A), 11 CCR §7021(b)
	LawUSState Law = "us"      // other states of the US, such as Va. Code §59.1-577(B)(1)
	LawIowa    Law = "us_iowa" // Iowa Code §715D.3(2)(a)
	LawGDPR    Law = "gdpr"    // EU and EEA: Regulation (EU) 2016/679
	LawUK      Law = "uk"      // UK GDPR
	LawLGPD    Law = "lgpd"    // Brazil: Lei 13.709/2018
)

// period is a time as a law counts it.
type period struct{ months, days int }

// term is how long a controller has to answer from the day on which the person
// asked, and how long at the very most, with notice and reason.
type term struct{ answer, longest period }

func terms() map[Law]term {
	return map[Law]term{
		// "within 45 days of receiving a verifiable consumer request", which
		// "may be extended once by an additional 45 days"; §7021(b): "a maximum
		// total of 90 calendar days from the day the request is received".
		LawCCPA: {period{days: 45}, period{days: 90}},
		// Virginia: "within 45 days of receipt", "extended once by 45
		// additional days"; Colorado, Connecticut, Utah and Texas alike.
		LawUSState: {period{days: 45}, period{days: 90}},
		// "within ninety days of receipt", "extended once by forty-five
		// additional days".
		LawIowa: {period{days: 90}, period{days: 135}},
		// Art. 12(3): "within one month of receipt of the request", which "may
		// be extended by two further months where necessary".
		LawGDPR: {period{months: 1}, period{months: 3}},
		LawUK:   {period{months: 1}, period{months: 3}},
		// Art. 19 II: a full declaration "no prazo de até 15 (quinze) dias".
		LawLGPD: {period{days: 15}, period{days: 15}},
	}
}

// Laws lists them.
func Laws() []Law { return []Law{LawCCPA, LawGDPR, LawIowa, LawLGPD, LawUK, LawUSState} }

// Known reports whether the law's periods are known.
func (l Law) Known() bool { return slices.Contains(Laws(), l) }

// Name is how a choice of the law reads.
func (l Law) Name() string {
	return map[Law]string{
		LawCCPA: "CCPA, California", LawGDPR: "GDPR, EU and EEA", LawIowa: "ICDPA, Iowa", LawLGPD: "LGPD, Brazil", LawUK: "UK GDPR",
		LawUSState: "the law of another US state",
	}[l]
}

// ParseLaw reads a law as a form or a directory spells it: in any case, with
// the "law_" that tags of a list may begin with.
func ParseLaw(text string) (Law, bool) {
	l := Law(strings.TrimPrefix(strings.ReplaceAll(strings.ToLower(strings.TrimSpace(text)), "-", "_"), "law_"))
	return l, l.Known()
}

// Californian is true for California's law, and where the law is unknown: what
// it asks for is met then, too.
func (l Law) Californian() bool { return l == LawCCPA || l == "" }

// European is true for the laws that take after the GDPR: a month to answer,
// Art. 15's right to a copy and Art. 17(3)'s exceptions.
func (l Law) European() bool { return l == LawGDPR || l == LawUK }

// AnswerBy is the end of the last day on which the person may be answered who
// asked on that day; of several laws, of which one applies and it is not known
// which, the earliest. It is zero if there are none.
func AnswerBy(asked time.Time, loc *time.Location, laws ...Law) time.Time {
	return earliest(asked, loc, laws, func(t term) period { return t.answer })
}

// LongestBy is the same after an extension, which is the controller's alone to
// give, with notice and reason before AnswerBy.
func LongestBy(asked time.Time, loc *time.Location, laws ...Law) time.Time {
	return earliest(asked, loc, laws, func(t term) period { return t.longest })
}

func earliest(asked time.Time, loc *time.Location, laws []Law, of func(term) period) time.Time {
	var out time.Time
	for _, l := range laws {
		t, known := terms()[l]
		if !known {
			continue
		}
		if by := of(t).end(asked.In(loc)); out.IsZero() || by.Before(out) {
			out = by
		}
	}
	return out
}

// end is the last second of the period's last day, at which a period ends
// ("the expiry of the last hour", Regulation (EEC, Euratom) 1182/71 Art. 3). The
// day of the event is not counted. A period of months ends on the day of the
// same number, or on the month's last where that is missing (Art. 3(2)(c)).
// Saturdays, Sundays and holidays, which Art. 3(4) passes over, are not: holidays
// differ, and a date that is too early does no harm.
func (p period) end(asked time.Time) time.Time {
	y, m, d := asked.Date()
	m += time.Month(p.months)
	d = min(d, time.Date(y, m+1, 0, 0, 0, 0, 0, time.UTC).Day())
	return time.Date(y, m, d+p.days+1, 0, 0, 0, 0, asked.Location()).Add(-time.Second)
}
