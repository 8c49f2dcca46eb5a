package zendesk

import (
	"encoding/json"
	"slices"

	"privacydesk/bot"
)

// byRule is true for what a trigger or an automation did.
func byRule(v via) bool { return v.Channel == "rule" }

// undone are our changes of status and tags that a rule took back: within our
// own update, as triggers do, or later, as automations do.
func (r *reader) undone() []bot.Undoing {
	var out []bot.Undoing
	var f fight
	for _, a := range r.audits {
		for _, e := range a.Events {
			by := a.Via
			if e.Via != nil {
				by = *e.Via
			}
			switch {
			case byRule(by):
				if f.takenBack(e) {
					out = append(out, bot.Undoing{At: a.Created, Rule: string(by.Source.From.Title), What: editedBy(e)})
				}
			case a.Author == r.me:
				f.set(e)
			default:
				f.forget(e)
			}
		}
	}
	return out
}

// fight is what of ours stands on the ticket while its history is read.
type fight struct {
	status string
	tags   []string
}

func (f *fight) set(e wireEvent) {
	switch e.Field {
	case statusField:
		f.status = statusOf(e.Value)
	case tagsField:
		before := tagList(e.Previous)
		for _, t := range tagList(e.Value) {
			if !slices.Contains(before, t) && !slices.Contains(f.tags, t) {
				f.tags = append(f.tags, t)
			}
		}
	}
}

// forget lets somebody's own hand take back what it likes.
func (f *fight) forget(e wireEvent) {
	switch e.Field {
	case statusField:
		f.status = ""
	case tagsField:
		after := tagList(e.Value)
		f.tags = slices.DeleteFunc(f.tags, func(t string) bool { return !slices.Contains(after, t) })
	}
}

func (f *fight) takenBack(e wireEvent) bool {
	switch e.Field {
	case statusField:
		undone := f.status != "" && statusOf(e.Previous) == f.status
		f.status = ""
		return undone
	case tagsField:
		after, before := tagList(e.Value), len(f.tags)
		f.tags = slices.DeleteFunc(f.tags, func(t string) bool { return !slices.Contains(after, t) })
		return len(f.tags) < before
	}
	return false
}

func statusOf(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}
