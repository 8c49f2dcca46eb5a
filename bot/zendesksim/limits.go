package zendesksim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// window counts what happened since its start.
type window struct {
	start time.Time
	count int
}

// spend takes one from the named budget; left is -1 and wait the time until
// the window ends when nothing is left.
func (s *Sim) spend(name string, limit int, length time.Duration) (left int, wait time.Duration) {
	now := s.opt.Clock()
	w := s.windows[name]
	if w == nil || now.Sub(w.start) >= length {
		w = &window{start: now}
		s.windows[name] = w
	}
	wait = length - now.Sub(w.start)
	if w.count >= limit {
		return -1, wait
	}
	w.count++
	return limit - w.count, wait
}

// spendSliding is spend for a bound that holds in any stretch of the length,
// whenever it begins.
func (s *Sim) spendSliding(name string, limit int, length time.Duration) (left int, wait time.Duration) {
	now := s.opt.Clock()
	took := slices.DeleteFunc(s.taken[name], func(at time.Time) bool { return now.Sub(at) >= length })
	if len(took) < limit {
		took = append(took, now)
		left = limit - len(took)
	} else {
		left, wait = -1, length-now.Sub(took[0])
	}
	s.taken[name] = took
	return left, wait
}

// seconds rounds up, and never gives 0: a client that waits 0 s loops.
func seconds(d time.Duration) int { return max(1, int((d+time.Second-1)/time.Second)) }

func (c *call) spendRequest() error {
	if c.opt.RequestsPerMinute == 0 {
		return nil
	}
	if left, wait := c.spend("account", c.opt.RequestsPerMinute, time.Minute); left < 0 {
		return tooMany("APIRateLimitExceeded", "Number of allowed API requests per minute exceeded", seconds(wait))
	}
	return nil
}

func (c *call) spendExport() error {
	if c.opt.ExportsPerMinute == 0 {
		return nil
	}
	if left, wait := c.spend("incremental-exports", c.opt.ExportsPerMinute, time.Minute); left < 0 {
		return tooMany("APIRateLimitExceeded", "Number of allowed incremental ticket export API requests per minute exceeded", seconds(wait))
	}
	return nil
}

// spendUpdate guards a ticket's and the account's update budgets.
func (c *call) spendUpdate(ticketID int64) error {
	if n := c.opt.TicketUpdatesPer10Min; n > 0 {
		name := fmt.Sprintf("ticket-updates-%d-%d", c.user.ID, ticketID)
		if left, wait := c.spendSliding(name, n, 10*time.Minute); left < 0 {
			return tooMany("TooManyUpdates", "Number of allowed updates of this ticket by this user in 10 minutes exceeded", seconds(wait))
		}
	}
	if n := c.opt.AccountUpdatesPerMinute; n > 0 {
		if left, wait := c.spend("ticket-updates", n, time.Minute); left < 0 {
			return tooMany("APIRateLimitExceeded", "Number of allowed ticket updates per minute exceeded", seconds(wait))
		}
	}
	return nil
}

// limitHeaders tells what is left, in each of Zendesk's three spellings.
func (c *call) limitHeaders(a *answer) {
	now := c.opt.Clock()
	if n := c.opt.RequestsPerMinute; n > 0 && c.windows["account"] != nil {
		w := c.windows["account"]
		left := strconv.Itoa(n - w.count)
		a.set("X-Rate-Limit", strconv.Itoa(n))
		a.set("X-Rate-Limit-Remaining", left)
		a.set("Ratelimit-Limit", strconv.Itoa(n))
		a.set("Ratelimit-Remaining", left)
		a.set("Ratelimit-Reset", strconv.Itoa(seconds(time.Minute-now.Sub(w.start))))
	}
	if n := c.opt.ExportsPerMinute; n > 0 && strings.HasPrefix(c.req.URL.Path, "/api/v2/incremental/") {
		if w := c.windows["incremental-exports"]; w != nil {
			a.set("Zendesk-Ratelimit-Incremental-Exports-Cursor", fmt.Sprintf("total=%d; remaining=%d; resets=%d",
				n, n-w.count, seconds(time.Minute-now.Sub(w.start))))
		}
	}
}
