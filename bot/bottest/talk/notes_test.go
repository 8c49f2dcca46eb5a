package talk_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/talk"
	"privacydesk/bot/zendesksim"
	"privacydesk/connectors"
)

func manyNotes() talk.Scenario {
	return talk.Scenario{Title: "More notes than a ticket takes updates for", Set: waits, Sim: limited(limits{400, 100}), Play: func(k *talk.Talk) {
		t := k.Files(k.Alex(), "delete", "Please delete jane@x.example.")
		k.Quietly("Agnes asks `/privacy status` eleven times in two minutes. Each is answered below its question; but Zendesk takes "+
			"only thirty updates of a ticket in ten minutes, and what can wait may use half of what privacydesk allows itself.", func() {
			t.NotesQuickly(k.Agent(), 10*time.Second, slices.Repeat([]string{"/privacy status"}, 11)...)
		})
		alone := len(t.Steps())
		t.NotesQuickly(k.Agent(), 3*time.Second, "/privacy status", "/privacy erase", "/privacy hold", "/privacy status")
		k.Later(2 * time.Minute)
		steps := t.Steps()
		if len(steps) != alone+1 || len(steps[alone]) != 4 {
			k.T.Errorf("%v were said, want the last four together", steps)
		}
		t.Noted("State: waiting", "can ask for these alone", "This request waits for a person", "State: held")
		t.Is("held", bot.ReasonAgentHold)
		if n := k.Sim.Counts().RateLimit; n != 0 {
			k.T.Errorf("%d calls met a limit", n)
		}
	}}
}

// TestFortyNotesInTenMinutes: Zendesk's limit is kept, no answer is lost, said
// twice, out of order or late, and the progress field ends right, though the
// work goes on meanwhile and answers of Zendesk's get lost.
func TestFortyNotesInTenMinutes(t *testing.T) {
	put := func(kind zendesksim.Kind, times int) zendesksim.Fault {
		return zendesksim.Fault{Kind: kind, Method: http.MethodPut, Path: "/api/v2/tickets/*", Times: times}
	}
	for name, faults := range map[string][]zendesksim.Fault{
		"all goes well":                nil,
		"answers are lost":             {put(zendesksim.LandsButAnswerLost, 3)},
		"writes land late":             {put(zendesksim.LandsLate, 3)},
		"somebody else was faster":     {put(zendesksim.Conflict409, 3)},
		"Zendesk itself says too many": {put(zendesksim.Status429, 2)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fortyNotes(t, faults)
		})
	}
}

func fortyNotes(t *testing.T, faults []zendesksim.Fault) {
	t.Helper()
	k := talk.Open(t, talk.Scenario{Sim: limited(limits{400, 100}), Set: func(s *bot.Settings) { s.MaxAttempts = 1000 }})
	stuck := true
	k.Systems["warehouse"].Fail = func(op string) error {
		if stuck && op == "gather" {
			return connectors.NewError(connectors.Transient, op, "no answer", nil)
		}
		return nil
	}
	ticket := k.Files(k.Alex(), "access", "Please send us everything on jane@x.example.")
	began := k.Clock.Now()
	for i := range 40 {
		switch i {
		case 15:
			for _, f := range faults {
				k.Sim.Fault(f)
			}
		case 25:
			stuck = false
		}
		if i%3 == 0 {
			k.Sim.LandLate()
		}
		ticket.NotesQuickly(k.Agent(), 14*time.Second, []string{"/privacy status", "/privacy erase"}[i%2])
	}
	if took := k.Clock.Now().Sub(began); took > 10*time.Minute {
		t.Errorf("the notes took %s: a worker waited instead of going on", took)
	}
	k.Sim.LandLate()
	k.Serve(3*time.Minute, func() bool { return len(ticket.Is("resolved", bot.ReasonDelivered).Owed) == 0 })
	answers, last := 0, int64(0)
	for _, steps := range ticket.Steps() {
		for _, step := range steps {
			if !strings.HasPrefix(step, "note_") {
				continue
			}
			var seq, place int64
			if _, err := fmt.Sscanf(step[strings.Index(step, ".")+1:], "%d.%d", &seq, &place); err != nil || seq <= last {
				t.Errorf("%s comes after %d (%v)", step, last, err)
			}
			answers, last = answers+1, seq
		}
	}
	if answers != 40 {
		t.Errorf("%d answers to 40 notes: %v", answers, ticket.Steps())
	}
	if n := ticket.Busiest(); n > 30 {
		t.Errorf("%d updates in ten minutes", n)
	}
	if owed := k.Case(ticket.ID).Owed; len(owed) != 0 {
		t.Errorf("three minutes later %d answers are still owed", len(owed))
	}
	if !slices.ContainsFunc(ticket.Steps(), func(steps []string) bool { return len(steps) > 1 }) {
		t.Error("no update said several")
	}
	for _, f := range faults {
		if !slices.ContainsFunc(k.Sim.Requests(), func(r zendesksim.Request) bool { return r.Fault == f.Kind && r.Method == http.MethodPut }) {
			t.Errorf("%s did not strike", f.Kind)
		}
	}
	for _, r := range k.Sim.Requests() {
		if r.Fault == "" && r.Status == http.StatusTooManyRequests {
			t.Errorf("%s %s met a limit", r.Method, r.Path)
		}
	}
	z, _ := k.Sim.Ticket(ticket.ID)
	if got := z.CustomFields[k.ProgressField]; got != "resolved" {
		t.Errorf("the progress field says %v", got)
	}
	all := ticket.All()
	if a, b := strings.LastIndex(all, "State: running"), strings.Index(all, "State: resolved"); a < 0 || b < a {
		t.Errorf("answers are out of order:\n%s", all)
	}
	t.Logf("%d updates, %d at most in ten minutes", len(ticket.Steps()), ticket.Busiest())
}
