package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"privacydesk/bot/policy"
	"privacydesk/bot/zendesk"
	"privacydesk/config"
	"privacydesk/connectors/all"
)

type setupCmd struct {
	configFlag
	DryRun       bool   `help:"Show the plan and change nothing."`
	JSON         bool   `help:"Print one JSON object."`
	CustomStatus bool   `help:"Make the ticket status that zendesk.resolved_status names, if the account has none."`
	Login        bool   `help:"Let a person sign in at a browser first, as zendesk login does."`
	Listen       string `default:"127.0.0.1:8091" help:"Where the browser comes back to, with --login."`
}

// Help carries the example.
func (setupCmd) Help() string {
	return "Creates, or finds and repairs, ticket form, fields, status, webhook, trigger and view, and writes their ids into the file.\nMay be run again at any time. docs/zendesk.md leads through it.\n\nExamples:\n  privacydesk zendesk setup --config privacydesk.yml --dry-run\n  privacydesk zendesk setup --config privacydesk.yml --custom-status"
}

// setupResult is what --json prints.
type setupResult struct {
	OK     bool         `json:"ok"`
	DryRun bool         `json:"dry_run"`
	Plan   zendesk.Plan `json:"plan"`
	// SecretFile is where the webhook's signing secret lies now.
	SecretFile string `json:"secret_file,omitempty"`
	// Written are the keys that were written into the file, or have to be.
	Written []config.Setting `json:"written"`
	Backup  string           `json:"backup,omitempty"`
	// Paste are lines for a person to put into the file, which could not be
	// written.
	Paste string `json:"paste,omitempty"`
	// Notes are what a person should know or do, Unready what of the file keeps
	// serve from starting.
	Notes   []string `json:"notes"`
	Unready []string `json:"unready,omitempty"`
}

// Run plans, shows, and does.
func (c setupCmd) Run(ctx context.Context, s *surroundings) (err error) {
	draft, err := loadDraft(c.Config, s, c.Login)
	if err != nil {
		return err
	}
	say := func(format string, args ...any) {
		if !c.JSON {
			_, _ = fmt.Fprintf(s.stdout, format+"\n", args...)
		}
	}
	desk, done, err := c.openDesk(ctx, s, draft)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	want := wantedOf(draft, c.CustomStatus)
	r := setupResult{DryRun: c.DryRun, Written: []config.Setting{}, Notes: draft.Warnings()}
	s.at("reading the account")
	r.Plan, err = desk.PlanSetup(ctx, want)
	s.at("")
	if err != nil {
		return err
	}
	for _, line := range planLines(r.Plan) {
		say("%s", line)
	}
	if !c.DryRun {
		began := r.Plan.At
		s.at("setting up the account")
		r.Plan, err = desk.ApplySetup(ctx, want)
		s.at("")
		if err != nil {
			return err
		}
		r.keep(ctx, desk, draft, began)
	}
	r.OK = r.Plan.Ready() || c.DryRun && !blocked(r.Plan)
	if missing := unwritten(draft); missing != nil {
		r.Plan.Items, r.OK = append(r.Plan.Items, *missing), false
	}
	r.Unready = stillMissing(draft, r.Written)
	if c.JSON {
		err = printJSON(s.stdout, r)
	} else {
		r.tell(say)
	}
	if err == nil && !r.OK {
		return errQuiet
	}
	return err
}

func blocked(p zendesk.Plan) bool {
	return slices.ContainsFunc(p.Items, func(i zendesk.Item) bool { return i.State == zendesk.Blocked })
}

// mendable are the mistakes of a file that setup itself mends, or that a
// sign-in mends.
func mendable(p config.Problem, login bool) bool {
	switch p.Path {
	case "intake.since", "zendesk.webhook.secret", "zendesk.kind_values":
		return true
	case "zendesk.oauth", "zendesk.oauth.refresh_token":
		return login
	}
	return false
}

// loadDraft reads the file. Mistakes that are about Zendesk, and that nothing
// here mends, are wrong usage; others can wait.
func loadDraft(path string, s *surroundings, login bool) (*config.Draft, error) {
	kinds, err := all.Kinds()
	if err != nil {
		return nil, err
	}
	draft, err := config.LoadDraft(path, s.env, kinds)
	if err != nil {
		return nil, &usageError{err}
	}
	var bad []config.Problem
	for _, p := range draft.Problems {
		if (p.Path == "zendesk" || strings.HasPrefix(p.Path, "zendesk.")) && !mendable(p, login) {
			bad = append(bad, p)
		}
	}
	if len(bad) > 0 {
		return nil, &usageError{&config.InvalidError{File: path, Problems: bad}}
	}
	return draft, nil
}

// openDesk opens the account. A client that acts for a person shares its
// tokens with the daemon, lest the two end each other's; one that acts for
// itself needs nobody.
func (c setupCmd) openDesk(ctx context.Context, s *surroundings, draft *config.Draft) (*zendesk.Desk, func() error, error) {
	nothing := func() error { return nil }
	env := zendesk.Env{Clock: time.Now}
	switch {
	case c.Login:
		tokens, err := signIn(ctx, s, draft, c.Listen, !c.DryRun)
		if err != nil {
			return nil, nil, err
		}
		env.Tokens = zendesk.ShelfOf(tokens)
	case draft.Zendesk.OAuth.RefreshToken != "":
		for _, p := range draft.Problems {
			if !mendable(p, false) {
				return nil, nil, &usageError{fmt.Errorf("the tokens of the person who signed in lie in Redis, and the configuration is not whole: %s; mend it, or use --login", p)}
			}
		}
		a, err := openApp(ctx, draft.Config, openOptions{log: s.stderr, attach: true})
		if err != nil {
			return nil, nil, err
		}
		return a.desk, func() error { return a.close(ctx) }, nil
	}
	desk, err := zendesk.New(draft.Zendesk.Options, env)
	return desk, nothing, err
}

func wantedOf(draft *config.Draft, status bool) zendesk.Wanted {
	z := draft.Zendesk
	values := map[string]string{}
	for value, kind := range z.KindValues {
		values[value] = string(kind)
	}
	return zendesk.Wanted{
		Form: z.FormID, KindField: z.KindField, TenantField: z.TenantField, KindValues: values, LawValues: lawValues(draft.Requests.Laws), Tag: z.Tag, CustomStatus: status,
	}
}

// lawValues are the choices of the law field, where there is one to make.
func lawValues(laws []policy.Law) map[string]string {
	if len(laws) < 2 {
		return nil
	}
	out := map[string]string{}
	for _, law := range laws {
		out["law_"+string(law)] = law.Name()
	}
	return out
}

const (
	defaultHookSecret    = "secrets/zendesk-webhook-secret"
	defaultRefreshSecret = "secrets/zendesk-refresh-token"
)

// keep writes down what was made: the signing secret first, so that a file
// that names it can be read.
func (r *setupResult) keep(ctx context.Context, desk *zendesk.Desk, draft *config.Draft, began time.Time) {
	set := settingsOf(r.Plan, draft, began)
	if hook := r.Plan.ID("zendesk.webhook.id"); hook != "" {
		extra, err := r.keepSecret(ctx, desk, draft, hook)
		if err != nil {
			r.fail(err)
		}
		set = append(set, extra...)
	}
	r.save(draft, set)
}

func (r *setupResult) save(draft *config.Draft, set []config.Setting) {
	if len(set) == 0 {
		return
	}
	var err error
	if r.Backup, err = draft.Save(set); err != nil {
		r.Backup, r.Paste = "", config.Lines(set)
		r.Notes = append(r.Notes, "the configuration was not changed: "+err.Error())
	}
	r.Written = set
}

// fail notes what went wrong beside the account's objects.
func (r *setupResult) fail(err error) {
	r.Plan.Items = append(r.Plan.Items, zendesk.Item{
		Thing: "signing secret", Option: "zendesk.webhook.secret", Title: "the webhook's signing secret", State: zendesk.Blocked, Error: err.Error(),
	})
}

// keepSecret puts the webhook's secret where the configuration reads it, and
// shows it to nobody.
func (r *setupResult) keepSecret(ctx context.Context, desk *zendesk.Desk, draft *config.Draft, hook string) ([]config.Setting, error) {
	secret, err := desk.SigningSecret(ctx, hook)
	if err != nil {
		return nil, err
	}
	const option = "zendesk.webhook.secret"
	var set []config.Setting
	file, inFile := draft.SecretFile(option)
	switch {
	case draft.Zendesk.Webhook.Secret == secret:
		return nil, nil
	case !inFile && draft.Has(option):
		return nil, errors.New("the configuration has another secret, or none, and it does not lie in a file that setup could write: let zendesk.webhook.secret be ${file:" + defaultHookSecret + "}, and run setup again")
	case !inFile:
		file = draft.Path(defaultHookSecret)
		set = []config.Setting{{Path: option, Value: strconv.Quote("${file:" + defaultHookSecret + "}")}}
	}
	if err := config.WriteSecret(file, secret); err != nil {
		return nil, err
	}
	r.SecretFile = file
	return set, nil
}

// settingsOf are the keys that the file lacks, or that say something else.
func settingsOf(p zendesk.Plan, draft *config.Draft, began time.Time) []config.Setting {
	var set []config.Setting
	add := func(path, value string) { set = append(set, config.Setting{Path: path, Value: value}) }
	// Nothing came in by a form that did not exist: what is older than it is
	// not to be executed, whatever stood there.
	if !draft.Has("intake.since") || p.Made("zendesk.form") && draft.Intake.Since.Before(began) {
		add("intake.since", began.Format(time.RFC3339))
	}
	z := draft.Zendesk
	for _, o := range []struct {
		option string
		have   int64
	}{
		{"form", z.FormID},
		{"kind_field", z.KindField},
		{"tenant_field", z.TenantField},
		{"customer_reference_field", z.CustomerReferenceField},
		{"asked_on_field", z.AskedOnField},
		{"law_field", z.LawField},
		{"attested_field", z.AttestedField},
		{"progress_field", z.ProgressField},
		{"due_field", z.DueField},
		{"needs_person_view", z.NeedsPersonView},
		{"webhook.trigger", z.Webhook.Trigger},
	} {
		if id := p.ID("zendesk." + o.option); id != "" && id != strconv.FormatInt(o.have, 10) {
			add("zendesk."+o.option, id)
		}
	}
	if id := p.ID("zendesk.webhook.id"); id != "" && id != z.Webhook.ID {
		add("zendesk.webhook.id", strconv.Quote(id))
	}
	if len(z.KindValues) == 0 && p.ID("zendesk.kind_field") != "" {
		add("zendesk.kind_values", kindValues())
	}
	return set
}

func kindValues() string {
	values := zendesk.DefaultKindValues()
	var parts []string
	for _, v := range slices.Sorted(maps.Keys(values)) {
		parts = append(parts, v+": "+values[v])
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// unwritten names a secret that the file asks for and nobody writes: without an
// address there is no webhook that has one.
func unwritten(draft *config.Draft) *zendesk.Item {
	file, inFile := draft.SecretFile("zendesk.webhook.secret")
	if !inFile || draft.Zendesk.Webhook.URL != "" {
		return nil
	}
	if _, err := os.Stat(file); err == nil {
		return nil
	}
	return &zendesk.Item{
		Thing: "signing secret", Option: "zendesk.webhook.secret", Title: "the webhook's signing secret", State: zendesk.Blocked,
		Error: "the configuration reads it from " + file + ", which is not there, and no webhook is made that has one: say by zendesk.webhook.url where Zendesk reaches you, or take zendesk.webhook.secret out; tickets are polled then",
	}
}

// stillMissing is what keeps serve from starting with this file.
func stillMissing(draft *config.Draft, written []config.Setting) []string {
	var out []string
	for _, p := range draft.Problems {
		solved := mendable(p, true) && slices.ContainsFunc(written, func(s config.Setting) bool { return s.Path == p.Path })
		if file, ok := draft.SecretFile(p.Path); ok && !solved {
			_, err := os.Stat(file)
			solved = err == nil
		}
		if !solved {
			out = append(out, p.String())
		}
	}
	return out
}
