package sqldb

import (
	"context"
	"fmt"
	"strings"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
)

// tenantSample is how many rows are looked at for spellings of tenants.
const tenantSample = 50_000

// tenantsAlike tells of tenants in a column that differ in case or blanks alone.
// Tenants are compared byte by byte, whatever the database calls equal: one
// customer's rows are never another's. Where both are the same customer, though,
// half of their rows are found by nobody.
func (v *visit) tenantsAlike(ctx context.Context, found *findings, p place) error {
	if p.Scope.Kind != dataset.ScopeField || len(p.Scope.Hops) > 0 {
		return nil
	}
	c, err := v.column(p, p.Scope.Field)
	if err != nil || c.class != classText || c.digits {
		return err
	}
	spellings := map[string]string{}
	alike := map[string]bool{}
	q := query{cols: []*column{c}}
	q.sql = "SELECT DISTINCT " + v.d.distinct("t", c) + " FROM (SELECT " + col(v.d, "s", c) + " FROM " + qualified(v.d, p.t) + " AS s LIMIT " + limit(tenantSample) + ") AS t"
	err = v.s.query(ctx, q, func(cells []cell) error {
		raw := cells[0].value().Raw()
		folded := strings.ToLower(strings.TrimSpace(raw))
		if other, seen := spellings[folded]; seen && other != raw {
			alike[folded] = true
		}
		spellings[folded] = raw
		return nil
	})
	if err != nil {
		return err
	}
	if len(alike) > 0 {
		found.add(connectors.SeverityNote, p.Key+"."+p.Scope.Field,
			fmt.Sprintf("%d tenants are spelled in several ways that differ in case or blanks alone, and each spelling is a tenant of its own: rows of the others are not found", len(alike)),
			"spell each tenant in one way, if they are the same customer's")
	}
	return nil
}
