package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"privacydesk/bot/reading"
	"privacydesk/connectors"
)

// legalEvery is how often a request that a legal hold stops looks whether it
// was lifted.
const legalEvery = time.Hour

// legalHolds are those on a request's tenant, on its subject, and on every
// other address by which the subject is known.
func (e *Engine) legalHolds(ctx context.Context, c *Case) ([]LegalHold, error) {
	holds, err := e.Store.LegalHolds(ctx, c.Tenant, append([]string{c.Pseudonym.MAC}, c.Aliases...)...)
	if err != nil {
		return nil, fmt.Errorf("legal holds: %w", err)
	}
	return holds, nil
}

// nameAliases notes the pseudonyms of all addresses that were found of the
// subject, so that the guard knows them without the secret half.
func (e *Engine) nameAliases(ctx context.Context, t *turn) error {
	s, err := t.open(ctx)
	if err != nil {
		return err
	}
	var macs []string
	for _, id := range s.Identities {
		address, err := reading.Normalise(id.Value.Raw())
		if err != nil || address == s.Subject {
			continue // a name or a number
		}
		p, err := e.Keys.Pseudonym(ctx, t.c.Tenant, address)
		if err != nil {
			return fmt.Errorf("pseudonym: %w", err)
		}
		macs = append(macs, p.MAC)
	}
	slices.Sort(macs)
	t.c.Aliases = slices.Compact(macs)
	return nil
}

// gateLegal stops a delete while a legal hold is on its subject or tenant. The
// requester is told once, and not by which; agents see the names.
func (e *Engine) gateLegal(ctx context.Context, t *turn) (bool, error) {
	if err := e.nameAliases(ctx, t); err != nil {
		return false, err
	}
	holds, err := e.legalHolds(ctx, t.c)
	if err != nil || len(holds) == 0 {
		return false, err
	}
	t.wait(OnAgent, ReasonLegalHold, t.now.Add(legalEvery))
	if t.told {
		t.note("note_legal_hold", map[string]string{"reason": string(ReasonLegalHold), "holds": holdLines(holds)})
		if t.once("retained") {
			t.owe(Say{Message: "retained", Public: true, Vars: map[string]string{"exceptions": exceptionLines(holds)}})
		}
	}
	if t.c.Stage == StageRelocate {
		t.forgetSearches() // the last look before erasing is a fresh one
	}
	return true, t.commit(ctx)
}

// gateErasing is gateLegal in the middle of erasing, as long as there is
// something that a hold can still keep.
func (e *Engine) gateErasing(ctx context.Context, t *turn) (bool, error) {
	for _, s := range t.c.Systems {
		if s.Skip == "" && s.Run.Stage == StageErase && s.Run.State != RunDone && s.Run.State != RunFailed {
			return e.gateLegal(ctx, t)
		}
	}
	return false, nil
}

// lifted is true once no legal hold stops the request any more.
func (e *Engine) lifted(ctx context.Context, c *Case) (bool, error) {
	holds, err := e.legalHolds(ctx, c)
	return err == nil && len(holds) == 0, err
}

func holdLines(holds []LegalHold) string {
	var lines []string
	for _, h := range holds {
		on := "the person"
		if h.Subject.MAC == "" {
			on = "the whole account"
		}
		lines = append(lines, fmt.Sprintf("%s, on %s, since %s, by %s", h.Name, on, h.At.UTC().Format(time.DateOnly), h.By))
	}
	return strings.Join(lines, "\n")
}

// exceptionLines are the grounds in plain words, once each.
func exceptionLines(holds []LegalHold) string {
	var lines []string
	for _, h := range holds {
		name := h.Exception
		if name == "legal_hold" {
			name = "legal_obligation" // what it is to whoever is outside
		}
		if words, _ := connectors.ExceptionWords(name); !slices.Contains(lines, words) {
			lines = append(lines, words)
		}
	}
	return strings.Join(lines, "\n")
}

// legalSubject is the pseudonym of an address of a tenant, or none for the
// tenant itself when the address is empty.
func (e *Engine) legalSubject(ctx context.Context, tenant, address string) (Pseudonym, error) {
	if strings.TrimSpace(tenant) == "" {
		return Pseudonym{}, fmt.Errorf("%w: name the tenant", ErrRefused)
	}
	if address == "" {
		return Pseudonym{}, nil
	}
	subject, err := reading.Normalise(address)
	if err != nil {
		return Pseudonym{}, fmt.Errorf("%w: --email: %w", ErrRefused, err)
	}
	return e.Keys.Pseudonym(ctx, tenant, subject)
}

// AddLegalHold puts a hold on an address of a tenant, or on the whole tenant
// when the address is empty. What is being erased stops before its next batch.
func (e *Engine) AddLegalHold(ctx context.Context, tenant, address, name, exception, by string) (LegalHold, error) {
	subject, err := e.legalSubject(ctx, tenant, address)
	if err != nil {
		return LegalHold{}, err
	}
	return e.addLegalHold(ctx, LegalHold{Tenant: tenant, Subject: subject, Name: name, Exception: exception, By: by})
}

// AddRequestHold puts a hold on a request itself: its ticket is not redacted or
// deleted, and its key not destroyed, until it is lifted. What it erases in
// systems is another matter: that is held by person or tenant.
func (e *Engine) AddRequestHold(ctx context.Context, id, name, exception, by string) (h LegalHold, err error) {
	err = e.operate(ctx, id, by, "legal hold", func(t *turn) error {
		if t.c.Phase == PhaseForgotten || !t.c.Forgetting.IsZero() {
			return fmt.Errorf("%w: request %s is forgotten: its key is destroyed", ErrRefused, id)
		}
		h, err = e.addLegalHold(ctx, LegalHold{Tenant: requestPlace(id), Name: name, Exception: exception, By: by})
		return err
	})
	return h, err
}

func (e *Engine) addLegalHold(ctx context.Context, h LegalHold) (LegalHold, error) {
	h.Name, h.At = strings.TrimSpace(h.Name), e.Clock().UTC().Truncate(time.Second)
	if _, known := connectors.Exceptions()[h.Exception]; !known {
		return LegalHold{}, fmt.Errorf("%w: the exception is one of %s", ErrRefused, strings.Join(connectors.ExceptionNames(), ", "))
	}
	switch {
	case strings.TrimSpace(h.By) == "":
		return LegalHold{}, fmt.Errorf("%w: say who you are with --by", ErrRefused)
	case h.Name == "" || h.Name != reading.Reference(h.Name):
		return LegalHold{}, fmt.Errorf("%w: give the hold a name in one line, of at most 60 characters and without anybody's address", ErrRefused)
	}
	if err := e.Store.KeepLegalHold(ctx, h); err != nil {
		return LegalHold{}, err
	}
	e.Log.WithField("event", "legal_hold").Info("a legal hold was added")
	return h, nil
}

// RemoveLegalHold lifts a hold. The requests that it stopped go on by
// themselves; those of the tenant are woken at once. Returns ErrNotFound.
func (e *Engine) RemoveLegalHold(ctx context.Context, tenant, address, name, by string) error {
	subject, err := e.legalSubject(ctx, tenant, address)
	if err != nil {
		return err
	}
	if err := e.removeLegalHold(ctx, tenant, subject.MAC, name, by); err != nil {
		return err
	}
	return e.wakeHeld(ctx, tenant, by)
}

// RemoveRequestHold lifts a hold on a request; what waited for it goes on.
// Returns ErrNotFound.
func (e *Engine) RemoveRequestHold(ctx context.Context, id, name, by string) error {
	if err := e.removeLegalHold(ctx, requestPlace(id), "", name, by); err != nil {
		return err
	}
	err := e.operate(ctx, id, by, "lift a legal hold", func(t *turn) error {
		for name, chore := range t.c.Chores { // those that waited for it come at once
			if chore.Held {
				t.choreIs(name, &Chore{Tries: chore.Tries})
			}
		}
		return nil
	})
	if errors.Is(err, ErrBusy) || errors.Is(err, ErrNotFound) { // it looks again within the hour, or is gone
		return nil
	}
	return err
}

func (e *Engine) removeLegalHold(ctx context.Context, tenant, mac, name, by string) error {
	if strings.TrimSpace(by) == "" {
		return fmt.Errorf("%w: say who you are with --by", ErrRefused)
	}
	found, err := e.Store.DropLegalHold(ctx, tenant, mac, strings.TrimSpace(name))
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("%w: there is no such legal hold; `holds list` shows them", ErrNotFound)
	}
	e.Log.WithField("event", "legal_hold").Info("a legal hold was lifted")
	return nil
}

// requestHeld stands in the place of a tenant's name in a hold on a request.
const requestHeld = "request/"

func requestPlace(id string) string { return requestHeld + id }

// Request is the id of the request that the hold is on; "" for one on a tenant
// or a person.
func (h LegalHold) Request() string {
	id, is := strings.CutPrefix(h.Tenant, requestHeld)
	if !is || TicketOfID(id) == 0 {
		return ""
	}
	return id
}

// preserved is true while a legal hold is on the request itself.
func (e *Engine) preserved(ctx context.Context, id string) (bool, error) {
	holds, err := e.Store.LegalHolds(ctx, requestPlace(id))
	if err != nil {
		return false, fmt.Errorf("legal holds: %w", err)
	}
	return len(holds) > 0, nil
}

// wakeHeld has the requests looked at that a legal hold on the tenant or one
// of its subjects stops. One that a worker is at looks again within the hour.
func (e *Engine) wakeHeld(ctx context.Context, tenant, by string) error {
	for cursor := ""; ; {
		cases, next, err := e.Store.List(ctx, Filter{Tenant: tenant, WaitOn: OnAgent}, cursor, 200)
		if err != nil {
			return err
		}
		for i := range cases {
			if cases[i].Wait == nil || cases[i].Wait.Reason != ReasonLegalHold {
				continue
			}
			err := e.operate(ctx, cases[i].ID, by, "lift a legal hold", func(*turn) error { return nil })
			if err != nil && !errors.Is(err, ErrBusy) {
				return err
			}
		}
		if cursor = next; next == "" {
			return nil
		}
	}
}

// RenewLegalHolds notes that the tenants' pseudonym keys of all holds are in
// use: a key that is retired would let its holds name nobody.
func (e *Engine) RenewLegalHolds(ctx context.Context) error {
	holds, err := e.Store.AllLegalHolds(ctx)
	if err != nil {
		return fmt.Errorf("legal holds: %w", err)
	}
	var errs []error
	for _, h := range holds {
		if h.Subject.MAC != "" {
			_, err := e.Keys.Pseudonym(ctx, h.Tenant, h.Subject.MAC) // of anything: it is the use that counts
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
