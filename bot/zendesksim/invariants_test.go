package zendesksim_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"privacydesk/bot/zendesksim"
)

// TestAuditsTellTheWholeStory: replaying a ticket's audits gives its state,
// every comment is in exactly one audit, and a refused update changes nothing.
func TestAuditsTellTheWholeStory(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	rapid.Check(t, func(rt *rapid.T) {
		id := w.file("x")
		for range rapid.IntRange(1, 12).Draw(rt, "updates") {
			change := obj{}
			if rapid.Bool().Draw(rt, "has status") {
				change["status"] = rapid.SampledFrom([]string{"new", "open", "pending", "hold", "solved", "nonsense"}).Draw(rt, "status")
			}
			if rapid.Bool().Draw(rt, "has tags") {
				change["tags"] = rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "C d"}), 0, 3).Draw(rt, "tags")
			}
			if rapid.Bool().Draw(rt, "has subject") {
				change["subject"] = rapid.SampledFrom([]string{"one", "two"}).Draw(rt, "subject")
			}
			if rapid.Bool().Draw(rt, "has comment") {
				change["comment"] = obj{"body": "c"}
			}
			if rapid.Bool().Draw(rt, "has assignee") {
				change["assignee_id"] = rapid.SampledFrom([]any{w.bot, w.agent, w.ann, nil}).Draw(rt, "assignee")
			}
			before, audits := fingerprint(w, id), len(w.sim.Audits(id))
			r, err := w.request("PUT", ticketPath(id), obj{"ticket": change}, asBot)
			if err != nil || (r.status != 200 && r.status != 422) {
				rt.Fatalf("status %d, %v", r.status, err)
			}
			if r.status == 422 && (fingerprint(w, id) != before || len(w.sim.Audits(id)) != audits) {
				rt.Fatalf("a refused update changed the ticket: %s", r.raw)
			}
		}
		replayed(rt, w, id)
	})
}

func fingerprint(w *world, id int64) string {
	tk, _ := w.sim.Ticket(id)
	return fmt.Sprintf("%+v %d", tk, len(w.sim.Comments(id)))
}

func replayed(rt *rapid.T, w *world, id int64) {
	state := map[string]any{}
	var comments []int64
	for _, a := range w.sim.Audits(id) {
		for _, e := range a.Events {
			switch e.Type {
			case "Comment":
				comments = append(comments, e.CommentID)
			default:
				if e.Type == "Change" && fmt.Sprint(state[e.FieldName]) != fmt.Sprint(e.Previous) && !blank(e.Previous) {
					rt.Fatalf("%s was %v, but its change says %v", e.FieldName, state[e.FieldName], e.Previous)
				}
				state[e.FieldName] = e.Value
			}
		}
	}
	tk, _ := w.sim.Ticket(id)
	for name, want := range map[string]any{"status": tk.Status, "subject": tk.Subject, "custom_status_id": tk.CustomStatusID} {
		if fmt.Sprint(state[name]) != fmt.Sprint(want) {
			rt.Fatalf("audits say %s is %v, the ticket %v", name, state[name], want)
		}
	}
	if tags, _ := state["tags"].([]string); !slices.Equal(tags, tk.Tags) {
		rt.Fatalf("audits say tags are %v, the ticket %v", tags, tk.Tags)
	}
	var have []int64
	for _, c := range w.sim.Comments(id) {
		have = append(have, c.ID)
	}
	if !slices.Equal(comments, have) {
		rt.Fatalf("audits have comments %v, the ticket %v", comments, have)
	}
}

func blank(v any) bool {
	tags, isTags := v.([]string)
	return v == nil || (isTags && len(tags) == 0)
}
