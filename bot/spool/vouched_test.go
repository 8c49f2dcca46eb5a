package spool

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLostInstallationKeys: what lasts as long as the installation is made with
// a new one and never again; what is there is left as it is.
func TestLostInstallationKeys(t *testing.T) {
	for _, name := range []string{"root", "sign", identityFile} {
		for _, used := range []bool{true, false} {
			dir := t.TempDir()
			s := openShelf(t, dir)
			if used {
				if err := s.Create(context.Background(), "t1"); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			_, err := OpenKeys(KeysOptions{Dir: dir, Masters: []MasterKey{testMaster("m1", 1)}})
			if name == identityFile && !used {
				if err != nil { // it looks as if its making was interrupted, and nothing was kept
					t.Errorf("without %s, unused: %v", name, err)
				}
				continue
			}
			if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "backup") {
				t.Errorf("without %s, used %v: %v", name, used, err)
			}
			if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
				t.Errorf("%s was made anew", name)
			}
		}
	}
}

// TestNewShelfInterrupted: killed anywhere in its making, a new shelf is made
// to its end by the next start.
func TestNewShelfInterrupted(t *testing.T) {
	for after := 0; ; after++ {
		dir := t.TempDir()
		d := &failingDisk{left: after}
		_, err := OpenKeys(KeysOptions{Dir: dir, Masters: []MasterKey{testMaster("m1", 1)}, disk: d})
		again := openShelf(t, dir)
		if !again.Demands() || again.Identity() == "" {
			t.Fatalf("killed at step %d, it demands no codes", after)
		}
		if err == nil {
			if after < 10 {
				t.Fatalf("only %d steps", after)
			}
			return
		}
	}
}

// TestAuthenticate: a code is that of one value of one kind under one name, by
// one installation, also after the master was rotated.
func TestAuthenticate(t *testing.T) {
	dir := t.TempDir()
	s := openShelf(t, dir)
	code := s.Authenticate("record", "t1", "value")
	codes := map[string]bool{code: true}
	for _, other := range []string{
		s.Authenticate("fact", "t1", "value"), s.Authenticate("record", "t2", "value"), s.Authenticate("record", "t1", "valuE"),
		s.Authenticate("record", "t1v", "alue"), s.Authenticate("recordt", "1", "value"), s.Mark("t1", "value"),
		openShelf(t, t.TempDir()).Authenticate("record", "t1", "value"),
	} {
		if codes[other] {
			t.Errorf("%s is the code of two values", other)
		}
		codes[other] = true
	}
	rotated := openShelf(t, dir, testMaster("m2", 2), testMaster("m1", 1))
	if _, err := rotated.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again := openShelf(t, dir, testMaster("m2", 2)); again.Authenticate("record", "t1", "value") != code {
		t.Error("after the rotation it is another code")
	}
}

// TestVouched: a shelf of before there were codes demands none until it is
// told, and then for good; a new one does from the start.
func TestVouched(t *testing.T) {
	dir := t.TempDir()
	if !openShelf(t, dir).Demands() {
		t.Error("a new shelf demands no codes")
	}
	if err := os.Remove(filepath.Join(dir, vouchedFile)); err != nil {
		t.Fatal(err)
	}
	old := openShelf(t, dir)
	if old.Demands() {
		t.Error("a shelf of before demands codes")
	}
	if _, err := os.Stat(filepath.Join(dir, vouchedFile)); err == nil {
		t.Error("opening it makes it vouch for what nobody looked at")
	}
	for range 2 {
		if err := old.Vouched(); err != nil || !old.Demands() || !openShelf(t, dir).Demands() {
			t.Errorf("it was told: %v", err)
		}
	}
	if body, err := os.ReadFile(filepath.Join(dir, vouchedFile)); err != nil || bytes.Count(body, []byte("\n")) != 1 {
		t.Errorf("the file says %q, %v", body, err)
	}
}
