package main

import (
	"bytes"
	"context"
	"database/sql"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"privacydesk/connectors/connectortest/servers"
)

// TestDemoTouchesNoFolderThatIsInUse: what a demo writes has the names that a
// real installation's files have, a master key that nobody can make again
// among them.
func TestDemoTouchesNoFolderThatIsInUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"privacydesk.yml", "master.key"} {
		writeFile(t, filepath.Join(dir, name), "precious")
	}
	var out bytes.Buffer
	code, stderr := command(t.Context(), &out, "demo", "--dir", dir)
	if code != 2 || !strings.Contains(stderr, "is not an empty folder") {
		t.Errorf("exit %d, %q; want 2 and a word on the folder", code, stderr)
	}
	for _, name := range []string{"privacydesk.yml", "master.key"} {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(text) != "precious" {
			t.Errorf("%s is now %q, %v", name, text, err)
		}
	}
	for _, name := range []string{filepath.Join(dir, "master.key"), filepath.Join(dir, "master.key", "below")} {
		if code, stderr := command(t.Context(), io.Discard, "demo", "--dir", name); code != 2 || !strings.Contains(stderr, "--dir: ") {
			t.Errorf("%s: exit %d, %q; want 2", name, code, stderr)
		}
	}
}

// TestDemoIsStopped as Ctrl-C does it: it says so, and leaves no server.
func TestDemoIsStopped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &trigger{words: "eight tickets filed", do: func(string) { cancel() }}
	code, stderr := command(ctx, out, "demo", "--dir", dir)
	if code != 1 || !strings.Contains(stderr, "stopped before the tickets had ended") || !strings.Contains(stderr, dir) {
		t.Errorf("exit %d, %q; want 1, that it was stopped, and where things lie", code, stderr)
	}
	if strings.Contains(out.String(), "did not end within") {
		t.Errorf("it blames the bound of its patience:\n%s", out.String())
	}
	socket := filepath.Join(dir, "data", "redis", "redis.sock")
	if conn, err := (&net.Dialer{}).DialContext(t.Context(), "unix", socket); err == nil {
		_ = conn.Close()
		t.Error("its redis-server still answers")
	}
}

// TestDemoRunsTwiceOnOneRedis, whose keys are its owner's to remove.
func TestDemoRunsTwiceOnOneRedis(t *testing.T) {
	t.Parallel()
	server := servers.Redis(t, servers.RedisConfig("appendonly", "yes"), servers.RedisConfig("appendfsync", "always"))
	for range 2 {
		var out bytes.Buffer
		if code, stderr := command(t.Context(), &out, "demo", "--json", "--dir", t.TempDir(), "--redis", server.URL()); code != 0 {
			t.Fatalf("exit %d, %q\n%s", code, stderr, out.String())
		}
		if got := object(t, out.String())["redis"]; got != "url" {
			t.Errorf("redis %v, want url", got)
		}
	}
}

// played is a demo whose tickets have ended and that was not judged yet.
func played(t *testing.T) *demo {
	t.Helper()
	d := &demo{
		cmd: demoCmd{Dir: t.TempDir(), JSON: true}, s: &surroundings{env: os.LookupEnv, stdout: io.Discard, stderr: io.Discard},
		say: io.Discard, dbs: map[string]*sql.DB{}, before: map[string]map[string][]string{},
	}
	t.Cleanup(func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
	for _, step := range []func(context.Context) error{d.prepare, d.startZendesk, d.createSystems, d.startDaemon, d.fileTickets, d.await} {
		if err := step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// TestRule10_DemoScansEveryPlace plants the deleted person in each place that
// the demo scans, and takes her out again: each plant alone turns the verdict.
func TestRule10_DemoScansEveryPlace(t *testing.T) {
	t.Parallel()
	d := played(t)
	jane := demoJane()
	judged := func() *demoResult {
		t.Helper()
		r, err := d.judge(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	exec := func(system, stmt string, args ...any) {
		t.Helper()
		_, err := d.dbs[system].ExecContext(t.Context(), stmt, args...)
		must(err)
	}
	for _, c := range []struct {
		place         string
		plant, remove func()
	}{
		{"file " + d.logPath, func() {
			_, err := d.log.WriteString("{\"msg\":\"" + strings.ToUpper(jane.Email) + "\"}\n")
			must(err)
		}, func() { must(os.Truncate(d.logPath, 0)) }},
		{"file " + filepath.Join(d.app.cfg.DataDir, "spool", "left"), func() {
			must(os.WriteFile(filepath.Join(d.app.cfg.DataDir, "spool", "left"), []byte(jane.Phone()), 0o600))
		}, func() { must(os.Remove(filepath.Join(d.app.cfg.DataDir, "spool", "left"))) }},
		{
			"table warehouse.lead_feature",
			func() { exec("warehouse", "INSERT INTO lead_feature VALUES (999, 'acme', '', ?, 1)", jane.Name) },
			func() { exec("warehouse", "DELETE FROM lead_feature WHERE row_id = 999") },
		},
		{
			"file " + filepath.Join(d.dir, "systems", "left"), // what a delete left beside its rows
			func() { must(os.WriteFile(filepath.Join(d.dir, "systems", "left"), []byte(jane.TaxID()), 0o600)) },
			func() { must(os.Remove(filepath.Join(d.dir, "systems", "left"))) },
		},
		{
			"table crm.sales_order", // in a column that no map calls hers
			func() { exec("crm", "UPDATE sales_order SET item = ? WHERE id = 1011", jane.Name) },
			func() { exec("crm", "UPDATE sales_order SET item = 'Annual licence' WHERE id = 1011") },
		},
		{
			"Redis key dead:1", // the last: its trace stays in the file that Redis keeps
			func() { must(d.app.redis.HSet(t.Context(), "dead:1", "to", jane.Email).Err()) }, func() {},
		},
	} {
		if r := judged(); !r.OK || r.Leaks != 0 {
			t.Fatalf("before %s: ok %v, leaks in %v, %v", c.place, r.OK, r.places, r.problems)
		}
		c.plant()
		if r := judged(); r.OK || r.Leaks == 0 || !strings.Contains(strings.Join(r.places, "\n"), c.place) {
			t.Errorf("%s: ok %v, leaks in %v", c.place, r.OK, r.places)
		}
		c.remove()
	}
}
