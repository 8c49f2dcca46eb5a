package zendesk

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"privacydesk/bot"
)

// The account's budget is shared with its agents' tools: unless told
// otherwise, all processes together take three quarters, and leave the last
// twentieth of a minute's calls alone.
const (
	shareNum, shareDen = 3, 4
	reserveDen         = 20
	burstDen           = 10 // of a minute's calls, at once
	quickNum, quickDen = 3, 4
)

// Zendesk takes 30 updates of one ticket by one user in ten minutes [docs,
// limits]. A bucket of 20 that gets one a minute never gives more than that,
// and while half of it is gone what can wait does.
const (
	ticketBurst     = 20
	ticketPerMinute = 1
)

// longestHold bounds how long a header may hold all calls back: the account's
// limit is one of a minute, and a header that means something else must not
// stop the bot for good.
const longestHold = 2 * time.Minute

// purseBound is how long the shared purse may take to answer. Beyond it a
// process keeps to its part.
const purseBound = 2 * time.Second

// The buckets.
const (
	bucketCalls   = "calls"
	bucketQuick   = "quick" // calls that can't wait
	bucketUpdates = "updates"
	bucketTicket  = "ticket/" // and its number
)

// budget spaces calls so that the account's limits are not met. Zendesk's
// headers tell what is left of the minute for all who call.
type budget struct {
	shared  Purse // nil: nobody shares
	own     ownPurse
	fixed   int // calls a minute as configured; 0: learned
	updates int // of tickets, a minute

	mu      sync.Mutex
	sharers int // who took of the shared purse when it last answered

	left, total int // of the minute, as the last answer said; total 0: none did
}

func newBudget(o Options, shared Purse) *budget {
	return &budget{shared: shared, fixed: o.RequestsPerMinute, updates: o.UpdatesPerMinute}
}

// perMinute is how many calls all processes may make together; 0 before
// anything is known.
func (b *budget) perMinute() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fixed > 0 || b.total == 0 {
		return b.fixed
	}
	return max(1, b.total*shareNum/shareDen)
}

// take takes one call, or tells how long to wait until it may be tried again.
// What can wait leaves half of the burst to what can't.
func (b *budget) take(ctx context.Context, now time.Time, patient bool) time.Duration {
	n := b.perMinute()
	if n == 0 {
		return b.draw(ctx, now, bot.Draw{Bucket: bucketCalls})
	}
	calls := drawOf(bucketCalls, float64(n), max(1, n/burstDen), patient)
	if patient {
		return b.draw(ctx, now, calls)
	}
	// In the long run a quarter is left to what can wait.
	return b.draw(ctx, now, drawOf(bucketQuick, float64(n)*quickNum/quickDen, max(1, n/2), false), calls)
}

// update takes one update of a ticket, likewise.
func (b *budget) update(ctx context.Context, now time.Time, ticket int64, patient bool) time.Duration {
	n := max(1, b.updates*shareNum/shareDen)
	return b.draw(ctx, now,
		drawOf(ticketBucket(ticket), ticketPerMinute, ticketBurst, patient),
		drawOf(bucketUpdates, float64(n), max(1, n/burstDen), patient))
}

// room is how long until so many updates of a ticket can be made in a row, as
// far as the ticket goes. Nothing is taken.
func (b *budget) room(ctx context.Context, now time.Time, ticket int64, updates int, patient bool) time.Duration {
	d := drawOf(ticketBucket(ticket), ticketPerMinute, ticketBurst, patient)
	d.Floor += updates - 1
	if b.shared != nil {
		bound, cancel := context.WithTimeout(ctx, purseBound)
		defer cancel()
		if wait, err := b.shared.Look(bound, now, d); err == nil {
			return wait
		}
	}
	wait, _ := b.own.Look(ctx, now, part(d, b.parts()))
	return wait
}

func ticketBucket(ticket int64) string { return bucketTicket + strconv.FormatInt(ticket, 10) }

// parts is among how many processes what all may is divided while the shared
// purse is away.
func (b *budget) parts() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.shared == nil {
		return 1
	}
	return max(1, b.sharers)
}

// part is one process's of what all draw.
func part(d bot.Draw, parts int) bot.Draw {
	d.PerMinute, d.Burst, d.Floor = d.PerMinute/float64(parts), max(1, d.Burst/parts), d.Floor/parts
	return d
}

func drawOf(bucket string, perMinute float64, burst int, patient bool) bot.Draw {
	d := bot.Draw{Bucket: bucket, PerMinute: perMinute, Burst: burst}
	if patient {
		d.Floor = burst / 2
	}
	return d
}

// draw asks the shared purse, for all at once: who has to wait for one bucket
// has taken nothing of another. While that is away the process takes no more
// than its part of what all may.
func (b *budget) draw(ctx context.Context, now time.Time, draws ...bot.Draw) time.Duration {
	if b.shared != nil {
		bound, cancel := context.WithTimeout(ctx, purseBound)
		defer cancel()
		if wait, sharers, err := b.shared.Take(bound, now, draws...); err == nil {
			b.mu.Lock()
			b.sharers = sharers
			b.mu.Unlock()
			return wait
		}
	}
	parts := b.parts()
	for i, d := range draws {
		draws[i] = part(d, parts)
	}
	wait, _, _ := b.own.Take(ctx, now, draws...)
	return wait
}

// rest lets nobody of all processes draw from the bucket for a while.
func (b *budget) rest(ctx context.Context, bucket string, now time.Time, d time.Duration) {
	if d <= 0 {
		return
	}
	until := now.Add(min(d, longestHold))
	_ = b.own.Rest(ctx, bucket, until)
	if b.shared != nil {
		bound, cancel := context.WithTimeout(ctx, purseBound)
		defer cancel()
		_ = b.shared.Rest(bound, bucket, until) // others will be told by Zendesk
	}
}

// learn takes in what an answer says of the limits. ticket is the one that the
// call updated, 0 for none. A refusal counts for the whole account unless it
// says that calls are left: then it is about the ticket, or one endpoint's.
func (b *budget) learn(ctx context.Context, now time.Time, ticket int64, status int, h http.Header) {
	total, hasTotal := headerInt(h, "X-Rate-Limit", "Ratelimit-Limit")
	left, hasLeft := headerInt(h, "X-Rate-Limit-Remaining", "Ratelimit-Remaining")
	reset, hasReset := headerInt(h, "Ratelimit-Reset")
	if hasTotal && hasLeft && total > 0 {
		b.mu.Lock()
		b.left, b.total = left, total
		b.mu.Unlock()
	}
	if hasTotal && hasLeft && hasReset && left <= total/reserveDen {
		b.rest(ctx, bucketCalls, now, time.Duration(min(reset, int(longestHold.Seconds())))*time.Second)
	}
	switch {
	case status != http.StatusTooManyRequests:
	case !hasLeft || left == 0:
		b.rest(ctx, bucketCalls, now, retryAfter(now, h))
	case ticket != 0:
		b.rest(ctx, ticketBucket(ticket), now, retryAfter(now, h))
	}
}

// state is what is left of the account's minute and its limit, as Zendesk said
// last; ok is false before it did.
func (b *budget) state() (left, total int, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.left, b.total, b.total > 0
}

func headerInt(h http.Header, names ...string) (int, bool) {
	for _, name := range names {
		if n, err := strconv.Atoi(strings.TrimSpace(h.Get(name))); err == nil && n >= 0 {
			return n, true
		}
	}
	return 0, false
}

// retryAfter reads the header in either of its forms; 0 when there is none.
func retryAfter(now time.Time, h http.Header) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.Atoi(v); err == nil && n >= 0 && n < 1_000_000 {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
