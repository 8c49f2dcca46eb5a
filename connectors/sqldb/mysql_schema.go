package sqldb

import (
	"context"
	"slices"
	"strconv"
	"strings"
)

const mysqlColumns = `
SELECT c.table_schema, c.table_name, t.table_type, c.column_name, c.data_type, c.column_type, c.is_nullable,
       coalesce(c.character_maximum_length, 0), coalesce(c.numeric_precision, 0), coalesce(c.numeric_scale, 0),
       coalesce(c.character_set_name, ''), coalesce(c.collation_name, ''), coalesce(c.generation_expression, ''),
       coalesce(t.engine, ''), coalesce(e.transactions, '')
FROM information_schema.columns AS c
JOIN information_schema.tables AS t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
LEFT JOIN information_schema.engines AS e ON e.engine = t.engine
WHERE c.table_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')
ORDER BY c.table_schema, c.table_name, c.ordinal_position`

const mysqlIndexes = `
SELECT table_schema, table_name, index_name, index_name = 'PRIMARY', non_unique = 0, coalesce(column_name, '')
FROM information_schema.statistics
WHERE table_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')
ORDER BY table_schema, table_name, index_name, seq_in_index`

const mysqlKeys = `
SELECT k.table_schema, k.table_name, k.constraint_name, k.referenced_table_schema, k.referenced_table_name,
       k.column_name, k.referenced_column_name, r.delete_rule, r.update_rule
FROM information_schema.key_column_usage AS k
JOIN information_schema.referential_constraints AS r
  ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name
WHERE k.referenced_table_name IS NOT NULL
ORDER BY k.table_schema, k.table_name, k.constraint_name, k.ordinal_position`

const mysqlTriggers = `
SELECT event_object_schema, event_object_table, trigger_name, event_manipulation = 'DELETE', event_manipulation = 'UPDATE'
FROM information_schema.triggers WHERE event_manipulation <> 'INSERT' ORDER BY 1, 2, 3`

func (mysqlDialect) introspect(ctx context.Context, s session, o *Options) (*schema, error) {
	out := &schema{tables: map[string]*table{}, home: o.Schema}
	if out.home == "" {
		if err := texts(ctx, s, "SELECT DATABASE()", func(r []string) { out.home = r[0] }); err != nil {
			return nil, err
		}
	}
	steps := []struct {
		sql string
		row func(*schema, []string)
	}{
		{mysqlColumns, addMySQLColumn},
		{mysqlIndexes, addIndexColumn},
		{mysqlKeys, addMySQLKey},
		{mysqlTriggers, addTrigger},
	}
	for _, step := range steps {
		if err := texts(ctx, s, step.sql, func(row []string) { step.row(out, row) }); err != nil {
			return nil, err
		}
	}
	if err := mysqlChecks(ctx, s, out); err != nil {
		return nil, err
	}
	err := texts(ctx, s, "SELECT @@max_allowed_packet", func(r []string) {
		if n, err := strconv.ParseInt(r[0], 10, 64); err == nil {
			out.packet = n
		}
	})
	if err != nil {
		return nil, err
	}
	return out, hiddenFromMySQL(ctx, s, out)
}

func addMySQLColumn(s *schema, r []string) {
	t := s.grow(r[0], r[1])
	addMySQLRelation(t, r[2], r[13], yes(r[14]))
	number := func(text string) int64 {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return 0
		}
		return n
	}
	c := &column{
		name: r[3], kind: strings.ToLower(r[5]), class: mysqlClass(strings.ToLower(r[4])), nullable: yes(r[6]),
		unsigned: strings.Contains(strings.ToLower(r[5]), "unsigned"),
		charset:  r[10], collation: r[11], generated: r[12] != "",
	}
	c.shape = slices.Contains([]string{
		"geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection", "geomcollection",
	}, strings.ToLower(r[4]))
	if c.class == classText || c.class == classBytes {
		c.length = number(r[7])
	}
	if c.class == classDecimal {
		c.precision, c.scale = number(r[8]), number(r[9])
	}
	c.bits = map[string]int{"tinyint": 8, "smallint": 16, "mediumint": 24, "int": 32, "bigint": 64}[strings.ToLower(r[4])]
	if c.several = strings.EqualFold(r[4], "set"); c.several || strings.EqualFold(r[4], "enum") {
		c.list = enumValues(r[5])
	}
	t.columns = append(t.columns, c)
	if c.generated {
		t.computed = append(t.computed, check{name: c.name, text: r[12]})
	}
}

// addMySQLRelation says what a table is by its type and its engine: some
// engines keep no transactions, and some only reach for other servers' rows.
func addMySQLRelation(t *table, kind, engine string, transactional bool) {
	t.engine, t.transactional = engine, transactional
	switch {
	case slices.Contains([]string{"FEDERATED", "SPIDER", "CONNECT", "MRG_MYISAM", "SPHINX", "S3"}, strings.ToUpper(engine)):
		t.plain, t.kind, t.transactional = false, foreign, false
	case kind == "BASE TABLE":
		t.plain = true
	case kind == "SYSTEM VERSIONED":
		t.plain, t.history = true, true
	default:
		t.plain, t.kind = false, strings.ToLower(kind)
	}
}

func mysqlClass(kind string) class {
	switch kind {
	case "tinyint", "smallint", "mediumint", "int", "bigint", "year":
		return classInt
	case "decimal", "numeric":
		return classDecimal
	case "float", "double", "real":
		return classFloat
	case "char", "varchar", "tinytext", "text", "mediumtext", "longtext":
		return classText
	case "binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "bit", "vector":
		return classBytes
	case "date", "datetime", "timestamp", "time":
		return classTime
	case "json":
		return classJSON
	case "uuid":
		return classUUID
	default:
		return classOther
	}
}

func addMySQLKey(s *schema, r []string) {
	s.addKey(keyColumn{
		fromSchema: r[0], from: r[1], id: r[2], name: r[2], toSchema: r[3], to: r[4],
		column: r[5], references: r[6], onDelete: r[7], onUpdate: r[8],
	})
}
