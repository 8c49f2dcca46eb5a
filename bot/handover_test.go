package bot_test

import (
	"bytes"
	"crypto/ed25519"
	"slices"
	"testing"
	"time"

	"privacydesk/bot"
)

func signer(b byte) (ed25519.PrivateKey, ed25519.PublicKey) {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{b}, ed25519.SeedSize))
	return key, ed25519.PublicKey(key[ed25519.SeedSize:])
}

// TestTrustFollowsHandovers both ways, as far as both keys signed, and gives
// each former key its end.
func TestTrustFollowsHandovers(t *testing.T) {
	one, pub1 := signer(1)
	two, pub2 := signer(2)
	three, pub3 := signer(3)
	evil, pubEvil := signer(9)
	at := func(month time.Month) time.Time { return time.Date(2026, month, 1, 12, 0, 0, 0, time.UTC) }
	const round = time.Second
	chain := []bot.Handover{bot.NewHandover(one, two, at(3)), bot.NewHandover(two, three, at(6))}
	for _, from := range []ed25519.PublicKey{pub1, pub2, pub3} {
		for range 2 { // in any order
			slices.Reverse(chain)
			got := bot.Trusted(from, chain)
			if len(got) != 3 || !got[string(pub1)].Equal(at(3).Add(round)) || !got[string(pub2)].Equal(at(6).Add(round)) || !got[string(pub3)].IsZero() {
				t.Errorf("trusted are %v", got)
			}
		}
	}
	if got := bot.Trusted(pubEvil, chain); len(got) != 1 {
		t.Errorf("another's key trusts %v", got)
	}
	to, from := bot.NewHandover(three, evil, at(7)), bot.NewHandover(evil, three, at(7))
	for name, forged := range map[string]func(h bot.Handover) bot.Handover{
		"to, unsigned by ours":     func(bot.Handover) bot.Handover { to := to; to.ByFormer = to.ByNext; return to },
		"from, unsigned by ours":   func(bot.Handover) bot.Handover { from := from; from.ByNext = from.ByFormer; return from },
		"to, unsigned by theirs":   func(bot.Handover) bot.Handover { to := to; to.ByNext = nil; return to },
		"another time":             func(bot.Handover) bot.Handover { to := to; to.At = at(8); return to },
		"an old one's, for theirs": func(h bot.Handover) bot.Handover { h.Next = pubEvil; return h },
		"no key":                   func(h bot.Handover) bot.Handover { h.Next = nil; return h },
	} {
		got := bot.Trusted(pub3, append([]bot.Handover{forged(chain[0])}, chain...))
		if _, trusted := got[string(pubEvil)]; trusted || len(got) != 3 || !got[string(pub3)].IsZero() {
			t.Errorf("%s: trusted are %v", name, got)
		}
	}
}
