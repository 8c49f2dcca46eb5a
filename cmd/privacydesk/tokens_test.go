package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"privacydesk/bot/bottest"
	"privacydesk/bot/redisstore"
	"privacydesk/bot/spool"
	"privacydesk/bot/zendesk"
	"privacydesk/config"
)

// TestSharedTokens: what one replica renews, another that has the same key
// shelf reads; nobody else does, Redis least of all.
func TestSharedTokens(t *testing.T) {
	server := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr(), MaxRetries: -1})
	t.Cleanup(func() { _ = client.Close() })
	store, err := redisstore.New(client, &bottest.Authenticator{}, redisstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	open := func(dir string) sharedTokens {
		master, err := spool.ParseMaster("one", strings.Repeat("0123456789abcdef", 4))
		if err != nil {
			t.Fatal(err)
		}
		keys, err := spool.OpenKeys(spool.KeysOptions{Dir: dir, Masters: []spool.MasterKey{master}})
		if err != nil {
			t.Fatal(err)
		}
		return sharedTokens{store, keys}
	}
	dir := t.TempDir()
	a, b, stranger := open(dir), open(dir), open(t.TempDir())
	give := zendesk.Tokens{Access: "access-secret", Refresh: "refresh-secret", Of: "x", Until: time.Unix(9, 0).UTC()}
	renew := func(s sharedTokens, next zendesk.Tokens, seen *zendesk.Tokens) (zendesk.Tokens, error) {
		return s.Renew(t.Context(), func(_ context.Context, now zendesk.Tokens) (zendesk.Tokens, error) { *seen = now; return next, nil })
	}
	var seen zendesk.Tokens
	if got, err := renew(a, give, &seen); err != nil || got != give || seen != (zendesk.Tokens{}) {
		t.Fatalf("got %v", err)
	}
	if got, err := b.Load(t.Context()); err != nil || got != give {
		t.Errorf("another replica: %v", err)
	}
	if got, err := stranger.Load(t.Context()); err != nil || got != (zendesk.Tokens{}) {
		t.Errorf("a stranger read them, or failed: %v", err)
	}
	for _, key := range server.Keys() {
		if kept, err := server.Get(key); err == nil && (strings.Contains(kept, "secret") || strings.Contains(kept, "access")) {
			t.Errorf("%s holds tokens in the clear", key)
		}
	}
	if _, err := renew(b, give, &seen); err != nil || seen != give {
		t.Errorf("renewed without what was there: %v", err)
	}
	away := errors.New("away")
	if _, err := a.Renew(t.Context(), func(context.Context, zendesk.Tokens) (zendesk.Tokens, error) { return zendesk.Tokens{}, away }); !errors.Is(err, away) {
		t.Errorf("got %v", err)
	}
	next := give
	next.Refresh = "newer-secret"
	got, err := a.Renew(t.Context(), func(context.Context, zendesk.Tokens) (zendesk.Tokens, error) {
		server.SetError("LOADING")
		return next, nil
	})
	if err == nil || got != next {
		t.Errorf("what could not be kept is lost: %v", err)
	}
	if _, err := a.Load(t.Context()); err == nil {
		t.Error("a Redis that fails holds tokens")
	}
}

// TestTokensWithoutRedis: only a client that acts for itself does without.
func TestTokensWithoutRedis(t *testing.T) {
	a := &app{cfg: &config.Config{}}
	if shelf, err := a.tokenShelf(); err != nil || shelf != nil {
		t.Errorf("got %v, %v", shelf, err)
	}
	a.cfg.Zendesk.OAuth.RefreshToken = "r"
	if _, err := a.tokenShelf(); err == nil {
		t.Error("a person's tokens would be renewed and lost")
	}
}
