package dataset

import (
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"privacydesk/connectors"
)

// Normal is how identities are normalised before they are compared.
type Normal string

// Normal forms.
const (
	NormalNone  Normal = "none"  // exactly, type and bytes
	NormalEmail Normal = "email" // as an e-mail address
)

// ErrNotAnAddress is returned for text that can't be an e-mail address. It
// never contains the text.
var ErrNotAnAddress = errors.New("not an e-mail address")

// NormalFor is the normal form of an identity type unless the map says
// otherwise.
func NormalFor(t connectors.IdentityType) Normal {
	if t == connectors.Email {
		return NormalEmail
	}
	return NormalNone
}

// Normalise brings an identity into the form in which it is kept and shown.
// For an e-mail address: ASCII white space around it trimmed, NFC, the domain
// in lower case and as A-labels (IDNA 2008). The local part keeps its case,
// and no dot or plus rule is applied: only the host knows what those mean.
// Other types are returned as they are.
func Normalise(t connectors.IdentityType, s string) (string, error) {
	if NormalFor(t) != NormalEmail {
		if strings.TrimSpace(s) == "" {
			return "", errors.New("empty identity")
		}
		return s, nil
	}
	local, domain, ok := splitAddress(s)
	if !ok {
		return "", ErrNotAnAddress
	}
	return local + "@" + asciiDomain(domain), nil
}

// Match reports whether two values name the same person under an identity
// type. E-mail addresses match if they are equal after trimming ASCII white
// space, NFC, folding case rune by rune, and writing the domain as A-labels;
// accents differ, dots and plus tags count. Anything else matches only if
// type and bytes are equal. An empty value matches nothing.
func Match(t connectors.IdentityType, a, b connectors.Value) bool {
	return NormalFor(t).Match(a, b)
}

// Match compares two values under the normal form; see the function Match.
func (n Normal) Match(a, b connectors.Value) bool {
	if a.IsEmpty() || b.IsEmpty() {
		return false
	}
	if n != NormalEmail {
		return a == b
	}
	if a.Kind() != connectors.KindText || b.Kind() != connectors.KindText {
		return false
	}
	x, xok := foldAddress(a.Raw())
	y, yok := foldAddress(b.Raw())
	return xok && yok && x == y
}

// SearchForms are the spellings, in lower case, that a filter should look for
// so that it finds everything that Match accepts: the domain in ASCII and in
// Unicode, the whole in NFC and in NFD. A filter only narrows: every row has
// to be compared by Match afterwards. Empty for an empty value.
func (n Normal) SearchForms(v connectors.Value) []string {
	if v.IsEmpty() {
		return nil
	}
	if n != NormalEmail {
		return []string{v.Raw()}
	}
	local, domain, ok := splitAddress(v.Raw())
	if !ok {
		return nil
	}
	spellings := []string{asciiDomain(domain), foldCase(domain)}
	if u, err := domains().ToUnicode(spellings[0]); err == nil {
		spellings = append(spellings, u)
	}
	var out []string
	for _, d := range spellings {
		whole := foldCase(local) + "@" + d
		out = append(out, norm.NFC.String(whole), norm.NFD.String(whole))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func foldAddress(s string) (string, bool) {
	local, domain, ok := splitAddress(s)
	if !ok {
		return "", false
	}
	return foldCase(local) + "@" + asciiDomain(domain), true
}

// splitAddress trims, brings into NFC and cuts at the last "@".
func splitAddress(s string) (local, domain string, ok bool) {
	s = strings.Trim(s, " \t\r\n\v\f")
	// The last three are signs that NFC would turn into ASCII letters and
	// marks (Kelvin sign, Greek question mark, Greek varia).
	if !utf8.ValidString(s) || strings.ContainsAny(s, "\u212a\u037e\u1fef") {
		return "", "", false
	}
	s = norm.NFC.String(s)
	i := strings.LastIndexByte(s, '@')
	if i <= 0 || i == len(s)-1 {
		return "", "", false
	}
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }) {
		return "", "", false
	}
	return s[:i], s[i+1:], true
}

// asciiDomain writes a domain as A-labels, in lower case. Nothing is mapped
// beyond case: what IDNA 2008 doesn't allow (full-width letters, invisible
// signs) stays as it is, and then only equals itself.
func asciiDomain(domain string) string {
	domain = foldCase(domain)
	plain := !strings.ContainsFunc(domain, func(r rune) bool { return r >= utf8.RuneSelf })
	if plain && !strings.Contains(domain, "xn--") {
		return domain
	}
	if a, err := domains().ToASCII(domain); err == nil && a != "" {
		return a
	}
	return domain
}

func domains() *idna.Profile {
	return idna.New(idna.ValidateLabels(true), idna.BidiRule(), idna.VerifyDNSLength(true))
}

// foldCase lowers rune by rune. A letter outside ASCII never becomes one
// inside: the Kelvin sign is not "k", a dotted capital I is not "i".
func foldCase(s string) string {
	return strings.Map(func(r rune) rune {
		l := unicode.ToLower(r)
		if r >= utf8.RuneSelf && l < utf8.RuneSelf {
			return r
		}
		return l
	}, s)
}
