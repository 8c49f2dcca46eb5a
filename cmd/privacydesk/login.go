package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"privacydesk/bot/zendesk"
	"privacydesk/config"
)

// loginPatience is how long a person has at the browser.
const loginPatience = 10 * time.Minute

type loginCmd struct {
	configFlag
	Listen string `default:"127.0.0.1:8091" help:"Where the browser comes back to, on this machine; stands in the OAuth client's redirect URLs."`
}

// Help carries the example.
func (loginCmd) Help() string {
	return "Lets the OAuth client act for a person who signs in at a browser, for as long as the person's consent is renewed.\nThe redirect URL of the client has to be http://127.0.0.1:8091/callback.\n\nExample:\n  privacydesk zendesk login --config privacydesk.yml"
}

// Run signs in.
func (c loginCmd) Run(ctx context.Context, s *surroundings) error {
	draft, err := loadDraft(c.Config, s, true)
	if err != nil {
		return err
	}
	_, err = signIn(ctx, s, draft, c.Listen, true)
	return err
}

// signIn lets a person sign in, and keeps the refresh token where the
// configuration reads it, unless it is for this run alone. The options of the
// draft hold it from then on.
func signIn(ctx context.Context, s *surroundings, draft *config.Draft, listen string, keep bool) (zendesk.Tokens, error) {
	login, err := zendesk.StartLogin(ctx, draft.Zendesk.Options, zendesk.Env{Clock: time.Now}, listen)
	if err != nil {
		return zendesk.Tokens{}, &usageError{err}
	}
	// On standard error: standard output may be one JSON object.
	_, _ = fmt.Fprintf(s.stderr, "open this page in a browser on this machine, sign in to Zendesk as the bot's own user, and allow it:\n\n  %s\n\nthe OAuth client's redirect URLs have to hold %s\n", login.URL(), login.Redirect())
	ctx, cancel := context.WithTimeout(ctx, loginPatience)
	defer cancel()
	tokens, err := login.Wait(ctx)
	if err != nil {
		return zendesk.Tokens{}, err
	}
	draft.Zendesk.OAuth.RefreshToken = tokens.Refresh
	if !keep {
		return tokens, nil
	}
	return tokens, keepRefresh(s, draft, tokens.Refresh)
}

func keepRefresh(s *surroundings, draft *config.Draft, token string) error {
	const option = "zendesk.oauth.refresh_token"
	file, inFile := draft.SecretFile(option)
	if !inFile {
		file = draft.Path(defaultRefreshSecret)
	}
	if err := config.WriteSecret(file, token); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(s.stderr, "signed in; what renews it lies in %s. Restart serve to use it\n", file)
	if inFile {
		return nil
	}
	set := []config.Setting{{Path: option, Value: strconv.Quote("${file:" + defaultRefreshSecret + "}")}}
	if _, err := draft.Save(set); err != nil {
		_, _ = fmt.Fprintf(s.stderr, "the configuration was not changed (%v); put these lines into it:\n\n%s\n", err, config.Lines(set))
		return nil
	}
	_, _ = fmt.Fprintf(s.stderr, "wrote %s: %s\n", set[0].Path, set[0].Value)
	return nil
}
