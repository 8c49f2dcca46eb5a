package redisstore_test

import (
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"privacydesk/bot/redisstore"
	"privacydesk/connectors/connectortest/servers"
)

// purseCase is a store's purse on a real server, and the time.
type purseCase struct {
	*testing.T
	now time.Time
}

// all takes until nothing is given, and tells how often it was.
func (c *purseCase) all(p *redisstore.Purse, floor int) (n int, wait time.Duration) {
	c.Helper()
	for {
		wait, _, err := p.Take(c.Context(), "calls", c.now, 300, 30, floor)
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
		if wait, err := one.Look(t.Context(), "calls", c.now, 300, 30, look.floor); err != nil || wait != look.want {
			t.Errorf("more than %d are in it in %s (%v), want %s", look.floor, wait, err, look.want)
		}
	}
	if n, _ := c.all(one, 15); n != 15 {
		t.Errorf("one took %d down to the floor", n)
	}
	if n, wait := c.all(two, 0); n != 15 || wait != 200*time.Millisecond {
		t.Errorf("the other took %d and waits %s", n, wait)
	}
	if _, sharers, err := one.Take(t.Context(), "calls", c.now, 300, 30, 0); err != nil || sharers != 2 {
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
	if _, sharers, err := two.Take(t.Context(), "calls", c.now, 300, 30, 0); err != nil || sharers != 1 {
		t.Errorf("one who took nothing for ten minutes still shares: %d (%v)", sharers, err)
	}
	if n, _ := c.all(two, 0); n != 29 {
		t.Errorf("a full bucket gave %d and one", n)
	}
	if wait, _, err := one.Take(t.Context(), "calls", c.now.Add(-time.Minute), 300, 30, 0); err != nil || wait != 200*time.Millisecond {
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
				wait, _, err := p.Take(t.Context(), "calls", now, 300, 30, 0)
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
