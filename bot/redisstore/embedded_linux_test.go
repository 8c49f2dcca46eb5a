package redisstore_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestRule3_ServerEndsWithItsDaemon: nobody starts after the daemon that was killed, and its server ends all the same. It
// holds its lock as long as it lives: whoever gets it knows that it is gone.
func TestRule3_ServerEndsWithItsDaemon(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "redis")
	kill := startDaemon(t, dir)
	guard, err := os.Open(filepath.Join(dir, "server.lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = guard.Close() }()
	if err := syscall.Flock(int(guard.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); !errors.Is(err, syscall.EWOULDBLOCK) {
		t.Fatalf("the running server doesn't hold its lock: %v", err)
	}
	pid := pidOf(t, dir)
	kill()
	tick, patience := time.NewTicker(10*time.Millisecond), time.NewTimer(2*time.Minute)
	defer tick.Stop()
	defer patience.Stop()
	for syscall.Flock(int(guard.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		select {
		case <-tick.C:
		case <-patience.C:
			t.Fatalf("the server of a daemon that was killed lives on: %v", syscall.Kill(pid, syscall.SIGKILL))
		}
	}
}
