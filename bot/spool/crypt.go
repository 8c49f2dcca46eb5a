package spool

import (
	"context"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"privacydesk/bot"
	"privacydesk/connectors"
)

// lengthPrefixed joins parts so that no two lists give the same bytes.
func lengthPrefixed(parts ...string) []byte {
	var out []byte
	for _, p := range parts {
		out = fmt.Appendf(out, "%d:", len(p))
		out = append(out, p...)
	}
	return out
}

// Derive implements bot.Keys.
func (s *Shelf) Derive(_ context.Context, request, purpose string) ([]byte, error) {
	return s.subkey(request, "derive", purpose)
}

func (s *Shelf) subkey(request, use, purpose string) ([]byte, error) {
	key, err := s.requestKey(request)
	if err != nil {
		return nil, err
	}
	sub, err := hkdf.Key(sha256.New, key, nil, "privacydesk "+string(lengthPrefixed(use, request, purpose)), KeySize)
	if err != nil {
		return nil, keyFail("derive from", request, err)
	}
	return sub, nil
}

func (s *Shelf) sealCipher(request, purpose string) (cipher.AEAD, error) {
	key, err := s.subkey(request, "seal", purpose)
	if err != nil {
		return nil, err
	}
	return newGCM(key)
}

// Seal implements bot.Keys: AES-256-GCM under a key of the request and the
// purpose, with a random nonce before the sealed bytes.
func (s *Shelf) Seal(_ context.Context, request, purpose string, plain []byte) ([]byte, error) {
	aead, err := s.sealCipher(request, purpose)
	if err != nil {
		return nil, err
	}
	n := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	if _, err := io.ReadFull(s.rand, n); err != nil {
		return nil, keyFail("seal with", request, err)
	}
	return aead.Seal(n, n, plain, lengthPrefixed(request, purpose)), nil
}

// Unseal implements bot.Keys.
func (s *Shelf) Unseal(_ context.Context, request, purpose string, sealed []byte) ([]byte, error) {
	aead, err := s.sealCipher(request, purpose)
	if err != nil {
		return nil, err
	}
	if len(sealed) < aead.NonceSize()+aead.Overhead() {
		return nil, keyFail("unseal with", request, errDamaged)
	}
	n := aead.NonceSize()
	plain, err := aead.Open(nil, sealed[:n], sealed[n:], lengthPrefixed(request, purpose))
	if err != nil {
		return nil, keyFail("unseal with", request, errDamaged)
	}
	return plain, nil
}

// tenantPath names a tenant's key file. Tenants' ids are the customer's and
// may hold any byte.
func (s *Shelf) tenantPath(tenant string) string {
	sum := sha256.Sum256([]byte("tenant\x00" + tenant))
	return s.path(tenantsDir, hex.EncodeToString(sum[:16]))
}

// Pseudonym implements bot.Keys: HMAC-SHA-256 over tenant and address under
// the tenant's key.
func (s *Shelf) Pseudonym(_ context.Context, tenant, address string) (bot.Pseudonym, error) {
	if tenant == "" || address == "" {
		return bot.Pseudonym{}, connectors.Said("key shelf: a pseudonym needs a tenant and an address")
	}
	var p bot.Pseudonym
	err := s.shared(func() error {
		key, w, err := s.tenantKey(tenant)
		if err != nil {
			return err
		}
		mac := hmac.New(sha256.New, key)
		mac.Write(lengthPrefixed(tenant, address))
		p = bot.Pseudonym{Key: w.ID, MAC: hex.EncodeToString(mac.Sum(nil))}
		return nil
	})
	if err != nil {
		return bot.Pseudonym{}, connectors.Sayf(err, "key shelf: the tenant's key")
	}
	return p, nil
}

// tenantKey reads or makes the key and notes its use.
func (s *Shelf) tenantKey(tenant string) ([]byte, wrapped, error) {
	id, err := randomName(s.rand)
	if err != nil {
		return nil, wrapped{}, err
	}
	path := s.tenantPath(tenant)
	key, w, err := s.obtainLocked(path, "tenant/"+filepath.Base(path), id[:16])
	if err != nil {
		return nil, w, err
	}
	now := s.clock()
	return key, w, os.Chtimes(path, now, now)
}

// Retire destroys the keys of tenants for whom no pseudonym was made since
// the given time: what the pseudonyms named is then nobody's. It returns how
// many.
func (s *Shelf) Retire(ctx context.Context, before time.Time) (int, error) {
	unlock, err := lockFile(s.path("lock"), true, true)
	if err != nil {
		return 0, connectors.Sayf(err, "key shelf: retire")
	}
	defer release(unlock)
	n, err := s.retire(ctx, before)
	if err != nil {
		return n, connectors.Sayf(err, "key shelf: retire")
	}
	return n, nil
}

func (s *Shelf) retire(ctx context.Context, before time.Time) (retired int, err error) {
	dir := s.path(tenantsDir)
	if err := removeTemps(dir, ""); err != nil {
		return 0, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return retired, err
		}
		info, err := e.Info()
		if err != nil {
			return retired, err
		}
		if info.IsDir() || !info.ModTime().Before(before) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return retired, err
		}
		retired++
	}
	return retired, s.disk.syncFolder(dir)
}

// Mark implements bot.Keys: HMAC-SHA-256, in hex, under a key that lasts
// through rotations of the master.
func (s *Shelf) Mark(request, step string) string {
	mac := hmac.New(sha256.New, s.markKey)
	mac.Write(lengthPrefixed(request, step))
	return hex.EncodeToString(mac.Sum(nil))
}

// MarkValid implements bot.Keys.
func (s *Shelf) MarkValid(m bot.Mark) bool {
	return hmac.Equal([]byte(s.Mark(m.Request, m.Step)), []byte(m.MAC))
}
