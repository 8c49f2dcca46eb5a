package worker

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/sirupsen/logrus"

	"privacydesk/bot"
	"privacydesk/connectors"
)

// asynqLog lets asynq write to our log. It speaks of task ids, queues and connections, never of payloads.
type asynqLog struct{ log logrus.FieldLogger }

func (l asynqLog) entry() logrus.FieldLogger { return l.log.WithField("event", "queue") }

func (l asynqLog) Debug(args ...any) { l.entry().Debug(args...) }
func (l asynqLog) Info(args ...any)  { l.entry().Info(args...) }
func (l asynqLog) Warn(args ...any)  { l.entry().Warn(args...) }
func (l asynqLog) Error(args ...any) { l.entry().Error(args...) }

// Fatal doesn't end the process, as logrus's does: whether to is the daemon's to decide.
func (l asynqLog) Fatal(args ...any) { l.entry().Error(args...) }

// scrub makes an error fit for a log: the texts of ours and of connectors are free of personal data, any other is shown by
// its type alone.
func scrub(err error) string {
	var ours *connectors.Error
	if errors.As(err, &ours) {
		return ours.Error()
	}
	for _, known := range []error{
		bot.ErrPanicked, context.Canceled, context.DeadlineExceeded, bot.ErrConflict, bot.ErrClaimed, bot.ErrCapped, bot.ErrNotFound,
		bot.ErrUnavailable, bot.ErrKeyGone, connectors.ErrFenced, connectors.ErrPaused,
	} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	var network net.Error
	if errors.As(err, &network) {
		return fmt.Sprintf("the network failed (time-out: %t)", network.Timeout())
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return fmt.Sprintf("failure of type %T", err)
}
