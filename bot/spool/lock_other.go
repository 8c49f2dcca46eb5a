//go:build !unix

package spool

import "errors"

// lockFile is not built for this system.
func lockFile(string, bool, bool) (func() error, error) {
	return nil, errors.New("the key shelf needs flock, which this operating system lacks")
}
