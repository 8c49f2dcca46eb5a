package sqldb_test

import (
	"strings"
	"testing"

	"privacydesk/connectors"
)

// TestRule6_ARowThatMovesToAnotherTenantStays: each batch restates the
// tenant, whatever was true when its rows were looked up.
func TestRule6_ARowThatMovesToAnotherTenantStays(t *testing.T) {
	dataMap := personMap(
		collection("note", "on_delete: delete", fieldID, fieldTenant, fieldRef("person_id", "person.id")),
		collection("memo", "on_delete: deidentify", fieldID+", privacydesk: {on_delete: {strategy: keep, reason: a number}}", fieldTenant,
			"name: person_id, fides_meta: {references: [{dataset: db, field: person.id, direction: from}]}",
			"name: body, data_categories: [user.content], privacydesk: {on_delete: {strategy: fixed, value: gone}}"))
	fill := func(t *testing.T, w *world) {
		t.Helper()
		w.person(t)
		for _, table := range []string{"note", "memo"} {
			w.make(t, `CREATE TABLE `+table+` (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, person_id NUMBER, body TEXT)`,
				`INSERT INTO `+table+` VALUES (1, 'acme', 1, 'a'), (2, 'acme', 1, 'b'), (3, 'acme', 1, 'c'), (4, 'acme', 1, 'd'), (5, 'acme', 1, 'e'), (6, 'acme', 1, 'f')`)
		}
	}
	move := func(t *testing.T, w *world) {
		t.Helper()
		for _, table := range []string{"note", "memo"} {
			w.exec(t, `UPDATE `+table+` SET tenant = 'globex' WHERE id = 5`) // another tenant's
			w.exec(t, `UPDATE `+table+` SET person_id = 3 WHERE id = 6`)     // another person's
		}
	}
	stayed := func(t *testing.T, w *world) {
		t.Helper()
		if got := w.left(t, "note", "id"); got != "5,6" {
			t.Errorf("notes left: %s", got)
		}
		if got := strings.Trim(w.left(t, "memo", "body"), ","); got != "e,f,gone,gone,gone,gone" {
			t.Errorf("memos: %s", got)
		}
	}
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		fill(t, w)
		c := w.open(t, dataMap, batchOf(3))
		j := locate(t, c, subject("ann@example.com"))
		move(t, w)
		erase(t, c, j)
		stayed(t, w)
	})
	for _, kind := range []string{"postgres", "mysql"} { // an SQLite file is locked within a batch
		t.Run(kind+", within a batch", func(t *testing.T) {
			w := only(t, kind)
			fill(t, w)
			c := w.open(t, dataMap, batchOf(10))
			j := locate(t, c, subject("ann@example.com"))
			moved := false
			j.Guard = guarded(func() {
				if !moved {
					moved = true
					move(t, w)
				}
			})
			erase(t, c, j)
			stayed(t, w)
		})
	}
}

// TestALockedRowIsWaitedForAndNoLonger: the server bounds the wait, and the
// job may be tried again.
func TestALockedRowIsWaitedForAndNoLonger(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		w := e.world(t)
		w.person(t)
		c := w.open(t, personMap(), shortLocks)
		j := locate(t, c, subject("ann@example.com"))
		begin := "BEGIN"
		if w.kind == "mysql" {
			begin = "START TRANSACTION"
		}
		other := e.connect(t, w.dsn)
		if w.kind == "mysql" { // a pool of one, so that the transaction is one
			other = oneConnection(t, w.dsn)
		}
		other.exec(t, begin)
		other.exec(t, `UPDATE person SET email = 'ann@example.com' WHERE id = 1`)
		if err := c.Erase(t.Context(), []*connectors.Job{j}); err != nil || connectors.KindOf(j.Err()) != connectors.Transient {
			t.Errorf("call %v, job %v; want that the job may be tried again", err, j.Err())
		}
		other.exec(t, "ROLLBACK")
		again := subject("ann@example.com")
		again.Finding = j.Finding
		erase(t, c, again)
		if got := w.left(t, "person", "id"); got != "2,3" {
			t.Errorf("left: %s", got)
		}
	})
}

// TestADeferredConstraintIsHeeded: it speaks at COMMIT, and the batch is
// undone.
func TestADeferredConstraintIsHeeded(t *testing.T) {
	for _, kind := range []string{"postgres", "sqlite"} {
		t.Run(kind, func(t *testing.T) {
			w := only(t, kind)
			w.person(t)
			w.make(t, `CREATE TABLE extra (id NUMBER PRIMARY KEY, ref NUMBER REFERENCES person (id) DEFERRABLE INITIALLY DEFERRED)`, `INSERT INTO extra VALUES (1, 1)`)
			c := w.open(t, personMap(), nil)
			j := locate(t, c, subject("ann@example.com"))
			if err := c.Erase(t.Context(), []*connectors.Job{j}); err != nil || connectors.KindOf(j.Err()) != connectors.Misfit {
				t.Errorf("call %v, job %v; want that the job is a misfit", err, j.Err())
			}
			if got := w.left(t, "person", "id"); got != "1,2,3" {
				t.Errorf("left: %s", got)
			}
			w.exec(t, `DELETE FROM extra`)
			again := subject("ann@example.com")
			again.Finding = j.Finding
			erase(t, c, again)
		})
	}
}

// TestTreesAndCircles: rows that refer to each other, in batches of one.
func TestTreesAndCircles(t *testing.T) {
	tree := mapOf(collection("person", "on_delete: delete", fieldID, fieldTenant, fieldEmail),
		collection("post", "on_delete: delete", fieldID, fieldTenant, fieldRef("person_id", "person.id"), fieldRef("parent", "post.id")))
	circle := mapOf(collection("person", "on_delete: delete", fieldID, fieldTenant, fieldEmail,
		strings.Replace(fieldRef("best_post", "post.id"), "direction: from", "direction: to", 1)),
		collection("post", "on_delete: delete", fieldID, fieldTenant, fieldRef("person_id", "person.id")))
	each(t, func(t *testing.T, e engine) {
		for _, rule := range []string{"", " ON DELETE CASCADE"} {
			t.Run("a tree"+rule, func(t *testing.T) {
				w := e.world(t)
				w.person(t)
				w.make(t, `CREATE TABLE post (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, person_id NUMBER, parent NUMBER, FOREIGN KEY (parent) REFERENCES post (id)`+rule+`)`,
					`INSERT INTO post VALUES (1, 'acme', 1, NULL), (2, 'acme', NULL, 1), (3, 'acme', NULL, 2), (4, 'acme', 3, NULL), (5, 'acme', 3, 4)`)
				c := w.open(t, tree, batchOf(1))
				erase(t, c, locate(t, c, subject("ann@example.com")))
				if got := w.left(t, "post", "id"); got != "4,5" {
					t.Errorf("left: %s", got)
				}
			})
		}
		t.Run("a circle", func(t *testing.T) {
			w := e.world(t)
			w.make(t, `CREATE TABLE person (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, email TEXT NOT NULL, best_post NUMBER)`,
				`CREATE TABLE post (id NUMBER PRIMARY KEY, tenant TEXT NOT NULL, person_id NUMBER, FOREIGN KEY (person_id) REFERENCES person (id))`)
			if w.kind == "sqlite" {
				w.exec(t, `DROP TABLE person`)
				w.exec(t, `CREATE TABLE person (id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, email TEXT NOT NULL, best_post INTEGER REFERENCES post (id))`)
			} else {
				w.exec(t, `ALTER TABLE person ADD FOREIGN KEY (best_post) REFERENCES post (id)`)
			}
			w.exec(t, `INSERT INTO person VALUES (1, 'acme', 'ann@example.com', NULL), (2, 'acme', 'bob@example.com', NULL)`)
			w.exec(t, `INSERT INTO post VALUES (10, 'acme', 1), (11, 'acme', 1), (12, 'acme', 2)`)
			w.exec(t, `UPDATE person SET best_post = 9 + id`)
			w.exec(t, `UPDATE person SET best_post = 12 WHERE id = 2`)
			c := w.open(t, circle, batchOf(1))
			erase(t, c, locate(t, c, subject("ann@example.com")))
			if got := w.left(t, "post", "id") + " " + w.left(t, "person", "id"); got != "12 2" {
				t.Errorf("left: %s", got)
			}
		})
	})
}
