package bot

import (
	"context"
	"time"

	"github.com/sirupsen/logrus"

	"privacydesk/bot/messages"
	"privacydesk/bot/policy"
	"privacydesk/bot/reading"
	"privacydesk/connectors"
)

// Options are the engine's parts and settings.
type Options struct {
	Desk Desk
	// Patient is the desk for what can wait; Desk if nil.
	Patient   Desk
	Store     Store
	Queue     Queue
	Directory Directory
	Spool     Spool
	Keys      Keys
	Stable    Stable // beside the keys
	Reporter  Reporter
	Messages  *messages.Catalog
	Systems   map[string]SystemConfig
	Log       logrus.FieldLogger
	Clock     func() time.Time
	// Observe is told what metrics count; nil for nobody.
	Observe func(Observation)
	// AtHome fails while the store may not be this installation's: nothing is
	// taken in then. nil: it always is.
	AtHome func(context.Context) error
	// Guarded calls a step's work and turns its panics into ErrPanicked; they
	// pass if it is nil.
	Guarded func(func() error) error
	// Failpoint is called by name around each step that must survive a crash;
	// only tests set it.
	Failpoint func(name string)
	Settings  Settings
}

// SystemConfig is one configured system.
type SystemConfig struct {
	Connector connectors.Connector
	Kind      connectors.Kind
	Label     string
	// Controller systems hold the vendor's own data: a tenant's request never
	// reaches them.
	Controller bool
	// Tenant spells one of our tenants as this system does; an error or ""
	// means that the system does not know it, and the request is held.
	Tenant func(tenant string) (string, error)
	// Timeout bounds one run.
	Timeout time.Duration
	// BackupsFor is how long the system's backups last, for certificates; 0 if
	// nobody said so.
	BackupsFor time.Duration
}

// Settings are the engine's numbers. Zero values are not usable: the
// configuration declares the defaults.
type Settings struct {
	Since       time.Time // tickets older than this never execute
	Reading     reading.Rules
	TenantField int64 // the ticket field that names the tenant; 0 for none
	// ReferenceField holds the customer's own reference, AskedOnField the date
	// on which the consumer asked them, LawField under which law; 0 for none.
	ReferenceField, AskedOnField, LawField int64
	Deletes                                policy.Rules
	// AttestedField is the ticket field by which customers attest that they
	// verified the person's request, 0 for none; MustAttest asks those who
	// did not.
	AttestedField int64
	MustAttest    bool
	OptOut        OptOutSettings
	// Integrations name what syncs into the systems and is not erased, of all
	// tenants; TenantIntegrations of single ones. The directory may know more.
	Integrations       []string
	TenantIntegrations map[string][]string
	DueDays            int
	// Laws are those under which people ask the customers, TenantLaws those of
	// single tenants. StatutoryDays are the calendar days that a customer has
	// of whose law nothing is known; 0: until the earliest date of Laws.
	Laws          []policy.Law
	TenantLaws    map[string]policy.Law
	StatutoryDays int
	// Reminders of a question and, after it, CloseAfter are days after it;
	// Alerts are days after an arrival of a request that has DueDays. All are
	// in order.
	Reminders   []int
	CloseAfter  int
	Alerts      []int
	RepeatDays  int    // within which an earlier answer is mentioned; 0: never
	AgentLocale string // of internal notes; "" for the catalog's own
	Location    *time.Location
	Lease       time.Duration // of a run's worker; renewed at a third
	StepLease   time.Duration
	StepTimeout time.Duration // of one step; 0: an hour
	Backoff     time.Duration // the first; doubles up to MaxBackoff
	MaxBackoff  time.Duration
	MaxAttempts int           // of a run, before it counts as failed
	MaxRounds   int           // of locating
	CheckEvery  time.Duration // how long a connector's Check is believed
	ForgetAfter time.Duration // after the end: key and spool are destroyed
	KeepRecords time.Duration // after the end: case and ledger are removed, too
	PartSize    int64         // bytes of one attachment
	MaxParts    int
	MaxAsked    int // questions before an agent takes over
	Controller  ControllerSettings
	FirstLooks  FirstLooks
	// AtOncePerTenant is how many requests of one tenant are worked at at once,
	// AnswersPerHour how many public answers one requester gets; 0 for any.
	AtOncePerTenant int
	AnswersPerHour  int
	// ShowsProgress is true where tickets have a field for it.
	ShowsProgress bool
	// CleanTicket lets what is personal go from tickets; DeleteTicket deletes
	// those of forgotten requests for good.
	CleanTicket, DeleteTicket bool
	Version                   string
}

// OptOutSettings are what the vendor says to those who opt out of the sale or
// sharing of personal data. Without a statement a person answers.
type OptOutSettings struct {
	Statement     string // plain text
	SubProcessors string // the address of the page that lists them; "" for none
}

// ControllerSettings let consumers file directly, about what the vendor holds
// as the controller. The zero value is off.
type ControllerSettings struct {
	Tenant  string        // the vendor's own, by our spelling; "" for off
	BaseURL string        // where the web server is reached, https, without a slash at the end
	LinkTTL time.Duration // how long a link can be followed
	PerDay  int64         // links for one address a day
}

// Observation is something that metrics count.
type Observation struct {
	Event    string // "run", "done", "held", "declined", "suspended", "damaged"
	Kind     Kind
	System   string
	Stage    Stage
	Failed   bool
	Duration time.Duration
}
