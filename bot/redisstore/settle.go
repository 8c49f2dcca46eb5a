package redisstore

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"privacydesk/bot"
)

// How long Settle waits: so often, each within a client's patience for one answer.
const (
	settleTries = 5
	settleEach  = 2 * time.Second
)

// Settle implements bot.Store by WAIT and, where the server has it (Redis 7.2), WAITAOF. Both wait for the writes of their own
// connection; one more write there stands behind all that was acknowledged before, on whichever connection.
func (s *Store) Settle(ctx context.Context) error {
	text, err := s.client.Info(ctx).Result()
	if isRefusal(err) {
		return nil // a server that doesn't tell has nothing to wait for that we could name
	}
	if err != nil {
		return failed("info", err)
	}
	replicas, aof := onlineReplicas(text), parseInfo(text)["aof_enabled"] == "1"
	if replicas == 0 && !aof {
		return nil
	}
	for range settleTries {
		settled, err := s.settled(ctx, replicas, aof)
		if err != nil || settled {
			return err
		}
	}
	return bot.ErrUnsettled
}

// settled waits once.
func (s *Store) settled(ctx context.Context, replicas int, aof bool) (bool, error) {
	var mine, copied *redis.IntCmd
	var written *redis.Cmd
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		mine = p.Incr(ctx, s.prefix+"settled")
		if replicas > 0 {
			copied = redis.NewIntCmd(ctx, "wait", replicas, s.patience.Milliseconds())
			if err := p.Process(ctx, copied); err != nil {
				return err
			}
		}
		if aof {
			written = p.Do(ctx, "waitaof", 1, 0, s.patience.Milliseconds())
		}
		return nil
	})
	if err != nil && (!isRefusal(err) || mine.Err() != nil) {
		return false, failed("settle", err)
	}
	if copied != nil && copied.Err() == nil && copied.Val() < int64(replicas) {
		return false, nil
	}
	if written == nil || written.Err() != nil {
		return true, nil //nolint:nilerr // an older server: what it acknowledges is as durable as its appendfsync
	}
	answer, err := written.Int64Slice()
	return err == nil && len(answer) > 0 && answer[0] >= 1, nil
}

func isRefusal(err error) bool {
	var refusal redis.Error
	return errors.As(err, &refusal) && !errors.Is(err, redis.Nil)
}

// onlineReplicas counts those of INFO's lines slaveN:…,state=online,… .
func onlineReplicas(info string) int {
	n := 0
	for line := range strings.Lines(info) {
		if strings.HasPrefix(line, "slave") && strings.Contains(line, "state=online") {
			n++
		}
	}
	return n
}
