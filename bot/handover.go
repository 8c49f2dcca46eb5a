package bot

import (
	"crypto/ed25519"
	"fmt"
	"time"
)

// Handover says that a signing key took another's place. Both signed it: who
// trusts either may trust the other, the former one for what was made until
// then.
type Handover struct {
	Former []byte    `json:"former"` // public keys
	Next   []byte    `json:"next"`
	At     time.Time `json:"at"` // to the second
	// ByFormer and ByNext are the two keys' signatures.
	ByFormer []byte `json:"by_former"`
	ByNext   []byte `json:"by_next"`
}

// NewHandover makes one.
func NewHandover(former, next ed25519.PrivateKey, at time.Time) Handover {
	// Rounded up: what the former one signs in this second was made until then.
	h := Handover{Former: publicOf(former), Next: publicOf(next), At: at.UTC().Truncate(time.Second).Add(time.Second)}
	h.ByFormer, h.ByNext = ed25519.Sign(former, h.message()), ed25519.Sign(next, h.message())
	return h
}

func publicOf(key ed25519.PrivateKey) []byte {
	return append([]byte(nil), key[ed25519.PrivateKeySize-ed25519.PublicKeySize:]...)
}

// message is what both sign; no other thing that a signing key signs begins so.
func (h Handover) message() []byte {
	return fmt.Appendf(nil, "privacydesk signing key handed over 1\n%x\n%x\n%s\n", h.Former, h.Next, h.At.UTC().Format(time.RFC3339))
}

// Valid is true if both keys signed it.
func (h Handover) Valid() bool {
	return len(h.Former) == ed25519.PublicKeySize && len(h.Next) == ed25519.PublicKeySize &&
		ed25519.Verify(h.Former, h.message(), h.ByFormer) && ed25519.Verify(h.Next, h.message(), h.ByNext)
}

// Trusted are the keys that are to be trusted by who trusts one: itself, and
// those that lead to it or to which it leads; each until when, zero for no end.
func Trusted(key ed25519.PublicKey, handovers []Handover) map[string]time.Time {
	trusted := map[string]time.Time{string(key): {}}
	for grown := true; grown; {
		grown = false
		for _, h := range handovers {
			_, former := trusted[string(h.Former)]
			_, next := trusted[string(h.Next)]
			if former != next && h.Valid() {
				trusted[string(h.Former)], trusted[string(h.Next)], grown = time.Time{}, time.Time{}, true
			}
		}
	}
	for _, h := range handovers {
		if until, ok := trusted[string(h.Former)]; ok && h.Valid() && (until.IsZero() || h.At.Before(until)) {
			trusted[string(h.Former)] = h.At
		}
	}
	return trusted
}
