package zendesk

import (
	"slices"
	"strconv"
	"strings"

	"privacydesk/bot"
)

// Rival is a rule of the customer's own that could touch a privacy ticket.
// What a rule tests is judged with caution: it is named unless it surely
// never fires on these tickets.
type Rival struct {
	Kind  string `json:"kind"` // trigger or automation
	ID    string `json:"id"`
	Title string `json:"title"`
	// Does is what it would do: solves, reassigns, answers, …
	Does []string `json:"does"`
	// TaggedOnly: it leaves the form's tickets alone, and could touch those
	// that an agent made privacy tickets by the tag.
	TaggedOnly bool `json:"tagged_only"`
}

func (s *setup) rivals() []Rival {
	out := []Rival{}
	for _, c := range []collection{kindOf("triggers"), kindOf("automations")} {
		for _, t := range s.inv.things[c.path] {
			onForm, onTag := s.couldFire(t, s.formsExclude(c)), s.couldFire(t, s.tagExcludes)
			if !t.on() || s.isOurs(c, t) || !onForm && !onTag {
				continue
			}
			if does := s.does(t); len(does) > 0 {
				out = append(out, Rival{Kind: c.one, ID: string(t.ID), Title: t.label(), Does: does, TaggedOnly: !onForm})
			}
		}
	}
	return out
}

func (s *setup) isOurs(c collection, t thing) bool {
	return c.path == "triggers" && (t.marked(markOf("webhook.trigger")) || t.number() == s.o.Webhook.Trigger && t.number() != 0)
}

// does names what of a rule's actions matters to us, each once.
func (s *setup) does(t thing) []string {
	var out []string
	for _, a := range t.Actions {
		if word := s.harm(t, a); word != "" && !slices.Contains(out, word) {
			out = append(out, word)
		}
	}
	return out
}

func (s *setup) harm(t thing, a ruleAction) string {
	value := strings.Join(texts(a.Value), " ")
	switch field := a.Field; {
	case field == "status" && (value == "solved" || value == "closed" && !onlySolved(t)):
		return "solves the ticket"
	case field == "custom_status_id" && s.solvedStatus(value):
		return "solves the ticket"
	case field == "assignee_id", field == "group_id":
		return "reassigns the ticket"
	case strings.HasPrefix(field, "notification_") && strings.Contains(field, "webhook"), field == "notification_target":
		return "sends the ticket elsewhere"
	case strings.HasPrefix(field, "notification_") && toRequester(value) && !passesOn(t),
		strings.HasPrefix(field, "comment_value"), field == "deflection", field == "satisfaction_score":
		return "answers the requester"
	case field == "set_tags", field == "remove_tags" && s.touchesTags(value):
		return "takes our tags away"
	case field == "ticket_form_id" && value != strconv.FormatInt(s.formID(), 10):
		return "changes the form"
	case field == "cc", field == "follower", field == "share_ticket", field == "ticket_sharing_agreement_id":
		return "lets others read the ticket"
	case strings.HasPrefix(field, "custom_fields_") && s.isOurField(strings.TrimPrefix(field, "custom_fields_")):
		return "changes our fields"
	}
	return ""
}

func toRequester(value string) bool {
	for _, who := range []string{"requester_id", "requester_and_ccs", "cc", "all_agents_and_requester"} {
		if slices.Contains(strings.Fields(value), who) {
			return true
		}
	}
	return false
}

// passesOn is true for notifications of public comments: by these the
// requester gets what we write.
func passesOn(t thing) bool {
	return slices.ContainsFunc(t.Conditions.All, func(c condition) bool {
		return c.Field == "comment_is_public" && c.Value != "not_relevant" && c.Value != "false"
	})
}

// onlySolved is true for rules that touch solved tickets alone: to close what
// was solved is Zendesk's own way.
func onlySolved(t thing) bool {
	return slices.ContainsFunc(t.Conditions.All, func(c condition) bool {
		return c.Field == "SOLVED" || (c.Field == "status" || c.Field == "status_category") && c.Operator == "is" && c.Value == "solved"
	})
}

// solvedStatus is true for a custom status of the category solved, and for one
// that we can't see.
func (s *setup) solvedStatus(id string) bool {
	t := s.inv.byID("custom_statuses", id)
	return t == nil || t.Category == "solved"
}

func (s *setup) touchesTags(value string) bool {
	for _, tag := range strings.Fields(value) {
		if _, isKind := s.kindValues()[tag]; isKind || strings.HasPrefix(tag, "privacy") {
			return true
		}
	}
	return false
}

func (s *setup) isOurField(id string) bool {
	for _, have := range s.ids {
		if strconv.FormatInt(have, 10) == id {
			return true
		}
	}
	return false
}

// formID is the form's id; 0 as long as there is none.
func (s *setup) formID() int64 {
	if id := s.ids["form"]; id != 0 {
		return id
	}
	return s.want.Form
}

// couldFire is false if a rule surely leaves tickets alone, by what is known of
// a condition on them.
func (s *setup) couldFire(t thing, excludes func(condition) bool) bool {
	if slices.ContainsFunc(t.Conditions.All, excludes) {
		return false
	}
	return len(t.Conditions.Any) == 0 || slices.ContainsFunc(t.Conditions.Any, func(k condition) bool { return !excludes(k) })
}

// formsExclude knows which conditions surely are false on tickets of the form.
// What is not known could be true.
func (s *setup) formsExclude(c collection) func(condition) bool {
	form := strconv.FormatInt(s.formID(), 10)
	return func(k condition) bool {
		switch {
		case k.Field == "ticket_form_id" && k.Operator == "is":
			return string(k.Value) != form
		case k.Field == "ticket_form_id" && k.Operator == "is_not":
			return string(k.Value) == form && s.formID() != 0
		case k.Field == "current_tags" && k.Operator == "not_includes":
			return s.surelyTagged(c, tagsIn(k.Value))
		}
		return false
	}
}

// tagExcludes knows the same of the tickets that an agent tagged: they may be
// of any form, and are ours from the tag on.
func (s *setup) tagExcludes(k condition) bool {
	return s.want.Tag == "" || k.Field == "current_tags" && k.Operator == "not_includes" && slices.Contains(tagsIn(k.Value), s.want.Tag)
}

func tagsIn(value text) []string { return strings.Fields(strings.ReplaceAll(string(value), ",", " ")) }

// surelyTagged is true if each ticket of the form bears one of the tags: its
// kind's from the beginning, the bot's own from the receipt on, which is
// before an automation's first hour.
func (s *setup) surelyTagged(c collection, tags []string) bool {
	if c.path == "automations" && slices.Contains(tags, bot.TagInScope) {
		return true
	}
	for value := range s.kindValues() {
		if !slices.Contains(tags, value) {
			return false
		}
	}
	return true
}
