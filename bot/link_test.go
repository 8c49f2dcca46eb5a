package bot_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
	"privacydesk/bot/policy"
	"privacydesk/connectors"
)

// directly is a world in which consumers may file, and Carla's delete.
func directly(t *testing.T) (*world.World, int64) {
	t.Helper()
	w := world.New(t)
	s := &world.System{Name: "billing", Need: connectors.Email, Action: connectors.ActionDelete, Digest: "m9", Controller: true}
	s.Add(world.Row{ID: 90, Tenant: "vendor", Key: connectors.Text("carla@mail.example"), Text: "an invoice"})
	w.AddSystem(s)
	w.Populate()
	w.Settings.Controller = bot.ControllerSettings{Tenant: "vendor", BaseURL: "https://privacy.vendor.example/", LinkTTL: 48 * time.Hour, PerDay: 3}
	w.Start()
	return w, w.File(world.Carla(), "direct", "Please delete my data.")
}

var linkIn = regexp.MustCompile(`"https://privacy\.vendor\.example/confirm/([^"]+)"`)

// tokenOn is the token of the last link on a ticket.
func tokenOn(t *testing.T, w *world.World, id int64) string {
	t.Helper()
	all := linkIn.FindAllStringSubmatch(said(t, w, id), -1)
	if len(all) == 0 {
		t.Fatalf("the ticket bears no link:\n%s", said(t, w, id))
	}
	return all[len(all)-1][1]
}

// TestRule3_KillAroundALink kills the process at each failpoint of a consumer's
// request: its link is said once and works, and the request ends as it should.
func TestRule3_KillAroundALink(t *testing.T) {
	for n := 0; ; n++ {
		w, id := directly(t)
		seen, killed := 0, ""
		w.Failpoint = func(name string) {
			if seen++; seen == n+1 {
				killed = name
				w.Kill()
			}
		}
		w.Settle()
		w.Clock.Advance(3 * time.Minute)
		w.Pass(20 * time.Minute)
		w.Failpoint = nil
		w.Expect(id, "needs_info", bot.ReasonConfirmLink)
		if n := strings.Count(said(t, w, id), "/confirm/"); n != 1 {
			t.Fatalf("killed at %q: the link was said %d times", killed, n)
		}
		if _, err := w.Engine.FollowLink(t.Context(), tokenOn(t, w, id)); err != nil {
			t.Fatalf("killed at %q: %v", killed, err)
		}
		w.Settle()
		w.Expect(id, "resolved", bot.ReasonErased)
		expectSaidOnce(t, w, id)
		if n := len(w.Systems["billing"].Rows()); n != 0 || w.Systems["crm"].Allowed != 0 {
			t.Errorf("billing holds %d rows; crm was erased: %t", n, w.Systems["crm"].Allowed != 0)
		}
		if killed == "" {
			return
		}
	}
}

// TestLinkIsFollowedOnce, however many press the button at once, and on however
// many replicas.
func TestLinkIsFollowedOnce(t *testing.T) {
	w, id := directly(t)
	w.Settle()
	token := tokenOn(t, w, id)
	var done atomic.Int32
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			_, err := w.Engine.FollowLink(t.Context(), token)
			switch {
			case err == nil:
				done.Add(1)
			case !errors.Is(err, bot.ErrNoLink) && !errors.Is(err, bot.ErrBusy) && !errors.Is(err, bot.ErrConflict):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := done.Load(); n != 1 {
		t.Errorf("it was followed %d times", n)
	}
}

// TestNoOtherTokenIsALink: neither one that is altered or cut, nor another
// request's, nor one for a request that asked for none.
func TestNoOtherTokenIsALink(t *testing.T) {
	w, id := directly(t)
	other := w.File(world.Carla(), "direct", "A copy of my data, please.")
	plain := w.File(world.Alex(), "access", "somebody")
	w.Settle()
	token := tokenOn(t, w, id)
	bits := strings.TrimPrefix(token, bot.IDOfTicket(id)+".")
	if len(bits) != 43 {
		t.Errorf("the token has %d characters, want those of 256 bits", len(bits))
	}
	for _, bad := range []string{
		"", ".", "t.", bits, bot.IDOfTicket(id), bot.IDOfTicket(id) + ".", token + "A", token[:len(token)-1], bot.IDOfTicket(other) + "." + bits,
		bot.IDOfTicket(plain) + "." + bits, bot.IDOfTicket(999999) + "." + bits, "t0" + token[1:], fmt.Sprint(id) + "." + bits, strings.ToUpper(token),
	} {
		_, err := w.Engine.FollowLink(t.Context(), bad)
		if _, perr := w.Engine.LinkPage(t.Context(), bad); !errors.Is(err, bot.ErrNoLink) || !errors.Is(perr, bot.ErrNoLink) {
			t.Errorf("%q: %v, %v", bad, err, perr)
		}
	}
	page, err := w.Engine.LinkPage(t.Context(), token)
	if err != nil || !strings.Contains(page, "delete my data") || strings.Contains(page, "carla") {
		t.Errorf("%v: %s", err, page)
	}
	w.Settings.Controller = bot.ControllerSettings{}
	w.Start()
	if _, err := w.Engine.FollowLink(t.Context(), token); !errors.Is(err, bot.ErrNoLink) {
		t.Errorf("it works where consumers may not file: %v", err)
	}
}

// TestRule10_ALinksTokenIsNowhere but on the ticket.
func TestRule10_ALinksTokenIsNowhere(t *testing.T) {
	w, id := directly(t)
	var redis strings.Builder
	w.Failpoint = func(string) { redis.WriteString(w.DumpRedis()) }
	w.Settle()
	token := tokenOn(t, w, id)
	if _, err := w.Engine.FollowLink(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	w.Expect(id, "resolved", bot.ReasonErased)
	_, bits, _ := strings.Cut(token, ".")
	for place, text := range map[string]string{"Redis": redis.String() + w.DumpRedis(), "the log": w.Log.String()} {
		if strings.Contains(text, bits) || strings.Contains(text, "carla@") {
			t.Errorf("token or address is in %s", place)
		}
	}
}

// TestRule9_ReadersOfALink are looked at right before it is sent.
func TestRule9_ReadersOfALink(t *testing.T) {
	w, id := directly(t)
	w.Failpoint = func(name string) {
		if name == "after-commit-reading" {
			w.Failpoint = nil
			w.Desk.Edit(id, func(t *bot.Ticket) { t.Readers.CCs = []bot.Person{world.Uli()} })
		}
	}
	w.Pass(time.Hour)
	w.Expect(id, "held", bot.ReasonReaders)
	if text := said(t, w, id); strings.Contains(text, "/confirm/") {
		t.Errorf("a stranger reads the link:\n%s", text)
	}
	w.Desk.Edit(id, func(t *bot.Ticket) { t.Readers.CCs = nil })
	operate(t, w.Engine.Retry, id, "ops")
	w.Settle()
	w.Expect(id, "needs_info", bot.ReasonConfirmLink)
	if _, err := w.Engine.FollowLink(t.Context(), tokenOn(t, w, id)); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	w.Expect(id, "resolved", bot.ReasonErased)
}

// TestRule9_ALinkConfirmsWhatItsPageShowed: whoever saw a page about a report
// confirms no delete that was asked for in between.
func TestRule9_ALinkConfirmsWhatItsPageShowed(t *testing.T) {
	w, _ := directly(t)
	id := w.File(world.Carla(), "direct", "A copy of my data, please.")
	w.Settle()
	token := tokenOn(t, w, id)
	page, err := w.Engine.LinkPage(t.Context(), token)
	if err != nil || !strings.Contains(page, "send me the report") {
		t.Fatalf("%v: %s", err, page)
	}
	w.Desk.Edit(id, func(t *bot.Ticket) { t.Comments[0].Text = "Please delete my data." }) // nobody has told us yet
	if _, err := w.Engine.FollowLink(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	w.Hint(id)
	w.Pass(time.Hour)
	c := w.Expect(id, "needs_info", bot.ReasonConfirmLink)
	if c.Kind != bot.KindDelete || w.Systems["billing"].Allowed != 0 {
		t.Errorf("it is a request of kind %s, and %d rows were erased", c.Kind, w.Systems["billing"].Allowed)
	}
	again := tokenOn(t, w, id)
	if page, err := w.Engine.LinkPage(t.Context(), again); err != nil || again == token || !strings.Contains(page, "delete my data") {
		t.Errorf("the second link: %v: %s", err, page)
	}
	if _, err := w.Engine.FollowLink(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	w.Settle()
	w.Expect(id, "resolved", bot.ReasonErased)
}

// TestAConsumersDateIsTheLaws: of what the vendor controls itself, the time that
// the law gives is the vendor's own, and runs from the ticket.
func TestAConsumersDateIsTheLaws(t *testing.T) {
	for law, due := range map[policy.Law]string{policy.LawGDPR: "2027-02-28", policy.LawLGPD: "2027-02-14", policy.LawCCPA: "2027-03-01"} {
		w, _ := directly(t)
		w.Settings.Laws, w.Settings.Location = []policy.Law{law}, time.UTC
		w.Clock.Advance(time.Date(2027, 1, 30, 12, 0, 0, 0, time.UTC).Sub(w.Clock.Now()))
		w.Start()
		id := w.File(world.Carla(), "direct", "Please delete my data.")
		w.Settle()
		if _, err := w.Engine.FollowLink(t.Context(), tokenOn(t, w, id)); err != nil {
			t.Fatal(err)
		}
		w.Settle()
		c := w.Expect(id, "resolved", bot.ReasonErased)
		if got := c.Due.Format(time.DateOnly); got != due || !c.Statutory.IsZero() {
			t.Errorf("%s: due %s, want %s; a customer's date %s", law, got, due, c.Statutory)
		}
		if told := said(t, w, id); !strings.Contains(told, due) {
			t.Errorf("%s: nobody was told of %s:\n%s", law, due, told)
		}
	}
}
