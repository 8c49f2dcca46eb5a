//go:build unix && !linux

package redisstore

import "syscall"

// attributes: without Linux's parent-death signal a killed daemon leaves its server running; the next Start ends it.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
