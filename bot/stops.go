package bot

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"privacydesk/connectors"
)

// Stops are what operators said to keep something from being erased: a pause,
// legal holds, holds of single requests. They stand in the store, where every
// replica sees them at once, and on stable storage beside the keys, where a
// store that is set back, fails over or is lost can't forget them. What either
// has counts.

// The groups of notes on stable storage.
const (
	groupPause = "pause"
	groupHeld  = "held"   // requests, by id
	groupLegal = "legal." // + a digest of what the hold is on
)

// pauseNote is the one note of its group.
const pauseNote = "deletes"

// stopNote is who stopped something, and when.
type stopNote struct {
	By string    `json:"by"`
	At time.Time `json:"at"`
}

// WithStops is a store whose stops also stand on stable storage.
func WithStops(s Store, beside Stable) Store { return stops{Store: s, beside: beside} }

type stops struct {
	Store
	beside Stable
}

// Holds asks the store, and then what stands beside the keys.
func (s stops) Holds(ctx context.Context, id, part, token string, now time.Time) error {
	if err := s.Store.Holds(ctx, id, part, token, now); err != nil {
		return err
	}
	if by, err := s.pausedBeside(ctx); err != nil || by != "" {
		return errors.Join(err, fmt.Errorf("request %s: %w", id, connectors.ErrPaused))
	}
	if by, err := heldBeside(ctx, s.beside, id); err != nil || by != "" {
		return errors.Join(err, fmt.Errorf("%w: request %s is held", connectors.ErrPaused, id))
	}
	return nil
}

// PauseDeletes is durable beside the keys before the store has it.
func (s stops) PauseDeletes(ctx context.Context, by string, at time.Time) error {
	if err := keepStop(ctx, s.beside, groupPause, pauseNote, by, at); err != nil {
		return fmt.Errorf("pause deletes: %w", err)
	}
	return errors.Join(s.Store.PauseDeletes(ctx, by, at), s.Settle(ctx))
}

// ResumeDeletes ends the pause where the other replicas look first, and beside
// the keys last: what fails in between leaves it standing.
func (s stops) ResumeDeletes(ctx context.Context) error {
	if err := s.Store.ResumeDeletes(ctx); err != nil {
		return err
	}
	if err := s.beside.Unkeep(ctx, groupPause, pauseNote); err != nil {
		return fmt.Errorf("resume deletes: %w", err)
	}
	return s.Settle(ctx)
}

// DeletesPaused is by whom, wherever it stands.
func (s stops) DeletesPaused(ctx context.Context) (string, error) {
	if by, err := s.Store.DeletesPaused(ctx); err != nil || by != "" {
		return by, err
	}
	return s.pausedBeside(ctx)
}

func (s stops) pausedBeside(ctx context.Context) (string, error) {
	return stopBeside(ctx, s.beside, groupPause, pauseNote)
}

// LegalHolds are those of the store and those beside the keys, each once.
func (s stops) LegalHolds(ctx context.Context, tenant string, macs ...string) ([]LegalHold, error) {
	out, err := s.Store.LegalHolds(ctx, tenant, macs...)
	if err != nil {
		return nil, err
	}
	groups := []string{legalGroup(tenant, "")}
	for _, mac := range macs {
		groups = append(groups, legalGroup(tenant, mac))
	}
	return s.andBeside(ctx, out, groups)
}

// AllLegalHolds are the same of all tenants.
func (s stops) AllLegalHolds(ctx context.Context) ([]LegalHold, error) {
	out, err := s.Store.AllLegalHolds(ctx)
	if err != nil {
		return nil, err
	}
	groups, err := s.beside.KeptGroups(ctx)
	if err != nil {
		return nil, err
	}
	return s.andBeside(ctx, out, slices.DeleteFunc(groups, func(g string) bool { return !strings.HasPrefix(g, groupLegal) }))
}

// andBeside adds what stands in groups beside the keys and in no store.
func (s stops) andBeside(ctx context.Context, out []LegalHold, groups []string) ([]LegalHold, error) {
	for i, group := range groups {
		if slices.Contains(groups[:i], group) {
			continue
		}
		notes, err := s.beside.Kept(ctx, group)
		if err != nil {
			return nil, err
		}
		for _, name := range sorted(notes) {
			var h LegalHold
			if err := json.Unmarshal(notes[name], &h); err != nil {
				return nil, connectors.Said("a legal hold beside the keys is damaged; add it again under the same name")
			}
			if !slices.ContainsFunc(out, h.same) {
				out = append(out, h)
			}
		}
	}
	slices.SortFunc(out, func(a, b LegalHold) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Subject.MAC, b.Subject.MAC), cmp.Compare(a.Name, b.Name))
	})
	return out, nil
}

// same is true for the hold of the same name on the same.
func (h LegalHold) same(g LegalHold) bool {
	return h.Tenant == g.Tenant && h.Subject.MAC == g.Subject.MAC && h.Name == g.Name
}

// KeepLegalHold is durable beside the keys before the store has it.
func (s stops) KeepLegalHold(ctx context.Context, h LegalHold) error {
	if err := s.keepBeside(ctx, h); err != nil {
		return err
	}
	return errors.Join(s.Store.KeepLegalHold(ctx, h), s.Settle(ctx))
}

func (s stops) keepBeside(ctx context.Context, h LegalHold) error {
	if h.Tenant == "" || h.Name == "" {
		return errors.New("keep legal hold: its tenant or name is empty")
	}
	body, err := json.Marshal(h)
	if err == nil {
		err = s.beside.Keep(ctx, legalGroup(h.Tenant, h.Subject.MAC), nameDigest(h.Name), body)
	}
	if err != nil {
		return fmt.Errorf("keep legal hold: %w", err)
	}
	return nil
}

// DropLegalHold drops it from the store, and beside the keys last: what fails in
// between leaves it standing.
func (s stops) DropLegalHold(ctx context.Context, tenant, mac, name string) (bool, error) {
	holds, err := s.LegalHolds(ctx, tenant, mac)
	if err != nil {
		return false, err
	}
	found := slices.ContainsFunc(holds, LegalHold{Tenant: tenant, Subject: Pseudonym{MAC: mac}, Name: name}.same)
	if _, err := s.Store.DropLegalHold(ctx, tenant, mac, name); err != nil {
		return false, err
	}
	if err := s.beside.Unkeep(ctx, legalGroup(tenant, mac), nameDigest(name)); err != nil {
		return false, fmt.Errorf("drop legal hold: %w", err)
	}
	return found, s.Settle(ctx)
}

// mirror puts beside the keys what the store alone has: of a time in which it
// was the only place.
func (s stops) mirror(ctx context.Context) error {
	by, err := s.Store.DeletesPaused(ctx)
	if err != nil {
		return err
	}
	if there, err := s.pausedBeside(ctx); err != nil {
		return err
	} else if by != "" && there == "" {
		if err := keepStop(ctx, s.beside, groupPause, pauseNote, by, time.Time{}); err != nil {
			return err
		}
	}
	holds, err := s.Store.AllLegalHolds(ctx)
	if err != nil {
		return err
	}
	for _, h := range holds {
		beside, err := s.andBeside(ctx, nil, []string{legalGroup(h.Tenant, h.Subject.MAC)})
		if err != nil {
			return err
		}
		if slices.ContainsFunc(beside, h.same) {
			continue
		}
		if err := s.keepBeside(ctx, h); err != nil {
			return err
		}
	}
	return nil
}

// MirrorStops puts beside the keys what stops only the store knows: an earlier
// version kept them nowhere else.
func (e *Engine) MirrorStops(ctx context.Context) error {
	if s, is := e.Store.(stops); is {
		return s.mirror(ctx)
	}
	return nil
}

func legalGroup(tenant, mac string) string { return groupLegal + nameDigest(mac+"/"+tenant) }

// nameDigest makes a file's name of any text.
func nameDigest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

func keepStop(ctx context.Context, beside Stable, group, name, by string, at time.Time) error {
	body, err := json.Marshal(stopNote{By: by, At: at.UTC()})
	if err != nil {
		return err
	}
	return beside.Keep(ctx, group, name, body)
}

// stopBeside is by whom a stop was kept, or "".
func stopBeside(ctx context.Context, beside Stable, group, name string) (string, error) {
	body, err := beside.Note(ctx, group, name)
	if err != nil || body == nil {
		return "", err
	}
	var note stopNote
	if json.Unmarshal(body, &note) != nil || note.By == "" {
		return "somebody", nil //nolint:nilerr // a stop that can't be read is a stop
	}
	return note.By, nil
}

// heldBeside is by whom a request is held, or "".
func heldBeside(ctx context.Context, beside Stable, id string) (string, error) {
	return stopBeside(ctx, beside, groupHeld, id)
}

// keepHold makes an operator's hold of a request durable beside the keys, before
// the record has it.
func (e *Engine) keepHold(ctx context.Context, t *turn, by string) error {
	if !heldByOperator(t.c) {
		return nil
	}
	if err := keepStop(ctx, e.Stable, groupHeld, t.c.ID, by, t.now); err != nil {
		return fmt.Errorf("hold: %w", err)
	}
	return nil
}

// endHold ends it there, once the record says that it is over.
func (e *Engine) endHold(ctx context.Context, t *turn) error {
	if heldByOperator(t.c) || !heldByOperator(&t.stored.Case) && !t.c.ended() {
		return nil
	}
	if err := e.Stable.Unkeep(ctx, groupHeld, t.c.ID); err != nil {
		return fmt.Errorf("end the hold: %w", err)
	}
	return nil
}

func heldByOperator(c *Case) bool { return c.Wait != nil && c.Wait.Reason == ReasonOperatorHold }

// heldAgain holds a request of whose hold the record knows nothing: it was set
// back behind it.
func (e *Engine) heldAgain(ctx context.Context, t *turn) (bool, error) {
	if !t.c.open() || t.c.Wait != nil && t.c.Wait.On == OnAgent {
		return false, nil
	}
	by, err := heldBeside(ctx, e.Stable, t.c.ID)
	if err != nil || by == "" {
		return false, err
	}
	t.hold(ReasonOperatorHold)
	t.event("held_again", map[string]string{"by": by})
	t.note("note_held", map[string]string{"reason": string(ReasonOperatorHold)})
	return true, t.commit(ctx)
}
