package redisstore

import (
	"context"
	"crypto/hmac"
	"fmt"
	"strconv"
	"strings"
	"time"

	"privacydesk/bot"
)

// The kinds of values that bear codes.
const (
	kindPause  = "pause"  // by whoever paused; over when
	kindRecord = "record" // by id; over the case, which holds id and version
	kindFact   = "fact"   // by its key
	kindHolds  = "holds"  // by the field that they lie in
	kindCap    = "cap"    // by its key
)

// stamp is a value with its code behind a tab, which no value ends with.
func (s *Store) stamp(kind, name, value string) string {
	return value + "\t" + s.auth.Authenticate(kind, name, value)
}

// authentic is the value that stamp was given, or ErrDamaged.
func (s *Store) authentic(kind, name, stored string) (string, error) {
	value, code := stored, ""
	if at := strings.LastIndexByte(stored, '\t'); at >= 0 {
		value, code = stored[:at], stored[at+1:]
	}
	if s.ours(code, kind, name, value) {
		return value, nil
	}
	return "", fmt.Errorf("redisstore: a value of kind %s: %w", kind, bot.ErrDamaged)
}

// ours is true if the code is the value's. No code is that of a value which was
// kept before there were any, as long as they are not demanded.
func (s *Store) ours(code, kind, name, value string) bool {
	if code == "" {
		return !s.auth.Demands()
	}
	return hmac.Equal([]byte(code), []byte(s.auth.Authenticate(kind, name, value)))
}

// SetAside implements bot.Store.
func (s *Store) SetAside(ctx context.Context, id, token string, now time.Time) error {
	if err := needToken("set aside", id, token); err != nil {
		return err
	}
	keys := []string{s.recordKey(id), s.eventsKey(id), s.asideKey(id), s.asideEvents(id), s.claimsKey(), s.dueKey(), s.hintedKey()}
	ok, err := s.yes(ctx, "set aside", s.scripts.setAside, keys, id, token, now.UnixMilli(), s.prefix)
	if err == nil && !ok {
		return bot.ErrConflict
	}
	return err
}

// Vouch gives codes to all that was kept before there were codes, as it stands, and returns to how much. It is for an
// installation that is older than they are, once; what is being changed meanwhile gets its code from the change.
func (s *Store) Vouch(ctx context.Context) (int, error) {
	n := 0
	for _, part := range []func(context.Context) (int, error){
		s.vouchRecords, s.vouchPause, s.vouchCaps,
		func(ctx context.Context) (int, error) { return s.vouchFields(ctx, kindFact, s.factsKey()) },
		func(ctx context.Context) (int, error) { return s.vouchFields(ctx, kindHolds, s.legalKey()) },
	} {
		done, err := part(ctx)
		if n += done; err != nil {
			return n, err
		}
	}
	return n, nil
}

// vouch replaces what was read, if it still stands there.
func (s *Store) vouch(ctx context.Context, key, field, read, target, value string) (int, error) {
	ok, err := s.yes(ctx, "vouch", s.scripts.vouch, []string{key}, field, read, target, value)
	if ok {
		return 1, err
	}
	return 0, err
}

func (s *Store) vouchRecords(ctx context.Context) (n int, err error) {
	keys := s.client.Scan(ctx, 0, s.recordPrefix()+"*", 500).Iterator()
	for keys.Next(ctx) {
		fields, err := s.client.HMGet(ctx, keys.Val(), "case", "code").Result()
		if err != nil {
			return n, failed("vouch", err)
		}
		body, exists := fields[0].(string)
		if !exists || fields[1] != nil {
			continue
		}
		id := strings.TrimPrefix(keys.Val(), s.recordPrefix())
		done, err := s.vouch(ctx, keys.Val(), "case", body, "code", s.auth.Authenticate(kindRecord, id, body))
		if n += done; err != nil {
			return n, err
		}
	}
	return n, failed("vouch", keys.Err())
}

func (s *Store) vouchFields(ctx context.Context, kind, key string) (n int, err error) {
	fields, err := s.client.HGetAll(ctx, key).Result()
	if err != nil {
		return 0, failed("vouch", err)
	}
	for name, value := range fields {
		if strings.Contains(value, "\t") {
			continue
		}
		done, err := s.vouch(ctx, key, name, value, name, s.stamp(kind, name, value))
		if n += done; err != nil {
			return n, err
		}
	}
	return n, nil
}

func (s *Store) vouchPause(ctx context.Context) (int, error) {
	stored, err := s.client.HGetAll(ctx, s.pausedKey()).Result()
	if err != nil || len(stored) == 0 || stored["code"] != "" {
		return 0, failed("vouch", err)
	}
	return s.vouch(ctx, s.pausedKey(), "at", stored["at"], "code", s.auth.Authenticate(kindPause, stored["by"], stored["at"]))
}

func (s *Store) vouchCaps(ctx context.Context) (n int, err error) {
	keys := s.client.Scan(ctx, 0, s.capKey("*"), 500).Iterator()
	for keys.Next(ctx) {
		value, err := s.client.Get(ctx, keys.Val()).Result()
		if _, bad := strconv.ParseInt(value, 10, 64); err != nil || bad != nil {
			continue // it ran out, or has its code
		}
		name := strings.TrimPrefix(keys.Val(), s.capKey(""))
		done, err := s.vouch(ctx, keys.Val(), "", value, "", s.stamp(kindCap, name, value))
		if n += done; err != nil {
			return n, err
		}
	}
	return n, failed("vouch", keys.Err())
}
