package bot

import (
	"fmt"
	"strings"

	"privacydesk/bot/reading"
)

// Commands that an agent may write into an internal note. What discloses or
// destroys is not among them: a note does not prove who wrote it.
const (
	commandStatus = "status"
	commandHold   = "hold"
)

// commands carries out what agents wrote into internal notes since the last
// look, and owes the answers. It reports whether there was anything.
func (e *Engine) commands(t *turn, ticket *Ticket) bool {
	found := false
	for _, c := range ticket.Comments {
		if c.ID <= t.c.Seen.Command || c.Ours || c.Merged || c.Public || !c.Author.Staff() {
			continue
		}
		verb, ok := reading.Command(c.Text)
		if !ok {
			continue
		}
		found = true
		t.c.Seen.Command = c.ID
		t.event("agent", map[string]string{"did": verb, "by": fmt.Sprintf("agent %d", c.Author.ID)})
		e.command(t, verb)
	}
	return found
}

func (e *Engine) command(t *turn, verb string) {
	switch {
	case verb == commandStatus:
		t.owe(Say{Message: "note_status", Vars: e.statusVars(t)})
	case verb == commandHold && !t.c.ended() && t.c.Resolution != Cancelled && t.c.Resolution != Rejected:
		t.hold(ReasonAgentHold)
		t.owe(Say{Message: "note_held", Vars: map[string]string{"reason": string(ReasonAgentHold)}, AddTags: []string{TagNeedsPerson}})
	case verb == commandHold:
		t.owe(Say{Message: "note_status", Vars: e.statusVars(t)})
	default:
		t.owe(Say{Message: "note_command", Vars: map[string]string{"commands": "/privacy status\n/privacy hold"}})
	}
}

// statusVars tell how a request stands, free of personal data.
func (e *Engine) statusVars(t *turn) map[string]string {
	c := t.c
	vars := map[string]string{"state": strings.ReplaceAll(string(c.State()), "_", " "), "progress": e.progressOf(c)}
	if why := c.Why(); why != "" {
		vars["reason"] = string(why)
	}
	vars["outcomes"] = e.outcomesSoFar(c)
	return vars
}
