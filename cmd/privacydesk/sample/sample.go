// Package sample makes the systems that the demo and the tests work on: a
// CRM, product analytics that know people by the CRM's numbers alone, a
// data-science copy and voice recordings, all shared by several tenants.
package sample

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"slices"
	"strings"
)

//go:embed maps/*.yml
var maps embed.FS

// Dialect is what the sample's SQL differs in.
type Dialect struct {
	Name  string
	Blob  string
	Param func(i int) string // the i-th placeholder, from 1
}

// SQLite speaks to SQLite.
func SQLite() Dialect { return Dialect{"sqlite", "BLOB", func(int) string { return "?" }} }

// Postgres speaks to PostgreSQL.
func Postgres() Dialect {
	return Dialect{"postgres", "BYTEA", func(i int) string { return fmt.Sprintf("$%d", i) }}
}

// MySQL speaks to MySQL and MariaDB.
func MySQL() Dialect { return Dialect{"mysql", "LONGBLOB", func(int) string { return "?" }} }

// Systems are the sample's systems, each with its label.
func Systems() []System {
	return []System{
		{"crm", "CRM", []string{"address", "customer", "sales_order", "invoice"}},
		{"events", "Product analytics", []string{"event"}},
		{"voice", "Voice recordings", []string{"recording"}},
		{"warehouse", "Data-science warehouse", []string{"lead_feature"}},
	}
}

// System is one of the sample's systems.
type System struct {
	Name, Label string
	Tables      []string // parents first
}

// Map is the system's data map.
func (s System) Map() []byte {
	b, err := maps.ReadFile("maps/" + s.Name + ".yml")
	if err != nil {
		panic("sample: " + err.Error()) // embedded at build time
	}
	return b
}

// DDL creates the system's tables.
func (s System) DDL(d Dialect) []string {
	all := map[string]string{
		"address":      "CREATE TABLE address (id INTEGER PRIMARY KEY, tenant VARCHAR(40) NOT NULL, street VARCHAR(200), city VARCHAR(100))",
		"customer":     "CREATE TABLE customer (id INTEGER PRIMARY KEY, tenant VARCHAR(40) NOT NULL, email VARCHAR(200), full_name VARCHAR(200), phone VARCHAR(40), tax_id VARCHAR(40), address_id INTEGER, created_at VARCHAR(30), FOREIGN KEY (address_id) REFERENCES address(id))",
		"sales_order":  "CREATE TABLE sales_order (id INTEGER PRIMARY KEY, tenant VARCHAR(40) NOT NULL, customer_id INTEGER NOT NULL, item VARCHAR(200), total DECIMAL(12,2), FOREIGN KEY (customer_id) REFERENCES customer(id))",
		"invoice":      "CREATE TABLE invoice (id INTEGER PRIMARY KEY, tenant VARCHAR(40) NOT NULL, billing_email VARCHAR(200), amount DECIMAL(12,2))",
		"event":        "CREATE TABLE event (id INTEGER PRIMARY KEY, tenant VARCHAR(40) NOT NULL, customer_id INTEGER, kind VARCHAR(40), detail VARCHAR(400))",
		"recording":    "CREATE TABLE recording (id INTEGER PRIMARY KEY, tenant VARCHAR(40) NOT NULL, caller_email VARCHAR(200), transcript VARCHAR(2000), audio " + d.Blob + ")",
		"lead_feature": "CREATE TABLE lead_feature (row_id INTEGER PRIMARY KEY, tenant VARCHAR(40) NOT NULL, email VARCHAR(200), full_name VARCHAR(200), score INTEGER)",
	}
	indexes := map[string][]string{
		"customer": {"tenant, email", "address_id"}, "sales_order": {"customer_id"}, "invoice": {"billing_email"},
		"event": {"customer_id"}, "recording": {"caller_email"}, "lead_feature": {"email"},
	}
	var out []string
	for _, t := range s.Tables {
		out = append(out, all[t])
		for i, cols := range indexes[t] {
			out = append(out, fmt.Sprintf("CREATE INDEX ix_%s_%d ON %s (%s)", t, i, t, cols))
		}
	}
	return out
}

// Person is somebody whom a tenant's rows are about. Their rows follow from
// the fields alone.
type Person struct {
	ID      int // unique over all tenants: the CRM's number
	Tenant  string
	Email   string
	Name    string
	Address int // shared by whoever has the same number; 0 for none
}

// Phone is the person's, and nobody else's.
func (p Person) Phone() string { return fmt.Sprintf("+49 30 55%07d", p.ID) }

// TaxID is what no report may show.
func (p Person) TaxID() string { return fmt.Sprintf("TAX-%09d", p.ID*7919) }

// Traces are texts by which a scan recognises the person's data.
func (p Person) Traces() []string { return []string{p.Email, p.Name, p.Phone(), p.TaxID()} }

// Own are traces that stand in rows of the person's alone, of which a delete
// leaves none.
func (p Person) Own() []string { return []string{p.Phone(), p.TaxID(), p.Recording()} }

// Recording is the content of the person's recording.
func (p Person) Recording() string { return fmt.Sprintf("RIFF-sample-%d", p.ID) }

// Row is one row of a table: its cells in the order of the columns.
type Row []any

// Rows are the person's rows in a table; addresses are not a person's.
func (p Person) Rows(table string) []Row {
	id, tenant := p.ID, p.Tenant
	switch table {
	case "customer":
		var address any
		if p.Address != 0 {
			address = p.Address
		}
		return []Row{{id, tenant, p.Email, p.Name, p.Phone(), p.TaxID(), address, "2026-01-15T09:30:00Z"}}
	case "sales_order":
		return []Row{
			{id*10 + 1, tenant, id, "Annual licence", "1200.00"},
			{id*10 + 2, tenant, id, "Training day", "450.50"},
		}
	case "invoice":
		return []Row{{id*10 + 1, tenant, p.Email, "1650.50"}}
	case "event":
		var out []Row
		for i := range 5 {
			out = append(out, Row{id*10 + i, tenant, id, "page_view", fmt.Sprintf("/pricing?step=%d", i)})
		}
		return out
	case "recording":
		return []Row{{id, tenant, p.Email, "Hello, this is " + p.Name + " speaking.", []byte(p.Recording())}}
	case "lead_feature":
		return []Row{{id, tenant, p.Email, p.Name, 40 + id%60}}
	}
	return nil
}

// AddressRows are the addresses that the people share.
func AddressRows(people []Person) []Row {
	tenantOf := map[int]string{}
	for _, p := range people {
		if p.Address != 0 {
			tenantOf[p.Address] = p.Tenant
		}
	}
	var out []Row
	for id, tenant := range tenantOf {
		out = append(out, Row{id, tenant, fmt.Sprintf("%d Harbour Street", id), "Bremen"})
	}
	slices.SortFunc(out, func(a, b Row) int { return a[0].(int) - b[0].(int) })
	return out
}

// TableRows are all rows that the people have in a table.
func TableRows(table string, people []Person) []Row {
	if table == "address" {
		return AddressRows(people)
	}
	var out []Row
	for _, p := range people {
		out = append(out, p.Rows(table)...)
	}
	return out
}

// Create makes the system's tables and fills them.
func (s System) Create(ctx context.Context, db *sql.DB, d Dialect, people []Person) error {
	for _, stmt := range s.DDL(d) {
		if _, err := db.ExecContext(ctx, stmt); err != nil {
			return fmt.Errorf("sample %s: %w", s.Name, err)
		}
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("sample %s: %w", s.Name, err)
	}
	defer func() { _ = tx.Rollback() }()
	for _, table := range s.Tables {
		for _, row := range TableRows(table, people) {
			marks := make([]string, len(row))
			for i := range row {
				marks[i] = d.Param(i + 1)
			}
			stmt := "INSERT INTO " + table + " VALUES (" + strings.Join(marks, ", ") + ")" //nolint:gosec // the table's name is one of our own constants
			if _, err := tx.ExecContext(ctx, stmt, row...); err != nil {
				return fmt.Errorf("sample %s.%s: %w", s.Name, table, err)
			}
		}
	}
	return tx.Commit()
}

// Dump reads every row of the system as text, in order of the first column:
// table → rows.
func (s System) Dump(ctx context.Context, db *sql.DB) (map[string][]string, error) {
	out := map[string][]string{}
	for _, table := range s.Tables {
		rows, err := dumpTable(ctx, db, table)
		if err != nil {
			return nil, fmt.Errorf("sample %s.%s: %w", s.Name, table, err)
		}
		out[table] = rows
	}
	return out, nil
}

func dumpTable(ctx context.Context, db *sql.DB, table string) (out []string, err error) {
	rows, err := db.QueryContext(ctx, "SELECT * FROM "+table+" ORDER BY 1") //nolint:gosec // the table's name is one of our own constants
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	cols, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		cells, into := make([]sql.NullString, len(cols)), make([]any, len(cols))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		texts := make([]string, len(cols))
		for i, c := range cells {
			texts[i] = c.String
			if !c.Valid {
				texts[i] = "NULL"
			}
		}
		out = append(out, strings.Join(texts, "|"))
	}
	return out, rows.Err()
}
