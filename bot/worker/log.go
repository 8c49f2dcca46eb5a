package worker

import (
	"fmt"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
)

// asynqLog lets asynq write to our log. It speaks of task ids, queues and connections, never of payloads.
// It tries every few seconds what it can't do: one line is said again after saidFor.
type asynqLog struct {
	log  logrus.FieldLogger
	said *said
}

const (
	saidFor  = time.Hour
	saidMost = 100 // texts that are remembered
)

// said remembers which texts were said lately.
type said struct {
	now  func() time.Time
	mu   sync.Mutex
	when map[string]time.Time
}

func newSaid(now func() time.Time) *said { return &said{now: now, when: map[string]time.Time{}} }

// again tells whether the text was said within saidFor.
func (s *said) again(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if at, ok := s.when[text]; ok && now.Sub(at) < saidFor {
		return true
	}
	if len(s.when) >= saidMost {
		clear(s.when)
	}
	s.when[text] = now
	return false
}

func (l asynqLog) entry() logrus.FieldLogger { return l.log.WithField("event", "queue") }

func (l asynqLog) Debug(args ...any) { l.entry().Debug(args...) }
func (l asynqLog) Info(args ...any)  { l.entry().Info(args...) }
func (l asynqLog) Warn(args ...any) {
	if !l.said.again(fmt.Sprint(args...)) {
		l.entry().Warn(args...)
	}
}

func (l asynqLog) Error(args ...any) {
	if !l.said.again(fmt.Sprint(args...)) {
		l.entry().Error(args...)
	}
}

// Fatal doesn't end the process, as logrus's does: whether to is the daemon's to decide.
func (l asynqLog) Fatal(args ...any) { l.Error(args...) }
