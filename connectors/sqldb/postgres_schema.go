package sqldb

import (
	"context"
	"strconv"
	"strings"
)

const postgresUser = ` n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' `

const postgresColumns = `
SELECT n.nspname, c.relname, c.relkind::text, a.attname,
       format_type(CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END, NULL),
       CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END,
       NOT a.attnotnull AND NOT t.typnotnull, a.attgenerated <> '' OR a.attidentity = 'a',
       coalesce(o.collisdeterministic, false), format_type(a.atttypid, a.atttypmod)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_collation o ON o.oid = a.attcollation
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND` + postgresUser + `
ORDER BY 1, 2, a.attnum`

const postgresIndexes = `
SELECT n.nspname, c.relname, i.indexrelid::int8, i.indisprimary, i.indisunique AND i.indpred IS NULL, coalesce(a.attname, '')
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
WHERE i.indisvalid AND k.place <= i.indnkeyatts AND` + postgresUser + `
ORDER BY 1, 2, 3, k.place`

// Keys that a partition inherited are left out: its parent's stands for them.
const postgresKeys = `
SELECT n.nspname, c.relname, k.oid::int8, k.conname, rn.nspname, r.relname, a.attname, ra.attname,
       k.confdeltype::text, k.confupdtype::text
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class r ON r.oid = k.confrelid JOIN pg_namespace rn ON rn.oid = r.relnamespace
CROSS JOIN LATERAL unnest(k.conkey, k.confkey) WITH ORDINALITY AS p(here, there, place)
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.here
JOIN pg_attribute ra ON ra.attrelid = r.oid AND ra.attnum = p.there
WHERE k.contype = 'f' AND k.conparentid = 0
ORDER BY 1, 2, 3, p.place`

// Rewrite rules act like triggers: a DELETE may do something else instead.
const postgresTriggers = `
SELECT n.nspname, c.relname, t.tgname, (t.tgtype & 8) <> 0, (t.tgtype & 16) <> 0
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgenabled <> 'D' AND (t.tgtype & 24) <> 0 AND` + postgresUser + `
UNION ALL
SELECT n.nspname, c.relname, w.rulename, w.ev_type = '4', w.ev_type = '2'
FROM pg_rewrite w JOIN pg_class c ON c.oid = w.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND w.ev_enabled <> 'D' AND w.ev_type IN ('2', '4') AND` + postgresUser + `
ORDER BY 1, 2, 3`

// A statement on a table is one on its partitions and heirs too.
const postgresHeirs = `
WITH RECURSIVE below(above, oid) AS (
  SELECT inhparent, inhrelid FROM pg_inherits
  UNION SELECT b.above, i.inhrelid FROM below b JOIN pg_inherits i ON i.inhparent = b.oid)
SELECT n.nspname, c.relname, hn.nspname, h.relname
FROM below b JOIN pg_class c ON c.oid = b.above JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class h ON h.oid = b.oid JOIN pg_namespace hn ON hn.oid = h.relnamespace
WHERE` + postgresUser + `
ORDER BY 1, 2, 3, 4`

const postgresChecks = `
SELECT n.nspname, c.relname, k.conname, pg_get_expr(k.conbin, k.conrelid), a.attname
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (k.conkey)
WHERE k.contype = 'c' AND` + postgresUser + `
ORDER BY 1, 2, 3, a.attnum`

// Columns of unique indexes, also those of expressions and of some rows alone.
const postgresApart = `
SELECT DISTINCT n.nspname, c.relname, a.attname
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE (i.indisunique OR i.indisexclusion) AND (
  a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
  OR strpos(pg_get_expr(i.indexprs, i.indrelid), a.attname) > 0 AND EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
    AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.refobjsubid = a.attnum)) AND` + postgresUser + `
ORDER BY 1, 2, 3`

// What a materialized view was made of, also by way of views and of other
// materialized views.
const postgresCopies = `
WITH RECURSIVE behind(copy, oid) AS (
  SELECT c.oid, c.oid FROM pg_class c WHERE c.relkind = 'm'
  UNION SELECT b.copy, d.refobjid FROM behind b
  JOIN pg_rewrite w ON w.ev_class = b.oid
  JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid AND d.refclassid = 'pg_class'::regclass)
SELECT DISTINCT n.nspname, c.relname, rn.nspname, r.relname
FROM behind b JOIN pg_class c ON c.oid = b.copy JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class r ON r.oid = b.oid JOIN pg_namespace rn ON rn.oid = r.relnamespace
WHERE r.relkind IN ('r', 'p', 'f') AND` + postgresUser + `
ORDER BY 1, 2, 3, 4`

// Tables of publications by which a changed row could not be told: the server
// refuses to change them. A partition is published with what it belongs to.
const postgresUnidentified = `
WITH RECURSIVE published(oid, deletes, updates) AS (
  SELECT c.oid, p.pubdelete, p.pubupdate
  FROM pg_publication_tables t JOIN pg_publication p ON p.pubname = t.pubname
  JOIN pg_namespace n ON n.nspname = t.schemaname JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.tablename
  UNION SELECT i.inhrelid, b.deletes, b.updates FROM published b JOIN pg_inherits i ON i.inhparent = b.oid)
SELECT n.nspname, c.relname, bool_or(b.deletes), bool_or(b.updates)
FROM published b JOIN pg_class c ON c.oid = b.oid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relreplident <> 'f' AND NOT EXISTS (
  SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisvalid
  AND (c.relreplident = 'd' AND i.indisprimary OR c.relreplident = 'i' AND i.indisreplident)) AND` + postgresUser + `
GROUP BY 1, 2 ORDER BY 1, 2`

func (postgres) introspect(ctx context.Context, s session, o *Options) (*schema, error) {
	out := &schema{tables: map[string]*table{}, home: o.Schema}
	if out.home == "" {
		out.home = "public"
	}
	steps := []struct {
		sql string
		row func(*schema, []string)
	}{
		{postgresColumns, addPostgresColumn},
		{postgresIndexes, addIndexColumn},
		{postgresKeys, addPostgresKey},
		{postgresTriggers, addTrigger},
		{postgresUnidentified, addUnidentified},
		{postgresChecks, addCheck},
		{postgresApart, addApart},
		{postgresHeirs, addHeir},
		{postgresCopies, addCopy},
		{"SELECT current_setting('server_encoding')", func(s *schema, r []string) { s.unencoded = r[0] == unencoded }},
		{"SELECT count(*)::int8 FROM pg_largeobject_metadata", func(s *schema, r []string) { s.largeObjects = r[0] != "0" }},
	}
	for _, step := range steps {
		if err := texts(ctx, s, step.sql, func(row []string) { step.row(out, row) }); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// texts runs a catalogue query; NULL reads as "".
func texts(ctx context.Context, s session, sql string, row func([]string)) error {
	return s.query(ctx, query{sql: sql}, func(cells []cell) error {
		out := make([]string, len(cells))
		for i, c := range cells {
			out[i] = string(c.text)
		}
		row(out)
		return nil
	})
}

func yes(text string) bool { return text == "t" || text == "1" || text == "true" || text == "YES" }

func (s *schema) grow(schemaName, name string) *table {
	key := schemaName + "." + name
	t := s.tables[key]
	if t == nil {
		t = &table{schema: schemaName, name: name, plain: true}
		s.tables[key] = t
	}
	return t
}

func addPostgresColumn(s *schema, r []string) {
	t := s.grow(r[0], r[1])
	t.plain, t.transactional = r[2] == "r" || r[2] == "p", r[2] != "f"
	t.kind = map[string]string{"v": "view", "m": materialized, "f": foreign}[r[2]]
	mod, err := strconv.ParseInt(r[5], 10, 64)
	if err != nil {
		mod = -1
	}
	kind := r[4]
	if strings.HasSuffix(kind, ".citext") { // wherever the extension was put
		kind = "citext"
	}
	c := &column{name: r[3], kind: kind, class: postgresClass(kind), nullable: yes(r[6]), generated: yes(r[7]), full: r[9]}
	// The modifier is 4 more than the length, or packs precision and scale:
	// PostgreSQL, src/backend/utils/adt/{varchar,numeric}.c.
	if mod >= 4 && (c.kind == "character varying" || c.kind == "character") {
		c.length = mod - 4
	}
	if mod >= 4 && c.class == classDecimal {
		c.precision, c.scale = (mod-4)>>16, (mod-4)&0x7ff
	}
	// Under a deterministic collation texts are equal if their bytes are:
	// https://www.postgresql.org/docs/current/collation.html#COLLATION-NONDETERMINISTIC
	c.bytewise = yes(r[8]) && (c.kind == "text" || c.kind == "character varying")
	c.bits = map[string]int{"smallint": 16, "integer": 32, "bigint": 64}[c.kind]
	t.columns = append(t.columns, c)
}

func postgresClass(kind string) class {
	switch kind {
	case "smallint", "integer", "bigint":
		return classInt
	case "numeric":
		return classDecimal
	case "real", "double precision":
		return classFloat
	case "text", "character varying", "character", "citext", "name":
		return classText
	case "boolean":
		return classBool
	case "uuid":
		return classUUID
	case "bytea":
		return classBytes
	case "json", "jsonb":
		return classJSON
	}
	if kind == "date" || strings.HasPrefix(kind, "timestamp") || strings.HasPrefix(kind, "time ") {
		return classTime
	}
	return classOther
}

// addIndexColumn takes schema, table, index, primary, unique, column; rows of
// one index follow each other.
func addIndexColumn(s *schema, r []string) {
	t := s.tables[r[0]+"."+r[1]]
	if t == nil {
		return
	}
	t.addIndex(r[2], r[5], yes(r[4]))
	if yes(r[3]) {
		t.primary = append(t.primary, r[5])
	}
}

func addPostgresKey(s *schema, r []string) {
	action := func(code string) string {
		return map[string]string{"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}[code]
	}
	s.addKey(keyColumn{
		fromSchema: r[0], from: r[1], id: r[2], name: r[3], toSchema: r[4], to: r[5],
		column: r[6], references: r[7], onDelete: action(r[8]), onUpdate: action(r[9]),
	})
}

// keyColumn is one column of a foreign key.
type keyColumn struct {
	fromSchema, from, id, name, toSchema, to string
	column, references, onDelete, onUpdate   string
}

func (s *schema) addKey(k keyColumn) {
	from, to := s.tables[k.fromSchema+"."+k.from], s.tables[k.toSchema+"."+k.to]
	if from == nil || to == nil {
		return
	}
	if n := len(from.outgoing); n > 0 && from.outgoing[n-1].id == k.id {
		last := from.outgoing[n-1]
		last.columns, last.references = append(last.columns, k.column), append(last.references, k.references)
		return
	}
	key := &foreignKey{
		id: k.id, name: k.name, from: from, to: to, onDelete: k.onDelete, onUpdate: k.onUpdate,
		columns: []string{k.column}, references: []string{k.references},
	}
	from.outgoing = append(from.outgoing, key)
	to.incoming = append(to.incoming, key)
}

// addHeir takes a table and one of its partitions or heirs: what fires and
// acts there does so for statements that name the table. It comes after all
// keys and triggers are known; rows of one table follow each other.
func addHeir(s *schema, r []string) {
	t, heir := s.tables[r[0]+"."+r[1]], s.tables[r[2]+"."+r[3]]
	if t == nil || heir == nil {
		return
	}
	heir.heir = true
	t.plain, t.transactional = t.plain && heir.plain, t.transactional && heir.transactional
	t.refused = append(t.refused, heir.refused...)
	for _, g := range heir.triggers {
		if g.on == heir.name {
			t.triggers = append(t.triggers, g)
		}
	}
	for _, k := range heir.incoming {
		if k.to == heir {
			moved := *k
			moved.to = t
			t.incoming = append(t.incoming, &moved)
		}
	}
}

// addCheck takes schema, table, name, text, column; rows of one follow each
// other.
func addCheck(s *schema, r []string) {
	t := s.tables[r[0]+"."+r[1]]
	if t == nil {
		return
	}
	if n := len(t.checks); n > 0 && t.checks[n-1].name == r[2] {
		t.checks[n-1].columns = append(t.checks[n-1].columns, r[4])
		return
	}
	t.checks = append(t.checks, check{name: r[2], text: r[3], columns: []string{r[4]}})
}

func addApart(s *schema, r []string) {
	if t := s.tables[r[0]+"."+r[1]]; t != nil {
		t.keepApart(r[2])
	}
}

func addUnidentified(s *schema, r []string) {
	if t := s.tables[r[0]+"."+r[1]]; t != nil {
		t.refused = append(t.refused, refusal{
			onDelete: yes(r[2]), onUpdate: yes(r[3]),
			what: t.key() + " is published and has no replica identity, so the server refuses to change its rows",
			mend: "give it a primary key, or ALTER TABLE " + t.key() + " REPLICA IDENTITY FULL",
		})
	}
}

func addCopy(s *schema, r []string) {
	t, of := s.tables[r[0]+"."+r[1]], s.tables[r[2]+"."+r[3]]
	if t != nil && of != nil {
		t.copyOf = append(t.copyOf, of)
	}
}

// addTrigger takes schema, table, name, on delete, on update.
func addTrigger(s *schema, r []string) {
	if t := s.tables[r[0]+"."+r[1]]; t != nil {
		t.triggers = append(t.triggers, trigger{name: r[2], on: r[1], onDelete: yes(r[3]), onUpdate: yes(r[4])})
	}
}
