package redisstore_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"privacydesk/bot"
	"privacydesk/bot/bottest"
	"privacydesk/bot/redisstore"
	"privacydesk/connectors/connectortest/servers"
)

// newStore is a store of its own name on the client's server.
func newStore(t testing.TB, client redis.UniversalClient, name string) *redisstore.Store {
	t.Helper()
	store, err := redisstore.New(client, &bottest.Authenticator{}, redisstore.Options{Prefix: name})
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// dial connects to a server until the test ends.
func dial(t testing.TB, o *redis.Options) *redis.Client {
	t.Helper()
	client := redis.NewClient(o)
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}

func TestStoreOnRedis(t *testing.T) {
	server := servers.Redis(t)
	client := dial(t, &redis.Options{Network: "unix", Addr: server.Socket()})
	var opened atomic.Int64
	bottest.StoreSuite(t, func(t *testing.T) bot.Store {
		return newStore(t, client, fmt.Sprintf("s%d", opened.Add(1)))
	})
}

func TestStoreInProcess(t *testing.T) {
	bottest.StoreSuite(t, func(t *testing.T) bot.Store {
		return newStore(t, dial(t, &redis.Options{Addr: miniredis.RunT(t).Addr()}), "")
	})
}
