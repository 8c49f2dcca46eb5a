package redisstore

import (
	"context"
	"strconv"
	"time"

	"privacydesk/bot"
)

// Purse is a budget that all processes of an installation share: buckets that fill at a steady rate, by the clocks of those
// who take.
type Purse struct {
	store *Store
	who   string
}

// Purse makes one process's hand into the installation's purse.
func (s *Store) Purse() *Purse { return &Purse{store: s, who: newNonce()} }

// sharersFor is how long a process that took nothing counts as one of those who share.
const sharersFor = 2 * time.Minute

func (s *Store) bucketKey(name string) string { return s.prefix + "purse/" + name }
func (s *Store) sharersKey() string           { return s.prefix + "sharers" }

// Take takes one out of each bucket: then wait is 0. If one of them has none to give, nothing is taken of any, and wait
// tells how long it is too early. sharers is how many processes took something lately.
func (p *Purse) Take(ctx context.Context, now time.Time, draws ...bot.Draw) (wait time.Duration, sharers int, err error) {
	return p.run(ctx, now, 1, draws...)
}

// Look tells how long Take would have one wait; it takes nothing.
func (p *Purse) Look(ctx context.Context, now time.Time, d bot.Draw) (wait time.Duration, err error) {
	wait, _, err = p.run(ctx, now, 0, d)
	return wait, err
}

func (p *Purse) run(ctx context.Context, now time.Time, takes int, draws ...bot.Draw) (wait time.Duration, sharers int, err error) {
	s := p.store
	keys, args := []string{s.sharersKey()}, []any{now.UnixMilli(), p.who, sharersFor.Milliseconds(), takes}
	for _, d := range draws {
		keys = append(keys, s.bucketKey(d.Bucket))
		args = append(args, strconv.FormatFloat(d.PerMinute/float64(time.Minute.Milliseconds()), 'g', -1, 64), d.Burst, d.Floor)
	}
	answer, err := s.scripts.take.Run(ctx, s.client, keys, args...).Int64Slice()
	if err != nil {
		return 0, 0, failed("take", err)
	}
	return time.Duration(answer[0]) * time.Millisecond, int(answer[1]), nil
}

// Rest lets nobody take out of the bucket before until. It never shortens a rest.
func (p *Purse) Rest(ctx context.Context, bucket string, until time.Time) error {
	s := p.store
	_, err := s.yes(ctx, "rest", s.scripts.rest, []string{s.bucketKey(bucket)}, until.UnixMilli())
	return err
}
