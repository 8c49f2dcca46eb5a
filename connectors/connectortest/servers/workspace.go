package servers

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	workspacePrefix = "privacydesk-servers-"
	lockSuffix      = ".lock"
	// sweepAge keeps the sweep off a lock file that was made and is not locked yet.
	sweepAge = time.Minute
)

// workspace is a server's temporary folder. A lock on the file beside it shows others that its process lives.
// It lies directly under the temporary folder: a unix socket's path must stay under 108 bytes, which a test's TempDir may not.
type workspace struct {
	dir  string
	lock *os.File
}

// newWorkspace makes a folder of mode 0700 for the account and removes those that dead processes left in root.
func newWorkspace(root string, owner account) (*workspace, error) {
	if err := sweep(root, time.Now()); err != nil {
		return nil, err
	}
	lock, err := os.CreateTemp(root, workspacePrefix+"*"+lockSuffix)
	if err != nil {
		return nil, fmt.Errorf("make a temporary folder: %w", err)
	}
	w := &workspace{dir: strings.TrimSuffix(lock.Name(), lockSuffix), lock: lock}
	if err := w.create(owner); err != nil {
		return nil, errors.Join(fmt.Errorf("make a temporary folder: %w", err), w.remove())
	}
	return w, nil
}

func (w *workspace) create(owner account) error {
	if err := tryLock(w.lock); err != nil {
		return err
	}
	if err := os.Mkdir(w.dir, 0o700); err != nil {
		return err
	}
	return owner.own(w.dir)
}

func (w *workspace) remove() error {
	err := errors.Join(os.RemoveAll(w.dir), os.Remove(w.lock.Name()))
	return errors.Join(err, w.lock.Close())
}

// sweep removes the workspaces in root whose processes are dead. What others own, or use, is left alone.
func sweep(root string, now time.Time) error {
	locks, err := filepath.Glob(filepath.Join(root, workspacePrefix+"*"+lockSuffix))
	if err != nil {
		return fmt.Errorf("look for old temporary folders: %w", err)
	}
	for _, path := range locks {
		info, err := os.Lstat(path)
		if err != nil || !info.Mode().IsRegular() || now.Sub(info.ModTime()) < sweepAge {
			continue
		}
		lock, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			continue
		}
		abandoned := workspace{dir: strings.TrimSuffix(path, lockSuffix), lock: lock}
		if tryLock(lock) != nil {
			err = lock.Close()
		} else {
			err = abandoned.remove()
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove an old temporary folder: %w", err)
		}
	}
	return nil
}

func tryLock(file *os.File) error {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
