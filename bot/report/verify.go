package report

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"compress/flate"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"slices"
	"time"

	"privacydesk/bot"
)

// Verdict is what Verify found.
type Verdict struct {
	Schema  string `json:"schema"` // of the manifest or certificate
	Request string `json:"request"`
	Ticket  int64  `json:"ticket"`
	// KeyID is the fingerprint of the key that signed. Trusted tells whether
	// it is the one that was given, or one that handovers join to it; without
	// one, whoever altered the file may have signed it, too: compare KeyID
	// with what the sender publishes.
	KeyID   string `json:"key_id"`
	Trusted bool   `json:"trusted"`
	// Part of Parts, and Files, of a report.
	Part  int `json:"part,omitempty"`
	Parts int `json:"parts,omitempty"`
	Files int `json:"files,omitempty"`
	// Complete: a certificate says that nothing is left.
	Complete bool `json:"complete,omitempty"`
	// ChainHead and ChainEvents are a certificate's: the ledger as it stood.
	ChainHead   string `json:"chain_head,omitempty"`
	ChainEvents int64  `json:"chain_events,omitempty"`
	// Problems are what is wrong; without any the file is as it was made.
	Problems []string `json:"problems,omitempty"`
}

// OK is true if nothing is wrong.
func (v Verdict) OK() bool { return len(v.Problems) == 0 }

func (v *Verdict) problem(format string, args ...any) {
	v.Problems = append(v.Problems, fmt.Sprintf(format, args...))
}

// ErrUnknownFile says that it is neither a report nor a certificate of ours.
var ErrUnknownFile = errors.New("this is neither a report nor a certificate of privacydesk")

// Bounds of what Verify reads into memory, in bytes.
const (
	maxDocument = 64 << 20
	maxProblems = 50
)

// VerifyFile checks a report's archive or a certificate's JSON, offline.
// trusted is the public key that must have signed, or one that the handovers
// join to it; nil accepts any, and Verdict.Trusted is false then. An error
// means that there was nothing to check; what is wrong with the file is in the
// Verdict.
func VerifyFile(path string, trusted ed25519.PublicKey, handovers ...bot.Handover) (Verdict, error) {
	f, err := os.Open(path)
	if err != nil {
		return Verdict{}, fmt.Errorf("verify: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return Verdict{}, fmt.Errorf("verify: %w", err)
	}
	return Verify(f, info.Size(), trusted, handovers...)
}

// Verify is VerifyFile for contents that are elsewhere.
func Verify(r io.ReaderAt, size int64, trusted ed25519.PublicKey, handovers ...bot.Handover) (Verdict, error) {
	by := trust{trusted, bot.Trusted(trusted, handovers)}
	start := make([]byte, 4)
	if _, err := r.ReadAt(start, 0); err != nil && !errors.Is(err, io.EOF) {
		return Verdict{}, fmt.Errorf("verify: %w", err)
	}
	if bytes.HasPrefix(start, []byte("PK")) {
		return verifyArchive(r, size, by)
	}
	if bytes.HasPrefix(start, []byte("<!")) {
		return Verdict{}, fmt.Errorf("%w: a page is for reading; check the certificate.json beside it, or the zip that it came in", ErrUnknownFile)
	}
	if size > maxDocument {
		return Verdict{}, ErrUnknownFile
	}
	body, err := io.ReadAll(io.NewSectionReader(r, 0, size))
	if err != nil {
		return Verdict{}, fmt.Errorf("verify: %w", err)
	}
	return verifyCertificate(body, by)
}

// openEnvelope reads a signed document of the given schema.
func (v *Verdict) openEnvelope(body []byte, schema string, by trust, into any) error {
	// The canonical form refuses names that occur twice: what is checked must
	// be what others read.
	if _, err := canonical(body); err != nil {
		return fmt.Errorf("%w: %w", ErrUnknownFile, err)
	}
	env, err := decodeEnvelope(body)
	if err != nil {
		return err
	}
	var id struct {
		Schema  string `json:"schema"`
		Request string `json:"request"`
		Ticket  int64  `json:"ticket"`
		Made    string `json:"made"` // of a manifest
		Times   struct {
			Made string `json:"made"`
		} `json:"times"` // of a certificate
	}
	if err := json.Unmarshal(env.Document, &id); err != nil || id.Schema != schema {
		return fmt.Errorf("%w, or of another version (%s is wanted)", ErrUnknownFile, schema)
	}
	v.Schema, v.Request, v.Ticket = id.Schema, id.Request, id.Ticket
	if err := env.checkSignature(); err != nil {
		v.problem("%v", err)
	} else {
		v.KeyID = fingerprint(env.Signature.PublicKey)
		v.judge(env.Signature.PublicKey, by, cmp.Or(id.Made, id.Times.Made))
	}
	dec := json.NewDecoder(bytes.NewReader(env.Document))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		v.problem("it holds fields that schema %s does not know", schema)
	}
	return nil
}

// trust is the key that was given, if any, and those that handovers join to it.
type trust struct {
	key  ed25519.PublicKey
	keys map[string]time.Time
}

// judge decides whether who signed is trusted: a former key for what was made
// until it was handed over, and not for what is said to be made later.
func (v *Verdict) judge(signer []byte, by trust, made string) {
	if by.key == nil {
		return
	}
	until, known := by.keys[string(signer)]
	at, err := time.Parse(time.RFC3339, made)
	switch {
	case !known:
		v.problem("it is signed by key %s, not by the given %s", v.KeyID, fingerprint(by.key))
	case !until.IsZero() && (err != nil || at.After(until)):
		v.problem("it is signed by key %s, which another took the place of on %s, and says that it was made later", v.KeyID, until.Format(time.DateOnly))
	default:
		v.Trusted = true
	}
}

// decodeEnvelope takes an envelope's members under exactly their names: Go
// would take "Document", too, and the last of them, where others take the
// first; and what has another name is not signed.
func decodeEnvelope(body []byte) (envelope, error) {
	var env envelope
	var members, signature map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil || len(members["document"]) == 0 {
		return env, ErrUnknownFile
	}
	if raw, ok := members["signature"]; ok {
		if err := json.Unmarshal(raw, &signature); err != nil {
			return env, ErrUnknownFile
		}
	}
	for _, list := range []struct {
		members map[string]json.RawMessage
		known   []string
	}{{members, []string{"document", "signature"}}, {signature, []string{"key_id", "public_key", "signature"}}} {
		for name := range list.members {
			if !slices.Contains(list.known, name) {
				return env, fmt.Errorf("%w: beside the signed document there is something that is not signed", ErrUnknownFile)
			}
		}
	}
	if err := json.Unmarshal(body, &env); err != nil {
		return env, ErrUnknownFile
	}
	return env, nil
}

func verifyCertificate(body []byte, by trust) (Verdict, error) {
	var v Verdict
	var c certificate
	if err := v.openEnvelope(body, certificateSchema, by, &c); err != nil {
		return v, err
	}
	if !isChainHead(c.Chain.Head) || c.Chain.Events < 1 {
		v.problem("the ledger's head is no SHA-256 in hex, or has no events")
	}
	open := 0
	for _, s := range c.Systems {
		left := int64(0)
		for _, set := range s.Collections {
			left += set.Left
		}
		if s.Rescan != rescanClean {
			open++
		} else if left > 0 {
			v.problem("%s is said to be clean and has %d records left", s.Name, left)
		}
	}
	if c.Complete != (open == 0 && len(c.Systems) > 0) {
		v.problem("it says complete: %t, and %d of %d systems are not clean", c.Complete, open, len(c.Systems))
	}
	v.Complete, v.ChainHead, v.ChainEvents = c.Complete, c.Chain.Head, c.Chain.Events
	return v, nil
}

// verifyArchive looks at the frame, then at the signature, and unpacks nothing
// but the manifest unless both hold: what comes from outside may be made to
// keep us busy.
func verifyArchive(r io.ReaderAt, size int64, by trust) (Verdict, error) {
	var v Verdict
	if err := boundDirectory(r, size); err != nil {
		return v, fmt.Errorf("verify: %w", err)
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return v, fmt.Errorf("verify: the archive can't be opened; it was cut short or altered: %w", err)
	}
	if err := checkLayout(r, size, z.File); err != nil {
		return v, fmt.Errorf("verify: %w", err)
	}
	files := len(z.File) - 1
	if files < 0 || z.File[files].Name != manifestName {
		return v, fmt.Errorf("%w: its last entry is not %s", ErrUnknownFile, manifestName)
	}
	body, err := readEntry(z.File[files], maxDocument)
	if err != nil {
		return v, fmt.Errorf("verify: %s: %w", manifestName, err)
	}
	var m manifest
	if err := v.openEnvelope(body, manifestSchema, by, &m); err != nil {
		return v, err
	}
	v.Part, v.Parts = m.Part, m.Parts
	if v.checkNames(z.File[:files], m.Files); !v.OK() {
		return v, nil
	}
	for i, want := range m.Files {
		v.checkEntry(z.File[i], want)
	}
	v.shorten()
	return v, nil
}

// checkNames holds the entries against the manifest, which names them in their
// order. So does our writer, and no name is there twice.
func (v *Verdict) checkNames(files []*zip.File, named []manifestFile) {
	wanted := map[string]bool{}
	for _, want := range named {
		wanted[want.Name] = true
	}
	for _, f := range files {
		if !wanted[f.Name] {
			v.problem("entry %q is not in the manifest", f.Name)
		}
		delete(wanted, f.Name)
	}
	for _, want := range named {
		if wanted[want.Name] {
			v.problem("entry %q is missing", want.Name)
		}
	}
	v.shorten()
	same := slices.EqualFunc(files, named, func(f *zip.File, want manifestFile) bool {
		return f.Name == want.Name && f.UncompressedSize64 == uint64(want.Size) // #nosec G115 -- equal or not
	})
	if v.OK() && !same {
		v.problem("the entries have another order or other sizes than the manifest says")
	}
}

func (v *Verdict) shorten() {
	if len(v.Problems) > maxProblems {
		v.Problems = append(v.Problems[:maxProblems], "and more")
	}
}

// checkEntry unpacks no more than the manifest says.
func (v *Verdict) checkEntry(f *zip.File, want manifestFile) {
	v.Files++
	sum := sha256.New()
	n, err := unpack(sum, f, want.Size)
	switch {
	case err != nil:
		v.problem("entry %q can't be read: it was altered or cut short", want.Name)
	case n != want.Size || hex.EncodeToString(sum.Sum(nil)) != want.SHA256:
		v.problem("entry %q is not what was put in", want.Name)
	}
}

func readEntry(f *zip.File, limit int64) ([]byte, error) {
	var body bytes.Buffer
	_, err := unpack(&body, f, limit)
	return body.Bytes(), err
}

// unpack writes an entry of at most limit bytes, and leaves nothing of what is
// packed unread: behind the end of a stream anything could stand.
func unpack(to io.Writer, f *zip.File, limit int64) (int64, error) {
	raw, err := f.OpenRaw()
	if err != nil {
		return 0, err
	}
	packed := bufio.NewReader(raw)
	in := io.Reader(packed)
	if f.Method == zip.Deflate {
		in = flate.NewReader(packed)
	}
	sum := crc32.NewIEEE()
	n, err := io.Copy(io.MultiWriter(to, sum), io.LimitReader(in, limit+1))
	if err != nil {
		return n, err
	}
	if n > limit {
		return n, errors.New("it is larger than it should be")
	}
	if _, err := packed.ReadByte(); !errors.Is(err, io.EOF) {
		return n, errors.New("something follows the packed data")
	}
	if sum.Sum32() != f.CRC32 {
		return n, errors.New("its sum is not the one beside it")
	}
	return n, nil
}
