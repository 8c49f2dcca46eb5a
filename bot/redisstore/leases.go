package redisstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"privacydesk/bot"
	"privacydesk/connectors"
)

// Acquire implements bot.Store. A lease runs until, but not at, its deadline, in whole milliseconds of the callers'
// clocks. Who holds it already gets the new deadline. One that ran out without being given back is counted.
func (s *Store) Acquire(ctx context.Context, id, part, token string, now, until time.Time) error {
	if err := needToken("acquire", id, token); err != nil {
		return err
	}
	answer, err := s.scripts.acquire.Run(ctx, s.client, []string{s.recordKey(id)}, part, token, now.UnixMilli(), until.UnixMilli(), s.format).Int()
	switch {
	case err != nil:
		return failed("acquire", err)
	case answer < 0:
		return fmt.Errorf("request %s: %w", id, bot.ErrNewer)
	case answer == 0:
		return bot.ErrConflict
	}
	return nil
}

// Renew implements bot.Store. A lease that has run out can't be renewed, even if nobody took it since.
func (s *Store) Renew(ctx context.Context, id, part, token string, now, until time.Time) error {
	return s.lease(ctx, "renew", s.scripts.renew, id, part, token, now, until)
}

func (s *Store) lease(ctx context.Context, op string, script *redis.Script, id, part, token string, now, until time.Time) error {
	if err := needToken(op, id, token); err != nil {
		return err
	}
	held, err := s.yes(ctx, op, script, []string{s.recordKey(id)}, part, token, now.UnixMilli(), until.UnixMilli())
	if err == nil && !held {
		return bot.ErrConflict
	}
	return err
}

// Release implements bot.Store. Releasing what the token doesn't hold does nothing.
func (s *Store) Release(ctx context.Context, id, part, token string) error {
	if err := needToken("release", id, token); err != nil {
		return err
	}
	_, err := s.yes(ctx, "release", s.scripts.release, []string{s.recordKey(id)}, part, token)
	return err
}

// Holds implements bot.Store. A lost token is told before a pause.
func (s *Store) Holds(ctx context.Context, id, part, token string, now time.Time) error {
	if err := needToken("holds", id, token); err != nil {
		return err
	}
	keys := []string{s.recordKey(id), s.pausedKey()}
	answer, err := s.scripts.holds.Run(ctx, s.client, keys, part, token, now.UnixMilli()).Text()
	switch {
	case err != nil:
		return failed("holds", err)
	case answer == "ok":
		return nil
	case answer == "paused":
		return fmt.Errorf("request %s: %w", id, connectors.ErrPaused)
	}
	return fmt.Errorf("request %s: %w", id, connectors.ErrFenced)
}

func needToken(op, id, token string) error {
	if token == "" {
		return errors.New("redisstore: " + op + ": the token is empty")
	}
	return needID(op, id)
}
