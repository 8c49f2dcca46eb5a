package report

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/spool"
	"privacydesk/connectors"
)

const (
	request = "t35436"
	subject = "jane.doe@example.com"
)

// place is a reporter on a real spool and shelf.
type place struct {
	t      testing.TB
	spool  bot.Spool
	keys   *spool.Shelf
	report *Reporter
}

// openPlace makes the same keys each time, so that signatures can be compared.
func openPlace(t testing.TB, o Options) *place {
	t.Helper()
	master := bytes.Repeat([]byte{7, 8}, spool.KeySize/2)
	keys, err := spool.OpenKeys(spool.KeysOptions{
		Dir: t.TempDir(), Masters: []spool.MasterKey{{ID: "m1", Key: master}}, Rand: &counter{},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.Create(context.Background(), request); err != nil {
		t.Fatal(err)
	}
	folder, err := spool.Open(spool.Options{Dir: t.TempDir()}, keys)
	if err != nil {
		t.Fatal(err)
	}
	r, err := New(folder, keys, o)
	if err != nil {
		t.Fatal(err)
	}
	return &place{t, folder, keys, r}
}

// counter is a source of bytes that are the same in each run, and never
// repeat within it.
type counter struct{ n uint64 }

func (c *counter) Read(p []byte) (int, error) {
	for i := range p {
		c.n = c.n*6364136223846793005 + 1442695040888963407
		p[i] = byte(c.n >> 56)
	}
	return len(p), nil
}

func str(s string) connectors.Cell {
	return connectors.Cell{Kind: connectors.CellString, Text: []byte(s)}
}

func num(s string) connectors.Cell {
	return connectors.Cell{Kind: connectors.CellNumber, Text: []byte(s)}
}

func columns(names ...string) []connectors.Column {
	var out []connectors.Column
	for _, n := range names {
		out = append(out, connectors.Column{Name: n})
	}
	return out
}

// data is what one table is gathered from.
type data struct {
	schema connectors.Schema
	rows   [][]connectors.Cell
	open   bool // the table is not closed
}

// gather writes a system's records and returns the system as the engine would
// record it.
func (p *place) gather(name string, tables []data, media map[string]string) bot.ReportSystem {
	p.t.Helper()
	ctx := context.Background()
	s, err := p.report.Sink(ctx, request, name, "1")
	if err != nil {
		p.t.Fatal(err)
	}
	sys := bot.ReportSystem{Name: name, Label: "The " + name, Outcome: bot.OutcomeGathered}
	for _, d := range tables {
		t, err := s.Table(ctx, d.schema)
		if err != nil {
			p.t.Fatal(err)
		}
		for _, row := range d.rows {
			if err := t.Row(row); err != nil {
				p.t.Fatal(err)
			}
		}
		if d.open {
			continue
		}
		if err := t.Close(); err != nil {
			p.t.Fatal(err)
		}
		n := int64(len(d.rows))
		sys.State.Sets = append(sys.State.Sets, bot.Tally{
			Collection: d.schema.Collection, Before: connectors.Counts{Rows: n}, Gathered: n,
		})
	}
	for wish, body := range media {
		if err := s.Media(ctx, connectors.Media{Collection: name + ".file", Name: wish, ContentType: "audio/wav"}, strings.NewReader(body)); err != nil {
			p.t.Fatal(err)
		}
	}
	if sys.State.Gather, _, err = s.Commit(ctx); err != nil {
		p.t.Fatal(err)
	}
	return sys
}

func input(systems ...bot.ReportSystem) bot.ReportInput {
	arrived := time.Date(2026, 11, 20, 8, 30, 0, 0, time.UTC)
	return bot.ReportInput{
		Case: bot.Case{
			ID: request, Ticket: 35436, Kind: bot.KindAccess, Tenant: "acme", Arrived: arrived,
			Pseudonym: bot.Pseudonym{Key: "k1", MAC: strings.Repeat("ab", 32)},
			Head:      strings.Repeat("cd", 32), Seq: 12,
		},
		Subject: subject, Reference: "DSR-7", At: arrived.Add(time.Hour), Version: "1.2.3", Systems: systems,
	}
}

func (p *place) access(in bot.ReportInput, size int64, parts int) []string {
	p.t.Helper()
	files, err := p.report.Access(context.Background(), in, size, parts)
	if err != nil {
		p.t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		if f.Size > size {
			p.t.Fatalf("%s has %d bytes, more than %d", f.Name, f.Size, size)
		}
		names = append(names, f.Name)
	}
	return names
}

func (p *place) read(name string) []byte {
	p.t.Helper()
	r, err := p.spool.Open(context.Background(), request, name)
	if err != nil {
		p.t.Fatal(err)
	}
	body, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil {
		p.t.Fatal(err)
	}
	return body
}

// unpack verifies an archive and returns its entries.
func (p *place) unpack(name string) map[string]string {
	p.t.Helper()
	body := p.read(name)
	v, err := Verify(bytes.NewReader(body), int64(len(body)), p.keys.PublicKey())
	if err != nil || !v.OK() || !v.Trusted {
		p.t.Fatalf("%s does not verify: %+v, %v", name, v, err)
	}
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		p.t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range z.File {
		text, err := readEntry(f, 1<<30)
		if err != nil {
			p.t.Fatalf("%s: %v", f.Name, err)
		}
		if len(text) == 0 {
			p.t.Fatalf("%s is empty", f.Name)
		}
		out[f.Name] = string(text)
	}
	return out
}

// people is a table with n rows of everyday kinds.
func people(n int) data {
	d := data{schema: connectors.Schema{Collection: "crm.person", Columns: columns("id", "name", "email", "note", "score")}}
	for i := range n {
		d.rows = append(d.rows, []connectors.Cell{
			num(fmt.Sprint(i)), str(fmt.Sprintf("Person %d of many", i)), str(fmt.Sprintf("p%d@example.com", i*7919)),
			str("called on Tuesday, asked for \"more\""), num(fmt.Sprintf("-%d.5", i%100)),
		})
	}
	return d
}

// memory is a spool without a disk, for tests that make many reports.
type memory struct{ files map[string][]byte }

type memoryFile struct {
	bytes.Buffer
	m    *memory
	name string
}

func (p *place) useMemory() {
	m := &memory{map[string][]byte{}}
	p.spool, p.report.spool = m, m
}

func (m *memory) Create(_ context.Context, _, name string) (bot.SpoolWriter, error) {
	return &memoryFile{m: m, name: name}, nil
}

func (f *memoryFile) Commit() (bot.SpoolFile, error) {
	f.m.files[f.name] = f.Bytes()
	return bot.SpoolFile{Name: f.name, Size: int64(f.Len())}, nil
}

func (f *memoryFile) Discard() {}

func (m *memory) Open(_ context.Context, _, name string) (io.ReadCloser, error) {
	body, ok := m.files[name]
	if !ok {
		return nil, bot.ErrNotFound
	}
	return io.NopCloser(bytes.NewReader(body)), nil
}

func (m *memory) List(context.Context, string) ([]bot.SpoolFile, error) {
	var out []bot.SpoolFile
	for _, name := range slices.Sorted(maps.Keys(m.files)) {
		out = append(out, bot.SpoolFile{Name: name, Size: int64(len(m.files[name]))})
	}
	return out, nil
}

func (m *memory) Remove(_ context.Context, _, name string) error {
	delete(m.files, name)
	return nil
}

func (m *memory) Destroy(context.Context, string) error {
	clear(m.files)
	return nil
}

func (m *memory) Requests(context.Context) ([]string, error) { return []string{request}, nil }

// forgedPlace is a place with keys of its own.
func forgedPlace(t testing.TB) *place {
	t.Helper()
	p := openPlace(t, Options{})
	keys, err := spool.OpenKeys(spool.KeysOptions{
		Dir: t.TempDir(), Masters: []spool.MasterKey{{ID: "m1", Key: bytes.Repeat([]byte{1, 2}, spool.KeySize/2)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	p.report.keys = keys
	return p
}

// rezip packs entries again after a change.
func rezip(t testing.TB, entries map[string]string, change func(map[string]string)) []byte {
	t.Helper()
	entries = maps.Clone(entries)
	change(entries)
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, entries[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func crcOf(b []byte) uint32 { return crc32.ChecksumIEEE(b) }
