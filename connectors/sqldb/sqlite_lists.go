package sqldb

import (
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"
)

// bindAll binds values one by one, or many as one JSON array, since SQLite
// bounds the number of parameters.
func (d sqlite) bindAll(b *builder, values []any) string {
	const many = 200
	if len(values) > many {
		elements, expression := jsonElements(values)
		if array, err := json.Marshal(elements); err == nil {
			return "SELECT " + expression + " FROM json_each(" + d.bind(b, string(array)) + ")"
		}
	}
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = d.bind(b, v)
	}
	return strings.Join(out, ", ")
}

// jsonElements are values as JSON can carry them, and how SQL reads them
// back: bytes, and texts of which JSON would make others, go in hex.
func jsonElements(values []any) (elements []any, expression string) {
	raw := func(v any) (string, bool) {
		switch v := v.(type) {
		case []byte:
			return string(v), true
		case string:
			return v, !utf8.ValidString(v) || strings.Contains(v, "\x00")
		default:
			return "", false
		}
	}
	if !slices.ContainsFunc(values, func(v any) bool { _, odd := raw(v); return odd }) {
		return values, "value"
	}
	expression = "unhex(value)"
	for _, v := range values {
		text, _ := raw(v)
		if _, isText := v.(string); isText {
			expression = "CAST(unhex(value) AS TEXT)"
		}
		elements = append(elements, hex.EncodeToString([]byte(text)))
	}
	return elements, expression
}
