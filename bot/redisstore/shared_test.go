package redisstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"privacydesk/connectors/connectortest/servers"
)

// TestSharedIsRenewedOneAfterTheOther: replicas never renew at once, and each
// sees what the one before it left.
func TestSharedIsRenewedOneAfterTheOther(t *testing.T) {
	client := dial(t, &redis.Options{Network: "unix", Addr: servers.Redis(t).Socket()})
	ctx := t.Context()
	if now, err := newStore(t, client, "shared").Shared(ctx, "x"); err != nil || now != nil {
		t.Fatalf("got %q, %v", now, err)
	}
	var within sync.Mutex
	var wait sync.WaitGroup
	for range 8 {
		store := newStore(t, client, "shared")
		wait.Go(func() {
			for range 5 {
				_, err := store.RenewShared(ctx, "x", func(_ context.Context, now []byte) ([]byte, error) {
					if !within.TryLock() {
						t.Error("two renew at once")
						return nil, errors.New("no")
					}
					defer within.Unlock()
					return append(bytes.Clone(now), '.'), nil
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	if now, err := newStore(t, client, "shared").Shared(ctx, "x"); err != nil || len(now) != 40 {
		t.Errorf("%d of 40 renewals are kept: %v", len(now), err)
	}
}

// TestSharedAfterAFailure: a failed renewal changes nothing and ends its turn.
func TestSharedAfterAFailure(t *testing.T) {
	server := miniredis.RunT(t)
	store := newStore(t, dial(t, &redis.Options{Addr: server.Addr()}), "")
	set := func(v string) func(context.Context, []byte) ([]byte, error) {
		return func(context.Context, []byte) ([]byte, error) { return []byte(v), nil }
	}
	if got, err := store.RenewShared(t.Context(), "x", set("one")); err != nil || string(got) != "one" {
		t.Fatalf("got %q, %v", got, err)
	}
	broken := errors.New("Zendesk is away")
	if _, err := store.RenewShared(t.Context(), "x", func(context.Context, []byte) ([]byte, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if got, err := store.RenewShared(t.Context(), "x", set("two")); err != nil || string(got) != "two" {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestSharedTurnThatRanOut: who sleeps through its turn does not overwrite
// what another left, and leaves another's turn alone.
func TestSharedTurnThatRanOut(t *testing.T) {
	server := miniredis.RunT(t)
	store := newStore(t, dial(t, &redis.Options{Addr: server.Addr()}), "")
	slow, err := store.RenewShared(t.Context(), "x", func(ctx context.Context, _ []byte) ([]byte, error) {
		server.FastForward(3 * time.Minute)
		if _, err := store.RenewShared(ctx, "x", func(context.Context, []byte) ([]byte, error) { return []byte("newer"), nil }); err != nil {
			t.Error(err)
		}
		return []byte("older"), nil
	})
	if err != nil || string(slow) != "newer" {
		t.Errorf("got %q, %v", slow, err)
	}
	// A turn that is not over is waited for, as long as the caller has time.
	ctx, cancel := context.WithCancel(t.Context())
	_, err = store.RenewShared(t.Context(), "x", func(context.Context, []byte) ([]byte, error) {
		cancel()
		_, err := store.RenewShared(ctx, "x", func(context.Context, []byte) ([]byte, error) { return nil, fmt.Errorf("two at once") })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		return []byte("last"), nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestSharedThatCannotBeKept: the renewed value is not lost to its maker.
func TestSharedThatCannotBeKept(t *testing.T) {
	server := miniredis.RunT(t)
	store := newStore(t, dial(t, &redis.Options{Addr: server.Addr(), MaxRetries: -1}), "")
	got, err := store.RenewShared(t.Context(), "x", func(context.Context, []byte) ([]byte, error) {
		server.SetError("LOADING")
		return []byte("renewed"), nil
	})
	if err == nil || string(got) != "renewed" {
		t.Errorf("got %q, %v", got, err)
	}
}
