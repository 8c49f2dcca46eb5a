package bot

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"privacydesk/bot/ledger"
)

// What a person lets pass is bound to what they were shown: the note bears a
// short code that stands for it, and `approve` and `release` ask for that. A
// code is no secret and bears no key. Nobody makes one without what it stands
// for, and in that are digests under the keys of the tenant and the request.

// codeLetters are Crockford's: none looks like another.
const codeLetters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// codeOf is the code of a request for one thing that is asked, and what that is
// about: 40 bits of a digest, in two groups.
func codeOf(id, asked, of string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "code\n%s\n%s\n%s", id, asked, of))
	code := base32.NewEncoding(codeLetters).EncodeToString(sum[:5])
	return code[:4] + "-" + code[4:]
}

// sameCode compares codes as people type them: in any case, with or without
// blanks and hyphens, and with the letters that look like a digit.
func sameCode(a, b string) bool {
	plain := func(code string) string {
		return strings.Map(func(r rune) rune {
			switch r = unicode.ToUpper(r); {
			case unicode.IsSpace(r), unicode.Is(unicode.Pd, r):
				return -1
			case r == 'O':
				return '0'
			case r == 'I', r == 'L':
				return '1'
			}
			return r
		}, code)
	}
	return plain(a) == plain(b)
}

// asks names what a wait asks a person to let pass: an approval, or the hold's
// reason; "" for a wait that passes by no such word. A code of one is none of
// another, whatever counts both show.
func (w *Wait) asks() string {
	switch {
	case w == nil:
		return ""
	case w.On == OnApprover:
		return string(VerbApprove)
	case w.On == OnAgent && releasable(w.Reason):
		return string(w.Reason)
	}
	return ""
}

// code stands for what the wait's note shows, or is "".
func (c *Case) code() string {
	asked := c.Wait.asks()
	if asked == "" {
		return ""
	}
	return codeOf(c.ID, asked, c.Wait.Of)
}

// Shown is what a person decides on who approves or releases: the counts as the
// note shows them, in lines of cells, and the code that stands for them. There
// is none where the note shows something else than is stored now, or where it is
// about more than counts: a code stands beside what it stands for, or nowhere.
func (e *Engine) Shown(c *Case) (code, counts string) {
	if c.Wait.asks() == "" || c.Wait.Of != e.binding(c) {
		return "", ""
	}
	return c.code(), e.shownVars(c, c.Wait.Reason)["counts"]
}

// shownTo refuses who names another code than the one of the note that shows
// what the request waits for now.
func (e *Engine) shownTo(ctx context.Context, c *Case, code string) error {
	if sameCode(code, c.code()) {
		return nil
	}
	events, err := e.Store.Events(ctx, c.ID)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	what, where := "what was found", "the newest note on the ticket, and beside the counts of `privacydesk requests show`"
	if !slices.Contains(countReasons(), c.Wait.Reason) {
		what, where = "what this hold is about", "the newest note on the ticket; `retry` has it written again"
	}
	if slices.ContainsFunc(events, func(ev ledger.Event) bool {
		return ev.Type == eventWaiting && ev.Data["of"] != "" && sameCode(code, codeOf(c.ID, c.Wait.asks(), ev.Data["of"]))
	}) {
		return fmt.Errorf("%w: this is the code of an older note of request %s, and %s has changed since; read what it is now: the new code stands in %s", ErrRefused, c.ID, what, where)
	}
	return fmt.Errorf("%w: this is no code of what request %s waits for; it stands in %s", ErrRefused, c.ID, where)
}
