//go:build !linux

package servers

import "syscall"

// attributes: without Linux's parent-death signal a killed test process leaves its servers behind.
func attributes(owner account) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: owner.credential, Setpgid: true}
}

// children are not known here: a killed PostgreSQL's backends end by themselves a little later, and Pause stops only
// what is not in a connection.
func children(int) []int { return nil }

func halted(int) bool { return true }
