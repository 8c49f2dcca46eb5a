package sqldb

// Weaknesses is what check notes of a DSN.
func Weaknesses(kind, dsn string) []string {
	var out []string
	for _, w := range map[string]dialect{"postgres": postgres{}, "mysql": mysqlDialect{}, "sqlite": sqlite{}}[kind].weaknesses(dsn) {
		out = append(out, string(w.severity)+": "+w.what+"; "+w.mend)
	}
	return out
}
