package zendesk

import (
	"context"
	"strconv"

	"privacydesk/bot"
)

// editedBy is what an event changed of what decisions rest on; empty for
// anything else.
func editedBy(e wireEvent) bot.Edited {
	switch e.Type {
	case "EmailCcChange", "CollaboratorChange", "CcChange":
		return bot.EditCopies
	case "FollowerChange":
		return bot.EditFollowers
	case "TicketSharingEvent":
		return bot.EditSharing
	case "CommentRedactionEvent", "CommentPrivacyChange":
		return bot.EditText
	case "Change":
	default:
		return ""
	}
	switch e.Field {
	case "requester_id":
		return bot.EditRequester
	case "ticket_form_id":
		return bot.EditForm
	case "collaborator_ids", "email_cc_ids":
		return bot.EditCopies
	case "follower_ids":
		return bot.EditFollowers
	case "sharing_agreement_ids":
		return bot.EditSharing
	case statusField:
		return bot.EditStatus
	case tagsField:
		return bot.EditTags
	}
	if _, err := strconv.ParseInt(string(e.Field), 10, 64); err == nil {
		return bot.EditField
	}
	return ""
}

// readEdits lists the changes that others made, oldest first. Where fields were
// changed, their names are looked up; without them the ids must do.
func (r *reader) readEdits(ctx context.Context) []bot.Edit {
	var out []bot.Edit
	for _, a := range r.audits {
		for _, e := range a.Events {
			what, by := editedBy(e), a.Via
			if e.Via != nil {
				by = *e.Via
			}
			if what == "" || a.Author == r.me && !byRule(by) {
				continue
			}
			edit := bot.Edit{At: a.Created, What: what}
			if byRule(by) {
				edit.Rule = string(by.Source.From.Title)
			} else {
				edit.By = r.person(a.Author)
			}
			if what == bot.EditField {
				edit.Field, _ = strconv.ParseInt(string(e.Field), 10, 64) // editedBy saw that it is a number
				if kinds, err := r.account.fieldKinds(ctx); err == nil && kinds[edit.Field].ID == edit.Field {
					edit.Name = kinds[edit.Field].name()
				}
			}
			out = append(out, edit)
		}
	}
	return out
}
