package spool

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// syncs notes which folders were synced.
type syncs struct {
	osDisk
	folders []string
}

func (d *syncs) syncFolder(path string) error {
	d.folders = append(d.folders, path)
	return d.osDisk.syncFolder(path)
}

// during are the folders that f synced.
func (d *syncs) during(t *testing.T, f func() error) []string {
	t.Helper()
	d.folders = nil
	if err := f(); err != nil {
		t.Fatal(err)
	}
	return d.folders
}

// TestRule2_EveryChangeOfNamesIsSynced: what was made or removed stays so
// when power is lost right after the call.
func TestRule2_EveryChangeOfNamesIsSynced(t *testing.T) {
	ctx, top, d := t.Context(), t.TempDir(), &syncs{}
	shelfDir, spoolDir := filepath.Join(top, "data", "keys"), filepath.Join(top, "data", "far", "spool")
	masters := []MasterKey{testMaster("m1", 1)}
	var keys *Shelf
	var f *Folder
	open := func() (err error) {
		keys, err = OpenKeys(KeysOptions{Dir: shelfDir, Masters: masters, Clock: testTime, disk: d})
		return err
	}
	in := func(parts ...string) string { return filepath.Join(append([]string{top}, parts...)...) }
	for _, c := range []struct {
		what string
		do   func() error
		want []string
	}{
		{"a new shelf", open, []string{top, in("data"), in("data", "keys"), in("data", "keys", mastersDir)}},
		{"a new spool", func() (err error) { f, err = Open(Options{Dir: spoolDir, disk: d}, keys); return err }, []string{in("data"), in("data", "far"), spoolDir}},
		{"a new key", func() error { return keys.Create(ctx, "t1") }, []string{in("data", "keys", requestsDir)}},
		{"a key that another made", func() error { return keys.Create(ctx, "t1") }, []string{in("data", "keys", requestsDir)}},
		{"a pseudonym", func() error { _, err := keys.Pseudonym(ctx, "acme", "a@b"); return err }, []string{in("data", "keys", tenantsDir)}},
		{"a new file", func() error { put(t, f, "t1", "a", nil); return nil }, []string{requestsIn(spoolDir, "t1"), requestsIn(spoolDir)}},
		{"a removed file", func() error { return f.Remove(ctx, "t1", "a") }, []string{requestsIn(spoolDir, "t1")}},
		{"a destroyed spool", func() error { return f.Destroy(ctx, "t1") }, []string{requestsIn(spoolDir)}},
		{"a new master", func() error { masters = append([]MasterKey{testMaster("m2", 2)}, masters...); return open() }, []string{in("data", "keys", mastersDir)}},
		{"a rotation", func() error { _, err := keys.Rotate(ctx); return err }, []string{shelfDir, in("data", "keys", requestsDir), in("data", "keys", tenantsDir), in("data", "keys", mastersDir)}},
		{"a destroyed key", func() error { return keys.Destroy(ctx, "t1") }, []string{in("data", "keys", requestsDir)}},
		{"a retired key", func() error { _, err := keys.Retire(ctx, testTime().Add(time.Hour)); return err }, []string{in("data", "keys", tenantsDir)}},
	} {
		synced := d.during(t, c.do)
		for _, want := range c.want {
			if !slices.Contains(synced, want) {
				t.Errorf("%s: %s was not synced, only %q", c.what, want, synced)
			}
		}
	}
}

func requestsIn(spool string, request ...string) string {
	return filepath.Join(append([]string{spool, "requests"}, request...)...)
}

// TestRule2_TheRealDiskSyncs: /proc can't be synced, and says so to whoever
// really asks.
func TestRule2_TheRealDiskSyncs(t *testing.T) {
	if err := (osDisk{}).syncFolder("/proc"); err == nil {
		t.Error("a folder that can't be synced was synced")
	}
	if err := (osDisk{}).syncFolder(t.TempDir()); err != nil {
		t.Error(err)
	}
}

// TestPlacesAreKnownAgain: a folder that was put in another's place is told,
// and so is one that is gone.
func TestPlacesAreKnownAgain(t *testing.T) {
	f, keys := openFolder(t, nil)
	other, otherKeys := openFolder(t, nil)
	for name, c := range map[string]struct {
		check     func() error
		mine, its string
	}{
		"the spool": {f.Check, f.top, other.top}, "the shelf": {keys.Check, keys.dir, otherKeys.dir},
	} {
		if err := c.check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		swap(t, c.mine, c.its)
		if err := c.check(); err == nil {
			t.Errorf("%s: another folder lies in its place, and nobody noticed", name)
		}
		swap(t, c.mine, t.TempDir())
		if err := c.check(); err == nil {
			t.Errorf("%s: an empty folder lies in its place, and nobody noticed", name)
		}
	}
}

// swap puts a folder in another's place.
func swap(t *testing.T, place, with string) {
	t.Helper()
	if err := os.Rename(place, place+"-away"+filepath.Base(with)); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(with, place); err != nil {
		t.Fatal(err)
	}
}

// TestOpenFoldersAreClosed: folders that somebody made for us, open to all,
// are closed.
func TestOpenFoldersAreClosed(t *testing.T) {
	top := t.TempDir()
	for _, dir := range []string{requestsDir, tenantsDir, mastersDir, "requests"} {
		if err := os.Mkdir(filepath.Join(top, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(Options{Dir: top}, openShelf(t, top)); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{requestsDir, tenantsDir, mastersDir, "requests"} {
		if info, err := os.Stat(filepath.Join(top, dir)); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s has the mode %v: %v", dir, info.Mode(), err)
		}
	}
}
