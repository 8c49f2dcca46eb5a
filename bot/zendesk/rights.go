package zendesk

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Lack is a right that the credentials don't have, and how to give it.
type Lack struct {
	Right string `json:"right"` // "role admin", "scope write", "GET /triggers"
	What  string `json:"what"`
	Mend  string `json:"mend"`
}

// lacks names what the role, the scopes, and answers that refused show.
func (d *Desk) lacks(ctx context.Context, inv *inventory) ([]Lack, error) {
	out := []Lack{}
	me, err := d.account.self(ctx)
	if err != nil {
		return nil, forSide(err)
	}
	if me.Role != "admin" {
		out = append(out, Lack{
			Right: "role admin", What: "the credentials act as a user with the role " + plainRole(me.Role),
			Mend: "Admin Center, People, Team members: give that user the role Admin",
		})
	}
	scopes, err := d.scopeLacks(ctx)
	if err != nil {
		return nil, err
	}
	out = append(out, scopes...)
	for _, path := range slices.Sorted(maps.Keys(inv.closed)) {
		out = append(out, Lack{
			Right: "GET /" + path, What: fmt.Sprintf("Zendesk answered %d", inv.closed[path]),
			Mend: "give the bot's user the role Admin, and the OAuth client the scopes read and write; where the plan has no such thing, go without",
		})
	}
	return out, nil
}

// plainRole keeps what Zendesk sends out of messages where it is no role.
func plainRole(role string) string {
	if slices.Contains([]string{"agent", "end-user", "admin"}, role) {
		return role
	}
	return "of another kind"
}

// scopeLacks compares the token's scopes with what the bot needs. Zendesk has
// narrower scopes for some resources only: settings, fields, forms and
// statuses need the broad ones [docs, OAuth scopes]. An API token has none.
func (d *Desk) scopeLacks(ctx context.Context) ([]Lack, error) {
	if d.o.APIToken.Token != "" {
		return nil, nil
	}
	var answer struct {
		Token struct {
			Scopes []string `json:"scopes"`
		} `json:"token"`
	}
	err := d.get(ctx, "read the token's scopes", "/oauth/tokens/current.json", &answer)
	switch {
	case err != nil && (denied(err) || status(err) == http.StatusMethodNotAllowed):
		return nil, nil // what the scopes forbid shows at the calls themselves
	case err != nil:
		return nil, forSide(err)
	}
	var out []Lack
	for _, need := range []string{"read", "write"} {
		if !slices.Contains(answer.Token.Scopes, need) {
			out = append(out, Lack{
				Right: "scope " + need, What: "the token has: " + strings.Join(plainScopes(answer.Token.Scopes), " "),
				Mend: "set zendesk.oauth.scope to \"read write\", and let the client have both: Admin Center, Apps and integrations, APIs, OAuth clients",
			})
		}
	}
	return out, nil
}

// plainScopes drops what does not look like a scope.
func plainScopes(scopes []string) []string {
	out := []string{}
	for _, s := range scopes {
		if plain(strings.ReplaceAll(s, ":", "_")) {
			out = append(out, s)
		}
	}
	return out
}
