package policy

import "time"

// DueDate counts calendar days in loc from the arrival: the same time of day,
// so many dates later, whatever the clocks did in between.
func DueDate(arrived time.Time, days int, loc *time.Location) time.Time {
	return arrived.In(loc).AddDate(0, 0, days)
}

// AcknowledgeWithin is how long after its arrival a request gets its first
// word at the latest, whoever it waits for. The vendor promises an hour.
const AcknowledgeWithin = 30 * time.Minute

// ConfirmBusinessDays is within how many business days of a person's request
// the business confirms to them that it was received (11 CCR §7021(a)); agents
// are told ConfirmAlarm business days before, while somebody can still do what
// is needed by hand.
const (
	ConfirmBusinessDays = 10
	ConfirmAlarm        = 2
)

// BusinessDays is so many business days after a moment, at the same time of
// day in loc. Saturdays and Sundays are none; holidays, which differ, count,
// so that a date is too early rather than too late.
func BusinessDays(from time.Time, days int, loc *time.Location) time.Time {
	at := from.In(loc)
	for days > 0 {
		at = at.AddDate(0, 0, 1)
		if at.Weekday() != time.Saturday && at.Weekday() != time.Sunday {
			days--
		}
	}
	return at
}
