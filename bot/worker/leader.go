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

func (l *leader) set(term context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.term = term
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
			l.log.WithField("event", "leader").WithField("error", scrub(err)).Warn("could not stand for leader")
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
	term, end := context.WithCancel(ctx)
	l.set(term)
	l.log.WithField("event", "leader").Info("this process leads")
	defer func() {
		l.set(nil)
		end()
		l.log.WithField("event", "leader").Info("this process no longer leads")
		release, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.lease)
		defer cancel()
		_, _ = mutex.UnlockContext(release) // if it fails, the lease runs out by itself
	}()
	for {
		expiry := time.NewTimer(time.Until(mutex.Until()))
		select {
		case <-ctx.Done():
			expiry.Stop()
			return
		case <-expiry.C:
			return
		case <-ticker.C:
		}
		expiry.Stop()
		renew, cancel := context.WithDeadline(ctx, mutex.Until())
		renewed, err := mutex.ExtendContext(renew)
		cancel()
		taken := (*redsync.ErrTaken)(nil)
		if errors.As(err, &taken) || err == nil && !renewed || errors.Is(err, redsync.ErrExtendFailed) {
			return
		}
		// Any other error is Redis's absence: the lead lasts until the lease runs out.
	}
}
