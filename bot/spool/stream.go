package spool

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"io"

	"privacydesk/connectors"
)

// The format of a file: a header of magic and salt, then the contents in
// chunks of chunkSize bytes, each sealed by AES-256-GCM. This is the STREAM
// construction (Hoang, Reyhanitabar, Rogaway, Vizár: "Online Authenticated-
// Encryption and its Nonce-Reuse Misuse-Resistance", 2015): the nonce is the
// chunk's number and whether it is the last, so that a chunk that was moved,
// doubled or cut off does not open. The key is derived from the request's key,
// the salt, the request and the name: a file that was renamed or moved to
// another request does not open either.
const (
	magic      = "pdspool1"
	saltSize   = 32
	headerSize = len(magic) + saltSize
	chunkSize  = 128 << 10
	tagSize    = 16
	sealedSize = chunkSize + tagSize
)

// errDamaged: the file is not what was written.
var errDamaged error = connectors.Said("it was altered, cut short or moved, or its disk is failing")

// plainSize is the size of the contents of a file of the given size on disk.
func plainSize(onDisk int64) (int64, error) {
	body := onDisk - int64(headerSize)
	full, rest := body/sealedSize, body%sealedSize
	switch {
	case body < tagSize:
		return 0, errDamaged
	case rest == 0:
		return full * chunkSize, nil
	case rest < tagSize, rest == tagSize && full > 0:
		return 0, errDamaged // only an empty file ends in an empty chunk
	}
	return full*chunkSize + rest - tagSize, nil
}

// fileCipher makes the cipher of one file.
func fileCipher(requestKey, header []byte, request, name string) (cipher.AEAD, error) {
	info := "privacydesk spool file\x00" + request + "\x00" + name
	key, err := hkdf.Key(sha256.New, requestKey, header, info, 32)
	if err != nil {
		return nil, err
	}
	return newGCM(key)
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// nonce of a chunk: 88 bits of number and 8 of "last".
type nonce [12]byte

func (n *nonce) set(chunk uint64, last bool) {
	binary.BigEndian.PutUint64(n[3:11], chunk)
	n[11] = 0
	if last {
		n[11] = 1
	}
}

// sealer encrypts what is written to it. It allocates nothing per write.
type sealer struct {
	to    io.Writer
	aead  cipher.AEAD
	sum   hash.Hash
	buf   []byte // cap sealedSize
	n     nonce
	chunk uint64
	size  int64
	err   error // sticky
}

func newSealer(to io.Writer, aead cipher.AEAD) *sealer {
	return &sealer{to: to, aead: aead, sum: sha256.New(), buf: make([]byte, 0, sealedSize)}
}

func (s *sealer) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	written := 0
	for len(p) > 0 {
		// A full buffer waits for more: only then is it known not to be last.
		if len(s.buf) == chunkSize {
			if err := s.flush(false); err != nil {
				return written, err
			}
		}
		n := min(chunkSize-len(s.buf), len(p))
		s.buf = append(s.buf, p[:n]...)
		p = p[n:]
		written += n
	}
	return written, nil
}

func (s *sealer) flush(last bool) error {
	if s.err != nil {
		return s.err
	}
	s.sum.Write(s.buf)
	s.size += int64(len(s.buf))
	s.n.set(s.chunk, last)
	s.chunk++
	sealed := s.aead.Seal(s.buf[:0], s.n[:], s.buf, nil)
	_, s.err = s.to.Write(sealed)
	s.buf = s.buf[:0]
	return s.err
}

// opener decrypts. The size on disk tells which chunk must be the last.
type opener struct {
	from   io.Reader
	aead   cipher.AEAD
	left   int64 // sealed bytes not yet read
	buf    []byte
	plain  []byte
	n      nonce
	chunk  uint64
	begun  bool
	sticky error
}

func newOpener(from io.Reader, aead cipher.AEAD, bodySize int64) *opener {
	return &opener{from: from, aead: aead, left: bodySize, buf: make([]byte, min(bodySize, sealedSize))}
}

func (o *opener) Read(p []byte) (int, error) {
	for len(o.plain) == 0 {
		if o.sticky == nil {
			o.sticky = o.next()
		}
		if o.sticky != nil {
			return 0, o.sticky
		}
	}
	n := copy(p, o.plain)
	o.plain = o.plain[n:]
	return n, nil
}

func (o *opener) next() error {
	if o.left == 0 {
		if !o.begun {
			return errDamaged
		}
		return io.EOF
	}
	o.begun = true
	size := min(o.left, sealedSize)
	o.left -= size
	if _, err := io.ReadFull(o.from, o.buf[:size]); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return errDamaged
		}
		return connectors.Sayf(err, "read")
	}
	o.n.set(o.chunk, o.left == 0)
	o.chunk++
	plain, err := o.aead.Open(o.buf[:0], o.n[:], o.buf[:size], nil)
	if err != nil {
		return errDamaged
	}
	o.plain = plain
	return nil
}
