package bot

import (
	"strconv"
	"strings"
	"time"

	"privacydesk/bot/policy"
	"privacydesk/connectors"
)

// RecordFormat is the format of the records that this version writes, and the
// newest that it understands. It goes up when an older version would read one
// wrongly.
const RecordFormat = 1

// Kind is what a request asks for.
type Kind string

// The kinds. Only access and delete are executed; the others are answered.
const (
	KindAccess Kind = "access"
	KindDelete Kind = "delete"
	KindOptOut Kind = "opt_out"
	KindDirect Kind = "direct" // a consumer's own request

	KindCorrection Kind = "correction"
	KindObjection  Kind = "objection"
)

// Phase is how far a request has come. Phases only move forward.
type Phase string

// The phases, in their order.
const (
	PhaseReading   Phase = "reading"
	PhaseLocating  Phase = "locating"
	PhaseWorking   Phase = "working"
	PhaseClosing   Phase = "closing"
	PhaseDone      Phase = "done"
	PhaseForgotten Phase = "forgotten"
)

// WaitOn is whom a pausing request waits for.
type WaitOn string

// What a request may wait on.
const (
	OnRequester WaitOn = "requester" // a question is open
	OnAgent     WaitOn = "agent"     // held: a person must look
	OnApprover  WaitOn = "approver"
	OnTime      WaitOn = "time"    // the waiting period, or a backoff
	OnRequest   WaitOn = "request" // another request on the same subject
	OnSystem    WaitOn = "system"  // a system that does not answer
	OnVendor    WaitOn = "vendor"
	OnPerson    WaitOn = "person"
)

// Wait is orthogonal to the phase: a request resumes exactly where it stood.
type Wait struct {
	On     WaitOn    `json:"on"`
	Reason Reason    `json:"reason"`
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until,omitzero"` // zero: until somebody acts
	// Of is a keyed digest of what the reason is about: a release holds for
	// that alone.
	Of string `json:"of,omitempty"`
}

// lost is true for a request whose record was lost or damaged: what was done
// can't be known, and only a person ends it.
func (w *Wait) lost() bool {
	return w != nil && (w.Reason == ReasonStateLost || w.Reason == ReasonDamaged)
}

// Clearance is a hold that a person waved through, bound to what they saw.
type Clearance struct {
	Reason Reason `json:"reason"`
	Of     string `json:"of,omitempty"`
}

// Resolution is how a done request ended.
type Resolution string

// Resolutions.
const (
	Resolved       Resolution = "resolved"
	Rejected       Resolution = "rejected"
	Cancelled      Resolution = "cancelled"
	PartlyExecuted Resolution = "partly_executed"
)

// Case is the lasting half of a request's record. It is free of personal
// data and stays 24 months (California Regs §7101).
type Case struct {
	ID      string `json:"id"` // "t35436": one request per ticket
	Ticket  int64  `json:"ticket"`
	Version int64  `json:"version"` // of the record; 0 before the first commit
	// Epoch is a random name of this life of the record. Spool files bear it,
	// so that one from a life that was lost is never taken for this one's.
	Epoch string `json:"epoch"`

	Kind      Kind      `json:"kind,omitempty"`
	Tenant    string    `json:"tenant,omitempty"`
	Pseudonym Pseudonym `json:"pseudonym,omitzero"` // of the subject
	// Aliases are pseudonyms of further addresses of the subject, of a delete
	// alone: a legal hold on any of them stops it.
	Aliases []string `json:"aliases,omitempty"`
	// Also are the pseudonyms of the subject's further addresses.
	Also []Pseudonym `json:"also,omitempty"`
	// Controller is set for a consumer's own request, about what the vendor
	// holds as the controller.
	Controller bool `json:"controller,omitempty"`
	// Adopted is the comment by which an admin took somebody else's request
	// on; it goes on in that admin's right.
	Adopted int64 `json:"adopted,omitempty"`
	// Link is the one by which a consumer proves their address.
	Link *Link `json:"link,omitempty"`
	// Doubts are what a person must look at once the counts are known.
	Doubts []Reason `json:"doubts,omitempty"`
	Locale string   `json:"locale,omitempty"`

	Phase      Phase      `json:"phase"`
	Stage      Stage      `json:"stage,omitempty"`     // of the runs, within the phase
	Round      int        `json:"round,omitempty"`     // of locating or verifying
	Rescanned  int        `json:"rescanned,omitempty"` // searches that were begun before Resolved
	Wait       *Wait      `json:"wait,omitempty"`
	Resolution Resolution `json:"resolution,omitempty"`
	Reason     Reason     `json:"reason,omitempty"` // of the resolution

	Arrived   time.Time `json:"arrived"` // the ticket's creation; the 30 days count from here
	Accepted  time.Time `json:"accepted,omitzero"`
	Due       time.Time `json:"due,omitzero"`
	AskedOn   time.Time `json:"asked_on,omitzero"`  // when the consumer asked the customer, by the form
	Statutory time.Time `json:"statutory,omitzero"` // the customer's own date, counted from then
	// Attested is how the customer said that they verified the person's request:
	// AttestedByForm, or AttestedByWord; "" where nobody did.
	Attested string `json:"attested,omitempty"`
	// Integrations are the tenant's that sync into the systems from outside, as
	// the requester was told.
	Integrations []string `json:"integrations,omitempty"`
	// Law is the one under which the person asked; "" where that is unknown.
	Law       Law       `json:"law,omitempty"`
	Located   time.Time `json:"located,omitzero"` // first complete location
	NotBefore time.Time `json:"not_before,omitzero"`
	Begun     time.Time `json:"begun,omitzero"`    // the commit that began the erasing
	Stopped   Reason    `json:"stopped,omitempty"` // why a person ended it in mid-erase
	Erased    time.Time `json:"erased,omitzero"`   // a search first found nothing more
	Finished  time.Time `json:"finished,omitzero"`
	// Forgetting is when the destruction of key and spool was decided: from then
	// on it goes through, whatever happens in between.
	Forgetting time.Time `json:"forgetting,omitzero"`

	// Waited is how long the requester was waited for, without a wait that
	// still runs; see WaitedFor.
	Waited   time.Duration `json:"waited,omitempty"`
	Extended *Extension    `json:"extended,omitempty"`

	Systems  map[string]*System `json:"systems,omitempty"`
	Approval *Approval          `json:"approval,omitempty"`
	// First is set once the policy looked at a request of a tenant of which
	// none was approved or answered.
	First  bool     `json:"first,omitempty"`
	Claims []string `json:"claims,omitempty"` // held by this request
	Linked string   `json:"linked,omitempty"` // the request that a duplicate points to

	// Owed is what the ticket is to be told, in order, before the request
	// moves on. Marks of what was said stand on the ticket itself.
	Owed []Say `json:"owed,omitempty"`
	Seen Seen  `json:"seen,omitzero"`
	// Past are the generations before this one: a customer's word after the
	// end begins another. What was written up to From is not read in it.
	Past  []Ended   `json:"past,omitempty"`
	From  int64     `json:"from,omitempty"`
	Asked int       `json:"asked,omitempty"` // questions put so far
	Acked time.Time `json:"acked,omitzero"`  // when the requester was first told anything
	// Told is when the ticket was last updated, Shown its progress field then.
	Told  time.Time `json:"told,omitzero"`
	Shown string    `json:"shown,omitempty"`
	// Did names the duties that were done, and when; Chores how those stand
	// that failed.
	Did    map[string]time.Time `json:"did,omitempty"`
	Chores map[string]Chore     `json:"chores,omitempty"`
	// MergedInto are tickets that took over what stood on this one.
	MergedInto []int64 `json:"merged_into,omitempty"`
	// Document is when the file was attached that has to go from the ticket
	// next; Remains is what can't go from it.
	Document time.Time     `json:"document,omitzero"`
	Remains  map[Place]int `json:"remains,omitempty"`
	Attempts int           `json:"attempts,omitempty"`
	// Missing is since when replicas that lack a system met the request.
	Missing map[string]time.Time `json:"missing,omitempty"`
	// Dead is how much its steps killed their workers; see countDeaths.
	Dead int `json:"dead,omitempty"`
	// Failing is since when every step of it failed; zero once one went through.
	Failing time.Time `json:"failing,omitzero"`
	// KeyGone is since when its key is known to be gone, though nobody forgot it.
	KeyGone time.Time `json:"key_gone,omitzero"`
	Wake    time.Time `json:"wake,omitzero"` // when Step should look again; zero: only on a hint
	// Answering is the step of the public answer that was last counted.
	Answering string `json:"answering,omitempty"`

	// Hinted is the Record's Hint up to which the ticket was observed.
	Hinted int64 `json:"hinted,omitempty"`
	// Cleared are the holds that a person waved through.
	Cleared []Clearance `json:"cleared,omitempty"`

	Head string `json:"head,omitempty"` // of the ledger's chain
	Seq  int64  `json:"seq,omitempty"`
	// SecretSum is a digest of the sealed half, so that an older one beside a
	// newer case is noticed.
	SecretSum string `json:"secret_sum,omitempty"`
}

// Law is the law under which a person asked the customer.
type Law = policy.Law

// Secret is the other half of the record: personal data, sealed under the
// request's key. Without the key nobody reads it.
type Secret struct {
	Subject    string                `json:"subject,omitempty"` // the normalised address
	Also       []string              `json:"also,omitempty"`    // further ones of the same person
	Identities []connectors.Identity `json:"identities,omitempty"`
	Requester  int64                 `json:"requester,omitempty"`
	// Former are the subjects of earlier generations.
	Former []string `json:"former,omitempty"`
	// Reference is the customer's own, as they wrote it, cleaned.
	Reference string `json:"reference,omitempty"`
	// Extension is why the due date was moved, as the requester was told.
	Extension string `json:"extension,omitempty"`
	// Frozen is what the acceptance was based on; a later edit of the ticket
	// that changes it holds the request.
	Frozen Frozen `json:"frozen,omitzero"`
}

// Frozen are the parts of a ticket that may not change after acceptance.
type Frozen struct {
	Requester int64  `json:"requester"`
	Kind      Kind   `json:"kind"`
	Subject   string `json:"subject"`
	Also      string `json:"also,omitempty"`
	Tenant    string `json:"tenant"`  // as the form names it
	Comment   int64  `json:"comment"` // the newest one that was read
}

// Record is what the store keeps for one request.
type Record struct {
	Case   Case
	Sealed []byte // the Secret, by Keys.Seal
	// Hint counts the hints that arrived for the request. Commit takes the
	// value that was loaded: a hint that came in between wakes it again.
	Hint int64
	// Deaths counts the step's leases that ran out, one after the other, since
	// one was released: each was of a worker that died over it or stood still.
	Deaths int
	// Deferred counts how often an id without a record was put off.
	Deferred int
	// Damaged is true for an id without a record of which one was set aside.
	Damaged bool
	// Leases tells until when each run's worker (or, under "", a step's) is
	// believed to live.
	Leases map[string]Lease
}

// Lease is a worker's claim on a run.
type Lease struct {
	Token string
	Until time.Time
}

// Seen is what of the ticket has been taken in.
type Seen struct {
	Comment int64     `json:"comment,omitempty"` // the newest one read
	Command int64     `json:"command,omitempty"` // the newest one whose command was carried out
	At      time.Time `json:"at,omitzero"`
}

// Pseudonym names a subject without an address: an HMAC-SHA-256 over tenant
// and normalised address under a random key per tenant. Destroying the key
// retires it.
type Pseudonym struct {
	Key string `json:"key"`
	MAC string `json:"mac"`
}

// Approval binds what was approved; what changed since is approved again.
type Approval struct {
	By      string    `json:"by"` // who approved; an operator's name, not a subject
	At      time.Time `json:"at"`
	Binding string    `json:"binding"`
}

// Extension is the one by which a request's due date was moved.
type Extension struct {
	By   string    `json:"by"` // an operator
	At   time.Time `json:"at"`
	Days int       `json:"days"`
}

// IDOfTicket is the request's id for a ticket.
func IDOfTicket(ticket int64) string { return "t" + strconv.FormatInt(ticket, 10) }

// TicketOfID is the ticket that a request's id names, or 0.
func TicketOfID(id string) int64 {
	digits, ok := strings.CutPrefix(id, "t")
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 1 {
		return 0
	}
	return n
}
