package zendesk

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"privacydesk/bot"
)

// readReaders finds out who beside requester and agents can read along. It is
// asked anew with each ticket, after the ticket: what held a moment ago is no
// answer to who will see a report.
func (r *reader) readReaders(ctx context.Context) error {
	private, err := r.privateAttachments(ctx)
	if err != nil {
		return err
	}
	shared, err := r.organizationReads(ctx, int64(r.ticket.Organization))
	if err != nil {
		return err
	}
	r.readers = bot.Readers{SharedOrganization: shared, SharingAgreements: len(r.ticket.Sharing) > 0, PublicAttachments: !private}
	for _, id := range r.copied() {
		if slices.Contains(r.ticket.Followers, id) {
			r.readers.Followers = append(r.readers.Followers, r.person(id))
		} else {
			r.readers.CCs = append(r.readers.CCs, r.person(id))
		}
	}
	return nil
}

// privateAttachments is false also when Zendesk doesn't say.
func (d *Desk) privateAttachments(ctx context.Context) (bool, error) {
	var answer struct {
		Settings struct {
			Tickets struct {
				Private bool `json:"private_attachments"`
			} `json:"tickets"`
		} `json:"settings"`
	}
	err := d.get(ctx, "read the account's settings", "/account/settings.json", &answer)
	return answer.Settings.Tickets.Private, err
}

// organizationReads is true if somebody of the ticket's organization other
// than the requester can read the ticket, or if there are more members than
// can be looked at.
func (r *reader) organizationReads(ctx context.Context, id int64) (bool, error) {
	if id == 0 {
		return false, nil
	}
	op := fmt.Sprintf("read organization %d", id)
	var answer struct {
		Organization struct {
			Shared bool `json:"shared_tickets"`
		} `json:"organization"`
	}
	err := r.get(ctx, op, fmt.Sprintf("/organizations/%d.json", id), &answer)
	if err != nil || answer.Organization.Shared {
		return true, err
	}
	reads, err := r.memberReads(ctx, op, id)
	if errors.Is(err, errTooManyPages) {
		return true, nil
	}
	return reads, err
}

// memberReads looks for a member who may read the organization's tickets:
// end users can be allowed to, each on their own. Agents don't count, nor who
// is suspended or deleted; who is unknown does.
func (r *reader) memberReads(ctx context.Context, op string, org int64) (bool, error) {
	harmless := map[int64]bool{r.ticket.Requester: true}
	reads := false
	err := r.pages(ctx, op, fmt.Sprintf("/organizations/%d/users.json", org), rowBound(), func(p page) error {
		for _, u := range p.Users {
			if u.person().Staff() || !u.Active || u.Suspended {
				harmless[u.ID] = true
			}
			reads = reads || (u.Restriction == "organization" && !harmless[u.ID])
		}
		return nil
	})
	if err != nil || reads {
		return reads, err
	}
	err = r.pages(ctx, op, fmt.Sprintf("/organizations/%d/organization_memberships.json", org), rowBound(), func(p page) error {
		for _, m := range p.Memberships {
			reads = reads || (m.ViewTickets && !harmless[m.User])
		}
		return nil
	})
	return reads, err
}
