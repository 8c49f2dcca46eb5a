package zendesksim_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/nukosuke/go-zendesk/zendesk"

	"privacydesk/bot/zendesksim"
)

// TestGoZendeskReadsAndWrites lets a client that nobody here wrote speak with
// the simulator.
func TestGoZendeskReadsAndWrites(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	w.sim.AddTicketField(zendesksim.TicketField{Title: "Kind", Type: "text"})
	id := w.sim.FileTicket(zendesksim.NewTicket{
		RequesterID: w.ann, Subject: "Please delete", Body: "b", Channel: "email", Files: []zendesksim.File{{Name: "a.txt", Content: []byte("a")}},
	})
	client, err := zendesk.NewClient(w.server.Client())
	if err != nil {
		t.Fatal(err)
	}
	if err := client.SetEndpointURL(w.server.URL + "/api/v2"); err != nil {
		t.Fatal(err)
	}
	client.SetCredential(zendesk.NewAPITokenCredential(botMail, token))
	ctx := context.Background()

	ticket, err := client.GetTicket(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "subject", ticket.Subject, "Please delete")
	user, err := client.GetUser(ctx, ticket.RequesterID)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "email", user.Email, annMail)
	public := false
	updated, err := client.UpdateTicket(ctx, id, zendesk.Ticket{
		Status: "open", Comment: &zendesk.TicketComment{Body: "noted", Public: &public}, SafeUpdate: true, UpdatedStamp: ticket.UpdatedAt,
	})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "status", updated.Status, "open")
	comments, err := client.ListTicketComments(ctx, id, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(comments.TicketComments) != 2 || *comments.TicketComments[1].Public || len(comments.TicketComments[0].Attachments) != 1 {
		t.Errorf("%+v", comments.TicketComments)
	}
	upload := client.UploadAttachment(ctx, "r.txt", "")
	if _, err := upload.Write([]byte("report")); err != nil {
		t.Fatal(err)
	}
	if file, err := upload.Close(); err != nil || file.Token == "" {
		t.Errorf("upload: %v", err)
	}
	if err := w.sim.CloseTicket(id); err != nil {
		t.Fatal(err)
	}
	_, err = client.UpdateTicket(ctx, id, zendesk.Ticket{Status: "open"})
	var refused zendesk.Error
	if !errors.As(err, &refused) || refused.Status() != http.StatusUnprocessableEntity {
		t.Errorf("closed: %v", err)
	}
}
