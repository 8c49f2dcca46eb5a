package redisstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// Errors of Start.
var (
	// ErrNoServer: there is no redis-server in PATH.
	ErrNoServer = errors.New("there is no redis-server in PATH; install Redis 6.2 or newer, or set redis.url")
	// ErrInUse: another daemon's Redis works in the folder.
	ErrInUse = errors.New("another privacydesk uses the data folder; stop it, or choose another folder")
)

// Embedded is a Redis of our own.
type Embedded struct {
	options redis.Options
	keeps   bool
	done    chan struct{}
	end     func(ctx context.Context) error

	mu  sync.Mutex
	err error
}

// Options are for a client of the server.
func (e *Embedded) Options() *redis.Options {
	o := e.options
	return &o
}

// Keeps tells whether the data outlives the process. On a server that keeps nothing, nothing may be erased.
func (e *Embedded) Keeps() bool { return e.keeps }

// Done is closed when the server has ended, stopped or not.
func (e *Embedded) Done() <-chan struct{} { return e.done }

// Err says, after Done, how the server ended: nil if it was stopped in order.
func (e *Embedded) Err() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}

func (e *Embedded) ended(err error) {
	e.mu.Lock()
	e.err = err
	e.mu.Unlock()
	close(e.done)
}

// Stop ends the server in order and gives the data folder free; if ctx ends first, the server is killed, which loses
// nothing that it acknowledged. Stopping what has ended is fine.
func (e *Embedded) Stop(ctx context.Context) error { return e.end(ctx) }

// InProcess starts a server within this process, for the demo alone: it keeps nothing. It listens on the loopback
// interface and asks for a random password.
func InProcess() (*Embedded, error) {
	server := miniredis.NewMiniRedis()
	password := rand.Text()
	server.RequireAuth(password)
	server.ClockTTL(true)
	if err := server.Start(); err != nil {
		return nil, fmt.Errorf("start the in-process Redis: %w", err)
	}
	e := &Embedded{options: redis.Options{Addr: server.Addr(), Password: password}, done: make(chan struct{})}
	var once sync.Once
	e.end = func(context.Context) error {
		once.Do(func() {
			server.Close()
			e.ended(nil)
		})
		return nil
	}
	return e, nil
}

// The files in a data folder, beside Redis's own.
const (
	lockName   = "daemon.lock" // held by the daemon
	guardName  = "server.lock" // held by the server: it inherits the open file
	pidName    = "redis.pid"
	logName    = "redis.log"
	socketName = "redis.sock"
)

// Start starts a redis-server from PATH as a child, with its data in dir, and returns when it answers. It writes every
// change to stable storage before it acknowledges it, evicts nothing, and listens on a unix socket that this user alone
// reaches. dir is made if it is missing, and must be closed to others (0700). ctx bounds the start, not the server's life.
//
// Two daemons never share dir: the second gets ErrInUse. A server whose daemon was killed is ended first. On Linux it is
// told to end when its daemon dies. Returns ErrNoServer if there is none.
func Start(ctx context.Context, dir string) (*Embedded, error) {
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, ErrNoServer
	}
	if dir, err = privateDir(dir); err != nil {
		return nil, fmt.Errorf("redis data folder: %w", err)
	}
	lock, err := tryLock(filepath.Join(dir, lockName))
	if err != nil {
		return nil, fmt.Errorf("redis data folder: %w", err)
	}
	if lock == nil {
		return nil, ErrInUse
	}
	socket, err := socketPath(dir, true)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("redis socket: %w", err), lock.Close())
	}
	c := &child{binary: binary, dir: dir, socket: socket, lock: lock}
	e, err := c.start(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start redis-server: %w", err), lock.Close())
	}
	return e, nil
}

// privateDir makes the folder and refuses one that others may enter.
func privateDir(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(abs, 0o700); err != nil { //nolint:gosec // configured, or named by a file that only we can write
		return "", err
	}
	info, err := os.Lstat(abs) //nolint:gosec // as above
	if err != nil {
		return "", err
	}
	if !info.IsDir() || info.Mode().Perm()&0o077 != 0 || !owned(info) {
		return "", fmt.Errorf("%s must be a folder of this user's that nobody else may enter (chmod 700)", abs)
	}
	return abs, nil
}

// maxSocketPath is what fits into sun_path with its final NUL on every Unix, see unix(7).
const maxSocketPath = 103

// shortName is the file that names the folder of the socket, where it doesn't lie in the data folder.
const shortName = "socket-folder"

// socketPath lies in the data folder, or, when that one's path is too long for a socket, in a folder of its own that a file in the
// data folder names. It has a name that nobody could know before, so that nobody can have taken it; fresh makes one if there is none.
func socketPath(dir string, fresh bool) (string, error) {
	if path := filepath.Join(dir, socketName); len(path) <= maxSocketPath {
		return path, nil
	}
	named, err := os.ReadFile(filepath.Join(dir, shortName))
	if err == nil && len(named) > 0 {
		_, err = privateDir(string(named))
	}
	short := string(named)
	if fresh && (err != nil || short == "") {
		if short, err = os.MkdirTemp("", "privacydesk-"); err == nil {
			err = os.WriteFile(filepath.Join(dir, shortName), []byte(short), 0o600)
		}
	}
	if err != nil {
		return "", err
	}
	path := filepath.Join(short, socketName)
	if len(path) > maxSocketPath {
		return "", fmt.Errorf("%s is too long for a unix socket; set TMPDIR to a shorter folder", path)
	}
	return path, nil
}
