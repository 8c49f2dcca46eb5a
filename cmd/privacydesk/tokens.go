package main

import (
	"context"
	"encoding/json"
	"errors"

	"privacydesk/bot/redisstore"
	"privacydesk/bot/spool"
	"privacydesk/bot/zendesk"
)

// tokensName is what the shared tokens are called in Redis, and what they are
// sealed for.
const tokensName = "zendesk/tokens" //nolint:gosec // a name

// sharedTokens keeps the OAuth client's tokens in Redis, for all replicas,
// sealed by the key shelf that they share.
type sharedTokens struct {
	store *redisstore.Store
	keys  *spool.Shelf
}

// tokenShelf is where the Zendesk client's tokens are shared. Where Redis or the
// key shelf is broken, which check goes on to tell, a client that acts for
// itself does without; one that acts for a person must not: a renewal that
// nobody keeps would end the daemon's tokens.
func (a *app) tokenShelf() (zendesk.TokenShelf, error) {
	switch {
	case a.store != nil && a.keys != nil:
		return sharedTokens{a.store, a.keys}, nil
	case a.cfg.Zendesk.OAuth.RefreshToken != "":
		return nil, errors.New("zendesk: the tokens of the person who signed in lie in Redis, sealed by the key shelf, and one of these can't be opened")
	}
	return nil, nil
}

// Load implements zendesk.TokenShelf.
func (s sharedTokens) Load(ctx context.Context) (zendesk.Tokens, error) {
	sealed, err := s.store.Shared(ctx, tokensName)
	if err != nil {
		return zendesk.Tokens{}, err
	}
	return s.open(sealed), nil
}

// open reads what was kept. What can't be opened, because the key shelf is
// another one now, counts as nothing: new tokens take its place.
func (s sharedTokens) open(sealed []byte) (t zendesk.Tokens) {
	plain, err := s.keys.UnsealShared(tokensName, sealed)
	if err != nil || json.Unmarshal(plain, &t) != nil {
		return zendesk.Tokens{}
	}
	return t
}

// Renew implements zendesk.TokenShelf.
func (s sharedTokens) Renew(ctx context.Context, renew func(context.Context, zendesk.Tokens) (zendesk.Tokens, error)) (zendesk.Tokens, error) {
	var made zendesk.Tokens
	sealed, err := s.store.RenewShared(ctx, tokensName, func(ctx context.Context, now []byte) (next []byte, err error) {
		if made, err = renew(ctx, s.open(now)); err != nil {
			return nil, err
		}
		plain, err := json.Marshal(made)
		if err != nil {
			return nil, err
		}
		return s.keys.SealShared(tokensName, plain)
	})
	if err != nil {
		return made, err // with what was made and could not be kept, if anything
	}
	return s.open(sealed), nil
}
