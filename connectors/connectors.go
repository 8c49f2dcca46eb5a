// Package connectors is the contract between the engine and the systems that
// hold personal data. A connector knows one technology; it knows no tickets,
// no requests and no Zendesk.
package connectors

import (
	"context"
	"errors"
	"io"
)

// Connector reaches one configured system.
//
// All methods may be called again after any failure, at any point, by another
// process. Calls for one system never overlap for one request; calls for
// different requests may.
//
// Batched calls take many jobs so that one scan can serve many requests. A
// job's own failure goes to its Fail and the others go on; a returned error
// means that the whole call failed and says nothing about any job.
type Connector interface {
	// Profile says what the system needs, yields and holds. It is fixed once
	// the connector is open and costs nothing to ask.
	Profile() Profile

	// Check proves that the system answers, that the credentials reach what
	// the data map names, that the map still fits, and that the canary is
	// found. What is wrong but was seen comes back as problems; an error
	// means that the system could not be examined at all.
	Check(ctx context.Context) ([]Problem, error)

	// Locate adds to each job's Finding: the union of what is known and what
	// is there now, never fewer keys. It sets the finding's counts anew. It
	// only reads.
	Locate(ctx context.Context, jobs []*Job) error

	// Gather streams each finding's records into the job's Sink, in a stable
	// order and in memory that does not grow with the data.
	Gather(ctx context.Context, jobs []*Job) error

	// Erase deletes, de-identifies or aggregates what the finding reaches, as
	// the data map says, set by set, children first. It asks the job's Guard
	// inside each irreversible batch. Repeating it is safe; nothing to erase
	// is success.
	Erase(ctx context.Context, jobs []*Job) error

	// Rehearse does what Erase would do and undoes it: a job fails over what
	// the system would refuse. What can't be undone is not touched, nor what
	// others keep locked; that it was not rehearsed then is said in the job's
	// notes, and is no failure. It asks the job's Guard as Erase does. Only
	// systems whose Profile says so are rehearsed.
	Rehearse(ctx context.Context, jobs []*Job) error

	io.Closer
}

// Profile is what the engine plans with.
type Profile struct {
	// Needs are the identity types by which the system can be searched. The
	// system is searched as soon as one of them is known, and again when a
	// further one turns up.
	Needs []IdentityType
	// VendorNeeds are further ones, by which it can be searched with values
	// alone that the vendor assigned.
	VendorNeeds []IdentityType
	// Origins say where the data map asks for each of them: file, line, field.
	Origins map[IdentityType]string
	// Yields are the identity types that its records may reveal and that some
	// other system may need; VendorYields those of them whose values the vendor
	// assigned.
	Yields, VendorYields []IdentityType
	// People are those of Yields of which one person has one: numbers that the
	// vendor gives to the records in which an address is found. Several of them
	// for one subject mean several people behind the address.
	People []IdentityType
	// Collections describes what the system holds, in a stable order.
	Collections []Collection
	// Places are the tenants, as the system spells them, whose alone parts of
	// it are: a request of another tenant does not search those.
	Places []string
	// LeftOut are what the system holds beside, and is neither searched,
	// reported nor erased: by somebody's decision, or because nothing in the
	// data map leads there.
	LeftOut []LeftOut
	// MapDigest is the SHA-256, in hex, of the data map in its canonical form.
	// An approval binds it.
	MapDigest string
	// RefusesErase, when not empty, is why deletes can't run here at all (a
	// collection with no explicit action, say). Access still works.
	RefusesErase string
	// Rehearses is true if a subject's delete is to be rehearsed here before
	// anything of any system is erased.
	Rehearses bool
}

// Action is what a delete does to a collection's rows.
type Action string

// The actions of a data map. There is no default: a collection without one
// makes deletes refuse.
const (
	ActionDelete    Action = "delete"
	ActionMask      Action = "deidentify"
	ActionAggregate Action = "aggregate"
	ActionRetain    Action = "retain"
	ActionNone      Action = ""
)

// Collection describes one set of records of a system.
type Collection struct {
	Name         string // "dataset.collection"
	Label        string
	Source       string
	Purpose      string
	Retention    string
	Categories   []string // fideslang data categories, sorted
	ThirdParties []string
	Action       Action
	Exception    string // for ActionRetain: the exception of Civ. Code 1798.105(d), or the reason
}

// LeftOut is a set of records that somebody left out knowingly.
type LeftOut struct {
	Name, Label string
	Reason      string // may be empty
}

// Problem is one thing that Check found wrong.
type Problem struct {
	Severity Severity
	Where    string // "crm.customer.email": names of the map and schema, never data
	What     string
	Mend     string
}

// Severity says what a Problem stops.
type Severity string

// Severities, the worst first.
const (
	SeverityBlocks  Severity = "blocks"         // neither access nor delete may run
	SeverityDeletes Severity = "blocks_deletes" // access may run
	SeverityNote    Severity = "note"
)

// Job is one subject's share of a call.
type Job struct {
	// ID names the request's run in this system. It carries no personal data
	// and names the lock on the target's side: two attempts of one run never
	// write at the same time.
	ID       string
	Subject  Subject
	Finding  *Finding // in: what is known; out: the union
	Sink     Sink     // for Gather: of this attempt, discarded unless it is committed
	Guard    Guard    // for Erase and Rehearse
	Progress Progress // durable notes of the run
	Mask     Masker   // for Erase, Rehearse, and Locate after an erase
	After    bool     // for Locate: the run looks what an erase has left
	Outcome  Outcome

	err error
}

// Fail records the job's own failure. The first one stays.
func (j *Job) Fail(err error) {
	if j.err == nil {
		j.err = err
	}
}

// Err is the failure that Fail recorded, or nil.
func (j *Job) Err() error { return j.err }

// Outcome is what Gather or Erase report beside the counts of a finding.
type Outcome struct {
	// Pending is set when the work was handed to something slow.
	Pending *Pending
	// Notes are told to agents and, for gather, in the report: what was
	// skipped, cut short or not searched; of Rehearse, why it was not done.
	// Free of personal data.
	Notes []string
	// Keeps says, after Erase and after a Locate of what was erased, what the
	// system's engine keeps of erased records, where, and for how long, as far
	// as can be told. Free of personal data, and of names of files.
	Keeps []string
	// Changed counts the rows that Erase deleted or de-identified for good, also
	// where it failed afterwards. It is what is known before anybody counts anew.
	Changed int64
}

// Guard is asked inside each irreversible batch, and each that is rehearsed,
// for SQL in the transaction: after the lock on the target's side is held, and
// again right before COMMIT, for a statement may have waited in between.
type Guard interface {
	// Allow returns nil if the run's token is still valid and deletes are not
	// paused. Any error stops the run before the batch; it wraps ErrFenced or
	// ErrPaused.
	Allow(ctx context.Context) error
}

// GuardFunc makes a Guard of a function.
type GuardFunc func(ctx context.Context) error

// Allow calls f.
func (f GuardFunc) Allow(ctx context.Context) error { return f(ctx) }

// Progress keeps a run's own notes: a vendor's job id, the last set done.
type Progress interface {
	// Load returns what Save kept last, or nil.
	Load(ctx context.Context) ([]byte, error)
	// Save is durable when it returns.
	Save(ctx context.Context, note []byte) error
}

// Masker derives replacement values. It is a deterministic function of
// (request key, collection, row, field), so that a retry writes the same;
// once the request's key is destroyed the values are random.
type Masker interface {
	// Bytes fills n pseudo-random bytes for one field of one row. row is the
	// row's primary key in its canonical text.
	Bytes(collection, row, field string, n int) []byte
}

// Each runs f for every job in turn, for connectors that don't batch. A
// job's error is recorded by Fail; only a cancelled context ends the call.
func Each(ctx context.Context, jobs []*Job, f func(context.Context, *Job) error) error {
	for _, j := range jobs {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f(ctx, j); err != nil {
			if errors.Is(err, context.Canceled) && ctx.Err() != nil {
				return err
			}
			j.Fail(err)
		}
	}
	return nil
}
