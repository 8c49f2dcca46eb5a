package spool

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"privacydesk/bot"
)

func TestNames(t *testing.T) {
	for _, name := range []string{"a", "erase-started", "gather/crm/1.2_x", strings.Repeat("a", maxName), "a/.b", "tmp"} {
		file, err := fileName(name)
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if back, ok := spoolName(file); !ok || back != name {
			t.Errorf("%q came back as %q, %v", name, back, ok)
		}
	}
	for _, name := range []string{"", "/a", "a/", "a//b", "..", "a/../b", "a..b", ".", "a/./b", "A", "ä", "a b", "a+b", "a\x00", `a\b`, strings.Repeat("a", maxName+1)} {
		if _, err := fileName(name); err == nil {
			t.Errorf("%q was taken", name)
		}
	}
	for _, id := range []string{"", ".", "..", "a..b", "a/b", "T1", "+x", strings.Repeat("1", maxRequest+1)} {
		if checkRequest(id) == nil {
			t.Errorf("request %q was taken", id)
		}
	}
	for _, file := range []string{"+0a1b", "+identity+00", "lost found"} {
		if name, ok := spoolName(file); ok {
			t.Errorf("unfinished or foreign file %q was listed as %q", file, name)
		}
	}
}

func TestFolderKeepsWhatWasCommitted(t *testing.T) {
	f, _ := openFolder(t, nil)
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.OneOf(
			rapid.IntRange(0, 300),
			rapid.SampledFrom([]int{chunkSize - 1, chunkSize, chunkSize + 1, 2 * chunkSize, 2*chunkSize + 7}),
		).Draw(t, "size")
		body := bytes.Repeat([]byte("0123456789abcdef!"), size/17+1)[:size]
		w, err := f.Create(context.Background(), "t1", "a/b")
		if err != nil {
			t.Fatal(err)
		}
		for rest := body; len(rest) > 0; {
			n := min(rapid.IntRange(1, chunkSize+9).Draw(t, "write"), len(rest))
			if m, err := w.Write(rest[:n]); m != n || err != nil {
				t.Fatalf("wrote %d of %d: %v", m, n, err)
			}
			rest = rest[n:]
		}
		file, err := w.Commit()
		if err != nil {
			t.Fatal(err)
		}
		w.Discard() // does nothing now
		if _, err := w.Commit(); err == nil {
			t.Fatal("a file was committed twice")
		}
		got, err := get(f, "t1", "a/b")
		if err != nil || !bytes.Equal(got, body) {
			t.Fatalf("read %d bytes of %d: %v", len(got), len(body), err)
		}
		list, err := f.List(context.Background(), "t1")
		if err != nil || len(list) != 1 || list[0].Size != int64(size) || file.Size != int64(size) || list[0].Name != "a/b" {
			t.Fatalf("list %v, file %v: %v", list, file, err)
		}
		if len(file.SHA256) != 64 {
			t.Fatalf("SHA-256 %q", file.SHA256)
		}
	})
}

func TestFolderListsOnlyCommitted(t *testing.T) {
	f, _ := openFolder(t, nil)
	ctx := context.Background()
	put(t, f, "t1", "b", []byte("1"))
	put(t, f, "t1", "a/x", []byte("22"))
	w, err := f.Create(ctx, "t1", "c")
	if err != nil {
		t.Fatal(err)
	}
	list, err := f.List(ctx, "t1")
	if err != nil || !slices.Equal(list, []bot.SpoolFile{{Name: "a/x", Size: 2}, {Name: "b", Size: 1}}) {
		t.Fatalf("list: %v, %v", list, err)
	}
	if _, err := get(f, "t1", "c"); !errors.Is(err, bot.ErrNotFound) {
		t.Fatalf("an unfinished file: %v", err)
	}
	w.Discard()
	if _, err := w.Commit(); err == nil {
		t.Fatal("a discarded file was committed")
	}
	if _, err := w.Write([]byte("x")); err == nil {
		t.Fatal("a discarded file was written")
	}
	if err := f.Remove(ctx, "t1", "b"); err != nil {
		t.Fatal(err)
	}
	if err := f.Remove(ctx, "t1", "b"); err != nil {
		t.Fatalf("removing a missing file: %v", err)
	}
	if err := f.Remove(ctx, "t2", "b"); err != nil {
		t.Fatalf("removing from a missing request: %v", err)
	}
	if list, err := f.List(ctx, "t1"); err != nil || !slices.Equal(list, []bot.SpoolFile{{Name: "a/x", Size: 2}}) {
		t.Fatalf("what was removed is there: %v, %v", list, err)
	}
	if list, err := f.List(ctx, "t2"); err != nil || len(list) != 0 {
		t.Fatalf("a request without files: %v, %v", list, err)
	}
}

func TestFolderClosedToOthersAndUnreadable(t *testing.T) {
	f, _ := openFolder(t, nil)
	put(t, f, "t1", "finding/crm/1", []byte("jane.doe@example.com likes cats"))
	err := filepath.WalkDir(f.top, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if path != f.top && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", e.Name(), info.Mode())
		}
		if e.IsDir() {
			return nil
		}
		body, err := os.ReadFile(path)
		if bytes.Contains(body, []byte("jane")) || bytes.Contains(body, []byte("cats")) {
			t.Errorf("%s is readable", e.Name())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDestroyAndClean(t *testing.T) {
	f, keys := openFolder(t, nil)
	ctx := context.Background()
	put(t, f, "t1", "a", []byte("1"))
	put(t, f, "t2", "a", []byte("2"))
	for _, id := range []string{"t1", "t2"} {
		if _, err := f.Create(ctx, id, "unfinished"); err != nil {
			t.Fatal(err)
		}
	}
	late, err := f.Create(ctx, "t1", "late")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Destroy(ctx, "t1"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(f.folderOf("t1")); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("something of t1 is left: %v", err)
	}
	if _, err := late.Commit(); err == nil {
		t.Fatal("a file was committed after its request was destroyed")
	}
	if err := f.Destroy(ctx, "t1"); err != nil {
		t.Fatalf("destroying again: %v", err)
	}
	if got, err := f.Requests(ctx); err != nil || !slices.Equal(got, []string{"t2"}) {
		t.Fatalf("requests: %v, %v", got, err)
	}
	if n, err := f.Clean(ctx, time.Now().Add(-time.Hour)); n != 0 || err != nil {
		t.Fatalf("cleaned %d that may still be written: %v", n, err)
	}
	if n, err := f.Clean(ctx, time.Now().Add(time.Hour)); n != 1 || err != nil {
		t.Fatalf("cleaned %d of 1: %v", n, err)
	}
	if left, err := filepath.Glob(filepath.Join(f.folderOf("t2"), tempMark+"*")); err != nil || len(left) != 0 {
		t.Fatalf("left unfinished: %q, %v", left, err)
	}
	if err := keys.Destroy(ctx, "t2"); err != nil {
		t.Fatal(err)
	}
	if _, err := get(f, "t2", "a"); !errors.Is(err, bot.ErrKeyGone) {
		t.Fatalf("a file whose key is gone: %v", err)
	}
	if _, err := f.Create(ctx, "t2", "b"); !errors.Is(err, bot.ErrKeyGone) {
		t.Fatalf("a new file without a key: %v", err)
	}
}

// TestTampering changes a file in every way that somebody with access to the
// disk could.
func TestTampering(t *testing.T) {
	f, _ := openFolder(t, nil)
	body := bytes.Repeat([]byte("x"), 2*chunkSize+50)
	put(t, f, "t1", "a", body)
	path := filepath.Join(f.folderOf("t1"), "a")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	h, c := headerSize, sealedSize
	chunk := func(i int) []byte { return whole[h+i*c : min(h+(i+1)*c, len(whole))] }
	flip := func(i int) []byte { b := bytes.Clone(whole); b[i] ^= 1; return b }
	cases := map[string][]byte{
		"bit in the magic":      flip(3),
		"bit in the salt":       flip(headerSize - 1),
		"bit in the first":      flip(h + 5),
		"bit in the last":       flip(len(whole) - 1),
		"cut in a chunk":        whole[:len(whole)-1],
		"cut at a chunk's end":  whole[:h+2*c],
		"cut to the header":     whole[:h],
		"empty":                 {},
		"chunks swapped":        slices.Concat(whole[:h], chunk(1), chunk(0), chunk(2)),
		"a chunk doubled":       slices.Concat(whole[:h], chunk(0), chunk(0), chunk(1), chunk(2)),
		"a chunk left out":      slices.Concat(whole[:h], chunk(0), chunk(2)),
		"only the last chunk":   slices.Concat(whole[:h], chunk(2)),
		"something appended":    append(bytes.Clone(whole), 'x'),
		"an empty chunk at end": append(bytes.Clone(whole), make([]byte, tagSize)...),
	}
	for name, altered := range cases {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, altered, 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := get(f, "t1", "a")
			if err == nil {
				t.Fatalf("%d bytes were read without an error", len(got))
			}
			if !bytes.HasPrefix(body, got) {
				t.Fatal("what was read before the error is not what was written")
			}
		})
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, filepath.Join(f.folderOf("t1"), "b")); err != nil {
		t.Fatal(err)
	}
	if _, err := get(f, "t1", "b"); err == nil {
		t.Fatal("a file that was renamed opens")
	}
	put(t, f, "t2", "a", nil)
	if err := os.WriteFile(filepath.Join(f.folderOf("t2"), "a"), whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := get(f, "t2", "a"); err == nil {
		t.Fatal("a file that was moved to another request opens")
	}
}

func FuzzOpener(f *testing.F) {
	f.Add([]byte{}, int64(0))
	f.Add(make([]byte, tagSize), int64(tagSize))
	f.Add(make([]byte, 100), int64(sealedSize+40))
	f.Fuzz(func(t *testing.T, body []byte, size int64) {
		if size < 0 || size > 4*sealedSize {
			return
		}
		aead, err := fileCipher(make([]byte, KeySize), make([]byte, headerSize), "t1", "a")
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(newOpener(bytes.NewReader(body), aead, size))
		if err == nil {
			t.Fatalf("%d forged bytes were accepted", len(got))
		}
	})
}

func TestFullDisk(t *testing.T) {
	d := &failingDisk{left: 1 << 30}
	f, _ := openFolder(t, d)
	d.full = true
	_, err := f.Create(context.Background(), "t1", "gather/crm/1")
	if err == nil {
		t.Fatal("a full disk took a file")
	}
	for _, want := range []string{"gather/crm/1", "t1", "no space left", "free some space"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	if strings.Contains(err.Error(), "/secret/") {
		t.Errorf("%q names a path that is nobody's business", err)
	}
	d.full = false
	entries, err := os.ReadDir(f.folderOf("t1"))
	if err != nil || len(entries) != 0 {
		t.Fatalf("something was left behind: %v, %v", entries, err)
	}
}

// TestRule2_CommitSurvivesPowerLoss rebuilds the disk from what was synced
// alone, with each sync in turn left out.
func TestRule2_CommitSurvivesPowerLoss(t *testing.T) {
	for _, forget := range []string{"", "file", "folder", "root"} {
		t.Run("without "+forget, func(t *testing.T) {
			keys := openShelf(t, t.TempDir())
			if err := keys.Create(context.Background(), "t1"); err != nil {
				t.Fatal(err)
			}
			root := t.TempDir()
			d := newPowerDisk(root)
			f, err := Open(Options{Dir: root, disk: d}, keys)
			if err != nil {
				t.Fatal(err)
			}
			d.forget = forget
			put(t, f, "t1", "erase-started", []byte("first"))
			put(t, f, "t1", "erase-started", []byte("second"))
			left := t.TempDir()
			if err := d.after(left); err != nil {
				t.Fatal(err)
			}
			again, err := Open(Options{Dir: left}, keys)
			if err != nil {
				t.Fatal(err)
			}
			got, err := get(again, "t1", "erase-started")
			kept := err == nil && string(got) == "second"
			if kept != (forget == "") {
				t.Fatalf("kept %v (%v); each sync must be needed, and all of them enough", kept, err)
			}
		})
	}
}

// TestRule2_CommitIsWholeOrNothing stops a commit at each of its steps.
func TestRule2_CommitIsWholeOrNothing(t *testing.T) {
	for at := 0; ; at++ {
		d := &failingDisk{left: 1 << 30}
		f, _ := openFolder(t, d)
		put(t, f, "t1", "a", []byte("old"))
		d.left, d.noted = at, nil
		err := func() error {
			w, err := f.Create(context.Background(), "t1", "a")
			if err != nil {
				return err
			}
			if _, err := w.Write([]byte("new")); err != nil {
				return err
			}
			_, err = w.Commit()
			return err
		}()
		d.left = 1 << 30
		got, rerr := get(f, "t1", "a")
		if rerr != nil || string(got) != "old" && string(got) != "new" {
			t.Fatalf("stopped at step %d: %q, %v", at, got, rerr)
		}
		if err == nil {
			if string(got) != "new" || at < 6 {
				t.Fatalf("committed after %d steps (%v), but reads %q", at, d.noted, got)
			}
			return
		}
	}
}

func TestIdentity(t *testing.T) {
	f, keys := openFolder(t, nil)
	again, err := Open(Options{Dir: f.top}, keys)
	if err != nil || again.Identity() != f.Identity() {
		t.Fatalf("the same folder shows another identity: %v", err)
	}
	other, err := Open(Options{Dir: t.TempDir()}, keys)
	if err != nil || other.Identity() == f.Identity() {
		t.Fatalf("another folder shows the same identity: %v", err)
	}
	if err := os.WriteFile(filepath.Join(f.top, identityFile), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Dir: f.top}, keys); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Fatalf("a damaged identity: %v", err)
	}
	if _, err := Open(Options{}, keys); err == nil {
		t.Fatal("no folder was taken")
	}
}

func BenchmarkWrite(b *testing.B) {
	f, _ := openFolder(b, nil)
	row := bytes.Repeat([]byte("r"), 200)
	b.Run("spool", func(b *testing.B) {
		b.SetBytes(200)
		b.ReportAllocs()
		w, err := f.Create(context.Background(), "t1", "a")
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := w.Write(row); err != nil {
				b.Fatal(err)
			}
		}
		w.Discard()
	})
	b.Run("plain file", func(b *testing.B) {
		b.SetBytes(200)
		out, err := os.Create(filepath.Join(b.TempDir(), "x"))
		if err != nil {
			b.Fatal(err)
		}
		buf := make([]byte, 0, chunkSize)
		for b.Loop() {
			if buf = append(buf, row...); len(buf) > chunkSize-200 {
				if _, err := out.Write(buf); err != nil {
					b.Fatal(err)
				}
				buf = buf[:0]
			}
		}
		_ = out.Close()
	})
}

func BenchmarkRead(b *testing.B) {
	f, _ := openFolder(b, nil)
	put(b, f, "t1", "a", make([]byte, 64<<20))
	b.SetBytes(64 << 20)
	for b.Loop() {
		r, err := f.Open(context.Background(), "t1", "a")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			b.Fatal(err)
		}
		_ = r.Close()
	}
}

// TestCleanTakesWhatReplicasLeft: a text that a dead replica left for others
// goes, and one that may still be read stays.
func TestCleanTakesWhatReplicasLeft(t *testing.T) {
	f, _ := openFolder(t, nil)
	if err := f.Post("replica", "text"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		before time.Time
		want   string
	}{{time.Now().Add(-time.Hour), "text"}, {time.Now().Add(time.Hour), ""}} {
		if _, err := f.Clean(t.Context(), c.before); err != nil {
			t.Fatal(err)
		}
		if text, err := f.Posted("replica"); err != nil || text != c.want {
			t.Errorf("left is %q, %v, not %q", text, err, c.want)
		}
	}
}
