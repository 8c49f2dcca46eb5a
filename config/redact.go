package config

import (
	"fmt"
	"reflect"
	"time"
)

// redact is the configuration as plain values by key, its secrets hidden.
func redact(c *Config) map[string]any {
	return redactStruct(reflect.ValueOf(c).Elem())
}

func redactStruct(values ...reflect.Value) map[string]any {
	out := map[string]any{}
	for _, v := range values {
		for _, f := range fieldsOf(v.Type()) {
			out[f.name] = redactValue(v.FieldByIndex(f.index), f)
		}
	}
	return out
}

func redactKinded(base reflect.Value, options any) map[string]any {
	if options == nil {
		return redactStruct(base)
	}
	return redactStruct(base, reflect.ValueOf(options).Elem())
}

func redactValue(v reflect.Value, f field) any {
	if f.secret {
		if v.IsZero() {
			return ""
		}
		return hidden
	}
	switch x := v.Interface().(type) {
	case Directory:
		return redactKinded(reflect.ValueOf(x.DirectoryBase), x.Options)
	case System:
		return redactKinded(reflect.ValueOf(x.Base), x.Options)
	case time.Duration:
		return x.String()
	case Tenants, time.Time:
		return x
	}
	switch {
	case v.Kind() == reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return redactValue(v.Elem(), f)
	case isSection(v.Type()):
		return redactStruct(v)
	case v.Kind() == reflect.Map:
		out := map[string]any{}
		for _, k := range v.MapKeys() {
			out[fmt.Sprint(k)] = redactValue(v.MapIndex(k), f.element())
		}
		return out
	case v.Kind() == reflect.Slice:
		out := make([]any, v.Len())
		for i := range out {
			out[i] = redactValue(v.Index(i), f.element())
		}
		return out
	}
	return v.Interface()
}
