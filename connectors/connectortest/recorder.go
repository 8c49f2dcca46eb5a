package connectortest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"sync"

	"privacydesk/connectors"
)

// Recorder is a Sink that keeps what it is given, and fails on what a sink
// must not be given.
type Recorder struct {
	Tables map[string]*Recorded
	Order  []string
	open   string
}

// Recorded is one table of a Recorder.
type Recorded struct {
	Schema connectors.Schema
	Rows   [][]string
	Closed bool
	in     *Recorder
}

// NewRecorder makes an empty sink.
func NewRecorder() *Recorder { return &Recorder{Tables: map[string]*Recorded{}} }

// Table opens a part; two open at a time, or one opened twice, are errors.
func (r *Recorder) Table(_ context.Context, schema connectors.Schema) (connectors.Table, error) {
	if r.open != "" {
		return nil, fmt.Errorf("the table %s is still open", r.open)
	}
	if r.Tables[schema.Collection] != nil {
		return nil, fmt.Errorf("the table %s is opened twice", schema.Collection)
	}
	t := &Recorded{Schema: schema, in: r}
	r.Tables[schema.Collection], r.open = t, schema.Collection
	r.Order = append(r.Order, schema.Collection)
	return t, nil
}

// Media keeps nothing; an empty file is an error.
func (r *Recorder) Media(_ context.Context, m connectors.Media, in io.Reader) error {
	n, err := io.Copy(io.Discard, in)
	if err == nil && n == 0 {
		err = fmt.Errorf("the file %s of %s is empty", m.Name, m.Collection)
	}
	return err
}

// Row keeps a row.
func (t *Recorded) Row(cells []connectors.Cell) error {
	if t.Closed || len(cells) != len(t.Schema.Columns) {
		return errors.New("a row for a closed table, or of the wrong width")
	}
	row := make([]string, len(cells))
	for i, c := range cells {
		row[i] = fmt.Sprintf("%d:%s", c.Kind, bytes.Clone(c.Text))
	}
	t.Rows = append(t.Rows, row)
	return nil
}

// Close ends the part.
func (t *Recorded) Close() error {
	t.Closed = true
	t.in.open = ""
	return nil
}

// counter is a Sink that keeps nothing and calls each for every row.
type counter struct {
	rows int
	each func(rows int)
}

func (c *counter) Table(context.Context, connectors.Schema) (connectors.Table, error) { return c, nil }

func (c *counter) Media(_ context.Context, _ connectors.Media, r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

func (c *counter) Row([]connectors.Cell) error {
	c.rows++
	if c.each != nil {
		c.each(c.rows)
	}
	return nil
}

func (*counter) Close() error { return nil }

// Masker derives masks from a key, as the engine does.
type Masker string

// Bytes is the beginning of an HMAC in counter mode.
func (m Masker) Bytes(collection, row, field string, n int) []byte {
	var out []byte
	for i := 0; len(out) < n; i++ {
		mac := hmac.New(sha256.New, []byte(m))
		mac.Write(fmt.Appendf(nil, "%q %q %q %d", collection, row, field, i))
		out = mac.Sum(out)
	}
	return out[:n]
}

// Notes is a Progress in memory.
type Notes struct {
	mu   sync.Mutex
	note []byte
}

// Load returns the last note.
func (p *Notes) Load(context.Context) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bytes.Clone(p.note), nil
}

// Save keeps a note.
func (p *Notes) Save(_ context.Context, note []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.note = bytes.Clone(note)
	return nil
}
