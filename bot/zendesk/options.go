// Package zendesk is the bot's Desk on Zendesk: credentials, one patient
// transport, tickets as decisions need them, one safe update a step, webhooks
// and polling.
//
// It keeps go-zendesk for credentials, base URL and the raw verbs, and decodes
// into structs of its own: the library's types fail on numeric fields, drop an
// update's audit, and put answers' bodies, which hold personal data, into
// errors. No error of this package carries any text of a ticket.
package zendesk

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"time"
)

// apiTokensEnd is when Zendesk stops accepting API tokens. Source:
// developer.zendesk.com, migration from API tokens to OAuth.
const apiTokensEnd = "2027-04-30" //nolint:gosec // no credential

// Options of a Zendesk account. The form, the tag and the fields that are
// read are the reader's options, not these.
type Options struct {
	Subdomain string   `yaml:"subdomain" doc:"The account: SUBDOMAIN.zendesk.com."`
	URL       string   `yaml:"url" doc:"Where the account is reached instead, without /api/v2: for the simulator. https, or http on this machine."`
	OAuth     OAuth    `yaml:"oauth" doc:"An OAuth client of the account. Its tokens act as the user who created it, or as the person who signed in with zendesk login."`
	APIToken  APIToken `yaml:"api_token" doc:"The old way to sign in. Zendesk stops accepting API tokens on 2027-04-30; use oauth."`

	ReferenceField int64 `yaml:"reference_field" doc:"Id of the ticket field that shows the request's number. None when left out."`
	DueField       int64 `yaml:"due_field" doc:"Id of the ticket field (date or text) that shows the due date. None when left out."`
	ProgressField  int64 `yaml:"progress_field" doc:"Id of the ticket field that shows the request's state. None when left out."`

	CustomerReferenceField int64 `yaml:"customer_reference_field" doc:"Id of the ticket field in which customers write their own reference. None when left out."`
	AskedOnField           int64 `yaml:"asked_on_field" doc:"Id of the ticket field (date) in which customers write the day on which the person asked them. None when left out."`
	LawField               int64 `yaml:"law_field" doc:"Id of the ticket field in which customers say under which law the person asked them: a list whose tags are laws of requests.laws, with law_ before them or without. None when left out."`
	AttestedField          int64 `yaml:"attested_field" doc:"Id of the ticket field (checkbox) by which customers attest that they verified the person's request. None when left out."`
	NeedsPersonView        int64 `yaml:"needs_person_view" doc:"Id of the agents' view of the tickets that need a person, as zendesk setup made it. None when left out."`

	AssigneeID int64 `yaml:"assignee_id" doc:"Agent to whom a ticket without an assignee is given when it is solved. Default: the bot's own user."`
	GroupID    int64 `yaml:"group_id" doc:"Group that such a ticket gets. Default: Zendesk's choice for the assignee."`
	// RequiredFields are keyed by text, as every map of the configuration is.
	RequiredFields map[string]string `yaml:"required_fields" doc:"What ticket fields get that are required for solving and empty: the field's id (in quotes) and the value. A multi-select takes several tags with commas between. A required field that is not listed here holds the request, and the agents are told which it is."`
	ResolvedStatus string            `yaml:"resolved_status" default:"Resolved" doc:"The custom status of category solved that a finished ticket gets: its label or its id. Where the account has none, the ticket becomes solved."`

	Timeout           time.Duration `yaml:"timeout" default:"30s" doc:"Bound of one try of one call."`
	UploadTimeout     time.Duration `yaml:"upload_timeout" default:"5m" doc:"Bound of one try of uploading one file."`
	Tries             int           `yaml:"tries" default:"5" doc:"How often a call is tried that may be repeated."`
	MaxWait           time.Duration `yaml:"max_wait" default:"90s" doc:"Longest pause that one call takes when Zendesk asks for patience; beyond it the request rests and is resumed later."`
	RequestsPerMinute int           `yaml:"requests_per_minute" doc:"Calls a minute that all replicas together make at most. Default: three quarters of what Zendesk says the account has."`
	UpdatesPerMinute  int           `yaml:"updates_per_minute" default:"100" doc:"Updates of tickets a minute that the account has, of which all replicas together take three quarters: 100, on a trial 20."`

	Webhook Webhook `yaml:"webhook" doc:"What receives Zendesk's webhooks."`
}

// OAuth is a client that acts for itself (client_credentials), or for the
// person whose consent the refresh token stands for.
type OAuth struct {
	ClientID     string `yaml:"client_id" doc:"The client's unique identifier."`
	ClientSecret string `yaml:"client_secret" secret:"true" doc:"The client's secret. A public client has none, and needs refresh_token."`
	RefreshToken string `yaml:"refresh_token" secret:"true" doc:"What zendesk login leaves behind when a person signed in. Without one the client acts as the user who created it. Each use replaces it; replicas share the newest in Redis, sealed."`
	Scope        string `yaml:"scope" default:"read write" doc:"Scopes to ask for."`
}

// APIToken signs in with an address and a token.
type APIToken struct {
	Email string `yaml:"email" doc:"Address of the user who acts."`
	Token string `yaml:"token" secret:"true" doc:"The API token."`
}

// Webhook says what is accepted at the webhook's path.
type Webhook struct {
	Path           string        `yaml:"path" default:"/webhooks/zendesk" doc:"Where the webhook is served."`
	Secret         string        `yaml:"secret" secret:"true" doc:"The webhook's signing secret. Without one, no webhook is served and tickets are polled."`
	PreviousSecret string        `yaml:"previous_secret" secret:"true" doc:"The secret before the last rotation; accepted too."`
	Skew           time.Duration `yaml:"skew" default:"5m" doc:"How far a signature's time may be from ours, either way."`
	URL            string        `yaml:"url" doc:"The address at which Zendesk reaches the path from outside, such as https://privacy.example.com/webhooks/zendesk. zendesk setup makes no webhook without it."`
	ID             string        `yaml:"id" doc:"Id of the webhook in Zendesk, as zendesk setup made it."`
	Trigger        int64         `yaml:"trigger" doc:"Id of the trigger that calls the webhook, as zendesk setup made it."`
	Accounts       []string      `yaml:"accounts" doc:"Ids of the Zendesk accounts whose webhooks are accepted. Default: any that knows the secret."`
}

// checkURL wants an address that Zendesk can call and nobody can read along.
func (w Webhook) checkURL() error {
	if w.URL == "" {
		return nil
	}
	u, err := url.Parse(w.URL)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return errors.New("zendesk.webhook.url: give the whole address, such as https://privacy.example.com/webhooks/zendesk; http is taken for this machine alone")
	}
	return nil
}

// Secrets are those that sign, the newest first.
func (w Webhook) Secrets() []string {
	var out []string
	for _, s := range []string{w.Secret, w.PreviousSecret} {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// DefaultOptions are the values of the default tags.
func DefaultOptions() Options {
	return Options{
		OAuth:          OAuth{Scope: "read write"},
		ResolvedStatus: "Resolved",
		Timeout:        30 * time.Second,
		UploadTimeout:  5 * time.Minute,
		Tries:          5,
		MaxWait:        90 * time.Second,

		UpdatesPerMinute: 100,
		Webhook:          Webhook{Path: "/webhooks/zendesk", Skew: 5 * time.Minute},
	}
}

// fill puts the default where a number or a duration was left out.
func (o Options) fill() Options {
	d := DefaultOptions()
	orDefault(&o.OAuth.Scope, d.OAuth.Scope)
	orDefault(&o.ResolvedStatus, d.ResolvedStatus)
	orDefault(&o.Timeout, d.Timeout)
	orDefault(&o.UploadTimeout, d.UploadTimeout)
	orDefault(&o.Tries, d.Tries)
	orDefault(&o.MaxWait, d.MaxWait)
	orDefault(&o.UpdatesPerMinute, d.UpdatesPerMinute)
	orDefault(&o.Webhook.Path, d.Webhook.Path)
	orDefault(&o.Webhook.Skew, d.Webhook.Skew)
	return o
}

func orDefault[T comparable](into *T, value T) {
	var zero T
	if *into == zero {
		*into = value
	}
}

// Check tells what is wrong with the options themselves, all at once.
func (o Options) Check() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if _, err := o.baseURL(); err != nil {
		errs = append(errs, err)
	}
	hasOAuth, hasToken := o.OAuth.ClientID != "" || o.OAuth.ClientSecret != "" || o.OAuth.RefreshToken != "", o.APIToken.Email != "" || o.APIToken.Token != ""
	switch {
	case hasOAuth && hasToken:
		wrong("zendesk: oauth and api_token are both set; keep oauth")
	case !hasOAuth && !hasToken:
		wrong("zendesk.oauth: client_id and client_secret are missing; create a confidential OAuth client in Zendesk's Admin Center")
	case hasOAuth && (o.OAuth.ClientID == "" || o.OAuth.ClientSecret == "" && o.OAuth.RefreshToken == ""):
		wrong("zendesk.oauth: client_id and client_secret are needed together; a public client needs refresh_token, which `privacydesk zendesk login` gets")
	case hasToken && (o.APIToken.Email == "" || o.APIToken.Token == ""):
		wrong("zendesk.api_token: email and token are needed together")
	}
	if o.Timeout < 0 || o.UploadTimeout < 0 || o.MaxWait < 0 || o.Tries < 0 || o.RequestsPerMinute < 0 || o.UpdatesPerMinute < 0 || o.Webhook.Skew < 0 {
		wrong("zendesk: timeout, upload_timeout, max_wait, tries, requests_per_minute, updates_per_minute and webhook.skew can't be negative")
	}
	for name, id := range map[string]int64{
		"reference_field": o.ReferenceField, "due_field": o.DueField, "progress_field": o.ProgressField,
		"assignee_id": o.AssigneeID, "group_id": o.GroupID, "customer_reference_field": o.CustomerReferenceField,
		"asked_on_field": o.AskedOnField, "law_field": o.LawField, "attested_field": o.AttestedField, "needs_person_view": o.NeedsPersonView, "webhook.trigger": o.Webhook.Trigger,
	} {
		if id < 0 {
			wrong("zendesk.%s: an id can't be negative", name)
		}
	}
	if err := o.Webhook.checkURL(); err != nil {
		errs = append(errs, err)
	}
	for id := range o.RequiredFields {
		if n, err := strconv.ParseInt(id, 10, 64); err != nil || n < 1 {
			wrong("zendesk.required_fields.%s: is no id of a ticket field", id)
		}
	}
	return errors.Join(errs...)
}

// Warnings name what works now and will not, or weakens protection.
func (o Options) Warnings() []string {
	var out []string
	if o.APIToken.Token != "" {
		out = append(out, "zendesk.api_token: Zendesk stops accepting API tokens on "+apiTokensEnd+"; change to zendesk.oauth before")
	}
	return out
}

// baseURL is the account's root, without a slash at its end.
func (o Options) baseURL() (string, error) {
	if o.URL == "" {
		if !regexp.MustCompile(`^[a-z0-9][a-z0-9-]*[a-z0-9]$`).MatchString(o.Subdomain) {
			return "", errors.New("zendesk.subdomain: is not a subdomain; give the part before .zendesk.com: lower-case letters, digits and hyphens")
		}
		return "https://" + o.Subdomain + ".zendesk.com", nil
	}
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || (u.Path != "" && u.Path != "/") {
		return "", errors.New("zendesk.url: give scheme and host alone, such as http://127.0.0.1:8090")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return "", errors.New("zendesk.url: only https is safe; http is taken for this machine alone (127.0.0.1, localhost)")
	}
	return u.Scheme + "://" + u.Host, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
