package redisstore_test

import (
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"privacydesk/bot"
	"privacydesk/bot/redisstore"
	"privacydesk/connectors/connectortest/servers"
)

// purseCase is a store's purse on a real server, and the time.
type purseCase struct {
	*testing.T
	now time.Time
}

func calls(floor int) bot.Draw {
	return bot.Draw{Bucket: "calls", PerMinute: 300, Burst: 30, Floor: floor}
}

// all takes until nothing is given, and tells how often it was.
func (c *purseCase) all(p *redisstore.Purse, floor int) (n int, wait time.Duration) {
	c.Helper()
	for {
		wait, _, err := p.Take(c.Context(), c.now, calls(floor))
		if err != nil {
			c.Fatal(err)
		}
		if wait > 0 {
			return n, wait
		}
		n++
	}
}

// TestReplicasShareOnePurse: two processes take out of one bucket, what can
// wait leaves the floor, a rest holds both, and each sees the other.
func TestReplicasShareOnePurse(t *testing.T) {
	store := newStore(t, dial(t, &redis.Options{Network: "unix", Addr: servers.Redis(t).Socket()}), "purse")
	one, two := store.Purse(), store.Purse()
	c := &purseCase{t, time.Unix(1_800_000_000, 0)}
	for _, look := range []struct {
		floor int
		want  time.Duration
	}{{29, 0}, {30, 200 * time.Millisecond}} { // a look takes nothing: below, all 30 are there
		if wait, err := one.Look(t.Context(), c.now, calls(look.floor)); err != nil || wait != look.want {
			t.Errorf("more than %d are in it in %s (%v), want %s", look.floor, wait, err, look.want)
		}
	}
	if n, _ := c.all(one, 15); n != 15 {
		t.Errorf("one took %d down to the floor", n)
	}
	if n, wait := c.all(two, 0); n != 15 || wait != 200*time.Millisecond {
		t.Errorf("the other took %d and waits %s", n, wait)
	}
	if _, sharers, err := one.Take(t.Context(), c.now, calls(0)); err != nil || sharers != 2 {
		t.Errorf("%d share (%v)", sharers, err)
	}
	c.now = c.now.Add(time.Second)
	if n, _ := c.all(two, 0); n != 5 {
		t.Errorf("a second brought %d", n)
	}
	for _, d := range []time.Duration{40 * time.Second, 10 * time.Second} { // the shorter changes nothing
		if err := one.Rest(t.Context(), "calls", c.now.Add(d)); err != nil {
			t.Fatal(err)
		}
	}
	if n, wait := c.all(two, 0); n != 0 || wait != 40*time.Second {
		t.Errorf("in a rest %d were given, and it waits %s", n, wait)
	}
	c.now = c.now.Add(10 * time.Minute)
	if _, sharers, err := two.Take(t.Context(), c.now, calls(0)); err != nil || sharers != 1 {
		t.Errorf("one who took nothing for ten minutes still shares: %d (%v)", sharers, err)
	}
	if n, _ := c.all(two, 0); n != 29 {
		t.Errorf("a full bucket gave %d and one", n)
	}
	if wait, _, err := one.Take(t.Context(), c.now.Add(-time.Minute), calls(0)); err != nil || wait != 200*time.Millisecond {
		t.Errorf("a clock that is behind waits %s (%v)", wait, err)
	}
}

// TestPurseConcurrently: many who take at once get no more than is there.
func TestPurseConcurrently(t *testing.T) {
	store := newStore(t, dial(t, &redis.Options{Network: "unix", Addr: servers.Redis(t).Socket()}), "purse2")
	now := time.Unix(1_800_000_000, 0)
	var mu sync.Mutex
	given := 0
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			p := store.Purse()
			for range 5 {
				wait, _, err := p.Take(t.Context(), now, calls(0))
				if err != nil {
					t.Error(err)
				}
				if wait == 0 {
					mu.Lock()
					given++
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	if given != 30 {
		t.Errorf("%d were given of 30", given)
	}
}

// TestPurseGivesOfAllOrOfNone: who has to wait for one bucket has taken
// nothing of the other, and is told the longer of the waits.
func TestPurseGivesOfAllOrOfNone(t *testing.T) {
	purse := newStore(t, dial(t, &redis.Options{Network: "unix", Addr: servers.Redis(t).Socket()}), "purse3").Purse()
	now := time.Unix(1_800_000_000, 0)
	take := func(draws ...bot.Draw) time.Duration {
		t.Helper()
		wait, _, err := purse.Take(t.Context(), now, draws...)
		if err != nil {
			t.Fatal(err)
		}
		return wait
	}
	small, large := bot.Draw{Bucket: "small", PerMinute: 6, Burst: 1}, bot.Draw{Bucket: "large", PerMinute: 60, Burst: 2}
	if wait := take(large, small); wait != 0 {
		t.Errorf("full buckets wait %s", wait)
	}
	for range 3 {
		if wait := take(large, small); wait != 10*time.Second {
			t.Errorf("an empty one beside one that is not waits %s", wait)
		}
	}
	if wait := take(large); wait != 0 {
		t.Errorf("those who waited for the small one took of the large: it waits %s", wait)
	}
	if wait := take(small, large); wait != 10*time.Second {
		t.Errorf("of two that are empty the longer counts, not %s", wait)
	}
}

// TestPurseOfWhoKnowsNoLimit: a process that has just started and knows of no
// limit is given what it asks for, but for a rest; to the others the bucket is
// no fuller for it.
func TestPurseOfWhoKnowsNoLimit(t *testing.T) {
	purse := newStore(t, dial(t, &redis.Options{Network: "unix", Addr: servers.Redis(t).Socket()}), "purse4").Purse()
	c := &purseCase{t, time.Unix(1_800_000_000, 0)}
	unknown := func() time.Duration {
		t.Helper()
		wait, _, err := purse.Take(t.Context(), c.now, bot.Draw{Bucket: "calls"})
		if err != nil {
			t.Fatal(err)
		}
		return wait
	}
	if wait := unknown(); wait != 0 {
		t.Errorf("the first of all waits %s", wait)
	}
	if n, _ := c.all(purse, 0); n != 30 {
		t.Errorf("a full bucket gave %d", n)
	}
	c.now = c.now.Add(time.Second) // five
	for range 2 {
		if wait := unknown(); wait != 0 {
			t.Errorf("who knows of no limit waits %s", wait)
		}
	}
	if n, _ := c.all(purse, 0); n != 3 {
		t.Errorf("the others were given %d of the three that are left", n)
	}
	if err := purse.Rest(t.Context(), "calls", c.now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if wait := unknown(); wait != time.Minute {
		t.Errorf("in a rest it waits %s", wait)
	}
}
