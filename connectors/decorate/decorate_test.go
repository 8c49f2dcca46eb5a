package decorate_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"privacydesk/connectors"
	"privacydesk/connectors/decorate"
)

// scripted answers each call with the next function of its script.
type scripted struct {
	connectors.Connector
	calls  int
	script []func(jobs []*connectors.Job) error
}

func (s *scripted) next(jobs []*connectors.Job) error {
	s.calls++
	return s.script[min(s.calls, len(s.script))-1](jobs)
}
func (s *scripted) Locate(_ context.Context, jobs []*connectors.Job) error { return s.next(jobs) }
func (s *scripted) Gather(_ context.Context, jobs []*connectors.Job) error { return s.next(jobs) }
func (s *scripted) Erase(_ context.Context, jobs []*connectors.Job) error  { return s.next(jobs) }
func (s *scripted) Rehearse(_ context.Context, jobs []*connectors.Job) error {
	return s.next(jobs)
}

func (s *scripted) Check(context.Context) ([]connectors.Problem, error) {
	return []connectors.Problem{{Where: "here"}}, s.next(nil)
}

func fails(err error) func([]*connectors.Job) error {
	return func([]*connectors.Job) error { return err }
}

func failsJob(id string, err error) func([]*connectors.Job) error {
	return func(jobs []*connectors.Job) error {
		for _, j := range jobs {
			j.Finding = j.Finding.Clone()
			j.Finding.Add("crm.person", "id", connectors.Int(int64(len(jobs))))
			if j.ID == id {
				j.Fail(err)
			}
		}
		return nil
	}
}

type naps []time.Duration

func (n *naps) sleep(ctx context.Context, d time.Duration) error {
	*n = append(*n, d)
	return ctx.Err()
}

func transient(after time.Duration) error {
	e := connectors.NewError(connectors.Transient, "locate", "the connection was lost", nil)
	e.After = after
	return e
}

func TestRetryOfAWholeCall(t *testing.T) {
	hard := connectors.NewError(connectors.Misfit, "locate", "no such table", nil)
	for name, c := range map[string]struct {
		script []func([]*connectors.Job) error
		calls  int
		naps   int
		want   error
	}{
		"succeeds at once":       {[]func([]*connectors.Job) error{fails(nil)}, 1, 0, nil},
		"succeeds the third":     {[]func([]*connectors.Job) error{fails(transient(0)), fails(transient(0)), fails(nil)}, 3, 2, nil},
		"gives up":               {[]func([]*connectors.Job) error{fails(transient(0))}, 4, 3, transient(0)},
		"never repeats a misfit": {[]func([]*connectors.Job) error{fails(hard)}, 1, 0, hard},
		"never repeats a fence": {[]func([]*connectors.Job) error{
			fails(connectors.NewError(connectors.Transient, "erase", "stopped", connectors.ErrFenced)),
		}, 1, 0, connectors.ErrFenced},
		"leaves a long wait to the engine": {[]func([]*connectors.Job) error{fails(transient(time.Hour))}, 1, 0, transient(0)},
	} {
		t.Run(name, func(t *testing.T) {
			var slept naps
			s := &scripted{script: c.script}
			r := decorate.Retry(s, decorate.RetryPolicy{Attempts: 4, First: time.Second, Most: 3 * time.Second, Sleep: slept.sleep})
			err := r.Erase(t.Context(), []*connectors.Job{{ID: "a"}})
			if (err == nil) != (c.want == nil) || connectors.KindOf(err) != connectors.KindOf(c.want) && !errors.Is(err, c.want) {
				t.Errorf("error = %v, want %v", err, c.want)
			}
			if s.calls != c.calls || len(slept) != c.naps {
				t.Errorf("%d calls, %d naps; want %d, %d", s.calls, len(slept), c.calls, c.naps)
			}
			for _, d := range slept {
				if d > 3*time.Second {
					t.Errorf("slept %s, more than the policy's most", d)
				}
			}
		})
	}
}

func TestRetryRepeatsOnlyTheJobThatFailed(t *testing.T) {
	var slept naps
	s := &scripted{script: []func([]*connectors.Job) error{failsJob("b", transient(2*time.Second)), failsJob("", nil)}}
	jobs := []*connectors.Job{{ID: "a"}, {ID: "b"}}
	r := decorate.Retry(s, decorate.RetryPolicy{Attempts: 3, First: time.Millisecond, Most: time.Minute, Sleep: slept.sleep})
	if err := r.Locate(t.Context(), jobs); err != nil {
		t.Fatal(err)
	}
	for _, j := range jobs {
		if j.Err() != nil {
			t.Errorf("job %s failed: %v", j.ID, j.Err())
		}
	}
	if got := jobs[0].Finding.Keys(); got != 1 {
		t.Errorf("job a was located again: %d keys", got)
	}
	if got := jobs[1].Finding.Keys(); got != 2 {
		t.Errorf("job b has %d keys, want those of both attempts", got)
	}
	if len(slept) != 1 || slept[0] != 2*time.Second {
		t.Errorf("slept %v, want what the system asked for", slept)
	}
}

func TestRetryTellsTheJobItsLastFailure(t *testing.T) {
	var slept naps
	s := &scripted{script: []func([]*connectors.Job) error{failsJob("a", transient(0))}}
	jobs := []*connectors.Job{{ID: "a"}, {ID: "b"}}
	err := decorate.Retry(s, decorate.RetryPolicy{Attempts: 2, Sleep: slept.sleep}).Locate(t.Context(), jobs)
	if err != nil || connectors.KindOf(jobs[0].Err()) != connectors.Transient || jobs[1].Err() != nil {
		t.Errorf("call %v, a %v, b %v", err, jobs[0].Err(), jobs[1].Err())
	}
}

func TestRetryNeverRepeatsGather(t *testing.T) {
	s := &scripted{script: []func([]*connectors.Job) error{fails(transient(0))}}
	if err := decorate.Retry(s, decorate.RetryPolicy{Attempts: 5}).Gather(t.Context(), nil); err == nil || s.calls != 1 {
		t.Errorf("%d calls, error %v", s.calls, err)
	}
}

func TestRetryOfCheckReturnsTheProblems(t *testing.T) {
	var slept naps
	s := &scripted{script: []func([]*connectors.Job) error{fails(transient(0)), fails(nil)}}
	problems, err := decorate.Retry(s, decorate.RetryPolicy{Attempts: 2, Sleep: slept.sleep}).Check(t.Context())
	if err != nil || len(problems) != 1 {
		t.Errorf("problems %v, error %v", problems, err)
	}
}

func TestRetryStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := &scripted{script: []func([]*connectors.Job) error{func([]*connectors.Job) error { cancel(); return transient(0) }}}
	if err := decorate.Retry(s, decorate.RetryPolicy{Attempts: 9, First: time.Hour}).Locate(ctx, nil); err == nil || s.calls != 1 {
		t.Errorf("%d calls, error %v", s.calls, err)
	}
}

func TestLimitLetsOneInAtATime(t *testing.T) {
	inside, leave := make(chan struct{}), make(chan struct{})
	s := &scripted{script: []func([]*connectors.Job) error{func([]*connectors.Job) error {
		inside <- struct{}{}
		<-leave
		return nil
	}}}
	l := decorate.Limit(s, 1)
	done := make(chan error)
	go func() { done <- l.Gather(context.WithoutCancel(t.Context()), nil) }()
	<-inside
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Erase(ctx, nil); connectors.KindOf(err) != connectors.Transient || !errors.Is(err, context.Canceled) {
		t.Errorf("the second call: %v, want that it waited for its turn", err)
	}
	close(leave)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if decorate.Limit(s, 0) != connectors.Connector(s) {
		t.Error("no limit should be no wrapper")
	}
}

func TestRule10_LogPrintsNoForeignText(t *testing.T) {
	const secret = "ann@example.com"
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"foreign":   {errors.New("no row for " + secret), "text is not shown"},
		"ours":      {connectors.NewError(connectors.Misfit, "locate crm.person", "no such table", errors.New(secret)), "no such table"},
		"fenced":    {connectors.ErrFenced, "token"},
		"cancelled": {context.Canceled, "ended before it was done"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			log := logrus.New()
			log.SetOutput(&out)
			now := func() time.Time { return time.Unix(0, 0) }
			whole := decorate.Log(&scripted{script: []func([]*connectors.Job) error{fails(c.err)}}, "crm", log, now)
			if err := whole.Erase(t.Context(), nil); !errors.Is(err, c.err) {
				t.Errorf("error = %v", err)
			}
			one := decorate.Log(&scripted{script: []func([]*connectors.Job) error{failsJob("run-7", c.err)}}, "crm", log, now)
			if err := one.Locate(t.Context(), []*connectors.Job{{ID: "run-7"}}); err != nil {
				t.Error(err)
			}
			if text := out.String(); strings.Contains(text, secret) || strings.Count(text, c.want) != 2 || !strings.Contains(text, "run-7") {
				t.Errorf("logged %q", text)
			}
		})
	}
}
