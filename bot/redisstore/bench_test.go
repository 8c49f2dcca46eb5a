package redisstore_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"privacydesk/connectors/connectortest/servers"
)

// BenchmarkHint measures what a webhook costs on a server that syncs every write, beside a bare ZADD on the same server
// in the same run: x-zadd is the ratio, which says what the script adds to the sync.
func BenchmarkHint(b *testing.B) {
	client := dial(b, &redis.Options{Network: "unix", Addr: servers.Redis(b).Socket()})
	store := newStore(b, client, "")
	var n atomic.Int64
	hint := func(b *testing.B) {
		id := fmt.Sprintf("t%d", n.Add(1))
		if fresh, err := store.Hint(b.Context(), []string{id}, "invocation-"+id, time.Hour); err != nil || !fresh {
			b.Error(fresh, err)
		}
	}
	zadd := func(b *testing.B) {
		k := n.Add(1)
		if err := client.ZAdd(b.Context(), "baseline", redis.Z{Score: float64(k), Member: k}).Err(); err != nil {
			b.Error(err)
		}
	}
	serial := func(b *testing.B, f func(*testing.B)) {
		for range b.N {
			f(b)
		}
	}
	parallel := func(b *testing.B, f func(*testing.B)) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				f(b)
			}
		})
	}
	for name, run := range map[string]func(*testing.B, func(*testing.B)){"serial": serial, "parallel": parallel} {
		b.Run(name, func(b *testing.B) {
			b.ResetTimer()
			run(b, zadd)
			baseline := b.Elapsed()
			b.ResetTimer()
			run(b, hint)
			b.ReportMetric(float64(b.Elapsed())/float64(baseline), "x-zadd")
		})
	}
}
