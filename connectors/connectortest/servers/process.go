package servers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// Process is a server that can be stopped in all the ways in which servers stop. Its methods may be called from any goroutine.
type Process struct {
	name  string
	dir   string // working folder; the log lies in it
	argv  []string
	owner account
	// orderly asks the server to stop and to write down what it knows.
	orderly syscall.Signal
	// ready returns nil once the server answers.
	ready func(context.Context) error

	mu      sync.Mutex
	current *run // nil when it doesn't run
}

// run is one life of a server.
type run struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the server has ended
}

// Kill ends the server at once, with all it holds in memory (SIGKILL). Killing what doesn't run is no error.
func (p *Process) Kill() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.kill()
}

// Restart stops the server in order if it runs, paused or not, and starts it on the same data and address. It returns when
// the server answers; ctx bounds the start and not the server's life.
func (p *Process) Restart(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.stop(); err != nil {
		return err
	}
	return p.start(ctx)
}

// Stop ends the server in order; its data stays. Stopping what doesn't run is no error.
func (p *Process) Stop() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stop()
}

// Pause freezes the server (SIGSTOP): connections stay open and nothing answers, as with a machine that hangs. It returns
// when the server has stopped running.
func (p *Process) Pause() error { return p.signalAll(syscall.SIGSTOP) }

// Continue lets a paused server run on.
func (p *Process) Continue() error { return p.signalAll(syscall.SIGCONT) }

// Running tells whether the server's process exists, paused or not.
func (p *Process) Running() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.alive()
}

// Log returns what the server has written to its log so far. It may hold what clients sent: it is for a test's reader.
func (p *Process) Log() (string, error) {
	content, err := os.ReadFile(p.logPath())
	return string(content), err
}

func (p *Process) logPath() string { return filepath.Join(p.dir, "server.log") }

func (p *Process) alive() bool {
	if p.current == nil {
		return false
	}
	select {
	case <-p.current.done:
		return false
	default:
		return true
	}
}

func (p *Process) start(ctx context.Context) error {
	log, err := os.OpenFile(p.logPath(), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	// The parent's context must not end the child: it bounds the start alone.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), p.argv[0], p.argv[1:]...)
	cmd.Dir, cmd.Env = p.dir, environment(p.dir)
	cmd.Stdout, cmd.Stderr = log, log // a file: a pipe would have to be read, and would outlive the server in its children
	cmd.SysProcAttr = attributes(p.owner)
	current, err := launch(cmd)
	err = errors.Join(err, log.Close())
	if err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	p.current = current
	if err := p.awaitReady(ctx); err != nil {
		return errors.Join(fmt.Errorf("start %s: %w", p.name, err), p.kill())
	}
	return nil
}

// awaitReady asks until the server answers, ends, or ctx does. It returns errPortTaken if the server says so.
func (p *Process) awaitReady(ctx context.Context) error {
	const interval = 10 * time.Millisecond
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	var last error
	for {
		select {
		case <-p.current.done:
			return fmt.Errorf("it ended before it answered: %w", p.whyEnded())
		case <-ctx.Done():
			return fmt.Errorf("no answer: %w; the last attempt: %w", context.Cause(ctx), last)
		case <-ticker.C:
			if last = p.ready(ctx); last == nil {
				return nil
			}
		}
	}
}

func (p *Process) whyEnded() error {
	const tail = 2000
	content, err := os.ReadFile(p.logPath())
	if err != nil {
		return err
	}
	if bytes.Contains(bytes.ToLower(content), []byte("already in use")) {
		return errPortTaken
	}
	return fmt.Errorf("%w; its log ends: %s", errors.New(p.current.cmd.ProcessState.String()), content[max(0, len(content)-tail):])
}

func (p *Process) stop() error {
	if !p.alive() {
		return nil
	}
	if err := p.deliver(syscall.SIGCONT); err != nil {
		return err
	}
	if err := ignoreGone(p.current.cmd.Process.Signal(p.orderly)); err != nil {
		return fmt.Errorf("stop %s: %w", p.name, err)
	}
	timer := time.NewTimer(stopLimit)
	defer timer.Stop()
	select {
	case <-p.current.done:
		return nil
	case <-timer.C:
		return errors.Join(fmt.Errorf("stop %s: it ran on for %s after it was asked to stop, and was killed", p.name, stopLimit), p.kill())
	}
}

func (p *Process) kill() error {
	if !p.alive() {
		return nil
	}
	// Frozen first, so that no child comes to life between the look and the kill.
	if err := p.deliver(syscall.SIGSTOP); err != nil {
		return err
	}
	if err := p.deliver(syscall.SIGKILL); err != nil {
		return err
	}
	<-p.current.done
	return nil
}

func (p *Process) signalAll(signal syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.alive() {
		return fmt.Errorf("%s doesn't run", p.name)
	}
	return p.deliver(signal)
}

// deliver signals the server and the processes that it has made. The children come first when they are to run or to die (once
// the parent is dead they aren't its children any more) and last when they are to stop, because until then it makes new ones.
func (p *Process) deliver(signal syscall.Signal) error {
	pid := p.current.cmd.Process.Pid
	var pids []int
	if signal == syscall.SIGSTOP {
		if err := p.freeze(pid); err != nil {
			return err
		}
		pids = children(pid)
	} else {
		pids = append(children(pid), pid)
	}
	for _, each := range pids {
		if err := ignoreGone(syscall.Kill(each, signal)); err != nil {
			return fmt.Errorf("%s: %s: %w", p.name, signal, err)
		}
	}
	if signal != syscall.SIGSTOP {
		return nil
	}
	return p.awaitHalt(pids)
}

func (p *Process) freeze(pid int) error {
	if err := ignoreGone(syscall.Kill(pid, syscall.SIGSTOP)); err != nil {
		return fmt.Errorf("%s: %s: %w", p.name, syscall.SIGSTOP, err)
	}
	return p.awaitHalt([]int{pid})
}

// awaitHalt waits until a stop signal has taken effect, which on another processor takes a moment.
func (p *Process) awaitHalt(pids []int) error {
	const interval, limit = time.Millisecond, 10 * time.Second
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for range int(limit / interval) {
		running := 0
		for _, pid := range pids {
			if !halted(pid) {
				running++
			}
		}
		if running == 0 {
			return nil
		}
		<-ticker.C
	}
	return fmt.Errorf("%s runs on though it was stopped", p.name)
}

func ignoreGone(err error) error {
	if errors.Is(err, syscall.ESRCH) || errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// launch starts cmd on a thread that lives as long as the child does: Linux sends the parent-death signal when the thread
// that forked ends, and Go ends idle threads.
func launch(cmd *exec.Cmd) (*run, error) {
	r := &run{cmd: cmd, done: make(chan struct{})}
	started := make(chan error, 1)
	go r.guard(started)
	if err := <-started; err != nil {
		return nil, err
	}
	return r, nil
}

func (r *run) guard(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := r.cmd.Start(); err != nil {
		started <- err
		return
	}
	started <- nil
	// How it ended is in ProcessState; a killed server is no failure of ours.
	_ = r.cmd.Wait()
	close(r.done)
}

// environment keeps the caller's settings (PGHOST, MYSQL_HOME, locales, time zones) away from the servers.
func environment(home string) []string {
	return []string{"PATH=" + os.Getenv("PATH") + ":/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + home, "TMPDIR=" + home, "LC_ALL=C", "TZ=UTC"}
}

// prepare runs a tool that lays out a server's data folder.
func prepare(ctx context.Context, dir string, owner account, argv ...string) error {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = dir, environment(dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner.credential}
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(argv[0]), err, output)
	}
	return nil
}
