package zendesk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// thing is any object of the account's configuration, as far as a set-up looks
// at it. Each kind of object fills its own part.
type thing struct {
	ID               text          `json:"id"`
	Title            text          `json:"title"`
	Name             text          `json:"name"`
	AgentLabel       text          `json:"agent_label"`
	Description      text          `json:"description"`
	AgentDescription text          `json:"agent_description"`
	Active           *bool         `json:"active"`
	Type             string        `json:"type"`
	Tag              text          `json:"tag"`
	Options          []fieldOption `json:"custom_field_options"`
	Visible          bool          `json:"visible_in_portal"`
	Editable         bool          `json:"editable_in_portal"`
	Required         bool          `json:"required_in_portal"`
	FieldIDs         []int64       `json:"ticket_field_ids"`
	EndUserVisible   bool          `json:"end_user_visible"`
	Category         string        `json:"status_category"`
	Conditions       conditions    `json:"conditions"`
	Actions          []ruleAction  `json:"actions"`
	Status           string        `json:"status"`
	Endpoint         string        `json:"endpoint"`
	Method           string        `json:"http_method"`
	Format           string        `json:"request_format"`
	Subscriptions    []string      `json:"subscriptions"`
}

type fieldOption struct {
	ID    int64  `json:"id,omitempty"`
	Name  string `json:"name"`
	Value string `json:"value"`
}

type conditions struct {
	All []condition `json:"all"`
	Any []condition `json:"any"`
}

type condition struct {
	Field    string `json:"field"`
	Operator string `json:"operator"`
	Value    text   `json:"value"`
}

type ruleAction struct {
	Field string `json:"field"`
	Value any    `json:"value"`
}

// label is how people call the object.
func (t thing) label() string {
	for _, s := range []text{t.Title, t.Name, t.AgentLabel} {
		if s != "" {
			return string(s)
		}
	}
	return ""
}

// marked is true for objects that a set-up made as the one of that mark.
func (t thing) marked(mark string) bool {
	return strings.Contains(string(t.Description), mark) || strings.Contains(string(t.AgentDescription), mark)
}

// on is true for objects that are in use.
func (t thing) on() bool { return (t.Active == nil || *t.Active) && t.Status != "inactive" }

// number is the id of an object that has a number; 0 for others.
func (t thing) number() int64 {
	var id optionalID
	if id.UnmarshalJSON([]byte(`"`+string(t.ID)+`"`)) != nil {
		return 0
	}
	return int64(id)
}

// collection is a kind of object: its path and key in the API, and what it is
// called.
type collection struct{ path, key, one, called string }

func collections() []collection {
	return []collection{
		{"ticket_fields", "ticket_fields", "ticket_field", "ticket fields"},
		{"ticket_forms", "ticket_forms", "ticket_form", "ticket forms"},
		{"custom_statuses", "custom_statuses", "custom_status", "custom ticket statuses"},
		{"webhooks", "webhooks", "webhook", "webhooks"},
		{"triggers", "triggers", "trigger", "triggers"},
		{"automations", "automations", "automation", "automations"},
		{"views", "views", "view", "views"},
	}
}

// objectBound is how much is read of one kind of object.
func objectBound() bound { return bound{maxIDs, 50} }

// inventory is what the account has, by kind of object.
type inventory struct {
	things map[string][]thing
	// closed names what the account does not let us see, with the status.
	closed   map[string]int
	settings wireSettings
	at       time.Time // when it was begun, by Zendesk's clock or by ours, whichever is behind
}

type wireSettings struct {
	Tickets struct {
		Private *bool `json:"private_attachments"`
		Mailed  *bool `json:"email_attachments"`
		Tagging *bool `json:"tagging"`
	} `json:"tickets"`
	Features struct {
		Forms *bool `json:"ticket_forms"`
	} `json:"active_features"`
}

// takeInventory reads everything once. An error means that the account could
// not be asked; what it refuses to show is noted.
func (d *Desk) takeInventory(ctx context.Context) (*inventory, error) {
	inv := &inventory{things: map[string][]thing{}, closed: map[string]int{}, at: d.clock()}
	var answer struct {
		Settings wireSettings `json:"settings"`
	}
	head, err := d.fetch(ctx, "read the account's settings", "/account/settings.json", &answer)
	switch {
	case err != nil && denied(err):
		inv.closed["account/settings"] = status(err)
	case err != nil:
		return nil, forSide(err)
	}
	inv.settings = answer.Settings
	if theirs, err := http.ParseTime(head.Get("Date")); err == nil && theirs.Before(inv.at) {
		inv.at = theirs
	}
	for _, c := range collections() {
		rows, err := d.list(ctx, c)
		switch {
		case err != nil && denied(err):
			inv.closed[c.path] = status(err)
		case err != nil:
			return nil, forSide(err)
		}
		inv.things[c.path] = rows
	}
	return inv, nil
}

// list reads all objects of a kind.
func (d *Desk) list(ctx context.Context, c collection) ([]thing, error) {
	op := "read the " + c.called
	var all []thing
	query := url.Values{"page[size]": {fmt.Sprint(objectBound().size)}}
	for range objectBound().pages {
		var answer map[string]json.RawMessage
		if err := d.get(ctx, op, "/"+c.path+"?"+query.Encode(), &answer); err != nil {
			return nil, err
		}
		var rows []thing
		var meta pageMeta
		if err := decode(op, answer[c.key], &rows); err != nil {
			return nil, err
		}
		if raw := answer["meta"]; raw != nil {
			if err := decode(op, raw, &meta); err != nil {
				return nil, err
			}
		}
		all = append(all, rows...)
		if !meta.HasMore {
			return all, nil
		}
		if meta.After == "" || string(meta.After) == query.Get("page[after]") {
			return nil, fmt.Errorf("%s: %w", op, errShape)
		}
		query.Set("page[after]", string(meta.After))
	}
	return nil, fmt.Errorf("%s: %w", op, errTooManyPages)
}

// byID finds an object; nil when there is none.
func (inv *inventory) byID(path, id string) *thing {
	return inv.first(path, func(t thing) bool { return id != "" && string(t.ID) == id })
}

func (inv *inventory) first(path string, is func(thing) bool) *thing {
	rows := inv.things[path]
	if at := slices.IndexFunc(rows, is); at >= 0 {
		return &rows[at]
	}
	return nil
}

// write creates or changes an object and returns it as it is then; the zero
// thing when the answer has no body.
func (d *Desk) write(ctx context.Context, op, method, path, key string, body map[string]any) (thing, error) {
	raw, err := json.Marshal(map[string]any{key: body})
	if err != nil {
		return thing{}, fmt.Errorf("%s: the object does not encode", op)
	}
	_, answer, err := d.send(ctx, op, method, path, func(r *http.Request) {
		r.Header.Set("Content-Type", "application/json")
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(raw)), nil }
		r.Body, _ = r.GetBody() // it never fails
		r.ContentLength = int64(len(raw))
	})
	if err != nil || len(answer) == 0 {
		return thing{}, err
	}
	var in map[string]json.RawMessage
	var made thing
	if err := errors.Join(decode(op, answer, &in), decode(op, in[key], &made)); err != nil {
		return thing{}, err
	}
	return made, nil
}
