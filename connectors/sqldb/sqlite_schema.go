package sqldb

import (
	"context"
	"slices"
	"strconv"
	"strings"
)

const sqliteColumns = `
SELECT m.name, m.type, p.name, p.type, p."notnull", p.pk, p.hidden, coalesce(l.wr, 0)
FROM sqlite_master AS m JOIN pragma_table_xinfo(m.name) AS p
LEFT JOIN pragma_table_list AS l ON l.name = m.name AND l.schema = 'main'
WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite!_%' ESCAPE '!'
ORDER BY m.name, p.cid`

const sqliteIndexes = `
SELECT m.name, i.name, i."unique" AND NOT i.partial, coalesce(c.name, '')
FROM sqlite_master AS m JOIN pragma_index_list(m.name) AS i JOIN pragma_index_info(i.name) AS c
WHERE m.type = 'table' ORDER BY m.name, i.seq, c.seqno`

// A key that names no columns of its parent means the parent's primary key.
const sqliteKeys = `
SELECT m.name, f.id, f."table", f."from", coalesce(f."to", ''), f.on_delete, f.on_update, f.seq
FROM sqlite_master AS m JOIN pragma_foreign_key_list(m.name) AS f
WHERE m.type = 'table' ORDER BY m.name, f.id, f.seq`

// The collation of a key to which others refer is that of its column: only such
// an index serves a foreign key.
const sqliteCollations = `
SELECT m.name, x.name, x.coll
FROM sqlite_master AS m JOIN pragma_index_list(m.name) AS i JOIN pragma_index_xinfo(i.name) AS x
WHERE m.type = 'table' AND x."key" AND i."unique" AND x.name IS NOT NULL ORDER BY 1, i.seq, 2`

const sqliteTriggers = `SELECT tbl_name, name, coalesce(sql, '') FROM sqlite_master WHERE type = 'trigger' ORDER BY 1, 2`

// The texts of tables and of unique indexes, which alone tell of checks and
// expressions.
const sqliteTexts = `
SELECT m.tbl_name, m.type, coalesce(m.sql, '') FROM sqlite_master AS m
WHERE m.type = 'table' OR m.type = 'index' AND m.name IN (
  SELECT i.name FROM sqlite_master AS t JOIN pragma_index_list(t.name) AS i WHERE t.type = 'table' AND i."unique")
ORDER BY 1, 2, 3`

func (sqlite) introspect(ctx context.Context, s session, _ *Options) (*schema, error) {
	out := &schema{tables: map[string]*table{}, home: "main"}
	parts := map[*table]map[int]string{}
	err := texts(ctx, s, sqliteColumns, func(r []string) { addSQLiteColumn(out, parts, r) })
	if err != nil {
		return nil, err
	}
	for t, columns := range parts {
		for i := 1; i <= len(columns); i++ {
			t.primary = append(t.primary, columns[i])
		}
	}
	err = texts(ctx, s, sqliteIndexes, func(r []string) {
		if t := out.tables["main."+r[0]]; t != nil {
			t.addIndex(r[1], r[3], yes(r[2]))
		}
	})
	if err != nil {
		return nil, err
	}
	if err := texts(ctx, s, sqliteKeys, func(r []string) { addSQLiteKey(out, r) }); err != nil {
		return nil, err
	}
	if err := texts(ctx, s, sqliteCollations, func(r []string) { addSQLiteCollation(out, r) }); err != nil {
		return nil, err
	}
	if err := texts(ctx, s, sqliteTexts, func(r []string) { addSQLiteTexts(out, r) }); err != nil {
		return nil, err
	}
	return out, texts(ctx, s, sqliteTriggers, func(r []string) {
		if t := sqliteTable(out, r[0]); t != nil {
			onDelete, onUpdate := sqliteTriggerEvents(r[1], r[2])
			t.triggers = append(t.triggers, trigger{name: r[1], on: t.name, onDelete: onDelete, onUpdate: onUpdate})
		}
	})
}

// addSQLiteColumn takes table, its type, column, declared type, not null,
// place in the primary key from 1, hidden, WITHOUT ROWID.
func addSQLiteColumn(s *schema, parts map[*table]map[int]string, r []string) {
	t := s.grow("main", r[0])
	t.plain, t.transactional, t.rowless = r[1] == "table", true, yes(r[7])
	if !t.plain {
		t.kind = "view"
	}
	c := sqliteColumn(r[2], r[3])
	c.nullable = !yes(r[4])
	c.generated = r[6] == "2" || r[6] == "3"
	t.columns = append(t.columns, c)
	if place, err := strconv.Atoi(r[5]); err == nil && place > 0 {
		if parts[t] == nil {
			parts[t] = map[int]string{}
		}
		parts[t][place] = r[2]
		// Only the rowid can't be NULL for being the key
		// (https://sqlite.org/lang_createtable.html#the_primary_key).
		c.nullable = c.nullable && t.rowless
	}
}

// sqliteColumn reads a declared type by the rules of affinity
// (https://sqlite.org/datatype3.html), and further where people write more.
func sqliteColumn(name, declared string) *column {
	kind := strings.ToUpper(declared)
	c := &column{name: name, kind: strings.ToLower(declared), class: classOther}
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(kind, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("BOOL"):
		c.class = classBool
	case has("DATE", "TIME"):
		c.class = classTime
	case has("JSON"):
		c.class = classJSON
	case has("INT"):
		c.class, c.bits = classInt, 64
	case has("CHAR", "CLOB", "TEXT"):
		c.class = classText
	case has("BLOB"), kind == "":
		c.class = classBytes
	case has("REAL", "FLOA", "DOUBLE"):
		c.class = classFloat
	case has("DEC", "NUM"):
		c.class = classDecimal
	}
	return c
}

func addSQLiteKey(s *schema, r []string) {
	child, parent := sqliteTable(s, r[0]), sqliteTable(s, r[2])
	if child == nil || parent == nil {
		return
	}
	references := r[4]
	if place, err := strconv.Atoi(r[7]); references == "" && err == nil && place < len(parent.primary) {
		references = parent.primary[place]
	}
	s.addKey(keyColumn{
		fromSchema: "main", from: child.name, id: r[1], name: r[1], toSchema: "main", to: parent.name,
		column: child.spelled(r[3]), references: parent.spelled(references), onDelete: r[5], onUpdate: r[6],
	})
}

// addSQLiteCollation takes table, column, collation of a unique index.
func addSQLiteCollation(s *schema, r []string) {
	t := s.tables["main."+r[0]]
	if t == nil {
		return
	}
	for _, k := range t.incoming {
		if c := t.column(r[1]); c != nil && slices.Contains(k.references, c.name) && (c.collation == "" || r[2] == "BINARY") {
			c.collation = r[2]
		}
	}
}

// sqliteTable finds a table by a name as somebody typed it: keys and triggers
// keep that spelling, and SQLite disregards the case of ASCII letters.
func sqliteTable(s *schema, name string) *table {
	for _, t := range s.tables {
		if lowerASCII(t.name) == lowerASCII(name) {
			return t
		}
	}
	return nil
}

// spelled is a column's name as the table has it.
func (t *table) spelled(name string) string {
	for _, c := range t.columns {
		if lowerASCII(c.name) == lowerASCII(name) {
			return c.name
		}
	}
	return name
}

// sqliteTriggerEvents reads the event from the trigger's own text, the name
// left out. Where it can't be told, both are assumed.
func sqliteTriggerEvents(name, text string) (onDelete, onUpdate bool) {
	if strings.Contains(text, "/*") || strings.Contains(text, "--") {
		return true, true // a comment may say anything
	}
	text = strings.Replace(strings.ToUpper(text), strings.ToUpper(name), "", 1)
	for _, w := range strings.Fields(text) {
		switch w {
		case "DELETE":
			return true, false
		case "INSERT":
			return false, false
		case "UPDATE":
			return false, true
		case "ON", "BEGIN":
			return true, true
		}
	}
	return true, true
}
