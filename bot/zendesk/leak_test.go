package zendesk_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"privacydesk/bot"
	"privacydesk/bot/zendesk"
	"privacydesk/bot/zendesksim"
)

// Rule 10: whatever Zendesk answers, no text of it reaches an error.
func TestRule10_ErrorsCarryNoTextOfTickets(t *testing.T) {
	bodies := []string{
		`{"error":"RecordInvalid","description":"%[1]s","details":{"requester":[{"description":"%[1]s is suspended"}],"%[1]s":[{"description":"x"}]}}`,
		`{"error":"%[1]s"}`, `{"error":{"title":"%[1]s","message":"%[1]s"}}`, `%[1]s`, `{"ticket":{"id":"%[1]s"}}`, `{"ticket":{"subject":"%[1]s"`, ``,
	}
	w := newWorld(t, zendesksim.Options{})
	at := w.ticket(w.file())
	w.options.OAuth, w.options.APIToken = zendesk.OAuth{}, zendesk.APIToken{Email: botMail, Token: "the-token"}
	for _, code := range []int{200, 204, 302, 400, 401, 403, 404, 409, 410, 413, 422, 429, 500, 503} {
		for _, body := range bodies {
			if strings.Contains(body, "%") {
				body = fmt.Sprintf(body, secretText)
			}
			w.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
			})
			d := w.open()
			_, readErr := d.Ticket(t.Context(), at.ID)
			_, changesErr := d.Changes(t.Context(), "cursor", w.clock.now())
			writeErr := d.Update(t.Context(), step(at, "<p>about "+secretText+"</p>"))
			for _, err := range []error{readErr, changesErr, writeErr} {
				if err == nil {
					if code/100 != 2 {
						t.Errorf("%d %q passed", code, body)
					}
					continue
				}
				for _, private := range []string{secretText, "shop.example", "the-token", botMail} {
					if strings.Contains(err.Error(), private) {
						t.Errorf("%d %q: the error shows it: %v", code, body, err)
					}
				}
			}
			if errors.Is(readErr, bot.ErrNotFound) {
				t.Errorf("%d %q is taken for a deleted ticket", code, body)
			}
		}
	}
}

func TestRefusalsNameWhatToMend(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	field := w.sim.AddTicketField(zendesksim.TicketField{Title: "Root cause", RequiredToSolve: true})
	form := w.sim.AddTicketForm(zendesksim.TicketForm{Name: "Privacy", FieldIDs: []int64{field}})
	id := w.sim.FileTicket(zendesksim.NewTicket{RequesterID: w.ann, Subject: "x", Body: "of " + secretText, FormID: form})
	u := step(w.ticket(id), "<p>done</p>")
	u.Status = bot.StatusSolved
	err := w.desk.Update(t.Context(), u)
	var refused *zendesk.APIError
	if errors.As(err, &refused) || !errors.Is(err, bot.ErrIncomplete) || !strings.Contains(err.Error(), fmt.Sprintf("Root cause (field %d)", field)) {
		t.Errorf("got %v", err)
	}
	for _, is := range []error{bot.ErrClosed, bot.ErrStale, bot.ErrUnknown, bot.ErrUnavailable} {
		if errors.Is(err, is) {
			t.Errorf("%v is taken for %v", err, is)
		}
	}
}

// Rule 10: URLs hold cursors and upload tokens, which open files for an hour.
func TestRule10_ErrorsQuoteNoURLs(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	at := w.ticket(w.file())
	w.sim.Fault(zendesksim.Fault{Kind: zendesksim.NeverLands, Times: -1})
	_, readErr := w.desk.Ticket(t.Context(), at.ID)
	_, changesErr := w.desk.Changes(t.Context(), "the-cursor", w.clock.now())
	u := step(at, "<p>see</p>")
	u.Attachments = []bot.Attachment{file("report.zip", []byte("x"))}
	for _, err := range []error{readErr, changesErr, w.desk.Update(t.Context(), u)} {
		if err == nil || strings.Contains(err.Error(), "http") || strings.Contains(err.Error(), "cursor=") || strings.Contains(err.Error(), "token=") {
			t.Errorf("got %v", err)
		}
	}
}

// Some accounts speak another language: the words of the 422 don't count.
func TestClosedIsSeenInAnyLanguage(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	at := w.ticket(w.file())
	w.must(w.sim.CloseTicket(at.ID))
	base := w.transport
	w.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.Method != http.MethodPut {
			return base.RoundTrip(r)
		}
		body := `{"error":"RecordInvalid","details":{"status":[{"description":"Status: geschlossen verhindert die Aktualisierung"}]}}`
		return &http.Response{StatusCode: 422, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	})
	if err := w.open().Update(t.Context(), step(at, "<p>hi</p>")); !errors.Is(err, bot.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

// Rule 10: what comes where an answer was expected is quoted by net/http.
func TestRule10_BrokenAnswersAreNotQuoted(t *testing.T) {
	for _, said := range []string{
		secretText + " wants to be deleted\r\n\r\n",
		"HTTP/1.1 " + secretText + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\n" + secretText + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: " + secretText + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + secretText + "\r\n",
		"HTTP/1.1 302 Found\r\nLocation: http://" + secretText + ":x/\r\nContent-Length: 0\r\n\r\n",
	} {
		w := newWorld(t, zendesksim.Options{})
		at := w.ticket(w.file())
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		w.must(err)
		go babble(listener, said)
		w.options.URL = "http://" + listener.Addr().String()
		w.options.OAuth, w.options.APIToken = zendesk.OAuth{}, zendesk.APIToken{Email: botMail, Token: "x"}
		d := w.open()
		_, readErr := d.Ticket(t.Context(), at.ID)
		writeErr := d.Update(t.Context(), step(at, "<p>hi</p>"))
		for _, err := range []error{readErr, writeErr} {
			if err == nil || strings.Contains(err.Error(), "jo@") || strings.Contains(err.Error(), "shop.example") {
				t.Errorf("%q: got %v", said, err)
			}
		}
		if !errors.Is(readErr, bot.ErrUnavailable) || !errors.Is(writeErr, bot.ErrUnknown) {
			t.Errorf("%q: got %v and %v", said, readErr, writeErr)
		}
		_ = listener.Close()
	}
}

// babble answers whatever is asked with the same bytes.
func babble(l net.Listener, said string) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = conn.Read(make([]byte, 1<<16))
		_, _ = io.WriteString(conn, said)
		_ = conn.Close()
	}
}
