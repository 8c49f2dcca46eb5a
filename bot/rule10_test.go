package bot_test

import (
	"strings"
	"testing"
	"time"

	"privacydesk/bot/bottest/world"
)

// TestRule10_NoPersonalDataInRedisOrLogs looks into Redis at every commit of
// requests of all outcomes, and into the log.
func TestRule10_NoPersonalDataInRedisOrLogs(t *testing.T) {
	w := world.New(t)
	w.Populate()
	traces := []string{"jane@x", "jane%40x", "Jane of", "click one", "jose@x", "alex@acme"}
	look := func(place, text string) {
		for _, trace := range traces {
			if strings.Contains(strings.ToLower(text), strings.ToLower(trace)) {
				t.Errorf("%q is in %s", trace, place)
			}
		}
	}
	w.Failpoint = func(string) { look("Redis", w.DumpRedis()) }
	w.File(world.Alex(), "access", janeBody)
	w.File(world.Alex(), "delete", janeBody)
	w.File(world.Uli(), "delete", janeBody)
	w.File(world.Alex(), "delete", "jane@x.example or jose@x.example")
	failing := true
	w.Systems["warehouse"].Fail = func(op string) error {
		if op == "locate" && failing {
			failing = false
			return &leaky{"row of jane@x.example is locked"}
		}
		return nil
	}
	w.Pass(2 * time.Hour)
	look("Redis", w.DumpRedis())
	look("the log", w.Log.String())
	if w.Log.String() == "" {
		t.Error("nothing was logged")
	}
}

// leaky is an error as a driver would word it.
type leaky struct{ text string }

func (e *leaky) Error() string { return e.text }
