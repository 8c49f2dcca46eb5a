package zendesk_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"privacydesk/bot/zendesksim"
)

// Rule 9: who reads a ticket is looked up with each read of the ticket; what
// was true a moment ago is no answer.
func TestRule9_ReadersAreReadAnew(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	org := w.sim.AddOrganization(zendesksim.Organization{Name: "Shop"})
	w.sim.UpdateUser(w.ann, func(u *zendesksim.User) { u.OrganizationIDs = []int64{org} })
	id := w.file()
	if r := w.ticket(id).Readers; r.SharedOrganization || r.PublicAttachments {
		t.Fatalf("got %+v", r)
	}
	w.sim.SetPrivateAttachments(false)
	w.sim.AddUser(zendesksim.User{Name: "Cy", Email: "cy@shop.example", OrganizationIDs: []int64{org}, TicketRestriction: "organization"})
	if r := w.ticket(id).Readers; !r.SharedOrganization || !r.PublicAttachments {
		t.Errorf("what changed since the last read is not seen: %+v", r)
	}
}

// Rule 9: a member who may view the organization's tickets counts although
// the list of its users does not show them.
func TestRule9_MembersWhoViewTickets(t *testing.T) {
	for _, c := range []struct {
		name string
		user func(w *world) int64
		want bool
	}{
		{"a colleague", func(w *world) int64 {
			return w.sim.AddUser(zendesksim.User{Name: "Cy", Email: "cy@shop.example", OrganizationIDs: []int64{w.sim.AddOrganization(zendesksim.Organization{Name: "x"})}})
		}, true},
		{"the requester", func(w *world) int64 { return w.ann }, false},
		{"an agent", func(w *world) int64 { return w.agent }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, zendesksim.Options{})
			org := w.sim.AddOrganization(zendesksim.Organization{Name: "Shop"})
			w.sim.UpdateUser(w.ann, func(u *zendesksim.User) { u.OrganizationIDs = []int64{org} })
			w.sim.UpdateUser(w.agent, func(u *zendesksim.User) { u.OrganizationIDs = []int64{org} })
			who := c.user(w)
			w.rewrite(fmt.Sprintf("/organizations/%d/organization_memberships.json", org), func(b map[string]any) {
				b["organization_memberships"] = append(b["organization_memberships"].([]any), map[string]any{"user_id": who, "organization_id": org, "view_tickets": true})
			})
			if got := w.ticket(w.file()).Readers.SharedOrganization; got != c.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

// Rule 4: that an answer came when the stamp's second was over does not say
// that the ticket was looked at after it. Who is copied in between, under the
// same stamp, is seen.
func TestRule4_ASlowAnswerGuardsNothing(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	cy := w.sim.AddUser(zendesksim.User{Name: "Cy", Email: "cy@shop.example", Verified: true})
	id := w.sim.FileTicket(zendesksim.NewTicket{RequesterID: w.ann, Subject: "x", Body: "y"})
	base, slow := w.transport, true
	w.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		resp, err := base.RoundTrip(r)
		if err == nil && slow && strings.HasSuffix(r.URL.Path, fmt.Sprintf("/tickets/%d.json", id)) {
			slow = false
			w.must(w.sim.UpdateAs(w.agent, id, func(t *zendesksim.Ticket) { t.EmailCCIDs = append(t.EmailCCIDs, cy) }))
			w.clock.add(time.Second)
			resp.Header.Set("Date", w.clock.now().UTC().Format(http.TimeFormat))
		}
		return resp, err
	})
	got, err := w.open().Ticket(t.Context(), id)
	w.must(err)
	if len(got.Readers.CCs) != 1 {
		t.Errorf("under the stamp %s the copy to another is not seen", got.Stamp)
	}
}

// Who is not brought along with an answer is looked up, a hundred at a time;
// who is not found is nobody's agent and not active.
func TestPeopleWhoAreNotBroughtAlong(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	var ccs []int64
	for i := range 130 {
		ccs = append(ccs, w.sim.AddUser(zendesksim.User{Name: fmt.Sprint("C", i), Email: fmt.Sprintf("c%d@shop.example", i)}))
	}
	id := w.sim.FileTicket(zendesksim.NewTicket{RequesterID: w.ann, Subject: "x", Body: "y", CCs: ccs, Followers: []int64{w.agent}})
	w.clock.add(time.Minute)
	w.sim.UpdateUser(ccs[7], func(u *zendesksim.User) { u.Deleted, u.Purged = true, true })
	for _, path := range []string{fmt.Sprintf("/tickets/%d.json", id), "/comments.json"} {
		w.rewrite(path, func(b map[string]any) { delete(b, "users") })
	}
	got := w.ticket(id)
	if got.Requester.Email != annMail || !got.Requester.Active || got.Comments[0].Author.Email != annMail || !got.Readers.Followers[0].Staff() {
		t.Errorf("got requester %+v, author %+v, follower %+v", got.Requester, got.Comments[0].Author, got.Readers.Followers[0])
	}
	if len(got.Readers.CCs) != 130 {
		t.Fatalf("got %d copies", len(got.Readers.CCs))
	}
	for _, p := range got.Readers.CCs {
		if gone := p.ID == ccs[7]; p.Active == gone || (p.Email == "") != gone || p.Staff() {
			t.Errorf("got %+v", p)
		}
	}
}
