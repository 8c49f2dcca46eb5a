package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"privacydesk/bot"
	"privacydesk/connectors"
)

// SQLOptions are a query on the product's own users.
type SQLOptions struct {
	Driver string `yaml:"driver" required:"true" enum:"postgres,mysql,sqlite" doc:"the database's kind; mysql also stands for MariaDB"`
	DSN    string `yaml:"dsn" required:"true" secret:"true" doc:"how to reach the database: a postgres:// URL, user:password@tcp(host:3306)/db, or a SQLite file. Use an account that can read the users and nothing more"`
	Query  string `yaml:"query" required:"true" doc:"a SELECT with the placeholder :email (the address in lower case, its domain in ASCII) that returns the columns email, tenant and is_admin, one row for each tenant of the user. Plain users belong into it too, with is_admin false. Rows whose email is not the address are ignored, so the comparison may be as loose as lower(email) = :email"`
	// Integrations is beside who may ask, because it stands in the same database.
	Integrations string        `yaml:"integrations" doc:"a SELECT with the placeholder :tenant that returns the columns tenant and name: what syncs into a tenant's data from outside and is not erased (see integrations). Rows of another tenant are ignored. Empty: nothing is asked"`
	Timeout      time.Duration `yaml:"timeout" default:"10s" min:"1s" max:"1m" doc:"bound of one look-up"`
	MaxRows      int           `yaml:"max_rows" default:"1000" min:"1" max:"100000" doc:"rows of one look-up; more is an error"`
}

func defaultSQL() *SQLOptions { return &SQLOptions{Timeout: 10 * time.Second, MaxRows: 1000} }

// Validate names what can't be meant.
func (o *SQLOptions) Validate() error {
	var errs []error
	if _, ok := dialects()[o.Driver]; !ok {
		errs = append(errs, errors.New("driver: must be postgres, mysql or sqlite"))
	}
	if strings.TrimSpace(o.DSN) == "" {
		errs = append(errs, errors.New("dsn: is missing"))
	}
	if _, _, err := bind(o.Query, emailParameter, false); err != nil {
		errs = append(errs, fmt.Errorf("query: %w", err))
	}
	if o.Integrations != "" {
		if _, _, err := bind(o.Integrations, tenantParameter, false); err != nil {
			errs = append(errs, fmt.Errorf("integrations: %w", err))
		}
	}
	if o.Timeout <= 0 {
		errs = append(errs, errors.New("timeout: must be positive"))
	}
	if o.MaxRows < 1 {
		errs = append(errs, errors.New("max_rows: must be at least 1"))
	}
	return errors.Join(errs...)
}

type sqlDirectory struct {
	env          Env
	o            SQLOptions
	d            dialect
	db           *sql.DB
	query        question
	integrations question
}

// question is a query in the driver's own spelling, whose one parameter stands
// so many times, with the columns that it has to return.
type question struct {
	text    string
	times   int
	columns []string
}

func openSQL(env Env, o *SQLOptions) (Directory, error) {
	d := dialects()[o.Driver]
	query, integrations := question{columns: []string{"email", "tenant", "is_admin"}}, question{columns: []string{"tenant", "name"}}
	var err error
	if query.text, query.times, err = bind(o.Query, emailParameter, d.numbered); err != nil {
		return nil, fmt.Errorf("directory: query: %w", err)
	}
	if o.Integrations != "" {
		if integrations.text, integrations.times, err = bind(o.Integrations, tenantParameter, d.numbered); err != nil {
			return nil, fmt.Errorf("directory: integrations: %w", err)
		}
	}
	db, err := d.open(o.DSN)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(4)
	db.SetConnMaxIdleTime(time.Minute)
	return &sqlDirectory{env: env, o: *o, d: d, db: db, query: query, integrations: integrations}, nil
}

// Standing asks the database. Only rows whose email is the address, compared
// here after normalisation, count: collations and filters only narrow.
func (s *sqlDirectory) Standing(ctx context.Context, p bot.Person) (bot.Standing, error) {
	address, ok := s.env.proven(p)
	if !ok {
		return bot.Standing{}, nil
	}
	return s.lookUp(ctx, address)
}

// Check asks for an address that nobody has: connection, query, columns and
// their types are proven by it. A text in is_admin is refused before a row
// shows whether it is true or Y.
func (s *sqlDirectory) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	if _, err := s.read(ctx, "privacydesk-check@nobody.invalid", typed); err != nil {
		return s.d.fail(ctx, err)
	}
	_, err := s.Integrations(ctx, "privacydesk-check.invalid")
	return err
}

// Integrations implements bot.Integrations. What belongs to whom is compared
// here, byte by byte.
func (s *sqlDirectory) Integrations(ctx context.Context, tenant string) ([]string, error) {
	if s.integrations.text == "" {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	var out []string
	err := s.each(ctx, s.integrations, tenant, nil, func(cells []any) error {
		whose, ok := asText(cells[0])
		name, named := asText(cells[1])
		if name = strings.TrimSpace(name); ok && named && whose == tenant && name != "" {
			out = append(out, name)
		}
		return nil
	})
	if err != nil {
		return nil, s.d.fail(ctx, err)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// typed refuses columns of the query of rights whose type can't hold what they are for. Types that
// the database doesn't tell, as SQLite of an expression, are left to the rows.
func typed(types []*sql.ColumnType) error {
	kind := strings.ToUpper(types[2].DatabaseTypeName())
	for _, text := range []string{"CHAR", "TEXT", "CLOB", "BLOB", "ENUM", "SET", "JSON", "UUID", "DATE", "TIME", "FLOAT", "DOUBLE", "REAL", "BYTEA", "NAME"} {
		if strings.Contains(kind, text) {
			return connectors.NewError(connectors.Misfit, op, "the column is_admin has the type "+kind+", which is not a truth value", nil).WithMend(adminMend)
		}
	}
	return nil
}

const adminMend = "compare it with the role: role = 'admin' AS is_admin"

func (s *sqlDirectory) Close() error {
	if err := s.db.Close(); err != nil {
		return connectors.NewError(connectors.Transient, op, "the connections could not be closed", nil)
	}
	return nil
}

const op = "directory"

func (s *sqlDirectory) lookUp(ctx context.Context, address string) (bot.Standing, error) {
	ctx, cancel := context.WithTimeout(ctx, s.o.Timeout)
	defer cancel()
	out, err := s.read(ctx, address, nil)
	if err != nil {
		return bot.Standing{}, s.d.fail(ctx, err)
	}
	return out, nil
}

// read asks for somebody's rights. look, if any, judges the columns' types.
func (s *sqlDirectory) read(ctx context.Context, address string, look func([]*sql.ColumnType) error) (bot.Standing, error) {
	var out standing
	err := s.each(ctx, s.query, address, look, func(cells []any) error { return s.take(cells, address, &out) })
	return out.Standing, err
}

// each asks a question in a transaction that can't write, and hands each row
// over, its cells in the order of the question's columns. look, if any, judges
// the columns' types before.
func (s *sqlDirectory) each(ctx context.Context, q question, value string, look func([]*sql.ColumnType) error, row func(cells []any) error) error {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // it only read
	rows, err := tx.QueryContext(ctx, q.text, slices.Repeat([]any{value}, q.times)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	at, err := q.places(rows)
	if err != nil {
		return err
	}
	if look != nil {
		types, err := rows.ColumnTypes()
		if err != nil {
			return err
		}
		if err := look(inOrder(types, at)); err != nil {
			return err
		}
	}
	cells, into := make([]any, len(at)), make([]any, len(at))
	for i := range cells {
		into[i] = &cells[i]
	}
	for n := 0; rows.Next(); n++ {
		if n >= s.o.MaxRows {
			return connectors.NewError(connectors.TooMuch, op, "the query returns more rows than max_rows", nil).WithMend("let it look for what its placeholder names alone")
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if err := row(inOrder(cells, at)); err != nil {
			return err
		}
	}
	return rows.Err()
}

// places is where the question's columns stand; no others may.
func (q question) places(rows *sql.Rows) ([]int, error) {
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var at []int
	for _, want := range q.columns {
		at = append(at, slices.IndexFunc(names, func(name string) bool { return strings.ToLower(name) == want }))
	}
	if last := len(q.columns) - 1; len(names) != len(q.columns) || slices.Contains(at, -1) {
		return nil, connectors.NewError(connectors.Misfit, op,
			"the query must return the columns "+strings.Join(q.columns[:last], ", ")+" and "+q.columns[last]+", and no others", nil).WithMend("name them with AS")
	}
	return at, nil
}

func inOrder[T any](all []T, at []int) []T {
	out := make([]T, len(at))
	for i, from := range at {
		out[i] = all[from]
	}
	return out
}

// take adds a row of email, tenant and is_admin if it is the address's own.
func (s *sqlDirectory) take(cells []any, address string, out *standing) error {
	email, ok := asText(cells[0])
	if !ok || !s.env.same(email, address) {
		return nil
	}
	tenant, ok := asText(cells[1])
	if !ok && cells[1] != nil {
		return connectors.NewError(connectors.Misfit, op, "the column tenant is neither text nor a whole number", nil).WithMend("cast it to text")
	}
	admin, ok := asBool(cells[2])
	if !ok {
		return connectors.NewError(connectors.Misfit, op, "the column is_admin is not a truth value", nil).WithMend(adminMend)
	}
	out.add(tenant, admin)
	return nil
}

func asText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case []byte:
		return string(v), true
	case int64:
		return fmt.Sprint(v), true
	case [16]byte:
		id := connectors.UUID(v)
		return id.Raw(), true
	}
	return "", false
}

// asBool reads a truth value as the drivers spell it. NULL is false; anything
// that is not surely one of the two is refused.
func asBool(v any) (value, ok bool) {
	switch v := v.(type) {
	case nil:
		return false, true
	case bool:
		return v, true
	case int64:
		return v == 1, v == 0 || v == 1
	case []byte:
		return asBool(string(v))
	case string:
		switch strings.ToLower(v) {
		case "1", "t", "true", "\x01":
			return true, true
		case "0", "f", "false", "\x00":
			return false, true
		}
	}
	return false, false
}
