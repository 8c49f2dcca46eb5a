package connectortest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"privacydesk/connectors"
)

type testingT = testing.T

func cellOf(v any) string {
	switch v := v.(type) {
	case nil:
		return fmt.Sprintf("%d:", connectors.CellNull)
	case int64:
		return fmt.Sprintf("%d:%d", connectors.CellNumber, v)
	default:
		return fmt.Sprintf("%d:%v", connectors.CellString, v)
	}
}

func eraseExact(b *bench) {
	for _, batch := range []int{1, 3, 1000} {
		b.Run(fmt.Sprintf("batch %d", batch), func(t *testingT) {
			each := &bench{T: t, h: b.h, specs: fixture()}
			c := each.open(batch)
			j := each.located(c, "run")
			each.ok(c.Erase(t.Context(), []*connectors.Job{j}), j)
			each.erased()
		})
	}
}

func eraseRepeated(b *bench) {
	c := b.open(4)
	j := b.located(c, "run")
	b.ok(c.Erase(b.Context(), []*connectors.Job{j}), j)
	before := b.dump()
	for range 2 {
		j = again(j)
		b.ok(c.Locate(b.Context(), []*connectors.Job{j}), j)
		b.verified(j)
		b.ok(c.Erase(b.Context(), []*connectors.Job{j}), j)
	}
	b.unchanged(before, b.dump())
	fresh := b.located(c, "other run")
	if n := fresh.Finding.Total(); n.Rows+n.Masked+n.Shared != 0 {
		b.Errorf("the address still leads to %+v", n)
	}
}

func eraseAbsent(b *bench) {
	c := b.open(4)
	before := b.dump()
	for _, j := range []*connectors.Job{job("a", Tenant, "nobody@example.com"), job("b", "initech", Email)} {
		b.ok(c.Locate(b.Context(), []*connectors.Job{j}), j)
		b.ok(c.Erase(b.Context(), []*connectors.Job{j}), j)
	}
	empty := job("c", Tenant, Email)
	empty.Finding = &connectors.Finding{}
	b.ok(c.Erase(b.Context(), []*connectors.Job{empty}), empty)
	b.unchanged(before, b.dump())
}

// batches is how often a whole erase asks its guard.
func (b *bench) batches(batch int) int {
	b.Helper()
	each := &bench{T: b.T, h: b.h, specs: fixture()}
	c := each.open(batch)
	j := each.located(c, "run")
	n := 0
	j.Guard = connectors.GuardFunc(func(context.Context) error { n++; return nil })
	each.ok(c.Erase(b.Context(), []*connectors.Job{j}), j)
	if n == 0 {
		b.Fatal("the guard was never asked")
	}
	return n
}

func eraseStopped(b *bench) {
	const batch = 3
	total := b.batches(batch)
	for n := 1; n <= total; n++ {
		each := &bench{T: b.T, h: b.h, specs: fixture()}
		c := each.open(batch)
		j := each.located(c, "run")
		asked := 0
		var before map[string][]string
		j.Guard = connectors.GuardFunc(func(context.Context) error {
			if asked++; asked < n {
				return nil
			}
			if before == nil {
				before = each.dump()
			}
			return connectors.ErrFenced
		})
		err := c.Erase(b.Context(), []*connectors.Job{j})
		if err != nil || !errors.Is(j.Err(), connectors.ErrFenced) {
			b.Fatalf("stopped at batch %d: call %v, job %v", n, err, j.Err())
		}
		if asked != n {
			b.Errorf("stopped at batch %d: the guard was asked %d times", n, asked)
		}
		each.unchanged(before, each.dump())
		each.finish(c, j)
	}
}

// finish takes up a delete that was stopped: it locates with the old finding
// and erases, as the engine does.
func (b *bench) finish(c connectors.Connector, j *connectors.Job) {
	b.Helper()
	first := j.Finding.Clone()
	j = again(j)
	b.ok(c.Locate(b.Context(), []*connectors.Job{j}), j)
	if !j.Finding.Covers(first) {
		b.Error("the finding shrank")
	}
	j = again(j)
	b.ok(c.Erase(b.Context(), []*connectors.Job{j}), j)
	b.erased()
	j = again(j)
	b.ok(c.Locate(b.Context(), []*connectors.Job{j}), j)
	b.verified(j)
}

func eraseCancelled(b *bench) {
	const batch = 3
	total := b.batches(batch)
	for n := 1; n <= total; n++ {
		each := &bench{T: b.T, h: b.h, specs: fixture()}
		c := each.open(batch)
		j := each.located(c, "run")
		ctx, cancel := context.WithCancel(b.Context())
		asked := 0
		j.Guard = connectors.GuardFunc(func(context.Context) error {
			if asked++; asked == n {
				cancel()
			}
			return nil
		})
		err := c.Erase(ctx, []*connectors.Job{j})
		cancel()
		if !errors.Is(err, context.Canceled) && !errors.Is(j.Err(), context.Canceled) {
			b.Errorf("cancelled at batch %d: call %v, job %v", n, err, j.Err())
		}
		each.finish(c, j)
	}
	c := b.open(batch)
	ctx, cancel := context.WithCancel(b.Context())
	cancel()
	j := job("run", Tenant, Email)
	for name, call := range map[string]func(context.Context, []*connectors.Job) error{"Locate": c.Locate, "Gather": c.Gather, "Erase": c.Erase} {
		if err := call(ctx, []*connectors.Job{j}); !errors.Is(err, context.Canceled) && !errors.Is(j.Err(), context.Canceled) {
			b.Errorf("%s under a cancelled context: call %v, job %v", name, err, j.Err())
		}
	}
}

func eraseDenied(b *bench) {
	c := b.open(4)
	j := b.located(c, "run")
	before := b.dump()
	for _, no := range []error{connectors.ErrFenced, connectors.ErrPaused} {
		j = again(j)
		j.Guard = connectors.GuardFunc(func(context.Context) error { return no })
		b.ok(c.Erase(b.Context(), []*connectors.Job{j}))
		if !errors.Is(j.Err(), no) {
			b.Errorf("job %v, want %v", j.Err(), no)
		}
		b.unchanged(before, b.dump())
	}
	j = again(j)
	j.Guard = nil
	if err := c.Erase(b.Context(), []*connectors.Job{j}); err == nil && j.Err() == nil {
		b.Error("erased without a guard")
	}
	b.unchanged(before, b.dump())
}

// eraseLast: an address goes with the last who lives there.
func eraseLast(b *bench) {
	c := b.open(4)
	for _, email := range []string{Email, "bob@example.com"} {
		if !b.holds("address", 12) {
			b.Fatalf("the shared address was gone before %s was erased", email)
		}
		j := job(email, Tenant, email)
		b.ok(c.Locate(b.Context(), []*connectors.Job{j}), j)
		b.ok(c.Erase(b.Context(), []*connectors.Job{j}), j)
	}
	if b.holds("address", 12) {
		b.Error("nobody refers to the shared address, and it is still there")
	}
	for _, id := range []int64{13, 31} {
		if !b.holds("address", id) {
			b.Errorf("address %d was not theirs", id)
		}
	}
}

func (b *bench) holds(table string, id int64) bool {
	b.Helper()
	for _, r := range b.sys.Dump(b.T, table) {
		if r["id"] == id {
			return true
		}
	}
	return false
}

// eraseLate: what is added before an erase goes with it; what is added after
// is seen by a Locate with the old finding, and goes with the next.
func eraseLate(b *bench) {
	c := b.open(4)
	j := b.located(c, "run")
	event := func(id int64) Row {
		return Row{"id": id, "tenant": Tenant, "member_code": "1001", "payload": "came late"}
	}
	b.sys.Insert(b.T, "event", event(9001))
	b.ok(c.Erase(b.Context(), []*connectors.Job{j}), j)
	b.erased()
	b.sys.Insert(b.T, "event", event(9002), event(9003))
	j = again(j)
	b.ok(c.Locate(b.Context(), []*connectors.Job{j}), j)
	if got := j.Finding.Set("shop.event").Rows; got != 2 {
		b.Errorf("%d late events seen, want 2", got)
	}
	b.ok(c.Erase(b.Context(), []*connectors.Job{j}), j)
	b.erased()
}

// eraseOther: the same address in the other tenant is another person.
func eraseOther(b *bench) {
	c := b.open(4)
	before := b.dump()
	j := job("run", OtherTenant, Email)
	b.ok(c.Locate(b.Context(), []*connectors.Job{j}), j)
	b.ok(c.Erase(b.Context(), []*connectors.Job{j}), j)
	after := b.dump()
	for _, s := range b.specs {
		if s.table.Name == "order_line" {
			continue // bears no tenant of its own
		}
		for _, r := range s.table.Rows {
			kept := containsLine(after[s.table.Name], line(r))
			if r["tenant"] == Tenant && !kept {
				b.Errorf("%s: a row of the first tenant was changed: %s", s.table.Name, line(r))
			}
		}
	}
	if len(after["person"]) != len(before["person"])-1 || len(after["order_line"]) != len(before["order_line"])-1 {
		b.Error("the other tenant's own rows remain")
	}
}

func containsLine(lines []string, want string) bool {
	for _, l := range lines {
		if l == want {
			return true
		}
	}
	return false
}
