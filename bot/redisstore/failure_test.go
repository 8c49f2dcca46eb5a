package redisstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"privacydesk/bot"
	"privacydesk/bot/bottest"
	"privacydesk/bot/ledger"
	"privacydesk/connectors/connectortest/servers"
)

func epoch() time.Time { return time.Unix(0, 0) }

// TestRule10_ErrorsQuoteNothing: the texts of some of Redis's errors quote the command.
func TestRule10_ErrorsQuoteNothing(t *testing.T) {
	for text, code := range map[string]string{
		"OOM command not allowed when used memory > 'maxmemory'.":     "OOM",
		"ERR unknown command 'X', with args beginning with: 'secret'": "ERR",
		"secret": "ERR",
		"":       "ERR",
		"WRONGTYPE Operation against a key holding secret": "WRONGTYPE",
	} {
		err := failed("load", fmt.Errorf("a wrap: %w", refusal(text)))
		var server *ServerError
		if !errors.As(err, &server) || server.Code != code || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q became %v", text, err)
		}
	}
	if err := failed("load", io.EOF); !errors.Is(err, io.EOF) {
		t.Errorf("a broken connection became %v", err)
	}
}

type refusal string

func (r refusal) Error() string { return string(r) }
func (r refusal) RedisError()   {}

// TestRule10_DamagedRecordIsNotQuoted: what can't be read is named by its place alone.
func TestRule10_DamagedRecordIsNotQuoted(t *testing.T) {
	store, client := onServer(t)
	coded := func(body string, more map[string]any) map[string]any {
		more["case"], more["code"] = body, (&bottest.Authenticator{}).Authenticate("record", "t1", body)
		return more
	}
	damage := map[string]map[string]any{
		"code":         {"case": `{"id":"t1","version":1}`, "version": 1},
		"case":         coded("{secret", map[string]any{"version": 1}),
		"its case":     coded(`{"id":"t2","version":1}`, map[string]any{"version": 1}),
		"version":      coded(`{"id":"t1","version":2}`, map[string]any{"version": 1}),
		"ledger's end": coded(`{"id":"t1","version":1,"seq":2}`, map[string]any{"version": 1, "seq": 1}),
		"lease":        coded(`{"id":"t1","version":1}`, map[string]any{"version": 1, "seq": 0, "head": "", "lease/shop": "secret"}),
		"hint":         {"hint": "secret"},
	}
	for what, fields := range damage {
		client.Del(t.Context(), store.recordKey("t1"))
		if err := client.HSet(t.Context(), store.recordKey("t1"), fields).Err(); err != nil {
			t.Fatal(err)
		}
		_, err := store.Load(t.Context(), "t1")
		if err == nil || errors.Is(err, bot.ErrNotFound) || !strings.Contains(err.Error(), what) || strings.Contains(err.Error(), "secret") {
			t.Errorf("with a damaged %s: %v", what, err)
		}
	}
	if err := client.RPush(t.Context(), store.eventsKey("t1"), "secret").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Events(t.Context(), "t1"); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("with a damaged ledger: %v", err)
	}
}

func onServer(t *testing.T) (*Store, *redis.Client) {
	t.Helper()
	return connect(t, &redis.Options{Network: "unix", Addr: servers.Redis(t).Socket()})
}

// connect makes a client, closed with the test, and a store on it.
func connect(t *testing.T, o *redis.Options) (*Store, *redis.Client) {
	t.Helper()
	client := redis.NewClient(o)
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	store, err := New(client, &bottest.Authenticator{}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return store, client
}

// TestRule3_LostAnswersApplyOnce: the first answer of each call is lost on its way, and go-redis asks again.
func TestRule3_LostAnswersApplyOnce(t *testing.T) {
	_, plain := onServer(t)
	lossy := &lossy{}
	o := *plain.Options()
	o.MaxRetries, o.MinRetryBackoff, o.MaxRetryBackoff = 2, -1, -1
	o.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		return &lossyConn{conn, lossy}, err
	}
	store, _ := connect(t, &o)
	ctx, now := t.Context(), epoch()
	for _, warm := range []*redis.Script{store.scripts.hint, store.scripts.commit} {
		if err := warm.Load(ctx, plain).Err(); err != nil {
			t.Fatal(err)
		}
	}
	lossy.loseNext = true
	if fresh, err := store.Hint(ctx, []string{"t1"}, "invocation", time.Hour); err != nil || !fresh {
		t.Errorf("a hint whose answer was lost: %v, %v", fresh, err)
	}
	e := ledger.Append("t1", 0, "", now, "arrived", nil)
	lossy.loseNext = true
	err := store.Commit(ctx, bot.Change{
		Case: bot.Case{ID: "t1", Seq: e.Seq, Head: e.Hash, Arrived: now}, Events: []ledger.Event{e}, Now: now,
		Caps: []bot.Cap{{Key: "day", Limit: 1, Keep: time.Hour}},
	})
	if err != nil {
		t.Errorf("a commit whose answer was lost: %v", err)
	}
	if lossy.lost != 2 {
		t.Fatalf("%d answers were lost, not 2: the test proves nothing", lossy.lost)
	}
	r, err := store.Load(ctx, "t1")
	if err != nil || r.Case.Version != 1 || r.Hint != 1 {
		t.Errorf("the record is %+v: %v", r, err)
	}
}

// lossy loses an answer when it is told to: the command is carried out, and the connection breaks before the answer.
type lossy struct {
	loseNext bool
	lost     int
}

type lossyConn struct {
	net.Conn
	l *lossy
}

func (c *lossyConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == nil && c.l.loseNext && strings.HasPrefix(string(p[:n]), ":") || strings.Contains(string(p[:n]), "$2\r\nok") && c.l.loseNext {
		c.l.loseNext = false
		c.l.lost++
		return 0, errors.Join(io.EOF, c.Close())
	}
	return n, err
}

func TestNewRefusesNames(t *testing.T) {
	_, client := connect(t, &redis.Options{})
	for _, name := range []string{"a{b}", "A", "a b", strings.Repeat("a", 41), "a:b"} {
		if _, err := New(client, &bottest.Authenticator{}, Options{Prefix: name}); err == nil {
			t.Errorf("the prefix %q was taken", name)
		}
	}
	if _, err := New(nil, &bottest.Authenticator{}, Options{}); err == nil {
		t.Error("no client was taken")
	}
}

// TestOneHashTag: a cluster carries a script out only if all of its keys lie in one slot.
func TestOneHashTag(t *testing.T) {
	store, client := onServer(t)
	ctx, now := t.Context(), epoch()
	if _, err := store.Hint(ctx, []string{"t1"}, "x", time.Hour); err != nil {
		t.Fatal(err)
	}
	e := ledger.Append("t1", 0, "", now, "arrived", nil)
	err := errors.Join(
		store.Commit(ctx, bot.Change{
			Case:   bot.Case{ID: "t1", Tenant: "{acme}", Kind: bot.KindDelete, Seq: e.Seq, Head: e.Hash, Wake: now},
			Events: []ledger.Event{e}, Claim: []string{"c"}, Caps: []bot.Cap{{Key: "day", Limit: 1, Keep: time.Hour}},
		}),
		store.Acquire(ctx, "t2", "", "token", now, now.Add(time.Hour)),
		store.PauseDeletes(ctx, "an operator", now),
		store.SetCursor(ctx, "poll", "c"),
	)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := client.Keys(ctx, "*").Result()
	if err != nil || len(keys) < 12 {
		t.Fatalf("%d keys: %v", len(keys), err)
	}
	for _, key := range keys {
		if !strings.HasPrefix(key, "pd:{pd}:") {
			t.Errorf("the key %q is outside of the hash tag", key)
		}
		mayExpire := strings.HasPrefix(key, "pd:{pd}:once/") || strings.HasPrefix(key, "pd:{pd}:cap/")
		if ttl := client.TTL(ctx, key).Val(); mayExpire != (ttl > 0) {
			t.Errorf("the key %q expires after %s", key, ttl)
		}
	}
}

func TestCheckServerOnBadServer(t *testing.T) {
	server := servers.Redis(t, servers.RedisConfig("maxmemory-policy", "allkeys-lru"), servers.RedisConfig("appendonly", "no"))
	store, client := connect(t, &redis.Options{Network: "unix", Addr: server.Socket()})
	wantFatal := func(n int) {
		t.Helper()
		problems, err := store.CheckServer(t.Context())
		if err != nil || len(problems) != n {
			t.Fatalf("%v %v", problems, err)
		}
		for _, p := range problems {
			if !p.Fatal {
				t.Errorf("not fatal: %s", p)
			}
		}
	}
	wantFatal(2)
	// A managed server refuses CONFIG: INFO says the same.
	if err := client.Do(t.Context(), "ACL", "SETUSER", "default", "-config").Err(); err != nil {
		t.Fatal(err)
	}
	wantFatal(2)
}

// TestCheckServerOnCluster: who follows redirections may use one; who does not would fail at the first command.
func TestCheckServerOnCluster(t *testing.T) {
	server := servers.Redis(t, servers.RedisConfig("cluster-enabled", "yes"))
	store, _ := connect(t, &redis.Options{Network: "unix", Addr: server.Socket()})
	problems, err := store.CheckServer(t.Context())
	if err != nil || len(problems) != 1 || !problems[0].Fatal || !strings.Contains(problems[0].What, "cluster") {
		t.Errorf("an ordinary client: %v %v", problems, err)
	}
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{server.Addr()}})
	defer func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	}()
	follower, err := New(client, &bottest.Authenticator{}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if p := follower.judgeCluster(); p.Fatal || p.Mend == "" {
		t.Errorf("a client for clusters: %v", p)
	}
}

// TestAgreeAmongMany: of many who name something at once, all hear the same, and it is what one of them named.
func TestAgreeAmongMany(t *testing.T) {
	store, _ := onServer(t)
	const many = 16
	heard := make([]string, many)
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() {
			var err error
			if heard[i], err = store.Agree(t.Context(), "spool", fmt.Sprint("folder", i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(slices.Compact(heard)) != 1 || !strings.HasPrefix(heard[0], "folder") {
		t.Errorf("they heard %q", heard)
	}
	if again, err := store.Agree(t.Context(), "spool", "another"); err != nil || again != heard[0] {
		t.Errorf("later it is %q: %v", again, err)
	}
	if _, err := store.Agree(t.Context(), "other", ""); err == nil {
		t.Error("nothing was agreed on")
	}
}
