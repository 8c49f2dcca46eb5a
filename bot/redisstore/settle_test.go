package redisstore

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"privacydesk/bot"
	"privacydesk/connectors/connectortest/servers"
)

// TestRule16_SettleWaitsForReplicas: what an operator said is on every replica
// when Settle returns, and one that does not answer makes it fail.
func TestRule16_SettleWaitsForReplicas(t *testing.T) {
	main := servers.Redis(t)
	host, port, err := net.SplitHostPort(main.Addr())
	if err != nil {
		t.Fatal(err)
	}
	replica := servers.Redis(t, servers.RedisConfig("replicaof", host, port), servers.RedisConfig("repl-diskless-sync-delay", "0"))
	store, client := connect(t, &redis.Options{Network: "unix", Addr: main.Socket()})
	store.patience = 100 * time.Millisecond
	for onlineReplicas(client.Info(t.Context(), "replication").Val()) == 0 {
		if t.Context().Err() != nil {
			t.Fatal("the replica never came")
		}
	}
	other, _ := connect(t, &redis.Options{Network: "unix", Addr: replica.Socket()})
	if err := store.SetCursor(t.Context(), "word", "said"); err != nil {
		t.Fatal(err)
	}
	store.patience = time.Second
	if err := store.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if word, err := other.Cursor(t.Context(), "word"); err != nil || word != "said" {
		t.Errorf("the replica has %q, %v", word, err)
	}
	if err := replica.Pause(); err != nil {
		t.Fatal(err)
	}
	store.patience = 50 * time.Millisecond
	if err := store.Settle(t.Context()); !errors.Is(err, bot.ErrUnsettled) {
		t.Errorf("with a replica that does not answer: %v", err)
	}
	if err := replica.Continue(); err != nil {
		t.Fatal(err)
	}
}

// TestRule16_SettleAsksForTheDisk, by WAITAOF: a server that knows the command
// and has not written fails it, one that does not know it is believed.
func TestRule16_SettleAsksForTheDisk(t *testing.T) {
	server := servers.Redis(t)
	store, client := connect(t, &redis.Options{Network: "unix", Addr: server.Socket()})
	store.patience = time.Second
	hook := &disk{}
	client.AddHook(hook)
	if err := store.Settle(t.Context()); err != nil {
		t.Errorf("an ordinary server: %v", err)
	}
	if !slices.Contains(hook.sent, "waitaof") {
		t.Errorf("it was asked %q", hook.sent)
	}
	hook.answer = []any{int64(0), int64(0)}
	if err := store.Settle(t.Context()); !errors.Is(err, bot.ErrUnsettled) {
		t.Errorf("a disk that has not written: %v", err)
	}
	hook.answer = []any{int64(1), int64(0)}
	if err := store.Settle(t.Context()); err != nil {
		t.Errorf("a disk that has: %v", err)
	}
}

// disk answers WAITAOF in the server's place where it has an answer.
type disk struct {
	mu     sync.Mutex
	sent   []string
	answer []any
}

func (d *disk) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (d *disk) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (d *disk) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := next(ctx, cmds)
		d.mu.Lock()
		defer d.mu.Unlock()
		for _, c := range cmds {
			d.sent = append(d.sent, strings.ToLower(c.Name()))
			if own, is := c.(*redis.Cmd); is && c.Name() == "waitaof" && d.answer != nil {
				own.SetErr(nil)
				own.SetVal(d.answer)
			}
		}
		return err
	}
}

// TestRule16_SettleAfterAFailover: a server that became a replica has kept
// nothing that anybody said to it since.
func TestRule16_SettleAfterAFailover(t *testing.T) {
	server := servers.Redis(t)
	store, client := connect(t, &redis.Options{Network: "unix", Addr: server.Socket()})
	if err := client.ReplicaOf(t.Context(), "127.0.0.1", "1").Err(); err != nil {
		t.Fatal(err)
	}
	var refused *ServerError
	if err := store.Settle(t.Context()); !errors.As(err, &refused) || refused.Code != "READONLY" {
		t.Errorf("got %v", err)
	}
}
