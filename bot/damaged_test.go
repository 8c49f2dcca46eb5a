package bot_test

import (
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
	"privacydesk/bot/ledger"
)

// approving is a world in which deletes are approved, with one that waits for it.
func approving(t *testing.T) (*world.World, int64) {
	t.Helper()
	w := populated(t)
	w.Settings.Deletes.Approval = "always"
	w.Start()
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Expect(id, "awaiting_approval", bot.ReasonApproval)
	return w, id
}

const (
	redisRecord = "pd:{pd}:request/"
	redisLedger = "pd:{pd}:ledger/"
	redisDue    = "pd:{pd}:due"
	redisFacts  = "pd:{pd}:facts"
	redisLegal  = "pd:{pd}:legal"
)

// forge changes fields of a request's record as somebody without a key would,
// and makes it due.
func forge(t *testing.T, w *world.World, id int64, change func(fields map[string]string)) {
	t.Helper()
	ctx, key := t.Context(), redisRecord+bot.IDOfTicket(id)
	fields, err := w.Redis().HGetAll(ctx, key).Result()
	if err != nil {
		t.Fatal(err)
	}
	change(fields)
	if err := errors.Join(
		w.Redis().Del(ctx, key).Err(), w.Redis().HSet(ctx, key, fields).Err(),
		w.Redis().ZAdd(ctx, redisDue, redis.Z{Member: bot.IDOfTicket(id)}).Err(),
	); err != nil {
		t.Fatal(err)
	}
}

// approved is the case with an approval of what it holds, as an attacker would
// compute it, and no wait any more.
func approved(t *testing.T, w *world.World, id int64) bot.Case {
	t.Helper()
	setBack := w.SnapshotRedis()
	operate(t, w.Approve, id, "dpo")
	approval := w.Case(id).Approval
	setBack()
	c := w.Case(id)
	c.Approval, c.Wait = approval, nil
	return c
}

// TestRule9_WhoWritesToRedisApprovesNothing is the trial's attack, and what an
// attacker would try next: each leaves the request held as damaged, the data
// untouched, and agents told.
func TestRule9_WhoWritesToRedisApprovesNothing(t *testing.T) {
	encode := func(t *testing.T, c bot.Case) string {
		body, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	attacks := map[string]func(t *testing.T, w *world.World, id int64, fields map[string]string){
		"an approval": func(t *testing.T, w *world.World, id int64, fields map[string]string) {
			fields["case"] = encode(t, approved(t, w, id))
		},
		"an approval and no code": func(t *testing.T, w *world.World, id int64, fields map[string]string) {
			fields["case"] = encode(t, approved(t, w, id))
			delete(fields, "code")
		},
		"an approval, a code and no version": func(t *testing.T, w *world.World, id int64, fields map[string]string) {
			fields["case"] = encode(t, approved(t, w, id))
			delete(fields, "version")
		},
		"another request's record": func(t *testing.T, w *world.World, _ int64, fields map[string]string) {
			other := w.File(world.Alex(), "access", "josé@x.example")
			w.Settle()
			all, err := w.Redis().HGetAll(t.Context(), redisRecord+bot.IDOfTicket(other)).Result()
			if err != nil {
				t.Fatal(err)
			}
			clear(fields)
			maps.Copy(fields, all)
		},
		"an older secret half beside the newer case": func(_ *testing.T, _ *world.World, _ int64, fields map[string]string) {
			fields["sealed"] = strings.Repeat("x", len(fields["sealed"]))
		},
		"another end of the ledger": func(_ *testing.T, _ *world.World, _ int64, fields map[string]string) { fields["head"] = "00" },
		"nothing that decodes":      func(_ *testing.T, _ *world.World, _ int64, fields map[string]string) { fields["case"] = "{" },
	}
	for name, attack := range attacks {
		t.Run(name, func(t *testing.T) {
			w, id := approving(t)
			forge(t, w, id, func(fields map[string]string) { attack(t, w, id, fields) })
			w.Pass(30 * time.Minute)
			w.Expect(id, "held", bot.ReasonDamaged)
			expectNothingErased(t, w)
			if !strings.Contains(said(t, w, id), "record_damaged") {
				t.Errorf("the ticket says\n%s", said(t, w, id))
			}
			for what, op := range map[string]func() error{
				"retry":   func() error { return w.Engine.Retry(t.Context(), bot.IDOfTicket(id), "ops") },
				"release": func() error { return w.Release(t.Context(), bot.IDOfTicket(id), "ops") },
				"approve": func() error { return w.Approve(t.Context(), bot.IDOfTicket(id), "ops") },
			} {
				if err := op(); !errors.Is(err, bot.ErrRefused) {
					t.Errorf("%s of a damaged record: %v", what, err)
				}
			}
			if err := w.Engine.Cancel(t.Context(), bot.IDOfTicket(id), "ops"); err != nil {
				t.Fatal(err)
			}
			again := w.File(world.Alex(), "delete", janeBody) // its claims are free again
			w.Settle()
			w.Expect(id, "partly_executed", bot.ReasonStateLost)
			w.Expect(again, "awaiting_approval", bot.ReasonApproval)
		})
	}
}

// TestRule9_WhatIsDamagedIsNotDisclosed: an access request's record that
// somebody changed while it waited.
func TestRule9_WhatIsDamagedIsNotDisclosed(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.Approval = "access"
	w.Start()
	id := w.File(world.Alex(), "access", janeBody)
	w.Settle()
	w.Expect(id, "awaiting_approval", bot.ReasonApproval)
	forge(t, w, id, func(fields map[string]string) {
		fields["case"] = strings.Replace(fields["case"], `"on":"approver"`, `"on":"time"`, 1)
	})
	w.Pass(30 * time.Minute)
	w.Expect(id, "held", bot.ReasonDamaged)
	if len(w.Desk.Files[id]) != 0 {
		t.Error("a report was attached")
	}
}

// TestRule9_ApprovalIsDemandedOfTheLedger: a record that says that it was
// approved, and a ledger that knows nothing of it, or of something else.
func TestRule9_ApprovalIsDemandedOfTheLedger(t *testing.T) {
	for name, event := range map[string]map[string]string{
		"no event":              nil,
		"by somebody else":      {"by": "somebody"},
		"of something else":     {"binding": "00"},
		"at another time":       {"at": "later"},
		"of another kind":       {"type": "operator"},
		"the event as it is of": {},
	} {
		t.Run(name, func(t *testing.T) {
			w, id := approving(t)
			c := approved(t, w, id)
			change := bot.Change{Hint: -1, Now: w.Clock.Now()}
			if event != nil {
				data := map[string]string{"by": c.Approval.By, "binding": c.Approval.Binding, "type": "approved"}
				maps.Copy(data, event)
				at := c.Approval.At
				if data["at"] != "" {
					at = at.Add(time.Second)
				}
				ev := ledger.Append(c.ID, c.Seq, c.Head, at, data["type"], data)
				c.Seq, c.Head, change.Events = ev.Seq, ev.Hash, []ledger.Event{ev}
			}
			c.Wake = w.Clock.Now()
			change.Case = c
			if err := w.Store.Commit(t.Context(), change); err != nil {
				t.Fatal(err)
			}
			w.Pass(30 * time.Minute)
			if len(event) == 0 && event != nil {
				w.Expect(id, "resolved", bot.ReasonErased) // the test would notice if nothing were ever erased
				return
			}
			w.Expect(id, "awaiting_approval", bot.ReasonApproval)
			expectNothingErased(t, w)
		})
	}
}

// TestRule9_AlteredLedgerErasesNothing: the chain has to end where the record
// says, whoever recomputed it.
func TestRule9_AlteredLedgerErasesNothing(t *testing.T) {
	for name, alter := range map[string]func(events []ledger.Event) []ledger.Event{
		"an event is gone": func(events []ledger.Event) []ledger.Event { return events[:len(events)-1] },
		"a chain recomputed": func(events []ledger.Event) (out []ledger.Event) {
			seq, head := int64(0), ""
			for _, e := range events {
				if e.Type == "operator" {
					e.Data = map[string]string{"did": "approve", "by": "the director"}
				}
				e = ledger.Append("t1", seq, head, e.At, e.Type, e.Data)
				seq, head = e.Seq, e.Hash
				out = append(out, e)
			}
			return out
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, id := approving(t)
			w.Settings.Deletes.WaitingPeriod = time.Hour
			w.Start()
			operate(t, w.Approve, id, "dpo")
			ctx, key := t.Context(), redisLedger+bot.IDOfTicket(id)
			events, err := w.Store.Events(ctx, bot.IDOfTicket(id))
			if err != nil {
				t.Fatal(err)
			}
			w.Redis().Del(ctx, key)
			for _, e := range alter(events) {
				line, err := json.Marshal(e)
				if err != nil {
					t.Fatal(err)
				}
				w.Redis().RPush(ctx, key, line)
			}
			w.Pass(2 * time.Hour)
			expectNothingErased(t, w)
			w.Expect(id, "held", bot.ReasonDamaged)
			if !strings.Contains(said(t, w, id), "record_damaged") {
				t.Errorf("the ticket says\n%s", said(t, w, id))
			}
		})
	}
}

// TestRule9_ForgedFactsSpareNothing: that a tenant is known must be ours to say.
func TestRule9_ForgedFactsSpareNothing(t *testing.T) {
	w := populated(t)
	w.Settings.Deletes.Approval = "first_of_tenant"
	w.Start()
	w.Redis().HSet(t.Context(), redisFacts, "known/acme", "1700000000 t99")
	id := w.File(world.Alex(), "delete", janeBody)
	w.Settle()
	w.Expect(id, "awaiting_approval", bot.ReasonApproval)
	if !strings.Contains(w.Log.String(), "a fact in the store is not ours") {
		t.Error("nobody is told")
	}
	operate(t, w.Approve, id, "dpo")
	w.Settle()
	w.Expect(id, "resolved", bot.ReasonErased)
	next := w.File(world.Alex(), "delete", "josé@x.example") // and what we noted is believed
	w.Settle()
	w.Expect(next, "resolved", bot.ReasonErased)
}

// TestRule9_AlteredLegalHoldErasesNothing: a hold that was made weaker is
// damage, and nothing is erased under it.
func TestRule9_AlteredLegalHoldErasesNothing(t *testing.T) {
	for name, alter := range map[string]func(string) string{
		"emptied":        func(string) string { return "[]" },
		"of another one": func(s string) string { return strings.ReplaceAll(s, `"acme"`, `"globex"`) },
	} {
		t.Run(name, func(t *testing.T) {
			w := populated(t)
			legalHold(t, w, "acme", "")
			stored := w.Redis().HGet(t.Context(), redisLegal, "/acme").Val()
			w.Redis().HSet(t.Context(), redisLegal, "/acme", alter(stored))
			id := w.File(world.Alex(), "delete", janeBody)
			w.Pass(24 * time.Hour)
			expectNothingErased(t, w)
			if c := w.Case(id); c.State() == "resolved" {
				t.Errorf("it is %s (%s)", c.State(), c.Why())
			}
			legalHold(t, w, "acme", "") // it is added again
			if holds, err := w.Engine.Store.LegalHolds(t.Context(), "acme"); err != nil || len(holds) != 1 {
				t.Errorf("holds are then %v, %v", holds, err)
			}
			operate(t, w.Engine.Retry, id, "ops")
			w.Pass(24 * time.Hour)
			w.Expect(id, "held", bot.ReasonLegalHold)
			expectNothingErased(t, w)
		})
	}
}

// TestOrphansPassADamagedRecord: one damaged record keeps the look for lost
// ones from no other, and is found by it even when nothing else leads there.
func TestOrphansPassADamagedRecord(t *testing.T) {
	w, id := approving(t)
	forge(t, w, id, func(fields map[string]string) { fields["code"] = "x" })
	w.Redis().ZRem(t.Context(), redisDue, bot.IDOfTicket(id))
	if err := w.Engine.Orphans(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	w.Expect(id, "held", bot.ReasonDamaged)
}
