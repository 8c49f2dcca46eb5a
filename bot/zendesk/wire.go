package zendesk

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"privacydesk/bot"
)

// text reads whatever stands where a text is expected: a string as it is, a
// number or a truth value by its spelling, null as nothing, a list by its
// members with commas between, anything else as JSON. Zendesk's custom fields
// and channels are all of these.
type text string

func (t *text) UnmarshalJSON(raw []byte) error {
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0 || bytes.Equal(raw, []byte("null")):
		*t = ""
	case raw[0] == '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		*t = text(s)
	case raw[0] == '[':
		var list []text
		if err := json.Unmarshal(raw, &list); err != nil {
			return err
		}
		parts := make([]string, len(list))
		for i, one := range list {
			parts[i] = string(one)
		}
		*t = text(strings.Join(parts, ","))
	default:
		*t = text(raw)
	}
	return nil
}

// optionalID reads an id that may be a number, numeric text, or null.
type optionalID int64

func (id *optionalID) UnmarshalJSON(raw []byte) error {
	var t text
	if err := t.UnmarshalJSON(raw); err != nil {
		return err
	}
	if t == "" {
		*id = 0
		return nil
	}
	n, err := strconv.ParseInt(string(t), 10, 64)
	*id = optionalID(n)
	return err
}

// via is how something came in; some answers name the channel alone.
type via struct {
	Channel text
	Source  source
}

func (v *via) UnmarshalJSON(raw []byte) error {
	var whole struct {
		Channel text   `json:"channel"`
		Source  source `json:"source"`
	}
	if err := json.Unmarshal(raw, &whole); err != nil {
		return v.Channel.UnmarshalJSON(raw)
	}
	v.Channel, v.Source = whole.Channel, whole.Source
	return nil
}

// source tells where something came from. Its shape differs by channel; what
// has another one than is looked for counts as empty.
type source struct {
	Rel      text
	From, To viaSide
}

func (s *source) UnmarshalJSON(raw []byte) error {
	var outer struct {
		Rel  text            `json:"rel"`
		From json.RawMessage `json:"from"`
		To   json.RawMessage `json:"to"`
	}
	if json.Unmarshal(raw, &outer) == nil {
		s.Rel = outer.Rel
	}
	for side, raw := range map[*viaSide]json.RawMessage{&s.From: outer.From, &s.To: outer.To} {
		var read viaSide
		if json.Unmarshal(raw, &read) == nil {
			*side = read
		}
	}
	return nil
}

// viaSide names the tickets at one end of a merge [docs, via object].
type viaSide struct {
	Ticket  optionalID   `json:"ticket_id"`
	Tickets []optionalID `json:"ticket_ids"`
	Address text         `json:"address"` // of a mail
	Title   text         `json:"title"`   // of a rule
}

func (s viaSide) tickets() []int64 {
	var out []int64
	for _, id := range append(slices.Clone(s.Tickets), s.Ticket) {
		if id > 0 {
			out = append(out, int64(id))
		}
	}
	return out
}

func (v via) merges() bool { return v.Source.Rel == "merge" }

type wireTicket struct {
	ID           int64      `json:"id"`
	Created      time.Time  `json:"created_at"`
	Updated      time.Time  `json:"updated_at"`
	Status       bot.Status `json:"status"`
	Form         optionalID `json:"ticket_form_id"`
	Tags         []string   `json:"tags"`
	Subject      text       `json:"subject"`
	Via          via        `json:"via"`
	FollowupOf   optionalID `json:"via_followup_source_id"`
	Requester    int64      `json:"requester_id"`
	Submitter    int64      `json:"submitter_id"`
	Assignee     optionalID `json:"assignee_id"`
	Organization optionalID `json:"organization_id"`
	CCs          []int64    `json:"email_cc_ids"`
	Followers    []int64    `json:"follower_ids"`
	// Collaborators are both, in accounts that have the older CCs.
	Collaborators []int64     `json:"collaborator_ids"`
	Sharing       []int64     `json:"sharing_agreement_ids"`
	Fields        []wireField `json:"custom_fields"`
}

// followupOf is the closed ticket that this one continues, -1 for one that is
// not named. Zendesk tells in via (reference of the via object); the property by
// which a follow-up is made is documented as write-only.
func (w wireTicket) followupOf() int64 {
	if w.FollowupOf != 0 {
		return int64(w.FollowupOf)
	}
	if w.Via.Source.Rel != "follow_up" {
		return 0
	}
	if w.Via.Source.From.Ticket == 0 {
		return -1
	}
	return int64(w.Via.Source.From.Ticket)
}

type wireField struct {
	ID    int64 `json:"id"`
	Value text  `json:"value"`
}

type wireUser struct {
	ID           int64           `json:"id"`
	Name         text            `json:"name"`
	Email        text            `json:"email"`
	Role         string          `json:"role"`
	Suspended    bool            `json:"suspended"`
	Active       bool            `json:"active"`
	Organization optionalID      `json:"organization_id"`
	Restriction  text            `json:"ticket_restriction"`
	Fields       map[string]text `json:"user_fields"`
	Locale       text            `json:"locale"`
}

type wireMetadata struct {
	Flags  []int `json:"flags"`
	System struct {
		Message text `json:"message_id"`
	} `json:"system"`
	Custom json.RawMessage `json:"custom"`
}

type wireComment struct {
	ID       int64        `json:"id"`
	Author   int64        `json:"author_id"`
	Public   bool         `json:"public"`
	Created  time.Time    `json:"created_at"`
	Body     string       `json:"body"`
	Plain    string       `json:"plain_body"`
	HTML     string       `json:"html_body"`
	Files    []wireFile   `json:"attachments"`
	Audit    optionalID   `json:"audit_id"`
	Via      via          `json:"via"`
	Metadata wireMetadata `json:"metadata"`
	seen     *string      // what its HTML shows, where that is not its text
}

type wireFile struct {
	ID          int64 `json:"id"`
	Name        text  `json:"file_name"`
	ContentType text  `json:"content_type"`
	URL         text  `json:"content_url"`
	Size        int64 `json:"size"`
	Deleted     bool  `json:"deleted"`
}

type wireAudit struct {
	ID       int64        `json:"id"`
	Author   int64        `json:"author_id"`
	Created  time.Time    `json:"created_at"`
	Via      via          `json:"via"`
	Metadata wireMetadata `json:"metadata"`
	Events   []wireEvent  `json:"events"`
}

type wireEvent struct {
	Type     string          `json:"type"`
	Field    text            `json:"field_name"`
	Value    json.RawMessage `json:"value"`
	Previous json.RawMessage `json:"previous_value"`
	Via      *via            `json:"via"`
	raw      json.RawMessage // the whole event
}

// UnmarshalJSON keeps the event as it came: what kinds of events hold is not
// known beforehand, and all of it is searched for an address.
func (e *wireEvent) UnmarshalJSON(raw []byte) error {
	type plain wireEvent
	if err := json.Unmarshal(raw, (*plain)(e)); err != nil {
		return err
	}
	e.raw = bytes.Clone(raw)
	return nil
}

// tagList reads the tags of an event: a list, or one text with blanks.
func tagList(raw json.RawMessage) []string {
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		return list
	}
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return strings.Fields(one)
	}
	return nil
}

// marker is what a step leaves in its update's metadata.
type marker struct {
	Request string `json:"request"`
	Step    string `json:"step"`
	MAC     string `json:"mac"`
}

const markerKey = "privacydesk"

// mark reads the marker of an audit; false when there is none.
func (a wireAudit) mark() (bot.Mark, bool) {
	var custom map[string]json.RawMessage
	var m marker
	if json.Unmarshal(a.Metadata.Custom, &custom) != nil || json.Unmarshal(custom[markerKey], &m) != nil || m.Request == "" {
		return bot.Mark{}, false // somebody else's metadata, in whatever shape
	}
	return bot.Mark{Request: m.Request, Step: m.Step, MAC: m.MAC, At: a.Created}, true
}
