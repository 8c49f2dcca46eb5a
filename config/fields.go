package config

import (
	"reflect"
	"strings"
	"time"
)

// field is one key of the configuration, as a struct's tags declare it:
//
//	yaml:"name"       the key; a field without this tag is not configurable
//	default:"72h"     what holds when the key is absent
//	required:"true"   the key must be there and not empty
//	enum:"a,b"        the values that are allowed (of each element, for lists and maps)
//	doc:"…"           what the key means
//	secret:"true"     never printed
//	unit:"bytes"      an integer that is written as 50 MB or 64 KiB
//	min:"1" max:"99"  bounds, in the field's own notation
//	path:"true"       a file or folder; a relative one is taken from the configuration's folder
type field struct {
	name     string
	index    []int
	typ      reflect.Type
	def      string
	hasDef   bool
	required bool
	enum     []string
	doc      string
	secret   bool
	bytes    bool
	min, max string
	path     bool
}

// fieldsOf lists a struct's keys in their order, those of inlined structs in
// their place.
func fieldsOf(t reflect.Type) []field {
	var out []field
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		name, rest, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if strings.Contains(","+rest+",", ",inline,") {
			for _, inner := range fieldsOf(f.Type) {
				inner.index = append([]int{i}, inner.index...)
				out = append(out, inner)
			}
			continue
		}
		if name == "" || name == "-" {
			continue
		}
		out = append(out, newField(name, i, f))
	}
	return out
}

func newField(name string, i int, f reflect.StructField) field {
	def, hasDef := f.Tag.Lookup("default")
	out := field{
		name: name, index: []int{i}, typ: f.Type, def: def, hasDef: hasDef,
		required: f.Tag.Get("required") == "true",
		doc:      f.Tag.Get("doc"),
		secret:   f.Tag.Get("secret") == "true" || f.Type == reflect.TypeFor[Secret](),
		bytes:    f.Tag.Get("unit") == "bytes",
		min:      f.Tag.Get("min"), max: f.Tag.Get("max"),
		path: f.Tag.Get("path") == "true",
	}
	if enum := f.Tag.Get("enum"); enum != "" {
		out.enum = strings.Split(enum, ",")
	}
	return out
}

// element is the field that describes a list's or a map's elements.
func (f field) element() field {
	return field{typ: f.typ.Elem(), enum: f.enum, secret: f.secret, bytes: f.bytes, min: f.min, max: f.max, path: f.path}
}

// isSection is true for structs whose keys stand below the field's own.
func isSection(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t != reflect.TypeFor[time.Time]() && !implements[textual](t)
}

// textual reads itself from a scalar's text.
type textual interface{ UnmarshalText(text []byte) error }

func implements[I any](t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[I]())
}
