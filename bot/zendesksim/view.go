package zendesksim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// mentions looks for text in whatever fmt shows of v, bytes as text.
func mentions(needle string, v any) bool { return strings.Contains(fmt.Sprintf("%+v", v), needle) }

func mentionsAny[T any](needle string, rows []*T) bool {
	return slices.ContainsFunc(rows, func(r *T) bool {
		if a, isFile := any(r).(*Attachment); isFile {
			return strings.Contains(a.FileName, needle) || strings.Contains(string(a.Content), needle)
		}
		return mentions(needle, *r)
	})
}

func (c *call) url(format string, args ...any) string {
	return c.base + "/api/v2/" + fmt.Sprintf(format, args...) + ".json"
}

func (v Via) view() object {
	from, to := object{}, object{}
	if v.FromAddress != "" {
		from = object{"address": v.FromAddress, "name": v.FromName}
	}
	if v.FromID != 0 {
		from["id"] = v.FromID
	}
	if v.FromTicket != 0 {
		from["ticket_id"] = v.FromTicket
	}
	if v.FromTitle != "" {
		from["title"] = v.FromTitle
	}
	if v.ToAddress != "" {
		to = object{"address": v.ToAddress, "name": v.ToName}
	}
	return object{"channel": v.Channel, "source": object{"from": from, "to": to, "rel": text(v.Rel)}}
}

func (c *call) ticketView(row *ticketRow) object {
	t := row.Ticket
	fields := c.customFieldsView(t)
	status := t.Status
	if t.Deleted {
		status = "deleted"
	}
	via := t.Via
	if t.FollowupSourceID != 0 {
		via.Rel, via.FromTicket = "follow_up", t.FollowupSourceID
	}
	return object{
		"url": c.url("tickets/%d", t.ID), "id": t.ID, "external_id": text(t.ExternalID),
		"via": via.view(), "created_at": stamp(t.CreatedAt), "updated_at": stamp(t.UpdatedAt),
		"generated_timestamp": t.UpdatedAt.Unix(), "type": text(t.Type), "subject": t.Subject, "raw_subject": t.Subject,
		"description": t.Description, "priority": text(t.Priority), "status": status, "custom_status_id": t.CustomStatusID,
		"recipient": text(t.Recipient), "requester_id": t.RequesterID, "submitter_id": t.SubmitterID,
		"assignee_id": nullID(t.AssigneeID), "organization_id": nullID(t.OrganizationID), "group_id": nullID(t.GroupID),
		"collaborator_ids": list(t.collaborators()), "follower_ids": list(t.FollowerIDs), "email_cc_ids": list(t.EmailCCIDs),
		"forum_topic_id": nil, "problem_id": nil, "has_incidents": false, "is_public": t.Public, "due_at": nil,
		"tags": list(t.Tags), "custom_fields": fields, "fields": fields, "satisfaction_rating": nil,
		"sharing_agreement_ids": list(t.SharingAgreementIDs), "followup_ids": list(t.FollowupIDs),
		"ticket_form_id": nullID(t.FormID), "brand_id": brandID,
		"allow_channelback": false, "allow_attachments": true, "from_messaging_channel": false,
		"encoded_id": fmt.Sprintf("SIM%06d", t.ID),
	}
}

// brandID is the account's only brand.
const brandID = 1

func (t Ticket) collaborators() []int64 {
	all := slices.Concat(t.EmailCCIDs, t.FollowerIDs)
	slices.Sort(all)
	return slices.Compact(all)
}

// customFieldsView has every active custom field, null where it is empty.
func (c *call) customFieldsView(t Ticket) []object {
	out := []object{}
	for _, f := range c.fields.all() {
		if !f.System && !f.Inactive {
			v := t.CustomFields[f.ID]
			if v == nil && f.Type == "checkbox" {
				v = false
			}
			out = append(out, object{"id": f.ID, "value": v})
		}
	}
	return out
}

func (c *call) auditView(a *Audit) object {
	events := []object{}
	for _, e := range a.Events {
		events = append(events, c.eventView(a, e))
	}
	custom := a.Custom
	if custom == nil {
		custom = object{}
	}
	meta := systemMetadata(a.Flags, a.FlagUser)
	meta["custom"] = custom
	if a.MessageID != "" {
		if system, isObject := meta["system"].(object); isObject {
			system["message_id"] = "<" + a.MessageID + ">"
		}
	}
	return object{
		"id": a.ID, "ticket_id": a.TicketID, "created_at": stamp(a.CreatedAt), "author_id": a.AuthorID,
		"metadata": meta, "events": events, "via": a.Via.view(),
	}
}

func (c *call) eventView(a *Audit, e Event) object {
	switch e.Type {
	case "Comment":
		v := c.commentView(c.comments.get(e.CommentID))
		delete(v, "created_at")
		return v
	case "Create":
		return object{"id": e.ID, "type": e.Type, "field_name": e.FieldName, "value": e.Value}
	case "Change":
		v := object{"id": e.ID, "type": e.Type, "field_name": e.FieldName, "value": e.Value, "previous_value": e.Previous}
		if e.Via != nil {
			v["via"] = e.Via.view()
		}
		return v
	case "EmailCcChange":
		return object{"id": e.ID, "type": e.Type, "current_email_ccs": e.Value, "previous_email_ccs": e.Previous, "via": a.Via.view()}
	case "FollowerChange":
		return object{"id": e.ID, "type": e.Type, "current_followers": e.Value, "previous_followers": e.Previous, "via": a.Via.view()}
	default:
		return object{"id": e.ID, "type": e.Type, "comment_id": e.CommentID}
	}
}

// systemMetadata is what Zendesk notes of each update; flags_options names
// the flagged user, which is personal data.
func systemMetadata(flags []int, user string) object {
	m := object{"system": object{"client": "zendesksim", "ip_address": "192.0.2.1", "location": "Nowhere"}}
	if len(flags) == 0 {
		return m
	}
	options := object{}
	for _, f := range flags {
		options[strconv.Itoa(f)] = object{"message": object{"user": user}, "trusted": f != FlagUntrusted && f != FlagUnverifiedSenderAddr}
	}
	m["flags"], m["flags_options"] = flags, options
	m["trusted"] = false
	m["suspension_type_id"] = nil
	return m
}

func (c *call) commentView(k *Comment) object {
	files := []object{}
	for _, id := range k.AttachmentIDs {
		files = append(files, c.attachmentView(c.attachments.get(id)))
	}
	user := ""
	if u := c.users.get(k.AuthorID); u != nil {
		user = u.Name
	}
	meta := systemMetadata(k.Flags, user)
	meta["custom"] = object{}
	return object{
		"id": k.ID, "type": "Comment", "author_id": k.AuthorID, "body": k.Body, "html_body": k.HTMLBody, "plain_body": k.Body,
		"public": k.Public, "attachments": files, "audit_id": k.AuditID, "via": k.Via.view(), "created_at": stamp(k.CreatedAt),
		"metadata": meta,
	}
}

func (c *call) attachmentView(a *Attachment) object {
	content := c.contentURL(a)
	return object{
		"url": c.url("attachments/%d", a.ID), "id": a.ID, "file_name": a.FileName, "content_url": content,
		"mapped_content_url": content, "content_type": a.ContentType, "size": len(a.Content), "width": nil, "height": nil,
		"inline": a.Inline, "deleted": false, "malware_access_override": false, "malware_scan_result": "malware_not_found",
		"thumbnails": []object{},
	}
}
