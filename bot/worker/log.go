package worker

import (
	"github.com/sirupsen/logrus"
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
