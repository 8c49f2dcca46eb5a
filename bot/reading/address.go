package reading

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// ErrNotAddress is returned for text that is not exactly one e-mail address. Errors that wrap
// it never contain the text.
var ErrNotAddress = errors.New("not an e-mail address")

// Limits of an address in bytes (RFC 5321, 4.5.3.1).
const (
	maxLocal   = 64
	maxAddress = 254
	maxInput   = 1000 // with a display name
)

// Normalise returns the form by which addresses are compared: NFC, without a
// display name, the local part in lower case, the domain in lower case and in
// ASCII (IDNA 2008, non-transitional). Dots and plus-tags are kept: jo.e@,
// joe@ and joe+x@ are three addresses. Accents are kept: josé@ is not jose@.
// Quoted local parts, address literals and domains without a dot are refused.
func Normalise(addr string) (string, error) {
	if len(addr) > maxInput || !utf8.ValidString(addr) {
		return "", fmt.Errorf("%w: too long or not UTF-8", ErrNotAddress)
	}
	s, err := bare(strings.TrimSpace(norm.NFC.String(addr)))
	if err != nil {
		return "", err
	}
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return "", fmt.Errorf("%w: it has no @", ErrNotAddress)
	}
	local, err := localPart(s[:at])
	if err != nil {
		return "", err
	}
	domain, err := domainPart(s[at+1:])
	if err != nil {
		return "", err
	}
	if len(local)+1+len(domain) > maxAddress {
		return "", fmt.Errorf("%w: too long", ErrNotAddress)
	}
	return local + "@" + domain, nil
}

// bare takes the address out of `Jo <jo@x.de>` and of `mailto:jo@x.de`. A
// display name that could be an address itself is refused: which of the two
// is meant?
func bare(s string) (string, error) {
	if name, rest, ok := strings.Cut(s, "<"); ok {
		inner, found := strings.CutSuffix(rest, ">")
		if !found || strings.ContainsAny(inner, "<>") || strings.ContainsRune(name, '@') {
			return "", fmt.Errorf("%w: it is not clear which part is the address", ErrNotAddress)
		}
		s = strings.TrimSpace(inner)
	}
	const scheme = "mailto:"
	if len(s) > len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
		s = s[len(scheme):]
	}
	return s, nil
}

func localPart(local string) (string, error) {
	bad := func(r rune) bool {
		if r < utf8.RuneSelf {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(".!#$%&'*+-/=?^_`{|}~", r)
		}
		return !unicode.In(r, unicode.L, unicode.M, unicode.N) || invisible(r)
	}
	switch {
	case local == "" || strings.ContainsFunc(local, bad):
		return "", fmt.Errorf("%w: the part before the @ is empty or has characters that no address has", ErrNotAddress)
	case local[0] == '.' || local[len(local)-1] == '.' || strings.Contains(local, ".."):
		return "", fmt.Errorf("%w: the part before the @ has a misplaced dot", ErrNotAddress)
	}
	local = norm.NFC.String(strings.Map(lower, local))
	if len(local) > maxLocal {
		return "", fmt.Errorf("%w: the part before the @ is too long", ErrNotAddress)
	}
	return local, nil
}

// invisible is true for letters and marks that show nothing: an address with
// one looks like another's.
func invisible(r rune) bool {
	return unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// lower folds case, but never turns another letter into an ASCII one: a
// capital I with a dot is not an i, and its address not the other's.
func lower(r rune) rune {
	if l := unicode.ToLower(r); (l < utf8.RuneSelf) == (r < utf8.RuneSelf) {
		return l
	}
	return r
}

func domainPart(domain string) (string, error) {
	fail := fmt.Errorf("%w: the part after the @ is not a domain", ErrNotAddress)
	// UTS 46 drops invisible characters; who writes them means mischief.
	if strings.ContainsFunc(domain, func(r rune) bool { return !unicode.IsGraphic(r) || unicode.IsSpace(r) }) {
		return "", fail
	}
	profile := idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true),
		idna.ValidateLabels(true), idna.VerifyDNSLength(true), idna.Transitional(false))
	ascii, err := profile.ToASCII(strings.TrimSuffix(domain, "."))
	if err != nil {
		return "", fail // idna's error would quote the domain
	}
	dot := strings.LastIndexByte(ascii, '.')
	if dot < 1 || strings.Trim(ascii[dot+1:], "0123456789") == "" {
		return "", fail
	}
	return ascii, nil
}

// Mask shows an address to people who know it already: "j•••@a•••.com". Its
// length says nothing about the address's.
func Mask(addr string) string {
	const dots = "•••"
	norm, err := Normalise(addr)
	if err != nil {
		return dots
	}
	local, domain, _ := strings.Cut(norm, "@")
	first, _ := utf8.DecodeRuneInString(local)
	return string(first) + dots + "@" + domain[:1] + dots + domain[strings.LastIndexByte(domain, '.'):]
}
