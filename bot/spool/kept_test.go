package spool

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestRule16_NotesBesideTheKeys come back from another process, also after a
// rotation, and are durable when Keep returns.
func TestRule16_NotesBesideTheKeys(t *testing.T) {
	ctx, dir, d := t.Context(), t.TempDir(), &syncs{}
	s, err := OpenKeys(KeysOptions{Dir: dir, Masters: []MasterKey{testMaster("m1", 1)}, Clock: testTime, disk: d})
	if err != nil {
		t.Fatal(err)
	}
	if notes, err := s.Kept(ctx, "pause"); err != nil || len(notes) != 0 {
		t.Fatalf("before there is any: %v, %v", notes, err)
	}
	synced := d.during(t, func() error { return s.Keep(ctx, "pause", "deletes", []byte("first")) })
	for _, want := range []string{dir, filepath.Join(dir, keptDir), filepath.Join(dir, keptDir, "pause")} {
		if !slices.Contains(synced, want) {
			t.Errorf("%s was not synced, only %q", want, synced)
		}
	}
	if err := s.Keep(ctx, "pause", "deletes", []byte("second")); err != nil {
		t.Fatal(err)
	}
	again := openShelf(t, dir, testMaster("m2", 2), testMaster("m1", 1))
	if _, err := again.Rotate(ctx); err != nil {
		t.Fatal(err)
	}
	if body, err := again.Note(ctx, "pause", "deletes"); err != nil || string(body) != "second" {
		t.Errorf("read %q, %v", body, err)
	}
	if groups, err := again.KeptGroups(ctx); err != nil || !slices.Equal(groups, []string{"pause"}) {
		t.Errorf("groups %q, %v", groups, err)
	}
	synced = d.during(t, func() error { return s.Unkeep(ctx, "pause", "deletes") })
	if !slices.Contains(synced, filepath.Join(dir, keptDir, "pause")) {
		t.Errorf("a removed note was not synced, only %q", synced)
	}
	if body, err := again.Note(ctx, "pause", "deletes"); err != nil || body != nil {
		t.Errorf("a removed note reads %q, %v", body, err)
	}
	for _, bad := range []string{"", "..", "A", "a/b"} {
		if s.Keep(ctx, bad, "a", nil) == nil || s.Keep(ctx, "a", bad, nil) == nil {
			t.Errorf("the name %q was taken", bad)
		}
	}
}

// TestRule16_NotesAreAuthentic: a note that somebody altered, or put in another's
// place, is an error and no note.
func TestRule16_NotesAreAuthentic(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	s := openShelf(t, dir)
	for _, name := range []string{"t1", "t2"} {
		if err := s.Keep(ctx, "held", name, []byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	at := func(name string) string { return filepath.Join(dir, keptDir, "held", name) }
	if err := os.Rename(at("t1"), at("t2")); err != nil {
		t.Fatal(err)
	}
	if body, err := s.Note(ctx, "held", "t2"); err == nil || !strings.Contains(err.Error(), "altered") {
		t.Errorf("a note that was moved reads %q, %v", body, err)
	}
	if _, err := s.Kept(ctx, "held"); err == nil {
		t.Error("its group reads without a word")
	}
}

// TestRule16_AShelfThatIsGoneHoldsNoNoteAndNoKey: where its file system was
// unmounted, neither a missing note nor a missing key means anything.
func TestRule16_AShelfThatIsGoneHoldsNoNoteAndNoKey(t *testing.T) {
	ctx, dir := t.Context(), filepath.Join(t.TempDir(), "keys")
	s := openShelf(t, dir)
	if err := s.Create(ctx, "t1"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir, dir+"-away"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Note(ctx, "pause", "deletes"); err == nil {
		t.Error("there is no pause, says a shelf that is not there")
	}
	if _, err := s.Kept(ctx, "pause"); err == nil {
		t.Error("nothing is kept, says a shelf that is not there")
	}
	if _, err := s.KeptGroups(ctx); err == nil {
		t.Error("no group is kept, says a shelf that is not there")
	}
	if _, err := s.Derive(ctx, "t1", "digest"); err == nil || strings.Contains(err.Error(), "the request's key is gone") {
		t.Errorf("of a key: %v", err)
	}
}
