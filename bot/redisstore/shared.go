package redisstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// How one replica at a time renews a shared value.
const (
	turnLease = 2 * time.Minute // of who stopped in the middle
	turnPause = 50 * time.Millisecond
)

func (s *Store) sharedKey(name string) string { return s.prefix + "shared/" + name }
func (s *Store) turnKey(name string) string   { return s.prefix + "turn/" + name }

// Shared is a small value that all replicas use: nil for a name that was never renewed. Secrets are sealed by the
// caller.
func (s *Store) Shared(ctx context.Context, name string) ([]byte, error) {
	value, err := s.client.Get(ctx, s.sharedKey(name)).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	return value, failed("read a shared value", err)
}

// RenewShared replaces a shared value by what renew makes of it, while no other replica is about it. renew has to end
// within its context, which is shorter than the turn lasts. What was replaced meanwhile all the same, because a replica
// slept through its turn, is not overwritten: then the newer value is returned. When renew was through and its value
// could not be kept, the value is returned beside the error.
func (s *Store) RenewShared(ctx context.Context, name string, renew func(ctx context.Context, now []byte) ([]byte, error)) ([]byte, error) {
	token := newNonce()
	if err := s.takeTurn(ctx, name, token); err != nil {
		return nil, err
	}
	// Who waits is served soon also when our context has ended.
	defer func() {
		_ = s.scripts.endTurn.Run(context.WithoutCancel(ctx), s.client, []string{s.turnKey(name)}, token).Err()
	}()
	now, err := s.Shared(ctx, name)
	if err != nil {
		return nil, err
	}
	within, cancel := context.WithTimeout(ctx, turnLease-10*time.Second)
	defer cancel()
	next, err := renew(within, now)
	if err != nil {
		return nil, err
	}
	kept, err := s.yes(ctx, "keep a shared value", s.scripts.swap, []string{s.sharedKey(name)}, now, next)
	if err != nil || kept {
		return next, err
	}
	return s.Shared(ctx, name)
}

// takeTurn waits for its turn as long as ctx lasts, and not longer than a turn that nobody ends.
func (s *Store) takeTurn(ctx context.Context, name, token string) error {
	ctx, cancel := context.WithTimeout(ctx, turnLease+10*time.Second)
	defer cancel()
	tick := time.NewTicker(turnPause)
	defer tick.Stop()
	for {
		err := s.client.SetArgs(ctx, s.turnKey(name), token, redis.SetArgs{Mode: "NX", TTL: turnLease}).Err()
		if err == nil {
			return nil
		}
		if !errors.Is(err, redis.Nil) {
			return failed("take a turn", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("take a turn: another replica is about it: %w", context.Cause(ctx))
		}
	}
}
