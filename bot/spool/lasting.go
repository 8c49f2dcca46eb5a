package spool

import (
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"slices"

	"privacydesk/connectors"
)

// openInstallation reads the keys that last as long as the installation, or
// makes them where a new one begins, its identity last.
func (s *Shelf) openInstallation() error {
	used, err := s.used()
	if err != nil {
		return err
	}
	root, err := s.installationKey("root", used)
	if err != nil {
		return err
	}
	if _, err := s.installationKey("sign", used); err != nil {
		return err
	}
	if _, _, err := s.signing(); err != nil {
		return err
	}
	for purpose, key := range map[string]*[]byte{
		"privacydesk markers": &s.markKey, "privacydesk installation": &s.sealKey, "privacydesk store": &s.codeKey,
	} {
		if *key, err = hkdf.Key(sha256.New, root, nil, purpose, KeySize); err != nil {
			return err
		}
	}
	if used {
		s.id, err = readIdentity(s.path(identityFile))
		return lost(err, identityFile)
	}
	if err := s.noteVouched(); err != nil { // nothing is older than the codes
		return err
	}
	s.id, err = identity(s.disk, s.rand, s.dir)
	return err
}

// used is true for a shelf on which something was kept, or that was whole
// once: what is missing there was lost.
func (s *Shelf) used() (bool, error) {
	if _, err := os.Stat(s.path(identityFile)); !errors.Is(err, fs.ErrNotExist) {
		return true, err
	}
	for _, sub := range []string{requestsDir, tenantsDir} {
		entries, err := os.ReadDir(s.path(sub))
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return checkRequest(e.Name()) == nil }) {
			return true, nil
		}
	}
	return false, nil
}

// installationKey makes no key where one was lost: the marks on all tickets,
// and all certificates, would belong to nobody.
func (s *Shelf) installationKey(name string, used bool) ([]byte, error) {
	if used {
		key, _, err := s.read(s.path(name), name)
		return key, lost(err, name)
	}
	key, _, err := s.obtainLocked(s.path(name), name, "")
	return key, err
}

func lost(err error, name string) error {
	if errors.Is(err, fs.ErrNotExist) {
		return connectors.Sayf(nil, "its file %s is missing, and is never made anew for a key store that was used; restore it from a backup of the folder", name)
	}
	return err
}
