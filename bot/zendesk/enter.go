package zendesk

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// Enter looks whether the configured credentials let us in, as an admin: it
// signs in unless the tokens at hand were got by the very secret that is
// configured. An error means that Zendesk could not be asked.
func (d *Desk) Enter(ctx context.Context) ([]Problem, error) {
	c := &checker{Desk: d, quiet: true}
	_, err := c.user(ctx, false)
	return c.problems, err
}

// Intake looks whether the form and the fields are there without which no
// ticket is known as a request, or none can be answered.
func (d *Desk) Intake(ctx context.Context, uses Uses) ([]Problem, error) {
	c := &checker{Desk: d, uses: uses}
	for _, look := range []func(context.Context) error{c.form, c.fields} {
		if err := look(ctx); err != nil {
			return c.problems, forSide(err)
		}
	}
	return c.problems, nil
}

// Ahead is how far this machine's clock was ahead of Zendesk's at the last
// answer, to the second; ok is false before the first that tells.
func (d *Desk) Ahead() (ahead time.Duration, ok bool) { return d.dates.ahead() }

// dates remembers what answers tell of Zendesk's clock.
type dates struct {
	mu    sync.Mutex
	off   time.Duration
	known bool
}

func (d *dates) learn(now time.Time, head http.Header) {
	at, err := http.ParseTime(head.Get("Date"))
	if err != nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.off, d.known = now.Sub(at), true
}

func (d *dates) ahead() (time.Duration, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.off, d.known
}
