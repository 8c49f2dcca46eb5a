package zendesk_test

import (
	"testing"
	"time"

	"privacydesk/bot/zendesk"
	"privacydesk/bot/zendesksim"
)

// write updates a ticket once, by the desk given.
func (w *world) write(d *zendesk.Desk, id int64) {
	w.Helper()
	w.clock.add(2 * time.Second)
	w.must(d.Update(w.Context(), step(w.ticket(id), "<p>hi</p>")))
}

// TestWaitingForTheAccountSpendsNothingOfTheTicket: while the account's updates
// are used up, those of the ticket don't run out for nothing.
func TestWaitingForTheAccountSpendsNothingOfTheTicket(t *testing.T) {
	w := newWorld(t, zendesksim.Options{}, func(w *world) { w.options.UpdatesPerMinute = 4 }) // three of ours, one at once
	id := w.file()
	began := w.clock.now()
	for range 16 {
		w.write(w.desk, id)
	}
	if took := w.clock.now().Sub(began); took > 6*time.Minute {
		t.Errorf("16 updates took %s at three a minute", took)
	}
}

// TestRoomOnATicket: how many updates in a row a ticket takes now, and how long
// until it takes more; looking costs nothing, and what can wait has less room.
func TestRoomOnATicket(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id, other := w.file(), w.file()
	quick, later := w.desk, w.desk.Patient()
	room := func(d *zendesk.Desk, updates int, want time.Duration) {
		t.Helper()
		if got := d.Room(t.Context(), id, updates); got.Round(10*time.Second) != want {
			t.Errorf("room for %d in %s, want %s", updates, got, want)
		}
	}
	calls := len(w.calls)
	for range 3 {
		room(quick, 20, 0)
		room(quick, 21, time.Minute)
		room(later, 10, 0)
		room(later, 11, time.Minute)
	}
	if n := len(w.calls) - calls; n != 0 {
		t.Errorf("looking made %d calls", n)
	}
	for range 9 {
		w.write(later, id) // two seconds each: a third of one comes back
	}
	room(later, 1, 0)
	room(later, 2, 40*time.Second)
	room(quick, 11, 0)
	w.write(later, id)
	room(later, 1, 40*time.Second)
	room(quick, 10, 0)
	if wait := later.Room(t.Context(), other, 10); wait != 0 {
		t.Errorf("another ticket waits %s", wait)
	}
}
