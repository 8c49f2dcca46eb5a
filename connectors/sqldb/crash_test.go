package sqldb_test

import (
	"context"
	"testing"

	"privacydesk/connectors"
	"privacydesk/connectors/connectortest/servers"
)

// crashable is a server of the test's own.
type crashable interface {
	Kill() error
	Restart(ctx context.Context) error
	CreateDatabase(tb testing.TB) string
}

// TestServerKilledWithinABatch: what was committed is gone, what was not is
// there, and a further attempt finishes.
func TestServerKilledWithinABatch(t *testing.T) {
	start := map[string]func(dir string) (crashable, error){
		"postgres": func(dir string) (crashable, error) { return servers.StartPostgres(t.Context(), dir) },
		"mysql":    func(dir string) (crashable, error) { return servers.StartMariaDB(t.Context(), dir) },
	}
	for _, e := range engines() {
		if start[e.kind] == nil {
			continue
		}
		t.Run(e.kind, func(t *testing.T) {
			server, err := start[e.kind](serverDir(t))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = server.Kill() }()
			e.create = server.CreateDatabase
			w := e.world(t)
			w.person(t)
			w.make(t, `CREATE TABLE note (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, person_id NUMBER)`,
				`INSERT INTO note VALUES (1, 'acme', 1), (2, 'acme', 1), (3, 'acme', 1), (4, 'acme', 3)`)
			c := w.open(t, personMap(collection("note", "on_delete: delete", fieldID, fieldTenant, fieldRef("person_id", "person.id"))), batchOf(1))
			j := locate(t, c, subject("ann@example.com"))
			asked := 0
			j.Guard = connectors.GuardFunc(func(context.Context) error {
				if asked++; asked == 5 { // twice a batch
					return server.Kill()
				}
				return nil
			})
			if err := c.Erase(t.Context(), []*connectors.Job{j}); err != nil || connectors.KindOf(j.Err()) != connectors.Transient {
				t.Errorf("call %v, job %v; want that the job may be tried again", err, j.Err())
			}
			if err := server.Restart(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.database = e.connect(t, w.dsn)
			if got := len(w.dump(t, "note")); got != 2 {
				t.Errorf("%d notes left, want that two batches were committed and the third was not", got)
			}
			second := subject("ann@example.com")
			second.Finding = j.Finding
			locate(t, c, second)
			erase(t, c, second)
			if got := w.left(t, "note", "id") + " " + w.left(t, "person", "id"); got != "4 2,3" {
				t.Errorf("left: %s", got)
			}
		})
	}
}
