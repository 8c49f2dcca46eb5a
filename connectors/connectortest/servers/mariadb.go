package servers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/go-sql-driver/mysql"
)

// MariaDBServer is a child MariaDB: InnoDB, utf8mb4 with its usual collation utf8mb4_general_ci (to which é and e are equal),
// the user "root" without a password. It survives Kill with all it has committed, and not a power cut.
type MariaDBServer struct {
	*Process
	port      int
	databases atomic.Int64
}

// MariaDB returns the test process's shared server, which the first call starts. Tests that kill, pause or overload it take
// StartMariaDB.
func MariaDB(tb testing.TB) *MariaDBServer {
	tb.Helper()
	server, err := sharedMariaDB()
	if err != nil {
		tb.Fatalf("servers: %v", err)
	}
	return server
}

// StartMariaDB lays out a new server in dir, which must be empty, and starts it. ctx bounds the start; Stop or Kill end the
// server. As root it runs as the user mysql, or else nobody, who becomes the owner of dir and must be able to reach it.
// It returns an error that is ErrNotInstalled if MariaDB is missing.
func StartMariaDB(ctx context.Context, dir string) (*MariaDBServer, error) {
	daemon, err := program("mariadbd", nil, systemDirs())
	if err != nil {
		return nil, err
	}
	install, err := program("mariadb-install-db", nil, systemDirs())
	if err != nil {
		return nil, err
	}
	owner, err := mariadbAccount()
	if err != nil {
		return nil, fmt.Errorf("start MariaDB: %w", err)
	}
	if err := owner.own(dir); err != nil {
		return nil, fmt.Errorf("start MariaDB: %w", err)
	}
	data := filepath.Join(dir, "data")
	err = prepare(ctx, dir, owner, install, "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal",
		"--skip-test-db", "--skip-name-resolve", "--innodb-log-file-size="+mariadbLogSize)
	if err != nil {
		return nil, fmt.Errorf("start MariaDB: %w", err)
	}
	var server *MariaDBServer
	err = onFreePort(ctx, func(port int) error {
		server = newMariaDB(daemon, dir, data, port, owner)
		return server.Restart(ctx)
	})
	if err != nil {
		return nil, err
	}
	return server, nil
}

// mariadbLogSize keeps the data folder small: 96 MB of it are the log by default.
const mariadbLogSize = "16M"

func mariadbAccount() (account, error) { return lesserAccount("mysql", "nobody") }

func newMariaDB(binary, dir, data string, port int, owner account) *MariaDBServer {
	server := &MariaDBServer{port: port}
	server.Process = &Process{
		name: "mariadbd", dir: dir, owner: owner,
		argv: []string{
			binary, "--no-defaults", "--datadir=" + data, "--tmpdir=" + dir,
			"--skip-networking=0", "--bind-address=127.0.0.1", "--port=" + strconv.Itoa(port),
			"--socket=" + filepath.Join(dir, "sock"), "--pid-file=" + filepath.Join(dir, "pid"), "--skip-name-resolve",
			"--character-set-server=utf8mb4", "--collation-server=utf8mb4_general_ci", "--default-time-zone=+00:00",
			"--innodb-log-file-size=" + mariadbLogSize, "--innodb-buffer-pool-size=64M",
			// Each commit reaches the operating system, which survives the server; only a power cut would lose it.
			"--innodb-flush-log-at-trx-commit=2", "--innodb-doublewrite=0", "--max-connections=200",
		},
		orderly: syscall.SIGTERM,
		ready:   func(ctx context.Context) error { return server.execute(ctx, "SELECT 1") },
	}
	return server
}

// Addr returns host:port, for proxies that stand in between.
func (s *MariaDBServer) Addr() string { return address(s.port) }

// DSN returns the data source name of a database for go-sql-driver/mysql, as root; "" is no database.
func (s *MariaDBServer) DSN(database string) string { return s.config(database).FormatDSN() }

func (s *MariaDBServer) config(database string) *mysql.Config {
	config := mysql.NewConfig()
	config.User, config.Net, config.Addr, config.DBName = "root", "tcp", s.Addr(), database
	return config
}

// CreateDatabase makes an empty database for this test and returns its DSN. It is dropped when the test ends, if the server
// runs then.
func (s *MariaDBServer) CreateDatabase(tb testing.TB) string {
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
		if err := s.execute(ctx, "DROP DATABASE "+database); err != nil {
			tb.Errorf("servers: %v", err)
		}
	})
	return s.DSN(database)
}

func (s *MariaDBServer) execute(ctx context.Context, statement string) (err error) {
	config := s.config("")
	config.Logger = &mysql.NopLogger{} // it would print each attempt to reach a server that isn't up yet
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return fmt.Errorf("MariaDB: %w", err)
	}
	db := sql.OpenDB(connector)
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("MariaDB: %s: %w", statement, err)
	}
	return nil
}
