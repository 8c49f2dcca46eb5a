package config

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"privacydesk/bot"
	"privacydesk/connectors"
)

const goodKey = "5f1c0f3e9a7b2d4c6e8f00112233445566778899aabbccddeeff102132435465"

// boxOptions are those of a made-up connector that has every kind of option.
type boxOptions struct {
	DSN     string            `yaml:"dsn" secret:"true" required:"true" doc:"where it is"`
	Dataset []string          `yaml:"dataset" required:"true" doc:"its maps"`
	Mode    string            `yaml:"mode" default:"soft" enum:"soft,hard" doc:"how"`
	Size    int64             `yaml:"size" default:"4 KiB" unit:"bytes" doc:"how much"`
	Wait    time.Duration     `yaml:"wait" doc:"how long"`
	Ratio   float64           `yaml:"ratio" default:"0.5" doc:"which part"`
	Dry     bool              `yaml:"dry" doc:"whether"`
	Ports   []int             `yaml:"ports" default:"1,2" doc:"which ones"`
	Headers map[string]string `yaml:"headers" secret:"true" doc:"what is sent along"`
	Canary  *boxCanary        `yaml:"canary" doc:"who must be found"`
}

type boxCanary struct {
	Tenant string `yaml:"tenant" required:"true" doc:"whose"`
	Age    uint8  `yaml:"age" default:"9" max:"99" doc:"how old"`
}

func testKinds(t testing.TB) connectors.Kinds {
	t.Helper()
	kinds, err := connectors.NewKinds(connectors.Kind{
		Name: "box", Summary: "a box", Gathers: true, Erases: true,
		Options: func() any { return &boxOptions{Wait: 7 * time.Second} },
		Open: func(context.Context, connectors.Env, any) (connectors.Connector, error) {
			return nil, errors.New("the configuration opens nothing")
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return kinds
}

func testEnv(more map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := more[name]
		return value, ok
	}
}

const minimal = `intake:
  since: 2026-11-01
zendesk:
  subdomain: example
  oauth: {client_id: privacydesk, client_secret: hush}
directory: {kind: static, users: [{email: alex@acme.example, tenant: acme, admin: true}]}
keys:
  master:
    - {id: "1", key: ` + goodKey + `}
systems:
  crm:
    kind: box
    dsn: box://crm
    dataset: [maps/crm.yml]
    tenants: same
`

// load parses text as a file in a folder of its own.
func load(t testing.TB, text string, env map[string]string, files map[string]string) (*Config, error) {
	t.Helper()
	dir := t.TempDir()
	for name, body := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "privacydesk.yml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(path, testEnv(env), testKinds(t))
}

func mustLoad(t testing.TB, text string, env, files map[string]string) *Config {
	t.Helper()
	c, err := load(t, text, env, files)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestMinimalGetsTheDeclaredDefaults(t *testing.T) {
	c := mustLoad(t, minimal, nil, nil)
	if got, want := c.Intake.Since, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("since %v, want %v", got, want)
	}
	s := c.Settings("v1")
	if s.Lease != time.Minute || s.StepLease != 2*time.Minute || s.Backoff != 15*time.Second || s.MaxBackoff != 15*time.Minute ||
		s.MaxAttempts != 8 || s.MaxRounds != 8 || s.CheckEvery != 10*time.Minute || s.PartSize != 50_000_000 || s.MaxParts != 10 ||
		s.DueDays != 30 || s.ForgetAfter != 336*time.Hour || s.MaxAsked != 3 || s.Location != time.UTC || s.Version != "v1" {
		t.Errorf("settings: %+v", s)
	}
	if c.Deletes.Live() || c.Deletes.Approval != "always" || c.Deletes.WaitingPeriod != 72*time.Hour {
		t.Errorf("deletes are not cautious: %+v", c.Deletes)
	}
	if c.Zendesk.Webhook.Skew != 5*time.Minute || c.Zendesk.Tag != "privacy_request" {
		t.Errorf("zendesk's defaults are missing: skew %v, tag %q", c.Zendesk.Webhook.Skew, c.Zendesk.Tag)
	}
	crm := c.Systems["crm"]
	want := &boxOptions{
		DSN: "box://crm", Dataset: []string{"maps/crm.yml"}, Mode: "soft", Size: 4096, Wait: 7 * time.Second,
		Ratio: 0.5, Ports: []int{1, 2},
	}
	if diff := cmp.Diff(want, crm.Options); diff != "" {
		t.Error(diff)
	}
	if crm.Name != "crm" || crm.Label != "crm" || crm.Role != Processor || crm.Timeout != time.Hour || crm.Kind.Name != "box" {
		t.Errorf("system: %s %s %s %s %s", crm.Name, crm.Label, crm.Role, crm.Timeout, crm.Kind.Name)
	}
	if !strings.HasPrefix(c.KeysDir(), c.DataDir) || !c.Web.Metrics || c.Web.TLS != nil {
		t.Error("paths or web have other defaults than declared")
	}
}

func TestEveryMistakeIsReportedAtOnceWithItsPlaceAndMend(t *testing.T) {
	_, err := load(t, `intake:
  poll: every five minutes
zendesk:
  subdomian: example
  oauth: {client_id: privacydesk, client_secret: hush}
  form: "12"
keys: {}
data_dir: true
deletes:
  waiting_period: 72
requests:
  part_size: 60 MB
  location: Berlin
  due_days: many
  due_days: 3
systems:
  CRM:
    kind: boks
  crm:
    kind: box
    role: procesor
    dataset: maps/crm.yml
    tenants: {acme: "1"}
    canary: {age: 120}
    ports: [1, two]
  other:
    kind: box
    dsn: x
    dataset: [x]
web: [1]
lgo: {level: info}
`, nil, nil)
	var invalid *InvalidError
	if !errors.As(err, &invalid) {
		t.Fatalf("got %v", err)
	}
	want := []string{
		"1:1 directory: is missing",
		"2:3 intake.since: is missing",
		"2:9 intake.poll: is not a schedule; write @every 5m",
		"4:3 zendesk.subdomian: this key is not known; did you mean subdomain?",
		"6:9 zendesk.form: is a text and must be a whole number; write digits, without quotes",
		"7:7 keys.master: is missing",
		"8:11 data_dir: is true or false and must be a text; put it in quotes",
		"10:19 deletes.waiting_period: is a number without a unit; write it as 90s, 15m, 72h or 14d",
		"12:14 requests.part_size: is above 50 MB; write 50 MB or less",
		"13:13 requests.location: is not the name of a time zone",
		"14:13 requests.due_days: is a text and must be a whole number",
		"15:3 requests.due_days: stands here a second time; the first is in line 14; remove one of the two",
		"18:5 systems.CRM: is not a system's name",
		"18:11 systems.CRM.kind: is no kind that there is; did you mean box?",
		"20:5 systems.crm.dsn: is missing; add dsn: … (where it is)",
		"21:11 systems.crm.role: is none of processor, controller; did you mean processor?",
		"22:14 systems.crm.dataset: is a text and must be a list",
		"24:13 systems.crm.canary.tenant: is missing",
		"24:19 systems.crm.canary.age: is above 99; write 99 or less",
		"25:16 systems.crm.ports[1]: is a text and must be a whole number",
		"27:5 systems.other: says of no tenant how the system spells it",
		"30:6 web: is a list and must be a mapping",
		"31:1 lgo: this key is not known; did you mean log?",
	}
	var got []string
	for _, p := range invalid.Problems {
		got = append(got, p.String())
	}
	for i, w := range want {
		if i >= len(got) || !strings.HasPrefix(got[i], w) {
			t.Fatalf("problem %d: want %q\nin:\n%s", i, w, strings.Join(got, "\n"))
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d problems, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
}

func TestReferencesToEnvironmentAndFiles(t *testing.T) {
	text := strings.Replace(minimal, goodKey, `"${file:master.key}"`, 1)
	text = strings.Replace(text, "dsn: box://crm", `dsn: box://${env:USER_NAME}:$${x}@${file:host}/$`, 1)
	text = strings.Replace(text, "subdomain: example", "subdomain: example\n  form: ${env:FORM}", 1)
	c := mustLoad(t, text,
		map[string]string{"USER_NAME": "${file:never}", "FORM": "42"},
		map[string]string{"master.key": goodKey + "\r\n", "host": "h\n"})
	if got, want := c.Systems["crm"].Options.(*boxOptions).DSN, "box://${file:never}:${x}@h/$"; got != want {
		t.Errorf("dsn %q, want %q", got, want)
	}
	if c.Zendesk.FormID != 42 {
		t.Errorf("form %d, want 42", c.Zendesk.FormID)
	}
}

func TestReferencesThatLeadNowhere(t *testing.T) {
	for name, tc := range map[string]struct{ ref, want string }{
		"variable":  {"${env:NOPE}", "the environment variable NOPE is not set"},
		"file":      {"${file:nope.key}", "the file nope.key does not exist"},
		"folder":    {"${file:.}", ". is not a regular file"},
		"open":      {"${env:NOPE", "a reference is not closed"},
		"kind":      {"${vault:x}", "neither ${env:NAME} nor ${file:PATH}"},
		"name":      {"${env:A-B}", "neither ${env:NAME} nor ${file:PATH}"},
		"empty":     {"${env:EMPTY}", "is empty"},
		"no colon":  {"${HOME}", "neither ${env:NAME} nor ${file:PATH}"},
		"no secret": {"${file:}", "neither ${env:NAME} nor ${file:PATH}"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(t, strings.Replace(minimal, "box://crm", "'"+tc.ref+"'", 1), map[string]string{"EMPTY": ""}, nil)
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "13:10 systems.crm.dsn") {
				t.Errorf("got %v, want %q at 12:10", err, tc.want)
			}
		})
	}
}

func TestAFileThatEverybodyCanReadIsRefused(t *testing.T) {
	dir := t.TempDir()
	key := filepath.Join(dir, "master.key")
	if err := os.WriteFile(key, []byte(goodKey), 0o600); err != nil {
		t.Fatal(err)
	}
	text := []byte(strings.Replace(minimal, goodKey, `"${file:master.key}"`, 1))
	for mode, refused := range map[os.FileMode]bool{0o600: false, 0o640: false, 0o644: true, 0o604: true, 0o602: true} {
		if err := os.Chmod(key, mode); err != nil {
			t.Fatal(err)
		}
		_, err := parse(filepath.Join(dir, "c.yml"), text, testEnv(nil), testKinds(t))
		if refused && (err == nil || !strings.Contains(err.Error(), "chmod o-rw master.key")) || !refused && err != nil {
			t.Errorf("mode %o: got %v, refused should be %v", mode, err, refused)
		}
	}
}

// No error and no rendering repeats a value, wherever a secret stands.
func TestRule10_NoSecretIsEverPrinted(t *testing.T) {
	const secret = "hunter2-S3CRET"
	env := map[string]string{"S": secret}
	lines := []string{
		"    dsn: " + secret, "    dsn: {" + secret + ": x}", "    dsn: [" + secret + "]", "    dsn: *" + secret, "    dsn: &" + secret + " x",
		"    dsn: !" + secret + " x", "    dsn: !!int " + secret, "    dsn: '" + secret, "    dsn: ${" + secret + "}", "    dsn: ${env:S", "    " + secret + "/x: 1",
		"    wait: " + secret, "    wait: ${env:S}", "    mode: ${env:S}", "    mode: " + secret, "    size: ${env:S}", "    ratio: ${env:S}", "    dry: ${env:S}",
		"    ports: [" + secret + "]", "    canary: " + secret, "    canary: {age: '${env:S}'}", "    role: ${env:S}", "    headers: {a: {b: " + secret + "}}",
		"    timeout: ${env:S}", "    headers: " + secret, "    headers: [" + secret + "]", "    dsn: x\n    tenants: " + secret, "    kind: ${env:S}",
		"deletes: {mode: '${env:S}'}", "deletes: {approval: '${env:S}'}", "zendesk: {kind_values: {a: '${env:S}'}}", "zendesk: {url: 'http://${env:S}'}",
		"requests: {location: '${env:S}'}", "intake: {since: '${env:S}', poll: '${env:S}'}", "keys: {master: [{id: '${env:S}', key: '${env:S}'}]}",
		"log: {level: '${env:S}'}", "keys: ${env:S}", "redis: redis://" + secret + "@h", "systems: ${env:S}", "<<: " + secret, "? [" + secret + "]\n: x",
	}
	for _, line := range lines {
		text := minimal + line + "\n"
		if strings.HasPrefix(line, "    ") {
			text = strings.Replace(minimal, "    dsn: box://crm\n", line+"\n", 1)
		}
		_, err := load(t, text, env, nil)
		if err == nil && !strings.Contains(line, "dsn: ") {
			t.Errorf("%q was accepted", line)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%q: the error repeats the secret: %v", line, err)
		}
	}
	c := mustLoad(t, strings.Replace(strings.Replace(minimal, "box://crm", secret, 1), "hush", secret, 1), nil, nil)
	encoded, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%+v %#v %s %q %x", c, c, c, c, c), string(encoded), fmt.Sprintf("%v %+v %#v", c.Keys, c.Keys, c.Keys)} {
		if strings.Contains(text, secret) || strings.Contains(text, goodKey) {
			t.Errorf("a rendering shows a secret: %s", text)
		}
	}
	for _, want := range []string{`"dsn":"***"`, `"client_secret":"***"`, `"key":"***"`, `"subdomain":"example"`} {
		if !strings.Contains(string(encoded), want) {
			t.Errorf("the redacted configuration lacks %s: %s", want, encoded)
		}
	}
}

func TestWhatIsNotAConfiguration(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "the file is empty",
		"# nothing\n":                    "the file is empty",
		"- a\n":                          "1:1 the file is a list and must be a mapping",
		minimal + "---\na: b\n":          "a second document begins",
		"a: [":                           "is not YAML",
		"a: b: c":                        "1:5 is not YAML: mapping values",
		"intake: {since: *no}":           "is not YAML",
		"intake: &a {since: 2026-11-01}": "keys.master: is missing",
		strings.Replace(minimal, "kind: static", "kind: sttaic", 1):                                    "6:19 directory.kind: is no kind that there is; did you mean static?",
		strings.Replace(minimal, "{kind: static", "{kind: zendesk, tenant_field: t, role_field: r", 1): "directory.users: this key is not known",
		minimal + "deletes: {approval: sometimes}\n":                                                   "16:21 deletes.approval: ",
	} {
		if _, err := load(t, text, nil, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.30q: got %v, want %q", text, err, want)
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none.yml"), testEnv(nil), testKinds(t)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: got %v", err)
	}
}

func TestTenants(t *testing.T) {
	same := Tenants{Same: true}
	listed := Tenants{Map: map[string]string{"acme": "1", "void": ""}}
	for _, tc := range []struct {
		tenants      Tenants
		tenant, want string
	}{
		{same, "acme", "acme"},
		{same, "", ""},
		{listed, "acme", "1"},
		{listed, "globex", ""},
		{listed, "void", ""},
		{listed, "", ""},
		{Tenants{}, "acme", ""},
	} {
		got, err := tc.tenants.Spell(tc.tenant)
		if got != tc.want || (err != nil) != (tc.want == "") {
			t.Errorf("%+v spells %q as %q, %v; want %q", tc.tenants, tc.tenant, got, err, tc.want)
		}
	}
	for text, want := range map[string]string{
		"tenants: any":           "must be a mapping or the word same",
		"tenants: [a]":           "must be a mapping or the word same",
		"tenants: {a: ''}":       "is empty, which would mean every tenant",
		"tenants: {a: [b]}":      "systems.crm.tenants.a: is a list and must be a text",
		"tenants: {}":            "says of no tenant",
		"tenants: ":              "says of no tenant",
		"role: processor":        "says of no tenant",
		"tenants: {a: 1, '': 2}": "a name is empty",
	} {
		if _, err := load(t, strings.Replace(minimal, "tenants: same", text, 1), nil, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
	mustLoad(t, strings.Replace(minimal, "tenants: same", "role: controller", 1), nil, nil)
}

// TestConsumersNeedAPlaceToGo: what lets consumers file directly must hang
// together, or it would fail at the first of them.
func TestConsumersNeedAPlaceToGo(t *testing.T) {
	books := "  books:\n    kind: box\n    dsn: box://books\n    dataset: [maps/books.yml]\n    role: controller\n    tenants: {vendor: '1'}\n"
	on := "controller: {enabled: true, base_url: 'https://privacy.vendor.example/desk'}\n"
	c := mustLoad(t, minimal+books+on, nil, nil)
	if got := c.Settings("").Controller; got.Tenant != "vendor" || got.BaseURL != "https://privacy.vendor.example/desk" || got.LinkTTL != 48*time.Hour || got.PerDay != 3 {
		t.Errorf("settings %+v", got)
	}
	if got := mustLoad(t, minimal+books, nil, nil).Settings("").Controller; got != (bot.ControllerSettings{}) {
		t.Errorf("it is on by itself: %+v", got)
	}
	for text, want := range map[string]string{
		minimal + on: "no system has the role controller",
		minimal + books + "controller: {enabled: true}\n":                                               "controller.base_url: is not where",
		minimal + books + strings.Replace(on, "https", "http", 1):                                       "controller.base_url: is not where",
		minimal + books + strings.Replace(on, "enabled", "tenant: '', enabled", 1):                      "controller.tenant: is empty",
		minimal + books + strings.Replace(on, "enabled", "tenant: own, enabled", 1):                     "systems.books.tenants: does not say",
		strings.Replace(minimal, "tenants: same", "tenants: {vendor: v, a: b}", 1) + books + on:         "controller.tenant: is a customer's",
		minimal + strings.Replace(books, "    tenants: {vendor: '1'}\n", "", 1) + on:                    "systems.books.tenants: does not say",
		minimal + books + strings.Replace(on, "vendor.example/desk", "vendor.example/?token=secret", 1): "controller.base_url: is not where",
	} {
		if _, err := load(t, text, nil, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestAliasesStandForWhatTheyName(t *testing.T) {
	c := mustLoad(t, minimal+`  books:
    kind: box
    dsn: &dsn box://books
    dataset: &maps [maps/books.yml]
    tenants: &tenants {acme: "7"}
  archive:
    kind: box
    dsn: *dsn
    dataset: *maps
    tenants: *tenants
`, nil, nil)
	got := c.Systems["archive"]
	if o := got.Options.(*boxOptions); o.DSN != "box://books" || len(o.Dataset) != 1 || got.Tenants.Map["acme"] != "7" {
		t.Errorf("aliases were lost: %+v %+v", o, got.Tenants)
	}
}

func TestSchedules(t *testing.T) {
	for spec, want := range map[string]bool{
		"@every 5m": true, "*/5 * * * *": true, "@hourly": true, "0 3 * * MON-FRI": true,
		"@every 0s": false, "@every x": false, "@every 1d": false, "5m": false, "* * * *": false, "": false, "* * * * * *": false,
		"99 99 * * *": false, "@every -5m": false, "TZ=0": false, "CRON_TZ=UTC * * * * *": false, "@daily": true,
	} {
		if got := isSchedule(spec); got != want {
			t.Errorf("%q: %v, want %v", spec, got, want)
		}
	}
}

func TestSample(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "secrets"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"master-2026-11.key": goodKey} {
		if err := os.WriteFile(filepath.Join(dir, "secrets", name), []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := testEnv(map[string]string{"ZENDESK_CLIENT_SECRET": "one"})
	c, err := parse(filepath.Join(dir, "privacydesk.yml"), []byte(Sample()), env, realKinds(t))
	if err != nil {
		t.Fatal(err)
	}
	if c.Zendesk.KindValues["privacy_access"] != "access" || c.Deletes.Live() || c.Systems["crm"].Tenants.Map["acme"] != "1" {
		t.Errorf("the sample says something else: %+v", c.Zendesk.Rules)
	}
}
