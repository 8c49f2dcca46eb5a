// Package ledger chains a request's events by hash, so that order and
// non-alteration can be shown. It holds no personal data and does no I/O.
package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"
)

// Event is one thing that happened to a request. Data is free of personal
// data.
type Event struct {
	Seq  int64             `json:"seq"` // from 1, without gaps
	At   time.Time         `json:"at"`
	Type string            `json:"type"` // "accepted", "erase_begun", …
	Data map[string]string `json:"data,omitempty"`
	Prev string            `json:"prev"` // the previous event's Hash; "" for the first
	Hash string            `json:"hash"` // SHA-256 over request, prev and the rest, hex
}

// Append makes the event that follows (seq, head) of a request's chain. What is
// no UTF-8 in its data becomes U+FFFD, as it would in a store.
func Append(request string, seq int64, head string, at time.Time, kind string, data map[string]string) Event {
	e := Event{Seq: seq + 1, At: Moment(at), Type: kind, Data: valid(data), Prev: head}
	e.Hash = hash(request, e)
	return e
}

// Moment is a time as events tell it.
func Moment(at time.Time) time.Time { return at.UTC().Truncate(time.Millisecond) }

func valid(data map[string]string) map[string]string {
	out := maps.Clone(data)
	for key, value := range data {
		out[key] = strings.ToValidUTF8(value, "\uFFFD")
	}
	return out
}

// hash covers everything but Hash itself; JSON gives maps in key order.
func hash(request string, e Event) string {
	e.Hash = ""
	body, err := json.Marshal(struct {
		Request string `json:"request"`
		Event
	}{request, e})
	if err != nil {
		panic(fmt.Sprintf("ledger: an event of plain strings does not encode: %v", err))
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Verify checks that events are the whole chain of the request up to head.
func Verify(request string, events []Event, head string) error {
	prev := ""
	for i, e := range events {
		switch {
		case e.Seq != int64(i)+1:
			return fmt.Errorf("event %d of %s: its number is %d; one is missing, doubled or moved", i+1, request, e.Seq)
		case e.Prev != prev:
			return fmt.Errorf("event %d of %s does not follow the one before it", e.Seq, request)
		case e.Hash != hash(request, e):
			return fmt.Errorf("event %d of %s was altered", e.Seq, request)
		}
		prev = e.Hash
	}
	if prev != head {
		return fmt.Errorf("the chain of %s ends at another event than its record says", request)
	}
	return nil
}
