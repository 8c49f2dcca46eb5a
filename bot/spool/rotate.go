package spool

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"privacydesk/connectors"
)

// Rotation is what Rotate did.
type Rotation struct {
	Master    string   `json:"master"`    // now wraps everything
	Rewrapped int      `json:"rewrapped"` // keys
	Dropped   []string `json:"dropped"`   // masters that wrap nothing any more
}

// Rotate wraps every key under the newest master. Every replica must know that
// master before, and the old ones until it returns; after that the old ones
// can be removed from the configuration. It can be repeated after any failure:
// an old master is dropped only when nothing is wrapped by it.
func (s *Shelf) Rotate(ctx context.Context) (Rotation, error) {
	done := Rotation{Master: s.ring.newest.ID}
	unlock, err := lockFile(s.path("lock"), true, true)
	if err != nil {
		return done, connectors.Sayf(err, "key shelf: rotate")
	}
	defer release(unlock)
	for _, step := range []func(context.Context, *Rotation) error{s.rewrapAll, s.dropMasters} {
		if err := step(ctx, &done); err != nil {
			return done, connectors.Sayf(err, "key shelf: rotate")
		}
	}
	return done, nil
}

func (s *Shelf) rewrapAll(ctx context.Context, done *Rotation) error {
	if err := s.enroll(); err != nil {
		return err
	}
	for _, name := range []string{"root", "sign"} {
		if err := s.rewrap(s.path(name), name, done); err != nil {
			return err
		}
	}
	for sub, purpose := range map[string]string{requestsDir: "request/", tenantsDir: "tenant/"} {
		if err := removeTemps(s.path(sub), ""); err != nil {
			return err
		}
		entries, err := os.ReadDir(s.path(sub))
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := ctx.Err(); err != nil {
				return err
			}
			if checkRequest(e.Name()) != nil {
				continue // not ours, such as lost+found
			}
			if err := s.rewrap(s.path(sub, e.Name()), purpose+e.Name(), done); err != nil {
				return connectors.Sayf(err, "%s/%s", sub, e.Name())
			}
		}
	}
	return nil
}

// rewrap keeps the file's time of change: it tells a tenant's last use.
func (s *Shelf) rewrap(path, purpose string, done *Rotation) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	key, w, err := s.read(path, purpose)
	if err != nil {
		return err
	}
	if w.Master == s.ring.newest.ID {
		return nil
	}
	body, err := s.ring.wrap(s.rand, w, key)
	if err != nil {
		return err
	}
	if err := replace(s.disk, s.rand, path, body); err != nil {
		return err
	}
	done.Rewrapped++
	return os.Chtimes(path, info.ModTime(), info.ModTime())
}

// dropMasters forgets the check values of masters that wrap nothing: rewrapAll
// went through everything under the same lock.
func (s *Shelf) dropMasters(_ context.Context, done *Rotation) error {
	dir := s.path(mastersDir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == s.ring.newest.ID || e.IsDir() {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if !strings.HasPrefix(e.Name(), tempMark) {
			done.Dropped = append(done.Dropped, e.Name())
		}
	}
	return s.disk.syncFolder(dir)
}
