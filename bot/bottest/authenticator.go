package bottest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Authenticator is a bot.Authenticator for tests of a store. Its zero value demands codes.
type Authenticator struct {
	Key string
	// Lenient lets pass what bears no code, as before there were any.
	Lenient bool
}

// Authenticate implements bot.Authenticator.
func (a *Authenticator) Authenticate(kind, name, value string) string {
	mac := hmac.New(sha256.New, []byte(a.Key))
	_, _ = fmt.Fprintf(mac, "%q %q %q", kind, name, value) // never fails
	return hex.EncodeToString(mac.Sum(nil))
}

// Demands implements bot.Authenticator.
func (a *Authenticator) Demands() bool { return !a.Lenient }
