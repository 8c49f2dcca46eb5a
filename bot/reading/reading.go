// Package reading turns a ticket into what is asked and about whom. It is
// pure. It never guesses: what is not stated once and clearly becomes a
// question to the requester.
package reading

import "strings"

// Kind is what a request asks for, as package bot spells it.
type Kind string

// The kinds.
const (
	Unclear Kind = ""
	Access  Kind = "access"
	Delete  Kind = "delete"
	OptOut  Kind = "opt_out"
	Direct  Kind = "direct"

	// What is asked for in words alone, and never executed.
	Correction Kind = "correction"
	Objection  Kind = "objection"
)

// Questions to the requester: reason codes of package bot (bot/reason.go),
// spelled again because the domain imports reading and not the reverse.
const (
	AskKind        = "kind_unclear"
	AskSubject     = "subject_missing"
	AskOneSubject  = "subject_several"
	AskRealAddress = "subject_not_an_address"
)

// Message is one comment of a ticket.
type Message struct {
	FromRequester bool
	FromStaff     bool
	Public        bool
	Automatic     bool // out of office, a bounce: never an answer
	Text          string
	// Shown is what a person who reads the message sees, where that is not
	// Text. Where the two differ in what is read here, it is asked.
	Shown *string
}

// Ticket is what reading needs of a ticket. All text in it is from outside.
type Ticket struct {
	FormID    int64
	AgentTags []string // tags that an agent added
	Subject   string   // the ticket's title
	Channel   string
	// RequesterAddress is the requester's own address. It counts as the
	// subject only if it is the only one that was given on purpose.
	RequesterAddress string
	Fields           map[int64]string
	// Messages are the description and the replies, oldest first. Only public
	// ones of the requester's own are read.
	Messages []Message
}

// Rules say which tickets are requests, and where on them things stand.
type Rules struct {
	FormID       int64           `yaml:"form" doc:"Id of the ticket form whose tickets are privacy requests."`
	Tag          string          `yaml:"tag" default:"privacy_request" doc:"Tag by which an agent makes any ticket a privacy request. The same tag from anybody else does nothing."`
	KindField    int64           `yaml:"kind_field" doc:"Id of the ticket field that says what is asked for."`
	SubjectField int64           `yaml:"subject_field" doc:"Id of the ticket field that holds the person's e-mail address. Leave it out: an address in a comment can be redacted later, one in a field stays in the ticket's history."`
	KindValues   map[string]Kind `yaml:"kind_values" doc:"The kind field's values (tags) and which kind each means: access, delete, opt_out or direct."`
	OwnAddresses []string        `yaml:"own_addresses" doc:"The support addresses of the desk. They are never taken for a subject."`
	MaxText      int             `yaml:"max_text" default:"20000" doc:"Characters of one comment that are read. A longer one is asked about."`
}

// Result is what a ticket says.
type Result struct {
	Kind     Kind
	Subject  string // normalised; empty where unclear
	Question string // what must be asked first; empty where all is clear
	// Candidates is how many different addresses were given on purpose.
	Candidates int
	// Wanted is what the words ask for where Kind is Direct: Access, Delete or
	// Unclear.
	Wanted Kind

	also string // further addresses of the subject, with blanks between
}

// Addresses are all by which the requester says the one person is known, the
// subject first. None where the subject is unclear.
func (r Result) Addresses() []string {
	if r.Subject == "" {
		return nil
	}
	return append([]string{r.Subject}, strings.Fields(r.also)...)
}
