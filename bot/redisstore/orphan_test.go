package redisstore

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestOrphanIsEnded: a server that outlived its daemon holds the data; Start ends it, in order or, frozen, by force.
func TestOrphanIsEnded(t *testing.T) {
	for name, freeze := range map[string]bool{"running": false, "frozen": true} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "redis")
			dir, err := privateDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			binary, err := exec.LookPath("redis-server")
			if err != nil {
				t.Fatal(err)
			}
			c := &child{binary: binary, dir: dir, socket: filepath.Join(dir, socketName)}
			orphan := launchOrphan(t, c)
			grace := time.Minute
			if freeze {
				grace = 50 * time.Millisecond
				if err := orphan.Signal(syscall.SIGSTOP); err != nil {
					t.Fatal(err)
				}
			}
			guard, err := c.evict(t.Context(), grace)
			if err != nil {
				t.Fatal(err)
			}
			if err := guard.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// launchOrphan starts a server that holds the guard, and forgets it.
func launchOrphan(t *testing.T, c *child) *os.Process {
	t.Helper()
	guard, err := tryLock(c.path(guardName))
	if err != nil || guard == nil {
		t.Fatalf("the guard is taken: %v", err)
	}
	cmd := exec.Command(c.binary, c.arguments()...)
	cmd.ExtraFiles = []*os.File{guard}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := guard.Close(); err != nil {
		t.Fatal(err)
	}
	c.e = &Embedded{done: make(chan struct{})}
	go func() { c.e.ended(cmd.Wait()) }()
	t.Cleanup(func() { <-c.e.done })
	if err := c.awaitAnswer(t.Context()); err != nil {
		t.Fatal(err)
	}
	if taken, err := tryLock(c.path(guardName)); taken != nil || err != nil {
		t.Fatalf("the server doesn't hold the guard: %v", err)
	}
	return cmd.Process
}

// TestServerHoldsTheGuard: without it, a server that outlived its daemon would not be known.
func TestServerHoldsTheGuard(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "redis")
	e, err := Start(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	guarded := func() bool {
		t.Helper()
		guard, err := tryLock(filepath.Join(dir, guardName))
		if err != nil {
			t.Fatal(err)
		}
		if guard == nil {
			return true
		}
		if err := guard.Close(); err != nil {
			t.Fatal(err)
		}
		return false
	}
	if !guarded() {
		t.Error("the running server doesn't hold its lock")
	}
	if err := e.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if guarded() {
		t.Error("somebody holds the lock of a server that has ended")
	}
}
