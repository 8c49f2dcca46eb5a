package sqldb

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
)

// TestARefusalNamesTheConstraint and what to do, and no value of the row.
func TestARefusalNamesTheConstraint(t *testing.T) {
	const secret = "ann@example.com"
	my := func(number uint16, message string) meaning {
		return mysqlDialect{}.explain(&mysql.MySQLError{Number: number, Message: message})
	}
	pg := func(code string) meaning {
		return postgres{}.explain(&pgconn.PgError{
			Code: code, SchemaName: "shop", TableName: "bill", ColumnName: "who", ConstraintName: "bill_ref",
			Message: secret, Detail: secret, Where: secret, InternalQuery: secret,
		})
	}
	for name, c := range map[string]struct {
		got  meaning
		want string
	}{
		"postgres, key":      {pg("23503"), "rows of shop.bill refer to it by the foreign key bill_ref"},
		"postgres, unique":   {pg("23505"), "bill_ref of shop.bill"},
		"postgres, check":    {pg("23514"), "bill_ref of shop.bill"},
		"postgres, not null": {pg("23502"), "who of shop.bill"},
		"mysql, key": {
			my(1451, "Cannot delete or update a parent row: a foreign key constraint fails (`shop`.`bill`, CONSTRAINT `bill_ref` FOREIGN KEY (`p`) REFERENCES `person` (`id`))"),
			"rows of shop.bill refer to it by the foreign key bill_ref",
		},
		"mysql, unique":         {my(1062, "Duplicate entry '"+secret+"' for key 'person.email'"), "the index person.email forbids"},
		"mysql, a sly value":    {my(1062, "Duplicate entry 'x' for key '"+secret+"' y' for key 'email'"), "the index email forbids"},
		"mysql, cut off":        {my(1062, "Duplicate entry '"+strings.Repeat("x", 400)+"' for key '"+secret+"'"), "the index forbids"},
		"mysql, check":          {my(3819, "Check constraint 'adult' is violated."), "the constraint adult forbids"},
		"mariadb, check":        {my(4025, "CONSTRAINT `adult` failed for `shop`.`person`"), "the constraint adult forbids"},
		"mysql, not null":       {my(1048, "Column 'email' cannot be null"), "the column email can't be NULL"},
		"mysql, packet":         {my(1153, "Got a packet bigger than 'max_allowed_packet' bytes"), "max_allowed_packet"},
		"mysql, a signal":       {my(1644, secret), "a trigger"},
		"postgres, raised":      {pg("P0001"), "a trigger"},
		"postgres, connections": {pg("53300"), "too many connections"},
		"postgres, bytes":       {pg("22021"), "bytes that are no UTF-8"},
	} {
		if text := c.got.what + "; " + c.got.mend; !strings.Contains(text, c.want) || c.got.mend == "" || strings.Contains(text, secret) {
			t.Errorf("%s: %q, want %q", name, text, c.want)
		}
	}
}

// TestSQLiteNamesTheConstraint in its own words, and not what a trigger says.
func TestSQLiteNamesTheConstraint(t *testing.T) {
	const secret = "ann@example.com"
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	for _, s := range []string{
		"PRAGMA foreign_keys = ON", "CREATE TABLE p (id INTEGER PRIMARY KEY, e TEXT NOT NULL UNIQUE, n TEXT CONSTRAINT short CHECK (length(n) < 3))",
		"CREATE TABLE c (p INTEGER REFERENCES p (id))", "INSERT INTO p VALUES (1, '" + secret + "', 'a'), (2, 'b', 'b')", "INSERT INTO c VALUES (1)",
		"CREATE TRIGGER t BEFORE DELETE ON p WHEN OLD.id = 2 BEGIN SELECT RAISE(ABORT, '" + secret + "'); END",
	} {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	for statement, want := range map[string]string{
		"UPDATE p SET e = '" + secret + "'":              "the values of p.e have to be unique",
		"UPDATE p SET e = NULL":                          "the column p.e can't be NULL",
		"UPDATE p SET n = '" + secret + "' WHERE id = 2": "the constraint short forbids",
		"DELETE FROM p WHERE id = 1":                     "by a foreign key",
		"DELETE FROM p WHERE id = 2":                     "a trigger",
	} {
		_, err := db.Exec(statement)
		m := sqlite{}.explain(err)
		if text := m.what + "; " + m.mend; !strings.Contains(text, want) || m.mend == "" || strings.Contains(text, secret) {
			t.Errorf("%s: %q, want %q (%v)", statement, text, want, err)
		}
	}
}
