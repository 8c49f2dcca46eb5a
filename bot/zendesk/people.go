package zendesk

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"privacydesk/bot"
)

// maxReaders bounds how many people beside the requester are looked up one by
// one, the copied ones first; the others count as unverified, which holds a
// delivery.
const maxReaders = 10

// meet remembers users that an answer brought along. Whether an address is
// verified is not believed from here: Zendesk's flag is about any identity of
// the user, not about the address.
func (r *reader) meet(users []wireUser) {
	for _, u := range users {
		r.people[u.ID] = u.person()
	}
}

func (u wireUser) person() bot.Person {
	p := bot.Person{
		ID: u.ID, Name: string(u.Name), Email: string(u.Email), Role: u.Role, Suspended: u.Suspended, Active: u.Active,
		Locale: string(u.Locale), Fields: map[string]string{},
	}
	for name, value := range u.Fields {
		if value != "" {
			p.Fields[name] = string(value)
		}
	}
	if u.Organization != 0 {
		p.Organizations = []int64{int64(u.Organization)}
	}
	return p
}

// person is somebody who was met; somebody unknown is not active.
func (r *reader) person(id int64) bot.Person {
	if p, known := r.people[id]; known {
		return p
	}
	return bot.Person{ID: id}
}

// readPeople looks up who took part, and proves requester, readers and
// customers who wrote.
func (r *reader) readPeople(ctx context.Context) error {
	if err := r.meetMissing(ctx); err != nil {
		return err
	}
	prove := []int64{r.ticket.Requester}
	for _, id := range slices.Concat(r.outsiders(), r.writers()) {
		if len(prove) <= maxReaders && !slices.Contains(prove, id) {
			prove = append(prove, id)
		}
	}
	for _, id := range prove {
		if err := r.prove(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// copied lists whom the ticket is copied to.
func (r *reader) copied() []int64 {
	all := slices.Concat(r.ticket.CCs, r.ticket.Followers, r.ticket.Collaborators)
	slices.Sort(all)
	return slices.Compact(all)
}

// writers are the customers who wrote on the ticket: a colleague may have taken
// the request on.
func (r *reader) writers() []int64 {
	var out []int64
	for _, c := range r.comments {
		if c.Public && c.Author > 0 && c.Author != r.me && !r.person(c.Author).Staff() {
			out = append(out, c.Author)
		}
	}
	return out
}

// outsiders are readers who are not of the desk's staff.
func (r *reader) outsiders() []int64 {
	return slices.DeleteFunc(r.copied(), func(id int64) bool { return r.person(id).Staff() })
}

func (r *reader) meetMissing(ctx context.Context) error {
	missing := map[int64]bool{}
	need := func(id int64) {
		if _, known := r.people[id]; !known && id > 0 {
			missing[id] = true
		}
	}
	need(r.ticket.Requester)
	need(r.ticket.Submitter)
	for _, id := range r.copied() {
		need(id)
	}
	for _, c := range r.comments {
		need(c.Author)
	}
	for _, a := range r.audits {
		need(a.Author)
	}
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(missing)), maxIDs) {
		var list []string
		for _, id := range ids {
			list = append(list, strconv.FormatInt(id, 10))
		}
		var answer struct {
			Users []wireUser `json:"users"`
		}
		if err := r.get(ctx, r.op+", its people", "/users/show_many.json?ids="+strings.Join(list, ","), &answer); err != nil {
			return err
		}
		r.meet(answer.Users)
	}
	return nil
}

// prove looks whether the desk has proof that the person's address is theirs,
// and to which organizations they belong. A user who is gone proves nothing.
func (r *reader) prove(ctx context.Context, id int64) error {
	p := r.person(id)
	op := fmt.Sprintf("%s, user %d", r.op, id)
	err := r.pages(ctx, op, fmt.Sprintf("/users/%d/identities.json", id), rowBound(), func(answer page) error {
		for _, i := range answer.Identities {
			if i.Type == "email" && i.Verified && p.Email != "" && lower(string(i.Value)) == lower(p.Email) {
				p.Verified = true
			}
		}
		return nil
	})
	if err == nil {
		err = r.pages(ctx, op, fmt.Sprintf("/users/%d/organization_memberships.json", id), rowBound(), func(answer page) error {
			for _, m := range answer.Memberships {
				if m.User == id && !slices.Contains(p.Organizations, m.Organization) {
					p.Organizations = append(p.Organizations, m.Organization)
				}
			}
			return nil
		})
	}
	if hasCode(err, http.StatusNotFound, codeNotFound) {
		p.Verified, p.Active, err = false, false, nil
	}
	if err == nil {
		r.people[id] = p
	}
	return err
}

// lower folds ASCII letters alone: to fold more would make two addresses one.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, s)
}
