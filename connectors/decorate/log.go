package decorate

import (
	"context"
	"time"

	"github.com/sirupsen/logrus"

	"privacydesk/connectors"
)

// Log tells of each call: what was asked of which system, for how many jobs,
// how long it took by clock, and how it and each job ended. Of a failure it
// prints what connectors.Plain says.
func Log(c connectors.Connector, system string, log logrus.FieldLogger, clock func() time.Time) connectors.Connector {
	return &logged{Connector: c, log: log.WithField("system", system), clock: clock}
}

type logged struct {
	connectors.Connector
	log   logrus.FieldLogger
	clock func() time.Time
}

func (l *logged) Check(ctx context.Context) (problems []connectors.Problem, err error) {
	err = l.call("check", nil, func() error {
		problems, err = l.Connector.Check(ctx)
		return err
	})
	return problems, err
}

func (l *logged) Locate(ctx context.Context, jobs []*connectors.Job) error {
	return l.call("locate", jobs, func() error { return l.Connector.Locate(ctx, jobs) })
}

func (l *logged) Gather(ctx context.Context, jobs []*connectors.Job) error {
	return l.call("gather", jobs, func() error { return l.Connector.Gather(ctx, jobs) })
}

func (l *logged) Erase(ctx context.Context, jobs []*connectors.Job) error {
	return l.call("erase", jobs, func() error { return l.Connector.Erase(ctx, jobs) })
}

func (l *logged) Rehearse(ctx context.Context, jobs []*connectors.Job) error {
	return l.call("rehearse", jobs, func() error { return l.Connector.Rehearse(ctx, jobs) })
}

func (l *logged) call(op string, jobs []*connectors.Job, call func() error) error {
	start := l.clock()
	err := call()
	entry := l.log.WithFields(logrus.Fields{"op": op, "jobs": len(jobs), "took": l.clock().Sub(start).String()})
	if err != nil {
		withError(entry, err).Warn("the call failed")
		return err
	}
	for _, j := range jobs {
		if j.Err() != nil {
			withError(entry.WithField("run", j.ID), j.Err()).Warn("the job failed")
		}
	}
	entry.Debug("the call ended")
	return nil
}

func withError(entry *logrus.Entry, err error) *logrus.Entry {
	return entry.WithFields(logrus.Fields{"kind": string(connectors.KindOf(err)), "error": connectors.Plain(err)})
}
