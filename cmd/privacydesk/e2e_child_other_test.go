//go:build !linux

package main

import "syscall"

// childAttributes: a group of its own; nothing more can be asked of these
// systems.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
