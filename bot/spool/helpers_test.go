package spool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"privacydesk/bot"
)

func testMaster(id string, b byte) MasterKey {
	key := bytes.Repeat([]byte{b}, KeySize)
	key[7] = ^b
	return MasterKey{ID: id, Key: key}
}

func testTime() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

func openShelf(t testing.TB, dir string, masters ...MasterKey) *Shelf {
	t.Helper()
	if len(masters) == 0 {
		masters = []MasterKey{testMaster("m1", 1)}
	}
	s, err := OpenKeys(KeysOptions{Dir: dir, Masters: masters, Clock: testTime})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// openFolder opens a spool with keys for requests t1 and t2.
func openFolder(t testing.TB, d disk) (*Folder, *Shelf) {
	t.Helper()
	keys := openShelf(t, t.TempDir())
	for _, id := range []string{"t1", "t2"} {
		if err := keys.Create(context.Background(), id); err != nil {
			t.Fatal(err)
		}
	}
	f, err := Open(Options{Dir: t.TempDir(), disk: d}, keys)
	if err != nil {
		t.Fatal(err)
	}
	return f, keys
}

func put(t testing.TB, f *Folder, request, name string, body []byte) bot.SpoolFile {
	t.Helper()
	w, err := f.Create(context.Background(), request, name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	file, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func get(f *Folder, request, name string) ([]byte, error) {
	r, err := f.Open(context.Background(), request, name)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(r)
	return body, errors.Join(err, r.Close())
}

// failingDisk fails the nth operation and all after it, as if the process had
// been killed there. skip names operations that do nothing and succeed.
type failingDisk struct {
	osDisk
	left  int
	noted []string
	full  bool // writes fail with ENOSPC
}

var errKilled = errors.New("killed here")

func (d *failingDisk) step(name string) error {
	d.noted = append(d.noted, name)
	if d.left--; d.left < 0 {
		return errKilled
	}
	return nil
}

func (d *failingDisk) create(path string) (outFile, error) {
	if err := d.step("create"); err != nil {
		return nil, err
	}
	f, err := d.osDisk.create(path)
	return &failingFile{f, d}, err
}

func (d *failingDisk) rename(from, to string) error {
	if err := d.step("rename"); err != nil {
		return err
	}
	return d.osDisk.rename(from, to)
}

func (d *failingDisk) link(from, to string) error {
	if err := d.step("link"); err != nil {
		return err
	}
	return d.osDisk.link(from, to)
}

func (d *failingDisk) syncFolder(path string) error {
	if err := d.step("sync folder"); err != nil {
		return err
	}
	return d.osDisk.syncFolder(path)
}

type failingFile struct {
	outFile
	d *failingDisk
}

func (f *failingFile) Write(p []byte) (int, error) {
	if f.d.full {
		return 0, &os.PathError{Op: "write", Path: "/secret/place", Err: syscall.ENOSPC}
	}
	if err := f.d.step("write"); err != nil {
		return 0, err
	}
	return f.outFile.Write(p)
}

func (f *failingFile) Sync() error {
	if err := f.d.step("sync"); err != nil {
		return err
	}
	return f.outFile.Sync()
}

// powerDisk remembers what would be left after a loss of power: of a file
// what it held at its last sync, of a folder the names at its last sync.
type powerDisk struct {
	osDisk
	forget string // a sync that is left out: "file", "folder", "root", "keys"
	root   string
	files  map[uint64][]byte            // by inode
	names  map[string]map[string]uint64 // by folder
}

func newPowerDisk(root string) *powerDisk {
	return &powerDisk{root: root, files: map[uint64][]byte{}, names: map[string]map[string]uint64{}}
}

func inode(path string) uint64 {
	info, err := os.Stat(path)
	if err != nil {
		panic(err)
	}
	return info.Sys().(*syscall.Stat_t).Ino
}

func (d *powerDisk) create(path string) (outFile, error) {
	f, err := d.osDisk.create(path)
	return &powerFile{f, d, path}, err
}

func (d *powerDisk) syncFolder(path string) error {
	if d.forget == "folder" && filepath.Dir(path) == filepath.Join(d.root, "requests") ||
		d.forget == "root" && path == filepath.Join(d.root, "requests") ||
		d.forget == "keys" && path == filepath.Join(d.root, requestsDir) {
		return nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	names := map[string]uint64{}
	for _, e := range entries {
		names[e.Name()] = inode(filepath.Join(path, e.Name()))
	}
	d.names[path] = names
	return d.osDisk.syncFolder(path)
}

type powerFile struct {
	outFile
	d    *powerDisk
	path string
}

func (f *powerFile) Sync() error {
	if f.d.forget == "file" {
		return nil
	}
	body, err := os.ReadFile(f.path)
	if err != nil {
		return err
	}
	f.d.files[inode(f.path)] = body
	return f.outFile.Sync()
}

// after builds what the disk holds when power returns.
func (d *powerDisk) after(into string) error { return d.restore(d.root, into) }

func (d *powerDisk) restore(from, into string) error {
	for name := range d.names[from] {
		path, target := filepath.Join(from, name), filepath.Join(into, name)
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("the model only follows what stays: %w", err)
		}
		if info.IsDir() {
			if err := os.Mkdir(target, 0o700); err != nil {
				return err
			}
			if err := d.restore(path, target); err != nil {
				return err
			}
			continue
		}
		if err := os.WriteFile(target, d.files[inode(path)], 0o600); err != nil {
			return err
		}
	}
	return nil
}
