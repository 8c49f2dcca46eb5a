package spool_test

import (
	"bytes"
	"testing"

	"privacydesk/bot/spool"
)

// TestSealShared: what is sealed for the installation opens on its shelf
// alone, for its purpose alone, also after the master was rotated.
func TestSealShared(t *testing.T) {
	dir := t.TempDir()
	one := spool.MasterKey{ID: "one", Key: bytes.Repeat([]byte("ab"), 16)}
	two := spool.MasterKey{ID: "two", Key: bytes.Repeat([]byte("cd"), 16)}
	open := func(dir string, masters ...spool.MasterKey) *spool.Shelf {
		t.Helper()
		s, err := spool.OpenKeys(spool.KeysOptions{Dir: dir, Masters: masters})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	sealed, err := open(dir, one).SealShared("tokens", []byte("a secret token"))
	if err != nil || bytes.Contains(sealed, []byte("secret")) {
		t.Fatalf("got %q, %v", sealed, err)
	}
	if again, err := open(dir, one).SealShared("tokens", []byte("a secret token")); err != nil || bytes.Equal(again, sealed) {
		t.Errorf("sealing twice gives the same: %v", err)
	}
	rotated := open(dir, two, one)
	if _, err := rotated.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	shelf := open(dir, two)
	if plain, err := shelf.UnsealShared("tokens", sealed); err != nil || string(plain) != "a secret token" {
		t.Errorf("after rotation: %q, %v", plain, err)
	}
	other := open(t.TempDir(), two)
	for name, try := range map[string]func() ([]byte, error){
		"another purpose": func() ([]byte, error) { return shelf.UnsealShared("other", sealed) },
		"another shelf":   func() ([]byte, error) { return other.UnsealShared("tokens", sealed) },
		"altered": func() ([]byte, error) {
			return shelf.UnsealShared("tokens", append(bytes.Clone(sealed[:len(sealed)-1]), sealed[len(sealed)-1]^1))
		},
		"cut": func() ([]byte, error) { return shelf.UnsealShared("tokens", sealed[:10]) },
	} {
		if plain, err := try(); err == nil {
			t.Errorf("%s: opened as %q", name, plain)
		}
	}
}
