package redisstore

import (
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"

	"privacydesk/bot"
	"privacydesk/bot/ledger"
)

// TestListIsPatient: one that matches is found behind more of others than a script looks at in one go.
func TestListIsPatient(t *testing.T) {
	store, client := onServer(t)
	ctx, now := t.Context(), epoch()
	e := ledger.Append("t1", 0, "", now, "arrived", nil)
	err := store.Commit(ctx, bot.Change{
		Case:   bot.Case{ID: "t1", Tenant: "acme", Kind: bot.KindDelete, Arrived: now, Seq: e.Seq, Head: e.Hash},
		Events: []ledger.Event{e}, Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	// Newer ones, each in one of the two indexes alone.
	f := bot.Filter{Tenant: "acme", Kind: bot.KindDelete}
	for i, key := range store.indexes(f)[1:] {
		var others []redis.Z
		for n := range 2*patience + 1 {
			others = append(others, redis.Z{Member: arrivalMember(now.AddDate(1, 0, n), fmt.Sprintf("t%d%d", i+2, n))})
		}
		if err := client.ZAdd(ctx, key, others...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.ZUnionStore(ctx, store.indexes(f)[0], &redis.ZStore{Keys: store.indexes(f)}).Err(); err != nil {
		t.Fatal(err)
	}
	cases, next, err := store.List(ctx, f, "", 10)
	if err != nil || next != "" || len(cases) != 1 || cases[0].ID != "t1" {
		t.Fatalf("found %d, next %q: %v", len(cases), next, err)
	}
}
