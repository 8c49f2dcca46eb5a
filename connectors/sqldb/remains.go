package sqldb

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"privacydesk/connectors"
)

// remains tells each job what the server keeps of what was erased: it is no
// failure of theirs where that can't be told.
func (v *visit) remains(ctx context.Context, jobs []*connectors.Job) {
	jobs = slices.DeleteFunc(slices.Clone(jobs), func(j *connectors.Job) bool { return j.Err() != nil })
	if len(jobs) == 0 {
		return
	}
	told, err := v.d.keeps(ctx, v.s)
	if err != nil {
		told = []string{"What the database keeps of erased records in its own files could not be told."}
	}
	for _, j := range jobs {
		j.Outcome.Keeps = told
	}
}

// postgresKeeps: views and settings that every account may read.
const postgresKeeps = `
SELECT current_setting('autovacuum'), current_setting('archive_mode'), (SELECT count(*)::int8 FROM pg_replication_slots),
       (SELECT count(*)::int8 FROM pg_largeobject_metadata)`

// keeps: nobody reads what a delete leaves, and it is overwritten in time.
func (postgres) keeps(ctx context.Context, s session) (out []string, err error) {
	err = texts(ctx, s, postgresKeeps, func(r []string) {
		vacuum := "PostgreSQL keeps the bytes of erased records in its files until they are vacuumed and the space is used again; it vacuums by itself."
		if r[0] != "on" {
			vacuum = "PostgreSQL keeps the bytes of erased records in its files until somebody vacuums them and the space is used again; it does not vacuum by itself (autovacuum is off)."
		}
		log := "Its write-ahead log holds them until the log is used again; the log is not archived."
		if r[1] != "off" {
			log = "Its write-ahead log holds them until the log is used again, and the archive of the log for as long as that is kept."
		}
		if r[2] != "0" {
			log += " Replicas and readers of changes (" + r[2] + " slots) have been sent the log."
		}
		out = append(out, vacuum, log)
		if r[3] != "0" {
			out = append(out, "It holds large objects ("+r[3]+"), which no data map reaches: they were neither searched nor erased.")
		}
	})
	return out, err
}

func (mysqlDialect) keeps(ctx context.Context, s session) ([]string, error) {
	is := map[string]string{}
	err := texts(ctx, s, "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('log_bin', 'binlog_expire_logs_seconds', 'expire_logs_days', 'general_log')",
		func(r []string) { is[r[0]] = r[1] })
	purged := "The database keeps the bytes of erased records in its files until it has purged them and the space is used again; it purges by itself."
	out := []string{purged, binaryLog(is)}
	if strings.EqualFold(is["general_log"], "on") {
		out = append(out, "Its general log is on: it holds each statement, with the values that rows were searched by, until somebody purges it.")
	}
	return out, err
}

// binaryLog says how long the log of changes is kept. MariaDB counted days
// before it counted seconds.
func binaryLog(is map[string]string) string {
	if strings.EqualFold(is["log_bin"], "off") {
		return "Its binary log is off."
	}
	const day = 24 * 60 * 60
	seconds, _ := strconv.ParseInt(is["binlog_expire_logs_seconds"], 10, 64) // absent is 0
	if days, err := strconv.ParseFloat(is["expire_logs_days"], 64); err == nil && seconds == 0 {
		seconds = int64(days * day)
	}
	switch {
	case seconds <= 0:
		return "Its binary log holds them until somebody purges it: it has no time to expire."
	case seconds < day:
		return "Its binary log holds them for " + strconv.FormatInt(seconds, 10) + " seconds, as the server is set."
	default:
		return "Its binary log holds them for " + strconv.FormatInt((seconds+day-1)/day, 10) + " days, as the server is set."
	}
}

// keeps moves the write-ahead file into the database, where secure_delete
// overwrote what went, and empties it. A reader of an older state hinders
// that.
func (sqlite) keeps(ctx context.Context, s session) ([]string, error) {
	mode := ""
	if err := texts(ctx, s, "PRAGMA journal_mode", func(r []string) { mode = r[0] }); err != nil || mode != "wal" {
		return nil, err
	}
	busy := false
	err := texts(ctx, s, "PRAGMA wal_checkpoint(TRUNCATE)", func(r []string) { busy = r[0] != "0" })
	if busy {
		return []string{"SQLite's write-ahead file still holds erased records, because another program keeps the database busy. " +
			"It is emptied once that program has ended and the database is checkpointed (PRAGMA wal_checkpoint(TRUNCATE))."}, err
	}
	return nil, err
}
