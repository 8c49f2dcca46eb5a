package report

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"unicode/utf8"

	"privacydesk/bot"
)

// envelope is a signed document: manifest or certificate. The signature covers
// the document's canonical form, so that a file that was only formatted anew
// still verifies.
type envelope struct {
	Document  json.RawMessage `json:"document"`
	Signature *bot.Signature  `json:"signature"`
}

// signedPrefix keeps a signature from being taken for one over something else.
const signedPrefix = "privacydesk signed document 1\n"

// sign puts a document into an envelope.
func (r *Reporter) sign(doc any) (file []byte, sig bot.Signature, err error) {
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, sig, err
	}
	canon, err := canonical(raw)
	if err != nil {
		return nil, sig, err
	}
	if sig, err = r.keys.Sign(append([]byte(signedPrefix), canon...)); err != nil {
		return nil, sig, fmt.Errorf("sign: %w", err)
	}
	var indented bytes.Buffer
	body, err := json.Marshal(envelope{raw, &sig})
	if err != nil {
		return nil, sig, err
	}
	if err := json.Indent(&indented, body, "", "  "); err != nil {
		return nil, sig, err
	}
	indented.WriteByte('\n')
	return indented.Bytes(), sig, nil
}

// fingerprint names a public key: the first half of its SHA-256, in hex.
func fingerprint(pub []byte) string {
	sum := sha256.Sum256(pub)
	return hex.EncodeToString(sum[:16])
}

// checkSignature verifies an envelope against its own key.
func (e envelope) checkSignature() error {
	if e.Signature == nil {
		return errors.New("it is not signed")
	}
	canon, err := canonical(e.Document)
	if err != nil {
		return err
	}
	switch {
	case len(e.Signature.PublicKey) != ed25519.PublicKeySize:
		return errors.New("its public key is none of Ed25519")
	case !ed25519.Verify(e.Signature.PublicKey, append([]byte(signedPrefix), canon...), e.Signature.Value):
		return errors.New("its signature does not match: the document was altered")
	case e.Signature.KeyID != fingerprint(e.Signature.PublicKey):
		return errors.New("its key's id is not that of its public key")
	}
	return nil
}

// canonical brings JSON into one form: no white space, members sorted by name,
// strings escaped in one way. Numbers must be integers: their text stays. A
// name that occurs twice is an error, for readers differ in which they take.
func canonical(raw []byte) ([]byte, error) {
	if !utf8.Valid(raw) {
		return nil, errors.New("it is not valid UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	out, err := canonicalValue(dec, nil, 0)
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON value")
	}
	return out, nil
}

// maxDepth of documents; ours have less than ten levels.
const maxDepth = 50

func canonicalValue(dec *json.Decoder, dst []byte, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, errors.New("the JSON is nested too deeply")
	}
	tok, err := dec.Token()
	if err != nil {
		return nil, errors.New("it is not valid JSON")
	}
	switch v := tok.(type) {
	case json.Delim:
		if v == '[' {
			return canonicalArray(dec, dst, depth)
		}
		return canonicalObject(dec, dst, depth)
	case string:
		return appendJSONString(dst, []byte(v)), nil
	case json.Number:
		if _, err := v.Int64(); err != nil {
			return nil, errors.New("a number is not an integer of 64 bits")
		}
		return append(dst, v...), nil
	case bool:
		return fmt.Appendf(dst, "%t", v), nil
	case nil:
		return append(dst, "null"...), nil
	}
	return nil, errors.New("it is not valid JSON")
}

func canonicalArray(dec *json.Decoder, dst []byte, depth int) ([]byte, error) {
	dst = append(dst, '[')
	for i := 0; dec.More(); i++ {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = canonicalValue(dec, dst, depth+1); err != nil {
			return nil, err
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, errors.New("it is not valid JSON")
	}
	return append(dst, ']'), nil
}

func canonicalObject(dec *json.Decoder, dst []byte, depth int) ([]byte, error) {
	members := map[string][]byte{}
	for dec.More() {
		tok, err := dec.Token()
		name, ok := tok.(string)
		if err != nil || !ok {
			return nil, errors.New("it is not valid JSON")
		}
		if _, ok := members[name]; ok {
			return nil, errors.New("a name occurs twice in one object")
		}
		if members[name], err = canonicalValue(dec, nil, depth+1); err != nil {
			return nil, err
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, errors.New("it is not valid JSON")
	}
	dst = append(dst, '{')
	for i, name := range slices.Sorted(maps.Keys(members)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendJSONString(dst, []byte(name))
		dst = append(append(dst, ':'), members[name]...)
	}
	return append(dst, '}'), nil
}

const (
	manifestName   = "manifest.json"
	manifestSchema = "privacydesk/manifest/1"
)

// manifest lists what a part of a report holds, beside itself.
type manifest struct {
	Schema   string         `json:"schema"`
	Request  string         `json:"request"`
	Ticket   int64          `json:"ticket"`
	Made     string         `json:"made"`
	Part     int            `json:"part"`
	Parts    int            `json:"parts"`
	Software string         `json:"software"`
	Files    []manifestFile `json:"files"`
}

type manifestFile struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

func (a *archive) manifest(p *part, entries []*entry) ([]byte, error) {
	m := manifest{
		Schema: manifestSchema, Request: a.in.Case.ID, Ticket: a.in.Case.Ticket, Made: stamp(a.in.At),
		Part: p.number, Parts: len(a.parts), Software: a.in.Version, Files: make([]manifestFile, 0, len(entries)),
	}
	for _, e := range entries {
		m.Files = append(m.Files, manifestFile{e.name, e.size, e.sha256})
	}
	file, _, err := a.r.sign(m)
	return file, err
}
