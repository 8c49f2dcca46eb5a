package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// folder is where a part keeps its data. A command that only looks gets another
// one where there is nothing yet: beside the place, so that disk and rights are
// those that serve will meet, and gone when the command ends. Whoever acts for a
// person who signed in keeps the tokens of that, which work once, and gets none.
func (a *app) folder(dir string, o openOptions) (string, error) {
	if !o.looks || a.cfg.Zendesk.OAuth.RefreshToken != "" || !unused(dir) {
		return dir, nil
	}
	above := dir
	for !exists(above) {
		above = filepath.Dir(above)
	}
	scratch, err := os.MkdirTemp(above, ".privacydesk-look-")
	if err != nil {
		return "", fmt.Errorf("%s can't be made: %w; let this user write there, or choose another data_dir", dir, err)
	}
	a.onClose(func(context.Context) error { return os.RemoveAll(scratch) })
	return filepath.Join(scratch, filepath.Base(dir)), nil
}

// unused is true for a folder that is not there, or is empty and closed to
// others. What is wrong with one that others may enter is told by its own name.
func unused(dir string) bool {
	info, err := os.Stat(dir)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	entries, err := os.ReadDir(dir)
	return err == nil && len(entries) == 0 && info.Mode().Perm()&0o077 == 0
}

// exists is true also for what can't be looked at: to make something there
// tells why.
func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist) || filepath.Dir(path) == path
}
