package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"

	"privacydesk/connectors"
)

// Draft is a configuration that may not be whole yet: what sets Zendesk up
// writes what is missing. Only what no Problem is about can be believed.
type Draft struct {
	*Config
	Problems []Problem

	text []byte
	root *yaml.Node
}

// LoadDraft reads a file as Load does, and returns what is wrong with it
// beside what is right. An error means that there is nothing to read.
func LoadDraft(path string, env func(string) (string, bool), kinds connectors.Kinds) (*Draft, error) {
	body, err := readConfig(path)
	if err != nil {
		return nil, err
	}
	c, d, err := decode(path, body, env, kinds)
	if err != nil {
		return nil, err
	}
	d.whole(c)
	d.validate(c.Zendesk.check(), "zendesk") // also where a part of it can't be read
	return &Draft{Config: c, Problems: sortProblems(d.problems), text: body, root: d.places[""]}, nil
}

// Has tells whether a key stands in the file and has a value.
func (d *Draft) Has(path string) bool { n := d.node(path); return n != nil && !isNull(n) }

func (d *Draft) node(path string) *yaml.Node {
	n := d.root
	for key := range strings.SplitSeq(path, ".") {
		if n = target(n); n.Kind != yaml.MappingNode {
			return nil
		}
		if _, n = pairOf(n, key); n == nil {
			return nil
		}
	}
	return target(n)
}

// SecretFile is the file that a key's whole value names as ${file:PATH}.
func (d *Draft) SecretFile(path string) (file string, ok bool) {
	n := d.node(path)
	if n == nil || n.Kind != yaml.ScalarNode {
		return "", false
	}
	m := regexp.MustCompile(`^\$\{file:([^}]+)\}$`).FindStringSubmatch(n.Value)
	if m == nil {
		return "", false
	}
	return d.Path(m[1]), true
}

// Save sets keys in the file and keeps what it was beside it, with .bak at its
// end. Returns the backup's name; nothing is written when there is an error.
func (d *Draft) Save(settings []Setting) (backup string, err error) {
	text, err := Edit(d.text, settings)
	if err != nil {
		return "", err
	}
	file, err := filepath.EvalSymlinks(d.file)
	if err != nil {
		return "", fmt.Errorf("configuration %s: %w", d.file, plain(err))
	}
	info, err := os.Stat(file)
	if err != nil {
		return "", fmt.Errorf("configuration %s: %w", d.file, plain(err))
	}
	if err := mayWrite(file); err != nil {
		return "", fmt.Errorf("configuration %s: %w", d.file, plain(err))
	}
	backup = file + ".bak"
	if err := replaceFile(backup, d.text, info.Mode().Perm()); err != nil {
		return "", err
	}
	if err := replaceFile(file, text, info.Mode().Perm()); err != nil {
		return "", err
	}
	d.text = text
	if root, problem := document(text); problem == nil {
		d.root = root
	}
	return backup, nil
}

// mayWrite respects a file that is marked as not to be written, where the
// folder would let us replace it.
func mayWrite(file string) error {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

// WriteSecret keeps a secret in a file that our own user alone can read. Its
// folder is made if it is missing.
func WriteSecret(file, secret string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fmt.Errorf("%s: %w", file, plain(err))
	}
	return replaceFile(file, []byte(secret+"\n"), 0o600)
}

// replaceFile puts a whole new file in the place of another, or fails and
// leaves it.
func replaceFile(file string, body []byte, mode os.FileMode) (err error) {
	f, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".*")
	if err != nil {
		return fmt.Errorf("%s: %w", file, plain(err))
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("%s: %w", file, plain(err)), os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(body)
	if err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), file)
}
