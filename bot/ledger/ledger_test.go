package ledger

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const request = "t35436"

// chain makes a chain of n events.
func chain(t *rapid.T, n int) (events []Event, head string) {
	at := time.Date(2026, 11, 23, 9, 0, 0, 123456789, time.FixedZone("CET", 3600))
	for i := range n {
		data := rapid.MapOfN(rapid.StringN(1, 8, -1), anyText(), 0, 3).Draw(t, "data")
		if len(data) == 0 {
			data = nil
		}
		e := Append(request, int64(i), head, at, rapid.SampledFrom([]string{"arrived", "accepted", "erase_begun", "said"}).Draw(t, "type"), data)
		events, head = append(events, e), e.Hash
		at = at.Add(time.Duration(rapid.IntRange(0, 1e9).Draw(t, "later")))
	}
	return events, head
}

// anyText is text as people type it, also into a terminal that speaks Latin-1.
func anyText() *rapid.Generator[string] {
	return rapid.OneOf(rapid.StringN(0, 12, -1), rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 12), func(b []byte) string { return string(b) }))
}

func clone(events []Event) []Event {
	out := slices.Clone(events)
	for i := range out {
		out[i].Data = maps.Clone(out[i].Data)
	}
	return out
}

func TestWholeChainsVerify(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events, head := chain(t, rapid.IntRange(0, 12).Draw(t, "n"))
		if err := Verify(request, events, head); err != nil {
			t.Fatal(err)
		}
		// A store keeps events as JSON; the chain outlives that.
		raw, err := json.Marshal(events)
		if err != nil {
			t.Fatal(err)
		}
		var back []Event
		if err := json.Unmarshal(raw, &back); err != nil {
			t.Fatal(err)
		}
		if err := Verify(request, back, head); err != nil {
			t.Fatalf("after a store: %v", err)
		}
	})
}

// TestAnyAlterationIsFound changes a chain in one of the ways that somebody
// with access to the store could.
func TestAnyAlterationIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events, head := chain(t, rapid.IntRange(2, 10).Draw(t, "n"))
		bad, id, badHead := clone(events), request, head
		i := rapid.IntRange(0, len(bad)-1).Draw(t, "i")
		how := rapid.SampledFrom([]string{
			"type", "time", "sequence", "prev", "hash", "data", "data added", "dropped", "doubled", "swapped",
			"cut at the end", "appended", "another request", "another head", "hash made anew",
		}).Draw(t, "how")
		switch how {
		case "type":
			bad[i].Type += "x"
		case "time":
			bad[i].At = bad[i].At.Add(time.Millisecond)
		case "sequence":
			bad[i].Seq++
		case "prev":
			bad[i].Prev += "0"
		case "hash":
			bad[i].Hash = events[(i+1)%len(events)].Hash
		case "data":
			bad[i].Data = map[string]string{"counts": "0"}
			if maps.Equal(bad[i].Data, events[i].Data) {
				return
			}
		case "data added":
			if bad[i].Data == nil {
				bad[i].Data = map[string]string{}
			}
			bad[i].Data["added"] = ""
		case "dropped":
			bad = slices.Delete(bad, i, i+1)
		case "doubled":
			bad = slices.Insert(bad, i, bad[i])
		case "swapped":
			j := (i + 1) % len(bad)
			bad[i], bad[j] = bad[j], bad[i]
		case "cut at the end":
			bad = bad[:len(bad)-1]
		case "appended":
			bad = append(bad, Append(request, int64(len(bad)), head, bad[i].At, "done", nil))
		case "another request":
			id = "t1"
		case "another head":
			badHead = events[0].Hash
		case "hash made anew":
			// Whoever rewrites an event and its hash breaks the link of the
			// next, or the head.
			bad[i].Type += "x"
			bad[i].Hash = hash(request, bad[i])
		}
		if err := Verify(id, bad, badHead); err == nil {
			t.Fatalf("%s of event %d was not found", how, i+1)
		}
	})
}

func TestErrorsNameTheEvent(t *testing.T) {
	at := time.Unix(0, 0)
	first := Append(request, 0, "", at, "arrived", map[string]string{"who": "jane"})
	second := Append(request, 1, first.Hash, at, "done", nil)
	altered := second
	altered.Type = "held"
	for want, events := range map[string][]Event{
		"event 2 of t35436 was altered":                                        {first, altered},
		"event 1 of t35436: its number is 2; one is missing, doubled or moved": {second},
		"the chain of t35436 ends at another event than its record says":       {first},
	} {
		err := Verify(request, events, second.Hash)
		if err == nil || err.Error() != want {
			t.Errorf("%v, not %q", err, want)
		}
	}
}

// TestEventsAreStable: the hash of a known event, so that a change of the
// format, which would void every ledger, is noticed.
func TestEventsAreStable(t *testing.T) {
	e := Append(request, 0, "", time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), "arrived", map[string]string{"b": "2", "a": "1"})
	const want = "ac14940dacd96099a0ddd3557ec9b299b983f95ed49b808ba942d1a4c605d7d3"
	if e.Hash != want {
		t.Errorf("hash %s, not %s", e.Hash, want)
	}
	if e.Seq != 1 || e.Prev != "" || e.At.Location() != time.UTC {
		t.Errorf("event %s", fmt.Sprint(e))
	}
}
