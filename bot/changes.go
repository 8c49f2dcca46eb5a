package bot

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// mostChanges is how many changes of a kind a note about a hold names: the last
// ones.
const mostChanges = 5

// changesFor is a table for agents: which setting, field or word a hold is
// about, whose hand it was, and when, as far as the desk tells. It names no
// customer.
func (t *turn) changesFor(reason Reason) string {
	if t.ticket == nil {
		return ""
	}
	var lines []string
	switch reason {
	case ReasonReaders:
		lines = t.readerLines()
	case ReasonEdited, ReasonRequester, ReasonOutOfScope, ReasonSolvedByHand:
		lines = t.editLines(t.from(), t.e.editsBehind(reason))
	case ReasonReply, ReasonReplied:
		for _, c := range objections(t.ticket, t.stored.Case.Seen.Comment) {
			lines = append(lines, t.changeLine("a reply", t.whose(c.Author), c.At))
		}
	case ReasonTriggerFight:
		for _, u := range t.ticket.Undone {
			if t.now.Sub(u.At) <= fightWithin {
				lines = append(lines, t.changeLine(string(u.What), quotedRule(u.Rule), u.At))
			}
		}
	default: // no change of the ticket's is behind it
	}
	if len(lines) == 0 {
		return ""
	}
	return "what\tby\twhen\n" + strings.Join(lines[max(0, len(lines)-mostChanges):], "\n")
}

// from is since when a change is of interest: before, it was a part of what
// was asked.
func (t *turn) from() time.Time {
	if t.c.Accepted.IsZero() {
		return t.c.Arrived
	}
	return t.c.Accepted
}

// editsBehind tells which edits may have given a reason to hold.
func (e *Engine) editsBehind(reason Reason) func(Edit) bool {
	what := map[Reason][]Edited{
		ReasonEdited:       {EditForm, EditText, EditRequester},
		ReasonRequester:    {EditRequester},
		ReasonOutOfScope:   {EditForm, EditTags},
		ReasonSolvedByHand: {EditStatus},
	}[reason]
	fields := []int64{e.Settings.Reading.KindField, e.Settings.Reading.SubjectField, e.Settings.TenantField}
	return func(ed Edit) bool {
		return slices.Contains(what, ed.What) || reason == ReasonEdited && ed.What == EditField && slices.Contains(fields, ed.Field)
	}
}

func (t *turn) editLines(since time.Time, about func(Edit) bool) []string {
	var out []string
	for _, ed := range t.ticket.Edits {
		if about(ed) && !ed.At.Before(since.Truncate(time.Second)) {
			what := string(ed.What)
			if ed.Name != "" {
				what = ed.Name
			}
			by := t.whose(ed.By)
			if ed.Rule != "" {
				by = quotedRule(ed.Rule)
			}
			out = append(out, t.changeLine(what, by, ed.At))
		}
	}
	return out
}

// readerLines name who or what lets others read the ticket, with the last hand
// that changed it.
func (t *turn) readerLines() []string {
	var out []string
	last := func(setting string, what Edited) {
		edits := t.editLines(time.Time{}, func(ed Edit) bool { return what != "" && ed.What == what })
		if len(edits) == 0 {
			out = append(out, t.changeLine(setting, "", time.Time{}))
			return
		}
		out = append(out, edits[len(edits)-1])
	}
	for _, r := range []struct {
		is      bool
		setting string
		what    Edited
	}{
		{t.reads.Requester > 0, string(EditRequester), EditRequester},
		{t.reads.OtherCCs > 0, string(EditCopies), EditCopies},
		{t.reads.OtherFollowers > 0, string(EditFollowers), EditFollowers},
		{t.reads.SharedOrganization, "setting: colleagues read each other's tickets", ""},
		{t.reads.SharingAgreements, string(EditSharing), EditSharing},
		{t.reads.PublicAttachments, "setting: private attachments are off", ""},
	} {
		if r.is {
			last(r.setting, r.what)
		}
	}
	return out
}

// whose hand it was: agents by their number, customers by their part alone.
func (t *turn) whose(p Person) string {
	switch {
	case p.Staff():
		return fmt.Sprintf("Agent #%d", p.ID)
	case p.ID == t.ticket.Requester.ID:
		return "requester"
	case p.ID == 0:
		return "unknown"
	}
	return "another user"
}

// quotedRule is a name from outside as one cell.
func quotedRule(name string) string { return `"` + strings.Join(strings.Fields(name), " ") + `"` }

func (t *turn) changeLine(what, by string, at time.Time) string {
	when := ""
	if !at.IsZero() {
		when = at.In(t.e.Settings.Location).Format("2006-01-02 15:04")
	}
	return strings.Join([]string{what, by, when}, "\t")
}
