package bot

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"privacydesk/connectors"
)

// Errors of a Desk.
var (
	// ErrStale: the ticket changed since it was read, or the desk asks to try
	// again. Read it anew and decide anew.
	ErrStale error = connectors.Said("the ticket changed since it was read")
	// ErrClosed: the ticket is closed for good and takes no update.
	ErrClosed error = connectors.Said("the ticket is closed")
	// ErrUnknown: the answer of a write was lost; it may have landed or may
	// still land. Look for the marker before writing again.
	ErrUnknown error = connectors.Said("the desk did not say whether the write landed")
	// ErrUnavailable: the desk can't be reached now, or asks for patience.
	ErrUnavailable error = connectors.Said("the desk is not available")
	// ErrNotFound: there is no such ticket, record or file.
	ErrNotFound error = connectors.Said("not found")
	// ErrIncomplete: the ticket can't be solved before fields that the desk
	// requires are filled; see IncompleteError.
	ErrIncomplete error = connectors.Said("the desk requires fields that are empty")
	// ErrDeclined: the desk refuses this one ticket; see DeclinedError.
	ErrDeclined error = connectors.Said("the desk refuses the ticket")
)

// DeclinedError names of what on a ticket the desk complains when it refuses
// it: "requester", "assignee"; nothing where it does not say. It wraps
// ErrDeclined.
type DeclinedError struct {
	About []string
}

func (e *DeclinedError) Error() string {
	if len(e.About) == 0 {
		return ErrDeclined.Error()
	}
	return ErrDeclined.Error() + " because of " + strings.Join(e.About, ", ")
}

// Unwrap makes errors.Is(err, ErrDeclined) true.
func (e *DeclinedError) Unwrap() error { return ErrDeclined }

// IncompleteError names the fields that the desk requires for solving. It
// wraps ErrIncomplete.
type IncompleteError struct {
	Fields []string // titles and ids of fields, as agents know them
}

func (e *IncompleteError) Error() string {
	return ErrIncomplete.Error() + ": " + strings.Join(e.Fields, ", ")
}

// Unwrap makes errors.Is(err, ErrIncomplete) true.
func (e *IncompleteError) Unwrap() error { return ErrIncomplete }

// Desk is the ticket system. Errors wrap the sentinels above where they
// apply and never carry a ticket's text.
type Desk interface {
	// Changes lists tickets that were changed since cursor; an empty cursor
	// starts at since. Next is to be kept only after the page's tickets are
	// durable.
	Changes(ctx context.Context, cursor string, since time.Time) (ChangePage, error)
	// Glance looks at up to 100 tickets in one call: enough to drop those that
	// are surely none of ours, and to see whose they are. A ticket that is gone
	// is absent.
	Glance(ctx context.Context, ids []int64) ([]Glimpse, error)
	// Suspended lists the mail that the desk keeps outside of tickets.
	Suspended(ctx context.Context) ([]Suspended, error)
	// Ticket reads all of a ticket that decisions rest on, in such an order
	// that Stamp is never newer than the comments, marks and readers beside
	// it. Returns ErrNotFound for a ticket that is gone.
	Ticket(ctx context.Context, id int64) (*Ticket, error)
	// Update writes one step: comment, status, tags, fields and marker in one
	// call, refused with ErrStale unless the ticket still bears the stamp.
	// Attachments are uploaded in the same breath. An update that solves the
	// ticket sets what solving needs; it returns an *IncompleteError where
	// fields are required that nobody filled, and a *DeclinedError where the
	// desk refuses the ticket itself.
	Update(ctx context.Context, u Update) error
	// Room is how long until so many updates of the ticket can be made in a row;
	// 0: now. A desk takes a bounded number of updates of one ticket in a time.
	// It is a look that costs no call, and binds nobody: Update may wait, or
	// refuse with ErrUnavailable, all the same.
	Room(ctx context.Context, ticket int64, updates int) time.Duration
	// Alert tells the agents of something that is on no request's ticket, and
	// returns the ticket that says it: the one named as long as it still waits
	// for them, else a new one of our own user's. The text stays internal.
	// Repeating a new one within an hour makes no second.
	Alert(ctx context.Context, a Alert) (ticket int64, err error)
	// Redact takes text and files out of a ticket's comments for good, on
	// closed tickets too, and reads again what is left. It does not stop at a
	// comment that can't be redacted. Repeating it is safe: what is redacted
	// already costs no call. What it did so far is returned with the error.
	// Returns ErrNotFound for a ticket that is gone.
	Redact(ctx context.Context, r Redaction) (Redacted, error)
	// Remove deletes a ticket with its history for good. One that is gone is
	// fine.
	Remove(ctx context.Context, ticket int64) error
}

// ChangePage is one page of changes.
type ChangePage struct {
	Tickets []int64
	Open    []int64 // those of them that are neither solved nor closed
	Next    string
	End     bool // nothing newer now
}

// GlanceMost is how many tickets one Glance may name.
const GlanceMost = 100

// Glimpse is what the first look at a ticket shows.
type Glimpse struct {
	ID           int64
	Created      time.Time
	Status       Status
	FormID       int64
	Tags         []string // whoever added them
	Requester    int64
	Organization int64 // the requester's; 0 for none
	FollowupOf   int64 // as in Ticket
}

// Suspended is a mail that the desk did not make a ticket of. All text in it is
// from outside.
type Suspended struct {
	ID        int64
	At        time.Time // when it came
	Recipient string
	Subject   string
	Text      string
	// Message is a digest by which the ticket that it becomes is known again;
	// empty if the desk does not tell.
	Message string
}

// Ticket is a ticket as the domain sees it. All text in it is from outside.
type Ticket struct {
	ID         int64
	Stamp      string // opaque, for Update
	Created    time.Time
	Updated    time.Time
	Status     Status
	FormID     int64
	AgentTags  []string // tags that an agent (a person, not us) added
	Tags       []string
	Subject    string
	Fields     map[int64]string // custom fields in text form; empty ones absent
	Channel    string           // web, email, api, …
	Merged     bool             // closed because it was merged into another ticket
	FollowupOf int64            // the closed ticket that this one continues; -1: one that is not named
	Message    string           // as in Suspended: the mail that it began with
	Requester  Person
	Submitter  Person
	Comments   []Comment // oldest first; the first is the description
	Marks      []Mark    // in updates made by our own user, oldest first
	Touched    bool      // our own user has updated it, whether a mark says so or not
	Undone     []Undoing // oldest first
	Edits      []Edit    // by others than us, oldest first; of what decisions rest on
	Full       bool      // it takes no more comments, only other updates
	Readers    Readers
	// Shows is, for a human, where the ticket is.
	URL string
}

// Status of a ticket.
type Status string

// Statuses of tickets.
const (
	StatusNew     Status = "new"
	StatusOpen    Status = "open"
	StatusPending Status = "pending"
	StatusHold    Status = "hold"
	StatusSolved  Status = "solved" // shown as "Resolved" where the desk has such a status
	StatusClosed  Status = "closed"
)

// Person is somebody whom the desk knows.
type Person struct {
	ID            int64
	Name          string
	Email         string
	Role          string // end-user, agent, admin
	Verified      bool   // the desk saw proof that the address is theirs
	Suspended     bool
	Active        bool // not deleted
	Organizations []int64
	Fields        map[string]string // user fields, as agents can edit them
	Locale        string
}

// Staff is true for agents and admins of the desk.
func (p Person) Staff() bool { return p.Role == "agent" || p.Role == "admin" }

// Comment is one contribution to a ticket.
type Comment struct {
	ID     int64
	Author Person
	Public bool
	At     time.Time
	Text   string // plain; quotes and signatures still in it
	// Shown is what a person who reads the comment sees, where that is not
	// Text: a mail's markup may hide some of it. nil: Text.
	Shown   *string
	Channel string
	Flags   []int // doubts about the sender; see reference of comment flags
	Ours    bool  // written by our own user
	Merged  bool  // brought along by a merge: nobody wrote it here
	Files   []File
}

// says is true if it holds of the text, and of what a person sees of it.
func (c Comment) says(what func(string) bool) bool {
	return what(c.Text) && (c.Shown == nil || what(*c.Shown))
}

// File is an attachment as it lies on a comment.
type File struct {
	Name        string
	ContentType string
	Ours        bool // attached by our own user
	At          time.Time
}

// Mark is what a step leaves in the update that it made: proof for a later
// reader, in another process, that it was made.
type Mark struct {
	Request string
	Step    string // or several steps of one update, joined: see Steps
	MAC     string
	At      time.Time
}

// stepsJoin stands in no step's name.
const stepsJoin = "+"

// Steps are those that the mark is of, in their order.
func (m Mark) Steps() []string {
	return slices.DeleteFunc(strings.Split(m.Step, stepsJoin), func(s string) bool { return strings.HasPrefix(s, endMark) })
}

// Undoing is a change of ours, of the status or the tags, that a rule of the
// desk took back.
type Undoing struct {
	At   time.Time
	Rule string // its name, as the desk tells it; text from outside
	What Edited // EditStatus or EditTags
}

// Edited is what of a ticket somebody changed; in the catalogue's words.
type Edited string

// What is looked at of a ticket's history.
const (
	EditRequester Edited = "requester"
	EditForm      Edited = "form"
	EditField     Edited = "field"
	EditText      Edited = "text of a comment"
	EditCopies    Edited = "people in copy"
	EditFollowers Edited = "followers"
	EditSharing   Edited = "sharing with another account"
	EditStatus    Edited = "status"
	EditTags      Edited = "tags"
)

// Edit is a change of a ticket by somebody else than us.
type Edit struct {
	At    time.Time
	What  Edited
	Field int64  // of EditField
	Name  string // of that field, as agents know it
	By    Person
	Rule  string // where a rule of the desk's did it; text from outside
}

// Readers tells who beside requester and agents can read the ticket.
type Readers struct {
	CCs                []Person
	Followers          []Person
	SharedOrganization bool // colleagues read each other's tickets
	SharingAgreements  bool // other accounts read it
	PublicAttachments  bool // whoever holds an attachment's URL can open it
}

// Update is one write to a ticket.
type Update struct {
	Ticket      int64
	Stamp       string
	Mark        Mark
	HTML        string // the comment; empty for none
	Public      bool
	Attachments []Attachment
	Status      Status // empty: leave it
	AddTags     []string
	RemoveTags  []string
	Fields      map[string]string // by our own names ("due", "progress"); empty value clears
	Clear       []int64           // further fields to clear, by id
	Subject     string            // empty: leave the subject line
	// Confirm, when set, is asked right before the write, once the attachments
	// are uploaded: its error refuses the update, takes them back, and is
	// returned.
	Confirm func(context.Context) error
}

// Attachment is a file to put on the comment.
type Attachment struct {
	Name        string
	ContentType string
	Size        int64
	Open        func() (io.ReadCloser, error)
}

// Alert is a word to the agents. It holds no personal data.
type Alert struct {
	Ticket  int64 // the last one on the same; 0 for none
	Subject string
	HTML    string
}

// Redaction says what is to go from a ticket's comments.
type Redaction struct {
	Ticket int64
	// Look changes nothing: it only counts what is Left.
	Look bool
	// Texts lets go all that people wrote, by form, mail or note. What our own
	// user wrote stays.
	Texts bool
	// Files says which files go; nil: none.
	Files func(File) bool
	// Until, when set, spares comments that are newer.
	Until time.Time
	// Find names spans of a text, in bytes: they go from comments that stay,
	// and are counted where they can't. nil finds nothing.
	Find func(text string) [][2]int
	// CopyOf, when set, spares everything but what a merge of that ticket
	// into this one brought here.
	CopyOf int64
}

// Redacted is what a Redaction did.
type Redacted struct {
	Comments int // that were changed
	Files    int // that were removed
	Left     map[Place]int
	// MergedInto are tickets that took this one's comments over.
	MergedInto []int64
}

// Place is where on a ticket something is left; in the catalogue's words.
type Place string

// Places.
const (
	PlaceComment        Place = "comments"
	PlaceFile           Place = "files"
	PlaceSubject        Place = "subject line"
	PlaceField          Place = "fields"
	PlaceTags           Place = "tags"
	PlaceHistorySubject Place = "history of the subject line"
	PlaceHistoryField   Place = "history of fields"
	PlaceHistory        Place = "history, other"
	PlaceCopy           Place = "tickets it was merged into"
)
