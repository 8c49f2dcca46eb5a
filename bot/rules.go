package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"privacydesk/connectors"
)

// The rules of intake are what decides whether a ticket is a request at all:
// form, tag, kinds, and from when on. Replicas may have different ones for a
// while, when a new form is rolled out. The newest are a generation, in the
// store; a replica with older ones neither admits nor drops a ticket, and calls
// none out of scope. When they change, open tickets are looked at again.

// rulesPatience is how long after the last sign of a replica with the newest
// rules one with older ones goes on: they were taken back.
const rulesPatience = 10 * time.Minute

// errOlderRules: a replica with newer rules decides.
var errOlderRules error = connectors.Said("a replica with newer rules of intake decides")

// rulesDigest is of all that decides whether a ticket is taken in.
func (e *Engine) rulesDigest() (string, error) {
	body, err := json.Marshal([]any{e.Settings.Reading, e.Settings.Since.UTC(), e.Settings.TenantField})
	if err != nil {
		return "", connectors.Sayf(nil, "the rules of intake do not encode")
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:16]), nil
}

// IntakeGeneration is the newest generation of the rules of intake, and whether
// ours are its.
func (e *Engine) IntakeGeneration(ctx context.Context) (generation int64, newest bool, err error) {
	digest, err := e.rulesDigest()
	if err != nil {
		return 0, false, err
	}
	if generation, newest, err = e.Store.IntakeRules(ctx, digest, e.Clock(), rulesPatience); err != nil {
		return 0, false, fmt.Errorf("rules of intake: %w", err)
	}
	return generation, newest, nil
}

// OlderRules is true while a replica with newer rules of intake is at work: this
// one admits nothing meanwhile.
func (e *Engine) OlderRules(ctx context.Context) (bool, error) {
	digest, err := e.rulesDigest()
	if err != nil {
		return false, err
	}
	older, err := e.Store.OlderRules(ctx, digest, e.Clock(), rulesPatience)
	if err != nil {
		return false, fmt.Errorf("rules of intake: %w", err)
	}
	return older, nil
}

// goesByNewest is errOlderRules unless our rules are the newest.
func (e *Engine) goesByNewest(ctx context.Context) error {
	_, newest, err := e.IntakeGeneration(ctx)
	if err == nil && !newest {
		err = errOlderRules
	}
	return err
}

// outOfScope is true for a ticket that is surely none of ours. Only the newest
// rules say so.
func (e *Engine) outOfScope(ctx context.Context, ticket *Ticket) (bool, error) {
	if e.inScope(ticket) {
		return false, nil
	}
	return true, e.goesByNewest(ctx)
}
