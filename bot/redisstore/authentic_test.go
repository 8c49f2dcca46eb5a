package redisstore

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"privacydesk/bot"
	"privacydesk/bot/bottest"
	"privacydesk/bot/ledger"
	"privacydesk/connectors"
	"privacydesk/connectors/connectortest/servers"
)

// installation is a store with one of everything that bears a code.
func installation(t *testing.T, auth *bottest.Authenticator) (*Store, *redis.Client) {
	t.Helper()
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: servers.Redis(t).Socket()})
	t.Cleanup(func() { _ = client.Close() })
	store, err := New(client, auth, Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	for _, id := range []string{"t1", "t2"} {
		ev := ledger.Append(id, 0, "", epoch(), "arrived", nil)
		c := bot.Change{
			Case: bot.Case{ID: id, Ticket: bot.TicketOfID(id), Phase: bot.PhaseReading, Arrived: epoch(), Seq: ev.Seq, Head: ev.Hash},
			Now:  epoch(), Events: []ledger.Event{ev}, Sealed: []byte("sealed"), Claim: []string{"claim of " + id},
			Facts: []bot.Fact{{Key: "known/" + id, At: epoch()}}, Caps: []bot.Cap{{Key: "day " + id, Limit: 9, Keep: time.Hour}},
		}
		if err := store.Commit(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(
		store.KeepLegalHold(ctx, bot.LegalHold{Tenant: "acme", Name: "suit", At: epoch()}),
		store.KeepLegalHold(ctx, bot.LegalHold{Tenant: "globex", Name: "suit", At: epoch()}),
		store.PauseDeletes(ctx, "ops", epoch()),
	); err != nil {
		t.Fatal(err)
	}
	return store, client
}

// count raises the cap of t1 as far as the limit.
func count(t *testing.T, s *Store, limit int64) error {
	t.Helper()
	r, err := s.Load(t.Context(), "t1")
	if err != nil {
		return err
	}
	return s.Commit(t.Context(), bot.Change{Case: r.Case, Now: epoch(), Caps: []bot.Cap{{Key: "day t1", Limit: limit, Keep: time.Hour}}})
}

// questions ask for everything that bears a code; the answer is ErrDamaged, or
// ErrCapped, where it isn't ours.
func questions(t *testing.T, s *Store) map[string]error {
	t.Helper()
	ctx := t.Context()
	out := map[string]error{}
	_, out["record"] = s.Load(ctx, "t1")
	_, out["fact"] = s.Fact(ctx, "known/t1")
	_, out["holds"] = s.LegalHolds(ctx, "acme")
	_, all := s.AllLegalHolds(ctx)
	if (out["holds"] == nil) != (all == nil) {
		t.Errorf("holds of a tenant: %v, of all: %v", out["holds"], all)
	}
	_, out["pause"] = s.DeletesPaused(ctx)
	if out["record"] == nil {
		out["cap"] = count(t, s, 9)
	}
	return out
}

// TestForgedValues: for each kind of value, what somebody without the key could
// put in its place.
func TestForgedValues(t *testing.T) {
	for name, forge := range map[string]struct {
		damages string
		by      func(s *Store, c *redis.Client) error
	}{
		"nothing": {"", func(*Store, *redis.Client) error { return nil }},
		"a case": {"record", func(s *Store, c *redis.Client) error {
			body := c.HGet(t.Context(), s.recordKey("t1"), "case").Val()
			return c.HSet(t.Context(), s.recordKey("t1"), "case", strings.Replace(body, "reading", "working", 1)).Err()
		}},
		"a record's code": {"record", func(s *Store, c *redis.Client) error {
			return c.HDel(t.Context(), s.recordKey("t1"), "code").Err()
		}},
		"a record's version": {"record", func(s *Store, c *redis.Client) error {
			return c.HDel(t.Context(), s.recordKey("t1"), "version").Err()
		}},
		"another record": {"record", func(s *Store, c *redis.Client) error {
			return c.Copy(t.Context(), s.recordKey("t2"), s.recordKey("t1"), 0, true).Err()
		}},
		"an older case under a newer version": {"record", func(s *Store, c *redis.Client) error {
			return c.HSet(t.Context(), s.recordKey("t1"), "version", 2).Err()
		}},
		"a fact": {"fact", func(s *Store, c *redis.Client) error {
			return c.HSet(t.Context(), s.factsKey(), "known/t1", "1700000000 t9").Err()
		}},
		"another's fact": {"fact", func(s *Store, c *redis.Client) error {
			return c.HSet(t.Context(), s.factsKey(), "known/t1", c.HGet(t.Context(), s.factsKey(), "known/t2").Val()).Err()
		}},
		"a tenant's holds": {"holds", func(s *Store, c *redis.Client) error {
			return c.HSet(t.Context(), s.legalKey(), "/acme", "[]").Err()
		}},
		"another tenant's holds": {"holds", func(s *Store, c *redis.Client) error {
			return c.HSet(t.Context(), s.legalKey(), "/acme", c.HGet(t.Context(), s.legalKey(), "/globex").Val()).Err()
		}},
		"a pause": {"pause", func(s *Store, c *redis.Client) error {
			return c.HSet(t.Context(), s.pausedKey(), "by", "somebody").Err()
		}},
		"a lower count": {"cap", func(s *Store, c *redis.Client) error {
			return c.Set(t.Context(), s.capKey("day t1"), "0", 0).Err()
		}},
		"another's count": {"cap", func(s *Store, c *redis.Client) error {
			return c.Copy(t.Context(), s.capKey("day t2"), s.capKey("day t1"), 0, true).Err()
		}},
	} {
		t.Run(name, func(t *testing.T) {
			store, client := installation(t, &bottest.Authenticator{Key: "k"})
			if err := forge.by(store, client); err != nil {
				t.Fatal(err)
			}
			for what, err := range questions(t, store) {
				switch {
				case what != forge.damages && err != nil:
					t.Errorf("%s: %v", what, err)
				case what == forge.damages && !errors.Is(err, bot.ErrDamaged) && (what != "cap" || !errors.Is(err, bot.ErrCapped)):
					t.Errorf("%s is believed: %v", what, err)
				}
			}
		})
	}
}

// TestDamagedHoldsAreAddedAgain: none is taken away from what isn't ours, which
// says whose it is and what to do; one that is added takes its place.
func TestDamagedHoldsAreAddedAgain(t *testing.T) {
	store, client := installation(t, &bottest.Authenticator{Key: "k"})
	ctx := t.Context()
	client.HSet(ctx, store.legalKey(), "/acme", "[]\tx")
	_, err := store.DropLegalHold(ctx, "acme", "", "suit")
	if !errors.Is(err, bot.ErrDamaged) || !strings.Contains(err.Error(), "of acme") || !strings.Contains(err.Error(), "holds add") {
		t.Errorf("one is taken away: %v", err)
	}
	if now := client.HGet(ctx, store.legalKey(), "/acme").Val(); now != "[]\tx" {
		t.Errorf("the field is now %q", now)
	}
	if err := store.KeepLegalHold(ctx, bot.LegalHold{Tenant: "acme", Name: "more", At: epoch()}); err != nil {
		t.Fatal(err)
	}
	if holds, err := store.LegalHolds(ctx, "acme"); err != nil || len(holds) != 1 || holds[0].Name != "more" {
		t.Errorf("holds are then %v, %v", holds, err)
	}
}

// TestAnotherLedgerIsNoConflict: the change's events don't follow the stored
// ones, though the version does: that is told, not tried again.
func TestAnotherLedgerIsNoConflict(t *testing.T) {
	store, _ := installation(t, &bottest.Authenticator{})
	r, err := store.Load(t.Context(), "t1")
	if err != nil {
		t.Fatal(err)
	}
	r.Case.Head = "another"
	if err := store.Commit(t.Context(), bot.Change{Case: r.Case, Now: epoch()}); !errors.Is(err, ErrChain) {
		t.Errorf("got %v", err)
	}
}

// strip takes all codes away, as a version of before left the store.
func strip(t *testing.T, s *Store, c *redis.Client) {
	t.Helper()
	ctx := t.Context()
	for _, id := range []string{"t1", "t2"} {
		c.HDel(ctx, s.recordKey(id), "code")
		c.Set(ctx, s.capKey("day "+id), "3", time.Hour)
	}
	c.HDel(ctx, s.pausedKey(), "code")
	for _, key := range []string{s.factsKey(), s.legalKey()} {
		for field, value := range c.HGetAll(ctx, key).Val() {
			plain, _, _ := strings.Cut(value, "\t")
			c.HSet(ctx, key, field, plain)
		}
	}
}

// TestVouch: what an older version kept is believed until everything bears a
// code, and never again; what bears a wrong one is never believed.
func TestVouch(t *testing.T) {
	auth := &bottest.Authenticator{Key: "k", Lenient: true}
	store, client := installation(t, auth)
	strip(t, store, client)
	for what, err := range questions(t, store) { // the cap's question counts, and gives a code
		if err != nil {
			t.Errorf("of before, %s: %v", what, err)
		}
	}
	strip(t, store, client)
	auth.Lenient = false
	for what, err := range questions(t, store) {
		if !errors.Is(err, bot.ErrDamaged) && !errors.Is(err, bot.ErrCapped) {
			t.Errorf("without a code, %s: %v", what, err)
		}
	}
	auth.Lenient = true
	if n, err := store.Vouch(t.Context()); err != nil || n != 2+2+2+2+1 {
		t.Errorf("vouched for %d: %v", n, err)
	}
	if ttl := client.PTTL(t.Context(), store.capKey("day t2")).Val(); ttl <= 0 {
		t.Errorf("a cap ends in %v", ttl)
	}
	auth.Lenient = false
	for what, err := range questions(t, store) {
		if err != nil {
			t.Errorf("vouched for, %s: %v", what, err)
		}
	}
	if err := count(t, store, 4); !errors.Is(err, bot.ErrCapped) { // 3 of before, and one
		t.Errorf("the count of before is forgotten: %v", err)
	}
	if n, err := store.Vouch(t.Context()); err != nil || n != 0 {
		t.Errorf("again, vouched for %d: %v", n, err)
	}
	auth.Lenient, auth.Key = true, "another"
	for what, err := range questions(t, store) {
		if !errors.Is(err, bot.ErrDamaged) && !errors.Is(err, bot.ErrCapped) {
			t.Errorf("with a wrong code, %s: %v", what, err)
		}
	}
}

// TestSetAside: a damaged record gives up what it held and stays to be looked
// at; only the step at it may do that, and keeps its lease and its hints.
func TestSetAside(t *testing.T) {
	store, client := installation(t, &bottest.Authenticator{})
	ctx := t.Context()
	if _, err := store.Hint(ctx, []string{"t1"}, "", 0); err != nil {
		t.Fatal(err)
	}
	minute := epoch().Add(time.Minute)
	for part, token := range map[string]string{"": "step", "shop": "run"} {
		if err := store.Acquire(ctx, "t1", part, token, epoch(), minute); err != nil {
			t.Fatal(err)
		}
	}
	client.HSet(ctx, store.recordKey("t1"), "case", "{")
	if err := store.SetAside(ctx, "t1", "another", epoch()); !errors.Is(err, bot.ErrConflict) {
		t.Errorf("by who doesn't hold the step: %v", err)
	}
	cases, _, err := store.List(ctx, bot.Filter{}, "", 9)
	if err != nil || len(cases) != 2 {
		t.Fatalf("listed are %v, %v", cases, err)
	}
	at := slices.IndexFunc(cases, func(c bot.Case) bool { return c.ID == "t1" })
	if at < 0 || cases[at].Wait == nil || cases[at].Wait.Reason != bot.ReasonDamaged || !cases[at].Arrived.Equal(epoch()) {
		t.Errorf("the damaged one is listed as %+v", cases)
	}
	if err := store.SetAside(ctx, "t1", "step", epoch()); err != nil {
		t.Fatal(err)
	}
	r, err := store.Load(ctx, "t1")
	if !errors.Is(err, bot.ErrNotFound) || !r.Damaged || r.Hint == 0 {
		t.Errorf("the record is then %+v, %v", r, err)
	}
	if err := store.Holds(ctx, "t1", "", "step", epoch()); !errors.Is(err, connectors.ErrPaused) {
		t.Errorf("the step's lease: %v", err)
	}
	if err := store.Holds(ctx, "t1", "shop", "run", epoch()); !errors.Is(err, connectors.ErrFenced) {
		t.Errorf("the run's lease: %v", err)
	}
	if holder, err := store.Claimed(ctx, "claim of t1"); err != nil || holder != "" {
		t.Errorf("its claim is %q's, %v", holder, err)
	}
	if holder, err := store.Claimed(ctx, "claim of t2"); err != nil || holder != "t2" {
		t.Errorf("another's claim is %q's, %v", holder, err)
	}
	if cases, _, err := store.List(ctx, bot.Filter{Phase: bot.PhaseReading}, "", 9); err != nil || len(cases) != 1 || cases[0].ID != "t2" {
		t.Errorf("listed are %v, %v", cases, err)
	}
	due, err := store.Due(ctx, epoch(), 9)
	if err != nil || !slices.Contains(due, "t1") {
		t.Errorf("due are %v, %v", due, err)
	}
	if n := client.Exists(ctx, store.asideKey("t1"), store.asideEvents("t1")).Val(); n != 2 {
		t.Errorf("%d of record and ledger are there to be looked at", n)
	}
	if events, err := store.Events(ctx, "t1"); err != nil || len(events) != 0 {
		t.Errorf("its ledger is still %v, %v", events, err)
	}
	anew := bot.Change{Case: bot.Case{ID: "t1", Phase: bot.PhaseForgotten, Arrived: epoch()}, Now: epoch(), Step: "step"}
	if err := store.Commit(ctx, anew); err != nil {
		t.Fatal(err)
	}
	if err := store.Purge(ctx, "t1", 1); err != nil {
		t.Fatal(err)
	}
	if n := client.Exists(ctx, store.asideKey("t1"), store.asideEvents("t1")).Val(); n != 0 {
		t.Errorf("%d of what was set aside outlive the purge", n)
	}
}
