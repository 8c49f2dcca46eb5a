// Package sqldb reaches PostgreSQL, MySQL with MariaDB, and SQLite.
//
// What a data map means is planned by package walk; this package compiles its
// steps into SQL. Filters and collations only narrow: a row is found because
// the walk compared it in Go, and it is changed because its stored bytes are
// those that were compared. Identifiers come from the server's own catalogue
// and are quoted, values are always bound.
package sqldb

import (
	"context"
	"time"

	"privacydesk/connectors"
)

// Options of a database. Each method of the connector opens one connection
// and closes it when it returns.
type Options struct {
	// DSN reaches the database. PostgreSQL: a URL or key=value text, as libpq
	// has them. MySQL and MariaDB: user:password@tcp(host:port)/database.
	// SQLite: a file name.
	DSN string `yaml:"dsn" secret:"true" required:"true" doc:"how to reach the database: a postgres:// URL, user:password@tcp(host:3306)/db, or a SQLite file"`
	// Dataset names the files of the data map.
	Dataset []string `yaml:"dataset" required:"true" doc:"files of the data map (fideslang datasets), relative to this file"`
	// Schema holds the collections that name none.
	Schema string `yaml:"schema" doc:"the schema of collections that name none; default: public, or the DSN's database"`
	// StatementTimeout bounds one statement, and how long a transaction may
	// stand idle, on the server's side.
	StatementTimeout time.Duration `yaml:"statement_timeout" doc:"bound of one statement, kept by the server"`
	// GatherTimeout is the same for reading one table out.
	GatherTimeout time.Duration `yaml:"gather_timeout" doc:"bound of reading one table out, kept by the server"`
	// LockTimeout bounds the wait for a row's lock or for another attempt of
	// the same run.
	LockTimeout time.Duration `yaml:"lock_timeout" doc:"bound of waiting for a lock, kept by the server"`
	// Batch is the number of rows that one transaction deletes or changes.
	Batch int `yaml:"batch" doc:"rows that one transaction deletes or changes"`
	// AcceptTriggers are triggers and rules ("table.trigger") whose doings
	// on a delete or an update somebody has looked at.
	AcceptTriggers []string `yaml:"accept_triggers" doc:"triggers (table.trigger) that fire on delete or update and were looked at; any other makes deletes refuse"`
	// Rehearse lets each delete be tried on the subject's rows, and rolled
	// back, before anything of any system is erased.
	Rehearse bool `yaml:"rehearse" doc:"before anything of any system is erased, do the subject's delete here in a transaction that is rolled back; what the database refuses then holds the request"`
	// Canary is a made-up person whose record has to be found by Check, and in
	// every visit that looks for somebody.
	Canary *Canary `yaml:"canary" doc:"a made-up person's record that check and every search have to find"`
}

// Canary is a made-up person in a tenant.
type Canary struct {
	Tenant string                  `yaml:"tenant" required:"true" doc:"the canary's tenant, as this system spells it"`
	Type   connectors.IdentityType `yaml:"type" doc:"the identity's type; default: email"`
	Email  string                  `yaml:"email" required:"true" doc:"the canary's identity"`
	// Collections must hold rows of the canary, too: an emptied table that is
	// reached by reference alone looks like one in which nobody has rows.
	Collections []string `yaml:"collections" doc:"collections in which it must be found, too, such as those that are reached by reference alone"`
}

func defaults() any {
	return &Options{StatementTimeout: 5 * time.Minute, GatherTimeout: time.Hour, LockTimeout: 10 * time.Second, Batch: 5000}
}

// Kinds are postgres, mysql and sqlite.
func Kinds() []connectors.Kind {
	kind := func(name, summary string, d dialect) connectors.Kind {
		return connectors.Kind{
			Name: name, Summary: summary, Options: defaults,
			Gathers: true, Erases: true, Batches: true,
			Open: func(ctx context.Context, env connectors.Env, options any) (connectors.Connector, error) {
				return open(ctx, env, options, d)
			},
		}
	}
	return []connectors.Kind{
		kind("postgres", "PostgreSQL, and what speaks its protocol", postgres{}),
		kind("mysql", "MySQL and MariaDB", mysqlDialect{}),
		kind("sqlite", "an SQLite file", sqlite{}),
	}
}
