package spool

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"privacydesk/connectors"
)

// exchangeDir holds what replicas leave for each other to read: that a folder
// is shared is proven by a text that one wrote a moment ago and another reads,
// and by nothing that a copy of the folder has too.
const exchangeDir = "exchange"

// Post leaves a text under a name for other replicas.
func (f *Folder) Post(name, text string) error {
	return wrapPlace("spool: folder", f.top, post(f.disk, f.rand, f.top, name, text))
}

// Posted reads what was left under a name, here or by another replica; empty
// when there is nothing.
func (f *Folder) Posted(name string) (string, error) {
	text, err := posted(f.top, name)
	return text, wrapPlace("spool: folder", f.top, err)
}

// Unpost takes it away.
func (f *Folder) Unpost(name string) error {
	return wrapPlace("spool: folder", f.top, unpost(f.top, name))
}

// Post is Folder.Post for the shelf.
func (s *Shelf) Post(name, text string) error {
	return wrapPlace("key shelf", s.dir, post(s.disk, s.rand, s.dir, name, text))
}

// Posted is Folder.Posted for the shelf.
func (s *Shelf) Posted(name string) (string, error) {
	text, err := posted(s.dir, name)
	return text, wrapPlace("key shelf", s.dir, err)
}

// Unpost is Folder.Unpost for the shelf.
func (s *Shelf) Unpost(name string) error { return wrapPlace("key shelf", s.dir, unpost(s.dir, name)) }

func wrapPlace(what, place string, err error) error {
	if err == nil {
		return nil
	}
	return connectors.Sayf(err, "%s %s", what, place)
}

func post(d disk, random io.Reader, top, name, text string) error {
	if err := checkRequest(name); err != nil {
		return err
	}
	if err := makeFolders(d, top, filepath.Join(top, exchangeDir)); err != nil {
		return err
	}
	return replace(d, random, filepath.Join(top, exchangeDir, name), []byte(text))
}

func posted(top, name string) (string, error) {
	if err := checkRequest(name); err != nil {
		return "", err
	}
	text, err := os.ReadFile(filepath.Join(top, exchangeDir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(text), err
}

func unpost(top, name string) error {
	if err := checkRequest(name); err != nil {
		return err
	}
	err := os.Remove(filepath.Join(top, exchangeDir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// cleanExchange removes what replicas that died left.
func cleanExchange(top string, before time.Time) error {
	entries, err := os.ReadDir(filepath.Join(top, exchangeDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.ModTime().Before(before) {
			continue
		}
		if err := os.Remove(filepath.Join(top, exchangeDir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
