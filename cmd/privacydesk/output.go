package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// tell prints what was done: one object, or words for people.
func tell(s *surroundings, asJSON bool, object any, words string) error {
	if asJSON {
		return printJSON(s.stdout, object)
	}
	_, err := fmt.Fprintln(s.stdout, words)
	return err
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
