package bot

import (
	"context"
	"errors"
	"time"

	"privacydesk/connectors"
)

// keepAlive renews a lease until stop. The context ends when the lease is
// lost, has run out because the store could not be asked, or the time is up:
// whoever works under it changes nothing more.
func (e *Engine) keepAlive(ctx context.Context, id, part, token string, lease, timeout time.Duration) (alive context.Context, stop func()) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	done, until := make(chan struct{}), e.Clock().Add(lease)
	go func() {
		defer close(done)
		tick := time.NewTicker(lease / 3)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				now := e.Clock()
				err := e.Store.Renew(ctx, id, part, token, now, now.Add(lease))
				switch {
				case err == nil:
					until = now.Add(lease)
				case errors.Is(err, ErrConflict), !e.Clock().Before(until):
					cancel()
					return
				}
			}
		}
	}()
	return ctx, func() { cancel(); <-done }
}

// release ends a lease, even while the process is being stopped.
func (e *Engine) release(ctx context.Context, id, part, token string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := e.Store.Release(ctx, id, part, token); err != nil && !errors.Is(err, ErrConflict) {
		e.log(id).WithField("event", "release").Warn(connectors.Plain(err))
	}
}
