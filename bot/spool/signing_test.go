package spool

import (
	"crypto/ed25519"
	"testing"
	"time"

	"privacydesk/bot"
)

// TestRenewSigning: every replica signs with the new key at once; who trusts
// the former one is led to it, also after the master was rotated.
func TestRenewSigning(t *testing.T) {
	dir := t.TempDir()
	s, other := openShelf(t, dir), openShelf(t, dir)
	keys := []ed25519.PublicKey{s.PublicKey()}
	for range 2 {
		h, err := s.RenewSigning()
		if err != nil || !h.Valid() || h.At.Before(testTime()) || h.At.After(testTime().Add(time.Second)) {
			t.Fatalf("%+v, %v", h, err)
		}
		keys = append(keys, s.PublicKey())
	}
	sig, err := other.Sign([]byte("message"))
	if err != nil || !keys[2].Equal(ed25519.PublicKey(sig.PublicKey)) || !ed25519.Verify(keys[2], []byte("message"), sig.Value) || sig.KeyID != SigningKeyID(keys[2]) {
		t.Errorf("another replica signs with %x, %v", sig.PublicKey, err)
	}
	if _, err := openShelf(t, dir, testMaster("m2", 2), testMaster("m1", 1)).Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	handovers, err := openShelf(t, dir, testMaster("m2", 2)).Handovers()
	if err != nil || len(handovers) != 2 {
		t.Fatalf("after a rotation: %v, %v", handovers, err)
	}
	for _, key := range keys {
		if trusted := bot.Trusted(key, handovers); len(trusted) != 3 {
			t.Errorf("who trusts %x trusts %d keys", key, len(trusted))
		}
	}
}

// TestRenewSigningInterrupted: killed anywhere, the shelf signs with one of the
// two keys, and its handovers lead to it.
func TestRenewSigningInterrupted(t *testing.T) {
	for after := 0; ; after++ {
		dir := t.TempDir()
		was := openShelf(t, dir).PublicKey()
		d := &failingDisk{left: 1000}
		s, err := OpenKeys(KeysOptions{Dir: dir, Masters: []MasterKey{testMaster("m1", 1)}, Clock: testTime, disk: d})
		if err != nil {
			t.Fatal(err)
		}
		d.left = after
		_, err = s.RenewSigning()
		again := openShelf(t, dir)
		handovers, herr := again.Handovers()
		if herr != nil {
			t.Fatal(herr)
		}
		if renewed := !again.PublicKey().Equal(was); renewed != (len(handovers) == 1) || err == nil && !renewed {
			t.Errorf("killed at step %d: renewed %v, %d handovers", after, renewed, len(handovers))
		}
		if err == nil {
			if after < 3 {
				t.Errorf("only %d steps", after)
			}
			return
		}
	}
}
