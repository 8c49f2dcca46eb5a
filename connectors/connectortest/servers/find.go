package servers

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
)

// systemDirs are where distributions put servers that an ordinary user's PATH leaves out.
func systemDirs() []string {
	return []string{"/usr/sbin", "/usr/local/sbin", "/sbin", "/usr/bin", "/usr/local/bin"}
}

// postgresDirs lists versioned PostgreSQL folders, the highest version first: Debian keeps initdb out of PATH.
func postgresDirs() []string {
	var dirs []string
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"} {
		found, err := filepath.Glob(pattern)
		if err == nil {
			dirs = append(dirs, found...)
		}
	}
	sort.SliceStable(dirs, func(i, j int) bool { return versionIn(dirs[i]) > versionIn(dirs[j]) })
	return dirs
}

// versionIn returns the number in a path such as /usr/lib/postgresql/15/bin, 0 without one.
func versionIn(path string) int {
	digits := ""
	for _, r := range path {
		if r >= '0' && r <= '9' {
			digits += string(r)
		}
	}
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return n
}

// program finds name in first, then in PATH, then in last. It returns ErrNotInstalled when it is nowhere.
func program(name string, first, last []string) (string, error) {
	if path := inDirs(name, first); path != "" {
		return path, nil
	}
	if path, err := exec.LookPath(name); err == nil {
		return filepath.Abs(path)
	}
	if path := inDirs(name, last); path != "" {
		return path, nil
	}
	return "", fmt.Errorf("%s: %w", name, ErrNotInstalled)
}

func inDirs(name string, dirs []string) string {
	for _, dir := range dirs {
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		if err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0 {
			return path
		}
	}
	return ""
}
