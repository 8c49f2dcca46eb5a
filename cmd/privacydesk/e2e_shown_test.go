package main

import (
	"fmt"
	"strings"

	"privacydesk/bot"
)

// decide lets an operator run a command by the code of the newest note.
func (h *house) decide(verb string, ticket int64) {
	h.t.Helper()
	h.command("requests", verb, bot.IDOfTicket(ticket), "--code", newestCode(h.t, h.desk.Sim, ticket), "--by", "dpo@vendor.example")
}

// approveWhatGrew approves a delete of Jane's by the commands that operators
// have, lets a row of hers turn up before the second look, and tries to approve
// that by the first note. It returns how much was said beside the last approval.
func (h *house) approveWhatGrew(f filed) (comments int) {
	h.t.Helper()
	id, first := bot.IDOfTicket(f.ticket), newestCode(h.t, h.desk.Sim, f.ticket)
	for _, c := range []struct {
		code  int
		args  []string
		words string
	}{
		{2, []string{"--by", "dpo@vendor.example"}, "--code is missing: it stands in the newest note"},
		{1, []string{"--by", "dpo@vendor.example", "--code", "7K3M-Q9TX"}, "no code of what request"},
		{1, []string{"--by", alex, "--code", first}, "can't approve"},
	} {
		if _, problems, code := h.cli(append([]string{"requests", "approve", id, "--config", h.config}, c.args...)...); code != c.code || !strings.Contains(problems, c.words) {
			h.t.Errorf("approve %v: exit code %d, %s", c.args, code, problems)
		}
	}
	for _, out := range []string{h.command("requests", "show", id), h.command("requests", "show", id, "--json")} {
		if !strings.Contains(out, first) {
			h.t.Errorf("the code %s does not stand in: %s", first, out)
		}
	}
	who := jane()[0]
	_, err := h.dbs["events"].ExecContext(h.t.Context(), fmt.Sprintf("INSERT INTO event VALUES (%d, '%s', %d, 'page_view', '/late')", who.ID*10+7, who.Tenant, who.ID))
	h.must(err)
	h.decide("approve", f.ticket)
	h.confirmOnePerson(f) // the numbers are others
	f.state, f.reasons = "awaiting_approval", []bot.Reason{bot.ReasonGrown}
	h.awaitEnds([]filed{f})
	if _, problems, code := h.cli("requests", "approve", id, "--code", first, "--by", "dpo@vendor.example", "--config", h.config); code != 1 || !strings.Contains(problems, "has changed since") {
		h.t.Errorf("the first note's code: exit code %d, %s", code, problems)
	}
	return 4 // notes: what was decided, twice; several people; approval
}
