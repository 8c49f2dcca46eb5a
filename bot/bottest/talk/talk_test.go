package talk_test

import (
	"flag"
	"os"
	"strings"
	"sync"
	"testing"

	"privacydesk/bot/bottest/talk"
)

var update = flag.Bool("update", false, "write docs/conversations.md anew")

const doc = "../../../docs/conversations.md"

// chapters are all conversations, in the order of the page.
func chapters() []talk.Chapter {
	return []talk.Chapter{
		straight(), who(), whom(), consumers(), working(), replies(), reopened(), agents(), timing(), laws(), byHand(), attestation(), approval(), legal(), receipts(), after(), asItIs(),
	}
}

// TestConversations plays every scenario, and holds docs/conversations.md to
// what was said.
func TestConversations(t *testing.T) {
	var mu sync.Mutex
	said := map[string]string{}
	t.Run("play", func(t *testing.T) {
		for _, c := range chapters() {
			for _, s := range c.Scenarios {
				t.Run(s.Title, func(t *testing.T) {
					t.Parallel()
					k := talk.Open(t, s)
					s.Play(k)
					mu.Lock()
					defer mu.Unlock()
					said[c.Title+"/"+s.Title] = k.Transcript()
				})
			}
		}
	})
	if t.Failed() {
		return
	}
	page := write(t, said)
	if *update {
		if err := os.WriteFile(doc, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(doc)
	if err != nil || string(have) != page {
		t.Errorf("docs/conversations.md is not what the scenarios say (%v); write it anew: go test ./bot/bottest/talk -update", err)
	}
}

func write(t *testing.T, said map[string]string) string {
	var b strings.Builder
	b.WriteString("# Conversations\n\nWhat privacydesk says, and what a ticket shows, in every turn that a request can take. This page is written by the\n" +
		"tests that play these conversations against a simulated Zendesk (`go test ./bot/bottest/talk -update`).\n\n" +
		"Alex is an admin of the account acme, Gina of globex, Uli a plain user of acme; Carla is a consumer; Agnes is one of the vendor's\nagents. " +
		"Jane (jane@x.example) is in the data of both accounts. Codes of notes, which are others each time, are numbered.\n")
	titles := map[string]bool{}
	for _, c := range chapters() {
		b.WriteString("\n## " + c.Title + "\n")
		for _, s := range c.Scenarios {
			key := c.Title + "/" + s.Title
			if titles[key] {
				t.Errorf("two scenarios are called %q", key)
			}
			titles[key] = true
			if said[key] == "" {
				t.Fatalf("%q was not played: run all of them to compare the page", key)
			}
			b.WriteString("\n### " + s.Title + "\n\n" + said[key])
		}
	}
	return b.String()
}
