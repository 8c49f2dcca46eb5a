package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
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
	if text := fields["format"]; text != "" {
		if n, err := strconv.Atoi(text); err != nil || n > s.format {
			return bot.Record{}, fmt.Errorf("request %s: %w", id, bot.ErrNewer)
		}
	}
	if n := fields["deaths/"]; n != "" {
		if r.Deaths, err = strconv.Atoi(n); err != nil {
			return bot.Record{}, damaged(id, "deaths")
		}
	}
	if fields["version"]+fields["case"]+fields["code"] == "" {
		if n := fields["deferred"]; n != "" {
			if r.Deferred, err = strconv.Atoi(n); err != nil {
				return bot.Record{}, damaged(id, "deferred")
			}
		}
		aside, err := s.client.Exists(ctx, s.asideKey(id)).Result()
		if err != nil {
			return bot.Record{}, failed("load", err)
		}
		r.Case.ID, r.Damaged = id, aside > 0
		return r, fmt.Errorf("request %s: %w", id, bot.ErrNotFound)
	}
	if err := s.decodeRecord(&r, id, fields); err != nil {
		return bot.Record{}, err
	}
	return r, nil
}

// decodeCase reads a case that is the record's of that id, and ours.
func (s *Store) decodeCase(id, version, body, code string) (c bot.Case, err error) {
	switch {
	case !s.ours(code, kindRecord, id, body):
		return c, damaged(id, "code")
	case json.Unmarshal([]byte(body), &c) != nil || c.ID != id:
		return c, damaged(id, "case")
	case version != strconv.FormatInt(c.Version, 10):
		return c, damaged(id, "version")
	}
	return c, nil
}

func (s *Store) decodeRecord(r *bot.Record, id string, fields map[string]string) (err error) {
	if r.Case, err = s.decodeCase(id, fields["version"], fields["case"], fields["code"]); err != nil {
		return err
	}
	if fields["seq"] != strconv.FormatInt(r.Case.Seq, 10) || fields["head"] != r.Case.Head {
		return damaged(id, "ledger's end")
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
	return fmt.Errorf("redisstore: the record of %s: %w: see its %s; restore Redis from a backup, or cancel the request and finish it by hand", id, bot.ErrDamaged, field)
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
		for item := range slices.Chunk(answer[1:], 4) {
			cases = append(cases, s.listed(item[0], item[1], item[2], item[3]))
		}
		if cursor = answer[0]; cursor == "" || len(cases) >= limit {
			return cases, cursor, nil
		}
	}
}

// listed is a case as List shows it. One that is damaged says only that, and when an index has it that it arrived.
func (s *Store) listed(member, version, body, code string) bot.Case {
	arrived, id, _ := strings.Cut(member, "/")
	c, err := s.decodeCase(id, version, body, code)
	if err == nil {
		return c
	}
	ms, _ := strconv.ParseUint(arrived, 16, 64)
	at := time.UnixMilli(int64(ms ^ 1<<63)).UTC() //nolint:gosec // the reverse of arrivalMember
	return bot.Case{
		ID: id, Ticket: bot.TicketOfID(id), Arrived: at,
		Wait: &bot.Wait{On: bot.OnAgent, Reason: bot.ReasonDamaged, Since: at},
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
