package talk

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/zendesk"
	"privacydesk/bot/zendesksim"
)

const (
	hookURL = "https://privacy.vendor.example/webhooks/zendesk"
	account = "10000" // the simulated one
)

// Hook connects the account's webhook with the daemon's receiver; from then on
// Zendesk tells of each change as it delivers.
func (k *Talk) Hook() {
	k.T.Helper()
	id, secret := k.Sim.AddWebhook(hookURL)
	k.Sim.AddWebhookTrigger(id, `{"ticket_id":"{{ticket.id}}"}`)
	k.secret = secret
	handler, err := zendesk.NewWebhook(zendesk.WebhookOptions{Secrets: []string{secret}, Accounts: []string{account}, Skew: 5 * time.Minute, Clock: k.Clock.Now},
		func(ctx context.Context, ids []string, invocation string, keep time.Duration) (bool, error) {
			return k.Store.Hint(ctx, ids, invocation, keep)
		})
	if err != nil {
		k.T.Fatal(err)
	}
	k.hook = handler
}

// Appears files a ticket that nobody tells the daemon of.
func (k *Talk) Appears(by Person, kind, text string, edits ...func(*zendesksim.NewTicket)) Ticket {
	n := zendesksim.NewTicket{
		RequesterID: by.ID, FormID: k.Form, Subject: "Data & Privacy", Body: text, CustomFields: map[int64]any{k.KindField: kind},
	}
	for _, edit := range edits {
		edit(&n)
	}
	id := k.Sim.FileTicket(n)
	k.seen[id] = &shown{}
	k.heading(by.Name, "files "+k.what(kind, n), text)
	return Ticket{k, id}
}

// Follow is a ticket that Zendesk made by itself; the daemon hears of it.
func (k *Talk) Follow(id int64) Ticket {
	k.T.Helper()
	k.seen[id] = &shown{}
	k.goesOn(id)
	return Ticket{k, id}
}

// Delivers lets Zendesk deliver its webhooks in a manner, and the daemon work.
func (k *Talk) Delivers(says string, m zendesksim.Manner) zendesksim.Delivered {
	k.T.Helper()
	k.Note("%s", says)
	k.Clock.Advance(2 * time.Second)
	done := k.Sim.DeliverLike(k.T.Context(), m)
	k.Pass(time.Minute)
	k.show()
	return done
}

// Sends lets somebody who knows the secret send a webhook of an account, and
// gives the answer's status; "" is the account of the scenario.
func (k *Talk) Sends(says, of, body string) int {
	k.T.Helper()
	k.Note("%s", says)
	stamp := k.Clock.Now().UTC().Format(time.RFC3339)
	r := httptest.NewRequestWithContext(k.T.Context(), http.MethodPost, hookURL, strings.NewReader(body))
	r.Header.Set("X-Zendesk-Account-Id", cmp.Or(of, account))
	r.Header.Set("X-Zendesk-Webhook-Invocation-Id", fmt.Sprintf("sent-%d", len(k.lines)))
	r.Header.Set("X-Zendesk-Webhook-Signature-Timestamp", stamp)
	r.Header.Set("X-Zendesk-Webhook-Signature", zendesksim.Sign(k.secret, stamp, []byte(body)))
	w := httptest.NewRecorder()
	k.hook.ServeHTTP(w, r)
	k.Pass(time.Minute)
	k.show()
	return w.Code
}

// Forges lets a program that somebody runs write an internal note on the ticket
// whose metadata claims that the bot made a step already.
func (t Ticket) Forges(email string, m bot.Mark) {
	t.k.T.Helper()
	t.k.Sim.AddAPIToken(email, "program")
	body := fmt.Sprintf(`{"ticket":{"comment":{"body":"A note by a program.","public":false},"metadata":{"privacydesk":{"request":%q,"step":%q,"mac":%q}}}}`, m.Request, m.Step, m.MAC)
	r := httptest.NewRequestWithContext(t.k.T.Context(), http.MethodPut, fmt.Sprintf("http://localhost/api/v2/tickets/%d.json", t.ID), strings.NewReader(body))
	r.SetBasicAuth(email+"/token", "program")
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	if t.k.Sim.ServeHTTP(w, r); w.Code != http.StatusOK {
		t.k.T.Fatalf("the program's update: %d %s", w.Code, w.Body)
	}
	t.k.Note("A program of %s writes a note that claims, in the marks by which privacydesk knows its own steps, that “%s” was said.", email, m.Step)
	t.k.goesOn(t.ID)
}

// Destroys deletes an object of the account, such as ticket_fields/35, by its
// admin's hand.
func (k *Talk) Destroys(path string) {
	k.T.Helper()
	k.Sim.AddAPIToken("bot@vendor.example", "admin")
	r := httptest.NewRequestWithContext(k.T.Context(), http.MethodDelete, "http://localhost/api/v2/"+path+".json", http.NoBody)
	r.SetBasicAuth("bot@vendor.example/token", "admin")
	w := httptest.NewRecorder()
	if k.Sim.ServeHTTP(w, r); w.Code/100 != 2 {
		k.T.Fatalf("DELETE %s: %d %s", path, w.Code, w.Body)
	}
}

// Polls asks Zendesk for what changed, as the daemon does every few minutes.
func (k *Talk) Polls() {
	k.T.Helper()
	k.Clock.Advance(3 * time.Minute)
	p := zendesk.Poller{Desk: k.Patient, Store: k.Store, Clock: k.Clock.Now, Since: k.Settings.Since}
	if _, err := p.Poll(k.T.Context()); err != nil {
		k.T.Fatal(err)
	}
	k.Note("privacydesk asks Zendesk what changed.")
	k.Pass(time.Minute)
	k.show()
}
