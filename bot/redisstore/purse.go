package redisstore

import (
	"context"
	"strconv"
	"time"
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

// Take takes one out of a bucket that fills by perMinute up to burst, if more than floor is in it: then wait is 0. Else
// nothing is taken, and wait tells how long it is too early. sharers is how many processes took something lately.
func (p *Purse) Take(ctx context.Context, bucket string, now time.Time, perMinute float64, burst, floor int) (wait time.Duration, sharers int, err error) {
	return p.run(ctx, bucket, now, perMinute, burst, floor, 1)
}

// Look tells how long Take would have one wait; it takes nothing.
func (p *Purse) Look(ctx context.Context, bucket string, now time.Time, perMinute float64, burst, floor int) (wait time.Duration, err error) {
	wait, _, err = p.run(ctx, bucket, now, perMinute, burst, floor, 0)
	return wait, err
}

func (p *Purse) run(ctx context.Context, bucket string, now time.Time, perMinute float64, burst, floor, takes int) (wait time.Duration, sharers int, err error) {
	s := p.store
	answer, err := s.scripts.take.Run(ctx, s.client, []string{s.bucketKey(bucket), s.sharersKey()},
		now.UnixMilli(), strconv.FormatFloat(perMinute/float64(time.Minute.Milliseconds()), 'g', -1, 64), burst, floor,
		p.who, sharersFor.Milliseconds(), takes).Int64Slice()
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
