package servers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
)

// The servers that a test process shares. They are package variables because go test gives a process no other place that
// all its tests reach; each is written once, by the first test that asks.
var (
	postgres shared[*PostgresServer]
	mariadb  shared[*MariaDBServer]
)

// shared is a server that is started by the first who asks, and the folder that goes with it.
type shared[S interface{ Kill() error }] struct {
	once   sync.Once
	space  *workspace
	server S
	err    error
}

func (s *shared[S]) get(owner func() (account, error), start func(context.Context, string) (S, error)) (S, error) {
	s.once.Do(func() { s.err = s.start(owner, start) })
	return s.server, s.err
}

func (s *shared[S]) start(owner func() (account, error), start func(context.Context, string) (S, error)) error {
	who, err := owner()
	if err != nil {
		return err
	}
	if s.space, err = newWorkspace(os.TempDir(), who); err != nil {
		return err
	}
	ctx, cancel := startContext(context.Background())
	defer cancel()
	s.server, err = start(ctx, s.space.dir)
	return err
}

// close ends the server, if there is one, and removes its data. A server that nobody reads from again is killed, not stopped.
func (s *shared[S]) close() error {
	s.once.Do(func() { s.err = errors.New("the tests are over") })
	var err error
	if s.err == nil {
		err = s.server.Kill()
	}
	if s.space != nil {
		err = errors.Join(err, s.space.remove())
	}
	return err
}

func sharedPostgres() (*PostgresServer, error) { return postgres.get(postgresAccount, StartPostgres) }

func sharedMariaDB() (*MariaDBServer, error) { return mariadb.get(mariadbAccount, StartMariaDB) }

// Main runs a package's tests, then ends the shared servers and removes their data. It returns the code to exit with.
func Main(m *testing.M) int {
	code := m.Run()
	if err := errors.Join(postgres.close(), mariadb.close()); err != nil {
		fmt.Fprintf(os.Stderr, "servers: %v\n", err)
		return max(code, 1)
	}
	return code
}
