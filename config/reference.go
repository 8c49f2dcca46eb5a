package config

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"privacydesk/bot/directory"
	"privacydesk/connectors"
)

const generated = "<!-- Written by `privacydesk docs` from the declarations in the code; change those. -->\n\n"

// row is one key in the reference.
type row struct {
	path string
	f    field
	def  string
}

// rowsOf lists the keys of a section and of all below it. v carries the
// defaults that a constructor has set.
func rowsOf(path string, v reflect.Value) []row {
	var out []row
	for _, f := range fieldsOf(v.Type()) {
		at := f.name
		if path != "" {
			at = path + "." + f.name
		}
		fv := v.FieldByIndex(f.index)
		inner, suffix := innermost(f.typ)
		if !isSection(inner) || inner == reflect.TypeFor[Tenants]() {
			out = append(out, row{at, f, defaultOf(f, fv)})
			continue
		}
		if suffix != "" || fv.Kind() == reflect.Pointer {
			out = append(out, row{at, f, ""})
			fv = reflect.New(inner).Elem()
		}
		out = append(out, rowsOf(at+suffix, fv)...)
	}
	return out
}

// innermost is what lists, maps and pointers are of, and how its keys' paths
// are written.
func innermost(t reflect.Type) (reflect.Type, string) {
	suffix := ""
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		suffix += map[reflect.Kind]string{reflect.Slice: "[]", reflect.Map: ".NAME"}[t.Kind()]
		t = t.Elem()
	}
	return t, suffix
}

// defaultOf is a key's default in the file's notation.
func defaultOf(f field, v reflect.Value) string {
	if f.hasDef {
		return f.def
	}
	if v.IsZero() {
		return ""
	}
	switch x := v.Interface().(type) {
	case time.Duration:
		return shortDuration(x)
	case []string:
		return strings.Join(x, ",")
	}
	return fmt.Sprint(v.Interface())
}

// shortDuration drops the zero minutes and seconds that Go prints.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// typeWords is a key's type for readers.
func typeWords(f field) string {
	switch f.typ.Kind() {
	case reflect.Pointer:
		f.typ = f.typ.Elem()
		return typeWords(f)
	case reflect.Slice:
		return "list of: " + typeWords(f.element())
	case reflect.Map:
		return "mapping of names to: " + typeWords(f.element())
	default:
	}
	switch {
	case f.typ == reflect.TypeFor[Tenants]():
		return "mapping, or `same`"
	case isSection(f.typ):
		return "section"
	case f.secret:
		return "secret text"
	case len(f.enum) > 0:
		return "`" + strings.Join(f.enum, "`, `") + "`"
	}
	return strings.TrimPrefix(kindName(f), "a ")
}

// Reference is every key of the configuration, in Markdown: docs/config.md.
func Reference(kinds connectors.Kinds) []byte {
	var b bytes.Buffer
	b.WriteString("# Configuration\n\n" + generated)
	b.WriteString(`One YAML file, named by ` + "`--config`" + ` or, without it, by the environment's ` + "`PRIVACYDESK_CONFIG`" + `. It is read strictly: unknown and repeated keys, wrong types, impossible and missing values are
reported all at once, each with line, column and mend; no message repeats a value.

- Any text may hold ` + "`${env:NAME}` and `${file:PATH}`" + `; a relative path starts at the file's folder, the line end at a file's end is
  dropped; what is empty, and a file that every user of the machine can read or change, is refused. Inside ` + "`[ ]` and `{ }`" + ` such
  a text must be quoted.
  Write ` + "`$${` for a literal `${`" + `.
- Durations are written ` + "`90s`, `15m`, `72h` or `14d`; sizes `50 MB` (decimal), `64 KiB` (binary); moments `2026-11-01T00:00:00Z`" + `.
- Aliases (` + "`*name`" + `) work, merge keys (` + "`<<`" + `) don't. [config.schema.json](config.schema.json) lets editors complete and check.

`)
	v := reflect.New(reflect.TypeFor[Config]()).Elem()
	for _, f := range fieldsOf(v.Type()) {
		fmt.Fprintf(&b, "## %s\n\n", f.name)
		if isSection(f.typ) || f.typ.Kind() == reflect.Map {
			fmt.Fprintf(&b, "%s.\n\n", capital(f.doc))
		}
		if f.name == "systems" {
			fmt.Fprintf(&b, "Kinds: %s. Each adds the keys that [connectors.md](connectors.md) lists.\n\n", codes(kinds.Names()))
		}
		table(&b, rowsOf("", onlyField(v, f)))
		if f.name == "directory" {
			directoryTables(&b)
		}
	}
	b.WriteString("## A sample\n\n```yaml\n" + Sample() + "```\n")
	return b.Bytes()
}

func directoryTables(b *bytes.Buffer) {
	for _, k := range directory.Kinds() {
		fmt.Fprintf(b, "`kind: %s`: %s.\n\n", k.Name, k.Summary)
		table(b, rowsOf("directory", reflect.ValueOf(k.Options()).Elem()))
	}
}

// onlyField is a struct of one field, so that a section's paths begin with
// its own key.
func onlyField(v reflect.Value, f field) reflect.Value {
	return reflect.New(reflect.StructOf([]reflect.StructField{v.Type().FieldByIndex(f.index)})).Elem()
}

// ConnectorReference is every kind of connector with its keys, in Markdown:
// docs/connectors.md.
func ConnectorReference(kinds connectors.Kinds) []byte {
	var b bytes.Buffer
	b.WriteString("# Connectors\n\n" + generated)
	b.WriteString("A system is of one of these kinds. Beside the keys below it has those that every system has: see [config.md](config.md#systems).\n\n")
	for _, name := range kinds.Names() {
		kind := kinds[name]
		v := reflect.ValueOf(kind.Options()).Elem()
		fmt.Fprintf(&b, "## %s\n\n%s. %s\n\n", name, capital(kind.Summary), abilities(kind))
		table(&b, rowsOf("", v))
		fmt.Fprintf(&b, "```yaml\nsystems:\n  NAME:\n    kind: %s\n    tenants: { acme: \"1\" }\n", name)
		for _, f := range fieldsOf(v.Type()) {
			if f.required {
				fmt.Fprintf(&b, "    %s: %s\n", f.name, sampleValue(f))
			}
		}
		b.WriteString("```\n\n")
	}
	return append(bytes.TrimRight(b.Bytes(), "\n"), '\n')
}

func abilities(k connectors.Kind) string {
	can := func(yes bool, verb string) string {
		if yes {
			return verb
		}
		return "does not " + strings.TrimSuffix(verb, "s")
	}
	s := "It " + can(k.Gathers, "gathers") + " and " + can(k.Erases, "erases")
	if k.Batches {
		s += ", and serves several requests in one call"
	}
	return s + "."
}

func sampleValue(f field) string {
	text := "…"
	switch {
	case f.secret:
		text = "${env:" + strings.ToUpper(f.name) + "}"
	case len(f.enum) > 0:
		text = f.enum[0]
	}
	if f.typ.Kind() == reflect.Slice {
		return "[" + text + "]"
	}
	return text
}

func table(b *bytes.Buffer, rows []row) {
	b.WriteString("| key | type | default | meaning |\n| --- | --- | --- | --- |\n")
	for _, r := range rows {
		def := ""
		switch {
		case r.f.required:
			def = "**required**"
		case r.def != "":
			def = "`" + r.def + "`"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", r.path, cell(typeWords(r.f)), cell(def), cell(capital(r.f.doc)))
	}
	b.WriteString("\n")
}

func cell(s string) string { return strings.ReplaceAll(strings.TrimSuffix(s, "."), "|", `\|`) }

// capital begins a sentence, unless it begins with a value that is explained.
func capital(s string) string {
	if first, _, _ := strings.Cut(s, " "); first == "" || strings.Contains(first, ":") {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func codes(words []string) string {
	words = slices.Clone(words)
	for i := range words {
		words[i] = "`" + words[i] + "`"
	}
	return strings.Join(words, ", ")
}
