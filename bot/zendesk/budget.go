package zendesk

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// The account's budget is shared with its agents' tools: unless told
// otherwise, one process takes three quarters, and leaves the last twentieth
// of a minute's calls alone.
const (
	shareNum, shareDen = 3, 4
	reserveDen         = 20
	burstDen           = 10 // of a minute's calls, at once
)

// longestHold bounds how long a header may hold all calls back: the account's
// limit is one of a minute, and a header that means something else must not
// stop the bot for good.
const longestHold = 2 * time.Minute

// budget spaces calls so that the account's limit is not met. Zendesk's
// headers tell what is left of the minute for all who call.
type budget struct {
	mu      sync.Mutex
	fixed   bool // configured, not learned
	limiter *rate.Limiter
	pause   time.Time // nothing before

	left, total int // of the minute, as the last answer said; total 0: none did
}

func newBudget(perMinute int) *budget {
	b := &budget{limiter: rate.NewLimiter(rate.Inf, 1)}
	if perMinute > 0 {
		b.fixed = true
		b.limiter = rate.NewLimiter(perSecond(perMinute), max(1, perMinute/burstDen))
	}
	return b
}

func perSecond(perMinute int) rate.Limit {
	return rate.Limit(float64(perMinute) / time.Minute.Seconds())
}

// take reserves one call and tells how long to wait before it, at most bound;
// false: it would be longer, and nothing was reserved.
func (b *budget) take(now time.Time, bound time.Duration) (wait time.Duration, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.limiter.ReserveN(now, 1)
	wait = max(r.DelayFrom(now), b.pause.Sub(now))
	if !r.OK() || wait > bound {
		r.CancelAt(now)
		return wait, false
	}
	return wait, true
}

// learn takes in what an answer says of the account's limit.
func (b *budget) learn(now time.Time, status int, h http.Header) {
	total, hasTotal := headerInt(h, "X-Rate-Limit", "Ratelimit-Limit")
	left, hasLeft := headerInt(h, "X-Rate-Limit-Remaining", "Ratelimit-Remaining")
	reset, hasReset := headerInt(h, "Ratelimit-Reset")
	b.mu.Lock()
	defer b.mu.Unlock()
	if hasTotal && total > 0 && !b.fixed {
		if share := max(1, total*shareNum/shareDen); b.limiter.Limit() != perSecond(share) {
			b.limiter = rate.NewLimiter(perSecond(share), max(1, share/burstDen))
		}
	}
	if hasTotal && hasLeft && total > 0 {
		b.left, b.total = left, total
	}
	if hasTotal && hasLeft && hasReset && left <= total/reserveDen {
		b.hold(now, time.Duration(min(reset, int(longestHold.Seconds())))*time.Second)
	}
	if status == http.StatusTooManyRequests && hasLeft && left == 0 {
		b.hold(now, retryAfter(now, h)) // the account's limit, not an endpoint's own
	}
}

// state is what is left of the account's minute and its limit, as Zendesk said
// last; ok is false before it did.
func (b *budget) state() (left, total int, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.left, b.total, b.total > 0
}

func (b *budget) hold(now time.Time, d time.Duration) {
	if until := now.Add(min(d, longestHold)); until.After(b.pause) {
		b.pause = until
	}
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
