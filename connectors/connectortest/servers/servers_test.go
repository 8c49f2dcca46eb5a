package servers

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

func TestMain(m *testing.M) {
	if os.Getenv(victimVariable) != "" {
		os.Exit(beVictim())
	}
	os.Exit(Main(m))
}

func TestRedisSurvivesKill(t *testing.T) {
	server := Redis(t)
	for _, address := range []redis.Options{{Addr: server.Addr()}, {Network: "unix", Addr: server.Socket()}} {
		client := newClient(t, &address)
		if err := client.Set(t.Context(), "key", address.Addr, 0).Err(); err != nil {
			t.Fatal(err)
		}
		restartAfterKill(t, server.Process)
		if got, err := client.Get(t.Context(), "key").Result(); err != nil || got != address.Addr {
			t.Fatalf("after kill and restart the key is %q, %v; want %q", got, err, address.Addr)
		}
	}
}

func TestRedisIsConfiguredToKeepEverything(t *testing.T) {
	client := newClient(t, &redis.Options{Addr: Redis(t).Addr()})
	want := map[string]string{"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction", "save": ""}
	for name, value := range want {
		got, err := client.ConfigGet(t.Context(), name).Result()
		if err != nil || got[name] != value {
			t.Errorf("%s is %q, %v; want %q", name, got[name], err, value)
		}
	}
}

func TestRedisConfigOverrides(t *testing.T) {
	server := Redis(t, RedisConfig("maxmemory-policy", "allkeys-lru"), RedisConfig("requirepass", "open"))
	options, err := redis.ParseURL(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	options.Password = "open"
	got, err := newClient(t, options).ConfigGet(t.Context(), "maxmemory-policy").Result()
	if err != nil || got["maxmemory-policy"] != "allkeys-lru" {
		t.Fatalf("maxmemory-policy is %v, %v", got, err)
	}
}

func TestRedisConfigError(t *testing.T) {
	_, err := StartRedis(t.Context(), testWorkspace(t, account{}), RedisConfig("no-such-directive", "1"))
	if err == nil || errors.Is(err, ErrNotInstalled) {
		t.Fatalf("got %v, want the error that redis-server wrote", err)
	}
}

func TestRedisPause(t *testing.T) {
	server := Redis(t)
	client := newClient(t, &redis.Options{Addr: server.Addr(), MaxRetries: -1, ReadTimeout: 50 * time.Millisecond})
	answers(t, server.Process, func(ctx context.Context) error { return client.Ping(ctx).Err() })
}

func TestPostgresSurvivesKill(t *testing.T) {
	server, err := StartPostgres(t.Context(), testWorkspace(t, mustAccount(t, postgresAccount)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { killOrFail(t, server.Process) })
	dsn := server.CreateDatabase(t)
	conn := connect(t, dsn)
	if _, err := conn.Exec(t.Context(), "CREATE TABLE person AS SELECT 42 AS id"); err != nil {
		t.Fatal(err)
	}
	restartAfterKill(t, server.Process)
	if err := conn.Ping(t.Context()); err == nil {
		t.Error("a connection outlived the kill")
	}
	var id int
	if err := connect(t, dsn).QueryRow(t.Context(), "SELECT id FROM person").Scan(&id); err != nil || id != 42 {
		t.Fatalf("after kill and restart the row is %d, %v; want 42", id, err)
	}
}

func TestPostgresPauseFreezesOpenConnections(t *testing.T) {
	server, err := StartPostgres(t.Context(), testWorkspace(t, mustAccount(t, postgresAccount)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { killOrFail(t, server.Process) })
	conn := connect(t, server.DSN("postgres"))
	if err := server.Pause(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- conn.Ping(t.Context()) }()
	timer := time.NewTimer(50 * time.Millisecond)
	defer timer.Stop()
	select {
	case err := <-done:
		t.Fatalf("a paused server answered (%v) on an open connection", err)
	case <-timer.C:
	}
	if err := server.Continue(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatalf("the question that was open while the server was paused failed: %v", err)
	}
}

func TestPostgresDatabasesAreSeparate(t *testing.T) {
	server := Postgres(t)
	first, second := connect(t, server.CreateDatabase(t)), connect(t, server.CreateDatabase(t))
	for _, conn := range []*pgx.Conn{first, second} {
		if _, err := conn.Exec(t.Context(), "CREATE TABLE person (id int)"); err != nil {
			t.Fatal(err)
		}
	}
	var lower string
	if err := first.QueryRow(t.Context(), "SELECT lower('JOSÉ')").Scan(&lower); err != nil || lower != "josé" {
		t.Fatalf("lower('JOSÉ') is %q, %v: the locale isn't UTF-8", lower, err)
	}
	if Postgres(t) != server {
		t.Error("the second call started a second server")
	}
}

func TestCreateDatabaseIsDroppedAfterTheTest(t *testing.T) {
	var dsn string
	t.Run("inner", func(t *testing.T) {
		dsn = Postgres(t).CreateDatabase(t)
		connect(t, dsn) // stays open while the database is dropped
	})
	conn, err := pgx.Connect(t.Context(), dsn)
	if err == nil {
		t.Fatalf("the database is still there: %v", conn.Close(t.Context()))
	}
}

func TestMariaDBSurvivesKill(t *testing.T) {
	server, err := StartMariaDB(t.Context(), testWorkspace(t, mustAccount(t, mariadbAccount)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { killOrFail(t, server.Process) })
	db := open(t, server.CreateDatabase(t))
	for _, statement := range []string{"CREATE TABLE person (id int PRIMARY KEY)", "INSERT INTO person VALUES (42)"} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	restartAfterKill(t, server.Process)
	var id int
	if err := db.QueryRowContext(t.Context(), "SELECT id FROM person").Scan(&id); err != nil || id != 42 {
		t.Fatalf("after kill and restart the row is %d, %v; want 42", id, err)
	}
	restartInOrder(t, server.Process)
	if err := db.PingContext(t.Context()); err != nil {
		t.Fatalf("after an orderly restart: %v", err)
	}
}

func TestMariaDBCollatesLoosely(t *testing.T) {
	db := open(t, MariaDB(t).CreateDatabase(t))
	var engine, equal string
	err := db.QueryRowContext(t.Context(), "SELECT @@default_storage_engine, CONVERT('josé' USING utf8mb4) = 'JOSE' COLLATE utf8mb4_general_ci").Scan(&engine, &equal)
	if err != nil || engine != "InnoDB" || equal != "1" {
		t.Fatalf("engine %q, josé = JOSE is %q, %v", engine, equal, err)
	}
}

// answers checks that ask succeeds, fails while the server is paused, and succeeds again after.
func answers(t *testing.T, server *Process, ask func(context.Context) error) {
	t.Helper()
	if err := ask(t.Context()); err != nil {
		t.Fatalf("before the pause: %v", err)
	}
	if err := server.Pause(); err != nil {
		t.Fatal(err)
	}
	if err := ask(t.Context()); err == nil {
		t.Fatal("a paused server answered")
	}
	if err := server.Continue(); err != nil {
		t.Fatal(err)
	}
	if err := ask(t.Context()); err != nil {
		t.Fatalf("after the pause: %v", err)
	}
}

func restartAfterKill(t *testing.T, server *Process) {
	t.Helper()
	killOrFail(t, server)
	if server.Running() {
		t.Fatal("the server runs after Kill")
	}
	if err := server.Pause(); err == nil {
		t.Error("Pause of a dead server succeeded")
	}
	restartInOrder(t, server)
}

func restartInOrder(t *testing.T, server *Process) {
	t.Helper()
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func killOrFail(t *testing.T, server *Process) {
	t.Helper()
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
}

func testWorkspace(t *testing.T, owner account) string {
	t.Helper()
	space, err := newWorkspace(os.TempDir(), owner)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := space.remove(); err != nil {
			t.Error(err)
		}
	})
	return space.dir
}

func mustAccount(t *testing.T, choose func() (account, error)) account {
	t.Helper()
	owner, err := choose()
	if err != nil {
		t.Fatal(err)
	}
	return owner
}

func newClient(t *testing.T, options *redis.Options) *redis.Client {
	t.Helper()
	client := redis.NewClient(options)
	t.Cleanup(func() {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	})
	return client
}

// connect returns a connection that is closed after the test; servers may be gone by then.
func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	config.Logger = &mysql.NopLogger{} // broken connections are what these tests are about
	connector, err := mysql.NewConnector(config)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}
