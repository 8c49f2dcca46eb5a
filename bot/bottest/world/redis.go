package world

import (
	"context"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"privacydesk/bot"
)

// FlushRedis loses all of Redis.
func (w *World) FlushRedis() {
	w.T.Helper()
	if err := w.client.FlushAll(context.Background()).Err(); err != nil {
		w.T.Fatal(err)
	}
}

// DumpRedis is every key and value, as text to search.
func (w *World) DumpRedis() string {
	w.T.Helper()
	ctx := context.Background()
	var b strings.Builder
	keys, err := w.client.Keys(ctx, "*").Result()
	if err != nil {
		w.T.Fatal(err)
	}
	for _, key := range keys {
		var values any
		switch w.client.Type(ctx, key).Val() {
		case "hash":
			values = w.client.HGetAll(ctx, key).Val()
		case "zset":
			values = w.client.ZRange(ctx, key, 0, -1).Val()
		case "list":
			values = w.client.LRange(ctx, key, 0, -1).Val()
		default:
			values = w.client.Get(ctx, key).Val()
		}
		fmt.Fprintln(&b, key, values)
	}
	return b.String()
}

// SnapshotRedis copies all of Redis; the function it returns sets Redis back
// to the copy, as after a crash that lost the last writes.
//
//nolint:contextcheck // a test has one context
func (w *World) SnapshotRedis() (setBack func()) {
	w.T.Helper()
	ctx := context.Background()
	var writes []func(redis.Pipeliner)
	keys, err := w.client.Keys(ctx, "*").Result()
	if err != nil {
		w.T.Fatal(err)
	}
	for _, key := range keys {
		write, err := w.copyKey(ctx, key)
		if err != nil {
			w.T.Fatal(err)
		}
		writes = append(writes, write)
	}
	return func() {
		w.FlushRedis()
		_, err := w.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for _, write := range writes {
				write(p)
			}
			return nil
		})
		if err != nil {
			w.T.Fatal(err)
		}
	}
}

func (w *World) copyKey(ctx context.Context, key string) (func(redis.Pipeliner), error) {
	switch kind := w.client.Type(ctx, key).Val(); kind {
	case "hash":
		m, err := w.client.HGetAll(ctx, key).Result()
		return func(p redis.Pipeliner) { p.HSet(ctx, key, m) }, err
	case "zset":
		z, err := w.client.ZRangeWithScores(ctx, key, 0, -1).Result()
		return func(p redis.Pipeliner) { p.ZAdd(ctx, key, z...) }, err
	case "list":
		l, err := w.client.LRange(ctx, key, 0, -1).Result()
		args := make([]any, len(l))
		for i, v := range l {
			args[i] = v
		}
		return func(p redis.Pipeliner) { p.RPush(ctx, key, args...) }, err
	default:
		s, err := w.client.Get(ctx, key).Result()
		return func(p redis.Pipeliner) { p.Set(ctx, key, s, 0) }, err
	}
}

// Redis is the store's server, for a test that writes to it as somebody who has
// no key would.
func (w *World) Redis() *redis.Client { return w.client }

// Newer makes the record of a ticket one that a later version of privacydesk
// wrote.
func (w *World) Newer(ticket int64) {
	w.T.Helper()
	ctx, newer := context.Background(), bot.RecordFormat+1
	w.must(func() error {
		_, err := w.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			p.HSet(ctx, "pd:{pd}:request/"+bot.IDOfTicket(ticket), "format", newer)
			p.HSet(ctx, "pd:{pd}:cursors", "format", newer)
			return nil
		})
		return err
	})
}
