package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/connectors/connectortest/servers"
)

// TestYesterdaysRecordsGetTheirCodesOnce: the first start after an update takes
// over what is there; from then on nothing without a code is believed, also by
// who strips one, sets the store back, or starts again.
func TestYesterdaysRecordsGetTheirCodesOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, houseOptions{redis: servers.Redis(t).URL(), prefix: "vouch", people: few(), deletes: live})
	record := "vouch:{vouch}:request/t1"
	h.must(h.store.Commit(t.Context(), bot.Change{Case: bot.Case{ID: "t1", Phase: bot.PhaseReading, Arrived: time.Unix(9, 0)}, Now: time.Unix(9, 0)}))
	strip := func() { h.must(h.redis.HDel(t.Context(), record, "code").Err()) }
	load := func(a *app) error { _, err := a.store.Load(t.Context(), "t1"); return err }
	strip()
	h.must(os.Remove(filepath.Join(h.dir, "data", "keys", "vouched")))
	a := h.open()
	h.must(load(a)) // a command beside a daemon that was not started yet
	h.must(a.begin(t.Context()))
	h.must(load(a))
	strip()
	if err := load(a); !errors.Is(err, bot.ErrDamaged) {
		t.Errorf("a record without its code: %v", err)
	}
	b := h.open()
	h.must(b.begin(t.Context()))
	if err := load(b); !errors.Is(err, bot.ErrDamaged) {
		t.Errorf("after another start: %v", err)
	}
}
