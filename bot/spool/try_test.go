package spool

import (
	"os"
	"strings"
	"testing"
)

// TestRule13_AFullDiskIsSeen: by a probe that writes, in words, for the spool
// and for the key shelf; and nothing of the probe stays.
func TestRule13_AFullDiskIsSeen(t *testing.T) {
	d := &failingDisk{left: 1 << 30}
	f, keys := openFolder(t, d)
	keys.disk = d
	for name, try := range map[string]func() error{"spool": f.Try, "key shelf": keys.Try} {
		d.full = false
		if err := try(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		d.full = true
		if err := try(); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "no space left on the disk") {
			t.Errorf("%s on a full disk: %v", name, err)
		}
	}
	for _, dir := range []string{f.dir, keys.path(requestsDir)} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if strings.Contains(e.Name(), "probe") {
				t.Errorf("%s stays", e.Name())
			}
		}
	}
}

// TestRule13_AFolderThatOthersCanWriteToIsRefused, with the command that closes it.
func TestRule13_AFolderThatOthersCanWriteToIsRefused(t *testing.T) {
	f, keys := openFolder(t, nil)
	for dir, try := range map[string]func() error{f.top: f.Try, keys.dir: keys.Try} {
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := try(); err == nil || !strings.Contains(err.Error(), "chmod o-w "+dir) {
			t.Errorf("%s: %v", dir, err)
		}
	}
}
