package zendesk_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"privacydesk/bot/zendesk"
	"privacydesk/bot/zendesksim"
)

// cupboard is what replicas share; it counts renewals.
type cupboard struct {
	mu       sync.Mutex
	kept     zendesk.Tokens
	renewals int
}

func (s *cupboard) Load(context.Context) (zendesk.Tokens, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept, nil
}

func (s *cupboard) Renew(ctx context.Context, renew func(context.Context, zendesk.Tokens) (zendesk.Tokens, error)) (zendesk.Tokens, error) {
	now, _ := s.Load(ctx)
	next, err := renew(ctx, now)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.kept = next
		s.renewals++
	}
	return next, err
}

// with opens a desk of the options on the shelf.
func (w *world) with(s *cupboard, secret string) *zendesk.Desk {
	w.Helper()
	o := w.options
	o.OAuth.ClientSecret = secret
	d, err := zendesk.New(o, zendesk.Env{Clock: w.clock.now, Sleep: w.clock.sleep, HTTP: w.transport, Tokens: s})
	w.must(err)
	return d
}

// TestRule13_AWrongSecretIsNoMissingForm: who is not let in has asked for
// nothing, and knows nothing of a form.
func TestRule13_AWrongSecretIsNoMissingForm(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	found, err := w.with(&cupboard{}, "wrong-secret").Intake(t.Context(), zendesk.Uses{Form: 1})
	if len(found) != 0 || err == nil || !strings.Contains(err.Error(), "sign in") {
		t.Errorf("behind a wrong secret: %v, %v", found, err)
	}
}

// TestRule13_AWrongSecretBehindACachedTokenIsSeen: what an earlier, right
// secret left on the shelf lets calls through; check and the start of serve
// prove the secret that is configured now.
func TestRule13_AWrongSecretBehindACachedTokenIsSeen(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	s := &cupboard{}
	if found, err := w.with(s, "client-secret").Enter(t.Context()); err != nil || len(found) != 0 {
		t.Fatalf("the right secret: %v, %v", found, err)
	}
	if found, err := w.with(s, "client-secret").Enter(t.Context()); err != nil || len(found) != 0 || s.renewals != 1 {
		t.Errorf("the start of another replica: %v, %v, %d sign-ins", found, err, s.renewals)
	}
	for name, look := range map[string]func(*zendesk.Desk) ([]zendesk.Problem, error){
		"check":    func(d *zendesk.Desk) ([]zendesk.Problem, error) { return d.Check(t.Context(), zendesk.Uses{}) },
		"at start": func(d *zendesk.Desk) ([]zendesk.Problem, error) { return d.Enter(t.Context()) },
	} {
		found, err := look(w.with(s, "another-secret"))
		if err != nil || len(found) != 1 || found[0].Where != "zendesk" || found[0].Severity != zendesk.Blocks || !strings.Contains(found[0].What, "401") {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
	if _, err := w.with(s, "client-secret").Check(t.Context(), zendesk.Uses{}); err != nil || s.renewals != 2 {
		t.Errorf("check did not sign in anew: %v, %d sign-ins", err, s.renewals)
	}
	w.sim.AddOAuthClient("privacydesk", "renewed-secret", w.bot, "read write") // the old one is void, its token is not
	if found, err := w.with(s, "client-secret").Check(t.Context(), zendesk.Uses{}); err != nil || len(found) != 1 || found[0].Where != "zendesk" {
		t.Errorf("a secret that was renewed in Zendesk: %v, %v", found, err)
	}
}

// TestRule13_IntakeIsThere: a form or a kind field that is absent is seen.
func TestRule13_IntakeIsThere(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	if found, err := w.desk.Intake(t.Context(), zendesk.Uses{}); err != nil || len(found) != 0 {
		t.Fatalf("all is there: %v, %v", found, err)
	}
	found, err := w.desk.Intake(t.Context(), zendesk.Uses{Form: 5, Fields: map[string]int64{"zendesk.kind_field": 6}})
	if err != nil || len(found) != 2 || found[0].Where != "zendesk.form" || found[1].Where != "zendesk.kind_field" {
		t.Errorf("got %v, %v", found, err)
	}
}

// TestRule13_AClockThatIsOffIsNamed: not the subdomain, and with its direction.
func TestRule13_AClockThatIsOffIsNamed(t *testing.T) {
	for _, c := range []struct {
		off  time.Duration
		says string
	}{{10 * time.Minute, "10m0s ahead of Zendesk's"}, {-10 * time.Minute, "10m0s behind Zendesk's"}} {
		w := newWorld(t, zendesksim.Options{})
		d, err := zendesk.New(w.options, zendesk.Env{Clock: func() time.Time { return w.clock.now().Add(c.off) }, Sleep: w.clock.sleep, HTTP: w.transport})
		w.must(err)
		found, err := d.Check(t.Context(), zendesk.Uses{})
		if err != nil || len(found) == 0 || found[0].Where != "this machine's clock" || found[0].Severity != zendesk.Blocks || !strings.Contains(found[0].What, c.says) {
			t.Errorf("%s: %v, %v", c.off, found, err)
		}
		for _, p := range found {
			if p.Where != "this machine's clock" {
				t.Errorf("%s: %v", c.off, p)
			}
		}
		if ahead, known := d.Ahead(); !known || (ahead-c.off).Abs() > 2*time.Second {
			t.Errorf("%s: %s ahead, known: %t", c.off, ahead, known)
		}
	}
}

// TestRule13_AnExportThatIsTooRecentIsTheClocks: where answers bear no date.
func TestRule13_AnExportThatIsTooRecentIsTheClocks(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	base := w.transport
	undated := roundTrip(func(r *http.Request) (*http.Response, error) {
		resp, err := base.RoundTrip(r)
		if err == nil {
			resp.Header.Del("Date")
		}
		return resp, err
	})
	d, err := zendesk.New(w.options, zendesk.Env{Clock: func() time.Time { return w.clock.now().Add(10 * time.Minute) }, Sleep: w.clock.sleep, HTTP: undated})
	w.must(err)
	found, err := d.Check(t.Context(), zendesk.Uses{})
	if err != nil || len(found) != 1 || found[0].Where != "this machine's clock" {
		t.Errorf("got %v, %v", found, err)
	}
}
