package spool

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// state is everything that a rotation must not change.
func state(t *testing.T, s *Shelf) string {
	t.Helper()
	ctx := context.Background()
	a, err := s.Derive(ctx, "t1", "x")
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Derive(ctx, "t2", "x")
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Pseudonym(ctx, "acme", "a@b")
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x %x %v %s %x", a, b, p, s.Mark("t1", "x"), s.PublicKey())
}

// TestRotateSurvivesAnyStop stops a rotation at each of its steps: whatever is
// left opens with both masters, and rotating again ends it.
func TestRotateSurvivesAnyStop(t *testing.T) {
	m1, m2 := testMaster("m1", 1), testMaster("m2", 2)
	for at := 0; ; at++ {
		dir := t.TempDir()
		s := openShelf(t, dir, m1)
		for _, id := range []string{"t1", "t2"} {
			if err := s.Create(context.Background(), id); err != nil {
				t.Fatal(err)
			}
		}
		before := state(t, s)
		d := &failingDisk{left: 1 << 30}
		rotating, err := OpenKeys(KeysOptions{Dir: dir, Masters: []MasterKey{m2, m1}, Clock: testTime, disk: d})
		if err != nil {
			t.Fatal(err)
		}
		d.left = at
		_, stopped := rotating.Rotate(context.Background())
		both := openShelf(t, dir, m2, m1)
		if state(t, both) != before {
			t.Fatalf("stopped at %d, something changed", at)
		}
		// Where the new master opens the shelf by itself, nothing needs the old one.
		if alone, err := OpenKeys(KeysOptions{Dir: dir, Masters: []MasterKey{m2}, Clock: testTime}); err == nil && state(t, alone) != before {
			t.Fatalf("stopped at %d, the new master opens the shelf and not its keys", at)
		}
		if _, err := both.Rotate(context.Background()); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenKeys(KeysOptions{Dir: dir, Masters: []MasterKey{m1}}); err == nil {
			t.Fatal("the old master alone still opens the shelf")
		}
		if state(t, openShelf(t, dir, m2)) != before {
			t.Fatalf("without the old master something is gone")
		}
		if stopped == nil {
			if at < 10 {
				t.Fatalf("a rotation of five keys took only %d steps", at)
			}
			return
		}
	}
}

// TestLateReplicaKeepsItsMaster: a replica that doesn't know the new master
// makes a key after the rotation: the old master is needed until the next.
func TestLateReplicaKeepsItsMaster(t *testing.T) {
	dir, m1, m2 := t.TempDir(), testMaster("m1", 1), testMaster("m2", 2)
	late := openShelf(t, dir, m1)
	rotate := func() {
		t.Helper()
		if _, err := openShelf(t, dir, m2, m1).Rotate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	rotate()
	if err := late.Create(t.Context(), "t1"); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenKeys(KeysOptions{Dir: dir, Masters: []MasterKey{m2}}); err == nil || !strings.Contains(err.Error(), `"m1" still wraps keys`) {
		t.Fatalf("without the old master: %v", err)
	}
	rotate()
	if _, err := openShelf(t, dir, m2).Derive(t.Context(), "t1", "x"); err != nil {
		t.Fatal(err)
	}
}

// TestRotateKeepsTheLastUse: a tenant's key that nobody uses is retired in its
// time, whenever the master was renewed.
func TestRotateKeepsTheLastUse(t *testing.T) {
	dir, m1, m2 := t.TempDir(), testMaster("m1", 1), testMaster("m2", 2)
	if _, err := openShelf(t, dir, m1).Pseudonym(t.Context(), "acme", "a@b"); err != nil {
		t.Fatal(err)
	}
	s := openShelf(t, dir, m2, m1)
	if done, err := s.Rotate(t.Context()); err != nil || done.Rewrapped != 3 {
		t.Fatalf("%+v: %v", done, err)
	}
	if n, err := s.Retire(t.Context(), testTime().Add(time.Second)); n != 1 || err != nil {
		t.Fatalf("retired %d of 1: %v", n, err)
	}
}

// TestRetireLeavesNoHalves: what a killed replica left of a tenant's key goes
// with the key, and a pseudonym that is made meanwhile never fails for it.
func TestRetireLeavesNoHalves(t *testing.T) {
	dir := t.TempDir()
	s := openShelf(t, dir)
	const rounds = 300
	ctx := t.Context()
	var both sync.WaitGroup
	both.Go(func() {
		for range rounds {
			if _, err := s.Pseudonym(ctx, "acme", "a@b"); err != nil {
				t.Error(err)
				return
			}
		}
	})
	both.Go(func() {
		for range rounds {
			if _, err := s.Retire(ctx, testTime().Add(time.Hour)); err != nil {
				t.Error(err)
				return
			}
		}
	})
	both.Wait()
	if err := os.WriteFile(filepath.Join(dir, tenantsDir, "+0a+00"), []byte("wrapped"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Retire(ctx, testTime().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(filepath.Join(dir, tenantsDir)); err != nil || len(entries) != 0 {
		t.Errorf("left on the shelf: %v, %v", entries, err)
	}
}

func TestRotateTakesNothingBack(t *testing.T) {
	dir := t.TempDir()
	m1, m2 := testMaster("m1", 1), testMaster("m2", 2)
	s := openShelf(t, dir, m1)
	const requests = 60
	for i := range requests {
		if err := s.Create(context.Background(), fmt.Sprintf("t%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	both := openShelf(t, dir, m2, m1)
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range requests {
			if err := s.Destroy(context.Background(), fmt.Sprintf("t%d", i)); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Go(func() {
		if _, err := both.Rotate(context.Background()); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	if entries, err := os.ReadDir(filepath.Join(dir, requestsDir)); err != nil || len(entries) != 0 {
		t.Fatalf("a rotation brought destroyed keys back: %v, %v", entries, err)
	}
}
