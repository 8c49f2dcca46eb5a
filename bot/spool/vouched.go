package spool

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"

	"privacydesk/connectors"
)

// vouchedFile lies beside the keys, where nobody who can write to the store
// can take it away.
const vouchedFile = "vouched"

// Authenticate implements bot.Authenticator: HMAC-SHA-256 under a key that
// lasts through rotations of the master.
func (s *Shelf) Authenticate(kind, name, value string) string {
	mac := hmac.New(sha256.New, s.codeKey)
	mac.Write(lengthPrefixed(kind, name, value))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Demands implements bot.Authenticator.
func (s *Shelf) Demands() bool { return s.demands.Load() }

// Vouched notes, for good and for every replica that starts from now on, that
// all that the store keeps bears its code.
func (s *Shelf) Vouched() error {
	if err := s.shared(s.noteVouched); err != nil {
		return connectors.Sayf(err, "key shelf")
	}
	s.demands.Store(true)
	return nil
}

func (s *Shelf) noteVouched() error {
	err := createOnce(s.disk, s.rand, s.path(vouchedFile), []byte("What the store keeps bears codes. Without this file, what bears none would be believed.\n"))
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

func (s *Shelf) seeVouched() error {
	_, err := os.Stat(s.path(vouchedFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	s.demands.Store(err == nil)
	return nil
}
