package bottest

import (
	"slices"
	"time"

	"privacydesk/bot"
)

// all pages through a list and returns the ids.
func (d *desk) all(f bot.Filter, limit int) []string {
	d.Helper()
	var ids []string
	for cursor := ""; ; {
		cases, next := d.page(f, cursor, limit)
		if len(cases) > limit {
			d.Fatalf("a page of %d holds %d", limit, len(cases))
		}
		for _, c := range cases {
			ids = append(ids, c.ID)
		}
		if next == "" {
			return ids
		}
		if next == cursor {
			d.Fatal("the cursor stands still")
		}
		cursor = next
	}
}

func listOrder(d *desk) {
	if cases, next := d.page(bot.Filter{}, "", 10); len(cases) != 0 || next != "" {
		d.Fatal("an empty store lists something")
	}
	minutes := map[string]int{"t1": 5, "t2": 1, "t3": 9, "t4": 3, "t5": 7}
	for id, m := range minutes {
		d.create(id, func(c *bot.Change) { c.Case.Arrived = noon().Add(time.Duration(m) * time.Minute) })
	}
	d.hint("t99") // no record: not listed
	want := []string{"t3", "t5", "t1", "t4", "t2"}
	for _, limit := range []int{1, 2, 3, 5, 100} {
		d.same("the list", d.all(bot.Filter{}, limit), want)
	}
	var same []string
	for i := range 7 { // all in one moment
		id := ticketID(20 + i)
		same = append(same, id)
		d.create(id, func(c *bot.Change) { c.Case.Arrived = noon().Add(time.Hour) })
	}
	got := d.all(bot.Filter{}, 3)
	d.same("how many", len(got), 12)
	d.same("the newest, in some order", slices.Sorted(slices.Values(got[:7])), same)
	d.same("the others", got[7:], want)
	cases, _ := d.page(bot.Filter{}, "", 1)
	d.same("a listed case", cases[0], d.load(cases[0].ID).Case)
}

func listFilters(d *desk) {
	kinds := []bot.Kind{bot.KindAccess, bot.KindDelete, ""}
	phases := []bot.Phase{bot.PhaseReading, bot.PhaseWorking, bot.PhaseDone}
	waits := []bot.WaitOn{"", bot.OnAgent, bot.OnApprover}
	tenants := []string{"acme", "globex", "", "=", "-"}
	var cases []bot.Case
	for i := range 45 {
		c := fresh(ticketID(i + 1))
		c.Kind, c.Phase, c.Tenant = kinds[i%3], phases[i/3%3], tenants[i%5]
		if on := waits[i/9%3]; on != "" {
			c.Wait = &bot.Wait{On: on, Reason: bot.ReasonApproval, Since: noon()}
		}
		c.Arrived = noon().Add(-time.Duration(i) * time.Second) // so newest first is the order of making
		d.must(d.store.Commit(d.ctx, withEvent(change(c), "arrived")))
		cases = append(cases, c)
	}
	for _, f := range filters(kinds, phases, waits, tenants) {
		var want []string
		for _, c := range cases {
			if matches(f, c) {
				want = append(want, c.ID)
			}
		}
		d.same("the list", d.all(f, 4), want)
	}
	d.same("a filter that nothing matches", d.all(bot.Filter{Tenant: "initech"}, 4), []string(nil))
}

// filters are all combinations; the empty word matches all.
func filters(kinds []bot.Kind, phases []bot.Phase, waits []bot.WaitOn, tenants []string) []bot.Filter {
	var out []bot.Filter
	for _, k := range kinds {
		for _, p := range append(phases, "") {
			for _, w := range waits {
				for _, t := range tenants {
					out = append(out, bot.Filter{Kind: k, Phase: p, WaitOn: w, Tenant: t})
				}
			}
		}
	}
	return out
}

func matches(f bot.Filter, c bot.Case) bool {
	wait := bot.WaitOn("")
	if c.Wait != nil {
		wait = c.Wait.On
	}
	return (f.Kind == "" || f.Kind == c.Kind) && (f.Phase == "" || f.Phase == c.Phase) &&
		(f.WaitOn == "" || f.WaitOn == wait) && (f.Tenant == "" || f.Tenant == c.Tenant)
}

func listWhileTheyChange(d *desk) {
	for i := range 6 {
		d.create(ticketID(i+1), func(c *bot.Change) { c.Case.Arrived = noon().Add(-time.Duration(i) * time.Minute) })
	}
	reading := bot.Filter{Phase: bot.PhaseReading}
	_, next := d.page(reading, "", 2) // t1, t2
	for _, id := range []string{"t2", "t4"} {
		d.must(d.update(id, func(c *bot.Change) { c.Case.Phase = bot.PhaseLocating }))
	}
	d.create("t7", func(c *bot.Change) { c.Case.Arrived = noon().Add(time.Hour) }) // newer than the page
	cases, _ := d.page(reading, next, 10)
	var ids []string
	for _, c := range cases {
		ids = append(ids, c.ID)
	}
	d.same("the second page", ids, []string{"t3", "t5", "t6"})
	d.same("those that moved on", d.all(bot.Filter{Phase: bot.PhaseLocating}, 10), []string{"t2", "t4"})

	d.must(d.update("t5", func(c *bot.Change) { c.Case.Wait = &bot.Wait{On: bot.OnAgent, Reason: bot.ReasonReply, Since: noon()} }))
	d.same("those that wait", d.all(bot.Filter{WaitOn: bot.OnAgent}, 10), []string{"t5"})
	d.must(d.update("t5", func(c *bot.Change) { c.Case.Wait, c.Case.Arrived = nil, noon().Add(2*time.Hour) }))
	d.same("those that wait then", d.all(bot.Filter{WaitOn: bot.OnAgent}, 10), []string(nil))
	d.same("the new order", d.all(reading, 10), []string{"t5", "t7", "t1", "t3", "t6"})
}
