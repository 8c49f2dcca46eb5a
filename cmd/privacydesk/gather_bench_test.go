package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"privacydesk/bot"
	"privacydesk/bot/report"
	"privacydesk/bot/spool"
	"privacydesk/connectors"
	"privacydesk/connectors/all"
	"privacydesk/connectors/connectortest/servers"
	"privacydesk/connectors/sqldb"
)

// The people of the benchmark, and how many events each has.
const (
	manyEvents = 1_000_000
	fewEvents  = 10_000

	manyEmail = "many@example.com"
	fewEmail  = "few@example.com"
)

// How the benchmark's process tells the one that it starts what to do.
const (
	gatherDSN   = "PRIVACYDESK_BENCH_GATHER_DSN"
	gatherEmail = "PRIVACYDESK_BENCH_GATHER_EMAIL"
	gatherOut   = "PRIVACYDESK_BENCH_GATHER_OUT"
)

// gathered is what a gathering process says of itself.
type gathered struct {
	Rows    int64
	Gather  time.Duration // from the database into the encrypted spool
	Archive time.Duration // from the spool into the archive, in the spool too
	Bytes   int64         // of the archive
	Peak    int64         // resident memory, in bytes
}

// BenchmarkGatherReport gathers a million rows from PostgreSQL into a report,
// the whole way: connector, encrypted spool, archive. The baseline is psql's
// \copy of the same rows in the same order to a plain file. It works in a
// process of its own, so that the peak of the memory is that of the work.
func BenchmarkGatherReport(b *testing.B) {
	if os.Getenv(gatherOut) != "" {
		gatherOnce(b)
		return
	}
	dsn := fillGatherDatabase(b)
	var many, few gathered
	var copied time.Duration
	for b.Loop() {
		before := psqlCopy(b, dsn)
		many = gatherProcess(b, dsn, manyEmail)
		copied = (before + psqlCopy(b, dsn)) / 2
		few = gatherProcess(b, dsn, fewEmail)
	}
	if many.Rows != manyEvents+1 || few.Rows != fewEvents+1 {
		b.Fatalf("%d and %d rows were gathered; %d and %d are there", many.Rows, few.Rows, manyEvents+1, fewEvents+1)
	}
	b.ReportMetric(copied.Seconds(), "copy-s")
	b.ReportMetric(many.Gather.Seconds(), "gather-s")
	b.ReportMetric(many.Archive.Seconds(), "archive-s")
	b.ReportMetric(many.Gather.Seconds()/copied.Seconds(), "x-copy-gather")
	b.ReportMetric((many.Gather+many.Archive).Seconds()/copied.Seconds(), "x-copy")
	b.ReportMetric(float64(many.Bytes)/1e6, "archive-MB")
	b.ReportMetric(float64(many.Peak)/(1<<20), "peak-MiB")
	b.ReportMetric(float64(few.Peak)/(1<<20), "peak-MiB-10k-rows")
	b.ReportMetric(0, "ns/op") // the sum of all that is reported above
}

// fillGatherDatabase makes a database in which one person has a million
// events, one ten thousand and a third another million, row beside row.
func fillGatherDatabase(b *testing.B) string {
	b.Helper()
	dsn := servers.Postgres(b).CreateDatabase(b)
	conn, err := pgx.Connect(b.Context(), dsn)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(b.Context())) }()
	for _, statement := range []string{
		`CREATE TABLE person (id bigint PRIMARY KEY, tenant text NOT NULL, email text NOT NULL)`,
		`INSERT INTO person VALUES (0, 'acme', '` + manyEmail + `'), (1, 'acme', 'other@example.com'), (2, 'acme', '` + fewEmail + `')`,
		`CREATE TABLE event (id bigint NOT NULL, tenant text NOT NULL, person_id bigint NOT NULL, kind text NOT NULL, at timestamptz NOT NULL, payload text NOT NULL)`,
		fmt.Sprintf(`INSERT INTO event SELECT n, 'acme', CASE WHEN n > %d THEN 2 ELSE n %% 2 END, 'page_view', timestamptz '2026-01-01' + n * interval '1 second',
			'{"path": "/articles/' || n || '", "referrer": "https://search.example/?q=' || md5(n::text) || '"}' FROM generate_series(1, %d) AS n`,
			2*manyEvents, 2*manyEvents+fewEvents),
		`ALTER TABLE event ADD PRIMARY KEY (id), ADD FOREIGN KEY (person_id) REFERENCES person (id)`,
		`CREATE INDEX ON event (person_id)`,
		`VACUUM ANALYZE event`,
	} {
		if _, err := conn.Exec(b.Context(), statement); err != nil {
			b.Fatal(err)
		}
	}
	return dsn
}

func psqlCopy(b *testing.B, dsn string) time.Duration {
	b.Helper()
	file := filepath.Join(b.TempDir(), "rows.csv")
	start := time.Now()
	cmd := exec.CommandContext(b.Context(), "psql", dsn, "-qXc",
		`\copy (SELECT id, person_id, kind, at, payload FROM event WHERE tenant = 'acme' AND person_id = 0 ORDER BY id) TO '`+file+`' CSV HEADER`)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("psql: %v: %s", err, out)
	}
	took := time.Since(start)
	text, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	if n := bytes.Count(text, []byte("\n")) - 1; n != manyEvents {
		b.Fatalf("psql copied %d rows, not %d", n, manyEvents)
	}
	return took
}

// gatherProcess starts this test binary anew, to gather for one person.
func gatherProcess(b *testing.B, dsn, email string) gathered {
	b.Helper()
	out := filepath.Join(b.TempDir(), "gathered.json")
	cmd := exec.CommandContext(b.Context(), os.Args[0], "-test.run=^$", "-test.bench=^BenchmarkGatherReport$", "-test.benchtime=1x")
	cmd.Env = append(os.Environ(), gatherDSN+"="+dsn, gatherEmail+"="+email, gatherOut+"="+out)
	if text, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("the gathering process: %v: %s", err, text)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		b.Fatal(err)
	}
	var g gathered
	if err := json.Unmarshal(text, &g); err != nil {
		b.Fatal(err)
	}
	return g
}

// gatherOnce is what such a process does.
func gatherOnce(b *testing.B) {
	g, err := gatherReport(b.Context(), b.TempDir(), os.Getenv(gatherDSN), os.Getenv(gatherEmail))
	if err != nil {
		b.Fatal(err)
	}
	if g.Peak, err = processMemory(os.Getpid(), "VmHWM"); err != nil {
		b.Fatal(err)
	}
	text, err := json.Marshal(g)
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(os.Getenv(gatherOut), text, 0o600); err != nil {
		b.Fatal(err)
	}
}

// gatherReport does what the engine does for an access request in one system.
func gatherReport(ctx context.Context, dir, dsn, email string) (g gathered, err error) {
	conn, err := openBig(ctx, dsn)
	if err != nil {
		return g, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	reporter, err := openReporter(ctx, dir)
	if err != nil {
		return g, err
	}
	job := &connectors.Job{ID: gatherRequest + "/big", Subject: connectors.Subject{Tenant: "acme", Identities: []connectors.Identity{
		{Type: connectors.Email, Value: connectors.Text(email)},
	}}}
	if err := errors.Join(conn.Locate(ctx, []*connectors.Job{job}), job.Err()); err != nil {
		return g, err
	}
	start := time.Now()
	sink, err := reporter.Sink(ctx, gatherRequest, "big", "1")
	if err != nil {
		return g, err
	}
	job.Sink = sink
	if err := errors.Join(conn.Gather(ctx, []*connectors.Job{job}), job.Err()); err != nil {
		return g, err
	}
	name, rows, err := sink.Commit(ctx)
	if err != nil {
		return g, err
	}
	g.Gather = time.Since(start)
	start = time.Now()
	files, err := reporter.Access(ctx, reportOf(conn, job, name, rows), 50_000_000, 10)
	g.Archive = time.Since(start)
	for _, n := range rows {
		g.Rows += n
	}
	for _, f := range files {
		g.Bytes += f.Size
	}
	return g, err
}

const gatherRequest = "t1"

func openBig(ctx context.Context, dsn string) (connectors.Connector, error) {
	kinds, err := all.Kinds()
	if err != nil {
		return nil, err
	}
	kind := kinds["postgres"]
	o, ok := kind.Options().(*sqldb.Options)
	if !ok {
		return nil, errors.New("postgres takes other options")
	}
	o.DSN, o.Dataset = dsn, []string{"../../connectors/sqldb/testdata/big.yml"}
	return kind.Open(ctx, connectors.Env{System: "big", Clock: time.Now, MaxKeys: 100_000, ReadFile: os.ReadFile}, o)
}

func openReporter(ctx context.Context, dir string) (*report.Reporter, error) {
	keys, err := spool.OpenKeys(spool.KeysOptions{
		Dir: filepath.Join(dir, "keys"), Masters: []spool.MasterKey{{ID: "m1", Key: bytes.Repeat([]byte{7, 8}, spool.KeySize/2)}}, Clock: time.Now,
	})
	if err != nil {
		return nil, err
	}
	if err := keys.Create(ctx, gatherRequest); err != nil {
		return nil, err
	}
	folder, err := spool.Open(spool.Options{Dir: filepath.Join(dir, "spool")}, keys)
	if err != nil {
		return nil, err
	}
	return report.New(folder, keys, report.Options{})
}

func reportOf(conn connectors.Connector, job *connectors.Job, name string, rows map[string]int64) bot.ReportInput {
	now := time.Now()
	state := bot.System{Gather: name}
	for _, c := range conn.Profile().Collections {
		t := bot.Tally{Collection: c.Name, Action: c.Action, Gathered: rows[c.Name]}
		if set := job.Finding.Set(c.Name); set != nil {
			t.Before = set.Counts
		}
		state.Sets = append(state.Sets, t)
	}
	return bot.ReportInput{
		Case: bot.Case{
			ID: gatherRequest, Ticket: 1, Kind: bot.KindAccess, Tenant: "acme", Arrived: now,
			Pseudonym: bot.Pseudonym{Key: "k1", MAC: strings.Repeat("ab", 32)}, Head: strings.Repeat("cd", 32), Seq: 12,
		},
		Subject: job.Subject.Identities[0].Value.String(), At: now, Version: version,
		Systems: []bot.ReportSystem{{Name: "big", Label: "Big", Profile: conn.Profile(), State: state, Outcome: bot.OutcomeGathered}},
	}
}
