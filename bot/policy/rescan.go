package policy

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// When systems are searched again after a delete.
const (
	RescanBefore = "before" // Resolved waits for it
	RescanAfter  = "after"
	RescanNever  = "never"
)

// Rescan says when the systems of a delete are searched again, to find what a
// sync brought back.
type Rescan struct {
	When string          `yaml:"when" default:"after" doc:"before: the request becomes Resolved only once all of these searches are clean, and what came back is erased again. after: what came back is told to the agents and not erased. never: the search right after the erasing is the last."`
	At   []time.Duration `yaml:"at" default:"24h, 72h" doc:"How long after the erasing each search is made."`
}

// DefaultRescan is the default that the tags declare.
func DefaultRescan() Rescan {
	return Rescan{When: RescanAfter, At: []time.Duration{24 * time.Hour, 72 * time.Hour}}
}

// Validate names what can't be meant.
func (r Rescan) Validate() error {
	var errs []error
	if !slices.Contains([]string{RescanBefore, RescanAfter, RescanNever}, r.When) {
		errs = append(errs, fmt.Errorf("deletes.rescan.when: %q is none of before, after, never", r.When))
	}
	if !slices.IsSorted(r.At) || len(r.At) > 0 && r.At[0] <= 0 || len(slices.Compact(slices.Clone(r.At))) != len(r.At) {
		errs = append(errs, errors.New("deletes.rescan.at: must be durations above zero, each longer than the one before, such as [24h, 72h]"))
	}
	return errors.Join(errs...)
}

// Times are when to search again after a delete whose erasing was found
// complete at a moment, if that is to happen before (or after) Resolved.
func (r Rescan) Times(when string, erased time.Time) []time.Time {
	if r.When != when || erased.IsZero() {
		return nil
	}
	var out []time.Time
	for _, d := range r.At {
		out = append(out, erased.Add(d))
	}
	return out
}
