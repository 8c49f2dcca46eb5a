package talk_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"privacydesk/bot"
	"privacydesk/bot/bottest/talk"
)

var update = flag.Bool("update", false, "write docs/conversations.md and docs/conversations/ anew")

// docs is where the pages lie: an index, and a page a chapter.
const docs = "../../../docs"

// chapters are all conversations, in the order of the page.
func chapters() []talk.Chapter {
	return []talk.Chapter{
		straight(), who(), whom(), consumers(), working(), replies(), reopened(), agents(), timing(), laws(), byHand(), attestation(), approval(), legal(), receipts(), after(), asItIs(),
	}
}

// played is what became of a scenario.
type played struct {
	said string
	whys []bot.Reason
}

// TestConversations plays every scenario, and holds docs/conversations.md and
// the pages below it to what was said.
func TestConversations(t *testing.T) {
	var mu sync.Mutex
	said := map[string]played{}
	t.Run("play", func(t *testing.T) {
		for _, c := range chapters() {
			for _, s := range c.Scenarios {
				t.Run(s.Title, func(t *testing.T) {
					t.Parallel()
					k := talk.Open(t, s)
					s.Play(k)
					mu.Lock()
					defer mu.Unlock()
					said[c.Title+"/"+s.Title] = played{k.Transcript(), k.Reasons()}
				})
			}
		}
	})
	if t.Failed() {
		return
	}
	want := write(t, said)
	if *update {
		if err := os.RemoveAll(filepath.Join(docs, "conversations")); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(filepath.Join(docs, "conversations"), 0o755); err != nil {
			t.Fatal(err)
		}
		for name, page := range want {
			if err := os.WriteFile(filepath.Join(docs, name), []byte(page), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, page := range want {
		if have, err := os.ReadFile(filepath.Join(docs, name)); err != nil || string(have) != page {
			t.Errorf("docs/%s is not what the scenarios say (%v); write it anew: go test ./bot/bottest/talk -update", name, err)
		}
	}
	files, err := filepath.Glob(filepath.Join(docs, "conversations", "*"))
	if err != nil || len(files) != len(want)-1 {
		t.Errorf("docs/conversations has %d files, and there are %d chapters: %v", len(files), len(want)-1, err)
	}
}

const intro = `# Conversations

What privacydesk says, and what a ticket shows, in every turn that a request can take. These pages are written by the
tests that play the conversations against a simulated Zendesk (` + "`go test ./bot/bottest/talk -update`" + `).

Alex is an admin of the account acme, Gina of globex, Uli a plain user of acme; Carla is a consumer; Agnes is one of the vendor's
agents. Jane (jane@x.example) is in the data of both accounts. Codes of notes, which are others each time, are numbered.
`

// write are the pages by their names below docs.
func write(t *testing.T, said map[string]played) map[string]string {
	out := map[string]string{}
	var index strings.Builder
	index.WriteString(intro)
	byReason := map[bot.Reason][]string{}
	titles := map[string]bool{}
	for _, c := range chapters() {
		name := "conversations/" + anchor(c.Title) + ".md"
		fmt.Fprintf(&index, "\n## %s\n\n", c.Title)
		var page strings.Builder
		page.WriteString("# " + c.Title + "\n\nWho is who stands in [conversations](../conversations.md).\n")
		for _, s := range c.Scenarios {
			key := c.Title + "/" + s.Title
			if titles[key] {
				t.Errorf("two scenarios are called %q", key)
			}
			titles[key] = true
			if said[key].said == "" {
				t.Fatalf("%q was not played: run all of them to compare the pages", key)
			}
			link := fmt.Sprintf("[%s](%s#%s)", s.Title, name, anchor(s.Title))
			index.WriteString("- " + link + "\n")
			for _, why := range said[key].whys {
				byReason[why] = append(byReason[why], link)
			}
			page.WriteString("\n## " + s.Title + "\n\n" + said[key].said)
		}
		out[name] = page.String()
	}
	index.WriteString("\n## By reason code\n\nThe codes that `requests list` and the notes show.\n\n| code | conversations |\n| --- | --- |\n")
	for _, why := range slices.Sorted(maps.Keys(byReason)) {
		fmt.Fprintf(&index, "| `%s` | %s |\n", why, strings.Join(byReason[why], " · "))
	}
	out["conversations.md"] = index.String()
	return out
}

// anchor is what a heading is called in links, as GitHub does.
func anchor(title string) string {
	title = regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(title), "")
	return strings.ReplaceAll(title, " ", "-")
}
