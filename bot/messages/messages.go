// Package messages holds all that people are told, in their language. It is
// pure; the texts are data, in locales/*.yaml.
package messages

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

//go:embed locales/*.yaml
var builtIn embed.FS

// DefaultLocale is used where a locale, or a message in it, is not there.
const DefaultLocale = "en"

// ErrUnknownMessage is returned where there is no message of that key.
var ErrUnknownMessage = errors.New("no such message")

// Catalog renders messages. It is immutable and safe for concurrent use.
type Catalog struct {
	locales map[string]*locale
	specs   map[string]spec
}

// locale is one language's texts.
type locale struct {
	templates map[string]*template.Template
	reasons   map[string]string
	words     map[string]string
}

// New reads the built-in texts and, if overrides is not nil, a team's own ones
// over them: files "en.yaml", "de-at.yaml", "fr.yaml" in its root, of the same
// shape, with as many messages as the team wants to change. Every text is
// checked: an unknown name, an unknown or misspelt variable and a template
// that fails are errors that name file and message.
func New(overrides fs.FS) (*Catalog, error) {
	c := &Catalog{locales: map[string]*locale{}, specs: specs()}
	root, err := fs.Sub(builtIn, "locales")
	if err != nil {
		return nil, fmt.Errorf("messages: %w", err)
	}
	for _, dir := range []fs.FS{root, overrides} {
		if dir == nil {
			continue
		}
		if err := c.addAll(dir); err != nil {
			return nil, fmt.Errorf("messages: %w", err)
		}
	}
	return c, c.complete()
}

// complete reports what the default locale lacks.
func (c *Catalog) complete() error {
	var errs []error
	def := c.locales[DefaultLocale]
	for _, key := range c.Keys() {
		if def == nil || def.templates[key] == nil {
			errs = append(errs, fmt.Errorf("messages: %s lacks messages.%s", DefaultLocale, key))
		}
	}
	return errors.Join(errs...)
}

// Keys lists all message keys in order.
func (c *Catalog) Keys() []string { return slices.Sorted(maps.Keys(c.specs)) }

// Locales lists the languages that have texts, in order.
func (c *Catalog) Locales() []string { return slices.Sorted(maps.Keys(c.locales)) }

// Vars lists the variables of a message: those without which it is not
// rendered, and those that it may do without.
func (c *Catalog) Vars(key string) (required, optional []string) {
	s := c.specs[key]
	return slices.Clone(s.required), s.optional()
}

// Render returns a comment's HTML. vars are plain text: they are escaped, and
// the desk's placeholders ("{{…}}") in them are broken up, because the desk
// would expand them. "reason" is a reason code and is put into words. Lists
// ("systems") are lines; tables ("counts") are lines of tab-separated cells,
// the first line being the heading. Long ones are cut, and say by how much.
// Variables that the message does not know are ignored. Errors: one that it
// requires is missing, ErrUnknownMessage, a reason that has no words.
func (c *Catalog) Render(localeName, key string, vars map[string]string) (string, error) {
	spec, ok := c.specs[key]
	if !ok {
		return "", fmt.Errorf("%w: %q", ErrUnknownMessage, key)
	}
	for _, name := range spec.required {
		if strings.TrimSpace(vars[name]) == "" {
			return "", fmt.Errorf("message %s: variable %s is missing", key, name)
		}
	}
	if code := vars["reason"]; code != "" {
		text, ok := c.Reason(localeName, code)
		if !ok {
			return "", fmt.Errorf("message %s: reason %q has no words", key, code)
		}
		vars = maps.Clone(vars)
		vars["reason"], vars["code"] = text, code
	}
	l := c.locale(localeName, func(l *locale) bool { return l.templates[key] != nil })
	var out bytes.Buffer
	if err := l.templates[key].Execute(&out, l.data(spec, vars)); err != nil {
		return "", fmt.Errorf("message %s: %w", key, err)
	}
	return breakPlaceholders(strings.TrimSpace(out.String())), nil
}

// Speaks reports whether there are texts in the language, or in the one that
// it is a region's variant of.
func (c *Catalog) Speaks(localeName string) bool {
	found := false
	c.locale(localeName, func(*locale) bool { found = true; return true })
	return found
}

// Reason puts a reason code into a plain sentence. ok is false for a code
// that has no words.
func (c *Catalog) Reason(localeName, code string) (text string, ok bool) {
	l := c.locale(localeName, func(l *locale) bool { return l.reasons[code] != "" })
	text, ok = l.reasons[code]
	return text, ok
}

// locale finds the nearest one that has what is asked for: "de-at", "de", the
// default.
func (c *Catalog) locale(name string, has func(*locale) bool) *locale {
	name = canonical(name)
	for name != "" {
		if l := c.locales[name]; l != nil && has(l) {
			return l
		}
		cut := strings.LastIndexByte(name, '-')
		name = name[:max(cut, 0)]
	}
	return c.locales[DefaultLocale]
}

func canonical(name string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), "_", "-")
}
