// Package config is the one file by which privacydesk is configured.
//
// Load reads it strictly: unknown keys, wrong types, impossible values and
// missing ones are reported all at once, each with its line and its mend.
// Any text may refer to ${env:NAME} and ${file:PATH}. Each package declares
// its own options, their defaults and their meaning once, in struct tags;
// decoding, the reference and the JSON schema are derived from them.
package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"privacydesk/bot/policy"
	"privacydesk/bot/reading"
	"privacydesk/bot/report"
	"privacydesk/bot/spool"
	"privacydesk/bot/zendesk"
)

// Config is the whole configuration. Its relative paths are resolved.
type Config struct {
	Intake    Intake            `yaml:"intake" doc:"which tickets are taken in, and how they are noticed"`
	Zendesk   Zendesk           `yaml:"zendesk" doc:"the account, and which tickets are requests"`
	Directory Directory         `yaml:"directory" required:"true" doc:"who is an admin of which tenant"`
	Redis     Redis             `yaml:"redis" doc:"where the records of requests are kept"`
	DataDir   string            `yaml:"data_dir" default:"/var/lib/privacydesk" path:"true" doc:"folder of the spool, the key shelf and the embedded Redis; made with access for our own user alone"`
	Keys      Keys              `yaml:"keys" doc:"what seals the records and files of requests"`
	Deletes   policy.Rules      `yaml:"deletes" doc:"what must hold before a delete erases"`
	Requests  Requests          `yaml:"requests" doc:"terms, patience and sizes"`
	Consumers Consumers         `yaml:"controller" doc:"consumers who file directly, about what the vendor itself holds as the controller"`
	Systems   map[string]System `yaml:"systems" required:"true" doc:"the systems that hold personal data, each under a name of your choice"`
	OptOut    OptOut            `yaml:"opt_out" doc:"what is said to those who opt out of the sale or sharing of personal data"`
	Report    report.Options    `yaml:"report" doc:"reports and certificates"`
	Messages  Messages          `yaml:"messages" doc:"what people are told"`
	Web       Web               `yaml:"web" doc:"the HTTP server for webhooks, health and metrics"`
	Log       LogOptions        `yaml:"log" doc:"the log"`
	Workers   Workers           `yaml:"workers" doc:"how much is done at once by one process"`

	// Integrations are labels alone: nothing reaches them.
	Integrations       []string            `yaml:"integrations" doc:"names of what syncs into the systems from outside and is not erased, of every tenant; receipts of deletes tell the requester to delete the person there first. What single tenants have belongs into tenant_integrations, or into the query directory.integrations"`
	TenantIntegrations map[string][]string `yaml:"tenant_integrations" doc:"the same of single tenants: only their own requests mention it"`

	file string // as it was given to Load
	dir  string
}

// OptOut is the vendor's own word. We can't know whether it is true.
type OptOut struct {
	Statement     string `yaml:"statement" doc:"what you say of selling and sharing, in plain text, such as: We neither sell personal data nor share it for advertising. Empty: a person answers"`
	SubProcessors string `yaml:"sub_processors" doc:"address of the page that lists your sub-processors (https); empty: it is not mentioned"`
}

// Intake says which tickets may become requests.
type Intake struct {
	// Since keeps the past alone: a ticket that is older never executes.
	Since time.Time `yaml:"since" required:"true" doc:"tickets created before this moment are never executed; set it to when you begin"`
	Poll  string    `yaml:"poll" default:"@every 5m" doc:"how often changed tickets are asked for, beside webhooks: a cron expression or @every DURATION; use @every 1m without webhooks"`
	Sweep string    `yaml:"sweep" default:"@every 5s" doc:"how often due requests are looked for, which makes up for hints that a queue lost, and new tickets called in: a cron expression or @every DURATION"`
	// FirstLooks bounds how much of the account's budget newcomers take at once.
	FirstLooks int `yaml:"first_looks" default:"16" min:"1" max:"1000" doc:"new tickets that are read at once, in turn by organization and requester; the others wait for their turn"`
	// PerRequester and Pace keep one requester's flood from taking the turns of all.
	PerRequester int           `yaml:"first_looks_per_requester" default:"2" min:"1" max:"1000" doc:"how many of them may be one requester's"`
	Pace         time.Duration `yaml:"first_looks_pace" default:"10s" min:"0s" max:"1h" doc:"how long a requester with more than five new tickets in line waits between two of them; 0s for no wait, where the account's budget is ample"`
}

// Zendesk is the account, and what on a ticket is read.
type Zendesk struct {
	zendesk.Options `yaml:",inline"`
	reading.Rules   `yaml:",inline"`
	TenantField     int64 `yaml:"tenant_field" min:"0" doc:"Id of the ticket field that names the tenant, for admins of several. Without one they are asked."`
}

// check is Options' own, and what the rules leave to be checked.
func (z Zendesk) check() error {
	errs := []error{z.Check()}
	for value, kind := range z.KindValues {
		if kind != reading.Access && kind != reading.Delete && kind != reading.OptOut && kind != reading.Direct {
			errs = append(errs, errors.New(join("zendesk.kind_values", value)+": is no kind of request; write access, delete, opt_out or direct"))
		}
	}
	if z.KindField != 0 && len(z.KindValues) == 0 {
		errs = append(errs, errors.New("zendesk.kind_values: is missing, so that no value of kind_field means anything; list them"))
	}
	if z.FormID == 0 && z.Tag == "" {
		errs = append(errs, errors.New("zendesk.form: neither a form nor a tag says which tickets are requests; give one"))
	}
	if z.MaxText < 1 {
		errs = append(errs, errors.New("zendesk.max_text: must be at least 1"))
	}
	return errors.Join(errs...)
}

// Redis says where the store is.
type Redis struct {
	URL    string `yaml:"url" secret:"true" doc:"redis://user:password@host:6379/0, or rediss:// for TLS; empty: a redis-server of our own is started, which suits one machine"`
	Dir    string `yaml:"dir" path:"true" doc:"folder of the redis-server of our own; empty: redis in data_dir"`
	Prefix string `yaml:"prefix" default:"pd" doc:"what the records' keys begin with, before a colon; the queue's begin with asynq:. Two installations that share a Redis need two. Of a-z, 0-9, dash and underline, at most 40"`
	// TLS is what rediss:// needs beyond the system's certificates.
	TLS *RedisTLS `yaml:"tls" doc:"for rediss:// where the system's certificate authorities don't do"`
}

// RedisTLS says whom to trust, and who we are.
type RedisTLS struct {
	CA         string `yaml:"ca" path:"true" doc:"file of the certificate authorities that may have signed the server's certificate, PEM; empty: the system's"`
	Cert       string `yaml:"cert" path:"true" doc:"file of our own certificate and its chain, PEM, where the server asks for one"`
	Key        string `yaml:"key" path:"true" doc:"file of its private key, PEM"`
	ServerName string `yaml:"server_name" doc:"the name that the server's certificate bears, where it is not the host of url"`
}

// Load reads the files into what the client is to speak; base is what the URL
// says. Errors name the key and the file.
func (t *RedisTLS) Load(base *tls.Config) (*tls.Config, error) {
	if t == nil {
		return base, nil
	}
	if base == nil {
		return nil, errors.New("redis.tls: redis.url does not begin with rediss://, so that nothing is encrypted; let it")
	}
	out := base.Clone()
	out.MinVersion = tls.VersionTLS12
	if t.ServerName != "" {
		out.ServerName = t.ServerName
	}
	if t.CA != "" {
		text, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, fmt.Errorf("redis.tls.ca: %w; name a file that this user can read", err)
		}
		out.RootCAs = x509.NewCertPool()
		if !out.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("redis.tls.ca: %s holds no certificate in PEM", t.CA)
		}
	}
	if t.Cert != "" || t.Key != "" {
		pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, fmt.Errorf("redis.tls.cert: %w; see redis.tls.cert and redis.tls.key", err)
		}
		out.Certificates = []tls.Certificate{pair}
	}
	return out, nil
}

// Keys is the ring of master keys.
type Keys struct {
	Dir    string   `yaml:"dir" path:"true" doc:"folder of the key shelf; empty: keys in data_dir. Keep it out of every backup that holds Redis or the spool: destroyed keys must not come back"`
	Master []Master `yaml:"master" required:"true" doc:"master keys, the newest first; old ones stay until keys rotate has renewed what they wrapped"`
}

// Master is one master key.
type Master struct {
	ID  string `yaml:"id" required:"true" doc:"its name, of a-z, 0-9, dot, dash and underline; stands in everything it wraps"`
	Key Secret `yaml:"key" required:"true" doc:"32 random bytes in hex or base64, best as ${file:PATH}; make one with: openssl rand -hex 32"`
}

// Masters are the parsed keys. An error names the key by its id.
func (k Keys) Masters() ([]spool.MasterKey, error) {
	out := make([]spool.MasterKey, 0, len(k.Master))
	for _, m := range k.Master {
		parsed, err := spool.ParseMaster(m.ID, m.Key.Reveal())
		if err != nil {
			return nil, err
		}
		out = append(out, parsed)
	}
	return out, nil
}

// Messages says where a team keeps its own words.
type Messages struct {
	Dir    string `yaml:"dir" path:"true" doc:"folder of files that replace single messages; empty: the built-in ones"`
	Agents string `yaml:"agents" default:"en" doc:"language of internal notes: en, de, or one that dir adds; requesters are answered in their own"`
}

// Web is the HTTP server.
type Web struct {
	Listen  string `yaml:"listen" default:":8080" doc:"address and port to listen at; :8080 is every address of the machine"`
	TLS     *TLS   `yaml:"tls" doc:"leave it out behind a proxy that ends TLS"`
	Metrics bool   `yaml:"metrics" default:"true" doc:"serve /metrics for Prometheus; it holds counts and names of systems, never personal data"`
}

// TLS names certificate and key of the HTTP server.
type TLS struct {
	Cert string `yaml:"cert" required:"true" path:"true" doc:"file of the certificate and its chain, PEM"`
	Key  string `yaml:"key" required:"true" path:"true" doc:"file of the private key, PEM"`
}

// Workers bounds one process.
type Workers struct {
	Steps int           `yaml:"steps" default:"8" min:"0" max:"256" doc:"steps of requests that one process works at, at the same time; 0 leaves them to other processes"`
	Runs  int           `yaml:"runs" default:"4" min:"0" max:"256" doc:"runs in systems that one process works at, at the same time; they may take hours, and don't keep steps waiting"`
	Grace time.Duration `yaml:"grace" default:"20s" max:"10m" doc:"how long a shutdown lets work in flight go on; what is not done then is taken up by another process, or after its lease"`
}

// File is the configuration file as it was named.
func (c *Config) File() string { return c.file }

// Path resolves a file name against the configuration file's folder.
func (c *Config) Path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(c.dir, name)
}

// SpoolDir is the folder of the spool.
func (c *Config) SpoolDir() string { return filepath.Join(c.DataDir, "spool") }

// KeysDir is the folder of the key shelf.
func (c *Config) KeysDir() string { return orDefault(c.Keys.Dir, filepath.Join(c.DataDir, "keys")) }

// RedisDir is the folder of the redis-server of our own.
func (c *Config) RedisDir() string { return orDefault(c.Redis.Dir, filepath.Join(c.DataDir, "redis")) }

func orDefault(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

// Format prints nothing but the file's name, whatever the verb: secrets lie
// in the sections.
func (c *Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "configuration "+c.file) }

// MarshalJSON shows the configuration with its secrets hidden.
func (c *Config) MarshalJSON() ([]byte, error) { return jsonOf(redact(c)) }

// Warnings name what works now and weakens protection, or ends soon.
func (c *Config) Warnings() []string { return c.Zendesk.Warnings() }
