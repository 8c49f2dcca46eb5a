package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"privacydesk/bot/spool"
	"privacydesk/bot/worker"
	"privacydesk/connectors"
)

// maxFile bounds a configuration file, in bytes.
const maxFile = 4 << 20

// Load reads and checks the file. env looks environment variables up; kinds
// are the connectors that systems may be of. What is wrong with the file's
// content comes back as one *InvalidError. It opens no connection and makes
// no file.
func Load(path string, env func(string) (string, bool), kinds connectors.Kinds) (*Config, error) {
	body, err := readConfig(path)
	if err != nil {
		return nil, err
	}
	return parse(path, body, env, kinds)
}

func readConfig(path string) (body []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("configuration %s: %w; name an existing file with --config", path, plain(err))
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if info, err := f.Stat(); err == nil && runtime.GOOS != "windows" && info.Mode().IsRegular() && info.Mode().Perm()&0o002 != 0 {
		return nil, fmt.Errorf("configuration %s: every user of this machine can change it; run: chmod o-w %s", path, path)
	}
	body, err = io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("configuration %s: %w", path, plain(err))
	}
	if len(body) > maxFile {
		return nil, fmt.Errorf("configuration %s: larger than %d bytes; data maps and lists of users belong into files of their own", path, maxFile)
	}
	return body, nil
}

func parse(path string, body []byte, env func(string) (string, bool), kinds connectors.Kinds) (*Config, error) {
	c, d, err := decode(path, body, env, kinds)
	if err != nil {
		return nil, err
	}
	d.whole(c)
	if len(d.problems) > 0 {
		return nil, &InvalidError{File: path, Problems: sortProblems(d.problems)}
	}
	return c, nil
}

// decode reads a file's text; the decoder holds what is wrong with its parts.
func decode(path string, body []byte, env func(string) (string, bool), kinds connectors.Kinds) (*Config, *decoder, error) {
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, nil, fmt.Errorf("configuration %s: %w", path, plain(err))
	}
	c := &Config{file: path, dir: dir}
	root, problem := document(body)
	if problem != nil {
		return nil, nil, &InvalidError{File: path, Problems: []Problem{*problem}}
	}
	d := &decoder{expander: expander{env: env, dir: dir}, kinds: kinds, places: map[string]*yaml.Node{"": root}}
	v := reflect.ValueOf(c).Elem()
	d.setDefaults(v)
	d.section(root, "", v)
	d.named(c.Systems)
	return c, d, nil
}

// document parses the text into its one mapping. The parser's messages are
// passed on only where they can't repeat the text.
func document(body []byte) (*yaml.Node, *Problem) {
	loader, err := yaml.NewLoader(strings.NewReader(string(body)))
	if err != nil {
		return nil, &Problem{What: "the YAML parser can't start"}
	}
	var doc yaml.Node
	switch err := loader.Load(&doc); {
	case errors.Is(err, io.EOF):
		return nil, &Problem{What: "the file is empty", Mend: "begin with the sample at the end of docs/config.md"}
	case err != nil:
		return nil, syntax(err)
	}
	var second yaml.Node
	if err := loader.Load(&second); !errors.Is(err, io.EOF) {
		if err != nil {
			return nil, syntax(err)
		}
		return nil, &Problem{Line: second.Line, Column: second.Column, What: "a second document begins", Mend: "remove the line --- and what follows it"}
	}
	if len(doc.Content) != 1 || isNull(doc.Content[0]) {
		return nil, &Problem{What: "the file is empty", Mend: "begin with the sample at the end of docs/config.md"}
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, &Problem{Line: root.Line, Column: root.Column, What: "the file is " + shape(root) + " and must be a mapping", Mend: "begin with a line such as intake:"}
	}
	return root, nil
}

func syntax(err error) *Problem {
	p := &Problem{What: "is not YAML", Mend: "mind the indentation; quote a text that holds a colon, ${…} inside [ ] or { }, or one that begins with * & ! % @ or `"}
	var load *yaml.LoadError
	if errors.As(err, &load) {
		p.Line, p.Column = load.Mark.Line, load.Mark.Column
		if !strings.Contains(load.Message, "anchor") && !strings.Contains(load.Message, "`") {
			p.What = "is not YAML: " + load.Message
		}
	}
	return p
}

// whole checks what a section shows when all of it is read. A section with
// mistakes is left alone: what follows from them would only confuse.
func (d *decoder) whole(c *Config) {
	d.ifSound("deletes", func() { d.validate(c.Deletes.Validate(), "deletes") })
	d.ifSound("zendesk", func() { d.validate(c.Zendesk.check(), "zendesk") })
	d.ifSound("keys", func() { d.masters(c.Keys.Master) })
	for _, s := range []struct{ path, spec string }{{"intake.poll", c.Intake.Poll}, {"intake.sweep", c.Intake.Sweep}} {
		d.ifSound(s.path, func() {
			if !isSchedule(s.spec) {
				d.failAt(s.path, "is not a schedule", "write @every 5m, or the five fields of cron: */5 * * * *")
			}
		})
	}
	d.ifSound("requests", func() {
		if c.Requests.MaxBackoff < c.Requests.Backoff {
			d.failAt("requests.max_backoff", "is shorter than requests.backoff", "make it longer")
		}
		if len(c.Requests.Laws) == 0 {
			d.failAt("requests.laws", "is empty", "name at least one law, such as [ccpa]")
		}
		d.days(c.Requests)
	})
	d.ifSound("redis.url", func() {
		u, err := url.Parse(c.Redis.URL)
		if c.Redis.URL != "" && (err != nil || !slices.Contains([]string{"redis", "rediss", "unix"}, u.Scheme)) {
			d.failAt("redis.url", "is not the address of a Redis", "write redis://user:password@host:6379/0, or rediss:// for TLS")
		}
	})
	d.ifSound("controller", func() { c.Consumers.check(d, c.Systems) })
	d.ifSound("web.listen", func() {
		if _, port, err := net.SplitHostPort(c.Web.Listen); err != nil || port == "" {
			d.failAt("web.listen", "is not an address and a port", "write :8080, or 127.0.0.1:8080")
		}
	})
}

// days checks lists of days: each later than the one before it.
func (d *decoder) days(r Requests) {
	for path, days := range map[string][]int{"requests.reminders": r.Reminders, "requests.alerts": r.Alerts} {
		for i := 1; i < len(days); i++ {
			if days[i] <= days[i-1] {
				d.failAt(path, "has a day that is not later than the one before it", "write the days in their order")
			}
		}
	}
	if n := len(r.Reminders); n > 0 && r.CloseAfter <= r.Reminders[n-1] {
		d.failAt("requests.close_after", "is not later than the last of requests.reminders", "make it later")
	}
}

// ifSound runs the check of a section, or of a key, in which no mistake was
// found.
func (d *decoder) ifSound(path string, check func()) {
	for _, p := range d.problems {
		if rest, ok := strings.CutPrefix(p.Path, path); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return
		}
	}
	check()
}

// masters checks the ring of master keys.
func (d *decoder) masters(ring []Master) {
	seen := map[string]bool{}
	for i, m := range ring {
		path := fmt.Sprintf("keys.master[%d]", i)
		if _, err := spool.ParseMaster(m.ID, m.Key.Reveal()); err != nil {
			d.failAt(path, d.scrub(err.Error()), "")
		}
		if seen[m.ID] {
			d.failAt(path+".id", "is the id of two master keys", "give each an id of its own")
		}
		seen[m.ID] = true
	}
}

// isSchedule is true for what the clock takes, but for periods of nothing.
func isSchedule(spec string) bool {
	if every, ok := strings.CutPrefix(spec, "@every "); ok {
		if dur, err := parseDuration(every); err != nil || dur <= 0 {
			return false
		}
	}
	return worker.CheckSchedule(spec) == nil
}

// validate reports what a package's own options say of themselves. Each line
// may begin with the path that it is about, from the top or from the section.
func (d *decoder) validate(err error, section string) {
	if err == nil {
		return
	}
	for line := range strings.SplitSeq(d.scrub(err.Error()), "\n") {
		path, what, ok := strings.Cut(line, ": ")
		switch {
		case !ok || !regexp.MustCompile(`^[a-z_]+(\.[A-Za-z0-9_…-]+|\[[0-9]+\])*$`).MatchString(path):
			path, what = section, line
		case path != section && !strings.HasPrefix(path, section+"."):
			path = section + "." + path
		}
		d.failAt(path, what, "")
	}
}

// scrub hides what came from outside in a text that others wrote.
func (d *decoder) scrub(text string) string {
	for _, value := range d.outside {
		if value != "" {
			text = strings.NewReplacer(strconv.Quote(value), hidden, value, hidden).Replace(text)
		}
	}
	return text
}

// jsonOf spares callers the wrapping.
func jsonOf(v any) ([]byte, error) {
	out, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("configuration as JSON: %w", err)
	}
	return out, nil
}
