package redisstore

import "syscall"

// attributes: a group of its own, so that a terminal's Ctrl-C reaches the daemon alone, which stops its server last; and
// an orderly end when the daemon dies without stopping it.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
