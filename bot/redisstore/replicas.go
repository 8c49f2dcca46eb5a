package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// How long a replica that said nothing is taken to be there, and how long what
// replicas ask each other is kept.
const (
	replicaFor  = 30 * time.Second
	replicaGone = 10 * time.Minute
	questionFor = time.Minute
)

// Replica is a process that serves.
type Replica struct {
	ID   string `json:"-"`
	Sign string `json:"sign"` // of its own making: what it left in the shared folder
	// Proven: it and those that were there before it showed each other that they
	// share the folder.
	Proven bool  `json:"proven"`
	At     int64 `json:"at"` // by Redis's clock, in milliseconds
}

// Question is what one replica asks another.
type Question struct {
	From, Text string
}

func (s *Store) replicasKey() string        { return s.prefix + "replicas" }
func (s *Store) askedKey(id string) string  { return s.prefix + "asked/" + id }
func (s *Store) answersKey(q string) string { return s.prefix + "answers/" + q }

// Announce says that a replica is there; it is to be said again every few
// seconds.
func (s *Store) Announce(ctx context.Context, r Replica) error {
	now, err := s.client.Time(ctx).Result()
	if err != nil {
		return failed("announce a replica", err)
	}
	r.At = now.UnixMilli()
	body, err := json.Marshal(r)
	if err != nil {
		return failed("announce a replica", err)
	}
	return failed("announce a replica", s.client.HSet(ctx, s.replicasKey(), r.ID, body).Err())
}

// Leave takes an announcement back.
func (s *Store) Leave(ctx context.Context, id string) error {
	return failed("take leave of the replicas", s.client.HDel(ctx, s.replicasKey(), id).Err())
}

// Replicas lists those that announced themselves lately.
func (s *Store) Replicas(ctx context.Context) ([]Replica, error) {
	const op = "list the replicas"
	now, err := s.client.Time(ctx).Result()
	if err != nil {
		return nil, failed(op, err)
	}
	all, err := s.client.HGetAll(ctx, s.replicasKey()).Result()
	if err != nil {
		return nil, failed(op, err)
	}
	var out []Replica
	for id, body := range all {
		r := Replica{ID: id}
		damaged := json.Unmarshal([]byte(body), &r) != nil
		switch old := now.Sub(time.UnixMilli(r.At)); {
		case damaged, old > replicaGone:
			if err := s.Leave(ctx, id); err != nil {
				return nil, err
			}
		case old <= replicaFor:
			out = append(out, r)
		}
	}
	return out, nil
}

// Ask puts a question to a replica.
func (s *Store) Ask(ctx context.Context, replica string, q Question) error {
	body, err := json.Marshal(q)
	if err == nil {
		err = s.post(ctx, s.askedKey(replica), string(body))
	}
	return failed("ask a replica", err)
}

// Asked waits for a question until ctx ends, or not much longer than wait; ok
// is false when there was none.
func (s *Store) Asked(ctx context.Context, id string, wait time.Duration) (q Question, ok bool, err error) {
	body, ok, err := s.await(ctx, s.askedKey(id), wait)
	if err != nil || !ok || json.Unmarshal([]byte(body), &q) != nil {
		return Question{}, false, failed("wait for a question", err)
	}
	return q, true, nil
}

// Answer answers a question by the name that its asker gave.
func (s *Store) Answer(ctx context.Context, question, text string) error {
	return failed("answer a replica", s.post(ctx, s.answersKey(question), text))
}

// Answered waits for one more answer, likewise.
func (s *Store) Answered(ctx context.Context, question string, wait time.Duration) (text string, ok bool, err error) {
	text, ok, err = s.await(ctx, s.answersKey(question), wait)
	return text, ok, failed("wait for an answer", err)
}

func (s *Store) post(ctx context.Context, key, text string) error {
	_, err := s.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.RPush(ctx, key, text)
		p.PExpire(ctx, key, questionFor)
		return nil
	})
	return err
}

func (s *Store) await(ctx context.Context, key string, wait time.Duration) (string, bool, error) {
	got, err := s.client.BLPop(ctx, wait, key).Result()
	if errors.Is(err, redis.Nil) {
		return "", false, nil
	}
	if err != nil || len(got) != 2 {
		return "", false, err
	}
	return got[1], true, nil
}
