package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"privacydesk/connectors/connectortest/servers"
)

// binary is the program under test, with failpoints, and under the race
// detector if the tests are. It is built by the first test that needs it.
var binary = sync.OnceValues(func() (string, error) {
	file := filepath.Join(binaryDir, "privacydesk")
	args := []string{"build", "-tags", "failpoints", "-o", file}
	if raced {
		args = append(args, "-race")
	}
	out, err := exec.Command("go", append(args, ".")...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return file, nil
})

var binaryDir string // written once, by TestMain

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	var err error
	if binaryDir, err = os.MkdirTemp("", "privacydesk-binary-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(binaryDir) }()
	return servers.Main(m)
}

// journal is the log of all daemons of a house, one after the other.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
	odd  []string // lines that are neither JSON nor a command's last words
}

func (j *journal) write(p []byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text.Write(p)
}

func (j *journal) oddity(line []byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.odd = append(j.odd, string(line))
}

func (j *journal) all() []byte {
	j.mu.Lock()
	defer j.mu.Unlock()
	return bytes.Clone(j.text.Bytes())
}

// tail is the end of it, for whoever reads a failure.
func (j *journal) tail() string {
	all := j.all()
	return string(all[max(0, len(all)-12_000):])
}

// daemon is one child process.
type daemon struct {
	cmd     *exec.Cmd
	started chan string   // its address, once it serves
	ended   chan struct{} // closed when the process is gone
	out     *journal
	line    []byte
	done    atomic.Int64 // requests that it ended
}

// Write takes the daemon's log and finds its address in it.
func (d *daemon) Write(p []byte) (int, error) {
	d.out.write(p)
	d.line = append(d.line, p...)
	for {
		i := bytes.IndexByte(d.line, '\n')
		if i < 0 {
			return len(p), nil
		}
		var entry struct{ Event, Address string }
		if err := json.Unmarshal(d.line[:i], &entry); err != nil && !bytes.HasPrefix(d.line, []byte("privacydesk: ")) {
			d.out.oddity(d.line[:i])
		}
		switch entry.Event {
		case "started":
			d.started <- entry.Address
		case "done":
			d.done.Add(1)
		}
		d.line = d.line[i+1:]
	}
}

// launch starts `privacydesk serve` and does not wait for it.
func (h *house) launch(env ...string) *daemon {
	h.t.Helper()
	file, err := binary()
	if err != nil {
		h.t.Fatal(err)
	}
	d := &daemon{started: make(chan string, 1), ended: make(chan struct{}), out: &h.log}
	d.cmd = exec.Command(file, "serve", "--config", h.config)
	d.cmd.Env = append(append(os.Environ(), "GOMAXPROCS=2"), env...)
	d.cmd.Stderr, d.cmd.Stdout = d, d
	d.cmd.SysProcAttr = childAttributes()
	begun := make(chan error)
	go func() {
		runtime.LockOSThread() // the child dies with the thread that started it
		err := d.cmd.Start()
		begun <- err
		if err == nil {
			_ = d.cmd.Wait() // the state tells how it ended
			close(d.ended)
		}
	}()
	if err := <-begun; err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(d.kill)
	return d
}

// start starts a daemon, waits until it serves, and sends it the webhooks.
func (h *house) start(env ...string) *daemon {
	h.t.Helper()
	d := h.launch(env...)
	if !h.serves(d) {
		h.t.Fatalf("the daemon ended before it served: %v\n%s", d.cmd.ProcessState, h.log.tail())
	}
	return d
}

// serves waits until the daemon serves, or is gone.
func (h *house) serves(d *daemon) bool {
	h.t.Helper()
	select {
	case h.address = <-d.started:
		if h.hook != "" {
			h.desk.Sim.PointWebhook(h.hook, "http://"+h.address+"/webhooks/zendesk")
		}
		return true
	case <-d.ended:
		return false
	case <-time.After(patience):
		h.t.Fatalf("the daemon neither serves nor ends\n%s", h.log.tail())
		return false
	}
}

// signal sends one; to a process that is gone, none.
func (d *daemon) signal(s syscall.Signal) {
	if err := d.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		panic(err)
	}
}

// kill ends it at once, stopped or not.
func (d *daemon) kill() {
	d.signal(syscall.SIGKILL)
	<-d.ended
}

// stop ends it in order and returns its exit code.
func (h *house) stop(d *daemon) int {
	h.t.Helper()
	d.signal(syscall.SIGTERM)
	h.ends(d)
	return d.cmd.ProcessState.ExitCode()
}

// ends waits until the daemon is gone.
func (h *house) ends(d *daemon) {
	h.t.Helper()
	select {
	case <-d.ended:
	case <-time.After(patience):
		h.t.Fatalf("the daemon does not end\n%s", h.log.tail())
	}
}
