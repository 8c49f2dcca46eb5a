package redisstore

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// Try does what the store does with every record: it writes a key, which goes
// by itself, and runs a script on it. It fails where Redis answers and takes no
// writes: it is full, a replica, can't write to its disk, or the account may
// not.
func (s *Store) Try(ctx context.Context) error {
	key, nonce := s.prefix+"probe", newNonce()
	if err := s.client.Set(ctx, key, nonce, time.Minute).Err(); err != nil {
		return failed("write a key", err)
	}
	return failed("run a script", redis.NewScript(`
redis.call("HSET", KEYS[2], "probe", ARGV[1])
redis.call("ZADD", KEYS[3], 1, ARGV[1])
redis.call("RPUSH", KEYS[4], ARGV[1])
return redis.call("DEL", KEYS[1], KEYS[2], KEYS[3], KEYS[4])`).
		Run(ctx, s.client, []string{key, key + "/hash", key + "/set", key + "/list"}, nonce).Err())
}

// Patterns are the keys and channels that an account of this installation
// needs, as ACL SETUSER takes them.
func (s *Store) Patterns() string { return fmt.Sprintf("~%s:* ~asynq:* &asynq:cancel", s.name) }

// Ahead is how far this machine's clock, which says now, is ahead of the
// server's. Leases and due times of all replicas meet in Redis.
func (s *Store) Ahead(ctx context.Context, now func() time.Time) (time.Duration, error) {
	before := now()
	theirs, err := s.client.Time(ctx).Result()
	if err != nil {
		return 0, failed("read the clock", err)
	}
	after := now()
	return before.Add(after.Sub(before) / 2).Sub(theirs), nil
}
