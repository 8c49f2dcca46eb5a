package sample

import (
	"fmt"
	"slices"
	"strings"
)

// deletable are the tables from which a delete removes a person's rows.
func deletable(table string) bool {
	return slices.Contains([]string{"customer", "sales_order", "event", "recording", "lead_feature"}, table)
}

// WithoutPerson is what of a table's dump is not the person's, or is kept
// although it is: invoices, and an address that others share.
func WithoutPerson(table string, rows []string, p Person) []string {
	if !deletable(table) {
		return rows
	}
	return without(rows, keysOf(table, p))
}

// WithoutMasked is a dump after a delete without the person's masked rows, of
// which the masks themselves are checked here: one that still shows the
// person stays in the list, and so differs from what is expected.
func WithoutMasked(table string, rows []string, p Person) []string {
	if table != "lead_feature" {
		return rows
	}
	keys := keysOf(table, p)
	return slices.DeleteFunc(slices.Clone(rows), func(row string) bool {
		key, rest, _ := strings.Cut(row, "|")
		return slices.Contains(keys, key) && !strings.Contains(rest, p.Email) && !strings.Contains(rest, p.Name)
	})
}

func keysOf(table string, p Person) []string {
	var out []string
	for _, row := range p.Rows(table) {
		out = append(out, fmt.Sprint(row[0]))
	}
	return out
}

func without(rows, keys []string) []string {
	return slices.DeleteFunc(slices.Clone(rows), func(row string) bool {
		key, _, _ := strings.Cut(row, "|")
		return slices.Contains(keys, key)
	})
}
