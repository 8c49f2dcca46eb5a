package web

import (
	"context"
	"io"
	"net/http"

	"github.com/sirupsen/logrus"
)

// ConfirmPattern is where confirmation links lead; mount the handler there for
// every method.
const ConfirmPattern = "/confirm/{token}"

// ConfirmOptions of the page behind a confirmation link. The functions return
// a page's HTML; Missing is what they fail with for a link that is not valid,
// Busy for one that may be tried again at once.
type ConfirmOptions struct {
	Page    func(ctx context.Context, token string) (string, error) // changes nothing
	Follow  func(ctx context.Context, token string) (string, error) // takes the person's word
	NoLink  func() (string, error)
	Missing func(error) bool
	Busy    func(error) bool
	Log     logrus.FieldLogger
}

// NewConfirm serves confirmation links. To open one changes nothing, so that
// programs which look at every link in a mail confirm nothing: the word is the
// button's POST. The token stands in no log, no header and no other site's
// referrer.
func NewConfirm(o ConfirmOptions) http.Handler { return confirm{o} }

type confirm struct{ ConfirmOptions }

const maxToken = 200

func (c confirm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("X-Robots-Tag", "noindex, nofollow")
	answer := c.Page
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodPost:
		answer = c.Follow
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	token := r.PathValue("token")
	if len(token) > maxToken {
		token = ""
	}
	page, err := answer(r.Context(), token)
	code := http.StatusOK
	switch {
	case err == nil:
	case c.Missing(err):
		code = http.StatusNotFound
		page, err = c.NoLink()
	case c.Busy(err):
		w.Header().Set("Retry-After", "5")
		http.Error(w, "please try again in a moment", http.StatusServiceUnavailable)
		return
	}
	if err != nil {
		c.Log.WithField("event", "confirm").Error("a confirmation could not be taken") // its text may name whom it is about
		http.Error(w, "please try again later", http.StatusServiceUnavailable)
		return
	}
	c.write(w, code, page)
}

// write wraps the catalogue's own HTML, which was escaped there.
func (c confirm) write(w http.ResponseWriter, code int, page string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, `<!doctype html>
<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>privacydesk</title></head><body>
`+page+`
</body></html>
`)
}
