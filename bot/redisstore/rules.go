package redisstore

import (
	"context"
	"errors"
	"time"
)

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
