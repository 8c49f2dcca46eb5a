package redisstore_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"

	"privacydesk/bot"
	"privacydesk/bot/redisstore"
)

func start(t *testing.T, dir string) *redisstore.Embedded {
	t.Helper()
	e, err := redisstore.Start(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, e) })
	return e
}

func stop(t *testing.T, e *redisstore.Embedded) {
	t.Helper()
	if err := e.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

// put hints t1 on the server, and has tells whether it still knows.
func put(t *testing.T, e *redisstore.Embedded) {
	t.Helper()
	if _, err := newStore(t, dial(t, e.Options()), "").Hint(t.Context(), []string{"t1"}, "", 0); err != nil {
		t.Fatal(err)
	}
}

func has(t *testing.T, e *redisstore.Embedded) bool {
	t.Helper()
	r, err := newStore(t, dial(t, e.Options()), "").Load(t.Context(), "t1")
	if err != nil && !errors.Is(err, bot.ErrNotFound) {
		t.Fatal(err)
	}
	return r.Hint != 0
}

// pidOf is the number of the folder's server.
func pidOf(t *testing.T, dir string) int {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, "redis.pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func TestEmbeddedKeepsItsData(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "redis")
	e := start(t, dir)
	if !e.Keeps() {
		t.Fatal("it says that it keeps nothing")
	}
	put(t, e)
	stop(t, e)
	<-e.Done()
	if err := e.Err(); err != nil {
		t.Fatalf("it ended in disorder: %v", err)
	}
	stop(t, e) // once more is fine
	if e = start(t, dir); !has(t, e) {
		t.Fatal("the data is gone")
	}
	problems, err := newStore(t, dial(t, e.Options()), "").CheckServer(t.Context())
	if err != nil || len(problems) != 0 {
		t.Fatalf("our own server has problems: %v %v", problems, err)
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Fatalf("the folder is open to others: %v %v", info.Mode(), err)
	}
}

// TestServerIsOurUsersAlone: no port, a socket of our user's, and nothing acknowledged that is not on stable storage, not
// even while the append-only file is rewritten.
func TestServerIsOurUsersAlone(t *testing.T) {
	e := start(t, filepath.Join(t.TempDir(), "redis"))
	if info, err := os.Stat(e.Options().Addr); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the socket is open to others: %v", err)
	}
	client := dial(t, e.Options())
	for name, want := range map[string]string{"port": "0", "appendfsync": "always", "no-appendfsync-on-rewrite": "no"} {
		got, err := client.ConfigGet(t.Context(), name).Result()
		if err != nil || got[name] != want {
			t.Errorf("%s is %q, not %s: %v", name, got[name], want, err)
		}
	}
	pid, err := strconv.Atoi(infoOf(t, client, "process_id"))
	if err != nil {
		t.Fatal(err)
	}
	if group, err := syscall.Getpgid(pid); err != nil || group != pid {
		t.Errorf("it is in the process group %d: a terminal's Ctrl-C would reach it before its daemon: %v", group, err)
	}
}

func infoOf(t *testing.T, client *redis.Client, name string) string {
	t.Helper()
	text, err := client.Info(t.Context(), "server").Result()
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(text, "\n"+name+":")
	value, _, _ := strings.Cut(after, "\r")
	return value
}

func TestRule3_KilledServerLosesNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "redis")
	e := start(t, dir)
	put(t, e)
	if err := syscall.Kill(pidOf(t, dir), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-e.Done()
	if e.Err() == nil {
		t.Fatal("a killed server says that it was stopped in order")
	}
	stop(t, e)
	if !has(t, start(t, dir)) {
		t.Fatal("an acknowledged write is gone")
	}
}

func TestSecondDaemonIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "redis")
	e := start(t, dir)
	if _, err := redisstore.Start(t.Context(), dir); !errors.Is(err, redisstore.ErrInUse) {
		t.Fatalf("a second daemon on the same folder: %v", err)
	}
	put(t, e) // and the first one's server works on
	o, err := redisstore.Attach(dir)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := newStore(t, dial(t, o), "").Load(t.Context(), "t1"); !errors.Is(err, bot.ErrNotFound) || r.Hint == 0 {
		t.Fatalf("who attaches sees %+v: %v", r, err)
	}
}

// TestRule3_KilledDaemon: the server of a killed daemon does not stand in the way of the next one.
func TestRule3_KilledDaemon(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "redis")
	kill := startDaemon(t, dir)
	client := dial(t, &redis.Options{Network: "unix", Addr: filepath.Join(dir, "redis.sock")})
	if _, err := newStore(t, client, "").Hint(t.Context(), []string{"t1"}, "", 0); err != nil {
		t.Fatal(err)
	}
	kill()
	if !has(t, start(t, dir)) {
		t.Fatal("an acknowledged write is gone")
	}
}

// startDaemon starts a process that has its server in dir, and returns how to kill it.
func startDaemon(t *testing.T, dir string) (kill func()) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), daemonDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "ready\n" {
		t.Fatalf("the daemon says %q: %v", line, err)
	}
	return func() {
		t.Helper()
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the killed daemon ended well")
		}
	}
}

func TestStartRefuses(t *testing.T) {
	t.Run("a folder that others may enter", func(t *testing.T) {
		dir := t.TempDir()
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if _, err := redisstore.Start(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "chmod 700") {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("without a server", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		if _, err := redisstore.Start(t.Context(), t.TempDir()); !errors.Is(err, redisstore.ErrNoServer) {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("a server that can't read its data", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "redis")
		if err := os.MkdirAll(filepath.Join(dir, "appendonlydir"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "appendonlydir", "appendonly.aof.manifest"), []byte("nonsense\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := redisstore.Start(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "its log says") {
			t.Fatalf("got %v", err)
		}
		if err := os.RemoveAll(filepath.Join(dir, "appendonlydir")); err != nil {
			t.Fatal(err)
		}
		start(t, dir) // the failed start left nothing behind
	})
	t.Run("when the time is up", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		dir := filepath.Join(t.TempDir(), "redis")
		if _, err := redisstore.Start(ctx, dir); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		start(t, dir)
	})
}

func TestLongFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 20), "redis")
	t.Setenv("TMPDIR", "/tmp")
	folder := func(e *redisstore.Embedded, dir string) string {
		folder := filepath.Dir(e.Options().Addr)
		t.Cleanup(func() {
			if err := os.RemoveAll(folder); err != nil {
				t.Error(err)
			}
		})
		if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != 0o700 {
			t.Fatalf("the socket's folder is open to others: %v", err)
		}
		attached, err := redisstore.Attach(dir)
		if err != nil || attached.Addr != e.Options().Addr {
			t.Errorf("a command beside it asks at %v, %v", attached, err)
		}
		return folder
	}
	if _, err := redisstore.Attach(dir); err == nil {
		t.Error("a command finds a server that never ran")
	}
	e := start(t, dir)
	put(t, e)
	first := folder(e, dir)
	stop(t, e)
	e = start(t, dir)
	if folder(e, dir) != first {
		t.Error("each start leaves another folder behind")
	}
	stop(t, e)
	// Temporary folders are cleaned, and somebody else may be first then.
	if err := errors.Join(os.RemoveAll(first), os.Mkdir(first, 0o700), os.Chmod(first, 0o777)); err != nil {
		t.Fatal(err)
	}
	if again := folder(start(t, dir), dir); again == first {
		t.Error("it goes into a folder that others may enter")
	}
	other := filepath.Join(t.TempDir(), strings.Repeat("long", 20), "redis")
	if a, b := filepath.Base(first), filepath.Base(folder(start(t, other), other)); a == b {
		t.Error("the folder's name can be known before")
	}
}

func TestInProcess(t *testing.T) {
	e, err := redisstore.InProcess()
	if err != nil {
		t.Fatal(err)
	}
	if e.Keeps() {
		t.Fatal("it says that it keeps its data")
	}
	put(t, e)
	if !has(t, e) {
		t.Fatal("it forgot at once")
	}
	stranger := dial(t, &redis.Options{Addr: e.Options().Addr})
	if err := stranger.Ping(t.Context()).Err(); err == nil {
		t.Fatal("it lets everybody in")
	}
	stop(t, e)
	stop(t, e)
	<-e.Done()
}
