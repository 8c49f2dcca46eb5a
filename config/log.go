package config

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"
)

// LogOptions of the log.
type LogOptions struct {
	Level  string `yaml:"level" default:"info" enum:"debug,info,warn,error" doc:"what is logged: this and everything worse"`
	Format string `yaml:"format" default:"text" enum:"text,json" doc:"text for people, json for collectors; one line each"`
}

// NewLogger makes a logger from whose output personal data is kept: only
// named fields are let through, and whatever looks like an address is
// replaced in the message and in every field. An unknown level counts as
// info.
func NewLogger(o LogOptions, out io.Writer) *logrus.Logger {
	log := logrus.New()
	log.SetOutput(out)
	log.SetLevel(logrus.InfoLevel)
	if level, err := logrus.ParseLevel(o.Level); err == nil {
		log.SetLevel(level)
	}
	var inner logrus.Formatter = &logrus.TextFormatter{DisableColors: true, FullTimestamp: true}
	if o.Format == "json" {
		inner = &logrus.JSONFormatter{}
	}
	log.SetFormatter(&guard{inner: inner, allowed: logFields(), patterns: addressPatterns()})
	return log
}

// logFields are the fields that may be logged. None of them is of a person.
func logFields() []string {
	return []string{
		"address", "arrived", "attempt", "bytes", "calls", "code", "collection", "config", "count", "duration", "duty", "error", "event",
		"file", "from", "in", "invocation", "job", "jobs", "kind", "leader", "limit", "line", "listen", "mend", "method", "mode", "off",
		"on", "op", "part", "path", "phase", "pid", "problem", "queue", "reason", "request", "requests", "resolution",
		"role", "roles", "round", "run", "schedule", "severity", "since", "stack", "stage", "state", "status", "step", "suspended_ticket", "system",
		"systems", "task", "tenants", "ticket", "times", "took", "type", "until", "values", "version", "where",
	}
}

// guard lets named fields through to the formatter and scrubs what they say.
type guard struct {
	inner    logrus.Formatter
	allowed  []string
	patterns []*regexp.Regexp
}

// Format formats a copy of the entry that is free of what isn't allowed.
func (g *guard) Format(e *logrus.Entry) ([]byte, error) {
	safe := &logrus.Entry{
		Logger: e.Logger, Time: e.Time, Level: e.Level, Buffer: e.Buffer,
		Message: g.scrub(e.Message), Data: make(logrus.Fields, len(e.Data)),
	}
	for name, value := range e.Data {
		if slices.Contains(g.allowed, name) {
			safe.Data[name] = g.plain(value)
		}
	}
	return g.inner.Format(safe)
}

// plain is a field's value: numbers and truth values as they are, everything
// else as scrubbed text.
func (g *guard) plain(value any) any {
	switch v := value.(type) {
	case nil, bool, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float32, float64:
		return v
	case error:
		return g.scrub(v.Error())
	case []byte:
		return g.scrub(string(v))
	}
	return g.scrub(fmt.Sprint(value))
}

// addressPatterns match all that looks like an e-mail address, in whatever
// notation an error may carry it. They rather take too much.
func addressPatterns() []*regexp.Regexp {
	const (
		at   = `(?:@|＠|﹫|(?i:%(?:25)*40)|(?i:&#0*64;|&#x0*40;|&commat;)|(?i:\\+u0040|\\+x40))`
		part = `[^\s<>()\[\],;:"]`
	)
	return []*regexp.Regexp{
		regexp.MustCompile(`\\?"[^"]{1,64}"\s*` + at + `\s*` + part + `+`),         // "jo doe"@x.de
		regexp.MustCompile(part + `+\s*` + at + `\s*` + part + `+\.` + part + `+`), // jo @ x.de
		regexp.MustCompile(part + `+` + at + part + `*`),
	}
}

func (g *guard) scrub(text string) string {
	if !strings.ContainsAny(text, `@＠﹫%&\`) {
		return text
	}
	for _, pattern := range g.patterns {
		text = pattern.ReplaceAllString(text, "[address]")
	}
	return text
}
