package zendesk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Tokens are what the account handed out to an OAuth client. They are secrets.
type Tokens struct {
	Access string    `json:"access"`
	Until  time.Time `json:"until"` // to be renewed from then on
	// Refresh renews Access, and ends with its use. Empty for a client that
	// acts for itself.
	Refresh string `json:"refresh,omitempty"`
	// Of is a digest of the configuration that they were got by: after another
	// sign-in, or for another client, they are of no use.
	Of string `json:"of"`
	// By is a digest of the client's secret that they were got with: it tells
	// whether the one that is configured now was ever proven.
	By string `json:"by,omitempty"`
}

// Format hides the tokens from every verb of package fmt.
func (Tokens) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("tokens")) }

// TokenShelf keeps the tokens that all replicas of an installation use. A
// refresh token ends with its use, so that replicas which renewed apart would
// end each other's.
type TokenShelf interface {
	// Load returns the tokens of the last Renew; the zero Tokens when there
	// was none.
	Load(ctx context.Context) (Tokens, error)
	// Renew calls renew with the tokens as they are, while no other replica is
	// within a Renew, and keeps what it returns before it returns it. When
	// they can't be kept, it returns them beside the error.
	Renew(ctx context.Context, renew func(context.Context, Tokens) (Tokens, error)) (Tokens, error)
}

// lonely is the shelf of a process without replicas.
type lonely struct {
	turn sync.Mutex // held while renewing
	mu   sync.Mutex
	kept Tokens
}

func (l *lonely) Load(context.Context) (Tokens, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.kept, nil
}

func (l *lonely) Renew(ctx context.Context, renew func(context.Context, Tokens) (Tokens, error)) (Tokens, error) {
	l.turn.Lock()
	defer l.turn.Unlock()
	now, _ := l.Load(ctx) // it never fails
	next, err := renew(ctx, now)
	if err != nil {
		return Tokens{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = next
	return next, nil
}

// proof is Tokens.By for a client.
func (o OAuth) proof() string {
	digest := sha256.Sum256([]byte(o.ClientID + "\x00" + o.ClientSecret))
	return hex.EncodeToString(digest[:])
}

// origin is Tokens.Of for a client at an account.
func (o OAuth) origin(base string) string {
	digest := sha256.Sum256([]byte(strings.Join([]string{base, o.ClientID, o.Scope, o.RefreshToken}, "\x00")))
	return hex.EncodeToString(digest[:])
}
