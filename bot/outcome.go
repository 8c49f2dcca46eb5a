package bot

import "privacydesk/connectors"

// Outcome is what happened in one system, in the words of the field.
type Outcome string

// Outcomes of a system.
const (
	OutcomeNothing    Outcome = "nothing_found"
	OutcomeFound      Outcome = "found"
	OutcomeGathered   Outcome = "gathered"
	OutcomeDeleted    Outcome = "deleted"
	OutcomeMasked     Outcome = "deidentified"
	OutcomeAggregated Outcome = "aggregated"
	OutcomeRetained   Outcome = "retained"
	OutcomeWaiting    Outcome = "waiting"
	OutcomeFailed     Outcome = "failed"
	OutcomeSkipped    Outcome = "skipped"
)

// Totals are a system's numbers over all its collections.
type Totals struct {
	Found        int64 `json:"found"`
	Gathered     int64 `json:"gathered"`
	Deleted      int64 `json:"deleted"`
	Deidentified int64 `json:"deidentified"`
	Aggregated   int64 `json:"aggregated"`
	Retained     int64 `json:"retained"`
	Late         int64 `json:"late,omitempty"`
	Left         int64 `json:"left,omitempty"`    // should be gone and is not
	Cleared      int64 `json:"cleared,omitempty"` // references in rows of others, to rows that went
}

// Totals sums the system's tallies.
func (s *System) Totals() Totals {
	var sum Totals
	for _, set := range s.Sets {
		t := set.Totals(s.Verified)
		sum.Found += t.Found
		sum.Gathered += t.Gathered
		sum.Deleted += t.Deleted
		sum.Deidentified += t.Deidentified
		sum.Aggregated += t.Aggregated
		sum.Retained += t.Retained
		sum.Late += t.Late
		sum.Left += t.Left
		sum.Cleared += t.Cleared
	}
	return sum
}

// Totals of one collection. Deleted is before minus after, never a sum of
// rows affected, and without those that came late, which stand beside it;
// before verification nothing counts as deleted.
func (t Tally) Totals(verified bool) Totals {
	out := Totals{Found: t.Before.Found(), Gathered: t.Gathered, Retained: t.After.Retained, Late: t.Late}
	if !verified {
		return out
	}
	out.Cleared = max(t.Before.Cleared-t.After.Cleared, 0)
	gone := max(t.Before.Rows-t.After.Rows-max(t.After.Masked-t.Before.Masked, 0), 0)
	switch t.Action {
	case connectors.ActionDelete:
		out.Deleted, out.Left = gone, t.After.Rows
	case connectors.ActionMask:
		out.Deidentified, out.Left = t.After.Masked, t.After.Rows
	case connectors.ActionAggregate:
		out.Aggregated, out.Left = gone, t.After.Rows
	case connectors.ActionRetain, connectors.ActionNone:
	}
	return out
}

// Outcome says in one word what happened to the system in a request of the
// given kind.
func (s *System) Outcome(kind Kind) Outcome {
	t := s.Totals()
	switch {
	case s.Run.State == RunFailed:
		return OutcomeFailed
	case s.Run.State == RunWaiting:
		return OutcomeWaiting
	case s.Skip != "" && (s.Run.Stage == StageErase || s.Run.Stage == StageVerify || s.Run.Stage == StageRescan):
		return OutcomeFailed // what was erased there was not verified
	case s.Skip != "", s.Unreached != "" && t.Found == 0:
		return OutcomeSkipped
	case t.Found == 0 && t.Deleted == 0:
		return OutcomeNothing
	case kind == KindAccess && s.Gather != "":
		return OutcomeGathered
	case t.Left > 0:
		return OutcomeFailed
	case t.Deleted > 0:
		return OutcomeDeleted
	case t.Deidentified > 0:
		return OutcomeMasked
	case t.Aggregated > 0:
		return OutcomeAggregated
	case t.Retained > 0:
		return OutcomeRetained
	}
	return OutcomeFound
}
