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
	noted, err = s.authentic(kindFact, key, noted)
	at, by, ok := strings.Cut(noted, " ")
	seconds, bad := strconv.ParseInt(at, 10, 64)
	if err != nil || !ok || bad != nil {
		return bot.Fact{}, fmt.Errorf("redisstore: a fact: %w", bot.ErrDamaged)
	}
	return bot.Fact{Key: key, At: time.Unix(seconds, 0).UTC(), By: by}, nil
}
