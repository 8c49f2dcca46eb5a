package redisstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/ledger"
)

// ErrChain says that the change's events don't follow the stored ledger, though the record's version is the one that was loaded.
// Trying again doesn't help: whoever made the change is wrong, or the record is damaged.
var ErrChain = errors.New("the change's ledger events do not follow the stored ones")

// Commit implements bot.Store as one script. A call that is repeated because its answer was lost (go-redis does so by
// itself) applies once. Releases come before claims; Forget wins over Sealed. Beside the contract's errors it returns
// ErrChain. A count that another change raised meanwhile is read again.
func (s *Store) Commit(ctx context.Context, c bot.Change) error {
	if err := s.check(c); err != nil {
		return err
	}
	id := c.Case.ID
	keys := []string{s.recordKey(id), s.eventsKey(id), s.claimsKey(), s.dueKey(), s.hintedKey(), s.sequenceKey(), s.factsKey(), s.newcomersKey()}
	for {
		args, err := s.commitArgs(ctx, c)
		if err != nil {
			return err
		}
		answer, err := s.scripts.commit.Run(ctx, s.client, keys, args...).StringSlice()
		if err != nil {
			return failed("commit", err)
		}
		if len(answer) == 1 && answer[0] == "again" {
			continue
		}
		return answered(id, answer)
	}
}

// answered is what the script's answer means.
func answered(id string, answer []string) error {
	switch {
	case len(answer) == 1 && answer[0] == "ok":
		return nil
	case len(answer) == 1 && answer[0] == "conflict":
		return bot.ErrConflict
	case len(answer) == 1 && answer[0] == "newer":
		return fmt.Errorf("request %s: %w", id, bot.ErrNewer)
	case len(answer) == 1 && answer[0] == "capped":
		return bot.ErrCapped
	case len(answer) == 1 && answer[0] == "chain":
		return fmt.Errorf("request %s: %w", id, ErrChain)
	case len(answer) == 3 && answer[0] == "claimed":
		return &bot.ClaimError{Claim: answer[1], Holder: answer[2]}
	}
	return fmt.Errorf("redis: commit: an answer of %d parts that no script of ours gives", len(answer))
}

// check refuses a change that no state of the store could take.
func (s *Store) check(c bot.Change) error {
	if err := needID("commit", c.Case.ID); err != nil {
		return err
	}
	if c.Case.Version < 0 {
		return fmt.Errorf("redisstore: commit %s: the version is negative", c.Case.ID)
	}
	for part, token := range c.Runs {
		if token == "" {
			return fmt.Errorf("redisstore: commit %s: the token of run %s is empty", c.Case.ID, part)
		}
	}
	seq, head := before(c)
	for _, e := range c.Events {
		if e.Seq != seq+1 || e.Prev != head || e.Hash == "" {
			return fmt.Errorf("request %s: event %d: %w", c.Case.ID, e.Seq, ErrChain)
		}
		seq, head = e.Seq, e.Hash
	}
	if seq != c.Case.Seq || head != c.Case.Head {
		return fmt.Errorf("request %s: the case names another last event: %w", c.Case.ID, ErrChain)
	}
	return nil
}

// before is the ledger's end as the change expects it in the store.
func before(c bot.Change) (seq int64, head string) {
	if len(c.Events) == 0 {
		return c.Case.Seq, c.Case.Head
	}
	return c.Events[0].Seq - 1, c.Events[0].Prev
}

// commitArgs are the script's arguments in its order.
func (s *Store) commitArgs(ctx context.Context, c bot.Change) ([]any, error) {
	expected := c.Case.Version
	c.Case.Version++
	body, err := json.Marshal(c.Case)
	if err != nil {
		return nil, fmt.Errorf("redisstore: commit %s: the case does not encode", c.Case.ID)
	}
	events, err := encode(c.Events)
	if err != nil {
		return nil, fmt.Errorf("redisstore: commit %s: an event does not encode", c.Case.ID)
	}
	sealing := "keep"
	switch {
	case c.Forget:
		sealing, c.Sealed = "forget", nil
	case c.Sealed != nil:
		sealing = "set"
	}
	caps, over, err := s.count(ctx, c.Caps)
	if err != nil {
		return nil, err
	}
	seq, head := before(c)
	args := []any{
		c.Case.ID, newNonce(), expected, c.Case.Version, c.Now.UnixMilli(),
		c.Hint, wakeScore(c.Case.Wake), body, sealing, c.Sealed,
		seq, head, c.Case.Seq, c.Case.Head,
		s.prefix, arrivalMember(c.Case.Arrived, c.Case.ID),
		s.auth.Authenticate(kindRecord, c.Case.ID, string(body)), over, s.format,
	}
	for _, items := range [][]string{leases(c), c.Release, c.Claim, c.Absent, caps, events, facets(c.Case), s.factPairs(c.Case.ID, c.Facts)} {
		args = append(args, len(items))
		for _, item := range items {
			args = append(args, item)
		}
	}
	return args, nil
}

func encode(events []ledger.Event) ([]string, error) {
	var out []string
	for _, e := range events {
		line, err := json.Marshal(e)
		if err != nil {
			return nil, err
		}
		out = append(out, string(line))
	}
	return out, nil
}

// leases are the tokens that must be held, as pairs of part and token.
func leases(c bot.Change) []string {
	var out []string
	if c.Step != "" {
		out = append(out, "", c.Step)
	}
	for _, part := range slices.Sorted(maps.Keys(c.Runs)) {
		out = append(out, part, c.Runs[part])
	}
	return out
}

// count reads the caps and counts them up: of each its key, the time to keep in milliseconds (0 for ever), what stands
// there, and what is to. over is true if one would be exceeded, or if what stands there is not ours: how often it was
// counted is then not known.
func (s *Store) count(ctx context.Context, caps []bot.Cap) (items []string, over bool, err error) {
	counts := map[string]int64{}
	for _, c := range caps {
		if _, again := counts[c.Key]; !again {
			stored, err := s.client.Get(ctx, s.capKey(c.Key)).Result()
			if stored, err = orEmpty("read a cap", stored, err); err != nil {
				return nil, false, err
			}
			n, known := s.counted(c.Key, stored)
			counts[c.Key], over = n, over || !known
			items = append(items, s.capKey(c.Key), strconv.FormatInt(max(c.Keep.Milliseconds(), 0), 10), stored, c.Key)
		}
		counts[c.Key]++
		over = over || counts[c.Key] > c.Limit
	}
	for i := 3; i < len(items); i += 4 {
		items[i] = s.stamp(kindCap, items[i], strconv.FormatInt(counts[items[i]], 10))
	}
	return items, over, nil
}

// counted is the count that a stored cap tells, if it can be believed.
func (s *Store) counted(key, stored string) (n int64, known bool) {
	if stored == "" {
		return 0, true
	}
	value, err := s.authentic(kindCap, key, stored)
	if err != nil {
		return 0, false
	}
	n, err = strconv.ParseInt(value, 10, 64)
	return n, err == nil
}

// factPairs are pairs of key and value: the time in seconds, who noted it, and a code.
func (s *Store) factPairs(id string, facts []bot.Fact) []string {
	var out []string
	for _, f := range facts {
		out = append(out, f.Key, s.stamp(kindFact, f.Key, strconv.FormatInt(f.At.Unix(), 10)+" "+id))
	}
	return out
}

// wakeScore is a wake time in milliseconds, rounded up: who is woken early finds nothing to do.
func wakeScore(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	ms := t.UnixMilli()
	if t.After(time.UnixMilli(ms)) {
		ms++
	}
	return strconv.FormatInt(ms, 10)
}

// The facets by which List narrows. none stands for "has no such facet"; a value bears a mark, so that none is no value.
const (
	facetAll    = "all"
	facetPhase  = "phase"
	facetKind   = "kind"
	facetTenant = "tenant"
	facetWait   = "wait"
	none        = "-"
)

func facetValue(v string) string { return "=" + v }

// facets are pairs of facet and value; each facet is named, so that an old value is taken out of its index.
func facets(c bot.Case) []string {
	wait := ""
	if c.Wait != nil {
		wait = string(c.Wait.On)
	}
	out := []string{facetAll, facetValue("")}
	for _, f := range [][2]string{
		{facetPhase, string(c.Phase)}, {facetKind, string(c.Kind)}, {facetTenant, c.Tenant}, {facetWait, wait},
	} {
		if f[1] == "" {
			out = append(out, f[0], none)
			continue
		}
		out = append(out, f[0], facetValue(f[1]))
	}
	return out
}

// Purge implements bot.Store.
func (s *Store) Purge(ctx context.Context, id string, version int64) error {
	if err := needID("purge", id); err != nil {
		return err
	}
	keys := []string{s.recordKey(id), s.eventsKey(id), s.dueKey(), s.hintedKey(), s.factsKey(), s.asideKey(id), s.asideEvents(id)}
	ok, err := s.yes(ctx, "purge", s.scripts.purge, keys, id, version, s.prefix)
	if err == nil && !ok {
		return bot.ErrConflict
	}
	return err
}
