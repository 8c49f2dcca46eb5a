package config

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestWhatFollowsAnAnswerIsConfigured(t *testing.T) {
	c, err := load(t, minimal, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := c.Settings("test")
	if !s.CleanTicket || s.DeleteTicket || s.Deletes.Rescan.When != "after" || !slices.Equal(s.Deletes.Rescan.At, []time.Duration{24 * time.Hour, 72 * time.Hour}) {
		t.Errorf("defaults: %t, %t, %+v", s.CleanTicket, s.DeleteTicket, s.Deletes.Rescan)
	}
	text := strings.Replace(minimal, "zendesk:\n", "zendesk:\n  required_fields: {\"360001\": privacy}\n", 1) +
		"deletes: {rescan: {when: before, at: [1d, 48h]}}\nrequests: {clean_ticket: false, delete_ticket: true}\n"
	if c, err = load(t, text, nil, nil); err != nil {
		t.Fatal(err)
	}
	s = c.Settings("test")
	if s.CleanTicket || !s.DeleteTicket || s.Deletes.Rescan.When != "before" || !slices.Equal(s.Deletes.Rescan.At, []time.Duration{24 * time.Hour, 48 * time.Hour}) {
		t.Errorf("got %t, %t, %+v", s.CleanTicket, s.DeleteTicket, s.Deletes.Rescan)
	}
	if c.Zendesk.RequiredFields["360001"] != "privacy" {
		t.Errorf("got %v", c.Zendesk.RequiredFields)
	}
	for _, bad := range []string{"deletes: {rescan: {when: sometimes}}\n", "deletes: {rescan: {at: [72h, 24h]}}\n"} {
		if _, err := load(t, minimal+bad, nil, nil); err == nil || !strings.Contains(err.Error(), "deletes.rescan") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	bad := strings.Replace(minimal, "zendesk:\n", "zendesk:\n  required_fields: {cause: privacy}\n", 1)
	if _, err := load(t, bad, nil, nil); err == nil || !strings.Contains(err.Error(), "required_fields.cause") {
		t.Errorf("got %v", err)
	}
}
