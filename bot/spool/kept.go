package spool

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"privacydesk/bot"
	"privacydesk/connectors"
)

// keptDir holds what must outlive a Redis that is set back or lost: operators'
// stops and a few marks of the installation, a folder a group.
const keptDir = "kept"

var _ bot.Stable = (*Shelf)(nil)

// keptPurpose binds a note to its place: one that was moved or altered does
// not open.
func keptPurpose(group, name string) string { return keptDir + "/" + group + "/" + name }

func checkKept(group string, names ...string) error {
	for _, name := range append(names, group) {
		if checkRequest(name) != nil {
			return connectors.Sayf(nil, "key shelf: a note's group and name must be 1 to %d of [a-z0-9._-], without a leading dot", maxRequest)
		}
	}
	return nil
}

// Keep implements bot.Stable.
func (s *Shelf) Keep(_ context.Context, group, name string, body []byte) error {
	if err := checkKept(group, name); err != nil {
		return err
	}
	sealed, err := s.SealShared(keptPurpose(group, name), body)
	if err != nil {
		return err
	}
	err = s.shared(func() error {
		if err := makeFolders(s.disk, s.dir, s.path(keptDir)); err != nil {
			return err
		}
		if err := makeFolders(s.disk, s.path(keptDir), s.path(keptDir, group)); err != nil {
			return err
		}
		return replace(s.disk, s.rand, s.path(keptDir, group, name), sealed)
	})
	if err != nil {
		return connectors.Sayf(err, "key shelf: keep a note of %s", group)
	}
	return nil
}

// Note implements bot.Stable.
func (s *Shelf) Note(_ context.Context, group, name string) ([]byte, error) {
	if err := checkKept(group, name); err != nil {
		return nil, err
	}
	body, err := s.readKept(group, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, s.Check() // there is none only if the shelf is there
	}
	return body, err
}

// Kept implements bot.Stable.
func (s *Shelf) Kept(_ context.Context, group string) (map[string][]byte, error) {
	if err := checkKept(group); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(s.path(keptDir, group))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, s.Check() // nothing is kept there only if the shelf is
	}
	if err != nil {
		return nil, connectors.Sayf(err, "key shelf: read the notes of %s", group)
	}
	out := map[string][]byte{}
	for _, e := range entries {
		if checkRequest(e.Name()) != nil {
			continue // unfinished
		}
		body, err := s.readKept(group, e.Name())
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed meanwhile
		}
		if err != nil {
			return nil, err
		}
		out[e.Name()] = body
	}
	return out, nil
}

func (s *Shelf) readKept(group, name string) ([]byte, error) {
	sealed, err := os.ReadFile(s.path(keptDir, group, name))
	if err != nil {
		return nil, plainFault(group, err)
	}
	body, err := s.UnsealShared(keptPurpose(group, name), sealed)
	if err != nil {
		return nil, connectors.Sayf(err, "key shelf: a note of %s was altered; restore its folder from a backup, or repeat what it says", group)
	}
	return body, nil
}

// plainFault keeps that a file is missing, and words everything else.
func plainFault(group string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return connectors.Sayf(err, "key shelf: read a note of %s", group)
}

// Unkeep implements bot.Stable.
func (s *Shelf) Unkeep(_ context.Context, group, name string) error {
	if err := checkKept(group, name); err != nil {
		return err
	}
	err := s.shared(func() error {
		path := s.path(keptDir, group, name)
		if err := os.Remove(path); err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return err
		}
		return s.disk.syncFolder(filepath.Dir(path))
	})
	if err != nil {
		return connectors.Sayf(err, "key shelf: remove a note of %s", group)
	}
	return nil
}

// KeptGroups implements bot.Stable.
func (s *Shelf) KeptGroups(context.Context) ([]string, error) {
	entries, err := os.ReadDir(s.path(keptDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, s.Check()
	}
	if err != nil {
		return nil, connectors.Sayf(err, "key shelf: list its notes")
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() && checkRequest(e.Name()) == nil {
			out = append(out, e.Name())
		}
	}
	return out, nil
}
