// Package all is the one list of connector kinds.
package all

import (
	"slices"

	"privacydesk/connectors"
	"privacydesk/connectors/sqldb"
)

// Kinds returns every kind that this build has, by name. It fails if two
// packages claim one name.
func Kinds() (connectors.Kinds, error) {
	return connectors.NewKinds(slices.Concat(
		sqldb.Kinds(),
	)...)
}
