// Package messages holds all that people are told, in their language.
package messages

import "io/fs"

// Catalog renders messages. It is immutable and safe for concurrent use.
type Catalog struct{}

// New reads the built-in templates and, if overrides is not nil, a team's own
// ones over them ("en.html", "de.html", also further locales). Every template
// is checked: a misspelt variable, an unknown name or a template that fails
// is an error that names file and template.
func New(overrides fs.FS) (*Catalog, error) { return &Catalog{}, nil }

// Render returns a comment's HTML. vars are plain text; "reason" is a reason
// code and is put into words. Lists ("systems") are lines; tables ("counts")
// are lines of tab-separated cells, the first line being the heading.
// Variables that the message does not mention are ignored; one that it
// requires and that is missing is an error.
func (c *Catalog) Render(locale, key string, vars map[string]string) (string, error) { return "", nil }

// Keys lists all message keys in order.
func (c *Catalog) Keys() []string { return nil }

// Reason puts a reason code into a plain sentence. ok is false for a code
// that has no words.
func (c *Catalog) Reason(locale, code string) (text string, ok bool) { return "", false }
