package worker

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/go-redsync/redsync/v4"
	"github.com/go-redsync/redsync/v4/redis/goredis/v9"
	"github.com/redis/go-redis/v9"
	"github.com/sirupsen/logrus"

	"privacydesk/connectors"
)

// leader is one process's candidacy: among all that share a name at most one leads, up to the drift of clocks and to a
// process that is frozen longer than its lease. What leaders do must be safe to be done twice.
type leader struct {
	sync  *redsync.Redsync
	name  string
	lease time.Duration
	log   logrus.FieldLogger

	mu   sync.Mutex
	term context.Context // nil while another leads
}

func newLeader(client redis.UniversalClient, name string, lease time.Duration, log logrus.FieldLogger) *leader {
	return &leader{sync: redsync.New(goredis.NewPool(client)), name: name, lease: lease, log: log}
}

// current is the context of this process's leadership, which ends with it; nil while another leads.
func (l *leader) current() context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.term
}

// begin starts a term, and resign ends it.
func (l *leader) begin(ctx context.Context) (resign context.CancelFunc) {
	term, cancel := context.WithCancel(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.term = term
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.term = nil
		cancel()
	}
}

// run stands for leader until ctx ends, again whenever the lead was lost.
func (l *leader) run(ctx context.Context) {
	ticker := time.NewTicker(l.lease / 3)
	defer ticker.Stop()
	for {
		mutex := l.sync.NewMutex(l.name, redsync.WithExpiry(l.lease), redsync.WithTries(1))
		if err := mutex.TryLockContext(ctx); err == nil {
			l.lead(ctx, mutex, ticker)
		} else if taken := (*redsync.ErrTaken)(nil); !errors.As(err, &taken) && ctx.Err() == nil {
			l.log.WithField("event", "leader").WithField("error", connectors.Plain(tried("take the lead", err))).Warn("could not stand for leader")
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// lead holds the lead as long as it can be renewed before it runs out.
func (l *leader) lead(ctx context.Context, mutex *redsync.Mutex, ticker *time.Ticker) {
	resign := l.begin(ctx)
	l.log.WithField("event", "leader").Info("this process leads")
	defer func() {
		resign()
		l.log.WithField("event", "leader").Info("this process no longer leads")
		release, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.lease)
		defer cancel()
		_, _ = mutex.UnlockContext(release) // if it fails, the lease runs out by itself
	}()
	for {
		held, expire := context.WithDeadline(ctx, mutex.Until())
		lost := l.renew(held, mutex, ticker)
		expire()
		if lost {
			return
		}
	}
}

// renew waits for the next tick and extends the lease. It tells whether the lead is over; held ends when the lease does.
func (l *leader) renew(held context.Context, mutex *redsync.Mutex, ticker *time.Ticker) (lost bool) {
	for {
		select {
		case <-held.Done():
			return true
		case <-ticker.C:
		}
		renewed, err := mutex.ExtendContext(held)
		taken := (*redsync.ErrTaken)(nil)
		switch {
		case renewed:
			return false
		case err == nil, errors.As(err, &taken), errors.Is(err, redsync.ErrExtendFailed):
			return true
		}
		// Any other error is Redis's absence: the lead lasts until the lease runs out.
	}
}
