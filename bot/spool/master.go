package spool

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"privacydesk/bot"
	"privacydesk/connectors"
)

// KeySize is the size of every symmetric key here, in bytes.
const KeySize = 32

// MasterKey wraps the keys on a shelf. It is configured, never stored.
type MasterKey struct {
	ID  string // 1 to 32 of [a-z0-9._-]; stands in each wrapped key
	Key []byte // KeySize bytes
}

// ParseMaster reads a master key's text: 32 bytes in hex or base64, as
// `openssl rand -hex 32` or `openssl rand -base64 32` print them.
func ParseMaster(id, text string) (MasterKey, error) {
	text = strings.TrimSpace(text)
	for _, decode := range []func(string) ([]byte, error){
		hex.DecodeString, base64.StdEncoding.DecodeString, base64.RawStdEncoding.DecodeString,
		base64.URLEncoding.DecodeString, base64.RawURLEncoding.DecodeString,
	} {
		if key, err := decode(text); err == nil && len(key) == KeySize {
			m := MasterKey{ID: id, Key: key}
			return m, m.check()
		}
	}
	return MasterKey{}, connectors.Sayf(nil, "master key %q: it must be %d random bytes in hex or base64; make one with: openssl rand -hex %d", id, KeySize, KeySize)
}

// String hides the key.
func (m MasterKey) String() string { return "master key " + m.ID }

// GoString hides the key from %#v.
func (m MasterKey) GoString() string { return m.String() }

func (m MasterKey) check() error {
	if m.ID == "" || len(m.ID) > 32 || !allOf(m.ID, isNameByte) || m.ID[0] == '.' {
		return connectors.Sayf(nil, "master key %q: its id must be 1 to 32 of [a-z0-9._-], without a leading dot", m.ID)
	}
	if len(m.Key) != KeySize {
		return connectors.Sayf(nil, "master key %q: it has %d bytes and must have %d", m.ID, len(m.Key), KeySize)
	}
	for _, b := range m.Key[1:] {
		if b != m.Key[0] {
			return nil
		}
	}
	return connectors.Sayf(nil, "master key %q: it is one byte repeated, not random; make one with: openssl rand -hex %d", m.ID, KeySize)
}

// checkValue proves the possession of a master without revealing it: a right
// one is told from a wrong one at start, before anything is sealed with it.
func (m MasterKey) checkValue() string {
	mac := hmac.New(sha256.New, m.Key)
	mac.Write([]byte("privacydesk master key check"))
	return hex.EncodeToString(mac.Sum(nil)[:8])
}

// ring is the configured masters, the newest first.
type ring struct {
	newest MasterKey
	aeads  map[string]cipher.AEAD
	all    []MasterKey
}

func newRing(masters []MasterKey) (*ring, error) {
	if len(masters) == 0 {
		return nil, connectors.Said("key shelf: no master key is configured; make one with: openssl rand -hex 32")
	}
	r := &ring{newest: masters[0], aeads: map[string]cipher.AEAD{}, all: masters}
	for _, m := range masters {
		if err := m.check(); err != nil {
			return nil, connectors.Sayf(err, "key shelf")
		}
		if _, ok := r.aeads[m.ID]; ok {
			return nil, connectors.Sayf(nil, "key shelf: master key %q is configured twice; each needs an id of its own", m.ID)
		}
		key, err := hkdf.Key(sha256.New, m.Key, nil, "privacydesk wrap", KeySize)
		if err != nil {
			return nil, connectors.Sayf(err, "key shelf")
		}
		if r.aeads[m.ID], err = newGCM(key); err != nil {
			return nil, connectors.Sayf(err, "key shelf")
		}
	}
	return r, nil
}

// wrapped is a key as it lies on the shelf.
type wrapped struct {
	Version int    `json:"version"`
	For     string `json:"for"`          // what it is the key of; authenticated
	ID      string `json:"id,omitempty"` // of a tenant's key; authenticated
	Master  string `json:"master"`
	Nonce   []byte `json:"nonce"`
	Key     []byte `json:"key"` // sealed
	// Handovers tell of the signing keys before this one, the first first. They
	// are public, and prove themselves.
	Handovers []bot.Handover `json:"handovers,omitempty"`
}

func (w *wrapped) aad() []byte {
	return fmt.Appendf(nil, "privacydesk key 1\x00%d:%s%d:%s", len(w.For), w.For, len(w.ID), w.ID)
}

// wrap seals a key under the newest master; w says whose it is.
func (r *ring) wrap(random io.Reader, w wrapped, key []byte) ([]byte, error) {
	w.Version, w.Master, w.Nonce = 1, r.newest.ID, make([]byte, 12)
	if _, err := io.ReadFull(random, w.Nonce); err != nil {
		return nil, connectors.Sayf(err, "no randomness")
	}
	w.Key = r.aeads[w.Master].Seal(nil, w.Nonce, key, w.aad())
	body, err := json.Marshal(w)
	if err != nil {
		return nil, err
	}
	return append(body, '\n'), nil
}

// unwrap opens a key that must be for the purpose.
func (r *ring) unwrap(body []byte, purpose string) (key []byte, w wrapped, err error) {
	if err := json.Unmarshal(body, &w); err != nil || w.Version != 1 || len(w.Nonce) != 12 {
		return nil, w, connectors.Said("the wrapped key is damaged; restore the shelf from a backup")
	}
	if w.For != purpose {
		return nil, w, connectors.Said("the wrapped key belongs to something else; somebody moved files on the shelf")
	}
	aead, ok := r.aeads[w.Master]
	if !ok {
		return nil, w, connectors.Sayf(bot.ErrMaster, "it is wrapped by master key %q, which is not configured; put it beside the newest one", w.Master)
	}
	key, err = aead.Open(nil, w.Nonce, w.Key, w.aad())
	if err != nil || len(key) != KeySize {
		return nil, w, connectors.Said("the wrapped key was altered; restore the shelf from a backup")
	}
	return key, w, nil
}
