package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/spool"
	"privacydesk/bot/zendesksim"
	"privacydesk/cmd/privacydesk/sample"
	"privacydesk/config"
	"privacydesk/connectors/all"
)

type keysCmd struct {
	Rotate rotateCmd  `cmd:"" help:"Wrap everything under the newest master key."`
	Renew  renewCmd   `cmd:"" help:"Make a new key that signs reports and certificates; what the former one signed stays good."`
	Show   showKeyCmd `cmd:"" help:"Show the public key that signs reports and certificates, and those before it."`
}

// Help carries the example.
func (keysCmd) Help() string { return "Example:\n  privacydesk keys show --config privacydesk.yml" }

type rotateCmd struct {
	configFlag
	JSON bool `help:"Print one JSON object."`
}

// Help carries the example.
func (rotateCmd) Help() string {
	return "Add the new key last in keys.master and restart the replicas; put it first and restart them again; then rotate.\nAfterwards the old key may be removed.\n\nExample:\n  privacydesk keys rotate --config privacydesk.yml"
}

// openShelf opens the key shelf alone: no Redis, no Zendesk. It makes none.
func openShelf(path string, s *surroundings) (*spool.Shelf, error) {
	cfg, err := loadConfig(path, s)
	if err != nil {
		return nil, err
	}
	masters, err := cfg.Keys.Masters()
	if err != nil {
		return nil, &usageError{err}
	}
	if unused(cfg.KeysDir()) {
		return nil, fmt.Errorf("key shelf %s: there are no keys yet; the first start of `privacydesk serve` makes them", cfg.KeysDir())
	}
	return spool.OpenKeys(spool.KeysOptions{Dir: cfg.KeysDir(), Masters: masters, Clock: time.Now})
}

// Run rewraps.
func (c rotateCmd) Run(ctx context.Context, s *surroundings) error {
	shelf, err := openShelf(c.Config, s)
	if err != nil {
		return err
	}
	r, err := shelf.Rotate(ctx)
	if err != nil {
		return err
	}
	words := fmt.Sprintf("master key %s now wraps everything; %d keys were wrapped anew", r.Master, r.Rewrapped)
	for _, id := range r.Dropped {
		words += fmt.Sprintf("\nmaster key %s wraps nothing any more and may be removed from keys.master", id)
	}
	return tell(s, c.JSON, map[string]any{"ok": true, "master": r.Master, "rewrapped": r.Rewrapped, "dropped": append([]string{}, r.Dropped...)}, words)
}

type showKeyCmd struct {
	configFlag
	JSON bool `help:"Print one JSON object."`
}

// Help carries the example.
func (showKeyCmd) Help() string { return "Example:\n  privacydesk keys show --config privacydesk.yml" }

// Run prints the public key.
func (c showKeyCmd) Run(s *surroundings) error {
	shelf, err := openShelf(c.Config, s)
	if err != nil {
		return err
	}
	shown, err := showKeys(shelf)
	if err != nil {
		return err
	}
	return tell(s, c.JSON, shown, shown.String())
}

// shownKeys is what keys show prints, and what verify --keys reads.
type shownKeys struct {
	PublicKey string         `json:"public_key"`
	KeyID     string         `json:"key_id"`
	Handovers []bot.Handover `json:"handovers"` // from each former key to the next
}

func showKeys(shelf *spool.Shelf) (shownKeys, error) {
	handovers, err := shelf.Handovers()
	key := shelf.PublicKey()
	return shownKeys{hex.EncodeToString(key), spool.SigningKeyID(key), append([]bot.Handover{}, handovers...)}, err
}

func (k shownKeys) String() string {
	words := k.PublicKey + "  key id " + k.KeyID
	for _, h := range slices.Backward(k.Handovers) {
		words += fmt.Sprintf("\n%x  key id %s, until %s", h.Former, spool.SigningKeyID(h.Former), h.At.Format(time.RFC3339))
	}
	return words
}

type renewCmd struct {
	configFlag
	Signing bool `required:"" help:"The signing key. Master keys are renewed by keys rotate."`
	JSON    bool `help:"Print one JSON object."`
}

// Help carries the example.
func (renewCmd) Help() string {
	return "All replicas sign with the new key at once. Publish it, and what `keys show --json` prints, beside the former one.\n\n" +
		"Example:\n  privacydesk keys renew --signing --config privacydesk.yml"
}

// Run renews.
func (c renewCmd) Run(s *surroundings) error {
	shelf, err := openShelf(c.Config, s)
	if err != nil {
		return err
	}
	if _, err := shelf.RenewSigning(); err != nil {
		return err
	}
	shown, err := showKeys(shelf)
	if err != nil {
		return err
	}
	return tell(s, c.JSON, shown, shown.String())
}

type docsCmd struct {
	Dir  string `default:"docs" help:"Where to write."`
	What string `arg:"" optional:"" enum:"all,config,connectors,schema" default:"all" help:"config, connectors or schema; printed instead of written when one is named."`
}

// Help carries the example.
func (docsCmd) Help() string {
	return "Examples:\n  privacydesk docs              (writes docs/)\n  privacydesk docs config       (prints the reference)"
}

// Run writes the references, or prints one.
func (c docsCmd) Run(s *surroundings) error {
	kinds, err := all.Kinds()
	if err != nil {
		return err
	}
	pages := map[string]struct {
		file string
		body []byte
	}{
		"config":     {"config.md", config.Reference(kinds)},
		"connectors": {"connectors.md", config.ConnectorReference(kinds)},
		"schema":     {"config.schema.json", config.Schema(kinds)},
	}
	if c.What != "all" {
		_, err := s.stdout.Write(pages[c.What].body)
		return err
	}
	for _, name := range sortedKeys(pages) {
		p := pages[name]
		if err := os.WriteFile(filepath.Join(c.Dir, p.file), p.body, 0o644); err != nil { //nolint:gosec // documentation is for everybody to read
			return fmt.Errorf("docs: %w", err)
		}
		_, _ = fmt.Fprintln(s.stdout, filepath.Join(c.Dir, p.file))
	}
	return nil
}

type zendeskCmd struct {
	Setup    setupCmd    `cmd:"" help:"Create, or find and repair, what privacydesk needs in the account, and write the ids into the configuration."`
	Login    loginCmd    `cmd:"" help:"Let the OAuth client act for a person who signs in at a browser."`
	Simulate simulateCmd `cmd:"" help:"Run the simulated Zendesk with a form, people and an OAuth client, to try privacydesk against."`
}

// Help carries the example.
func (zendeskCmd) Help() string { return "Example:\n  privacydesk zendesk simulate" }

type simulateCmd struct {
	Listen string `default:"127.0.0.1:8090" help:"Address and port; of this machine alone: at the simulator one signs in as anybody."`
	Empty  bool   `help:"Without form, fields and status: to try zendesk setup on."`
}

// Help carries the example.
func (simulateCmd) Help() string {
	return "Example:\n  privacydesk zendesk simulate --listen 127.0.0.1:8090"
}

// Run serves until the context ends.
func (c simulateCmd) Run(ctx context.Context, s *surroundings) error {
	if err := zendesksim.CheckListen(c.Listen); err != nil {
		return &usageError{fmt.Errorf("--listen: %w", err)}
	}
	sim := zendesksim.New(zendesksim.Options{})
	var desk *sample.Desk
	if c.Empty {
		desk = sample.EmptyDesk(sim)
		sim.AddRedirect(desk.ClientID, "http://127.0.0.1:8091/callback") // of zendesk login
	} else {
		desk = sample.NewDesk(sim)
	}
	server, address, err := serveSim(ctx, desk.Sim, c.Listen)
	if err != nil {
		return &usageError{err}
	}
	defer func() { _ = server.Close() }()
	_, _ = fmt.Fprint(s.stdout, simulatedAt(desk, address), "\nput this into the configuration:\n\n", deskLines(desk, address, c.Empty))
	go desk.Sim.AutoDeliver(ctx)
	<-ctx.Done()
	return nil
}

// simulatedAt says where a simulated account is, and who is in it.
func simulatedAt(desk *sample.Desk, address string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "simulated Zendesk at http://%s\n  help center: http://%s/hc/requests\n  agents' page: http://%s/agent/tickets\n  API: http://%s/api/v2\n\n",
		address, address, address, address)
	b.WriteString("Sign in as one of its people by a click, at the API by address and token, as in\n")
	fmt.Fprintf(&b, "  curl -u %s/token:%s http://%s/api/v2/requests.json\n\n", sample.Users()[0].Email, sample.APIToken, address)
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "  NAME\tADDRESS\tROLE\tACCOUNT")
	for _, u := range desk.Sim.Users() {
		_, _ = fmt.Fprintf(table, "  %s\t%s\t%s\t%s\n", u.Name, u.Email, u.Role, u.Note)
	}
	_ = table.Flush() // into memory
	return b.String()
}

// deskLines are what a configuration has to know of a simulated account.
func deskLines(desk *sample.Desk, address string, empty bool) string {
	lines := fmt.Sprintf("zendesk:\n  url: http://%s\n  oauth: {client_id: %s, client_secret: %s}\n", address, desk.ClientID, desk.ClientSecret)
	if empty {
		return lines
	}
	return lines + fmt.Sprintf("  form: %d\n  kind_field: %d\n  tenant_field: %d\n  due_field: %d\n  kind_values: {privacy_access: access, privacy_delete: delete, privacy_opt_out: opt_out, privacy_direct: direct}\n",
		desk.Form, desk.Kind, desk.Tenant, desk.Due)
}

// serveSim listens and serves the simulator.
func serveSim(ctx context.Context, sim *zendesksim.Sim, listen string) (*http.Server, string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return nil, "", fmt.Errorf("simulator: %w", err)
	}
	server := &http.Server{Handler: sim, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return server, listener.Addr().String(), nil
}
