package connectortest

import (
	"context"
	"fmt"
	"runtime"
	"strings"

	"privacydesk/connectors"
)

// errorsSilent provokes errors and reads them.
func errorsSilent(b *bench) {
	b.build()
	for i, breakage := range b.sys.Broken {
		b.Run(breakage.Name, func(t *testingT) {
			each := &bench{T: t, h: b.h, specs: fixture()}
			each.build()
			breakage = each.sys.Broken[i]
			finding := each.located(each.connect(5), "run").Finding
			c := breakage.Break(t)
			defer func() { _ = c.Close() }()
			seen := 0
			for name, call := range map[string]func() error{
				"Check":  func() error { _, err := c.Check(t.Context()); return err },
				"Locate": func() error { return callOne(c.Locate, t, finding) },
				"Gather": func() error { return callOne(c.Gather, t, finding) },
				"Erase":  func() error { return callOne(c.Erase, t, finding) },
			} {
				err := call()
				if err == nil {
					continue
				}
				seen++
				each.silent(name, err)
				if kind := connectors.KindOf(err); kind == "" || breakage.Kind != "" && kind != breakage.Kind {
					t.Errorf("%s: kind %q, want %q: %v", name, kind, breakage.Kind, err)
				}
			}
			if seen == 0 {
				t.Error("nothing failed")
			}
		})
	}
}

// silent looks for the fixture's texts, and the harness's secrets, in all
// forms in which an error may be printed.
func (b *bench) silent(op string, err error) {
	b.Helper()
	printed := fmt.Sprintf("%v\n%+v\n%#v\n%s", err, err, err, err)
	for _, secret := range append(secrets(b.specs), b.sys.Secrets...) {
		if strings.Contains(printed, secret) {
			b.Errorf("%s: the error tells %q", op, secret)
		}
	}
}

// memoryFlat gathers and erases a small and a large set and compares what
// the process holds meanwhile.
func memoryFlat(b *bench) {
	const small, large, tolerance = 20_000, 120_000, 4 << 20
	c := b.open(500)
	peak := map[int]int64{}
	next := int64(1_000_000)
	finding := b.located(c, "run").Finding // the member's code is known from here on
	for _, size := range []int{small, large} {
		rows := make([]Row, 0, 1000)
		for range size {
			next++
			rows = append(rows, Row{"id": next, "tenant": Tenant, "member_code": "1001", "payload": "one of many"})
			if len(rows) == cap(rows) {
				b.sys.Insert(b.T, "event", rows...)
				rows = rows[:0]
			}
		}
		base := liveHeap()
		j := job("run", Tenant, Email)
		j.Finding = finding
		b.ok(c.Locate(b.Context(), []*connectors.Job{j}), j)
		j.Sink = &counter{each: func(n int) {
			if n%(size/4) == 0 {
				peak[size] = max(peak[size], liveHeap()-base)
			}
		}}
		b.ok(c.Gather(b.Context(), []*connectors.Job{j}), j)
		if got := j.Sink.(*counter).rows; got < size {
			b.Fatalf("%d rows gathered of %d", got, size)
		}
		asked := 0
		j.Guard = guardThat(func() {
			if asked++; asked%10 == 0 {
				peak[size] = max(peak[size], liveHeap()-base)
			}
		})
		b.ok(c.Erase(b.Context(), []*connectors.Job{j}), j)
		j = again(j)
		b.ok(c.Locate(b.Context(), []*connectors.Job{j}), j)
		if left := j.Finding.Total().Rows; left != 0 {
			b.Errorf("%d rows left of %d", left, size)
		}
	}
	if grown := peak[large] - peak[small]; grown > tolerance {
		b.Errorf("%d rows take %d bytes more than %d rows", large, grown, small)
	}
}

func liveHeap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func guardThat(f func()) connectors.Guard {
	return connectors.GuardFunc(func(context.Context) error { f(); return nil })
}

// callOne makes a call for one job; its failure or the job's is returned.
func callOne(call func(context.Context, []*connectors.Job) error, t *testingT, f *connectors.Finding) error {
	j := job("run", Tenant, Email)
	j.Finding = f.Clone()
	if err := call(t.Context(), []*connectors.Job{j}); err != nil {
		return err
	}
	return j.Err()
}
