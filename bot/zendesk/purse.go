package zendesk

import (
	"context"
	"sync"
	"time"

	"privacydesk/bot"
)

// Purse holds what an account's programs may spend: buckets that fill at a
// steady rate. One that all processes share makes one budget of theirs.
type Purse interface {
	// Take takes one out of each bucket: then wait is 0. If one of them has
	// none to give, nothing is taken of any, and wait is how long at least it
	// is too early. sharers is how many processes took something lately.
	Take(ctx context.Context, now time.Time, draws ...bot.Draw) (wait time.Duration, sharers int, err error)
	// Look tells how long Take would have one wait; it takes nothing.
	Look(ctx context.Context, now time.Time, d bot.Draw) (wait time.Duration, err error)
	// Rest lets nobody take out of the bucket before until; it never shortens a
	// rest.
	Rest(ctx context.Context, bucket string, until time.Time) error
}

// ownPurse is a process's own. It stands in when the shared one is away.
type ownPurse struct {
	mu      sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	level float64
	at    time.Time
	rest  time.Time
	full  time.Time // when nothing is known of it any more
}

// pursesHold bounds how many buckets one process remembers; full ones go
// first.
const pursesHold = 10_000

func (p *ownPurse) bucket(name string, now time.Time, burst int) *bucket {
	if b := p.buckets[name]; b != nil {
		return b
	}
	if len(p.buckets) >= pursesHold {
		for other, b := range p.buckets {
			if b.full.Before(now) {
				delete(p.buckets, other)
			}
		}
	}
	if p.buckets == nil {
		p.buckets = map[string]*bucket{}
	}
	b := &bucket{level: float64(burst), at: now}
	p.buckets[name] = b
	return b
}

// Take implements Purse; it can't fail.
func (p *ownPurse) Take(_ context.Context, now time.Time, draws ...bot.Draw) (wait time.Duration, sharers int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range draws {
		if b := p.buckets[d.Bucket]; d.PerMinute > 0 || b != nil {
			wait = max(wait, p.bucket(d.Bucket, now, d.Burst).lacks(now, d))
		}
	}
	if wait > 0 {
		return wait, 1, nil
	}
	for _, d := range draws {
		b := p.buckets[d.Bucket]
		if b == nil {
			continue
		}
		if b.level--; d.PerMinute > 0 {
			b.full = now.Add(time.Duration((float64(d.Burst) - b.level) / perNano(d)))
		}
	}
	return 0, 1, nil
}

// Look implements Purse; it can't fail.
func (p *ownPurse) Look(_ context.Context, now time.Time, d bot.Draw) (time.Duration, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bucket(d.Bucket, now, d.Burst).lacks(now, d), nil
}

func perNano(d bot.Draw) float64 { return d.PerMinute / float64(time.Minute) }

// lacks lets in what came since, and tells how long it is too early to draw.
func (b *bucket) lacks(now time.Time, d bot.Draw) time.Duration {
	if wait := b.rest.Sub(now); wait > 0 || d.PerMinute == 0 {
		return max(0, wait)
	}
	if now.After(b.at) {
		b.level, b.at = b.level+float64(now.Sub(b.at))*perNano(d), now
	}
	b.level = min(b.level, float64(d.Burst))
	if lacks := float64(d.Floor+1) - b.level; lacks > 1e-9 {
		return time.Duration(lacks/perNano(d)) + time.Millisecond
	}
	return 0
}

// Rest implements Purse.
func (p *ownPurse) Rest(_ context.Context, name string, until time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.bucket(name, time.Time{}, 0) // full when somebody first takes of it
	if until.After(b.rest) {
		b.rest = until
	}
	return nil
}
