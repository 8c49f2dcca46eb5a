//go:build failpoints

package main

import (
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// failpointOf lets the crash tests choose where the process dies or stops:
// PRIVACYDESK_FAILPOINT=NAME[:N[:stop]] kills it (kill -9) when the failpoint
// is passed for the N-th time, or stops it (SIGSTOP).
func failpointOf(env func(string) (string, bool)) func(string) {
	spec, ok := env("PRIVACYDESK_FAILPOINT")
	if !ok || spec == "" {
		return nil
	}
	parts := strings.Split(spec, ":")
	nth := int64(1)
	if len(parts) > 1 {
		if n, err := strconv.ParseInt(parts[1], 10, 64); err == nil {
			nth = n
		}
	}
	signal := syscall.SIGKILL
	if len(parts) > 2 && parts[2] == "stop" {
		signal = syscall.SIGSTOP
	}
	var passed atomic.Int64
	return func(name string) {
		if name == parts[0] && passed.Add(1) == nth {
			_ = syscall.Kill(syscall.Getpid(), signal)
			if signal == syscall.SIGKILL {
				select {} // the signal is on its way
			}
		}
	}
}
