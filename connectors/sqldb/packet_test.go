package sqldb_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"privacydesk/connectors"
	"privacydesk/connectors/connectortest"
)

// TestBatchesFitIntoTheServersPackets: a server that takes small statements is
// noted, and what is to be erased is erased.
func TestBatchesFitIntoTheServersPackets(t *testing.T) {
	w := only(t, "mysql")
	var before string
	for _, r := range w.query(t, `SELECT CAST(@@global.max_allowed_packet AS CHAR) AS v`) {
		before = fmt.Sprint(r["v"])
	}
	w.exec(t, `CREATE TABLE person (id VARCHAR(200) CHARACTER SET ascii PRIMARY KEY, tenant VARCHAR(200) NOT NULL, email VARCHAR(200) NOT NULL, parent VARCHAR(200) CHARACTER SET ascii, INDEX (email), INDEX (parent))`)
	var rows []connectortest.Row
	for i := range 4000 {
		rows = append(rows, connectortest.Row{"id": fmt.Sprintf("k-%04d", i), "tenant": "acme", "email": "ann@example.com"})
	}
	w.insert(t, "person", rows...)
	w.exec(t, `CREATE TABLE note (id BIGINT PRIMARY KEY AUTO_INCREMENT, tenant VARCHAR(200) NOT NULL, person_id VARCHAR(200) CHARACTER SET ascii, INDEX (person_id))`)
	w.exec(t, `INSERT INTO note (tenant, person_id) SELECT tenant, id FROM person`)
	c := w.open(t, personMap(collection("note", "on_delete: delete", fieldID, fieldTenant, fieldRef("person_id", "person.id"))), nil)
	j := locate(t, c, subject("ann@example.com"))
	w.exec(t, `SET GLOBAL max_allowed_packet = 65536`)
	defer w.exec(t, `SET GLOBAL max_allowed_packet = `+before)
	problems, said := check(t, c)
	if !hasProblem(problems, connectors.SeverityNote, "shopdb", "max_allowed_packet") || !strings.Contains(said, "65536") || hasProblem(problems, connectors.SeverityDeletes, "", "") {
		t.Errorf("Check says\n%s", said)
	}
	again := subject("ann@example.com")
	again.Finding = j.Finding.Clone()
	err := c.Locate(t.Context(), []*connectors.Job{again})
	if err == nil {
		err = again.Err()
	}
	if connectors.KindOf(err) != connectors.Misfit || !strings.Contains(err.Error(), "max_allowed_packet") {
		t.Errorf("a search with more keys than fit: %v", err)
	}
	j.Guard = connectors.GuardFunc(func(context.Context) error { return nil })
	erase(t, c, j)
	if got := w.left(t, "person", "id") + w.left(t, "note", "id"); got != "" {
		t.Errorf("%d bytes of ids left", len(got))
	}
}
