package zendesk_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"privacydesk/bot"
	"privacydesk/bot/zendesk"
	"privacydesk/bot/zendesksim"
)

// Rule 11: what will not pass by waiting is not told as an outage, for which
// nobody is asked.
func TestRule11_LastingFailuresAreNoOutage(t *testing.T) {
	lasting := func(t *testing.T, err error) {
		t.Helper()
		for _, is := range []error{bot.ErrUnavailable, bot.ErrUnknown, bot.ErrStale, bot.ErrNotFound} {
			if errors.Is(err, is) {
				t.Errorf("%v is taken for %v", err, is)
			}
		}
		var clean interface{ Clean() string }
		if err == nil || !errors.As(err, &clean) || clean.Clean() == "" || strings.Contains(clean.Clean(), secretText) {
			t.Errorf("nothing of it can be shown: %v", err)
		}
	}
	t.Run("a list without end", func(t *testing.T) {
		w := newWorld(t, zendesksim.Options{})
		id := w.file()
		n := 0
		w.rewrite("/identities.json", func(b map[string]any) {
			n++
			b["meta"] = map[string]any{"has_more": true, "after_cursor": fmt.Sprint("c", n)}
		})
		// The cursors above are ours, so the simulator would refuse them.
		base := w.transport
		w.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			q := r.URL.Query()
			if strings.HasPrefix(q.Get("page[after]"), "c") {
				q.Del("page[after]")
				r.URL.RawQuery = q.Encode()
			}
			return base.RoundTrip(r)
		})
		_, err := w.open().Ticket(t.Context(), id)
		lasting(t, err)
	})
	for name, edit := range map[string]func(map[string]any){
		"an answer of another shape": func(b map[string]any) { b["ticket"].(map[string]any)["requester_id"] = "somebody" },
		"an answer without a ticket": func(b map[string]any) { delete(b, "ticket") },
		"a ticket of another number": func(b map[string]any) { b["ticket"].(map[string]any)["id"] = 77 },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, zendesksim.Options{})
			id := w.file()
			w.rewrite(fmt.Sprintf("/tickets/%d.json", id), edit)
			_, err := w.desk.Ticket(t.Context(), id)
			lasting(t, err)
		})
	}
	t.Run("an answer without end", func(t *testing.T) {
		w := newWorld(t, zendesksim.Options{})
		id := w.file()
		base := w.transport
		w.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			resp, err := base.RoundTrip(r)
			if err == nil && strings.HasSuffix(r.URL.Path, "/audits.json") {
				_ = resp.Body.Close()
				resp.Body = io.NopCloser(&endless{})
			}
			return resp, err
		})
		_, err := w.open().Ticket(t.Context(), id)
		lasting(t, err)
	})
	t.Run("a comment that is too long", func(t *testing.T) {
		w := newWorld(t, zendesksim.Options{})
		lasting(t, w.desk.Update(t.Context(), step(w.ticket(w.file()), strings.Repeat("a", 70_000))))
	})
	for name, open := range map[string]func() (io.ReadCloser, error){
		"a file that is gone":   func() (io.ReadCloser, error) { return nil, bot.ErrNotFound },
		"a file that is broken": func() (io.ReadCloser, error) { return io.NopCloser(&broken{left: 100_000}), nil },
		"a file that is short":  func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("short")), nil },
		"a file that is long": func() (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(make([]byte, 300_000))), nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, zendesksim.Options{})
			u := step(w.ticket(w.file()), "<p>see</p>")
			u.Attachments = []bot.Attachment{{Name: "a.zip", ContentType: "application/zip", Size: 200_000, Open: open}}
			lasting(t, w.desk.Update(t.Context(), u))
			if n := len(w.sim.Comments(u.Ticket)); n != 1 {
				t.Errorf("%d comments", n)
			}
		})
	}
}

// endless gives blanks for ever.
type endless struct{}

func (*endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// broken fails in its middle, as a sealed file does that somebody changed.
type broken struct{ left int }

func (b *broken) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errors.New("the seal is broken near " + secretText)
	}
	n := min(len(p), b.left)
	b.left -= n
	return n, nil
}

// talk answers for the ticket's comments: n of them, each as given.
func (w *world) talk(n int, comment string) *zendesk.Desk {
	base := w.transport
	w.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if !strings.HasSuffix(r.URL.Path, "/comments.json") {
			return base.RoundTrip(r)
		}
		q := r.URL.Query()
		from, _ := strconv.Atoi(q.Get("page[after]"))
		size, _ := strconv.Atoi(q.Get("page[size]"))
		to := min(n, from+size)
		var b bytes.Buffer
		fmt.Fprintf(&b, `{"meta":{"has_more":%t,"after_cursor":"%d"},"comments":[%s`, to < n, to, comment)
		for range to - from - 1 {
			b.WriteString("," + comment)
		}
		b.WriteString("]}")
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(&b), Request: r}, nil
	})
	return w.open()
}

// Rule 12: what a ticket's comments hold together is bounded.
func TestRule12_CommentsAreBounded(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file()
	d := w.talk(30, `{"id":1,"body":"twice","plain_body":"`+strings.Repeat("a", 1_000)+`"}`)
	d.BoundText(30_000)
	if _, err := d.Ticket(t.Context(), id); err != nil {
		t.Errorf("got %v", err)
	}
	d.BoundText(29_999)
	if _, err := d.Ticket(t.Context(), id); err == nil || errors.Is(err, bot.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

// A ticket with all the comments that it can have is read whole.
func TestFiveThousandComments(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file()
	got, err := w.talk(5_000, `{"id":1,"body":"a"}`).Ticket(t.Context(), id)
	w.must(err)
	if len(got.Comments) != 5_000 || !got.Full {
		t.Errorf("got %d comments, full: %t", len(got.Comments), got.Full)
	}
	if got, err = w.talk(4_999, `{"id":1,"body":"a"}`).Ticket(t.Context(), id); err != nil || got.Full {
		t.Errorf("one more is taken: full: %t, %v", got.Full, err)
	}
}

// A write that was answered in a way that says neither yes nor no may have
// landed.
func TestOddAnswersToAWriteAreUnknown(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	at := w.ticket(w.file())
	for _, code := range []int{201, 202, 204, 206, 300, 302, 304} {
		w.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost { // the token
				return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"access_token":"x"}`)), Request: r}, nil
			}
			return &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{}`)), Request: r}, nil
		})
		if err := w.open().Update(t.Context(), step(at, "<p>hi</p>")); !errors.Is(err, bot.ErrUnknown) {
			t.Errorf("%d: got %v", code, err)
		}
	}
}

// What Zendesk keeps includes what it wraps round the text.
func TestLongestCommentIsKeptWhole(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	at := w.ticket(w.file())
	err := w.desk.Update(t.Context(), step(at, "<p>"+strings.Repeat("a", 64<<10-7)+"</p>"))
	if !errors.Is(err, zendesk.ErrTooLong) {
		t.Errorf("with Zendesk's own frame it is longer than Zendesk keeps: got %v", err)
	}
}

func TestPagesWithoutACursorAreNotTakenForTheWhole(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file()
	w.rewrite("/comments.json", func(b map[string]any) {
		delete(b, "meta")
		b["next_page"] = "https://x.example/2"
	})
	if _, err := w.desk.Ticket(t.Context(), id); err == nil || errors.Is(err, bot.ErrUnavailable) || errors.Is(err, bot.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

// What is no answer of Zendesk's at all, a proxy's page, passes.
func TestPagesOfProxiesAreAnOutage(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	base := w.transport
	w.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		resp, err := base.RoundTrip(r)
		if err == nil && strings.HasSuffix(r.URL.Path, "/audits.json") {
			_ = resp.Body.Close()
			resp.Body = io.NopCloser(strings.NewReader("<html>We'll be back soon</html>"))
		}
		return resp, err
	})
	if _, err := w.open().Ticket(t.Context(), w.file()); !errors.Is(err, bot.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}
