//go:build !unix

package spool

import (
	"privacydesk/connectors"
)

// lockFile is not built for this system.
func lockFile(string, bool, bool) (func() error, error) {
	return nil, connectors.Said("the key shelf needs flock, which this operating system lacks")
}
