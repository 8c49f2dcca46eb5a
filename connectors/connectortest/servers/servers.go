// Package servers starts real database servers as child processes, so that tests meet what production meets:
// redis-server, PostgreSQL and MariaDB, each with its data in a private temporary folder and its port on 127.0.0.1.
//
// A test asks for a server and needs not stop it:
//
//	redis := servers.Redis(t)                      // one of its own, gone when the test ends
//	dsn := servers.Postgres(t).CreateDatabase(t)   // one server a test process, one database a test
//
// A package whose tests use Postgres or MariaDB should end them gracefully:
//
//	func TestMain(m *testing.M) { os.Exit(servers.Main(m)) }
//
// Without it nothing leaks but a folder: on Linux the kernel kills the children with the test process, and the next
// start sweeps the folder away. [StartRedis], [StartPostgres] and [StartMariaDB] serve where there is no testing.TB, and
// tests that kill or pause a server which others would share.
//
// A test that looks for leaked goroutines must tolerate the one that guards each server:
// goleak.IgnoreAnyFunction("privacydesk/connectors/connectortest/servers.(*run).guard").
package servers

import (
	"context"
	"errors"
	"time"
)

// ErrNotInstalled is returned when a server's program is neither in PATH nor where distributions put it.
var ErrNotInstalled = errors.New("not installed; `make servers` installs what the tests need")

// startLimit bounds one server's start as the testing helpers ask for it: generous, because CI machines are slow and busy.
const startLimit = 2 * time.Minute

// stopLimit bounds an orderly stop before the server is killed.
const stopLimit = 20 * time.Second

func startContext(parent context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(parent, startLimit)
}
