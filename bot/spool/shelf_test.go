package spool

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"privacydesk/bot"
)

func TestParseMaster(t *testing.T) {
	key := testMaster("m1", 9).Key
	for _, text := range []string{hex.EncodeToString(key), base64.StdEncoding.EncodeToString(key) + "\n", base64.RawURLEncoding.EncodeToString(key)} {
		m, err := ParseMaster("m1", text)
		if err != nil || !bytes.Equal(m.Key, key) {
			t.Errorf("a good key: %v", err)
		}
	}
	for name, bad := range map[string][2]string{
		"empty": {"m1", ""}, "short": {"m1", "00ff"}, "password": {"m1", "correct horse battery staple 42!"},
		"repeated": {"m1", strings.Repeat("ab", 32)}, "no id": {"", hex.EncodeToString(key)}, "bad id": {"M/1", hex.EncodeToString(key)},
	} {
		_, err := ParseMaster(bad[0], bad[1])
		if err == nil {
			t.Errorf("%s was taken", name)
		} else if bad[1] != "" && strings.Contains(err.Error(), bad[1]) {
			t.Errorf("%s: the error shows the key", name)
		}
	}
	m := testMaster("m1", 9)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if s := fmt.Sprintf(verb, m); strings.Contains(s, "9") {
			t.Errorf("%s shows the key: %s", verb, s)
		}
	}
}

func TestSealAndDerive(t *testing.T) {
	s := openShelf(t, t.TempDir())
	ctx := context.Background()
	if _, err := s.Seal(ctx, "t1", "p", nil); !errors.Is(err, bot.ErrKeyGone) {
		t.Fatalf("sealing without a key: %v", err)
	}
	for _, id := range []string{"t1", "t2", "t1"} {
		if err := s.Create(ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "plain")
		sealed, err := s.Seal(ctx, "t1", "p", plain)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Unseal(ctx, "t1", "p", sealed)
		if err != nil || !bytes.Equal(got, plain) {
			t.Fatalf("%x, %v", got, err)
		}
		for _, other := range [][2]string{{"t2", "p"}, {"t1", "q"}} {
			if _, err := s.Unseal(ctx, other[0], other[1], sealed); err == nil {
				t.Fatal("it opens elsewhere")
			}
		}
		i := rapid.IntRange(0, len(sealed)-1).Draw(t, "i")
		sealed[i] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if _, err := s.Unseal(ctx, "t1", "p", sealed); err == nil {
			t.Fatal("it opens altered")
		}
		if _, err := s.Unseal(ctx, "t1", "p", sealed[:i]); err == nil {
			t.Fatal("it opens cut short")
		}
	})
	seen := map[string]bool{}
	for _, of := range [][2]string{{"t1", "a"}, {"t2", "a"}, {"t1", "b"}, {"t1", ""}} {
		k, err := s.Derive(ctx, of[0], of[1])
		if err != nil || len(k) != KeySize || seen[string(k)] {
			t.Fatalf("derived %v: %d bytes, %v", of, len(k), err)
		}
		seen[string(k)] = true
	}
}

func TestDestroyedKeyIsGoneEverywhere(t *testing.T) {
	dir := t.TempDir()
	a, b := openShelf(t, dir), openShelf(t, dir)
	ctx := context.Background()
	if err := a.Create(ctx, "t1"); err != nil {
		t.Fatal(err)
	}
	sealed, err := b.Seal(ctx, "t1", "p", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	// What a killed rotation leaves behind must not outlive the key.
	temp := filepath.Join(dir, requestsDir, "+t1+00")
	if err := os.WriteFile(temp, []byte("wrapped"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := a.Destroy(ctx, "t1"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Unseal(ctx, "t1", "p", sealed); !errors.Is(err, bot.ErrKeyGone) {
		t.Fatalf("another replica still opens it: %v", err)
	}
	if entries, _ := os.ReadDir(filepath.Dir(temp)); len(entries) != 0 {
		t.Fatalf("left on the shelf: %v", entries)
	}
	if err := a.Create(ctx, "t1"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Unseal(ctx, "t1", "p", sealed); err == nil || errors.Is(err, bot.ErrKeyGone) {
		t.Fatalf("a new key opens what the old one sealed: %v", err)
	}
}

func TestReplicasMakeOneKey(t *testing.T) {
	dir := t.TempDir()
	const replicas = 8
	keys := make([]string, replicas)
	var wg sync.WaitGroup
	for i := range replicas {
		wg.Go(func() {
			s, err := OpenKeys(KeysOptions{Dir: dir, Masters: []MasterKey{testMaster("m1", 1)}})
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Create(context.Background(), "t1"); err != nil {
				t.Error(err)
			}
			k, err := s.Derive(context.Background(), "t1", "x")
			if err != nil {
				t.Error(err)
			}
			p, err := s.Pseudonym(context.Background(), "acme", "jane@example.com")
			if err != nil {
				t.Error(err)
			}
			keys[i] = fmt.Sprintf("%x %v %s %x %s", k, p, s.Mark("t1", "receipt"), s.PublicKey(), s.Identity())
		})
	}
	wg.Wait()
	if len(slices.Compact(keys)) != 1 {
		t.Fatal("replicas hold different keys")
	}
}

func TestPseudonyms(t *testing.T) {
	s := openShelf(t, t.TempDir())
	ctx := context.Background()
	seen := map[string]bool{}
	for _, of := range [][2]string{{"acme", "jane@example.com"}, {"acme", "jan@example.com"}, {"globex", "jane@example.com"}, {"acmej", "ane@example.com"}} {
		p, err := s.Pseudonym(ctx, of[0], of[1])
		if err != nil {
			t.Fatal(err)
		}
		q, err := s.Pseudonym(ctx, of[0], of[1])
		if err != nil || p != q {
			t.Fatalf("%v, then %v: %v", p, q, err)
		}
		if len(p.MAC) != 64 || p.Key == "" || seen[p.MAC] {
			t.Fatalf("pseudonym %v", p)
		}
		seen[p.MAC] = true
	}
	for _, of := range [][2]string{{"", "a@b"}, {"acme", ""}} {
		if _, err := s.Pseudonym(ctx, of[0], of[1]); err == nil {
			t.Fatalf("%v got a pseudonym", of)
		}
	}
}

func TestRetire(t *testing.T) {
	now := testTime()
	s, err := OpenKeys(KeysOptions{Dir: t.TempDir(), Masters: []MasterKey{testMaster("m1", 1)}, Clock: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	old, err := s.Pseudonym(ctx, "acme", "a@b")
	if err != nil {
		t.Fatal(err)
	}
	used, err := s.Pseudonym(ctx, "globex", "a@b")
	if err != nil {
		t.Fatal(err)
	}
	now = now.AddDate(1, 0, 0)
	if again, err := s.Pseudonym(ctx, "globex", "a@b"); err != nil || again != used {
		t.Fatalf("%v, %v", again, err)
	}
	n, err := s.Retire(ctx, now.AddDate(0, -1, 0))
	if n != 1 || err != nil {
		t.Fatalf("retired %d of 1: %v", n, err)
	}
	if again, err := s.Pseudonym(ctx, "globex", "a@b"); err != nil || again != used {
		t.Fatalf("a key in use was retired: %v", err)
	}
	if again, err := s.Pseudonym(ctx, "acme", "a@b"); err != nil || again.Key == old.Key || again.MAC == old.MAC {
		t.Fatalf("a retired key still works: %v", err)
	}
}

func TestMarksAndSignatures(t *testing.T) {
	dir := t.TempDir()
	s := openShelf(t, dir)
	m := bot.Mark{Request: "t1", Step: "receipt", MAC: s.Mark("t1", "receipt")}
	if !s.MarkValid(m) {
		t.Fatal("our own mark is not valid")
	}
	for _, bad := range []bot.Mark{
		{Request: "t2", Step: m.Step, MAC: m.MAC},
		{Request: m.Request, Step: "final", MAC: m.MAC},
		{Request: "t", Step: "1receipt", MAC: m.MAC},
		{Request: m.Request, Step: m.Step},
	} {
		if s.MarkValid(bad) {
			t.Errorf("%v is valid", bad)
		}
	}
	if openShelf(t, t.TempDir()).MarkValid(m) {
		t.Error("another shelf's mark is valid")
	}
	sig, err := s.Sign([]byte("message"))
	if err != nil || !ed25519.Verify(s.PublicKey(), []byte("message"), sig.Value) || sig.KeyID != SigningKeyID(sig.PublicKey) {
		t.Fatalf("signature %v, %v", sig, err)
	}
	if again := openShelf(t, dir); !again.MarkValid(m) || !again.PublicKey().Equal(s.PublicKey()) {
		t.Fatal("opened again, the shelf has other keys")
	}
}

func TestMastersAreChecked(t *testing.T) {
	dir := t.TempDir()
	m1, m2 := testMaster("m1", 1), testMaster("m2", 2)
	openShelf(t, dir, m1)
	wrong := testMaster("m1", 3)
	for name, c := range map[string]struct {
		masters []MasterKey
		want    string
	}{
		"wrong":   {[]MasterKey{wrong}, "not the one that was used before"},
		"missing": {[]MasterKey{m2}, `"m1" still wraps keys and is not configured`},
		"twice":   {[]MasterKey{m1, m1}, "configured twice"},
		"none":    {nil, "no master key"},
		"short":   {[]MasterKey{{ID: "m1", Key: m1.Key[:16]}}, "it has 16 bytes"},
		"hidden":  {[]MasterKey{{ID: ".m1", Key: m1.Key}}, "without a leading dot"},
	} {
		_, err := OpenKeys(KeysOptions{Dir: dir, Masters: c.masters})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	openShelf(t, dir, m2, m1) // both are good
	if _, err := OpenKeys(KeysOptions{Dir: dir, Masters: []MasterKey{m1}}); err == nil || !strings.Contains(err.Error(), `"m2"`) {
		t.Errorf("a replica without the new master: %v", err)
	}
}

// TestReplicasWithTwoMastersOfOneName: a replica that was started beside one
// with another key of that name wraps nothing that only itself could open.
func TestReplicasWithTwoMastersOfOneName(t *testing.T) {
	dir := t.TempDir()
	s := openShelf(t, dir)
	other := testMaster("m1", 3)
	if err := os.WriteFile(filepath.Join(dir, mastersDir, "m1"), []byte(other.checkValue()), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Create(t.Context(), "t1"); err == nil || !strings.Contains(err.Error(), "differs between replicas") {
		t.Errorf("got %v", err)
	}
}

func TestShelfTampering(t *testing.T) {
	dir := t.TempDir()
	s := openShelf(t, dir)
	ctx := context.Background()
	for _, id := range []string{"t1", "t2"} {
		if err := s.Create(ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, requestsDir, "t1")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(filepath.Join(dir, requestsDir, "t2"))
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string][]byte{
		"another request's": other,
		"renamed within":    bytes.Replace(other, []byte("request/t2"), []byte("request/t1"), 1),
		"another master":    bytes.Replace(good, []byte(`"m1"`), []byte(`"m9"`), 1),
		"another format":    bytes.Replace(good, []byte(`"version":1`), []byte(`"version":2`), 1),
		"a short nonce":     regexp.MustCompile(`"nonce":"[^"]*"`).ReplaceAll(good, []byte(`"nonce":"AAAA"`)),
		"cut":               good[:len(good)/2],
		"empty":             nil,
	} {
		if err := os.WriteFile(path, body, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Derive(ctx, "t1", "x"); err == nil || errors.Is(err, bot.ErrKeyGone) {
			t.Errorf("%s: %v", name, err)
		}
		// A damaged key is never replaced by a new one in silence.
		if err := s.Create(ctx, "t1"); err == nil {
			t.Errorf("%s: a new key was made over it", name)
		}
	}
}

// TestRule2_KeysSurvivePowerLoss rebuilds the shelf from what was synced
// alone, with each sync in turn left out.
func TestRule2_KeysSurvivePowerLoss(t *testing.T) {
	for _, forget := range []string{"", "file", "keys"} {
		t.Run("without "+forget, func(t *testing.T) {
			root := t.TempDir()
			d := newPowerDisk(root)
			o := KeysOptions{Dir: root, Masters: []MasterKey{testMaster("m1", 1)}, disk: d}
			s, err := OpenKeys(o)
			if err != nil {
				t.Fatal(err)
			}
			d.forget = forget
			if err := s.Create(context.Background(), "t1"); err != nil {
				t.Fatal(err)
			}
			want, err := s.Derive(context.Background(), "t1", "x")
			if err != nil {
				t.Fatal(err)
			}
			left := t.TempDir()
			if err := d.after(left); err != nil {
				t.Fatal(err)
			}
			again := openShelf(t, left)
			got, err := again.Derive(context.Background(), "t1", "x")
			if kept := err == nil && bytes.Equal(got, want); kept != (forget == "") {
				t.Fatalf("kept %v (%v); each sync must be needed, and all of them enough", kept, err)
			}
			if again.Mark("t1", "x") != s.Mark("t1", "x") || again.Identity() != s.Identity() {
				t.Fatal("the root key or the identity was lost")
			}
		})
	}
}
