package config

import (
	"time"

	"privacydesk/bot"
	"privacydesk/bot/policy"
)

// Requests are the engine's numbers. The defaults are those of a cautious
// vendor; most installations change none.
type Requests struct {
	DueDays      int                   `yaml:"due_days" default:"30" min:"1" max:"45" doc:"calendar days from a ticket's arrival to its due date"`
	Laws         []policy.Law          `yaml:"laws" default:"ccpa,gdpr" enum:"ccpa,gdpr,lgpd,uk,us,us_iowa" doc:"laws under which people ask your customers. They decide by when the customer must answer, from the day on which the person asked them (zendesk.asked_on_field), and how long a request can be extended; where neither zendesk.law_field nor tenant_laws tells which of several applies, the earliest date counts"`
	TenantLaws   map[string]policy.Law `yaml:"tenant_laws" enum:"ccpa,gdpr,lgpd,uk,us,us_iowa" doc:"the law of a tenant's requests whose form names none"`
	Statutory    int                   `yaml:"statutory_days" default:"0" min:"0" max:"365" doc:"calendar days that the customer has where neither form nor tenant tells the law; 0: until the earliest date of laws"`
	Reminders    []int                 `yaml:"reminders" default:"3,7,12" min:"1" max:"365" doc:"days after a question on which the requester is reminded of it"`
	CloseAfter   int                   `yaml:"close_after" default:"14" min:"1" max:"366" doc:"days after a question on which a request without an answer is closed; later than the last reminder"`
	Alerts       []int                 `yaml:"alerts" default:"15,23,27" min:"1" max:"44" doc:"days after arrival on which agents are warned of an open request; where the customer's own date comes first, as many days before that. At the date itself they are told that it is overdue, and each week from then on"`
	Attestation  string                `yaml:"attestation" default:"optional" enum:"optional,required" doc:"whether customers must say that they verified the person's request: by the form's checkbox (zendesk.attested_field), else they are asked, wherever the ticket came from"`
	RepeatDays   int                   `yaml:"repeat_days" default:"30" min:"0" max:"730" doc:"within how many days of an answer a receipt for the same person and kind says when it was; 0: never"`
	Location     Location              `yaml:"location" default:"UTC" doc:"time zone of due dates and of the day of a cap, such as Europe/Berlin"`
	ForgetAfter  time.Duration         `yaml:"forget_after" default:"336h" doc:"how long after the end a request's key and files are kept for downloads; then they are destroyed"`
	CleanTicket  bool                  `yaml:"clean_ticket" default:"true" doc:"let what is personal go from tickets: fields and subject line at the end, pictures and PDFs that people attached within a day, and once forget_after is over all comments of people and the report"`
	DeleteTicket bool                  `yaml:"delete_ticket" default:"false" doc:"delete the ticket for good, with its history, once the request is forgotten"`
	KeepRecords  time.Duration         `yaml:"keep_records" default:"17520h" min:"1h" doc:"how long after the end a request's record is kept, free of personal data: 24 months by California Regs §7101; then it is removed"`
	MaxAsked     int                   `yaml:"max_asked" default:"3" min:"0" max:"10" doc:"questions to the requester before an agent takes over"`
	PartSize     int64                 `yaml:"part_size" default:"50 MB" unit:"bytes" min:"1 MB" max:"50 MB" doc:"size of one attachment of a report; Zendesk takes 50 MB"`
	MaxParts     int                   `yaml:"max_parts" default:"10" min:"1" max:"100" doc:"attachments of one report; a larger one is held for a person"`
	Lease        time.Duration         `yaml:"lease" default:"60s" min:"5s" max:"1h" doc:"how long a run's worker is believed to live; renewed at a third"`
	StepLease    time.Duration         `yaml:"step_lease" default:"2m" min:"10s" max:"1h" doc:"the same for a step"`
	Backoff      time.Duration         `yaml:"backoff" default:"15s" min:"1s" doc:"wait after the first failure; doubles each time"`
	AtOnce       int                   `yaml:"at_once_per_tenant" default:"8" min:"0" max:"10000" doc:"requests of one tenant that are worked at at once; the others wait for their turn and, after an hour, say so. Those that wait for a person don't count. 0: any number"`
	Answers      int                   `yaml:"answers_per_hour" default:"60" min:"0" doc:"public answers that one requester gets in an hour; beyond it a request is held for a person without a word to the requester, who may be a program that answers ours. 0: any number"`
	MaxBackoff   time.Duration         `yaml:"max_backoff" default:"15m" min:"1s" max:"24h" doc:"the longest such wait"`
	MaxAttempts  int                   `yaml:"max_attempts" default:"8" min:"1" max:"100" doc:"attempts of one run before it counts as failed and a person is asked"`
	MaxRounds    int                   `yaml:"max_rounds" default:"8" min:"1" max:"64" doc:"rounds of locating, each with what the last one turned up"`
	CheckEvery   time.Duration         `yaml:"check_every" default:"10m" doc:"how long a system's check is believed before it is made again"`
}

// Location is a time zone by its IANA name.
type Location struct{ *time.Location }

// UnmarshalText reads the name. The machine's own zone is refused: replicas
// would not agree on a due date.
func (l *Location) UnmarshalText(text []byte) error {
	zone, err := time.LoadLocation(string(text))
	if err != nil || len(text) == 0 || string(text) == "Local" {
		return wrong("is not the name of a time zone", "write it as UTC or Europe/Berlin")
	}
	l.Location = zone
	return nil
}

// MarshalText writes the name.
func (l Location) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Settings are the engine's settings.
func (c *Config) Settings(version string) bot.Settings {
	r := c.Requests
	return bot.Settings{
		Since: c.Intake.Since, Reading: c.Zendesk.Rules, TenantField: c.Zendesk.TenantField,
		ReferenceField: c.Zendesk.CustomerReferenceField, AskedOnField: c.Zendesk.AskedOnField, LawField: c.Zendesk.LawField, Deletes: c.Deletes, AttestedField: c.Zendesk.AttestedField, MustAttest: r.Attestation == "required", OptOut: bot.OptOutSettings(c.OptOut),
		Integrations: c.Integrations, TenantIntegrations: c.TenantIntegrations,
		DueDays: r.DueDays, Laws: r.Laws, TenantLaws: r.TenantLaws, StatutoryDays: r.Statutory, Reminders: r.Reminders, CloseAfter: r.CloseAfter, Alerts: r.Alerts, RepeatDays: r.RepeatDays,
		Location: r.Location.Location, AgentLocale: c.Messages.Agents,
		Lease: r.Lease, StepLease: r.StepLease, Backoff: r.Backoff, MaxBackoff: r.MaxBackoff,
		MaxAttempts: r.MaxAttempts, MaxRounds: r.MaxRounds, CheckEvery: r.CheckEvery,
		ForgetAfter: r.ForgetAfter, KeepRecords: r.KeepRecords, PartSize: r.PartSize, MaxParts: r.MaxParts, MaxAsked: r.MaxAsked,
		FirstLooks:      bot.FirstLooks{AtOnce: c.Intake.FirstLooks, PerRequester: c.Intake.PerRequester, Pace: c.Intake.Pace},
		AtOncePerTenant: r.AtOnce, AnswersPerHour: r.Answers,
		ShowsProgress: c.Zendesk.ProgressField != 0, Controller: c.Consumers.settings(), CleanTicket: r.CleanTicket, DeleteTicket: r.DeleteTicket, Version: version,
	}
}
