package config

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// mendError is what is wrong with a value and how to mend it; it never holds
// the value.
type mendError struct{ what, mend string }

func (e *mendError) Error() string { return e.what + "; " + e.mend }

func wrong(what, mend string) error { return &mendError{what, mend} }

// scalar decodes one text, number, truth value, duration, size or time.
func (d *decoder) scalar(n *yaml.Node, v reflect.Value, f field, path string) {
	at := n
	n = target(n)
	if n.Kind != yaml.ScalarNode {
		d.fail(at, path, "is "+shape(n)+" and must be "+kindName(f), "write one value behind the colon")
		return
	}
	if isNull(n) {
		if f.required {
			d.fail(at, path, "has no value", "write one behind the colon")
		}
		return // as if the key were absent: the default holds
	}
	text, outside, err := d.expand(n.Value)
	if err != nil {
		d.fail(at, path, err.Error(), "")
		return
	}
	d.outside = append(d.outside, outside...)
	if err := tagFits(n, v, f, len(outside) > 0); err != nil {
		d.failMend(at, path, err)
		return
	}
	if f.required && strings.TrimSpace(text) == "" {
		d.fail(at, path, "is empty", "give it a value")
		return
	}
	if err := d.setText(v, f, text); err != nil {
		d.failMend(at, path, err)
	}
}

func (d *decoder) failMend(n *yaml.Node, path string, err error) {
	var m *mendError
	if errors.As(err, &m) {
		d.fail(n, path, m.what, m.mend)
		return
	}
	// A foreign type's own words may repeat the value.
	d.fail(n, path, "can't be read", "see the reference for what may stand here")
}

// tagFits refuses a YAML type that is not the field's: a quoted number for a
// number, a truth value for a text.
func tagFits(n *yaml.Node, v reflect.Value, f field, expanded bool) error {
	tag := n.ShortTag()
	mismatch := wrong("is "+shape(n)+" and must be "+kindName(f), "write "+example(f))
	if shape(n) == "" {
		return wrong("bears a tag (!) that means nothing here", "remove the tag, or quote a text that begins with !")
	}
	if expanded && tag == "!!str" {
		return nil
	}
	switch v.Interface().(type) {
	case time.Duration, time.Time:
		return nil // their own messages say more
	}
	switch {
	case f.bytes:
		return nil
	case v.Kind() == reflect.Bool && tag != "!!bool",
		v.CanInt() && tag != "!!int", v.CanUint() && tag != "!!int",
		v.CanFloat() && tag != "!!int" && tag != "!!float":
		return mismatch
	case v.Kind() == reflect.String && tag == "!!bool":
		return wrong("is true or false and must be a text", "put it in quotes")
	}
	return nil
}

// setText reads text into v. Its errors never repeat the text.
func (d *decoder) setText(v reflect.Value, f field, text string) error {
	if len(f.enum) > 0 && !slices.Contains(f.enum, text) {
		return wrong("is none of "+strings.Join(f.enum, ", "), suggestion(text, f.enum))
	}
	if err := d.read(v, f, text); err != nil {
		return err
	}
	return bounded(v, f)
}

func (d *decoder) read(v reflect.Value, f field, text string) error {
	switch p := v.Addr().Interface().(type) {
	case *time.Duration:
		parsed, err := parseDuration(text)
		*p = parsed
		return err
	case *time.Time:
		parsed, err := parseTime(text)
		*p = parsed
		return err
	case textual:
		return p.UnmarshalText([]byte(text))
	}
	switch {
	case f.bytes && v.CanInt():
		n, err := parseBytes(text)
		if err == nil {
			v.SetInt(n)
		}
		return err
	case v.Kind() == reflect.String:
		v.SetString(d.resolvePath(f, text))
	case v.Kind() == reflect.Bool:
		if text != "true" && text != "false" {
			return wrong("is neither true nor false", "write true or false")
		}
		v.SetBool(text == "true")
	case v.CanInt():
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || v.OverflowInt(n) {
			return wrong("is not a whole number that fits", "write digits only")
		}
		v.SetInt(n)
	case v.CanUint():
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil || v.OverflowUint(n) {
			return wrong("is not a whole number from 0 that fits", "write digits only")
		}
		v.SetUint(n)
	case v.CanFloat():
		x, err := strconv.ParseFloat(text, 64)
		if err != nil || v.OverflowFloat(x) || x != x {
			return wrong("is not a number", "write digits with a point")
		}
		v.SetFloat(x)
	default:
		panic(fmt.Sprintf("key %q: the configuration can't hold a %s", f.name, v.Type()))
	}
	return nil
}

func (d *decoder) resolvePath(f field, text string) string {
	if !f.path || text == "" || filepath.IsAbs(text) {
		return text
	}
	return filepath.Join(d.dir, text)
}

// parseDuration reads Go's durations, and days.
func parseDuration(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseInt(days, 10, 32); err == nil && n >= 0 && n < 36500 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	dur, err := time.ParseDuration(text)
	switch {
	case err != nil && text != "" && strings.Trim(text, "0123456789") == "":
		return 0, wrong("is a number without a unit", "write it as 90s, 15m, 72h or 14d")
	case err != nil:
		return 0, wrong("is not a duration", "write it as 90s, 15m, 72h or 14d")
	case dur < 0:
		return 0, wrong("is negative", "write a duration from 0s")
	}
	return dur, nil
}

// parseTime reads a moment, or a day as its midnight in UTC.
func parseTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, wrong("is not a date", "write it as 2026-11-01T00:00:00Z, or as 2026-11-01 for midnight UTC")
}

// parseBytes reads a size: a number of bytes, or one with a decimal (MB) or
// binary (MiB) unit.
func parseBytes(text string) (int64, error) {
	units := []struct {
		name string
		size int64
	}{
		{"KiB", 1 << 10},
		{"MiB", 1 << 20},
		{"GiB", 1 << 30},
		{"kB", 1e3},
		{"KB", 1e3},
		{"MB", 1e6},
		{"GB", 1e9},
		{"B", 1},
		{"", 1},
	}
	for _, u := range units {
		digits, ok := strings.CutSuffix(text, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
		if err == nil && n >= 0 && n <= (1<<62)/u.size {
			return n * u.size, nil
		}
		break
	}
	return 0, wrong("is not a size", "write it as 50 MB, 64 KiB or a number of bytes")
}

// bounded holds a whole number, duration or size against its min and max
// tags.
func bounded(v reflect.Value, f field) error {
	if low, ok := bound(v, f, f.min); ok && compareInts(v, low) < 0 {
		return wrong("is below "+f.min, "write "+f.min+" or more")
	}
	if high, ok := bound(v, f, f.max); ok && compareInts(v, high) > 0 {
		return wrong("is above "+f.max, "write "+f.max+" or less")
	}
	return nil
}

func bound(v reflect.Value, f field, text string) (reflect.Value, bool) {
	if text == "" {
		return reflect.Value{}, false
	}
	limit := reflect.New(v.Type()).Elem()
	if err := (&decoder{}).read(limit, f, text); err != nil || !v.CanInt() && !v.CanUint() {
		panic(fmt.Sprintf("key %q: its bound does not fit it", f.name))
	}
	return limit, true
}

func compareInts(a, b reflect.Value) int {
	if a.CanInt() {
		return cmp.Compare(a.Int(), b.Int())
	}
	return cmp.Compare(a.Uint(), b.Uint())
}

// kindName is what a field holds, in words.
func kindName(f field) string {
	switch {
	case f.typ == reflect.TypeFor[time.Duration]():
		return "a duration"
	case f.typ == reflect.TypeFor[time.Time]():
		return "a date"
	case f.bytes:
		return "a size"
	case len(f.enum) > 0:
		return "one of " + strings.Join(f.enum, ", ")
	}
	switch v := reflect.New(f.typ).Elem(); {
	case v.Kind() == reflect.Bool:
		return "true or false"
	case v.CanInt(), v.CanUint():
		return "a whole number"
	case v.CanFloat():
		return "a number"
	}
	return "a text"
}

func example(f field) string {
	switch kindName(f) {
	case "true or false":
		return "true or false, without quotes"
	case "a whole number", "a number":
		return "digits, without quotes"
	}
	return kindName(f)
}

func splitList(s string) []string {
	var out []string
	for part := range strings.SplitSeq(s, ",") {
		out = append(out, strings.TrimSpace(part))
	}
	return out
}

// join extends a path by a key; a key that might be a value is not shown.
func join(path, key string) string {
	if !keyLike(key) {
		key = "…"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// parent is the path above, "" for the whole file.
func parent(path string) string {
	i := strings.LastIndexAny(path, ".[")
	if i < 0 {
		return ""
	}
	return path[:i]
}
