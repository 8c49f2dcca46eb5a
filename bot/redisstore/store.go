// Package redisstore keeps requests in Redis 6.2 or newer.
//
// Everything of one installation lies under one hash tag, so that a change is one Lua script, with a client for a
// cluster on a Redis Cluster too, and applies whole or not at all. State never expires; only invocation ids and caps do. Whether what Redis acknowledges
// survives a crash is decided by its configuration, which CheckServer reads.
//
// Records, facts, legal holds, caps and the pause bear codes by a key that lies elsewhere: what somebody else wrote here is
// known for that, and nothing is done on its word. Claims, leases, hints and times bear none: they can only stop or hasten.
//
// A record is a hash: version, case (JSON) and its code, sealed, the ledger's seq and head, hint, facets for the indexes, and one
// field per lease and fact. Beside it lie its ledger (a list), and for all requests together the claims, the facts and the
// legal holds (hashes), the wake times and the open hints (sorted sets) and the indexes by arrival.
package redisstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"privacydesk/bot"
)

// Store is a bot.Store on Redis. It may be used by any number of goroutines and processes.
type Store struct {
	client  redis.UniversalClient
	auth    bot.Authenticator
	name    string // of the installation: redis.prefix
	prefix  string
	scripts scripts
	// format is the newest of records that we understand.
	format int
	// patience is how long Settle waits at a time.
	patience time.Duration
}

var _ bot.Store = (*Store)(nil)

// Options of a Store.
type Options struct {
	// Prefix names the installation within its Redis; two installations that share a Redis need two. Lower-case letters,
	// digits, "-" and "_", at most 40. Empty means "pd".
	Prefix string `yaml:"prefix" json:"prefix,omitempty"`
}

const defaultPrefix = "pd"

// New makes a Store on a client that the caller owns and closes; auth tells its own words from others'. It doesn't talk to
// the server.
func New(client redis.UniversalClient, auth bot.Authenticator, o Options) (*Store, error) {
	if client == nil || auth == nil {
		return nil, errors.New("redisstore: no client, or nothing to authenticate by, was given")
	}
	name := o.Prefix
	if name == "" {
		name = defaultPrefix
	}
	if !regexp.MustCompile(`^[a-z0-9_-]{1,40}$`).MatchString(name) {
		return nil, errors.New(`redis.prefix: only a-z, 0-9, "-" and "_" may stand in it, at most 40 of them`)
	}
	return &Store{client: client, auth: auth, name: name, prefix: name + ":{" + name + "}:", scripts: newScripts(), format: bot.RecordFormat, patience: settleEach}, nil
}

// The keys. All bear the hash tag of the prefix.

func (s *Store) recordPrefix() string         { return s.prefix + "request/" }
func (s *Store) recordKey(id string) string   { return s.recordPrefix() + id }
func (s *Store) eventsKey(id string) string   { return s.prefix + "ledger/" + id }
func (s *Store) asideKey(id string) string    { return s.prefix + "aside/" + id }
func (s *Store) asideEvents(id string) string { return s.prefix + "aside-ledger/" + id }
func (s *Store) claimsKey() string            { return s.prefix + "claims" }
func (s *Store) dueKey() string               { return s.prefix + "due" }
func (s *Store) hintedKey() string            { return s.prefix + "hinted" }
func (s *Store) factsKey() string             { return s.prefix + "facts" }
func (s *Store) legalKey() string             { return s.prefix + "legal" }
func (s *Store) newcomersKey() string         { return s.prefix + "newcomers" }
func (s *Store) putOffKey() string            { return s.prefix + "putoff" }
func (s *Store) sequenceKey() string          { return s.prefix + "sequence" }
func (s *Store) pausedKey() string            { return s.prefix + "paused" }
func (s *Store) cursorsKey() string           { return s.prefix + "cursors" }
func (s *Store) capKey(key string) string     { return s.prefix + "cap/" + key }
func (s *Store) onceKey(digest string) string { return s.prefix + "once/" + digest }
func (s *Store) indexKey(facet, value string) string {
	return s.prefix + "index/" + facet + "/" + value
}

// Claimed implements bot.Store.
func (s *Store) Claimed(ctx context.Context, claim string) (string, error) {
	holder, err := s.client.HGet(ctx, s.claimsKey(), claim).Result()
	return orEmpty("claimed", holder, err)
}

// PauseDeletes implements bot.Store.
func (s *Store) PauseDeletes(ctx context.Context, by string, at time.Time) error {
	if by == "" {
		return errors.New("redisstore: pause deletes: say who pauses them")
	}
	when := at.UTC().Format(time.RFC3339Nano)
	return failed("pause deletes", s.client.HSet(ctx, s.pausedKey(), "by", by, "at", when, "code", s.auth.Authenticate(kindPause, by, when)).Err())
}

// ResumeDeletes implements bot.Store.
func (s *Store) ResumeDeletes(ctx context.Context) error {
	return failed("resume deletes", s.client.Del(ctx, s.pausedKey()).Err())
}

// DeletesPaused implements bot.Store.
func (s *Store) DeletesPaused(ctx context.Context) (string, error) {
	stored, err := s.client.HGetAll(ctx, s.pausedKey()).Result()
	if err != nil || len(stored) == 0 {
		return "", failed("deletes paused", err)
	}
	if !s.ours(stored["code"], kindPause, stored["by"], stored["at"]) {
		return "", fmt.Errorf("redisstore: the pause of deletes: %w; they are paused all the same, until `privacydesk resume`", bot.ErrDamaged)
	}
	return stored["by"], nil
}

// Cursor implements bot.Store: "" for a name that was never set.
func (s *Store) Cursor(ctx context.Context, name string) (string, error) {
	value, err := s.client.HGet(ctx, s.cursorsKey(), name).Result()
	return orEmpty("cursor", value, err)
}

// SetCursor implements bot.Store.
func (s *Store) SetCursor(ctx context.Context, name, value string) error {
	return failed("set cursor", s.client.HSet(ctx, s.cursorsKey(), name, value).Err())
}

// Agree returns what stands under the name for all who share the store: value, unless somebody named another one before.
// One command decides, so that of two who begin at once one learns that it is not alone.
func (s *Store) Agree(ctx context.Context, name, value string) (string, error) {
	if value == "" {
		return "", errors.New("redisstore: agree: the value is empty")
	}
	if err := s.client.HSetNX(ctx, s.cursorsKey(), name, value).Err(); err != nil {
		return "", failed("agree", err)
	}
	return s.Cursor(ctx, name)
}

// Format is the newest format of which a record was ever written here; 0 before there was any.
func (s *Store) Format(ctx context.Context) (int, error) {
	text, err := s.Cursor(ctx, "format")
	if err != nil || text == "" {
		return 0, err
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, errors.New("redisstore: the format of its records is damaged")
	}
	return n, nil
}

// orEmpty takes a missing value for an empty one.
func orEmpty(op, value string, err error) (string, error) {
	if errors.Is(err, redis.Nil) {
		return "", nil
	}
	return value, failed(op, err)
}

// needID refuses the empty id, which would be the key of nothing.
func needID(op, id string) error {
	if id == "" {
		return fmt.Errorf("redisstore: %s: the request's id is empty", op)
	}
	return nil
}

// newNonce names one call, so that a repeated one, whose first answer was lost, is known for the same.
func newNonce() string { return rand.Text() }
