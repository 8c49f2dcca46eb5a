package spool

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"io"

	"privacydesk/bot"
	"privacydesk/connectors"
)

// signing reads the key that signs, and the handovers that led to it. It is
// read anew for each use, so that every replica signs with a renewed one at
// once.
func (s *Shelf) signing() (ed25519.PrivateKey, []bot.Handover, error) {
	seed, w, err := s.read(s.path("sign"), "sign")
	if err != nil {
		return nil, nil, lost(err, "sign")
	}
	key := ed25519.NewKeyFromSeed(seed)
	s.signKey.Store(&key)
	return key, w.Handovers, nil
}

// Sign implements bot.Keys with Ed25519.
func (s *Shelf) Sign(message []byte) (bot.Signature, error) {
	key, _, err := s.signing()
	if err != nil {
		return bot.Signature{}, connectors.Sayf(err, "key shelf: the signing key")
	}
	public := publicOf(key)
	return bot.Signature{KeyID: SigningKeyID(public), PublicKey: public, Value: ed25519.Sign(key, message)}, nil
}

// Handovers tell of all signing keys that were, the first first.
func (s *Shelf) Handovers() ([]bot.Handover, error) {
	_, handovers, err := s.signing()
	if err != nil {
		return nil, connectors.Sayf(err, "key shelf: the signing key")
	}
	return handovers, nil
}

// RenewSigning makes a new signing key and lets the former one hand over to
// it, in one write: there is no moment without a key, nor with two. The former
// one is gone then.
func (s *Shelf) RenewSigning() (bot.Handover, error) {
	unlock, err := lockFile(s.path("lock"), true, true)
	if err != nil {
		return bot.Handover{}, connectors.Sayf(err, "key shelf: renew")
	}
	defer release(unlock)
	h, err := s.renewSigning()
	if err != nil {
		return bot.Handover{}, connectors.Sayf(err, "key shelf: renew")
	}
	return h, nil
}

func (s *Shelf) renewSigning() (h bot.Handover, err error) {
	former, handovers, err := s.signing()
	if err != nil {
		return h, err
	}
	seed := make([]byte, KeySize)
	if _, err := io.ReadFull(s.rand, seed); err != nil {
		return h, connectors.Sayf(err, "no randomness")
	}
	if err := s.enroll(); err != nil {
		return h, err
	}
	h = bot.NewHandover(former, ed25519.NewKeyFromSeed(seed), s.clock())
	body, err := s.ring.wrap(s.rand, wrapped{For: "sign", Handovers: append(handovers, h)}, seed)
	if err != nil {
		return h, err
	}
	if err := replace(s.disk, s.rand, s.path("sign"), body); err != nil {
		return h, err
	}
	_, _, err = s.signing()
	return h, err
}

// PublicKey is what certificates are verified with. Publish it where the
// receivers of certificates can find it.
func (s *Shelf) PublicKey() ed25519.PublicKey { return publicOf(*s.signKey.Load()) }

func publicOf(key ed25519.PrivateKey) ed25519.PublicKey {
	return append(ed25519.PublicKey(nil), key[ed25519.PrivateKeySize-ed25519.PublicKeySize:]...)
}

// SigningKeyID names a public key: the first half of its SHA-256, in hex.
func SigningKeyID(pub ed25519.PublicKey) string {
	sum := sha256.Sum256(pub)
	return hex.EncodeToString(sum[:16])
}
