package policy_test

import (
	"testing"
	"time"

	"privacydesk/bot/policy"
)

func day(t *testing.T, text string, loc *time.Location) time.Time {
	t.Helper()
	at, err := time.ParseInLocation(time.DateOnly, text, loc)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// TestPeriodsOfEachLaw: the day on which a person has to be answered, and the
// last one after an extension.
func TestPeriodsOfEachLaw(t *testing.T) {
	for _, c := range []struct {
		law                     policy.Law
		asked, answer, extended string
	}{
		// Regulation 1182/71 Art. 3(2)(c): the day of the same number, and
		// where it "does not occur in the last month", that month's last day.
		{policy.LawGDPR, "2027-01-28", "2027-02-28", "2027-04-28"},
		{policy.LawGDPR, "2027-01-29", "2027-02-28", "2027-04-29"},
		{policy.LawGDPR, "2027-01-30", "2027-02-28", "2027-04-30"},
		{policy.LawGDPR, "2027-01-31", "2027-02-28", "2027-04-30"},
		{policy.LawGDPR, "2028-01-28", "2028-02-28", "2028-04-28"}, // a leap year
		{policy.LawGDPR, "2028-01-29", "2028-02-29", "2028-04-29"},
		{policy.LawGDPR, "2028-01-31", "2028-02-29", "2028-04-30"},
		{policy.LawGDPR, "2027-02-01", "2027-03-01", "2027-05-01"}, // not thirty days
		{policy.LawGDPR, "2027-02-28", "2027-03-28", "2027-05-28"},
		{policy.LawGDPR, "2026-12-31", "2027-01-31", "2027-03-31"}, // over a year's end
		{policy.LawGDPR, "2026-11-30", "2026-12-30", "2027-02-28"}, // from the day itself, not from the first month's end
		{policy.LawUK, "2027-08-31", "2027-09-30", "2027-11-30"},
		// §7021(b): 45 calendar days, at most 90 "from the day the request is received".
		{policy.LawCCPA, "2027-01-31", "2027-03-17", "2027-05-01"},
		{policy.LawCCPA, "2028-01-31", "2028-03-16", "2028-04-30"},
		{policy.LawUSState, "2027-01-01", "2027-02-15", "2027-04-01"},
		{policy.LawIowa, "2027-01-01", "2027-04-01", "2027-05-16"},
		{policy.LawLGPD, "2027-01-31", "2027-02-15", "2027-02-15"},
	} {
		for _, name := range []string{"UTC", "Europe/Berlin", "America/Los_Angeles", "Pacific/Auckland"} {
			loc := zone(t, name)
			// At any time of the day: the day is what counts.
			for _, hour := range []time.Duration{0, 12 * time.Hour, 22*time.Hour + 59*time.Minute} {
				asked := day(t, c.asked, loc).Add(hour)
				if got := policy.AnswerBy(asked, loc, c.law).Format(time.DateTime); got != c.answer+" 23:59:59" {
					t.Errorf("%s, asked %s in %s: answer by %s, not the end of %s", c.law, asked, name, got, c.answer)
				}
				if got := policy.LongestBy(asked, loc, c.law).Format(time.DateTime); got != c.extended+" 23:59:59" {
					t.Errorf("%s, asked %s in %s: at most until %s, not the end of %s", c.law, asked, name, got, c.extended)
				}
			}
		}
	}
}

// TestPeriodsIgnoreClocksThatChange: a day on which the clocks are put forward
// or back is one day.
func TestPeriodsIgnoreClocksThatChange(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	for asked, want := range map[string]string{
		"2027-02-28": "2027-03-28T23:59:59+02:00", // ends on the day of the change
		"2027-09-30": "2027-10-30T23:59:59+02:00",
		"2027-10-01": "2027-11-01T23:59:59+01:00",
	} {
		if got := policy.AnswerBy(day(t, asked, berlin), berlin, policy.LawGDPR).Format(time.RFC3339); got != want {
			t.Errorf("asked %s: %s, not %s", asked, got, want)
		}
	}
	// Late in the evening of the 31st in California it is the 1st in Berlin.
	moment := time.Date(2027, 1, 31, 23, 0, 0, 0, zone(t, "America/Los_Angeles"))
	if got := policy.AnswerBy(moment, berlin, policy.LawGDPR).Format(time.DateOnly); got != "2027-03-01" {
		t.Errorf("by the configured zone's day: %s", got)
	}
}

// TestTheEarliestOfSeveralLaws: where it is not known which law applies.
func TestTheEarliestOfSeveralLaws(t *testing.T) {
	asked := day(t, "2027-01-01", time.UTC)
	for _, c := range []struct {
		laws          []policy.Law
		answer, after string
	}{
		{[]policy.Law{policy.LawCCPA, policy.LawGDPR}, "2027-02-01", "2027-04-01"},
		{[]policy.Law{policy.LawGDPR, policy.LawCCPA, policy.LawLGPD}, "2027-01-16", "2027-01-16"},
		{[]policy.Law{"mars", policy.LawCCPA}, "2027-02-15", "2027-04-01"},
	} {
		if got := policy.AnswerBy(asked, time.UTC, c.laws...).Format(time.DateOnly); got != c.answer {
			t.Errorf("%v: answer by %s, not %s", c.laws, got, c.answer)
		}
		if got := policy.LongestBy(asked, time.UTC, c.laws...).Format(time.DateOnly); got != c.after {
			t.Errorf("%v: at most until %s, not %s", c.laws, got, c.after)
		}
	}
	if at := policy.AnswerBy(asked, time.UTC); !at.IsZero() {
		t.Errorf("by no law there is a date: %s", at)
	}
}

// TestLawsAreReadAsTheyAreSpelled: a list's values are tags, and people write
// as they like.
func TestLawsAreReadAsTheyAreSpelled(t *testing.T) {
	for text, want := range map[string]policy.Law{
		"gdpr": policy.LawGDPR, " GDPR ": policy.LawGDPR, "law_ccpa": policy.LawCCPA, "US-Iowa": policy.LawIowa, "us": policy.LawUSState,
	} {
		if got, known := policy.ParseLaw(text); got != want || !known {
			t.Errorf("%q is read as %q (known: %t), not as %q", text, got, known, want)
		}
	}
	for _, text := range []string{"", "gdpr2", "law_", "dsgvo"} {
		if got, known := policy.ParseLaw(text); known {
			t.Errorf("%q is read as %q", text, got)
		}
	}
}
