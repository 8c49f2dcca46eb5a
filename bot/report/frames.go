package report

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"

	"privacydesk/connectors"
)

// The format in which a sink keeps records: frames of a type, a length, a
// number of rows, and a payload. Rows are kept in blocks, so that a reader that
// only counts need not look into them. A cell is its kind, its length and its
// bytes: nothing is encoded when it is written.
const (
	frameHeader     = 'H' // JSON of header; the first frame
	frameTable      = 'T' // JSON of connectors.Schema
	frameRows       = 'R' // rows of the table that was opened last
	frameTableEnd   = 'E' // a table without one is not in the report
	frameMedia      = 'M' // JSON of connectors.Media
	frameChunk      = 'C' // of the file that was opened last
	frameMediaEnd   = 'Z' // JSON of mediaEnd
	frameMediaAbort = 'A' // the file is not in the report
	frameEnd        = 'F' // the last frame
)

const (
	frameHead = 1 + 4 + 4
	// blockSize is from which size on a block of rows is written.
	blockSize = 64 << 10
	// maxRow bounds one row, in bytes. What is larger is a file: see Sink.Media.
	maxRow = 64 << 20

	rowsFormat = "privacydesk/rows/1"
)

type header struct {
	Format  string `json:"format"`
	Request string `json:"request"`
	System  string `json:"system"`
}

type mediaEnd struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

var errFrames error = connectors.Said("its records are damaged or of another version; gather them again")

// frameWriter writes frames.
type frameWriter struct {
	to   io.Writer
	head [frameHead]byte
}

func (w *frameWriter) frame(kind byte, rows int, payload []byte) error {
	w.head[0] = kind
	binary.BigEndian.PutUint32(w.head[1:], uint32(len(payload))) // #nosec G115 -- bounded by maxRow
	binary.BigEndian.PutUint32(w.head[5:], uint32(rows))         // #nosec G115 -- fewer than bytes
	if _, err := w.to.Write(w.head[:]); err != nil {
		return err
	}
	_, err := w.to.Write(payload)
	return err
}

func (w *frameWriter) json(kind byte, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return w.frame(kind, 0, body)
}

// appendRow adds a row to a block.
func appendRow(block []byte, cells []connectors.Cell) []byte {
	for _, c := range cells {
		block = append(block, byte(c.Kind))
		block = binary.AppendUvarint(block, uint64(len(c.Text)))
		block = append(block, c.Text...)
	}
	return block
}

// nextRow takes a row of len(cells) cells off a block. The cells' texts lie in
// the block.
func nextRow(block []byte, cells []connectors.Cell) ([]byte, error) {
	for i := range cells {
		if len(block) == 0 || block[0] > byte(connectors.CellBytes) {
			return nil, errFrames
		}
		size, n := binary.Uvarint(block[1:])
		if n <= 0 || size > uint64(len(block)-1-n) { // #nosec G115 -- n is shorter than the block
			return nil, errFrames
		}
		end := 1 + n + int(size) // #nosec G115 -- not larger than the block
		cells[i] = connectors.Cell{Kind: connectors.CellKind(block[0]), Text: block[1+n : end : end]}
		block = block[end:]
	}
	return block, nil
}

// frame is one frame as it is read. Its payload is valid until the next.
type frame struct {
	kind byte
	rows int
	size int
}

// frameReader reads frames; a payload is read or skipped by the next call.
type frameReader struct {
	from *bufio.Reader
	cur  frame
	left int // of the payload
	buf  []byte
	done bool
}

func newFrameReader(r io.Reader) *frameReader {
	return &frameReader{from: bufio.NewReaderSize(r, 256<<10)}
}

// next returns io.EOF after the end frame, and checks that nothing follows it.
func (r *frameReader) next() (frame, error) {
	if err := r.skip(); err != nil {
		return frame{}, err
	}
	var head [frameHead]byte
	_, err := io.ReadFull(r.from, head[:])
	switch {
	case r.done && errors.Is(err, io.EOF):
		return frame{}, io.EOF
	case r.done && err == nil, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return frame{}, errFrames
	case err != nil:
		return frame{}, err
	}
	size := binary.BigEndian.Uint32(head[1:])
	rows := binary.BigEndian.Uint32(head[5:])
	if size > maxRow+blockSize || rows > size {
		return frame{}, errFrames
	}
	r.cur = frame{kind: head[0], rows: int(rows), size: int(size)}
	r.left = r.cur.size
	r.done = head[0] == frameEnd
	return r.cur, nil
}

func (r *frameReader) skip() error {
	n, err := r.from.Discard(r.left)
	r.left -= n
	if errors.Is(err, io.EOF) {
		return errFrames
	}
	return err
}

// payload reads the current frame's. It grows its buffer as bytes arrive, so
// that a forged length costs nothing.
func (r *frameReader) payload() ([]byte, error) {
	r.buf = r.buf[:0]
	for r.left > 0 {
		n := min(r.left, 1<<20)
		start := len(r.buf)
		r.buf = append(r.buf, make([]byte, n)...)
		if _, err := io.ReadFull(r.from, r.buf[start:]); err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return nil, errFrames
			}
			return nil, err
		}
		r.left -= n
	}
	return r.buf, nil
}

func (r *frameReader) json(into any) error {
	body, err := r.payload()
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return connectors.Sayf(errFrames, "a frame does not decode")
	}
	return nil
}
