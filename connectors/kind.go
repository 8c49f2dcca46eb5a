package connectors

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/sirupsen/logrus"
)

// Kind is a technology that systems may be of. Capabilities are declared
// here and never probed.
type Kind struct {
	Name    string // "postgres", as the configuration spells it
	Summary string // one line for the reference
	// Options returns a pointer to the kind's options with their defaults
	// set; the configuration decodes into it strictly.
	Options func() any
	// Open makes a connector of options that Options returned. It does not
	// touch the system: Check does.
	Open func(ctx context.Context, env Env, options any) (Connector, error)

	Gathers bool // can deliver records
	Erases  bool // can delete or de-identify
	Batches bool // serves many jobs in one call for less than one by one
}

// Env is what a connector gets from its surroundings.
type Env struct {
	System string // the system's configured name
	Clock  func() time.Time
	Log    logrus.FieldLogger
	HTTP   *http.Client
	// ReadFile reads a file that the options name, relative to the
	// configuration file.
	ReadFile func(name string) ([]byte, error)
	// MaxKeys bounds a finding's link values; beyond it Locate fails with
	// TooMuch.
	MaxKeys int
	// ReadOnly: deletes run in shadow mode, and nothing that writes is sent.
	ReadOnly bool
}

// Kinds is a registry by name, made from one explicit list.
type Kinds map[string]Kind

// NewKinds registers the list. A name that occurs twice is an error.
func NewKinds(list ...Kind) (Kinds, error) {
	out := Kinds{}
	for _, k := range list {
		if _, ok := out[k.Name]; ok {
			return nil, fmt.Errorf("connector kind %q is registered twice", k.Name)
		}
		out[k.Name] = k
	}
	return out, nil
}

// Names lists the registered kinds in order.
func (k Kinds) Names() []string {
	out := make([]string, 0, len(k))
	for name := range k {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// Pending is how a vendor's job, a call-back, a person and a sub-processor
// are all waited for: save the intent, submit, save the job's id; on resume,
// look the job up before submitting again.
type Pending struct {
	On    string    `json:"on"` // "vendor" or "person"
	Until time.Time `json:"until"`
	Ask   string    `json:"ask,omitempty"` // what a person is asked; free of personal data
}
