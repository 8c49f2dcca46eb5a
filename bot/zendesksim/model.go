package zendesksim

import (
	"maps"
	"slices"
	"time"
)

// Role is a user's role.
type Role string

// Zendesk's roles.
const (
	EndUser Role = "end-user"
	Agent   Role = "agent"
	Admin   Role = "admin"
)

// User is a person or a service in the account. The zero ID is filled in.
type User struct {
	ID              int64
	Name            string
	Email           string // the primary address; "" for none
	Role            Role   // EndUser when empty
	Verified        bool
	Suspended       bool
	OrganizationIDs []int64 // the first is the default one
	ExternalID      string
	Phone           string
	Locale          string // en-US when empty
	Note            string // for whoever signs in as somebody, see CheckListen
	Tags            []string
	UserFields      map[string]any
	// TicketRestriction is organization, groups, assigned, requested or "".
	TicketRestriction string
	// ViewTicketsOf are the organizations whose tickets the user may view beside
	// their own; OrganizationIDs has them too.
	ViewTicketsOf []int64
	Deleted       bool // soft deleted: active is false
	Purged        bool // permanently deleted
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// Identity is one way to recognise a user.
type Identity struct {
	ID        int64
	UserID    int64
	Type      string // email, phone_number, …
	Value     string
	Verified  bool
	Primary   bool
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Organization is a customer of the account.
type Organization struct {
	ID             int64
	Name           string
	ExternalID     string
	DomainNames    []string
	Tags           []string
	SharedTickets  bool // members may read each other's tickets
	SharedComments bool
	Fields         map[string]any
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

type orgMembership struct {
	ID, UserID, OrganizationID int64
	CreatedAt                  time.Time
}

// Group is a team of agents.
type Group struct {
	ID        int64
	Name      string
	Default   bool
	CreatedAt time.Time
}

type groupMembership struct {
	ID, UserID, GroupID int64
	Default             bool
	CreatedAt           time.Time
}

// FieldOption is one choice of a tagger or multiselect field. Its value is
// added to the ticket's tags, as Zendesk does.
type FieldOption struct{ Name, Value string }

// TicketField describes a ticket's field.
type TicketField struct {
	ID    int64
	Title string
	// Type: text, textarea, tagger, multiselect, checkbox, date, integer,
	// decimal, regexp, lookup; system fields have subject, description, status, ….
	Type             string
	Description      string // for end users
	AgentDescription string // for agents alone
	Tag              string // of a checkbox
	Options          []FieldOption
	Pattern          string // of type regexp
	RequiredToSolve  bool
	RequiredInPortal bool
	VisibleInPortal  bool
	EditableInPortal bool
	Inactive         bool
	System           bool
	CreatedAt        time.Time
	UpdatedAt        time.Time
}

// TicketForm is a set of fields.
type TicketForm struct {
	ID             int64
	Name           string
	FieldIDs       []int64
	Default        bool
	Inactive       bool
	EndUserVisible bool
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// CustomStatus is a status as agents read it; Category is one of Zendesk's
// own: new, open, pending, hold, solved.
type CustomStatus struct {
	ID           int64
	Category     string
	AgentLabel   string
	EndUserLabel string
	Description  string
	Default      bool
	Inactive     bool
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Via says how something came into the account.
type Via struct {
	Channel string // api, web, email, web_form …
	// From and To are address and name where the channel is e-mail.
	FromAddress, FromName, ToAddress, ToName string
	FromID                                   int64
	FromTicket                               int64  // the ticket that a follow-up continues, or whose comments a merge brought
	FromTitle                                string // of a rule
	Rel                                      string
}

// Ticket is a ticket without its comments.
type Ticket struct {
	ID             int64
	Subject        string
	Description    string // the first comment's text; changes with its redaction
	Status         string // new, open, pending, hold, solved, closed
	CustomStatusID int64
	Priority       string
	Type           string
	RequesterID    int64
	SubmitterID    int64
	AssigneeID     int64
	GroupID        int64
	OrganizationID int64
	FormID         int64
	Tags           []string
	// CustomFields by field id. Text is string, integer and decimal are
	// float64, checkbox is bool, multiselect is []string.
	CustomFields        map[int64]any
	EmailCCIDs          []int64
	FollowerIDs         []int64
	SharingAgreementIDs []int64
	FollowupIDs         []int64
	FollowupSourceID    int64
	ExternalID          string
	Recipient           string
	Via                 Via
	Public              bool
	Deleted             bool
	CreatedAt           time.Time
	UpdatedAt           time.Time
}

func (t Ticket) clone() Ticket {
	t.Tags = slices.Clone(t.Tags)
	t.EmailCCIDs = slices.Clone(t.EmailCCIDs)
	t.FollowerIDs = slices.Clone(t.FollowerIDs)
	t.SharingAgreementIDs = slices.Clone(t.SharingAgreementIDs)
	t.FollowupIDs = slices.Clone(t.FollowupIDs)
	fields := make(map[int64]any, len(t.CustomFields))
	for id, v := range t.CustomFields {
		if list, ok := v.([]string); ok {
			v = slices.Clone(list)
		}
		fields[id] = v
	}
	t.CustomFields = fields
	return t
}

type ticketRow struct {
	Ticket
	audits     []*Audit
	commentIDs []int64
}

// Comment is a public or internal comment.
type Comment struct {
	ID            int64
	TicketID      int64
	AuditID       int64
	AuthorID      int64
	Body          string
	HTMLBody      string
	Public        bool
	AttachmentIDs []int64
	Via           Via
	// Flags are Zendesk's doubts about the sender, see FlagUntrusted and on.
	Flags     []int
	CreatedAt time.Time
}

// Flags of a comment that make its sender doubtful.
// Source: developer.zendesk.com, ticket comments, metadata flags.
const (
	FlagUntrusted            = 0
	FlagNotInConversation    = 2
	FlagNotSignedIn          = 3
	FlagOnBehalfOfAuthor     = 11
	FlagMaybeNotSentByUser   = 14
	FlagFromReplyToDiffer    = 21
	FlagUnverifiedSenderAddr = 22
)

// Event is one part of an audit.
type Event struct {
	ID        int64
	Type      string // Create, Change, Comment, CommentRedactionEvent …
	FieldName string
	Value     any
	Previous  any
	CommentID int64
	Via       *Via // of what a rule did within somebody's update
}

// Audit is one update of a ticket. Audits can't be changed or deleted, save
// that a comment's redaction shows in them too.
type Audit struct {
	ID        int64
	TicketID  int64
	AuthorID  int64 // who made the update, whatever a comment's author says
	Via       Via
	Custom    map[string]any // metadata.custom: what the updater put there; numbers are json.Number
	Flags     []int
	FlagUser  string
	MessageID string // of the mail by which it came
	Events    []Event
	CreatedAt time.Time
}

// Attachment is a file in an upload or on a comment.
type Attachment struct {
	ID          int64
	CommentID   int64 // 0 until attached
	TicketID    int64
	FileName    string
	ContentType string
	Content     []byte
	Inline      bool
	Token       string // of its content URL
	UploadedBy  int64
	CreatedAt   time.Time
}

// Upload is a set of files that waits to be attached, for 60 minutes.
type Upload struct {
	Token         string
	UserID        int64
	AttachmentIDs []int64
	CreatedAt     time.Time
}

// SuspendedTicket is mail that Zendesk kept out of the tickets; it is kept for
// 14 days.
type SuspendedTicket struct {
	ID          int64
	AuthorName  string
	AuthorEmail string
	Recipient   string
	Subject     string
	Content     string
	Cause       string
	MessageID   string // of the mail
	CreatedAt   time.Time
}

func (u User) clone() User {
	u.OrganizationIDs = slices.Clone(u.OrganizationIDs)
	u.ViewTicketsOf = slices.Clone(u.ViewTicketsOf)
	u.Tags = slices.Clone(u.Tags)
	u.UserFields = maps.Clone(u.UserFields)
	return u
}
