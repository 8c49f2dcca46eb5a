package zendesksim

// maxForms bounds an account's ticket forms [docs, ticket forms].
const maxForms = 300

// office is what an admin sets up in Admin Center beside people, fields and
// webhooks, and who is signed in at a browser.
type office struct {
	views       table[view]
	automations table[trigger]
	mails       []Mail
	mailFiles   bool // attachments travel in notifications
	noForms     bool // the plan has no ticket forms

	browser  int64 // the user who is signed in at the browser; 0 for nobody
	declines bool  // and who answers no when asked to authorize
	codes    map[string]authorization
	refresh  map[string]refreshToken
}

func newOffice() office {
	return office{codes: map[string]authorization{}, refresh: map[string]refreshToken{}}
}

// SetEmailAttachments switches whether notifications carry a comment's files.
func (s *Sim) SetEmailAttachments(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mailFiles = on
}

// SetTicketForms switches the plan's ticket forms: without them none can be
// created.
func (s *Sim) SetTicketForms(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noForms = !on
}

// SignInBrowser lets a user be signed in at the browser that follows links to
// the account; 0 for nobody. Asked to authorize a client, the user agrees.
func (s *Sim) SignInBrowser(user int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.browser, s.declines = user, false
}

// Decline makes the user at the browser say no.
func (s *Sim) Decline() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.declines = true
}

// Rule is a trigger or an automation of the customer's, as an admin made it.
// It may test and do what the simulator can't; such a one is listed and never
// fires.
type Rule struct {
	Title    string
	Inactive bool
	All, Any []Test
	Actions  []Action
}

// Test is one condition of a rule.
type Test struct {
	Field, Operator string
	Value           any
}

// Action is one thing that a rule does.
type Action struct {
	Field string
	Value any
}

func (r Rule) row() trigger {
	t := trigger{Title: r.Title, Active: !r.Inactive, All: tests(r.All), Any: tests(r.Any)}
	for _, a := range r.Actions {
		t.Actions = append(t.Actions, object{"field": a.Field, "value": a.Value})
	}
	return t
}

func tests(in []Test) []condition {
	out := []condition{}
	for _, t := range in {
		out = append(out, condition(t))
	}
	return out
}

// AddTrigger adds a trigger and gives its id.
func (s *Sim) AddTrigger(r Rule) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addTrigger(r.row()).ID
}

// AddAutomation adds an automation and gives its id. The simulator keeps
// automations and runs none: they wait for hours.
func (s *Sim) AddAutomation(r Rule) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addAutomation(r.row()).ID
}
