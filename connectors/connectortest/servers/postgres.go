package servers

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// PostgresServer is a child PostgreSQL: UTF-8, locale C.UTF-8, the superuser "postgres" without a password. It survives Kill
// with all it has committed, and not a power cut (fsync is off).
type PostgresServer struct {
	*Process
	port      int
	databases atomic.Int64
}

// Postgres returns the test process's shared server, which the first call starts. Tests that kill, pause or overload it take
// StartPostgres.
func Postgres(tb testing.TB) *PostgresServer {
	tb.Helper()
	server, err := sharedPostgres()
	if err != nil {
		tb.Fatalf("servers: %v", err)
	}
	return server
}

// StartPostgres lays out a new server in dir, which must be empty, and starts it. ctx bounds the start; Stop or Kill end the
// server. As root it runs as the user postgres, or else nobody, who becomes the owner of dir and must be able to reach it.
// It returns an error that is ErrNotInstalled if PostgreSQL is missing.
func StartPostgres(ctx context.Context, dir string) (*PostgresServer, error) {
	initdb, err := program("initdb", postgresDirs(), systemDirs())
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL: %w", err)
	}
	owner, err := postgresAccount()
	if err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	if err := owner.own(dir); err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	data := filepath.Join(dir, "data")
	err = prepare(ctx, dir, owner, initdb, "--pgdata="+data, "--username=postgres", "--auth=trust", "--no-sync",
		"--no-instructions", "--encoding=UTF8", "--locale=C.UTF-8")
	if err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	var server *PostgresServer
	err = onFreePort(ctx, func(port int) error {
		server = newPostgres(filepath.Join(filepath.Dir(initdb), "postgres"), dir, data, port, owner)
		return server.Restart(ctx)
	})
	if err != nil {
		return nil, err
	}
	return server, nil
}

func postgresAccount() (account, error) { return lesserAccount("postgres", "nobody") }

func newPostgres(binary, dir, data string, port int, owner account) *PostgresServer {
	server := &PostgresServer{port: port}
	server.Process = &Process{
		name: "postgres", dir: dir, owner: owner,
		argv: []string{
			binary, "-D", data, "-p", strconv.Itoa(port),
			"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
			"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200",
			"-c", "timezone=UTC", "-c", "log_timezone=UTC",
		},
		orderly: syscall.SIGINT, // "fast": open sessions are rolled back and not waited for, see pg_ctl(1)
		ready:   func(ctx context.Context) error { return server.execute(ctx, "SELECT 1") },
	}
	return server
}

// Addr returns host:port, for proxies that stand in between.
func (s *PostgresServer) Addr() string { return address(s.port) }

// DSN returns the URL of a database, as the superuser. "postgres" is always there.
func (s *PostgresServer) DSN(database string) string {
	return "postgres://postgres@" + s.Addr() + "/" + database + "?sslmode=disable"
}

// CreateDatabase makes an empty database for this test and returns its DSN. It is dropped, connections and all, when the test
// ends, if the server runs then.
func (s *PostgresServer) CreateDatabase(tb testing.TB) string {
	tb.Helper()
	database := "test_" + strconv.FormatInt(s.databases.Add(1), 10)
	if err := s.execute(tb.Context(), "CREATE DATABASE "+database); err != nil {
		tb.Fatalf("servers: %v", err)
	}
	tb.Cleanup(func() {
		if !s.Running() {
			return
		}
		ctx, cancel := startContext(context.WithoutCancel(tb.Context()))
		defer cancel()
		if err := s.execute(ctx, "DROP DATABASE "+database+" WITH (FORCE)"); err != nil {
			tb.Errorf("servers: %v", err)
		}
	})
	return s.DSN(database)
}

func (s *PostgresServer) execute(ctx context.Context, statement string) (err error) {
	conn, err := pgx.Connect(ctx, s.DSN("postgres"))
	if err != nil {
		return fmt.Errorf("PostgreSQL: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("PostgreSQL: %s: %w", statement, err)
	}
	return nil
}
