package zendesksim

import (
	"cmp"
	"crypto/rand"
	"crypto/subtle"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// cookieName is of the browser's session. Ports share cookies, so it bears the
// simulator's name.
const cookieName = "zendesksim_session"

// maxSessions bounds what visitors leave behind: the oldest goes.
const maxSessions = 1_000

// session is a browser. Before it signs in as somebody, its user is 0.
type session struct {
	id   string
	user int64
	csrf string // every form that changes something has to bear it
}

func sessionRoutes() []route {
	pages := parsePages()
	return []route{
		{"GET", "", browser, func(c *call) (answer, error) { return c.render(pages, "signin", c.signInPage()) }},
		{"POST", "/signin", browser, signInAs},
		{"POST", "/signout", browser, signOut},
	}
}

// newSession starts one, and lets the answer set its cookie.
func (c *call) newSession(user int64) {
	c.session = &session{id: rand.Text(), user: user, csrf: rand.Text()}
	if len(c.sessions) >= maxSessions {
		c.sessions = slices.Delete(c.sessions, 0, 1)
	}
	c.sessions = append(c.sessions, c.session)
	c.setCookie = true
}

func (c *call) endSession() {
	c.sessions = slices.DeleteFunc(c.sessions, func(s *session) bool { return s == c.session })
}

// findSession reads the browser's cookie, and who is signed in by it.
func (c *call) findSession() {
	cookie, err := c.req.Cookie(cookieName)
	if err != nil {
		return
	}
	for _, s := range c.sessions {
		if subtle.ConstantTimeCompare([]byte(s.id), []byte(cookie.Value)) == 1 {
			c.session = s
			_ = c.signIn(c.users.get(s.user), nil) // one that left or was suspended is nobody
			return
		}
	}
}

// admitBrowser lets a page's request in: with a session, with the form's token
// where it changes something, and signed in as somebody who may see the page.
func (c *call) admitBrowser(rt *route) error {
	c.findSession()
	if c.session == nil {
		c.newSession(0)
	}
	if !isRead(c.req.Method) {
		token := c.form().Get("csrf")
		if subtle.ConstantTimeCompare([]byte(token), []byte(c.session.csrf)) != 1 {
			return refuse(http.StatusForbidden, "InvalidAuthenticityToken",
				"The form is not one of this session: go back, load the page again, and send it anew")
		}
	}
	allowed := rt.who == browser || c.user != nil && (rt.who == person || c.user.Role != EndUser)
	if !allowed {
		return &refusal{redirect("/?to=" + url.QueryEscape(c.req.URL.Path))}
	}
	return nil
}

// form is what a page's form sent.
func (c *call) form() url.Values {
	if !strings.HasPrefix(c.req.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return url.Values{}
	}
	values, err := url.ParseQuery(string(c.body))
	if err != nil {
		return url.Values{}
	}
	return values
}

// withCookie lets the browser keep a session that just began.
func (c *call) withCookie(a *answer) {
	if !c.setCookie {
		return
	}
	cookie := http.Cookie{ //nolint:gosec // Secure would keep it from the simulator's own http, which no network carries
		Name: cookieName, Value: c.session.id, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: c.req.TLS != nil,
	}
	a.set("Set-Cookie", cookie.String())
}

type signInPage struct {
	frame
	To     string
	People []*User
}

func (c *call) signInPage() signInPage {
	p := signInPage{frame: c.frame("Sign in"), To: ownPath(c.query("to"))}
	p.People = c.users.where(func(u *User) bool { return !u.Deleted && !u.Suspended })
	return p
}

// ownPath is a path of the simulator's, or nothing: no link leads elsewhere.
func ownPath(to string) string {
	if strings.HasPrefix(to, "/hc/") || strings.HasPrefix(to, "/agent/") {
		return to
	}
	return ""
}

// signInAs makes the browser one of the account's people, without a password:
// there are none.
func signInAs(c *call) (answer, error) {
	id, _ := strconv.ParseInt(c.form().Get("user"), 10, 64)
	u := c.users.get(id)
	if u == nil || u.Deleted || u.Suspended {
		return answer{}, notFound()
	}
	c.endSession()
	c.newSession(u.ID)
	home, to := "/hc/requests", ownPath(c.form().Get("to"))
	if u.Role != EndUser {
		home = "/agent/tickets"
	} else if strings.HasPrefix(to, "/agent/") {
		to = ""
	}
	return redirect(cmp.Or(to, home)), nil
}

func signOut(c *call) (answer, error) {
	c.endSession()
	c.newSession(0)
	return redirect("/"), nil
}

func redirect(to string) answer {
	a := answer{status: http.StatusSeeOther}
	a.set("Location", to)
	return a
}
