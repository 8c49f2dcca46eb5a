package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/ledger"
)

// Load implements bot.Store. The record that comes with ErrNotFound names the id beside the hint.
func (s *Store) Load(ctx context.Context, id string) (bot.Record, error) {
	if err := needID("load", id); err != nil {
		return bot.Record{}, err
	}
	fields, err := s.client.HGetAll(ctx, s.recordKey(id)).Result()
	if err != nil {
		return bot.Record{}, failed("load", err)
	}
	var r bot.Record
	if hint := fields["hint"]; hint != "" {
		if r.Hint, err = strconv.ParseInt(hint, 10, 64); err != nil {
			return bot.Record{}, damaged(id, "hint")
		}
	}
	if _, exists := fields["version"]; !exists {
		if n := fields["deferred"]; n != "" {
			if r.Deferred, err = strconv.Atoi(n); err != nil {
				return bot.Record{}, damaged(id, "deferred")
			}
		}
		r.Case.ID = id
		return r, fmt.Errorf("request %s: %w", id, bot.ErrNotFound)
	}
	if err := decodeRecord(&r, id, fields); err != nil {
		return bot.Record{}, err
	}
	return r, nil
}

func decodeRecord(r *bot.Record, id string, fields map[string]string) error {
	if json.Unmarshal([]byte(fields["case"]), &r.Case) != nil || r.Case.ID != id {
		return damaged(id, "case")
	}
	if fields["version"] != strconv.FormatInt(r.Case.Version, 10) {
		return damaged(id, "version")
	}
	if sealed, exists := fields["sealed"]; exists {
		r.Sealed = []byte(sealed)
	}
	for field, value := range fields {
		part, is := strings.CutPrefix(field, "lease/")
		if !is {
			continue
		}
		deadline, token, _ := strings.Cut(value, " ")
		ms, err := strconv.ParseInt(deadline, 10, 64)
		if err != nil {
			return damaged(id, "lease")
		}
		if r.Leases == nil {
			r.Leases = map[string]bot.Lease{}
		}
		r.Leases[part] = bot.Lease{Token: token, Until: time.UnixMilli(ms)}
	}
	return nil
}

// damaged says that a stored field is not what Commit wrote there; what it holds isn't told.
func damaged(id, field string) error {
	return fmt.Errorf("redisstore: the record of %s is damaged: its %s doesn't decode; restore Redis from a backup, or cancel the request and finish it by hand", id, field)
}

// Events implements bot.Store: none for an id that has no record.
func (s *Store) Events(ctx context.Context, id string) ([]ledger.Event, error) {
	if err := needID("events", id); err != nil {
		return nil, err
	}
	lines, err := s.client.LRange(ctx, s.eventsKey(id), 0, -1).Result()
	if err != nil {
		return nil, failed("events", err)
	}
	events := make([]ledger.Event, len(lines))
	for i, line := range lines {
		if json.Unmarshal([]byte(line), &events[i]) != nil {
			return nil, damaged(id, "ledger")
		}
	}
	return events, nil
}

// maxPage bounds one page of List, and patience how many index entries one script looks at, because Redis serves nobody
// else meanwhile.
const (
	maxPage  = 1000
	patience = 2000
)

// List implements bot.Store: at most 1000 cases a page; requests that arrived in the same millisecond come in the
// reverse order of their ids. A page shows each case as it is; one that changes between pages so that it matches, or no
// longer does, may be seen or not.
func (s *Store) List(ctx context.Context, f bot.Filter, cursor string, limit int) ([]bot.Case, string, error) {
	if limit <= 0 {
		return nil, "", fmt.Errorf("redisstore: list: the limit must be positive, not %d", limit)
	}
	if cursor != "" && !regexp.MustCompile(`^[0-9a-f]{16}/.`).MatchString(cursor) {
		return nil, "", errors.New("redisstore: list: the cursor is none of ours; start without one")
	}
	limit = min(limit, maxPage)
	keys := s.indexes(f)
	var cases []bot.Case
	for {
		answer, err := s.scripts.list.Run(ctx, s.client, keys, cursor, limit-len(cases), patience, s.recordPrefix()).StringSlice()
		if err != nil {
			return nil, "", failed("list", err)
		}
		for _, body := range answer[1:] {
			var c bot.Case
			if err := json.Unmarshal([]byte(body), &c); err != nil {
				return nil, "", errors.New("redisstore: list: a record is damaged: its case doesn't decode")
			}
			cases = append(cases, c)
		}
		if cursor = answer[0]; cursor == "" || len(cases) >= limit {
			return cases, cursor, nil
		}
	}
}

// indexes are those in which a case must be to match.
func (s *Store) indexes(f bot.Filter) []string {
	keys := []string{s.indexKey(facetAll, facetValue(""))}
	for _, want := range [][2]string{
		{facetPhase, string(f.Phase)}, {facetKind, string(f.Kind)}, {facetTenant, f.Tenant}, {facetWait, string(f.WaitOn)},
	} {
		if want[1] != "" {
			keys = append(keys, s.indexKey(want[0], facetValue(want[1])))
		}
	}
	return keys
}

// arrivalMember is a request's entry in every index. It sorts, as text, by arrival in milliseconds and then by id:
// the sign bit is turned, so that times before 1970 come first.
func arrivalMember(arrived time.Time, id string) string {
	return fmt.Sprintf("%016x/%s", uint64(arrived.UnixMilli())^(1<<63), id)
}
