package talk_test

import (
	"net/http"
	"regexp"
	"slices"
	"time"

	"privacydesk/bot/bottest/talk"
)

// spent is the most that the account's log shows within any one span.
type spent struct{ calls, updates, ofTicket int }

var ticketUpdate = regexp.MustCompile(`^/api/v2/tickets/(\d+)(\.json)?$`)

// keptBudgets reads the account's own log, from its beginning: no call met a
// limit, all replicas together took no more than three quarters of what a
// minute has, of calls and of updates, and a tenth of that at once; and no
// ticket was updated more than 30 times in ten minutes. Calls count from when
// they came, whatever became of them.
func keptBudgets(k *talk.Talk, of limits) spent {
	k.T.Helper()
	log := k.Sim.Requests()
	if counts := k.Sim.Counts(); counts.Reads+counts.Writes != len(log) {
		k.T.Fatalf("the log has %d of %d calls", len(log), counts.Reads+counts.Writes)
	}
	var calls, updates []time.Time
	ofTicket := map[string][]time.Time{}
	for _, r := range log {
		if r.Status == http.StatusTooManyRequests && r.Fault == "" {
			k.T.Errorf("%s %s met a limit at %s", r.Method, r.Path, r.At)
		}
		if r.Path == "/oauth/tokens" {
			continue // Zendesk does not count it
		}
		calls = append(calls, r.Came)
		if m := ticketUpdate.FindStringSubmatch(r.Path); m != nil && r.Method == http.MethodPut {
			updates = append(updates, r.Came)
			ofTicket[m[1]] = append(ofTicket[m[1]], r.Came)
		}
	}
	out := spent{calls: most(calls, time.Minute), updates: most(updates, time.Minute)}
	for _, times := range ofTicket {
		out.ofTicket = max(out.ofTicket, most(times, 10*time.Minute))
	}
	for name, c := range map[string]struct{ took, may int }{
		"calls a minute":                     {out.calls, share(of.calls)},
		"updates a minute":                   {out.updates, share(of.updates)},
		"updates of a ticket in ten minutes": {out.ofTicket, 30},
	} {
		if c.took > c.may {
			k.T.Errorf("%d %s, of %d", c.took, name, c.may)
		}
	}
	return out
}

// share is what all replicas together may take in any minute.
func share(limit int) int { return limit*3/4 + limit*3/40 }

// most is how many of the times lie within one span, at most. Calls that land
// late are logged late; a millisecond is what the purse counts in.
func most(times []time.Time, span time.Duration) int {
	times = slices.SortedFunc(slices.Values(times), time.Time.Compare)
	n, from := 0, 0
	for to := range times {
		for times[to].Sub(times[from]) >= span-time.Millisecond {
			from++
		}
		n = max(n, to-from+1)
	}
	return n
}
