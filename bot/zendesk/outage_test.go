package zendesk_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/zendesksim"
	"privacydesk/connectors"
)

// unreachable is a network on which nothing listens.
type unreachable struct{}

func (unreachable) RoundTrip(*http.Request) (*http.Response, error) { return nil, syscall.ECONNREFUSED }

// TestRule11_AnOutageSaysItsCause wherever it is shown, and is still known for
// what it is.
func TestRule11_AnOutageSaysItsCause(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	ticket := w.ticket(w.file())
	w.transport = unreachable{}
	_, err := w.open().Ticket(t.Context(), ticket.ID)
	if said := connectors.Plain(err); !errors.Is(err, bot.ErrUnavailable) || !strings.Contains(said, "the desk is not available: ") || !strings.Contains(said, "connection refused") {
		t.Errorf("it says %q", said)
	}
	w.server.Close()
	err = w.desk.Update(t.Context(), step(ticket, "<p>x</p>"))
	if said := connectors.Plain(err); !strings.Contains(said, ": the connection ") { // cut or refused
		t.Errorf("it says %q", said)
	}
	if err := w.desk.Update(t.Context(), step(ticket, "<p>x</p>")); !strings.Contains(connectors.Plain(err), "connection refused") {
		t.Errorf("it says %q", connectors.Plain(err))
	}
}

// TestRule11_AnOutageThatIsCutShortSaysItsCause: the caller's time is up in a
// pause between two tries.
func TestRule11_AnOutageThatIsCutShortSaysItsCause(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	ctx, cancel := context.WithCancelCause(t.Context())
	w.server.Close()
	tries := 0
	w.clock.add(time.Minute)
	w.transport = roundTrips(func(*http.Request) (*http.Response, error) {
		if tries++; tries == 2 {
			cancel(context.DeadlineExceeded)
		}
		return nil, syscall.ECONNREFUSED
	})
	_, err := w.open().Ticket(ctx, 7)
	if said := connectors.Plain(err); !errors.Is(err, bot.ErrUnavailable) || !strings.Contains(said, "connection refused") {
		t.Errorf("it says %q (%v)", said, err)
	}
}

type roundTrips func(*http.Request) (*http.Response, error)

func (f roundTrips) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
