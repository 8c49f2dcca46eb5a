package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"privacydesk/bot"
)

// Fact implements bot.Store.
func (s *Store) Fact(ctx context.Context, key string) (bot.Fact, error) {
	noted, err := s.client.HGet(ctx, s.factsKey(), key).Result()
	if errors.Is(err, redis.Nil) {
		return bot.Fact{Key: key}, nil
	}
	if err != nil {
		return bot.Fact{}, failed("fact", err)
	}
	at, by, ok := strings.Cut(noted, " ")
	seconds, err := strconv.ParseInt(at, 10, 64)
	if !ok || err != nil {
		return bot.Fact{}, fmt.Errorf("redisstore: the fact %s is damaged", key)
	}
	return bot.Fact{Key: key, At: time.Unix(seconds, 0).UTC(), By: by}, nil
}
