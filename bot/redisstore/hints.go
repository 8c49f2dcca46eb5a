package redisstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"privacydesk/bot"
)

// Hint implements bot.Store in one round trip. A hint's number is its place in the sequence of all hints, so that an
// id whose hints were dropped never sees a number twice.
func (s *Store) Hint(ctx context.Context, ids []string, once string, keep time.Duration) (bool, error) {
	keys := []string{s.hintedKey(), s.sequenceKey(), s.newcomersKey()}
	remember := int64(0)
	if once != "" {
		if remember = keep.Milliseconds(); remember <= 0 {
			return false, errors.New("redisstore: hint: an invocation must be remembered for a millisecond at least")
		}
		digest := sha256.Sum256([]byte(once)) // it is from outside: of any length, with anything in it
		keys = append(keys, s.onceKey(hex.EncodeToString(digest[:])))
	}
	args := []any{newNonce(), remember}
	for _, id := range ids {
		if err := needID("hint", id); err != nil {
			return false, err
		}
		keys, args = append(keys, s.recordKey(id)), append(args, id)
	}
	return s.yes(ctx, "hint", s.scripts.hint, keys, args...)
}

// Drop implements bot.Store. It does nothing to an id that has a record.
func (s *Store) Drop(ctx context.Context, id string, hint int64) error {
	if err := needID("drop", id); err != nil {
		return err
	}
	_, err := s.yes(ctx, "drop", s.scripts.drop, s.waitingKeys(id), id, hint)
	return err
}

// waitingKeys are an id's record, the three sets of ids that wait for somebody to look, and the one of those put off.
func (s *Store) waitingKeys(id string) []string {
	return []string{s.recordKey(id), s.hintedKey(), s.dueKey(), s.newcomersKey(), s.putOffKey()}
}

// Defer implements bot.Store.
func (s *Store) Defer(ctx context.Context, id string, hint int64, until time.Time) error {
	if err := needID("defer", id); err != nil {
		return err
	}
	loaded := ""
	if hint >= 0 {
		loaded = strconv.FormatInt(hint, 10)
	}
	_, err := s.yes(ctx, "defer", s.scripts.putOff, s.waitingKeys(id), id, loaded, wakeScore(until))
	return err
}

// PutOff implements bot.Store.
func (s *Store) PutOff(ctx context.Context, times, limit int) ([]string, error) {
	found, err := s.client.ZRangeByScore(ctx, s.putOffKey(), &redis.ZRangeBy{Min: strconv.Itoa(times), Max: "+inf", Count: int64(limit)}).Result()
	return found, failed("put off", err)
}

// Newcomers implements bot.Store.
func (s *Store) Newcomers(ctx context.Context, limit int) ([]bot.Newcomer, error) {
	if limit <= 0 {
		return nil, fmt.Errorf("redisstore: newcomers: the limit must be positive, not %d", limit)
	}
	found, err := s.client.ZRangeWithScores(ctx, s.newcomersKey(), 0, int64(limit)-1).Result()
	if err != nil {
		return nil, failed("newcomers", err)
	}
	var out []bot.Newcomer
	for _, z := range found {
		if id, isText := z.Member.(string); isText {
			out = append(out, bot.Newcomer{ID: id, Hint: int64(z.Score)})
		}
	}
	return out, nil
}

// Known implements bot.Store.
func (s *Store) Known(ctx context.Context, ids []string) (map[string]bool, error) {
	if len(ids) == 0 {
		return map[string]bool{}, nil
	}
	answers := make([]*redis.BoolCmd, len(ids))
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, id := range ids {
			answers[i] = p.HExists(ctx, s.recordKey(id), "version")
		}
		return nil
	})
	if err != nil {
		return nil, failed("known", err)
	}
	known := map[string]bool{}
	for i, id := range ids {
		known[id] = answers[i].Val()
	}
	return known, nil
}

// Due implements bot.Store. Ids with an open hint, in the order in which they were hinted, alternate with those whose
// wake time has come, the longest overdue first: neither kind can starve the other, however short limit is.
func (s *Store) Due(ctx context.Context, now time.Time, limit int) ([]string, error) {
	if limit <= 0 {
		return nil, fmt.Errorf("redisstore: due: the limit must be positive, not %d", limit)
	}
	var hinted, due *redis.StringSliceCmd
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		hinted = p.ZRange(ctx, s.hintedKey(), 0, int64(limit)-1)
		due = p.ZRangeByScore(ctx, s.dueKey(), &redis.ZRangeBy{
			Min: "-inf", Max: strconv.FormatInt(now.UnixMilli(), 10), Count: int64(limit),
		})
		return nil
	})
	if err != nil {
		return nil, failed("due", err)
	}
	return alternate(hinted.Val(), due.Val(), limit), nil
}

// alternate takes from a and b in turn, each id once, up to limit.
func alternate(a, b []string, limit int) []string {
	var out []string
	seen := map[string]bool{}
	for i := range max(len(a), len(b)) {
		for _, from := range [][]string{a, b} {
			if i < len(from) && !seen[from[i]] && len(out) < limit {
				seen[from[i]] = true
				out = append(out, from[i])
			}
		}
	}
	return out
}
