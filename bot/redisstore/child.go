package redisstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// child is a redis-server that this process starts.
type child struct {
	binary, dir, socket string
	lock                *os.File // the daemon's; closing it gives the folder free

	cmd *exec.Cmd
	e   *Embedded
}

const (
	pollEvery = 20 * time.Millisecond
	// orphanGrace is how long a server without a daemon may take to end in order.
	orphanGrace = 10 * time.Second
)

func (c *child) start(ctx context.Context) (*Embedded, error) {
	guard, err := c.evict(ctx, orphanGrace)
	if err != nil {
		return nil, err
	}
	// From here the folder is ours alone, and what is left of an earlier life is stale.
	err = errors.Join(remove(c.path(pidName)), remove(c.socket))
	if err == nil {
		err = c.launch(ctx, guard)
	}
	if err = errors.Join(err, guard.Close()); err != nil {
		return nil, err
	}
	if err := c.awaitAnswer(ctx); err != nil {
		dead, cancel := context.WithCancel(ctx)
		cancel() // there is nothing to wait for: kill it
		return nil, errors.Join(err, c.stop(dead))
	}
	return c.e, nil
}

func (c *child) path(name string) string { return filepath.Join(c.dir, name) }

// evict takes the server's lock, ending a server that still holds it: its daemon is dead, or it would hold its own lock.
func (c *child) evict(ctx context.Context, grace time.Duration) (*os.File, error) {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	patience := time.NewTimer(grace)
	defer patience.Stop()
	for asked := false; ; {
		guard, err := tryLock(c.path(guardName))
		if err != nil || guard != nil {
			return guard, err
		}
		if !asked {
			asked = c.ask(ctx, "SHUTDOWN", "NOSAVE") == nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("a server of a daemon that is gone still runs: %w", context.Cause(ctx))
		case <-patience.C:
			if err := c.killOrphan(); err != nil {
				return nil, err
			}
		case <-ticker.C:
		}
	}
}

// ask sends a command over the socket. A server that ends at once doesn't answer: that is fine.
func (c *child) ask(ctx context.Context, command ...any) error {
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: c.socket, MaxRetries: -1, DialTimeout: time.Second, ReadTimeout: time.Second})
	err := client.Do(ctx, command...).Err()
	return errors.Join(err, client.Close())
}

// killOrphan kills the server that wrote the pid file; it held the lock a moment ago, so that the number is still its own.
func (c *child) killOrphan() error {
	content, err := os.ReadFile(c.path(pidName))
	if err != nil {
		return fmt.Errorf("a redis-server of a daemon that is gone hangs, and its number can't be read: end it by hand: %w", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil || pid <= 1 {
		return fmt.Errorf("a redis-server of a daemon that is gone hangs, and %s names none: end it by hand", c.path(pidName))
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("a redis-server of a daemon that is gone hangs: kill %d: %w", pid, err)
	}
	return nil
}

// arguments are the whole configuration: no file is read.
func (c *child) arguments() []string {
	return []string{
		"--port", "0", "--unixsocket", c.socket, "--unixsocketperm", "700",
		"--dir", c.dir, "--pidfile", c.path(pidName), "--daemonize", "no",
		"--save", "", "--appendonly", "yes", "--appendfsync", "always", "--no-appendfsync-on-rewrite", "no",
		"--maxmemory-policy", "noeviction",
	}
}

// launch starts the process from a thread that stays as long as it lives: Linux sends the parent-death signal when the
// thread ends, see prctl(2).
func (c *child) launch(ctx context.Context, guard *os.File) error {
	log, err := os.OpenFile(c.path(logName), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	//nolint:gosec // the program is redis-server from PATH, and its arguments are ours
	c.cmd = exec.CommandContext(context.WithoutCancel(ctx), c.binary, c.arguments()...)
	c.cmd.Dir, c.cmd.Env = c.dir, []string{"LC_ALL=C"}
	c.cmd.Stdout, c.cmd.Stderr = log, log
	c.cmd.ExtraFiles = []*os.File{guard}
	c.cmd.SysProcAttr = attributes()
	c.e = &Embedded{options: redis.Options{Network: "unix", Addr: c.socket}, keeps: true, done: make(chan struct{}), end: c.stop}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine, after its child
		err := c.cmd.Start()
		started <- err
		if err == nil {
			c.e.ended(orderly(c.cmd.Wait()))
		}
	}()
	return errors.Join(<-started, log.Close())
}

func orderly(err error) error {
	if err != nil {
		return fmt.Errorf("redis-server ended: %w", err)
	}
	return nil
}

// awaitAnswer asks until the server has read its data in and answers, ends, or ctx does.
func (c *child) awaitAnswer(ctx context.Context) error {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		if c.ask(ctx, "PING") == nil {
			return nil
		}
		select {
		case <-c.e.done:
			return fmt.Errorf("it ended before it answered; its log says: %s", c.logTail())
		case <-ctx.Done():
			return fmt.Errorf("it did not answer in time: %w", context.Cause(ctx))
		case <-ticker.C:
		}
	}
}

// logTail is the end of Redis's own log, which holds no data of clients.
func (c *child) logTail() string {
	const tail = 600
	content, err := os.ReadFile(c.path(logName))
	if err != nil {
		return "(no log)"
	}
	return strings.TrimSpace(string(content[max(0, len(content)-tail):]))
}

// stop is Embedded.Stop.
func (c *child) stop(ctx context.Context) error {
	select {
	case <-c.e.done:
		return c.release()
	default:
	}
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop redis-server: %w", err)
	}
	select {
	case <-c.e.done:
	case <-ctx.Done():
		if err := c.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("kill redis-server: %w", err)
		}
		<-c.e.done
	}
	return c.release()
}

// release gives the folder free; twice is fine.
func (c *child) release() error {
	if err := c.lock.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// tryLock opens the file and locks it for as long as any process has it open. It returns nil if somebody else has.
func tryLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, f.Close()
	}
	return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
}

func owned(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
