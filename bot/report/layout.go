package report

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Bounds of an archive that Verify looks into: a part of a report has at most
// 50 MB, and its directory 20 MB if it were of nothing but small files.
const (
	maxArchive   = 64 << 20
	maxDirectory = 24 << 20
)

// Of the ZIP format (APPNOTE.TXT, sections 4.3.14 to 4.3.16).
const (
	zipEnd       = "PK\x05\x06"
	zipEndSize   = 22 // without a comment
	zipEnd64     = "PK\x06\x06"
	zipEnd64Size = 56
	zipLocator   = 20
)

// errLayout says that an archive has another frame than our writer's.
var errLayout = errors.New("the archive is not laid out as it was made: it was packed anew, or holds something that unpackers may show and its manifest does not name; ask the sender for the file as they attached it")

// boundDirectory refuses an archive whose directory, which is read into memory,
// is larger than any of ours, before anything of it is read.
func boundDirectory(r io.ReaderAt, size int64) error {
	if size > maxArchive {
		return fmt.Errorf("%w: it is larger than any part of a report", ErrUnknownFile)
	}
	number := binary.LittleEndian
	end := make([]byte, zipEndSize)
	if _, err := r.ReadAt(end, size-zipEndSize); size < zipEndSize || err != nil && !errors.Is(err, io.EOF) || !bytes.HasPrefix(end, []byte(zipEnd)) {
		return errLayout
	}
	at := int64(number.Uint32(end[16:]))
	if at == 1<<32-1 {
		end = make([]byte, zipEnd64Size)
		if _, err := r.ReadAt(end, size-zipEndSize-zipLocator-zipEnd64Size); err != nil || !bytes.HasPrefix(end, []byte(zipEnd64)) {
			return errLayout
		}
		at = int64(number.Uint64(end[48:])) //nolint:gosec // a negative one is refused below
	}
	if at < 0 || at > size || size-at > maxDirectory {
		return errLayout
	}
	return nil
}

// checkLayout makes the frame of the archive anew, by the writer that makes
// reports, of the names, sizes and sums that its directory names, and compares
// every byte but those of the entries' contents: headers, their order,
// what lies between them, before and behind. Whatever our writer does not make
// is refused, and nothing has to be unpacked to see that.
func checkLayout(r io.ReaderAt, size int64, files []*zip.File) error {
	same := &comparer{r: r}
	z := &zipWriter{z: zip.NewWriter(same)}
	for _, f := range files {
		if f.CompressedSize64 > uint64(size) || f.Method != zip.Store && f.Method != zip.Deflate { // #nosec G115 -- a size
			return errLayout
		}
		h := z.header(&entry{
			name: f.Name, method: f.Method, crc: f.CRC32, size: int64(f.UncompressedSize64), packed: int64(f.CompressedSize64), //nolint:gosec // the header has them as they were
		})
		h.ModifiedDate, h.ModifiedTime = files[0].ModifiedDate, files[0].ModifiedTime //nolint:staticcheck // as header does
		w, err := z.z.CreateRaw(h)
		if err == nil {
			err = z.z.Flush() // now same stands where the contents begin
		}
		if err == nil {
			_, err = io.CopyN(w, io.NewSectionReader(r, same.pos, size-same.pos), int64(f.CompressedSize64)) //nolint:gosec // no larger than size
		}
		if err != nil {
			return errLayout
		}
	}
	if err := z.z.Close(); err != nil || same.pos != size {
		return errLayout
	}
	return nil
}

// comparer takes what its reader holds, and nothing else.
type comparer struct {
	r   io.ReaderAt
	pos int64
	buf []byte
}

func (c *comparer) Write(p []byte) (int, error) {
	if cap(c.buf) < len(p) {
		c.buf = make([]byte, len(p))
	}
	got := c.buf[:len(p)]
	if _, err := c.r.ReadAt(got, c.pos); err != nil && !errors.Is(err, io.EOF) || !bytes.Equal(got, p) {
		return 0, errLayout
	}
	c.pos += int64(len(p))
	return len(p), nil
}
