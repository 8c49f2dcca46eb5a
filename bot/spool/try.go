package spool

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"privacydesk/connectors"
)

// probeSize is enough for a disk that is full to say so.
const probeSize = 64 << 10

// Try writes to the folder, durably, and takes it back: a disk that is full or
// was mounted for reading alone, and a folder that another user may write to,
// are errors that say so.
func (f *Folder) Try() error {
	if err := tryFolder(f.disk, f.rand, f.top, f.dir); err != nil {
		return connectors.Sayf(err, "spool: folder %s", f.top)
	}
	return nil
}

// Try is Folder.Try for the shelf.
func (s *Shelf) Try() error {
	if err := tryFolder(s.disk, s.rand, s.dir, s.path(requestsDir)); err != nil {
		return connectors.Sayf(err, "key shelf %s", s.dir)
	}
	return nil
}

func tryFolder(d disk, random io.Reader, top, inside string) error {
	for _, dir := range []string{top, inside} {
		info, err := os.Stat(dir)
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o002 != 0 {
			return connectors.Sayf(nil, "every user of this machine can write to %s; run: chmod o-w %s", dir, dir)
		}
	}
	temp, err := writeTemp(d, random, filepath.Join(inside, "probe"), make([]byte, probeSize))
	if err == nil {
		err = os.Remove(temp)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // another replica that starts may have removed it
		return err
	}
	return nil
}
