package config

import (
	"encoding/json"
	"reflect"
	"strconv"
	"time"

	"privacydesk/connectors"
)

// referencePattern is what makes any scalar of any type acceptable: its value
// is known only when the file is loaded.
const referencePattern = `\$\{(env|file):`

// Schema is the configuration's JSON schema (draft 2020-12), by which editors
// complete and check: docs/config.schema.json. Load knows more than it.
func Schema(kinds connectors.Kinds) []byte {
	s := objectSchema(reflect.New(reflect.TypeFor[Config]()).Elem())
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "privacydesk"
	properties := s["properties"].(map[string]any)
	properties["systems"].(map[string]any)["additionalProperties"] = variants(reflect.TypeFor[Base](), systemKinds(kinds))
	properties["directory"] = variants(reflect.TypeFor[DirectoryBase](), directoryKinds())
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic("schema: " + err.Error()) // maps, lists and texts alone
	}
	return append(out, '\n')
}

// variants is a section's schema: one variant for each kind.
func variants(base reflect.Type, kinds map[string]func() any) map[string]any {
	var out []any
	for _, name := range sortedKeys(kinds) {
		v := objectSchema(reflect.New(base).Elem(), reflect.ValueOf(kinds[name]()).Elem())
		v["title"] = name
		v["properties"].(map[string]any)["kind"].(map[string]any)["enum"] = []string{name}
		out = append(out, v)
	}
	return map[string]any{"anyOf": out}
}

func objectSchema(values ...reflect.Value) map[string]any {
	properties, required := map[string]any{}, []string{}
	for _, v := range values {
		for _, f := range fieldsOf(v.Type()) {
			p := typeSchema(f, v.FieldByIndex(f.index))
			if f.doc != "" {
				p["description"] = f.doc
			}
			properties[f.name] = p
			if f.required {
				required = append(required, f.name)
			}
		}
	}
	out := map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

func typeSchema(f field, v reflect.Value) map[string]any {
	t := f.typ
	switch {
	case t == reflect.TypeFor[Tenants]():
		return map[string]any{"anyOf": []any{
			map[string]any{"type": "string", "enum": []string{"same"}},
			map[string]any{"type": "object", "additionalProperties": map[string]any{"type": []string{"string", "number"}}},
		}}
	case t.Kind() == reflect.Pointer:
		f.typ = t.Elem()
		return typeSchema(f, reflect.New(t.Elem()).Elem())
	case isSection(t):
		return orNull(objectSchema(v))
	case t.Kind() == reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": typeSchema(f.element(), reflect.New(t.Elem()).Elem())}
	case t.Kind() == reflect.Slice:
		return map[string]any{"type": "array", "items": typeSchema(f.element(), reflect.New(t.Elem()).Elem())}
	}
	s := scalarSchema(f)
	if def := defaultOf(f, v); def != "" && !f.secret {
		s["default"] = typedDefault(f, def)
	}
	return s
}

// orNull lets a section's key stand without a value, unless it needs keys.
func orNull(s map[string]any) map[string]any {
	if s["required"] == nil {
		s["type"] = []string{"object", "null"}
	}
	return s
}

func scalarSchema(f field) map[string]any {
	text := func(pattern string) map[string]any {
		return map[string]any{"type": "string", "pattern": pattern + "|" + referencePattern}
	}
	orReference := func(s map[string]any) map[string]any {
		return map[string]any{"anyOf": []any{s, map[string]any{"type": "string", "pattern": referencePattern}}}
	}
	switch {
	case f.typ == reflect.TypeFor[time.Duration]():
		return text(`^([0-9.]+(ns|us|µs|ms|s|m|h)|[0-9]+d|0)+$`)
	case f.typ == reflect.TypeFor[time.Time]():
		return text(`^[0-9]{4}-[0-9]{2}-[0-9]{2}(T.*)?$`)
	case f.bytes:
		return map[string]any{"anyOf": []any{map[string]any{"type": "integer"}, text(`^[0-9]+ *([kKMG]i?)?B?$`)}}
	case len(f.enum) > 0:
		return orReference(map[string]any{"type": "string", "enum": f.enum})
	}
	switch kindName(f) {
	case "true or false":
		return orReference(map[string]any{"type": "boolean"})
	case "a whole number":
		return orReference(bounds(map[string]any{"type": "integer"}, f))
	case "a number":
		return orReference(map[string]any{"type": "number"})
	}
	return map[string]any{"type": []string{"string", "number"}} // an id of digits is a text too
}

func bounds(s map[string]any, f field) map[string]any {
	for key, text := range map[string]string{"minimum": f.min, "maximum": f.max} {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			s[key] = n
		}
	}
	return s
}

// typedDefault is a default as a JSON value of the key's type.
func typedDefault(f field, def string) any {
	var out any
	switch kindName(f) {
	case "true or false", "a whole number", "a number":
		if json.Unmarshal([]byte(def), &out) == nil {
			return out
		}
	}
	return def
}
