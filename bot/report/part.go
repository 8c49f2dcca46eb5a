package report

import (
	"archive/zip"
	"bytes"
	"cmp"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"slices"
	"time"

	"privacydesk/bot"
	"privacydesk/connectors"
)

// stream is one of the files in which a part is prepared: the entries of one
// are written one after the other, those of different ones side by side.
type stream int

const (
	streamPages stream = iota
	streamJSON
	streamData
	streamMedia
	streams
)

// body is a stream's file in the spool.
type body struct {
	name string
	w    bot.SpoolWriter
	n    int64
}

func (b *body) Write(p []byte) (int, error) {
	n, err := b.w.Write(p)
	b.n += int64(n)
	return n, err
}

// entry is one file of an archive.
type entry struct {
	name         string
	stream       stream
	method       uint16
	crc          uint32
	size, packed int64
	sha256       string
}

// overhead bounds what an entry costs beside its contents: its two headers in
// the archive and its line in the manifest.
func overhead(name string) int64 { return 260 + 4*int64(len(name)) }

// part is one archive while it is prepared. Its entries are compressed into
// the spool first, so that its size is known before it is put together, and
// the number of parts before the first of them says so.
type part struct {
	number  int
	limit   int64
	reserve int64 // for what is written at the end
	dir     string
	bodies  [streams]*body
	entries []*entry
	open    []*entryWriter
	fixed   int64 // overhead of entries
	sure    int64 // packed at the last sync
	raw     int64 // written since
	fresh   bool  // holds no data yet: what does not fit now never will
}

// fits tells whether need more bytes are sure to fit. What it answers depends
// on the data alone, not on how far the compression has come.
func (p *part) fits(need int64) (bool, error) {
	room := p.limit - p.reserve - p.fixed
	if p.sure+maxDeflated(p.raw+need) <= room {
		return true, nil
	}
	for _, w := range p.open {
		if w.deflater != nil {
			if err := w.deflater.sync(); err != nil {
				return false, err
			}
		}
	}
	p.sure, p.raw = 0, 0
	for _, b := range p.bodies {
		if b != nil {
			p.sure += b.n
		}
	}
	left := room - p.sure
	// Below that, going on would mean to sync after every few rows.
	return maxDeflated(need) <= left && (p.fresh || left >= p.limit/32), nil
}

// entryWriter writes one entry.
type entryWriter struct {
	*entry
	part     *part
	body     *body
	deflater *deflater
	from     int64
	sum      hash.Hash
}

func (a *archive) create(ctx context.Context, s stream, name string, method uint16) (*entryWriter, error) {
	p := a.cur
	if p.bodies[s] == nil {
		b := &body{name: fmt.Sprintf("%s/%d-%d", p.dir, p.number, s)}
		w, err := a.r.spool.Create(ctx, a.in.Case.ID, b.name)
		if err != nil {
			return nil, err
		}
		b.w = w
		p.bodies[s] = b
	}
	w := &entryWriter{
		entry: &entry{name: name, stream: s, method: method},
		part:  p, body: p.bodies[s], from: p.bodies[s].n, sum: sha256.New(),
	}
	if method == zip.Deflate {
		w.deflater = &deflater{pool: a.pool, to: w.body}
	}
	p.entries = append(p.entries, w.entry)
	p.open = append(p.open, w)
	p.fixed += overhead(name) + int64(len(lastBlock))
	return w, nil
}

func (w *entryWriter) Write(b []byte) (int, error) {
	w.size += int64(len(b))
	w.part.raw += int64(len(b))
	w.sum.Write(b)
	w.crc = crc32.Update(w.crc, crc32.IEEETable, b)
	if w.deflater != nil {
		return w.deflater.Write(b)
	}
	return w.body.Write(b)
}

func (w *entryWriter) close() error {
	if w.deflater != nil {
		if err := w.deflater.Close(); err != nil {
			return err
		}
	}
	if w.size == 0 {
		return connectors.Sayf(nil, "entry %s is empty", w.name)
	}
	w.packed = w.body.n - w.from
	w.sha256 = hex.EncodeToString(w.sum.Sum(nil))
	w.part.open = slices.DeleteFunc(w.part.open, func(o *entryWriter) bool { return o == w })
	return nil
}

// commit makes the bodies readable.
func (p *part) commit() error {
	for _, b := range p.bodies {
		if b != nil {
			if _, err := b.w.Commit(); err != nil {
				return err
			}
			b.w = nil // a writer holds a buffer, and parts may be many
		}
	}
	return nil
}

// assemble puts a part together: the index first, so that it is what an
// unpacker shows first, the manifest last.
func (a *archive) assemble(ctx context.Context, p *part, name string) (file bot.SpoolFile, err error) {
	out, err := a.r.spool.Create(ctx, a.in.Case.ID, name)
	if err != nil {
		return file, err
	}
	defer out.Discard()
	z := &zipWriter{z: zip.NewWriter(out), when: a.in.Case.Arrived.UTC()}
	index, err := a.index(p)
	if err != nil {
		return file, err
	}
	all := make([]*entry, 0, len(p.entries)+1)
	e, err := z.add("index.html", index)
	if err != nil {
		return file, err
	}
	all = append(all, e)
	for s := range streams {
		list, err := a.copyBody(ctx, z, p, s)
		if err != nil {
			return file, err
		}
		all = append(all, list...)
	}
	manifest, err := a.manifest(p, all)
	if err != nil {
		return file, err
	}
	if _, err := z.add(manifestName, manifest); err != nil {
		return file, err
	}
	if err := z.z.Close(); err != nil {
		return file, err
	}
	if file, err = out.Commit(); err != nil {
		return file, err
	}
	if file.Size > a.limit {
		return file, errors.Join(fmt.Errorf("part %d has %d bytes: %w", p.number, file.Size, bot.ErrTooLarge),
			a.r.spool.Remove(ctx, a.in.Case.ID, name))
	}
	return file, nil
}

// copyBody moves a stream's packed entries into the archive as they are.
func (a *archive) copyBody(ctx context.Context, z *zipWriter, p *part, s stream) (list []*entry, err error) {
	b := p.bodies[s]
	if b == nil {
		return nil, nil
	}
	in, err := a.r.spool.Open(ctx, a.in.Case.ID, b.name)
	if err != nil {
		return nil, err
	}
	defer func() { err = cmp.Or(err, in.Close()) }()
	for _, e := range p.entries {
		if e.stream != s {
			continue
		}
		w, err := z.z.CreateRaw(z.header(e))
		if err != nil {
			return nil, err
		}
		if _, err := io.CopyN(w, in, e.packed); err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

// zipWriter writes entries with all that could vary held fast.
type zipWriter struct {
	z    *zip.Writer
	when time.Time
}

func (z *zipWriter) header(e *entry) *zip.FileHeader {
	h := &zip.FileHeader{
		Name: e.name, Method: e.method, Flags: 0x800, // the name is UTF-8
		CRC32: e.crc, UncompressedSize64: uint64(e.size), CompressedSize64: uint64(e.packed), // #nosec G115 -- sizes
	}
	h.SetMode(0o644)
	y, m, d := z.when.Date()
	hh, mm, ss := z.when.Clock()
	if y < 1980 || y > 2107 {
		y, m, d, hh, mm, ss = 1980, 1, 1, 0, 0, 0
	}
	// CreateRaw takes these as they are and does not look at Modified.
	h.ModifiedDate = uint16(d + int(m)<<5 + (y-1980)<<9) //nolint:gosec,staticcheck // the MS-DOS date of the raw header
	h.ModifiedTime = uint16(ss/2 + mm<<5 + hh<<11)       //nolint:staticcheck // the MS-DOS time of the raw header
	return h
}

// add compresses a small entry.
func (z *zipWriter) add(name string, contents []byte) (*entry, error) {
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.DefaultCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(contents); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(contents)
	e := &entry{
		name: name, method: zip.Deflate, crc: crc32.ChecksumIEEE(contents),
		size: int64(len(contents)), packed: int64(packed.Len()), sha256: hex.EncodeToString(sum[:]),
	}
	to, err := z.z.CreateRaw(z.header(e))
	if err != nil {
		return nil, err
	}
	_, err = to.Write(packed.Bytes())
	return e, err
}
