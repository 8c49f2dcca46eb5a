package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// maxSecretFile bounds what ${file:} reads, in bytes.
const maxSecretFile = 1 << 20

// expander replaces ${env:NAME} and ${file:PATH}.
type expander struct {
	env func(string) (string, bool)
	dir string // of the configuration file
}

// expand returns the text with its references replaced, and the values that
// came from outside. What a reference yields is not expanded again.
func (x expander) expand(text string) (out string, values []string, err error) {
	var b strings.Builder
	for {
		i := strings.Index(text, "${")
		if i < 0 {
			b.WriteString(text)
			return b.String(), values, nil
		}
		if i > 0 && text[i-1] == '$' { // $${ stands for ${
			b.WriteString(text[:i-1] + "${")
			text = text[i+2:]
			continue
		}
		b.WriteString(text[:i])
		reference, rest, ok := strings.Cut(text[i+2:], "}")
		if !ok {
			return "", nil, errors.New("a reference is not closed; write ${env:NAME} or ${file:PATH}, and $${ for a literal ${")
		}
		value, err := x.resolve(reference)
		if err != nil {
			return "", nil, err
		}
		b.WriteString(value)
		values, text = append(values, value), rest
	}
}

func (x expander) resolve(reference string) (string, error) {
	kind, name, _ := strings.Cut(reference, ":")
	switch {
	case kind == "env" && regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`).MatchString(name):
		value, ok := x.env(name)
		switch {
		case !ok:
			return "", fmt.Errorf("the environment variable %s is not set; set it, or use ${file:PATH}", name)
		case value == "":
			// An empty redis.url would mean another Redis, an empty secret no webhook.
			return "", fmt.Errorf("the environment variable %s is empty; set it, or leave the key out", name)
		}
		return value, nil
	case kind == "file" && name != "":
		return x.readFile(name)
	}
	return "", errors.New("a reference is neither ${env:NAME} nor ${file:PATH}; write $${ for a literal ${")
}

// readFile reads a secret's file and drops the line ends at its end.
func (x expander) readFile(name string) (value string, err error) {
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(x.dir, path)
	}
	info, err := os.Stat(path) // before opening: opening a pipe would block
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("the file %s does not exist; create it, or mend the path (relative ones start at the configuration's folder)", name)
	case err != nil:
		return "", fmt.Errorf("the file %s can't be examined: %w", name, plain(err))
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%s is not a regular file", name)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o006 != 0:
		return "", fmt.Errorf("every user of this machine can read or change the file %s; run: chmod o-rw %s", name, name)
	case info.Size() > maxSecretFile:
		return "", fmt.Errorf("the file %s is larger than %d bytes, which no secret is", name, maxSecretFile)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("the file %s can't be opened: %w", name, plain(err))
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	body, err := io.ReadAll(io.LimitReader(f, maxSecretFile))
	if err != nil {
		return "", fmt.Errorf("the file %s can't be read: %w", name, plain(err))
	}
	if value = strings.TrimRight(string(body), "\r\n"); value == "" {
		return "", fmt.Errorf("the file %s is empty; write the value into it, or leave the key out", name)
	}
	return value, nil
}

// plain drops the path that package os repeats.
func plain(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
