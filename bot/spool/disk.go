package spool

import (
	"io"
	"os"
)

// disk is the seam between the spool and the file system: all that decides
// whether something survives a loss of power goes through it.
type disk interface {
	// create makes a new file that only we can read.
	create(path string) (outFile, error)
	rename(from, to string) error
	// link gives a file a second name, and fails if that name exists.
	link(from, to string) error
	// syncFolder makes the names in a folder durable.
	syncFolder(path string) error
}

// outFile is a file that is being written.
type outFile interface {
	io.Writer
	Sync() error
	Close() error
}

// osDisk is the real one.
type osDisk struct{}

func (osDisk) create(path string) (outFile, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

func (osDisk) rename(from, to string) error { return os.Rename(from, to) }

func (osDisk) link(from, to string) error { return os.Link(from, to) }

func (osDisk) syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	err = d.Sync()
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	return err
}
