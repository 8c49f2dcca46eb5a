package world

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	"privacydesk/bot"
)

// Settle does what can be done now: it drains the queue and sweeps until
// nothing is due.
func (w *World) Settle() {
	w.T.Helper()
	ctx := context.Background()
	var before []string
	same := 0
	for range 5000 {
		if t, ok := w.Queue.take(); ok {
			w.do(ctx, t)
			same = 0
			continue
		}
		ids, err := w.due(ctx)
		if err != nil {
			w.T.Fatal(err)
		}
		if same++; !slices.Equal(ids, before) {
			before, same = ids, 0
		}
		if len(ids) == 0 || same > 2 { // a dead worker's lease: only time helps
			return
		}
		for _, id := range ids {
			w.do(ctx, task{id: id})
		}
	}
	w.T.Fatalf("the world does not come to rest\n%s", w.Log)
}

// due is what can be stepped now, newcomers last.
func (w *World) due(ctx context.Context) ([]string, error) {
	ids, err := w.Store.Due(ctx, w.Clock.Now(), 100)
	if err != nil {
		return nil, err
	}
	fresh, err := w.Store.Newcomers(ctx, 100)
	for _, n := range fresh {
		ids = append(ids, n.ID)
	}
	return ids, err
}

func (w *World) do(ctx context.Context, t task) {
	w.T.Helper()
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(killed); !ok {
				panic(r)
			}
			w.Start() // somebody starts it again
		}
	}()
	engine := w.next()
	var err error
	if t.system == "" {
		err = engine.Step(ctx, t.id)
	} else {
		err = engine.Run(ctx, t.id, t.system)
	}
	if err != nil {
		_, _ = fmt.Fprintf(w.Log, "task %v: %v\n", t, err)
		w.Clock.Advance(time.Second)
	}
}

// next is the process whose turn it is.
func (w *World) next() *bot.Engine {
	at := w.turns % (1 + len(w.replicas))
	if w.turns++; at == 0 {
		return w.Engine
	}
	return w.replicas[at-1]
}

// sweepEvery is how often the daemon sweeps, as configured by default.
const sweepEvery = 5 * time.Second

// Serve works as one worker of the daemon does, or one of each process in
// turn: it sweeps now and then, takes one task after the other off the queue,
// and waits where there is none. It ends when d is over or done says so.
func (w *World) Serve(d time.Duration, done func() bool) {
	w.T.Helper()
	ctx := context.Background()
	end, sweep := w.Clock.Now().Add(d), w.Clock.Now()
	for w.Clock.Now().Before(end) && !done() {
		if !w.Clock.Now().Before(sweep) {
			if err := w.Engine.Sweep(ctx); err != nil {
				_, _ = fmt.Fprintf(w.Log, "sweep: %v\n", err)
			}
			sweep = w.Clock.Now().Add(sweepEvery)
		}
		if t, ok := w.Queue.take(); ok {
			w.do(ctx, t)
			continue
		}
		w.Clock.Advance(max(time.Millisecond, sweep.Sub(w.Clock.Now())))
	}
}

// Pass lets time go by in small steps, settling after each.
func (w *World) Pass(d time.Duration) {
	w.T.Helper()
	step := max(d/50, time.Second)
	for ; d > 0; d -= step {
		w.Settle()
		w.Clock.Advance(min(step, d))
	}
	w.Settle()
}

var noted = regexp.MustCompile(`--code ([0-9A-Z]{4}-[0-9A-Z]{4})`)

// Code is the code in the newest note on a ticket that bears one, or "".
func (w *World) Code(ticket int64) string {
	w.T.Helper()
	return w.code(w.T.Context(), ticket)
}

func (w *World) code(ctx context.Context, ticket int64) (code string) {
	w.T.Helper()
	t, err := w.desk().Ticket(ctx, ticket)
	if err != nil {
		w.T.Fatal(err)
	}
	for _, c := range t.Comments {
		if all := noted.FindAllStringSubmatch(c.Text, -1); c.Ours && !c.Public && len(all) > 0 {
			code = all[len(all)-1][1]
		}
	}
	return code
}

// Approve approves what the newest note shows.
func (w *World) Approve(ctx context.Context, request, by string) error {
	return w.Engine.Approve(ctx, request, w.code(ctx, bot.TicketOfID(request)), by)
}

// Release lets pass what the newest note shows.
func (w *World) Release(ctx context.Context, request, by string) error {
	return w.Engine.Release(ctx, request, w.code(ctx, bot.TicketOfID(request)), by)
}
