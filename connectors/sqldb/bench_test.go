package sqldb_test

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"privacydesk/connectors"
)

// benchMap is a product's table of events, of which a person has very many.
//
//go:embed testdata/big.yml
var benchMap string

// benchRows is how many rows the subject has: PRIVACYDESK_BENCH_ROWS, or a
// million. As many belong to others.
func benchRows(b *testing.B) int {
	b.Helper()
	text := os.Getenv("PRIVACYDESK_BENCH_ROWS")
	if text == "" {
		return 1_000_000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		b.Fatalf("PRIVACYDESK_BENCH_ROWS is %q, not a number of rows", text)
	}
	return n
}

func benchWorld(b *testing.B) (*world, connectors.Connector) {
	b.Helper()
	w := engines()[1].world(b)
	w.exec(b, `CREATE TABLE person (id bigint PRIMARY KEY, tenant text NOT NULL, email text NOT NULL)`)
	w.exec(b, `INSERT INTO person VALUES (1, 'acme', 'ann@example.com'), (2, 'acme', 'bob@example.com')`)
	w.exec(b, `CREATE TABLE event (id bigint PRIMARY KEY, tenant text NOT NULL, person_id bigint NOT NULL REFERENCES person (id),
		kind text NOT NULL, at timestamptz NOT NULL, payload text NOT NULL)`)
	w.exec(b, `CREATE INDEX ON event (person_id)`)
	return w, w.open(b, benchMap, nil)
}

func (w *world) fillEvents(b *testing.B, rows int) {
	b.Helper()
	w.exec(b, `TRUNCATE event`)
	w.exec(b, fmt.Sprintf(`INSERT INTO event SELECT n, 'acme', 1 + n %% 2, 'page_view', timestamptz '2026-01-01' + n * interval '1 second',
		'{"path": "/articles/' || n || '", "referrer": "https://search.example/?q=' || md5(n::text) || '"}' FROM generate_series(1, %d) AS n`, 2*rows))
	w.exec(b, `VACUUM ANALYZE event`)
}

func benchJob(b *testing.B, c connectors.Connector) *connectors.Job {
	b.Helper()
	j := &connectors.Job{
		ID: "run",
		Subject: connectors.Subject{Tenant: "acme", Identities: []connectors.Identity{
			{Type: connectors.Email, Value: connectors.Text("ann@example.com")},
		}},
		Guard: connectors.GuardFunc(func(context.Context) error { return nil }),
	}
	mustJob(b, c.Locate(b.Context(), []*connectors.Job{j}), j)
	return j
}

func mustJob(tb testing.TB, err error, j *connectors.Job) {
	tb.Helper()
	if err == nil {
		err = j.Err()
	}
	if err != nil {
		tb.Fatal(err)
	}
}

// counting is a sink that counts what it is given.
type counting struct{ rows, bytes int }

func (s *counting) Table(context.Context, connectors.Schema) (connectors.Table, error) { return s, nil }

func (s *counting) Media(context.Context, connectors.Media, io.Reader) error { return nil }

func (s *counting) Row(cells []connectors.Cell) error {
	s.rows++
	for _, c := range cells {
		s.bytes += len(c.Text)
	}
	return nil
}

func (*counting) Close() error { return nil }

// BenchmarkGather reads a subject's rows, and compares with psql's \copy of
// the same rows to a file.
func BenchmarkGather(b *testing.B) {
	rows := benchRows(b)
	w, c := benchWorld(b)
	w.fillEvents(b, rows)
	j := benchJob(b, c)
	var ours, theirs time.Duration
	for b.Loop() {
		theirs += psqlCopy(b, w.dsn)
		sink := &counting{}
		j.Sink = sink
		start := b.Elapsed()
		mustJob(b, c.Gather(b.Context(), []*connectors.Job{j}), j)
		ours += b.Elapsed() - start
		if sink.rows != rows+1 {
			b.Fatalf("%d rows gathered, want %d", sink.rows, rows+1)
		}
	}
	b.ReportMetric(float64(rows*b.N)/ours.Seconds(), "rows/s")
	b.ReportMetric(ours.Seconds()/theirs.Seconds(), "×copy")
}

func psqlCopy(b *testing.B, dsn string) time.Duration {
	b.Helper()
	file := filepath.Join(b.TempDir(), "rows.csv")
	start := b.Elapsed()
	cmd := exec.CommandContext(b.Context(), "psql", dsn, "-qc",
		`\copy (SELECT id, person_id, kind, at, payload FROM event WHERE tenant = 'acme' AND person_id = 1 ORDER BY id) TO '`+file+`' CSV`)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("psql: %v: %s", err, out)
	}
	return b.Elapsed() - start
}

// BenchmarkErase deletes a subject's rows, and compares with the DELETE that
// a person would write for each table.
func BenchmarkErase(b *testing.B) {
	rows := benchRows(b)
	w, c := benchWorld(b)
	var ours, theirs time.Duration
	for b.Loop() {
		w.exec(b, `INSERT INTO person VALUES (1, 'acme', 'ann@example.com') ON CONFLICT DO NOTHING`)
		w.fillEvents(b, rows)
		start := b.Elapsed()
		w.exec(b, `DELETE FROM event WHERE tenant = 'acme' AND person_id = 1`)
		w.exec(b, `DELETE FROM person WHERE tenant = 'acme' AND id = 1`)
		theirs += b.Elapsed() - start

		w.exec(b, `INSERT INTO person VALUES (1, 'acme', 'ann@example.com')`)
		w.fillEvents(b, rows)
		j := benchJob(b, c)
		start = b.Elapsed()
		mustJob(b, c.Erase(b.Context(), []*connectors.Job{j}), j)
		ours += b.Elapsed() - start
		if left := w.query(b, `SELECT count(*) AS n FROM event`)[0]["n"]; left != int64(rows) {
			b.Fatalf("%v rows left, want %d", left, rows)
		}
	}
	b.ReportMetric(float64(rows*b.N)/ours.Seconds(), "rows/s")
	b.ReportMetric(ours.Seconds()/theirs.Seconds(), "×delete")
}
