package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"privacydesk/config"
	"privacydesk/connectors"
)

// TestAFailingPartIsNotHammered: a look that fails says itself that the part
// fails, as a sign-in that is refused does. That is no reason to look at once
// again, and again: the account would be asked hundreds of times a second.
func TestAFailingPartIsNotHammered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatch(config.NewLogger(config.LogOptions{}, t.Output()), time.Now, func(precondition, bool) {})
		looks, down := 0, true
		p := precondition{name: "zendesk", effect: refuses, every: 5 * time.Minute, probe: func(context.Context) []problem {
			if looks++; !down {
				return nil
			}
			if looks < 1000 {
				w.kick("zendesk")
			}
			return []problem{{Severity: connectors.SeverityBlocks, Where: "zendesk", What: "the account refuses the credentials"}}
		}}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go w.follow(ctx, p)
		<-time.After(2*time.Minute + time.Second)
		synctest.Wait()
		if looks != 5 {
			t.Errorf("within two minutes it was looked at %d times", looks)
		}
		down = false
		<-time.After(time.Minute)
		synctest.Wait()
		well := looks
		down = true
		w.kick("zendesk")
		synctest.Wait()
		if looks != well+1 {
			t.Errorf("when something says that it fails, it is looked at %d times", looks-well)
		}
	})
}
