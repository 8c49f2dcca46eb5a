package servers

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// attributes: a group of its own, so that a terminal's Ctrl-C ends the test first and not the server under it; and
// death with the thread that started it, which (*run).guard keeps for as long as the server lives.
func attributes(owner account) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: owner.credential, Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// children returns the processes whose parent is pid: PostgreSQL serves each connection in one.
func children(pid int) []int {
	// The kernel's own list knows the children of each thread; it is missing where CONFIG_PROC_CHILDREN is. See proc(5).
	if lists, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task/*/children")); err == nil && len(lists) > 0 {
		var found []int
		for _, list := range lists {
			content, err := os.ReadFile(list)
			if err != nil {
				continue
			}
			for _, field := range bytes.Fields(content) {
				if child, err := strconv.Atoi(string(field)); err == nil {
					found = append(found, child)
				}
			}
		}
		return found
	}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	var found []int
	for _, path := range stats {
		fields := statFields(path)
		if len(fields) > 1 && string(fields[1]) == strconv.Itoa(pid) {
			if child, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
				found = append(found, child)
			}
		}
	}
	return found
}

// halted tells whether the process has stopped running code after a SIGSTOP; a process that is gone has.
func halted(pid int) bool {
	fields := statFields(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return len(fields) == 0 || bytes.ContainsAny(fields[0], "TtZX")
}

// statFields returns the fields of /proc/PID/stat that follow the program's name (which may hold blanks and brackets):
// state, parent, … See proc(5).
func statFields(path string) [][]byte {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	_, rest, found := cutLast(content, []byte(") "))
	if !found {
		return nil
	}
	return bytes.Fields(rest)
}

func cutLast(s, separator []byte) (before, after []byte, found bool) {
	i := bytes.LastIndex(s, separator)
	if i < 0 {
		return s, nil, false
	}
	return s[:i], s[i+len(separator):], true
}
