package bot

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"privacydesk/connectors"
)

// Spool names. The spool is the authority for what was found and whether
// erasing began.
const (
	spoolErasing = "erase-started"
	spoolFinding = "finding/" // + system + "/" + attempt
)

// spooledFinding is one attempt's finding. A system's finding is the union of
// all of this life's: a worker that was overtaken can only add.
type spooledFinding struct {
	Epoch   string              `json:"epoch"`
	System  string              `json:"system"`
	Finding *connectors.Finding `json:"finding"`
}

// eraseStarted is written before the first delete.
type eraseStarted struct {
	Epoch   string             `json:"epoch"`
	At      time.Time          `json:"at"`
	Systems map[string]*System `json:"systems"` // with the counts before
}

// finding unites what was found in a system so far.
func (e *Engine) finding(ctx context.Context, c *Case, system string) (*connectors.Finding, error) {
	files, err := e.Spool.List(ctx, c.ID)
	if err != nil {
		return nil, connectors.Sayf(err, "spool")
	}
	out := &connectors.Finding{}
	for _, f := range files {
		if !strings.HasPrefix(f.Name, spoolFinding+system+"/") {
			continue
		}
		var sf spooledFinding
		if err := e.readJSON(ctx, c.ID, f.Name, &sf); err != nil {
			return nil, err
		}
		if sf.Epoch != c.Epoch || sf.System != system {
			return nil, connectors.Sayf(nil, "spool file %s of %s belongs to another life of the request", f.Name, c.ID)
		}
		unite(out, sf.Finding)
	}
	return out, nil
}

// unite adds g's keys and yields to f.
func unite(f, g *connectors.Finding) {
	for _, s := range g.Sets {
		for _, l := range s.Links {
			f.Add(s.Collection, l.Field, l.Values...)
		}
	}
	f.Yields = connectors.MergeIdentities(f.Yields, g.Yields)
}

// keepFinding makes one attempt's finding durable.
func (e *Engine) keepFinding(ctx context.Context, c *Case, system, attempt string, f *connectors.Finding) error {
	e.Failpoint("before-finding")
	err := e.writeJSON(ctx, c.ID, spoolFinding+system+"/"+strings.ToLower(attempt), spooledFinding{Epoch: c.Epoch, System: system, Finding: f})
	e.Failpoint("after-finding")
	return err
}

// eraseMark reads whether erasing began, whatever the record remembers. One of
// another life says that the record was set back: a *setBackError.
func (e *Engine) eraseMark(ctx context.Context, c *Case) (*eraseStarted, error) {
	var m eraseStarted
	err := e.readJSON(ctx, c.ID, spoolErasing, &m)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if m.Epoch != c.Epoch {
		return nil, &setBackError{reason: ReasonStateLost}
	}
	return &m, nil
}

func (e *Engine) readJSON(ctx context.Context, id, name string, into any) error {
	r, err := e.Spool.Open(ctx, id, name)
	if err != nil {
		return connectors.Sayf(err, "spool file %s", name)
	}
	err = json.NewDecoder(r).Decode(into)
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return connectors.Sayf(err, "spool file %s of %s is damaged", name, id)
	}
	return nil
}

func (e *Engine) writeJSON(ctx context.Context, id, name string, v any) error {
	w, err := e.Spool.Create(ctx, id, name)
	if err != nil {
		return connectors.Sayf(err, "spool file %s", name)
	}
	defer w.Discard()
	if err := json.NewEncoder(w).Encode(v); err != nil {
		return connectors.Sayf(err, "spool file %s", name)
	}
	if _, err := w.Commit(); err != nil {
		return connectors.Sayf(err, "spool file %s", name)
	}
	return nil
}

// digest is a keyed digest of something personal, so that a record can tell
// whether it changed without holding it. Without the request's key it says
// nothing.
func (e *Engine) digest(ctx context.Context, id string, v any) (string, error) {
	key, err := e.Keys.Derive(ctx, id, "digest")
	if err != nil {
		return "", connectors.Sayf(err, "derive")
	}
	body, err := json.Marshal(v)
	if err != nil {
		return "", connectors.Sayf(nil, "digest of %s does not encode", id)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil)), nil
}

// keysDigest covers which rows a finding reaches, not how many there are.
func (e *Engine) keysDigest(ctx context.Context, id string, f *connectors.Finding) (string, error) {
	type set struct {
		Collection string
		Links      []connectors.Link
	}
	var sets []set
	for _, s := range f.Sets {
		if len(s.Links) > 0 {
			sets = append(sets, set{s.Collection, s.Links})
		}
	}
	return e.digest(ctx, id, sets)
}

// relevant is the part of the identities by which a system is searched.
func relevant(p connectors.Profile, ids []connectors.Identity) []connectors.Identity {
	var out []connectors.Identity
	for _, id := range ids {
		if p.Admits(id) {
			out = append(out, id)
		}
	}
	return out
}

// seed is where every search starts.
func seed(addresses ...string) []connectors.Identity {
	var out []connectors.Identity
	for _, address := range addresses {
		out = append(out, connectors.Identity{Type: connectors.Email, Value: connectors.Text(address)})
	}
	return connectors.MergeIdentities(out)
}

// masker derives replacement values from the request's key.
type masker struct{ key []byte }

// Bytes expands HMAC-SHA-256 in counter mode over the place of the value.
func (m masker) Bytes(collection, row, field string, n int) []byte {
	var out []byte
	for i := byte(0); len(out) < n; i++ {
		mac := hmac.New(sha256.New, m.key)
		for _, part := range []string{collection, row, field} {
			_, _ = fmt.Fprintf(mac, "%d:%s", len(part), part)
		}
		mac.Write([]byte{i})
		out = mac.Sum(out)
	}
	return out[:n]
}

// progress keeps a run's notes in the spool.
type progress struct {
	e          *Engine
	id, system string
}

func (p progress) Load(ctx context.Context) ([]byte, error) {
	var note []byte
	err := p.e.readJSON(ctx, p.id, "progress/"+p.system, &note)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return note, err
}

func (p progress) Save(ctx context.Context, note []byte) error {
	return p.e.writeJSON(ctx, p.id, "progress/"+p.system, note)
}
