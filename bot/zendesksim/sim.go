// Package zendesksim behaves as Zendesk's ticketing API does, in memory, for
// tests, for the demo and for trying a configuration without an account.
//
// What it imitates is what a careful client can trip over: stamps of whole
// seconds, an export that leaves out the last minute, 409s, limits, closed
// tickets, expanded placeholders, attachments that anyone may open, answers
// that are lost although the write landed, and webhooks that come twice, late,
// reordered or forged. It keeps nothing on disk and is no place for real data:
// at its pages (the help center, the agents') one signs in as anybody by one
// click. So it answers under the names of this machine only.
package zendesksim

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Options set the account that is simulated. The zero value is usable.
type Options struct {
	// Clock gives the account's time; time.Now when nil.
	Clock func() time.Time
	// Subdomain names the account in URLs and headers; "simulated" when empty.
	Subdomain string
	// BaseURL begins the URLs that are not the answer to a request (event
	// payloads); https://SUBDOMAIN.zendesk.com when empty.
	BaseURL string
	// WebhookHTTP delivers webhooks. When nil, a client with Zendesk's
	// time-out of 12 s is used.
	WebhookHTTP *http.Client
	// RequestsPerMinute bounds the whole account; 0 sets no bound and sends no
	// rate limit headers. Zendesk's plans: 200, 400, 700, 2,500.
	RequestsPerMinute int
	// TicketUpdatesPer10Min bounds one user's updates of one ticket in any ten
	// minutes; 0 is off.
	// Zendesk's bound is 30.
	TicketUpdatesPer10Min int
	// AccountUpdatesPerMinute bounds ticket updates of the account; 0 is off.
	// Zendesk's bound is 100, on a trial 20.
	AccountUpdatesPerMinute int
	// ExportsPerMinute bounds the incremental export; 0 is off. Zendesk's
	// bound is 10.
	ExportsPerMinute int
	// ExportLag is how far the incremental export is behind; Zendesk's usual
	// minute when 0.
	ExportLag time.Duration
	// MaxComments bounds the comments of a ticket; Zendesk's 5,000 when 0.
	MaxComments int
	// AttachmentsPublic switches private attachments off: then whoever has an
	// attachment's URL can open it.
	AttachmentsPublic bool
	// AssignOnSolve is Zendesk's "assign tickets to agent upon solve": without
	// it, solving a ticket that has no assignee is refused.
	AssignOnSolve bool
	// APITokensEnd is when API tokens stop; never when zero. Zendesk has
	// announced 2027-04-30.
	APITokensEnd time.Time
	// Sleep waits for slow answers (Slow faults); a timer when nil. It returns
	// the context's error when that ends first.
	Sleep func(ctx context.Context, d time.Duration) error
	// Seed makes faults with a Rate, tokens and secrets repeat from run to run.
	Seed uint64
	// KeepRequests bounds the recorded requests; 10,000 when 0. Counters go on.
	KeepRequests int
}

// Sim is one simulated account and an http.Handler. It is safe for concurrent
// use; each request is one atomic step.
type Sim struct {
	opt    Options
	routes []route

	mu     sync.Mutex
	rnd    *rand.Rand
	lastID int64

	users       table[User]
	identities  table[Identity]
	orgs        table[Organization]
	orgMembers  table[orgMembership]
	groups      table[Group]
	groupMember table[groupMembership]
	fields      table[TicketField]
	forms       table[TicketForm]
	statuses    table[CustomStatus]
	tickets     table[ticketRow]
	comments    table[Comment]
	attachments table[Attachment]
	suspended   table[SuspendedTicket]
	triggers    table[trigger]
	webhooks    []*webhook
	rules       []rule
	office
	uploads map[string]*Upload

	apiTokens    map[string]string // token to e-mail
	oauthClients map[string]oauthClient
	bearer       map[string]accessToken

	sessions     []*session
	jobs         []*job
	idempotent   map[string]idempotentCreate
	requests     []Request
	counts       Counts
	windows      map[string]*window
	taken        map[string][]time.Time // by spendSliding
	faults       []*Fault
	late         []func()
	queue        []*delivery
	wake         chan struct{}
	lastTicket   int64
	privateFiles bool
	noRedaction  bool
	conditions   []int64 // fields that a condition requires for solving
}

// New makes an account with Zendesk's system fields, one form, one custom
// status a category and one group ("Support"), and nobody in it.
func New(o Options) *Sim {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Subdomain == "" {
		o.Subdomain = "simulated"
	}
	if o.BaseURL == "" {
		o.BaseURL = "https://" + o.Subdomain + ".zendesk.com"
	}
	if o.WebhookHTTP == nil {
		o.WebhookHTTP = &http.Client{Timeout: webhookTimeout}
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.KeepRequests == 0 {
		o.KeepRequests = 10_000
	}
	s := &Sim{
		opt:          o,
		rnd:          rand.New(rand.NewPCG(o.Seed, 0x7a656e6465736b)), //nolint:gosec // a simulator wants repeatable tokens, not secret ones
		lastID:       10_000,
		uploads:      map[string]*Upload{},
		apiTokens:    map[string]string{},
		oauthClients: map[string]oauthClient{},
		bearer:       map[string]accessToken{},
		idempotent:   map[string]idempotentCreate{},
		windows:      map[string]*window{},
		taken:        map[string][]time.Time{},
		wake:         make(chan struct{}, 1),
		privateFiles: !o.AttachmentsPublic,
		office:       newOffice(),
	}
	s.routes = s.allRoutes()
	s.furnish()
	return s
}

// now is the account's time. Zendesk's stamps are whole seconds, UTC.
func (s *Sim) now() time.Time { return s.opt.Clock().UTC().Truncate(time.Second) }

// newID serves every kind but tickets, so that an id of one kind never is a
// valid id of another by chance.
func (s *Sim) newID() int64 {
	s.lastID++
	return s.lastID
}

const tokenAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func (s *Sim) newToken(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = tokenAlphabet[s.rnd.IntN(len(tokenAlphabet))]
	}
	return string(b)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
