package worker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/robfig/cron/v3"
	"github.com/sirupsen/logrus"

	"privacydesk/connectors"
)

// ClockOptions are a Clock's parts.
type ClockOptions struct {
	Redis    redis.UniversalClient // the caller's; closed after Shutdown
	Prefix   string                // that of the store; empty means "pd"
	Location *time.Location        // in which schedules are read; nil means UTC
	// Lease is how long a leader that stops answering keeps the lead; zero means 15 seconds.
	Lease time.Duration
	Log   logrus.FieldLogger
}

const defaultLease = 15 * time.Second

// Clock starts jobs by schedule. Any number of processes may run one; of the jobs that are for the leader alone, only
// one process's runs.
type Clock struct {
	log    logrus.FieldLogger
	cron   *cron.Cron
	leader *leader

	mu      sync.Mutex
	jobs    map[string]*job
	ctx     context.Context // of every job; nil before Start
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// NewClock makes a clock without jobs.
func NewClock(o ClockOptions) (*Clock, error) {
	if o.Redis == nil || o.Log == nil {
		return nil, errors.New("worker: clock: Redis and Log must be given")
	}
	names, err := nameQueues(o.Prefix)
	if err != nil {
		return nil, err
	}
	if o.Lease <= 0 {
		o.Lease = defaultLease
	}
	if o.Location == nil {
		o.Location = time.UTC
	}
	return &Clock{
		log:    o.Log,
		cron:   cron.New(cron.WithLocation(o.Location), cron.WithLogger(cron.DiscardLogger)),
		leader: newLeader(o.Redis, names.step+":leader", o.Lease, o.Log),
		jobs:   map[string]*job{},
	}, nil
}

// job is one named piece of work.
type job struct {
	clock      *Clock
	name       string
	onlyLeader bool
	f          func(ctx context.Context) error
	busy       sync.Mutex // held while it runs: a second start is let go
}

// CheckSchedule tells what is wrong with a schedule, see Clock.Schedule. The words of the error may repeat the spec.
func CheckSchedule(spec string) error {
	if strings.Contains(spec, "TZ=") { // cron would take it, and panics over some
		return errors.New("a schedule has no time zone of its own")
	}
	_, err := cron.ParseStandard(spec)
	return err
}

// Schedule adds a job before Start. spec is five fields of cron ("0 3 * * *") or a descriptor ("@daily", "@every 5s"; a
// second at least). ctx ends with the process's leadership, if onlyLeader, and with the clock. A start that comes while
// the last run still goes on is let go, as is one while another process leads; jobs catch up by themselves.
func (c *Clock) Schedule(name, spec string, onlyLeader bool, f func(ctx context.Context) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ctx != nil:
		return fmt.Errorf("schedule %s: the clock runs already", name)
	case name == "" || f == nil:
		return errors.New("schedule: a job needs a name and something to do")
	case c.jobs[name] != nil:
		return fmt.Errorf("schedule %s: there is a job of that name", name)
	}
	j := &job{clock: c, name: name, onlyLeader: onlyLeader, f: f}
	err := CheckSchedule(spec)
	if err == nil {
		_, err = c.cron.AddJob(spec, j)
	}
	if err != nil {
		return fmt.Errorf(`schedule %s: %q is no schedule (%w); write five fields as in "0 3 * * *", or "@every 5s"`, name, spec, err)
	}
	c.jobs[name] = j
	return nil
}

// Start begins; Shutdown ends it. It returns at once.
func (c *Clock) Start() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx != nil {
		return errors.New("worker: the clock was started before")
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	ctx := c.ctx
	c.running.Go(func() { c.leader.run(ctx) })
	c.cron.Start()
	return nil
}

// Leads tells whether this process is the leader.
func (c *Clock) Leads() bool { return c.leader.current() != nil }

// Shutdown starts no more jobs, cancels those that run, and gives up the lead. It returns an error if ctx ends before
// they do.
//
//nolint:contextcheck // jobs run in the clock's own context, which this ends
func (c *Clock) Shutdown(ctx context.Context) error {
	c.mu.Lock()
	cancel := c.cancel
	c.mu.Unlock()
	if cancel == nil {
		return nil
	}
	jobs := c.cron.Stop()
	cancel()
	idle := make(chan struct{})
	go func() {
		defer close(idle)
		<-jobs.Done()
		c.running.Wait()
	}()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("worker: the clock's jobs go on after they were cancelled: %w", context.Cause(ctx))
	}
}

// Run implements cron.Job.
func (j *job) Run() {
	ctx := j.context()
	if ctx == nil || !j.busy.TryLock() {
		return
	}
	defer j.busy.Unlock()
	log := j.clock.log.WithFields(logrus.Fields{"event": "job", "job": j.name})
	if err := Guarded(log, func() error { return j.f(ctx) }); err != nil && ctx.Err() == nil {
		log.WithField("error", connectors.Plain(err)).Error("a job failed; it is done again at its next time")
	}
}

// context is what the job runs in; nil if it must not.
func (j *job) context() context.Context {
	if j.onlyLeader {
		return j.clock.leader.current()
	}
	j.clock.mu.Lock()
	defer j.clock.mu.Unlock()
	return j.clock.ctx
}
