package redisstore

import (
	"context"
	"errors"
	"strconv"
	"time"
)

// OlderRules implements bot.Store.
func (s *Store) OlderRules(ctx context.Context, digest string, now time.Time, patience time.Duration) (bool, error) {
	stored, err := s.client.HMGet(ctx, s.rulesKey(), "digest", "seen", "was/"+digest).Result()
	if err != nil {
		return false, failed("rules of intake", err)
	}
	newest, _ := stored[0].(string)
	seen, _ := stored[1].(string)
	_, was := stored[2].(string)
	at, err := strconv.ParseInt(seen, 10, 64)
	return was && newest != digest && err == nil && now.UnixMilli()-at <= patience.Milliseconds(), nil
}

func (s *Store) rulesKey() string { return s.prefix + "rules" }

// IntakeRules implements bot.Store.
func (s *Store) IntakeRules(ctx context.Context, digest string, now time.Time, patience time.Duration) (generation int64, newest bool, err error) {
	answer, err := s.scripts.rules.Run(ctx, s.client, []string{s.rulesKey()}, digest, now.UnixMilli(), patience.Milliseconds()).Int64Slice()
	if err != nil {
		return 0, false, failed("rules of intake", err)
	}
	if len(answer) != 2 {
		return 0, false, errors.New("redis: rules of intake: an answer that no script of ours gives")
	}
	return answer[0], answer[1] == 1, nil
}
