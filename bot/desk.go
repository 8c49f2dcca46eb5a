package bot

import (
	"context"
	"errors"
	"io"
	"time"
)

// Errors of a Desk.
var (
	// ErrStale: the ticket changed since it was read, or the desk asks to try
	// again. Read it anew and decide anew.
	ErrStale = errors.New("the ticket changed since it was read")
	// ErrClosed: the ticket is closed for good and takes no update.
	ErrClosed = errors.New("the ticket is closed")
	// ErrUnknown: the answer of a write was lost; it may have landed or may
	// still land. Look for the marker before writing again.
	ErrUnknown = errors.New("the desk did not say whether the write landed")
	// ErrUnavailable: the desk can't be reached now, or asks for patience.
	ErrUnavailable = errors.New("the desk is not available")
	// ErrNotFound: there is no such ticket, record or file.
	ErrNotFound = errors.New("not found")
)

// Desk is the ticket system. Errors wrap the sentinels above where they
// apply and never carry a ticket's text.
type Desk interface {
	// Changes lists tickets that were changed since cursor; an empty cursor
	// starts at since. Next is to be kept only after the page's tickets are
	// durable.
	Changes(ctx context.Context, cursor string, since time.Time) (ChangePage, error)
	// Ticket reads all of a ticket that decisions rest on, in such an order
	// that Stamp is never newer than the comments, marks and readers beside
	// it. Returns ErrNotFound for a ticket that is gone.
	Ticket(ctx context.Context, id int64) (*Ticket, error)
	// Update writes one step: comment, status, tags, fields and marker in one
	// call, refused with ErrStale unless the ticket still bears the stamp.
	// Attachments are uploaded in the same breath.
	Update(ctx context.Context, u Update) error
}

// ChangePage is one page of changes.
type ChangePage struct {
	Tickets []int64
	Next    string
	End     bool // nothing newer now
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
	Requester  Person
	Submitter  Person
	Comments   []Comment // oldest first; the first is the description
	Marks      []Mark    // in updates made by our own user
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
	ID      int64
	Author  Person
	Public  bool
	At      time.Time
	Text    string // plain; quotes and signatures still in it
	Channel string
	Flags   []int // doubts about the sender; see reference of comment flags
	Ours    bool  // written by our own user
	Merged  bool  // brought along by a merge: nobody wrote it here
}

// Mark is what a step leaves in the update that it made: proof for a later
// reader, in another process, that it was made.
type Mark struct {
	Request string
	Step    string
	MAC     string
	At      time.Time
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
}

// Attachment is a file to put on the comment.
type Attachment struct {
	Name        string
	ContentType string
	Size        int64
	Open        func() (io.ReadCloser, error)
}
