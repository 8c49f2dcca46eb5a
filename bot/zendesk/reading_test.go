package zendesk_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/zendesksim"
)

func TestFieldsOfAllTypes(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	add := func(kind string, options ...zendesksim.FieldOption) int64 {
		return w.sim.AddTicketField(zendesksim.TicketField{Title: kind, Type: kind, Options: options})
	}
	number, many, tick, empty := add("decimal"), add("multiselect", zendesksim.FieldOption{Name: "A", Value: "a"}, zendesksim.FieldOption{Name: "B", Value: "b"}), add("checkbox"), add("text")
	id := w.sim.FileTicket(zendesksim.NewTicket{
		RequesterID: w.ann, Subject: "x", Body: "y", Channel: "email",
		CustomFields: map[int64]any{number: 12.5, many: []string{"a", "b"}, tick: true, w.due: "2026-04-01"},
	})
	got := w.ticket(id)
	for field, want := range map[int64]string{number: "12.5", many: "a,b", tick: "true", w.due: "2026-04-01"} {
		if got.Fields[field] != want {
			t.Errorf("field %d: got %q, want %q", field, got.Fields[field], want)
		}
	}
	if _, there := got.Fields[empty]; there || got.Channel != "email" {
		t.Errorf("got fields %v, channel %s", got.Fields, got.Channel)
	}
}

// rewrite changes answers on their way, to show what the simulator never says.
func (w *world) rewrite(pathEnd string, edit func(map[string]any)) {
	base := w.transport
	w.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		resp, err := base.RoundTrip(r)
		if err != nil || !strings.HasSuffix(r.URL.Path, pathEnd) || r.Method != http.MethodGet {
			return resp, err
		}
		raw, err := io.ReadAll(resp.Body)
		if err != nil {
			return nil, err
		}
		_ = resp.Body.Close()
		var body map[string]any
		dec := json.NewDecoder(strings.NewReader(string(raw)))
		dec.UseNumber()
		if err := dec.Decode(&body); err != nil {
			return nil, err
		}
		edit(body)
		if raw, err = json.Marshal(body); err != nil {
			return nil, err
		}
		resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(string(raw))), int64(len(raw))
		return resp, nil
	})
	w.desk = w.open()
}

func TestOddShapesAreRead(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file()
	w.rewrite(fmt.Sprintf("/tickets/%d.json", id), func(b map[string]any) {
		k := b["ticket"].(map[string]any)
		k["via"] = map[string]any{"channel": 4, "source": nil}
		k["custom_fields"] = []any{
			map[string]any{"id": 1, "value": map[string]any{"record": 7}},
			map[string]any{"id": 2, "value": json.Number("12345678901234567890")},
			map[string]any{"id": 3, "value": []any{}},
			map[string]any{"id": 4, "value": false},
		}
		k["via_followup_source_id"] = "77"
	})
	got := w.ticket(id)
	if got.Channel != "4" || got.FollowupOf != 77 || got.Fields[1] != `{"record":7}` || got.Fields[2] != "12345678901234567890" || got.Fields[4] != "false" || len(got.Fields) != 3 {
		t.Errorf("got channel %q, follow-up of %d, fields %v", got.Channel, got.FollowupOf, got.Fields)
	}
}

func TestManyCommentsAreReadWhole(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file()
	for i := range 230 {
		_, _, err := w.sim.Reply(id, w.ann, fmt.Sprintf("reply %d", i), zendesksim.ReplyOptions{Public: true})
		w.must(err)
	}
	at := w.ticketLater(id)
	w.must(w.desk.Update(t.Context(), step(at, "<p>hi</p>")))
	got := w.ticketLater(id)
	if len(got.Comments) != 232 || len(got.Marks) != 1 {
		t.Fatalf("got %d comments, %d marks", len(got.Comments), len(got.Marks))
	}
	for i, c := range got.Comments[1:231] {
		if c.Text != fmt.Sprintf("reply %d", i) {
			t.Fatalf("comment %d is %q", i, c.Text)
		}
	}
}

func (w *world) ticketLater(id int64) *bot.Ticket {
	w.Helper()
	w.clock.add(time.Minute)
	return w.ticket(id)
}

// put writes to a ticket as another program that is signed in as the agent.
func (w *world) put(ticket int64, body map[string]any) {
	w.Helper()
	raw, err := json.Marshal(map[string]any{"ticket": body})
	w.must(err)
	w.asAgent(http.MethodPut, ticket, raw)
}

// author_id can be set by whoever may use the API: a comment is neither the
// requester's nor ours for it.
func TestWordsPutIntoAMouth(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file()
	w.put(id, map[string]any{"comment": map[string]any{"body": "yes, delete", "author_id": w.ann, "public": true}})
	w.put(id, map[string]any{"comment": map[string]any{"body": "from the bot", "author_id": w.bot}})
	got := w.ticketLater(id)
	if c := got.Comments[1]; c.Author.ID != w.ann || !slices.Contains(c.Flags, 11) {
		t.Errorf("the agent's words in the requester's name: %+v", c)
	}
	if c := got.Comments[2]; c.Ours || !slices.Contains(c.Flags, 11) {
		t.Errorf("the agent's words in our name: %+v", c)
	}
	if c := got.Comments[0]; len(c.Flags) != 0 {
		t.Errorf("the requester's own words: %+v", c)
	}
}

func TestFlagsOfTheSender(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.sim.FileTicket(zendesksim.NewTicket{
		RequesterID: w.ann, Subject: "x", Body: "y", Channel: "email", Flags: []int{zendesksim.FlagFromReplyToDiffer, zendesksim.FlagUntrusted},
	})
	if got := w.ticketLater(id).Comments[0].Flags; !slices.Equal(got, []int{0, 21}) {
		t.Errorf("got flags %v", got)
	}
}

func TestTagsOfProgramsAreNotAnAgents(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file()
	w.put(id, map[string]any{"additional_tags": []string{"privacy_request"}})
	if got := w.ticketLater(id); !slices.Contains(got.Tags, "privacy_request") || len(got.AgentTags) != 0 {
		t.Errorf("got tags %v, of agents %v", got.Tags, got.AgentTags)
	}
	tag := func(edit func([]string) []string) {
		w.must(w.sim.UpdateAs(w.agent, id, func(t *zendesksim.Ticket) { t.Tags = edit(t.Tags) }))
	}
	tag(func([]string) []string { return nil })
	tag(func([]string) []string { return []string{"privacy_request"} })
	if got := w.ticketLater(id); !slices.Equal(got.AgentTags, []string{"privacy_request"}) {
		t.Errorf("set by hand: got %v", got.AgentTags)
	}
	tag(func([]string) []string { return nil })
	if got := w.ticketLater(id); len(got.AgentTags) != 0 {
		t.Errorf("taken away: got %v", got.AgentTags)
	}
}

func TestVerifiedIsAboutTheAddress(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	eve := w.sim.AddUser(zendesksim.User{Name: "Eve", Email: "boss@shop.example"})
	w.sim.UpdateUser(eve, func(u *zendesksim.User) { u.Verified = true }) // Zendesk: some identity is
	w.sim.AddIdentity(zendesksim.Identity{UserID: eve, Value: "eve@else.example", Verified: true})
	id := w.sim.FileTicket(zendesksim.NewTicket{RequesterID: eve, Subject: "x", Body: "y"})
	if got := w.ticketLater(id).Requester; got.Verified {
		t.Errorf("an address nobody proved counts as verified")
	}
}

func TestSuspendedAndDeletedPeople(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file()
	w.sim.UpdateUser(w.ann, func(u *zendesksim.User) { u.Suspended = true })
	if got := w.ticket(id).Requester; !got.Suspended || !got.Active {
		t.Errorf("got %+v", got)
	}
	w.sim.UpdateUser(w.ann, func(u *zendesksim.User) { u.Deleted, u.Purged = true, true })
	if got := w.ticket(id).Requester; got.Active || got.Verified || got.ID != w.ann {
		t.Errorf("got %+v", got)
	}
}

func TestOrganizationsOfTheRequester(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	one, two := w.sim.AddOrganization(zendesksim.Organization{Name: "One"}), w.sim.AddOrganization(zendesksim.Organization{Name: "Two"})
	w.sim.UpdateUser(w.ann, func(u *zendesksim.User) { u.OrganizationIDs = []int64{one, two} })
	got := w.ticket(w.file()).Requester.Organizations
	if !slices.Equal(got, []int64{one, two}) {
		t.Errorf("got %v, want %v", got, []int64{one, two})
	}
}

func TestRule9_WhoElseReads(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(w *world, org int64)
		want bot.Readers
	}{
		{"nobody", func(*world, int64) {}, bot.Readers{}},
		{"a shared organization", func(w *world, _ int64) {
			shared := w.sim.AddOrganization(zendesksim.Organization{Name: "Shared", SharedTickets: true})
			w.sim.UpdateUser(w.ann, func(u *zendesksim.User) { u.OrganizationIDs = []int64{shared} })
		}, bot.Readers{SharedOrganization: true}},
		{"a colleague who reads the organization's", func(w *world, org int64) {
			w.sim.AddUser(zendesksim.User{Name: "Cy", Email: "cy@shop.example", OrganizationIDs: []int64{org}, TicketRestriction: "organization"})
		}, bot.Readers{SharedOrganization: true}},
		{"a colleague who views its tickets beside their own", func(w *world, org int64) {
			other := w.sim.AddOrganization(zendesksim.Organization{Name: "Other"})
			w.sim.AddUser(zendesksim.User{Name: "Cy", Email: "cy@shop.example", OrganizationIDs: []int64{other, org}, ViewTicketsOf: []int64{org}})
		}, bot.Readers{SharedOrganization: true}},
		{"a colleague who may not sign in", func(w *world, org int64) {
			w.sim.AddUser(zendesksim.User{Name: "Cy", Email: "cy@shop.example", Suspended: true, OrganizationIDs: []int64{org}, ViewTicketsOf: []int64{org}, TicketRestriction: "organization"})
		}, bot.Readers{}},
		{"the requester alone reads the organization's", func(w *world, _ int64) {
			w.sim.UpdateUser(w.ann, func(u *zendesksim.User) { u.TicketRestriction = "organization" })
		}, bot.Readers{}},
		{"public attachments", func(w *world, _ int64) { w.sim.SetPrivateAttachments(false) }, bot.Readers{PublicAttachments: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, zendesksim.Options{})
			org := w.sim.AddOrganization(zendesksim.Organization{Name: "Shop"})
			w.sim.UpdateUser(w.ann, func(u *zendesksim.User) { u.OrganizationIDs = []int64{org} })
			c.set(w, org)
			got := w.ticket(w.file()).Readers
			if got.SharedOrganization != c.want.SharedOrganization || got.PublicAttachments != c.want.PublicAttachments || got.SharingAgreements {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestRule9_CopiesAndAgreements(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	cy := w.sim.AddUser(zendesksim.User{Name: "Cy", Email: "cy@shop.example", Verified: true})
	id := w.sim.FileTicket(zendesksim.NewTicket{
		RequesterID: w.ann, Subject: "x", Body: "y", CCs: []int64{cy}, Followers: []int64{w.agent}, SharedWith: []int64{5},
	})
	r := w.ticketLater(id).Readers
	if !r.SharingAgreements || len(r.CCs) != 1 || !r.CCs[0].Verified || len(r.Followers) != 1 || !r.Followers[0].Staff() {
		t.Errorf("got %+v", r)
	}
}

func TestReadersBeyondTheBoundAreUnproven(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	var ccs []int64
	for i := range 14 {
		ccs = append(ccs, w.sim.AddUser(zendesksim.User{Name: "C", Email: fmt.Sprintf("c%d@shop.example", i), Verified: true}))
	}
	id := w.sim.FileTicket(zendesksim.NewTicket{RequesterID: w.ann, Subject: "x", Body: "y", CCs: ccs})
	got := w.ticketLater(id).Readers.CCs
	proven := 0
	for _, p := range got {
		if p.Verified {
			proven++
		}
	}
	if len(got) != 14 || proven != 10 {
		t.Errorf("%d readers, %d proven", len(got), proven)
	}
}

// Rule 4: a ticket read within its stamp's second is read again when that
// second is over.
func TestRule4_TheStampsSecondIsWaitedFor(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.sim.FileTicket(zendesksim.NewTicket{RequesterID: w.ann, Subject: "x", Body: "y"})
	got := w.ticket(id)
	if w.clock.now().Before(got.Updated.Add(time.Second)) {
		t.Errorf("read at %s under the stamp %s", w.clock.now(), got.Stamp)
	}
	// A clock that stands still: no stamp is better than one that guards nothing.
	still := newWorld(t, zendesksim.Options{})
	id = still.sim.FileTicket(zendesksim.NewTicket{RequesterID: still.ann, Subject: "x", Body: "y"})
	at := still.clock.now()
	base := still.transport
	still.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		resp, err := base.RoundTrip(r)
		if err == nil {
			resp.Header.Set("Date", at.UTC().Format(http.TimeFormat))
		}
		return resp, err
	})
	if _, err := still.open().Ticket(t.Context(), id); !errors.Is(err, bot.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

// A follow-up tells of itself in via alone.
func TestFollowUpsAreTold(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	first := w.file()
	if err := w.sim.CloseTicket(first); err != nil {
		t.Fatal(err)
	}
	next, _, err := w.sim.Reply(first, w.ann, "once more", zendesksim.ReplyOptions{Public: true})
	if err != nil || next == first {
		t.Fatalf("no follow-up was made: %d, %v", next, err)
	}
	if got := w.ticket(next).FollowupOf; got != first {
		t.Errorf("it follows %d, want %d", got, first)
	}
	plain := w.file()
	for from, want := range map[string]int64{`{"ticket_id":"77"}`: 77, `{}`: -1, `[]`: -1, `null`: -1, `"x"`: -1} {
		w.rewrite(fmt.Sprintf("/tickets/%d.json", plain), func(b map[string]any) {
			b["ticket"].(map[string]any)["via"] = map[string]any{
				"channel": "web", "source": map[string]any{"rel": "follow_up", "from": json.RawMessage(from)},
			}
		})
		if got := w.ticket(plain).FollowupOf; got != want {
			t.Errorf("from %s: it follows %d, want %d", from, got, want)
		}
	}
	for _, source := range []string{`null`, `[]`, `"x"`, `{"rel":null}`, `{"rel":"trigger","from":{"ticket_id":5}}`} {
		w.rewrite(fmt.Sprintf("/tickets/%d.json", plain), func(b map[string]any) {
			b["ticket"].(map[string]any)["via"] = map[string]any{"channel": "web", "source": json.RawMessage(source)}
		})
		if got := w.ticket(plain).FollowupOf; got != 0 {
			t.Errorf("source %s: it follows %d", source, got)
		}
	}
}

// TestMergesAreRead: what a merge brought along is told from what was written
// on the ticket, and a ticket that was merged away from one that was closed.
func TestMergesAreRead(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	source, target, closed := w.file(), w.file(), w.file()
	if err := w.sim.MergeTickets(source, target); err != nil {
		t.Fatal(err)
	}
	if err := w.sim.CloseTicket(closed); err != nil {
		t.Fatal(err)
	}
	w.clock.add(2 * time.Second)
	from, to := w.ticket(source), w.ticket(target)
	if !from.Merged || to.Merged || w.ticket(closed).Merged {
		t.Errorf("merged away: %t, want true; merged into: %t; closed: %t", from.Merged, to.Merged, w.ticket(closed).Merged)
	}
	if n := len(to.Comments); n != 2 || to.Comments[0].Merged || !to.Comments[1].Merged {
		t.Errorf("the target's comments are %+v", to.Comments)
	}
}

// TestWritersAreProven: a colleague who wrote on the ticket may take it on, so
// whether their address is theirs is looked up.
func TestWritersAreProven(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file()
	sure := w.sim.AddUser(zendesksim.User{Name: "Sure", Email: "sure@acme.example", Verified: true})
	unsure := w.sim.AddUser(zendesksim.User{Name: "Unsure", Email: "unsure@acme.example"})
	for _, author := range []int64{sure, unsure} {
		if _, _, err := w.sim.Reply(id, author, "confirm", zendesksim.ReplyOptions{Public: true}); err != nil {
			t.Fatal(err)
		}
	}
	w.clock.add(2 * time.Second)
	for _, c := range w.ticket(id).Comments[1:] {
		if c.Author.Verified != (c.Author.ID == sure) {
			t.Errorf("%s is verified: %t", c.Author.Name, c.Author.Verified)
		}
	}
}
