package zendesk

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"privacydesk/bot"
)

func TestInertText(t *testing.T) {
	for in, want := range map[string]string{
		"plain { text } 50%":        "plain { text } 50%",
		"{{ticket.id}}":             "{\u200b{ticket.id}\u200b}",
		"{{{x}}}":                   "{\u200b{\u200b{x}\u200b}\u200b}",
		"{%if%}":                    "{\u200b%if%\u200b}",
		"&#123;&#123;x&#125;&#125;": "{\u200b{x}\u200b}",
		"&lbrace;{x&rcub;}":         "{\u200b{x}\u200b}",
		"{&#37;x&#x25;}":            "{\u200b%x%\u200b}",
		"&amp;#123;{x":              "&amp;#123;{x",
		// A reference ends where its digits do; a semicolon is not needed.
		"&#123&#123ticket.id&#125&#125x":     "{\u200b{ticket.id}\u200b}x",
		"&#x7b&#X7Bticket.id&#x7d&#x07Dx":    "{\u200b{ticket.id}\u200b}x",
		"&#1234;&#x7bad;&#12;&#99999999999;": "&#1234;&#x7bad;&#12;&#99999999999;",
	} {
		if got := inert(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestRule6_NothingIsLeftToExpand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOf(rapid.SampledFrom([]string{"{", "}", "%", "&#123;", "&#125;", "&#37;", "&#0123", "&#x7b", "&#x7D", "&lcub;", "&rbrace;", "&percnt;", "a", " ", "&amp;", "<b>"}))
		out := inert(strings.Join(parts.Draw(t, "parts"), ""))
		for _, bad := range []string{"{{", "{%", "}}", "%}"} {
			if strings.Contains(out, bad) {
				t.Fatalf("%q still holds %q", out, bad)
			}
		}
		if again := inert(out); again != out {
			t.Fatalf("%q becomes %q when it is done twice", out, again)
		}
	})
}

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		`"a"`: "a", `null`: "", `12`: "12", `12.50`: "12.50", `true`: "true", `["a","b"]`: "a,b", `[]`: "", `[1,null]`: "1,", `{"a":1}`: `{"a":1}`, `1e400`: "1e400",
	} {
		var got text
		if err := json.Unmarshal([]byte(in), &got); err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v, want %q", in, got, err, want)
		}
	}
}

func FuzzTicketAnswer(f *testing.F) {
	f.Add(`{"ticket":{"id":1,"via":{"channel":0},"custom_fields":[{"id":2,"value":[1,{"a":null}]}],"ticket_form_id":"3"}}`)
	f.Add(`{"audits":[{"metadata":{"custom":{"privacydesk":{"request":"t1"}}},"events":[{"type":"Change","field_name":7,"value":"a b"}]}]}`)
	f.Fuzz(func(t *testing.T, raw string) {
		var answer struct {
			Ticket wireTicket `json:"ticket"`
			page
		}
		if json.Unmarshal([]byte(raw), &answer) != nil {
			return
		}
		r := &reader{Desk: &Desk{}, ticket: answer.Ticket, comments: answer.Comments, audits: answer.Audits, people: map[int64]bot.Person{}, me: 5}
		r.meet(answer.Users)
		got := r.assemble()
		for _, m := range got.Marks {
			if m.Request == "" {
				t.Fatal("a mark without a request")
			}
		}
		for _, tag := range got.AgentTags {
			if !slices.Contains(got.Tags, tag) {
				t.Fatal("an agent's tag that is not on the ticket")
			}
		}
	})
}

// A trigger's doings stand in the audit of the agent who set it off.
func TestAgentTagsOfEvents(t *testing.T) {
	const agent, us = 7, 5
	event := func(before, after []string, v *via) wireEvent {
		b, _ := json.Marshal(before)
		a, _ := json.Marshal(after)
		return wireEvent{Type: "Change", Field: "tags", Value: a, Previous: b, Via: v}
	}
	rule, web := &via{Channel: "rule"}, via{Channel: "web"}
	for _, c := range []struct {
		name  string
		audit wireAudit
		want  bool
	}{
		{"by hand", wireAudit{Author: agent, Via: web, Events: []wireEvent{event(nil, []string{"x"}, nil)}}, true},
		{"by hand on the phone", wireAudit{Author: agent, Via: via{Channel: "mobile"}, Events: []wireEvent{event(nil, []string{"x"}, nil)}}, true},
		{"older text", wireAudit{Author: agent, Via: web, Events: []wireEvent{{Type: "Change", Field: "tags", Value: json.RawMessage(`"y x"`), Previous: json.RawMessage(`"y"`)}}}, true},
		{"trigger in an agent's update", wireAudit{Author: agent, Via: web, Events: []wireEvent{event(nil, []string{"x"}, rule)}}, false},
		{"automation", wireAudit{Author: -1, Via: *rule, Events: []wireEvent{event(nil, []string{"x"}, nil)}}, false},
		{"mail", wireAudit{Author: agent, Via: via{Channel: "email"}, Events: []wireEvent{event(nil, []string{"x"}, nil)}}, false},
		{"us", wireAudit{Author: us, Via: web, Events: []wireEvent{event(nil, []string{"x"}, nil)}}, false},
		{"somebody unknown", wireAudit{Author: 99, Via: web, Events: []wireEvent{event(nil, []string{"x"}, nil)}}, false},
		{"was there before", wireAudit{Author: agent, Via: web, Events: []wireEvent{event([]string{"x"}, []string{"x", "z"}, nil)}}, false},
	} {
		r := &reader{me: us, audits: []wireAudit{c.audit}, ticket: wireTicket{Tags: []string{"x"}}, people: map[int64]bot.Person{
			agent: {ID: agent, Role: "agent"}, us: {ID: us, Role: "admin"},
		}}
		if got := slices.Contains(r.agentTags(), "x"); got != c.want {
			t.Errorf("%s: got %t", c.name, got)
		}
	}
}

func TestViaOfAnyShape(t *testing.T) {
	for in, want := range map[string]text{
		`{"channel":"web","source":{"from":null}}`: "web", `{"channel":4}`: "4", `{"channel":null}`: "", `{}`: "", `null`: "",
		`"Mail"`: "Mail", `7`: "7", `[]`: "", `["a"]`: "a", `true`: "true",
	} {
		var got wireAudit
		if err := json.Unmarshal([]byte(`{"id":1,"via":`+in+`,"events":[{"type":"Change","via":`+in+`}]}`), &got); err != nil || got.Via.Channel != want {
			t.Errorf("%s: got %q, %v, want %q", in, got.Via.Channel, err, want)
		}
	}
}

func TestStampRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := stamp{time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "at"), 0).UTC(), rapid.Bool().Draw(t, "unassigned"), rapid.StringMatching(`([a-z0-9_/;=-]+( [a-z0-9_/;=-]+)*)?`).Draw(t, "tags")}
		got, err := parseStamp(want.String())
		if err != nil || got != want {
			t.Fatalf("got %v, %v, want %v", got, err, want)
		}
	})
	if _, err := parseStamp("yesterday"); err == nil {
		t.Error("no time is a stamp")
	}
}

func TestBudgetLearns(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	ctx := t.Context()
	b := newBudget(Options{}, nil)
	if wait := b.take(ctx, now, false); wait != 0 {
		t.Errorf("nothing is known, and it waits %s", wait)
	}
	head := func(total, left, reset string) http.Header {
		return http.Header{"X-Rate-Limit": {total}, "X-Rate-Limit-Remaining": {left}, "Ratelimit-Reset": {reset}}
	}
	b.learn(ctx, now, 0, 200, head("400", "300", "30"))
	spend := func(patient bool) (n int) {
		for b.take(ctx, now, patient) == 0 {
			n++
		}
		return n
	}
	if slow, quick := spend(true), spend(false); slow != 15 || quick != 15 { // a tenth of three quarters of 400
		t.Errorf("%d calls that can wait and %d others at once", slow, quick)
	}
	now = now.Add(200 * time.Millisecond)
	if wait := b.take(ctx, now, true); wait < 2*time.Second {
		t.Errorf("what can wait waits %s alone", wait)
	}
	if b.take(ctx, now, false) != 0 {
		t.Error("300 a minute is one each 200 ms")
	}
	b.learn(ctx, now, 0, 200, head("400", "20", "30"))
	if wait := b.take(ctx, now.Add(29*time.Second), false); wait != time.Second {
		t.Errorf("the last twentieth belongs to others, and it waits %s", wait)
	}
	if b.take(ctx, now.Add(31*time.Second), false) != 0 {
		t.Error("the minute is over")
	}
}

// One call that met the account's limit holds the others back too, and no
// header holds them for ever.
func TestBudgetAfterARefusal(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	for _, c := range []struct {
		name   string
		ticket int64
		status int
		head   http.Header
		calls  time.Duration // until the next call
		update time.Duration // and the next update of the ticket
	}{
		{"the account's", 7, 429, http.Header{"X-Rate-Limit": {"400"}, "X-Rate-Limit-Remaining": {"0"}, "Retry-After": {"40"}}, 40 * time.Second, 0},
		{"a ticket's own", 7, 429, http.Header{"X-Rate-Limit": {"400"}, "X-Rate-Limit-Remaining": {"300"}, "Retry-After": {"40"}}, 0, 40 * time.Second},
		{"an endpoint's own", 0, 429, http.Header{"X-Rate-Limit": {"400"}, "X-Rate-Limit-Remaining": {"300"}, "Retry-After": {"40"}}, 0, 0},
		{"of whom nothing is said", 0, 429, http.Header{"Retry-After": {"40"}}, 40 * time.Second, 0},
		{"a time instead of seconds", 0, 200, http.Header{"X-Rate-Limit": {"400"}, "X-Rate-Limit-Remaining": {"0"}, "Ratelimit-Reset": {"1800000030"}}, longestHold, 0},
		{"a plan of one", 0, 200, http.Header{"X-Rate-Limit": {"1"}, "X-Rate-Limit-Remaining": {"1"}}, 0, 0},
	} {
		b := newBudget(DefaultOptions(), nil)
		b.learn(t.Context(), now, c.ticket, c.status, c.head)
		if wait := b.update(t.Context(), now, 7, false); wait != c.update {
			t.Errorf("%s: an update waits %s, want %s", c.name, wait, c.update)
		}
		if wait := b.take(t.Context(), now, false); wait != c.calls {
			t.Errorf("%s: waits %s, want %s", c.name, wait, c.calls)
		}
		if wait := b.take(t.Context(), now.Add(longestHold), false); wait != 0 {
			t.Errorf("%s: holds for longer than it may: %s", c.name, wait)
		}
	}
}

// TestUpdatesOfATicketAreSpaced: never more than 30 in ten minutes, whatever
// the hurry, and what can wait leaves half to what can't.
func TestUpdatesOfATicketAreSpaced(t *testing.T) {
	b := newBudget(DefaultOptions(), nil)
	now := time.Unix(1_800_000_000, 0)
	var done []time.Time
	patient := 0
	for end := now.Add(time.Hour); now.Before(end); now = now.Add(time.Second) {
		if patient < 10 && b.update(t.Context(), now, 7, true) == 0 {
			patient++
			done = append(done, now)
			continue
		}
		if patient == 10 && len(done) == 10 && b.update(t.Context(), now, 7, true) == 0 {
			t.Fatal("what can wait took of the last half")
		}
		if b.update(t.Context(), now, 7, false) == 0 {
			done = append(done, now)
		}
		if wait := b.update(t.Context(), now, 8, false); wait > time.Minute {
			t.Fatalf("another ticket waits %s", wait)
		}
	}
	if len(done) < 60 {
		t.Fatalf("%d updates in an hour", len(done))
	}
	for i := 30; i < len(done); i++ {
		if took := done[i].Sub(done[i-30]); took < 10*time.Minute {
			t.Fatalf("31 updates in %s", took)
		}
	}
}

// awayPurse is shared by four, and then it is away.
type awayPurse struct{ away bool }

func (p *awayPurse) Take(context.Context, time.Time, ...bot.Draw) (time.Duration, int, error) {
	if p.away {
		return 0, 0, errors.New("it is away")
	}
	return 0, 4, nil
}

func (p *awayPurse) Look(context.Context, time.Time, bot.Draw) (time.Duration, error) {
	return 0, errors.New("it is away")
}

func (p *awayPurse) Rest(context.Context, string, time.Time) error { return nil }

// TestEachKeepsToItsPartAlone: without the shared purse, four processes
// together spend what one budget allows.
func TestEachKeepsToItsPartAlone(t *testing.T) {
	purse := &awayPurse{}
	b := newBudget(Options{RequestsPerMinute: 400}, purse)
	now := time.Unix(1_800_000_000, 0)
	if b.take(t.Context(), now, true) != 0 {
		t.Fatal("the shared purse gave, and it waits")
	}
	purse.away = true
	spent := 0
	for end := now.Add(10 * time.Minute); now.Before(end); now = now.Add(50 * time.Millisecond) {
		if b.take(t.Context(), now, true) == 0 {
			spent++
		}
	}
	if spent < 990 || spent > 1000+10 {
		t.Errorf("%d calls in ten minutes, want a quarter of 4000", spent)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for in, want := range map[string]time.Duration{
		"": 0, "17": 17 * time.Second, "-1": 0, "soon": 0, "Mon, 02 Mar 2026 09:00:40 GMT": 40 * time.Second, "Mon, 02 Mar 2026 08:00:00 GMT": 0,
	} {
		if got := retryAfter(now, http.Header{"Retry-After": {in}}); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

func TestPickStatus(t *testing.T) {
	all := []wireStatus{
		{ID: 1, Category: "solved", Agent: "Solved", EndUser: "Resolved", Active: true},
		{ID: 2, Category: "open", Agent: "Resolved", Active: true},
		{ID: 3, Category: "solved", Agent: "Resolved", Active: false},
		{ID: 4, Category: "solved", Agent: " resolved ", Active: true},
	}
	for want, id := range map[string]int64{"Resolved": 4, "Solved": 1, "1": 1, "2": 0, "3": 0, "No": 0} {
		if got := pickStatus(all, want); got != id {
			t.Errorf("%s: got %d, want %d", want, got, id)
		}
	}
	if got := pickStatus(all[:3], "Resolved"); got != 1 {
		t.Errorf("what customers read: got %d", got)
	}
}

// A page of the largest comments that Zendesk keeps, in the spelling that
// takes most room, can be held.
func TestRule12_LargestPageFits(t *testing.T) {
	text := strings.Repeat("<", 64<<10)
	one, err := json.Marshal(map[string]string{"body": text, "plain_body": text, "html_body": strings.ReplaceAll(text, "<", "&lt;")})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []bound{commentBound(), auditBound()} {
		if most := b.size * (len(one) + 10_000); most > maxAnswer {
			t.Errorf("%d comments a page may take %d bytes of %d", b.size, most, maxAnswer)
		}
		if b.size*b.pages < 5_000 {
			t.Errorf("only %d rows can be read", b.size*b.pages)
		}
	}
}

func TestEndpointsHaveNoIDs(t *testing.T) {
	for in, want := range map[string]string{
		"/api/v2/tickets/35.json":                 "tickets/:id",
		"/api/v2/users/7/identities.json":         "users/:id/identities",
		"/api/v2/uploads/aB3xToken.json":          "uploads/:token",
		"/api/v2/uploads.json":                    "uploads",
		"/oauth/tokens":                           "/oauth/tokens",
		"/api/v2/incremental/tickets/cursor.json": "incremental/tickets/cursor",
	} {
		if got := endpoint(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}
