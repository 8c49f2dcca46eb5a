package bot

import (
	"context"
	"io"
	"time"

	"privacydesk/connectors"
)

// ErrKeyGone says that the request's key was destroyed, or never existed.
var ErrKeyGone error = connectors.Said("the request's key is gone")

// ErrMaster says that a key is wrapped by a master key that this replica does
// not have, in the middle of a change of masters: it waits for a replica that
// does, or for the configuration.
var ErrMaster error = connectors.Said("another replica's master key wraps it")

// Spool keeps a request's files, encrypted under its key. It is the
// authority for what was found and whether erasing began.
type Spool interface {
	// Create starts a file; Commit of the writer makes it durable (contents,
	// name and folder) under its name, replacing an older one in one step.
	// Names are slash-separated, of [a-z0-9._-] and without "..".
	Create(ctx context.Context, request, name string) (SpoolWriter, error)
	// Open reads a committed file. Tampering and truncation are errors, at
	// the latest when the end is read. Returns ErrNotFound.
	Open(ctx context.Context, request, name string) (io.ReadCloser, error)
	// List returns the request's committed files in order of their names.
	List(ctx context.Context, request string) ([]SpoolFile, error)
	// Remove deletes one file; a missing one is fine.
	Remove(ctx context.Context, request, name string) error
	// Destroy deletes all of the request's files, unfinished ones too.
	Destroy(ctx context.Context, request string) error
	// Requests lists the requests that have files.
	Requests(ctx context.Context) ([]string, error)
}

// SpoolWriter writes one file.
type SpoolWriter interface {
	io.Writer
	Commit() (SpoolFile, error)
	// Discard drops what was written; after Commit it does nothing.
	Discard()
}

// SpoolFile describes a committed file.
type SpoolFile struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`             // of the plain contents
	SHA256 string `json:"sha256,omitempty"` // of the plain contents, hex; by Commit only
}

// Keys is the key shelf and the keyring. Request keys lie wrapped by the
// master outside Redis and its backups; destroying one makes all that it
// sealed unreadable.
type Keys interface {
	// Create makes the request's key if it has none; durable on return.
	Create(ctx context.Context, request string) error
	// Seal encrypts under the request's key, bound to purpose. ErrKeyGone.
	Seal(ctx context.Context, request, purpose string, plain []byte) ([]byte, error)
	// Unseal reverses Seal. ErrKeyGone, or an error when it was altered.
	Unseal(ctx context.Context, request, purpose string, sealed []byte) ([]byte, error)
	// Derive makes a subkey of 32 bytes for one purpose. ErrKeyGone.
	Derive(ctx context.Context, request, purpose string) ([]byte, error)
	// Destroy removes the request's key for good; a missing one is fine.
	Destroy(ctx context.Context, request string) error
	// Requests lists the requests that have a key.
	Requests(ctx context.Context) ([]string, error)

	// Pseudonym makes the name of a subject of a tenant, creating the
	// tenant's random key if it has none. address is normalised.
	Pseudonym(ctx context.Context, tenant, address string) (Pseudonym, error)
	// Mark authenticates (request, step) for a ticket marker, and MarkValid
	// checks one. Both outlive forgetting.
	Mark(request, step string) string
	MarkValid(m Mark) bool
	// Sign signs a certificate with Ed25519; it returns the key's id and
	// public key beside the signature.
	Sign(message []byte) (Signature, error)
}

// Stable keeps small notes on stable storage beside the keys, outside of the
// store: what must outlive a store that was set back or lost. A note that was
// altered or moved is an error. Names are of [a-z0-9._-], 64 at most.
type Stable interface {
	// Keep makes a note durable, in place of the one of the same group and name.
	Keep(ctx context.Context, group, name string, body []byte) error
	// Note returns one note; nil if there is none.
	Note(ctx context.Context, group, name string) ([]byte, error)
	// Kept returns a group's notes by name.
	Kept(ctx context.Context, group string) (map[string][]byte, error)
	// Unkeep removes a note for good; a missing one is fine.
	Unkeep(ctx context.Context, group, name string) error
	// KeptGroups lists the groups that were ever used.
	KeptGroups(ctx context.Context) ([]string, error)
}

// Signature of a certificate.
type Signature struct {
	KeyID     string `json:"key_id"`
	PublicKey []byte `json:"public_key"`
	Value     []byte `json:"signature"`
}

// Reporter turns gathered records into what the requester gets.
type Reporter interface {
	// Sink starts taking one system's records for one attempt, into the
	// spool under a name of its own.
	Sink(ctx context.Context, request, system, attempt string) (GatherSink, error)
	// Access writes the archive into the spool ("report/…"): one part of at
	// most partSize bytes, or several that each open on their own. The same
	// input gives the same bytes. Returns ErrTooLarge beyond maxParts.
	Access(ctx context.Context, r ReportInput, partSize int64, maxParts int) ([]SpoolFile, error)
	// Certificate writes certificate.json and certificate.html, signed.
	Certificate(ctx context.Context, r ReportInput) ([]SpoolFile, error)
}

// ErrTooLarge says that the report does not fit into the allowed number of parts.
var ErrTooLarge error = connectors.Said("the report is too large to attach")

// GatherSink is a connector's sink that ends in a spool file.
type GatherSink interface {
	connectors.Sink
	// Commit makes the records durable and returns the spool name and the
	// rows written per collection.
	Commit(ctx context.Context) (name string, rows map[string]int64, err error)
	Discard()
}

// ReportInput is what a report or certificate tells beside the records.
type ReportInput struct {
	Case      Case
	Subject   string   // the address; shown in the report, never in a certificate
	Also      []string // the person's further addresses, likewise
	Reference string   // the customer's own reference, if any
	At        time.Time
	Version   string // of the software
	// Planned are the searches that follow, counted from the erasing.
	Planned []time.Duration
	Systems []ReportSystem
}

// Addresses are all by which the person is known to who asked; none for a
// subject that is not named.
func (r ReportInput) Addresses() []string {
	if r.Subject == "" {
		return nil
	}
	return append([]string{r.Subject}, r.Also...)
}

// ReportSystem is one system in the order of the report.
type ReportSystem struct {
	Name    string
	Label   string
	Profile connectors.Profile
	State   System
	Outcome Outcome
	// BackupsFor is how long the system's backups last; 0 if nobody said so.
	BackupsFor time.Duration
}
