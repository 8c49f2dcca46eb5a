package zendesk

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Wanted is what a set-up needs to know beside a Desk's own options: the ids
// that the reader's options name, zero for what is to be made.
type Wanted struct {
	Form, KindField, TenantField int64
	// KindValues are the kind field's values and what each means; the default
	// ones when empty.
	KindValues map[string]string
	// LawValues are the law field's values and how each reads; empty where
	// customers have nothing to choose.
	LawValues map[string]string
	// Tag is the one by which agents make any ticket a privacy ticket; empty
	// for none.
	Tag string
	// CustomStatus asks for a status that bears zendesk.resolved_status, so
	// that finished tickets read Resolved and not Solved.
	CustomStatus bool
}

// State is what is, or has to be, done about an object.
type State string

// States of objects.
const (
	Exists  State = "exists"  // as it has to be
	Create  State = "create"  // it is not there
	Repair  State = "repair"  // it is there, and not as it has to be
	Blocked State = "blocked" // a person has to do something first
	Skipped State = "skipped" // not asked for
)

// Item is one object of the account that the bot needs.
type Item struct {
	Thing   string   `json:"thing"`  // "ticket field"
	Option  string   `json:"option"` // where the configuration names it: "zendesk.kind_field"
	Title   string   `json:"title"`
	ID      string   `json:"id,omitempty"` // empty until it is made
	State   State    `json:"state"`
	Changes []string `json:"changes,omitempty"` // of a repair
	Notes   []string `json:"notes,omitempty"`
	Done    bool     `json:"done"`            // it was made or repaired just now
	Error   string   `json:"error,omitempty"` // it was not
}

// Plan is what a set-up found and, once applied, did.
type Plan struct {
	// At is when it was begun. No ticket came in before by what was made.
	At    time.Time `json:"at"`
	Items []Item    `json:"items"`
	// Rivals are the customer's own rules that could touch these tickets.
	Rivals []Rival `json:"rivals"`
	// Lacks are rights that the credentials don't have.
	Lacks []Lack `json:"lacks"`
}

// Ready is true if every object that was asked for is as it has to be.
func (p Plan) Ready() bool {
	return !slices.ContainsFunc(p.Items, func(i Item) bool {
		return i.State == Blocked || i.Error != "" || !i.Done && (i.State == Create || i.State == Repair)
	})
}

// ID is the id of the object that an option names; empty when there is none.
func (p Plan) ID(option string) string {
	for _, i := range p.Items {
		if i.Option == option && i.Error == "" {
			return i.ID
		}
	}
	return ""
}

// Made tells whether an object was made just now.
func (p Plan) Made(option string) bool {
	return slices.ContainsFunc(p.Items, func(i Item) bool { return i.Option == option && i.State == Create && i.Done })
}

// PlanSetup compares the account with what the bot needs, and changes nothing.
// An error means that the account could not be asked.
func (d *Desk) PlanSetup(ctx context.Context, w Wanted) (Plan, error) { return d.setUp(ctx, w, false) }

// ApplySetup makes what is missing and repairs what is not as it has to be.
// Repeating it is safe: what was made is found again by its id or its mark.
// What fails is told in its Item; the others are done all the same.
func (d *Desk) ApplySetup(ctx context.Context, w Wanted) (Plan, error) { return d.setUp(ctx, w, true) }

// setup is one run.
type setup struct {
	*Desk
	want  Wanted
	inv   *inventory
	apply bool
	audit bool             // looks at what the configuration names, and at nothing else
	ids   map[string]int64 // of what is there by now, by option
	hook  string           // the webhook's id
	plan  Plan
}

func (d *Desk) setUp(ctx context.Context, w Wanted, apply bool) (Plan, error) {
	s, err := d.newSetup(ctx, w)
	if err != nil {
		return Plan{}, err
	}
	s.apply = apply
	s.run(ctx)
	return s.plan, nil
}

func (d *Desk) newSetup(ctx context.Context, w Wanted) (*setup, error) {
	inv, err := d.takeInventory(ctx)
	if err != nil {
		return nil, err
	}
	s := &setup{Desk: d, want: w, inv: inv, ids: map[string]int64{}, plan: Plan{At: inv.at.UTC().Truncate(time.Second), Items: []Item{}}}
	s.plan.Lacks, err = d.lacks(ctx, inv)
	return s, err
}

func (s *setup) run(ctx context.Context) {
	for _, f := range s.fieldPlans() {
		s.field(ctx, f)
	}
	s.tags()
	s.form(ctx)
	s.status(ctx)
	s.webhook(ctx)
	s.trigger(ctx)
	s.view(ctx)
	s.plan.Rivals = s.rivals()
}

// piece is one object on its way through the run.
type piece struct {
	collection
	option, title string
	have          *thing // nil when it has to be made
	create        map[string]any
	change        difference
	notes         []string
	blocked       string // why a person has to do something first
	method        string // of a change; PUT when empty
}

// settle decides about a piece, does it where the run applies, and returns
// the object's id; empty when it is not there.
func (s *setup) settle(ctx context.Context, p piece) string {
	item := Item{Thing: strings.ReplaceAll(p.one, "_", " "), Option: "zendesk." + p.option, Title: p.title, Notes: p.notes}
	if code, isClosed := s.inv.closed[p.path]; isClosed {
		p.blocked = fmt.Sprintf("Zendesk does not show its %s to these credentials (%d)", p.called, code)
	}
	switch {
	case p.blocked != "":
		item.State, item.Notes = Blocked, append(item.Notes, p.blocked)
	case p.have == nil:
		item.State = Create
	case p.change.hopeless != "":
		item.State, item.Notes = Blocked, append(item.Notes, p.change.hopeless)
	case len(p.change.what) > 0:
		item.State, item.Changes = Repair, p.change.what
	default:
		item.State = Exists
	}
	if p.have != nil {
		item.ID, item.Title = string(p.have.ID), p.have.label()
	}
	if s.apply {
		s.do(ctx, p, &item)
	}
	s.plan.Items = append(s.plan.Items, item)
	if item.State == Blocked {
		return ""
	}
	return item.ID
}

func (s *setup) do(ctx context.Context, p piece, item *Item) {
	var err error
	switch item.State {
	case Create:
		var made thing
		made, err = s.write(ctx, "create the "+item.Thing+" "+strconv.Quote(p.title), http.MethodPost, "/"+p.path, p.one, p.create)
		if err == nil && made.ID == "" {
			err = errShape
		}
		item.ID = string(made.ID)
	case Repair:
		method := p.method
		if method == "" {
			method = http.MethodPut
		}
		_, err = s.write(ctx, "change the "+item.Thing+" "+item.ID, method, "/"+p.path+"/"+item.ID, p.one, p.change.body)
	default:
		return
	}
	if item.Done = err == nil; err != nil {
		item.Error = err.Error()
	}
}

// search finds the object that an option names, else the one that bears its
// mark, and tells of strangers that bear its title.
func (s *setup) search(c collection, option, id, title string) (found *thing, notes []string) {
	if id != "" && id != "0" {
		if found = s.inv.byID(c.path, id); found != nil {
			return found, nil
		}
		notes = append(notes, fmt.Sprintf("there is no %s %s any more, which zendesk.%s names", strings.ReplaceAll(c.one, "_", " "), id, option))
	}
	for _, t := range s.inv.things[c.path] {
		switch {
		case !t.marked(markOf(option)):
		case found == nil:
			found = &t
		default:
			notes = append(notes, fmt.Sprintf("%s bears the same mark and is not used; remove it", t.ID))
		}
	}
	if found != nil {
		return found, notes
	}
	for _, t := range s.inv.things[c.path] {
		if strings.EqualFold(strings.TrimSpace(t.label()), title) {
			notes = append(notes, fmt.Sprintf("%s has this title and is not ours: it is left alone; to use it, write its id into zendesk.%s", t.ID, option))
		}
	}
	return nil, notes
}

func kindOf(path string) collection {
	all := collections()
	return all[slices.IndexFunc(all, func(c collection) bool { return c.path == path })]
}

// SigningSecret is a webhook's secret. It is a secret: keep it where nobody
// else reads it.
func (d *Desk) SigningSecret(ctx context.Context, webhook string) (string, error) {
	var answer struct {
		Signing struct {
			Secret string `json:"secret"`
		} `json:"signing_secret"`
	}
	const op = "read the webhook's signing secret"
	if err := d.get(ctx, op, "/webhooks/"+url.PathEscape(webhook)+"/signing_secret", &answer); err != nil {
		return "", forSide(err)
	}
	if answer.Signing.Secret == "" {
		return "", fmt.Errorf("%s: %w", op, errShape)
	}
	return answer.Signing.Secret, nil
}
