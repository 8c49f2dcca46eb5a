package sqldb_test

import (
	"testing"

	"privacydesk/connectors"
	"privacydesk/connectors/connectortest"
)

func TestConformance(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		connectortest.Run(t, connectortest.Harness{Build: func(tb testing.TB, f connectortest.Fixture) connectortest.System {
			tb.Helper()
			w := e.world(tb)
			for _, table := range f.Tables {
				w.table(tb, table)
			}
			return connectortest.System{
				Open: func(tb testing.TB, batch int) connectors.Connector {
					tb.Helper()
					return w.open(tb, f.Map, batchOf(batch))
				},
				Dump:   w.dump,
				Insert: w.insert,
			}
		}})
	})
}
