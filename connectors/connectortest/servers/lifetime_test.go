package servers

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// victimVariable makes the test binary start servers in the folder that it names, tell where, and wait to be killed.
const victimVariable = "PRIVACYDESK_SERVERS_VICTIM"

func beVictim() int {
	ctx, cancel := startContext(context.Background())
	defer cancel()
	redis, err := StartRedis(ctx, os.Getenv(victimVariable))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	postgres, err := sharedPostgres()
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println(redis.Addr(), postgres.Addr(), postgres.dir)
	_, _ = io.Copy(io.Discard, os.Stdin) // until the parent kills us
	return 0
}

func TestServersDieWithTheTestProcess(t *testing.T) {
	victim := exec.CommandContext(t.Context(), os.Args[0])
	// A temporary folder of its own: the sweep at the end must not meet the folders that other test processes are making.
	root := testWorkspace(t, mustAccount(t, postgresAccount))
	victim.Env = append(os.Environ(), victimVariable+"="+root, "TMPDIR="+root)
	if _, err := victim.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	output, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(line)
	if len(fields) != 3 {
		t.Fatalf("the victim says %q", line)
	}
	if err := victim.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := victim.Wait(); err == nil {
		t.Fatal("the victim ended by itself")
	}
	for _, address := range fields[:2] {
		awaitSilence(t, address)
	}
	sweepUp(t, fields[2])
}

// awaitSilence waits until nothing listens at address.
func awaitSilence(t *testing.T, address string) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for range 4000 {
		var dialer net.Dialer
		conn, err := dialer.DialContext(t.Context(), "tcp", address)
		if err != nil {
			return
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		<-ticker.C
	}
	t.Fatalf("a server at %s outlived the process that started it", address)
}

// sweepUp checks that the folder which the victim left is removed once it is old enough.
func sweepUp(t *testing.T, dir string) {
	t.Helper()
	if err := sweep(filepath.Dir(dir), time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("the sweep took a folder that is younger than %s: %v", sweepAge, err)
	}
	if err := sweep(filepath.Dir(dir), time.Now().Add(2*sweepAge)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("the sweep left the folder of a dead process: %v", err)
	}
}

func TestSweepSparesTheLiving(t *testing.T) {
	root := t.TempDir()
	space, err := newWorkspace(root, account{})
	if err != nil {
		t.Fatal(err)
	}
	// The lock is held by another process in life; a second descriptor of ours conflicts with it just the same, see flock(2).
	if err := sweep(root, time.Now().Add(2*sweepAge)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(space.dir); err != nil {
		t.Fatalf("the sweep took a folder in use: %v", err)
	}
	if err := space.remove(); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(root)
	if err != nil || len(left) > 0 {
		t.Fatalf("remove left %v, %v", left, err)
	}
}

func TestProgram(t *testing.T) {
	first, last := t.TempDir(), t.TempDir()
	inPath := t.TempDir()
	t.Setenv("PATH", inPath)
	put := func(dir string, mode os.FileMode) string {
		t.Helper()
		path := filepath.Join(dir, "server")
		if err := os.WriteFile(path, nil, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	find := func() (string, error) { return program("server", []string{first}, []string{last}) }

	if _, err := find(); !errors.Is(err, ErrNotInstalled) || !strings.Contains(err.Error(), "make servers") {
		t.Fatalf("got %v, want ErrNotInstalled and the mend", err)
	}
	put(first, 0o600) // not executable: no program
	for _, dir := range []string{last, inPath} {
		want := put(dir, 0o700)
		if got, err := find(); err != nil || got != want {
			t.Fatalf("got %q, %v; want %q", got, err, want)
		}
	}
	want := filepath.Join(first, "server")
	if err := os.Chmod(want, 0o700); err != nil {
		t.Fatal(err)
	}
	if got, err := find(); err != nil || got != want {
		t.Fatalf("got %q, %v; want %q", got, err, want)
	}
}

func TestVersionIn(t *testing.T) {
	for path, want := range map[string]int{"/usr/lib/postgresql/15/bin": 15, "/usr/lib/postgresql/9/bin": 9, "/usr/pgsql-17/bin": 17, "/usr/bin": 0} {
		if got := versionIn(path); got != want {
			t.Errorf("versionIn(%q) is %d, want %d", path, got, want)
		}
	}
}

func TestOnFreePort(t *testing.T) {
	var tried []int
	err := onFreePort(t.Context(), func(port int) error {
		tried = append(tried, port)
		if len(tried) < 3 {
			return fmt.Errorf("start: %w", errPortTaken)
		}
		return nil
	})
	if err != nil || len(tried) != 3 {
		t.Fatalf("%d attempts, %v; want a third that succeeds", len(tried), err)
	}
	broken := errors.New("broken")
	tried = nil
	err = onFreePort(t.Context(), func(port int) error { tried = append(tried, port); return broken })
	if !errors.Is(err, broken) || len(tried) != 1 {
		t.Fatalf("%d attempts, %v; want one, for another port mends nothing", len(tried), err)
	}
}

func TestTakenPortIsRecognised(t *testing.T) {
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	port := listener.Addr().(*net.TCPAddr).Port
	dir := testWorkspace(t, account{})
	binary, err := program("redis-server", nil, systemDirs())
	if err != nil {
		t.Fatal(err)
	}
	if err := newRedis(binary, dir, filepath.Join(dir, "s"), port, redisOptions{}).Restart(t.Context()); !errors.Is(err, errPortTaken) {
		t.Fatalf("got %v, want errPortTaken", err)
	}
}
