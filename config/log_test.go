package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"
	"pgregory.net/rapid"
)

// No address gets into the log: not by message, field, field's name or error.
func TestRule10_NoAddressGetsIntoTheLog(t *testing.T) {
	for _, address := range []string{
		"jo.doe@example.com", "Jo.Doe+tag@EXAMPLE.com", "o'doe@example.com", `"jo doe"@example.com`, "jo.doe%40example.com", "jo.doe%2540example.com",
		`jo.doe\u0040example.com`, "jo.doe&#64;example.com", "jo.doe＠example.com", "jo.doe @ example.com", "doe@localhost", "dörte.doe@exämple.com",
		"x=doe@example.com", "doe@[192.0.2.1]",
	} {
		for _, format := range []string{"text", "json"} {
			var out bytes.Buffer
			log := NewLogger(LogOptions{Level: "debug", Format: format}, &out)
			log.WithFields(logrus.Fields{
				"error": fmt.Errorf("step: %w", errors.New("no mailbox for <"+address+">")), "reason": "to " + address,
				"where": []string{address}, "problem": struct{ Who string }{address}, "state": []byte(address), "path": &address,
				"address": address, "name": "Doe", "subject": "Doe", address: 1,
			}).WithError(errors.New("rejected: "+address)).Warnf("could not write to %s, sorry", address)
			log.WithField("f", func() string { return address }).Error("field " + address)
			if got := strings.ToLower(out.String()); strings.Contains(got, "doe") {
				t.Errorf("%s: %s of %s got out: %s", format, "a part", address, got)
			}
			if !strings.Contains(out.String(), "could not write to") || !strings.Contains(out.String(), "[address]") {
				t.Errorf("%s: the message was lost: %s", format, out.String())
			}
		}
	}
}

func TestLogKeepsWhatIsNoAddress(t *testing.T) {
	var out bytes.Buffer
	log := NewLogger(LogOptions{Level: "info", Format: "json"}, &out)
	log.WithFields(logrus.Fields{"request": "t42", "attempt": 3, "count": int64(7), "took": "1.5s", "unknown": "x", "schedule": "@every 5m"}).Info("100% of 3 rows\nkept")
	log.Debug("not shown")
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, out.String())
	}
	delete(got, "time")
	want := map[string]any{
		"request": "t42", "attempt": 3.0, "count": 7.0, "took": "1.5s", "schedule": "@every 5m",
		"msg": "100% of 3 rows\nkept", "level": "info",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Any pair of words that an at sign joins is taken out, in any surroundings.
func TestRule10_AnyAddressIsScrubbed(t *testing.T) {
	g := guard{patterns: addressPatterns()}
	rapid.Check(t, func(t *rapid.T) {
		local := rapid.StringMatching(`zq[a-z0-9.!#$&'*+/=?^_{|}~-]{0,8}zq`).Draw(t, "local")
		domain := rapid.StringMatching(`zq[a-z0-9-]{0,6}(\.[a-z]{2,5})?`).Draw(t, "domain")
		around := rapid.StringMatching(`[a-y @<>"(),;:\\%&]{0,12}`)
		text := around.Draw(t, "before") + " " + local + "@" + domain + " " + around.Draw(t, "after")
		if got := g.scrub(text); strings.Contains(got, "zq") {
			t.Fatalf("%q became %q", text, got)
		}
	})
}
