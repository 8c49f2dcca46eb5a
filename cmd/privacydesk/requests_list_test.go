package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"privacydesk/bot"
	"privacydesk/bot/redisstore"
)

// listNow is the day on which the lists of these tests are read.
func listNow() time.Time { return time.Date(2026, 7, 24, 9, 0, 0, 0, time.UTC) }

// listStore is a store that holds the cases.
func listStore(t *testing.T, cases ...bot.Case) *redisstore.Store {
	t.Helper()
	e, err := redisstore.InProcess()
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(e.Options())
	t.Cleanup(func() {
		_ = client.Close()
		if err := e.Stop(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	store, err := redisstore.New(client, openHanded{}, redisstore.Options{Prefix: "list"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range cases {
		if err := store.Commit(t.Context(), bot.Change{Case: cases[i], Now: listNow()}); err != nil {
			t.Fatal(err)
		}
	}
	return store
}

// listCase is an open request that is due in so many hours; a later one arrived
// earlier.
func listCase(ticket, hours int) bot.Case {
	return bot.Case{
		ID: fmt.Sprintf("t%d", ticket), Ticket: int64(ticket), Kind: bot.KindDelete, Tenant: "acme", Phase: bot.PhaseLocating,
		Arrived: listNow().Add(-time.Duration(hours) * time.Hour), Due: listNow().Add(time.Duration(hours) * time.Hour),
	}
}

func listedIDs(l listing) string {
	var ids []string
	for _, v := range l.Requests {
		ids = append(ids, v.ID)
	}
	return strings.Join(ids, " ")
}

// TestListPutsTheMostUrgentFirst whichever page of the store it is on, and
// counts what it does not show.
func TestListPutsTheMostUrgentFirst(t *testing.T) {
	t.Parallel()
	var cases []bot.Case
	for i := range 450 { // three pages, and the most urgent on the first, the last and between
		cases = append(cases, listCase(1000+i, 24*(100+i)))
	}
	cases[449].Due = listNow().Add(-50 * time.Hour)
	cases[200].Statutory = listNow().Add(30 * time.Hour) // the customer's own date is the earlier
	cases[10].Due = listNow().Add(-time.Minute)
	cases[300].Phase, cases[300].Resolution, cases[300].Due = bot.PhaseDone, bot.Resolved, listNow().Add(-999*time.Hour)
	l, err := listCmd{Limit: 4}.gather(t.Context(), listStore(t, cases...), listNow())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := listedIDs(l), "t1449 t1010 t1200 t1000"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	var left []string
	for _, v := range l.Requests {
		left = append(left, v.left())
	}
	if want := []string{"overdue by 2 days", "overdue since today", "1 day", "100 days"}; !slices.Equal(left, want) {
		t.Errorf("%q, want %q", left, want)
	}
	var out bytes.Buffer
	if err := l.print(&out, 3, []string{"t7"}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"449 open, 2 overdue, 449 running, 1 ended", "446 of these are not shown", "3 tickets wait in line for a first look", "no request yet: t7",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

// TestListFilters: which requests the flags let through, in which order.
func TestListFilters(t *testing.T) {
	t.Parallel()
	late, soon, held := listCase(1, -24), listCase(2, 24), listCase(3, 48)
	held.Wait = &bot.Wait{On: bot.OnAgent, Reason: bot.ReasonOperatorHold, Since: listNow()}
	ended, before, forgotten := listCase(4, -48), listCase(5, 72), listCase(6, 96)
	ended.Phase, ended.Resolution = bot.PhaseDone, bot.Resolved
	before.Phase, before.Resolution = bot.PhaseDone, bot.Cancelled
	forgotten.Phase, forgotten.Resolution = bot.PhaseForgotten, bot.Resolved
	store := listStore(t, forgotten, before, ended, held, soon, late)
	for name, c := range map[string]struct {
		list listCmd
		want string
	}{
		"all: open by date, ended by arrival": {listCmd{Limit: 9}, "t1 t2 t3 t4 t5 t6"},
		"open":                                {listCmd{Limit: 9, Open: true}, "t1 t2 t3"},
		"overdue, and not what ended":         {listCmd{Limit: 9, Overdue: true}, "t1"},
		"a state":                             {listCmd{Limit: 9, State: "held"}, "t3"},
		"an end":                              {listCmd{Limit: 9, State: "resolved"}, "t4 t6"},
		"a phase":                             {listCmd{Limit: 9, Phase: "done"}, "t4 t5"},
		"who is waited for":                   {listCmd{Limit: 9, WaitOn: "agent"}, "t3"},
		"another tenant":                      {listCmd{Limit: 9, Tenant: "globex"}, ""},
		"cut within what ended":               {listCmd{Limit: 4}, "t1 t2 t3 t4"},
		"none":                                {listCmd{}, ""},
	} {
		l, err := c.list.gather(t.Context(), store, listNow())
		if err != nil {
			t.Fatal(err)
		}
		if got := listedIDs(l); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestListCountsDaysOfTheCalendar, of the place, over a day of 23 hours.
func TestListCountsDaysOfTheCalendar(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 28, 23, 30, 0, 0, berlin)
	for then, want := range map[time.Time]int{
		now.Add(time.Hour): 1, time.Date(2026, 3, 30, 0, 5, 0, 0, berlin): 2, now.Add(-time.Hour): 0, time.Date(2026, 3, 27, 23, 59, 0, 0, berlin): -1,
		time.Date(2026, 3, 28, 22, 45, 0, 0, time.UTC): 0, time.Date(2026, 3, 28, 23, 15, 0, 0, time.UTC): 1,
	} {
		if got := daysBetween(now, then); got != want {
			t.Errorf("until %s: %d days, want %d", then, got, want)
		}
	}
}

// openHanded believes whatever is in the store.
type openHanded struct{ nobody }

func (openHanded) Demands() bool { return false }
