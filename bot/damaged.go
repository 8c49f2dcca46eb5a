package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"privacydesk/bot/ledger"
)

// setDamagedAside takes a record out of the way that is not as we left it:
// nothing is erased or disclosed on its word. The next piece finds none, and
// holds the request.
func (e *Engine) setDamagedAside(ctx context.Context, id, token string) error {
	e.log(id).WithField("event", "damaged").Error("the record is damaged, or somebody else wrote it; it is set aside, and the request held")
	e.Observe(Observation{Event: "damaged"})
	return e.Store.SetAside(ctx, id, token, e.Clock())
}

// fact is what was noted under a key. One that somebody else wrote counts as
// none: what it could have spared is asked for, then.
func (e *Engine) fact(ctx context.Context, key string) (Fact, error) {
	f, err := e.Store.Fact(ctx, key)
	if errors.Is(err, ErrDamaged) {
		e.Log.WithField("event", "damaged").Error("a fact in the store is not ours; it counts as not noted")
		return Fact{Key: key}, nil
	}
	if err != nil {
		return Fact{}, fmt.Errorf("fact: %w", err)
	}
	return f, nil
}

// sumOf is the digest of a sealed half.
func sumOf(sealed []byte) string {
	sum := sha256.Sum256(sealed)
	return hex.EncodeToString(sum[:16])
}

// proven is true if the ledger tells of the request's approval: by whom, when,
// and of what. A ledger that is not the record's is ErrDamaged.
func (e *Engine) proven(ctx context.Context, t *turn) (bool, error) {
	stored := t.stored.Case
	events, err := e.Store.Events(ctx, stored.ID)
	if err != nil {
		return false, fmt.Errorf("ledger: %w", err)
	}
	if int64(len(events)) > stored.Seq {
		events = events[:stored.Seq] // a run was recorded meanwhile
	}
	if err := ledger.Verify(stored.ID, events, stored.Head); err != nil {
		return false, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	for _, ev := range events {
		if ev.Type == eventApproved && ev.At.Equal(ledger.Moment(t.c.Approval.At)) &&
			ev.Data["by"] == t.c.Approval.By && ev.Data["binding"] == t.c.Approval.Binding {
			return true, nil
		}
	}
	return false, nil
}

// eventApproved is the ledger's word for an approval.
const eventApproved = "approved"
