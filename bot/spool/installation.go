package spool

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"io"

	"privacydesk/connectors"
)

// SealShared seals what belongs to the installation and to no request, for a
// named purpose: AES-256-GCM under a key that lasts through rotations of the
// master, with a random nonce before the sealed bytes.
func (s *Shelf) SealShared(purpose string, plain []byte) ([]byte, error) {
	aead, err := s.sharedCipher(purpose)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	if _, err := io.ReadFull(s.rand, nonce); err != nil {
		return nil, connectors.Sayf(err, "seal %s: no randomness", purpose)
	}
	return aead.Seal(nonce, nonce, plain, []byte(purpose)), nil
}

// UnsealShared opens what SealShared sealed on the same shelf for the same
// purpose.
func (s *Shelf) UnsealShared(purpose string, sealed []byte) ([]byte, error) {
	aead, err := s.sharedCipher(purpose)
	if err != nil {
		return nil, err
	}
	n := aead.NonceSize()
	if len(sealed) < n+aead.Overhead() {
		return nil, connectors.Sayf(errDamaged, "unseal %s", purpose)
	}
	plain, err := aead.Open(nil, sealed[:n], sealed[n:], []byte(purpose))
	if err != nil {
		return nil, connectors.Sayf(errDamaged, "unseal %s", purpose)
	}
	return plain, nil
}

func (s *Shelf) sharedCipher(purpose string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, s.sealKey, nil, "privacydesk "+string(lengthPrefixed("shared", purpose)), KeySize)
	if err != nil {
		return nil, connectors.Sayf(err, "seal %s", purpose)
	}
	return newGCM(key)
}
