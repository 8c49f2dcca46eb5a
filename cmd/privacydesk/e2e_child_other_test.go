//go:build !linux

package main

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// childAttributes: a group of its own; nothing more can be asked of these
// systems.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// asleep is true while a process is stopped by a signal.
func asleep(pid int) bool {
	out, err := exec.Command("ps", "-o", "state=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.HasPrefix(strings.TrimSpace(string(out)), "T")
}
