package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// processMemory reads one line of /proc/PID/status in bytes: VmRSS, what is
// resident now, or VmHWM, the most that ever was; see proc(5).
func processMemory(pid int, line string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for l := range strings.Lines(string(text)) {
		value, found := strings.CutPrefix(l, line+":")
		if !found {
			continue
		}
		kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		return kilobytes << 10, err
	}
	return 0, fmt.Errorf("/proc/%d/status has no line %s", pid, line)
}
