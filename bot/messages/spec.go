package messages

import "slices"

// spec says what a message may mention.
type spec struct {
	required []string
	may      []string
}

// common may be mentioned by every message: the request's id, the customer's
// own reference, the subject's masked address, the due date, the customer's own
// date where it comes earlier and the law by which it is counted, the days
// spent waiting for the requester, the desk's other ticket.
func common() []string {
	return []string{"request", "reference", "subject", "due", "statutory", "law", "waited", "linked"}
}

// optional are the variables that the message may do without.
func (s spec) optional() []string {
	var out []string
	for _, name := range slices.Concat(s.may, common()) {
		if !slices.Contains(s.required, name) && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

func (s spec) all() []string { return append(slices.Clone(s.required), s.optional()...) }

// lists and tables are variables of more than one line.
func isList(name string) bool {
	return slices.Contains([]string{"systems", "outcomes", "sofar", "skipped", "commands", "integrations", "kept", "holds", "exceptions", "mails"}, name)
}
func isTable(name string) bool { return name == "counts" || name == "changes" }

// specs are all messages by key: what the requester reads, and, from "note_"
// on, what only agents read.
func specs() map[string]spec {
	found, why := []string{"systems", "counts", "outcomes", "kept"}, []string{"reason", "code"}
	receipt := []string{"systems", "integrations", "answered", "earlier", "adopted", "until"}
	out := map[string]spec{
		"receipt_access": {may: receipt},
		"receipt_delete": {may: receipt},

		"answer_opt_out":        {required: []string{"statement"}, may: append([]string{"page", "integrations"}, why...)},
		"answer_direct_request": {may: why},
		"duplicate":             {required: []string{"linked"}, may: why},
		"held":                  {},
		"retained":              {required: []string{"exceptions"}},
		"extended":              {required: []string{"due", "why"}},
		"queued":                {},
		"reminder":              {required: []string{"reason"}, may: []string{"days"}},
		"cancelled":             {},
		"refused":               {required: []string{"reason"}, may: []string{"code"}},

		"done_access":         {may: found},
		"done_access_link":    {required: []string{"link"}, may: found},
		"done_access_nothing": {may: found},
		"done_delete":         {may: found},
		"done_delete_nothing": {may: found},
		"done_delete_kept":    {may: found},
		"done_partly":         {required: []string{"skipped"}, may: append([]string{"reason", "code"}, found...)},

		"note_held":            {required: []string{"reason"}, may: append([]string{"code", "sofar", "unbegun", "changes", "binding"}, found...)},
		"note_adopted_readers": {required: []string{"reason"}, may: []string{"code", "systems", "counts", "changes"}},
		"note_fight":           {required: []string{"reason"}, may: []string{"rule", "code", "changes"}},
		"note_shadow":          {required: []string{"counts"}, may: []string{"systems", "reason", "code"}},
		"note_approval":        {required: []string{"counts"}, may: []string{"systems", "reason", "code", "binding"}},
		"note_approval_access": {required: []string{"counts"}, may: []string{"systems", "reason", "code", "binding"}},
		"note_legal_hold":      {required: []string{"holds"}, may: []string{"reason", "code", "sofar", "unbegun"}},
		"note_alert":           {required: []string{"due"}, may: []string{"days", "reason", "code"}},
		"note_overdue":         {required: []string{"due"}, may: []string{"extend", "reason", "code"}},
		"note_unconfirmed":     {may: []string{"by", "reason", "code"}},
		"note_status":          {required: []string{"state"}, may: []string{"progress", "outcomes", "reason", "code"}},
		"note_operator":        {required: []string{"did", "by"}},
		"note_command":         {required: []string{"commands"}},
		"note_undone":          {},
		"note_thanks":          {},
		"note_suspended":       {required: []string{"mails"}},
		"note_declined":        {required: []string{"ticket", "reason"}, may: []string{"systems", "code"}},
		"note_opened":          {},
		"note_merged":          {},
		"note_again_same":      {required: []string{"ended"}, may: []string{"reason", "code", "binding"}},
		"note_again_other":     {required: []string{"ended"}, may: []string{"reason", "code", "binding"}},
		"note_again_unknown":   {required: []string{"ended"}, may: []string{"reason", "code", "binding"}},
		"note_late":            {required: []string{"counts"}, may: []string{"systems"}},

		"note_returned":         {required: []string{"counts"}},
		"note_not_rescanned":    {required: []string{"systems"}},
		"note_rescans_dropped":  {required: []string{"times"}},
		"note_documents":        {required: []string{"files"}},
		"note_remains":          {required: []string{"counts"}},
		"note_unclean":          {required: []string{"systems"}},
		"done_ended":            {required: []string{"reason", "outcomes"}, may: append([]string{"skipped", "code"}, found...)},
		"note_erased_meanwhile": {required: []string{"systems"}},
	}
	for _, reason := range questions() {
		out["question_"+reason] = spec{}
	}
	out["question_confirm_address"] = spec{required: []string{"link"}}
	for _, page := range []string{"page_confirm_access", "page_confirm_delete", "page_confirmed", "page_no_link"} {
		out[page] = spec{}
	}
	for _, reason := range []string{"correction", "objection", "opt_out_by_hand"} {
		out["by_hand_"+reason] = spec{}
	}
	for _, reason := range refusals() {
		out["refused_"+reason] = spec{may: why}
	}
	return out
}

// questions are the reasons for which the requester is asked.
func questions() []string {
	return []string{"kind_unclear", "subject_missing", "subject_several", "tenant_unclear", "subject_not_an_address", "confirm_signed_in", "reopened", "attestation"}
}

// refusals are the reasons for which a request is refused or ended unfulfilled.
func refusals() []string {
	return []string{
		"not_admin", "requester_unknown", "other_tenant", "sender_doubtful", "requester_unverified", "requester_suspended",
		"right_lost", "no_answer",
	}
}
