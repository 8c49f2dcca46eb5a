package bottest

import (
	"errors"
	"slices"
	"time"

	"privacydesk/bot"
)

// hint notes something for the ids, outside of any invocation.
func (d *desk) hint(ids ...string) {
	d.Helper()
	fresh, err := d.store.Hint(d.ctx, ids, "", 0)
	d.must(err)
	if !fresh {
		d.Fatal("a hint without an invocation was taken for a repetition")
	}
}

func hintWakes(d *desk) {
	d.create("t1", func(c *bot.Change) { c.Case.Wake = noon().Add(time.Hour) })
	d.hint("t1", "t2")
	d.same("what is due", slices.Sorted(slices.Values(d.due(noon()))), []string{"t1", "t2"})
	first := d.hintOf("t2")
	if first == 0 || d.hintOf("t1") == 0 {
		d.Fatal("a hint left no number")
	}
	d.hint("t2")
	if d.hintOf("t2") == first {
		d.Fatal("a second hint left the same number")
	}
	r, err := d.store.Load(d.ctx, "t2")
	d.wantErr(err, bot.ErrNotFound)
	if r.Case.Version != 0 {
		d.Fatal("a hint made a record")
	}
	c := withEvent(change(fresh("t2")), "arrived")
	c.Hint = r.Hint
	d.must(d.store.Commit(d.ctx, c))
	d.same("the number after the record was made", d.hintOf("t2"), r.Hint)
	d.same("what is due", d.due(noon()), []string{"t1"})
}

func hintOnce(d *desk) {
	once := func(id string) bool {
		d.Helper()
		fresh, err := d.store.Hint(d.ctx, []string{"t1"}, id, time.Hour)
		d.must(err)
		return fresh
	}
	if !once("invocation 1") {
		d.Fatal("the first call was taken for a repetition")
	}
	number := d.hintOf("t1")
	if once("invocation 1") || d.hintOf("t1") != number {
		d.Fatal("a repeated invocation did something")
	}
	if !once("invocation 2") || d.hintOf("t1") == number {
		d.Fatal("another invocation did nothing")
	}
	fresh := make([]bool, 10)
	errs := together(len(fresh), func(i int) (err error) {
		fresh[i], err = d.store.Hint(d.ctx, []string{"t2"}, "invocation 3", time.Hour)
		return err
	})
	d.must(errors.Join(errs...))
	if n := len(slices.DeleteFunc(fresh, func(f bool) bool { return !f })); n != 1 {
		d.Fatalf("one invocation counted %d times", n)
	}
}

func hintDuringATurn(d *desk) {
	later := noon().Add(time.Hour)
	sleep := func(hint int64) {
		d.Helper()
		d.must(d.update("t1", func(c *bot.Change) { c.Case.Wake, c.Hint = later, hint }))
	}
	d.create("t1")
	d.hint("t1")
	loaded := d.hintOf("t1")
	d.hint("t1") // while the turn runs
	sleep(loaded)
	d.same("what is due after a hint came in between", d.due(noon()), []string{"t1"})
	sleep(d.hintOf("t1"))
	d.same("what is due after the hint was taken in", d.due(noon()), []string(nil))
	d.same("what is due later", d.due(later), []string{"t1"})
	d.must(d.update("t1", func(c *bot.Change) { c.Case.Wake = time.Time{} }))
	d.same("what is due after a rest without an end", d.due(later.Add(time.Hour)), []string(nil))
	number := d.hintOf("t1")
	sleep(-1) // a run's commit takes no hint in
	d.same("what is due after a run's commit", d.due(noon()), []string{"t1"})
	d.same("the hint's number after a run's commit", d.hintOf("t1"), number)
}

func drop(d *desk) {
	d.hint("t1")
	first := d.hintOf("t1")
	d.hint("t1")
	d.must(d.store.Drop(d.ctx, "t1", first))
	d.same("what is due after a drop that came too late", d.due(noon()), []string{"t1"})
	second := d.hintOf("t1")
	d.must(d.store.Drop(d.ctx, "t1", second))
	d.same("what is due after the drop", d.due(noon()), []string(nil))
	d.same("the number after the drop", d.hintOf("t1"), int64(0))
	d.must(d.store.Drop(d.ctx, "t1", 0))
	d.hint("t1")
	for _, stale := range []int64{first, second} { // somebody dropped meanwhile; a number that comes again would hide the new hint
		d.must(d.store.Drop(d.ctx, "t1", stale))
		d.same("what is due after a stale drop", d.due(noon()), []string{"t1"})
	}
	d.create("t2")
	d.hint("t2")
	d.must(d.store.Drop(d.ctx, "t2", d.hintOf("t2")))
	if !slices.Contains(d.due(noon()), "t2") {
		d.Fatal("the hint of an id with a record was dropped")
	}
}

func due(d *desk) {
	wake := map[string]time.Time{
		"t1": noon().Add(-time.Minute), "t2": noon().Add(-time.Hour), "t3": noon(), "t4": noon().Add(time.Millisecond), "t5": {},
	}
	for id, at := range wake {
		d.create(id, func(c *bot.Change) { c.Case.Wake = at })
	}
	d.same("what is due", d.due(noon()), []string{"t2", "t1", "t3"})
	two, err := d.store.Due(d.ctx, noon(), 2)
	d.must(err)
	d.same("the two longest overdue", two, []string{"t2", "t1"})
	d.same("what is due later", d.due(noon().Add(time.Second)), []string{"t2", "t1", "t3", "t4"})
	d.same("being due is not used up by asking", d.due(noon()), []string{"t2", "t1", "t3"})
	d.must(d.update("t2", func(c *bot.Change) { c.Case.Wake = noon().Add(time.Hour) }))
	d.must(d.update("t1", func(c *bot.Change) { c.Case.Wake = time.Time{} }))
	d.same("what is due after two went to sleep", d.due(noon()), []string{"t3"})

	late := noon().Add(2*time.Hour + 500*time.Microsecond)
	d.create("t6", func(c *bot.Change) { c.Case.Wake = late })
	if slices.Contains(d.due(late.Truncate(time.Millisecond)), "t6") {
		d.Fatal("it was due before its time")
	}
	if !slices.Contains(d.due(late.Add(time.Millisecond)), "t6") {
		d.Fatal("it was not due a millisecond after its time")
	}
}

func newcomers(d *desk) {
	d.create("t1")
	d.hint("t3", "t1", "t2")
	list, err := d.store.Newcomers(d.ctx, 10)
	d.must(err)
	d.same("the newcomers", list, []bot.Newcomer{{ID: "t3", Hint: d.hintOf("t3")}, {ID: "t2", Hint: d.hintOf("t2")}})
	one, err := d.store.Newcomers(d.ctx, 1)
	d.must(err)
	d.same("one newcomer", one, list[:1])
	due, err := d.store.Due(d.ctx, noon(), 10)
	d.must(err)
	d.same("what is due beside them", due, []string{"t1"})
	known, err := d.store.Known(d.ctx, []string{"t1", "t2", "t9"})
	d.must(err)
	d.same("who is known", known, map[string]bool{"t1": true, "t2": false, "t9": false})
	c := withEvent(change(fresh("t3")), "arrived")
	c.Hint = d.hintOf("t3")
	d.must(d.store.Commit(d.ctx, c))
	d.must(d.store.Drop(d.ctx, "t2", d.hintOf("t2")))
	list, err = d.store.Newcomers(d.ctx, 10)
	d.must(err)
	d.same("who is left", list, []bot.Newcomer(nil))
}

func deferred(d *desk) {
	later := noon().Add(time.Minute)
	d.hint("t1", "t2")
	d.create("t3")
	d.hint("t3")
	old := d.hintOf("t1")
	d.hint("t1")
	d.must(d.store.Defer(d.ctx, "t1", old, later))
	d.same("what is due after one was put off that had a newer hint", slices.Sorted(slices.Values(d.due(noon()))), []string{"t1", "t2", "t3"})
	for _, id := range []string{"t1", "t3"} {
		d.must(d.store.Defer(d.ctx, id, d.hintOf(id), later))
	}
	d.same("what is due beside those put off", d.due(noon()), []string{"t2"})
	d.same("what is due in its time", slices.Sorted(slices.Values(d.due(later))), []string{"t1", "t2", "t3"})
	if r, err := d.store.Load(d.ctx, "t1"); !errors.Is(err, bot.ErrNotFound) || r.Deferred != 1 || r.Hint == 0 {
		d.Fatalf("put off once, it is %+v (%v)", r, err)
	}
	if r := d.load("t3"); r.Hint == 0 {
		d.Fatal("the hint of a record that was put off is gone")
	}
	d.hint("t1", "t3")
	d.same("what is due after another hint", slices.Sorted(slices.Values(d.due(noon()))), []string{"t1", "t2", "t3"})
	d.must(d.store.Defer(d.ctx, "t2", -1, later))
	if slices.Contains(d.due(noon()), "t2") {
		d.Fatal("it was not put off, whatever its hint")
	}
}

func dueStarvesNobody(d *desk) {
	var hinted []string
	for i := range 8 {
		hinted = append(hinted, ticketID(100+i))
		d.create(ticketID(100 + i))
	}
	d.hint(hinted...)
	d.create("t1", func(c *bot.Change) { c.Case.Wake = noon() })
	few, err := d.store.Due(d.ctx, noon(), 4)
	d.must(err)
	if len(few) != 4 || !slices.Contains(few, "t1") {
		d.Fatalf("of a waked and many hinted, four are %v", few)
	}
	d.same("all that is due", len(d.due(noon())), 9)
}
