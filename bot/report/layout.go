package report

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"slices"
)

// Signatures of the ZIP format (APPNOTE.TXT, sections 4.3.7 to 4.3.16).
const (
	zipLocal      = "PK\x03\x04"
	zipCentral    = "PK\x01\x02"
	zipEnd        = "PK\x05\x06"
	zipDescriptor = "PK\x07\x08"

	zipLocalSize = 30 // without name and extra field
	zipEndSize   = 22 // without a comment
)

var errLayout = errors.New("the archive holds something beside the entries that its directory names")

// checkLayout holds what lies in an archive against its directory: entry must
// follow entry from the first byte on, under the names of the directory.
// Unpackers that read an archive from its start would see more, or something
// else, than those that read its directory, as Verify does.
func checkLayout(r io.ReaderAt, size int64, z *zip.Reader) error {
	if z.Comment != "" {
		return errors.New("the archive bears a remark that is not ours")
	}
	if !begins(r, size-zipEndSize, zipEnd) {
		return errLayout
	}
	files, starts, err := inOrder(z.File)
	if err != nil {
		return err
	}
	pos := int64(0)
	for i, f := range files {
		if err := checkLocal(r, f, pos, starts[i]); err != nil {
			return err
		}
		pos = starts[i] + int64(f.CompressedSize64) // #nosec G115 -- within the file: its data was found
		if f.Flags&8 != 0 {
			n, err := descriptorSize(r, f, pos)
			if err != nil {
				return err
			}
			pos += n
		}
	}
	if !begins(r, pos, zipCentral) {
		return errLayout
	}
	return nil
}

// inOrder returns the entries as they lie in the archive, and where their
// data begin.
func inOrder(files []*zip.File) (sorted []*zip.File, starts []int64, err error) {
	at := map[*zip.File]int64{}
	for _, f := range files {
		if at[f], err = f.DataOffset(); err != nil {
			return nil, nil, errLayout
		}
	}
	sorted = slices.Clone(files)
	slices.SortStableFunc(sorted, func(a, b *zip.File) int { return cmp.Compare(at[a], at[b]) })
	for _, f := range sorted {
		starts = append(starts, at[f])
	}
	return sorted, starts, nil
}

// checkLocal compares the header in front of an entry's data with that of the
// directory.
func checkLocal(r io.ReaderAt, f *zip.File, pos, start int64) error {
	if !begins(r, pos, zipLocal) || start < pos+zipLocalSize || start > pos+zipLocalSize+2*0xffff {
		return errLayout
	}
	head := make([]byte, start-pos)
	if _, err := r.ReadAt(head, pos); err != nil {
		return errLayout
	}
	number := binary.LittleEndian
	name, extra := int(number.Uint16(head[26:])), int(number.Uint16(head[28:]))
	if len(head) != zipLocalSize+name+extra || string(head[zipLocalSize:zipLocalSize+name]) != f.Name || number.Uint16(head[8:]) != f.Method {
		return errLayout
	}
	if f.Flags&8 != 0 {
		return nil // the sizes follow the data
	}
	const inExtra = 1<<32 - 1
	for at, want := range map[int]uint64{18: f.CompressedSize64, 22: f.UncompressedSize64} {
		if got := uint64(number.Uint32(head[at:])); got != want && got != inExtra {
			return errLayout
		}
	}
	return nil
}

// descriptorSize is how long the descriptor behind an entry's data is: with or
// without a signature, with sizes of 32 or 64 bits.
func descriptorSize(r io.ReaderAt, f *zip.File, pos int64) (int64, error) {
	sum := binary.LittleEndian.AppendUint32(nil, f.CRC32)
	for _, size := range []int64{16, 24, 12, 20} {
		want := string(sum)
		if size == 16 || size == 24 {
			want = zipDescriptor + want
		}
		if begins(r, pos, want) && (begins(r, pos+size, zipLocal) || begins(r, pos+size, zipCentral)) {
			return size, nil
		}
	}
	return 0, errLayout
}

func begins(r io.ReaderAt, pos int64, with string) bool {
	got := make([]byte, len(with))
	if pos < 0 {
		return false
	}
	if n, err := r.ReadAt(got, pos); n < len(got) && err != nil {
		return false
	}
	return bytes.Equal(got, []byte(with))
}
