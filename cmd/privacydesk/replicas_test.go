package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// app opens the installation on a data folder, until the test ends.
func (tr *trial) app(data string) *app {
	tr.Helper()
	tr.parts["data_dir"] = data
	cfg, err := loadConfig(tr.config(), &surroundings{env: os.LookupEnv})
	tr.must(err)
	a, err := openApp(tr.Context(), cfg, openOptions{log: io.Discard})
	tr.must(err)
	tr.Cleanup(func() { tr.must(a.close(tr.Context())) })
	return a
}

// TestRule16_ACopiedFolderIsNoSharedOne: a copy has the identity of the folder,
// and all else that lay in it. Who is at work stays well, who comes with the
// copy is refused, and check names it; the folder itself is taken.
func TestRule16_ACopiedFolderIsNoSharedOne(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	first := tr.app("data")
	tr.must(first.begin(t.Context()))
	for name, half := range map[string][]string{"all": {"spool", "keys"}, "the spool": {"spool"}, "the key shelf": {"keys"}} {
		copied := "copy of " + name
		tr.must(os.Mkdir(filepath.Join(tr.dir, copied), 0o700))
		for _, dir := range []string{"spool", "keys"} {
			from, to := filepath.Join(tr.dir, "data", dir), filepath.Join(tr.dir, copied, dir)
			tr.must(os.Symlink(from, to))
			for _, h := range half {
				if h == dir {
					tr.must(os.Remove(to))
					tr.must(os.CopyFS(to, os.DirFS(from)))
					tr.must(os.Chmod(to, 0o700))
				}
			}
		}
		second := tr.app(copied)
		var usage *usageError
		if err := second.begin(t.Context()); !errors.As(err, &usage) || !strings.Contains(err.Error(), "does not see what is written") {
			t.Errorf("a copy of %s: %v", name, err)
		}
		if ok, said := tr.check(); ok || !strings.Contains(said, "does not see what is written") {
			t.Errorf("a copy of %s: check says ok, %t: %s", name, ok, said)
		}
		if found := first.watch.look(t.Context(), first.precondition("replicas")); len(found) > 0 {
			t.Errorf("the replica that is at work suffers from a copy of %s: %v", name, found)
		}
		tr.must(second.close(t.Context()))
	}
	third := tr.app("data")
	tr.must(third.begin(t.Context()))
	if ok, said := tr.check(); !ok {
		t.Error(said)
	}
	for _, a := range []*app{first, third} {
		if found := a.watch.look(t.Context(), a.precondition("replicas")); len(found) > 0 {
			t.Errorf("replicas that share: %v", found)
		}
	}
}

// TestRule16_AFolderThatIsUnmountedLaterIsSeen: by both, at the next look.
func TestRule16_AFolderThatIsUnmountedLaterIsSeen(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	tr.must(os.MkdirAll(filepath.Join(tr.dir, "data"), 0o700))
	tr.must(os.Symlink("data", filepath.Join(tr.dir, "mount")))
	first, second := tr.app("data"), tr.app("mount")
	tr.must(first.begin(t.Context()))
	tr.must(second.begin(t.Context()))
	tr.must(os.CopyFS(filepath.Join(tr.dir, "copy"), os.DirFS(filepath.Join(tr.dir, "data"))))
	tr.must(os.Remove(filepath.Join(tr.dir, "mount")))
	tr.must(os.Symlink("copy", filepath.Join(tr.dir, "mount")))
	for _, a := range []*app{first, second} {
		if _, down := blocking(a.watch.look(t.Context(), a.precondition("replicas"))); !down {
			t.Error("nobody noticed that the folders are two now")
		}
	}
}

// TestRule16_AReplicaThatWasKilledKeepsNobodyWaiting: it left its sign in the
// folder; one that is not here is waited for.
func TestRule16_AReplicaThatWasKilledKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	tr := newTrial(t)
	a := tr.app("data")
	killed := newExchange(a)
	killed.proven.Store(true)
	tr.must(killed.announce(t.Context()))
	tr.must(a.begin(t.Context()))
	tr.must(a.spool.Unpost(killed.id))
	if _, down := blocking(a.watch.look(t.Context(), a.precondition("replicas"))); !down {
		t.Error("a silent replica that left no sign here is taken for a dead one of this folder")
	}
	tr.must(a.store.Leave(t.Context(), killed.id))
	if found := a.watch.look(t.Context(), a.precondition("replicas")); len(found) > 0 {
		t.Errorf("a lone replica needs a partner: %v", found)
	}
}

// precondition is one of the list.
func (a *app) precondition(name string) precondition {
	for _, p := range a.preconditions() {
		if p.name == name {
			return p
		}
	}
	panic("there is no precondition " + name)
}
