package spool

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"privacydesk/connectors"
)

const identityFile = "identity"

// identity reads the folder's random id, making one if it has none. When two
// processes make one at once, both end with the same.
func identity(d disk, random io.Reader, dir string) (string, error) {
	path := filepath.Join(dir, identityFile)
	id, err := readIdentity(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return id, err
	}
	fresh, err := randomName(random)
	if err != nil {
		return "", err
	}
	if err := createOnce(d, random, path, []byte(fresh+"\n")); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return readIdentity(path)
}

func readIdentity(path string) (string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	id := strings.TrimSpace(string(raw))
	if len(id) != 24 {
		return "", connectors.Sayf(nil, "its file %s is damaged; restore it from a backup of the folder", identityFile)
	}
	return id, nil
}

// samePlace fails if the folder is not the one that has the id: where a file
// system was unmounted lies another, or none.
func samePlace(dir, id string) error {
	now, err := readIdentity(filepath.Join(dir, identityFile))
	if err == nil && now != id {
		err = connectors.Said("it has another identity than at the start")
	}
	if err != nil {
		return connectors.Sayf(err, "mount the right one, and restart")
	}
	return nil
}

// createOnce writes a file that must not exist yet: whole and durable, or not
// at all. It returns fs.ErrExist if somebody else made it; that file is
// durable then, too.
func createOnce(d disk, random io.Reader, path string, body []byte) error {
	temp, err := writeTemp(d, random, path, body)
	if err != nil {
		return err
	}
	lerr := d.link(temp, path)
	rerr := os.Remove(temp)
	if lerr != nil && !errors.Is(lerr, fs.ErrExist) {
		return connectors.Sayf(lerr, "make a hard link")
	}
	if err := errors.Join(d.syncFolder(filepath.Dir(path)), rerr); err != nil {
		return err
	}
	return lerr
}

// replace writes a file over another in one step.
func replace(d disk, random io.Reader, path string, body []byte) error {
	temp, err := writeTemp(d, random, path, body)
	if err != nil {
		return err
	}
	if err := d.rename(temp, path); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	return d.syncFolder(filepath.Dir(path))
}

// writeTemp writes and syncs an unfinished file, whose name tells what it is
// for: destroying that takes it along.
func writeTemp(d disk, random io.Reader, path string, body []byte) (string, error) {
	name, err := randomName(random)
	if err != nil {
		return "", err
	}
	temp := filepath.Join(filepath.Dir(path), tempMark+filepath.Base(path)+tempMark+name)
	out, err := d.create(temp)
	if err != nil {
		return "", err
	}
	_, err = out.Write(body)
	if err == nil {
		err = out.Sync()
	}
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(temp))
	}
	return temp, nil
}

// removeTemps removes what was left unfinished of path, or, for an empty base,
// of all of a folder.
func removeTemps(dir, base string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	prefix := tempMark
	if base != "" {
		prefix += base + tempMark
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix) {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}
