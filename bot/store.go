package bot

import (
	"context"
	"time"

	"privacydesk/bot/ledger"
	"privacydesk/connectors"
)

// Errors of a Store.
var (
	// ErrConflict: the record's version or a token moved, or a lease is held
	// by somebody else. Nothing was changed. Load anew.
	ErrConflict error = connectors.Said("the record changed meanwhile")
	// ErrClaimed: another request holds one of the claims, or a claim that
	// must be absent exists. Nothing was changed.
	ErrClaimed error = connectors.Said("another request holds the claim")
	// ErrCapped: a cap would be exceeded. Nothing was changed.
	ErrCapped error = connectors.Said("the cap is reached")
	// ErrDamaged: what the store holds is not what it was given. It does not
	// decode, or its code is missing or not ours. Nothing is done on its word.
	ErrDamaged error = connectors.Said("what the store holds is not what was put into it")
	// ErrNewer: a newer version of privacydesk wrote the record, and this one
	// does not understand it. Nothing was changed.
	ErrNewer error = connectors.Said("a newer version of privacydesk wrote the record; update this one, which leaves it alone")
	// ErrUnsettled: what was done stands in the store, and its disk or its
	// replicas have not confirmed it.
	ErrUnsettled error = connectors.Said("done, but the disk or the replicas of Redis have not confirmed it: a failover now could lose it; look whether it still stands, and repeat it if not")
)

// Authenticator makes the codes by which a store knows again what it was
// given: whoever can write to it, and has no key, can't make one.
type Authenticator interface {
	// Authenticate is the code of a value of some kind under a name.
	Authenticate(kind, name, value string) string
	// Demands is true once all that is stored bears its code. What bears none
	// is then not ours; before, it may be older than the codes.
	Demands() bool
}

// Store keeps requests. Everything it acknowledges is durable.
type Store interface {
	// Load returns the record, or ErrNotFound (then with a Record that holds
	// nothing but Hint, Deferred and Damaged), or ErrDamaged.
	Load(ctx context.Context, id string) (Record, error)
	// SetAside puts a damaged record with its ledger where people can look at
	// it and nothing acts on it, and gives up its claims and the leases of its
	// runs. The id then has no record, and is due. token holds the step's
	// lease, else ErrConflict.
	SetAside(ctx context.Context, id, token string, now time.Time) error
	// Commit applies the change together or not at all. Returns ErrConflict,
	// ErrClaimed (as *ClaimError) or ErrCapped.
	Commit(ctx context.Context, c Change) error
	// Drop forgets the hints of an id that has no record, unless one arrived
	// since hint was loaded.
	Drop(ctx context.Context, id string, hint int64) error

	// Hint notes that something happened for each id, whether it has a record
	// or not, and makes it due at once. once, when not empty, is an
	// invocation's id: a second Hint with it does nothing for the time keep
	// and reports false.
	Hint(ctx context.Context, ids []string, once string, keep time.Duration) (bool, error)
	// Due lists ids of records whose wake time has come, or that were hinted at,
	// and what Defer put off until now, the longest overdue first.
	Due(ctx context.Context, now time.Time, limit int) ([]string, error)
	// Newcomers lists the ids without a record that were hinted at, the
	// earliest hint first, without those that Defer put off.
	Newcomers(ctx context.Context, limit int) ([]Newcomer, error)
	// PutOff lists ids without a record that Defer put off at least so many
	// times: tickets that could not be read.
	PutOff(ctx context.Context, times, limit int) ([]string, error)
	// IntakeRules tells the newest generation of the rules of intake, and whether
	// those of the digest are its. Rules that were never seen begin another; older
	// ones do once nobody has had the newest for as long as patience.
	IntakeRules(ctx context.Context, digest string, now time.Time, patience time.Duration) (generation int64, newest bool, err error)
	// OlderRules is true while IntakeRules would tell that those of the digest are
	// not the newest. It notes nothing: not that anybody has them, either.
	OlderRules(ctx context.Context, digest string, now time.Time, patience time.Duration) (bool, error)
	// Known tells which of the ids have a record.
	Known(ctx context.Context, ids []string) (map[string]bool, error)
	// Defer puts an id off until a time: Due lists it then and not before,
	// unless a hint arrived since hint was loaded (negative: whatever
	// arrived). Nothing is forgotten, and another hint ends it.
	Defer(ctx context.Context, id string, hint int64, until time.Time) error

	// Acquire takes the lease (id, part) for token unless another token's
	// lease is still running at now: then ErrConflict. part is a system, or
	// "" for a step. ErrNewer. A lease that ran out and was not released is
	// counted in Record.Deaths until one is.
	Acquire(ctx context.Context, id, part, token string, now, until time.Time) error
	// Renew extends the lease if token still holds it, else ErrConflict.
	Renew(ctx context.Context, id, part, token string, now, until time.Time) error
	// Release ends the lease if token holds it.
	Release(ctx context.Context, id, part, token string) error
	// Holds is what a Guard asks: nil if token holds the lease at now and
	// deletes are not paused; else an error that wraps connectors.ErrFenced
	// or connectors.ErrPaused. One atomic look.
	Holds(ctx context.Context, id, part, token string, now time.Time) error

	// Claimed returns the id of the request that holds the claim, or "".
	Claimed(ctx context.Context, claim string) (string, error)
	// Fact returns what a request noted last under a key; one without By for
	// a key under which nothing is noted. ErrDamaged.
	Fact(ctx context.Context, key string) (Fact, error)

	// LegalHolds are those on the tenant and on its subjects macs, by subject
	// and name. One atomic look. ErrDamaged.
	LegalHolds(ctx context.Context, tenant string, macs ...string) ([]LegalHold, error)
	// AllLegalHolds lists every one, by tenant, subject and name.
	AllLegalHolds(ctx context.Context) ([]LegalHold, error)
	// KeepLegalHold adds a hold, or replaces the one of the same tenant,
	// subject and name.
	KeepLegalHold(ctx context.Context, h LegalHold) error
	// DropLegalHold ends the hold of that tenant, subject and name, and
	// reports whether there was one.
	DropLegalHold(ctx context.Context, tenant, mac, name string) (bool, error)

	// Events returns the request's ledger, oldest first. Whether it is the
	// record's is for ledger.Verify to say.
	Events(ctx context.Context, id string) ([]ledger.Event, error)
	// List pages through the cases by arrival, newest first. An empty cursor
	// starts; an empty next ends. One that is damaged is listed as waiting
	// for that reason, and says nothing else.
	List(ctx context.Context, f Filter, cursor string, limit int) (cases []Case, next string, err error)
	// Purge removes a case with its ledger, indexes and facts, once it was kept
	// for long enough, if it still has the version. ErrConflict; one that is gone
	// is fine.
	Purge(ctx context.Context, id string, version int64) error

	// PauseDeletes stops every replica before its next batch; Resume ends it.
	PauseDeletes(ctx context.Context, by string, at time.Time) error
	ResumeDeletes(ctx context.Context) error
	// DeletesPaused returns by whom, or "".
	DeletesPaused(ctx context.Context) (string, error)

	// Settle waits until everything that was acknowledged is on disk, and on all
	// replicas that are connected, as far as the store can tell; ErrUnsettled if
	// that takes too long.
	Settle(ctx context.Context) error

	// Cursor and SetCursor keep the polling cursor (and other named texts).
	Cursor(ctx context.Context, name string) (string, error)
	SetCursor(ctx context.Context, name, value string) error
}

// Newcomer is an id that was hinted at and has no record.
type Newcomer struct {
	ID   string
	Hint int64
}

// Change is one commit. It applies whole or not at all.
type Change struct {
	// Case is the new state. Case.Version is the version that was loaded (0
	// creates); the stored one is one higher.
	Case Case
	// Sealed replaces the sealed half; nil leaves it.
	Sealed []byte
	// Forget removes the sealed half.
	Forget bool
	// Hint is the Record's Hint as it was loaded. If no hint arrived since,
	// the request becomes due at Case.Wake (or not at all when that is zero);
	// else it is due at once.
	Hint int64
	// Step, when not empty, is the token of the step's lease, which must
	// still be held at Now; Runs are tokens of runs, likewise.
	Step string
	Runs map[string]string
	Now  time.Time

	Claim   []string // taken for the request; already its own is fine
	Release []string // given up, if they are its own
	Absent  []string // must not exist, or be the request's own
	Caps    []Cap
	Facts   []Fact         // noted, each in the place of what was noted under its key
	Events  []ledger.Event // appended; the first follows the stored head
}

// Fact is something that later requests are to know of this one, free of
// personal data. It stays until another request notes the same, or the one
// that noted it is purged.
type Fact struct {
	Key string
	At  time.Time // to the second
	By  string    // the request's id; Commit sets it
}

// LegalHold keeps a subject's data, or all data of a tenant, from being erased
// until it is lifted. It is free of personal data; its name is for the
// vendor's own people.
type LegalHold struct {
	Tenant string `json:"tenant"`
	// Subject is zero for a hold on the whole tenant.
	Subject   Pseudonym `json:"subject,omitzero"`
	Name      string    `json:"name"`
	Exception string    `json:"exception"` // one of connectors.Exceptions
	By        string    `json:"by"`
	At        time.Time `json:"at"`
}

// Cap counts something up and refuses at a limit.
type Cap struct {
	Key   string // "deletes/acme/2026-11-23"
	Limit int64
	Keep  time.Duration // after that the count may be forgotten
}

// ClaimError names the request that holds a claim. It wraps ErrClaimed.
type ClaimError struct {
	Claim  string
	Holder string // the other request's id
}

func (e *ClaimError) Error() string { return ErrClaimed.Error() + ": " + e.Holder }

// Unwrap makes errors.Is(err, ErrClaimed) true.
func (e *ClaimError) Unwrap() error { return ErrClaimed }

// Filter narrows List. Empty fields match all.
type Filter struct {
	Phase  Phase
	WaitOn WaitOn
	Kind   Kind
	Tenant string
}

// Queue carries hints to workers. It may lose everything: the sweep over due
// records makes up for it.
type Queue interface {
	// Step asks that somebody calls Engine.Step(id) soon. key makes the hint
	// unique: two with the same key may become one while the first waits.
	Step(ctx context.Context, id, key string) error
	// First is Step for a ticket that was not read yet. It does not wait behind
	// steps, however many there are, nor do they wait behind it.
	First(ctx context.Context, id, key string) error
	// Run asks that somebody calls Engine.Run(id, system) soon.
	Run(ctx context.Context, id, system, key string) error
}
