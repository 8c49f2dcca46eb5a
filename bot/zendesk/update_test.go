package zendesk_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/zendesk"
	"privacydesk/bot/zendesksim"
)

func TestSolvingShowsResolved(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*world)
		want func(*world) int64 // custom status; 0: the default
	}{
		{"by label", func(*world) {}, func(w *world) int64 { return w.resolved }},
		{"by id", func(w *world) {
			id := w.sim.AddCustomStatus("solved", "Erledigt")
			w.options.ResolvedStatus = fmt.Sprint(id)
		}, func(w *world) int64 { return w.resolved + 1 }},
		{"none", func(w *world) { w.options.ResolvedStatus = "No such" }, func(*world) int64 { return 0 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, zendesksim.Options{}, c.set)
			at := w.ticket(w.file())
			u := step(at, "<p>done</p>")
			u.Status = bot.StatusSolved
			w.must(w.desk.Update(t.Context(), u))
			got, _ := w.sim.Ticket(at.ID)
			want := c.want(w)
			if got.Status != "solved" || (want != 0 && got.CustomStatusID != want) || (want == 0 && got.CustomStatusID == w.resolved) {
				t.Errorf("got %s, custom status %d, want %d", got.Status, got.CustomStatusID, want)
			}
			if got.AssigneeID != w.bot || got.GroupID == 0 {
				t.Errorf("got assignee %d, group %d", got.AssigneeID, got.GroupID)
			}
		})
	}
}

func TestSolvingLeavesTheAssignee(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file()
	w.must(w.sim.UpdateAs(w.agent, id, func(t *zendesksim.Ticket) { t.AssigneeID = w.agent }))
	u := step(w.ticketLater(id), "<p>done</p>")
	u.Status = bot.StatusSolved
	w.must(w.desk.Update(t.Context(), u))
	if got, _ := w.sim.Ticket(id); got.AssigneeID != w.agent {
		t.Errorf("got assignee %d", got.AssigneeID)
	}
}

func TestFieldsByOurNames(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	at := w.ticket(w.file())
	u := step(at, "<p>hi</p>")
	u.Fields = map[string]string{"due": "2026-04-01", "progress": "locating", "reference": "not configured"}
	w.must(w.desk.Update(t.Context(), u))
	if got, _ := w.sim.Ticket(at.ID); got.CustomFields[w.due] != "2026-04-01" || got.CustomFields[w.progress] != "locating" {
		t.Errorf("got %v", got.CustomFields)
	}
	u = step(w.ticketLater(at.ID), "")
	u.Fields = map[string]string{"progress": ""}
	w.must(w.desk.Update(t.Context(), u))
	if got, _ := w.sim.Ticket(at.ID); got.CustomFields[w.progress] != nil || got.CustomFields[w.due] != "2026-04-01" {
		t.Errorf("got %v", got.CustomFields)
	}
	u = step(w.ticketLater(at.ID), "<p>hi</p>")
	u.Fields = map[string]string{"subject": secretText}
	if err := w.desk.Update(t.Context(), u); err == nil || strings.Contains(err.Error(), secretText) {
		t.Errorf("got %v", err)
	}
}

// Rule 4: comment, status, tags, fields, files and mark are one update.
func TestRule4_OneUpdateAStep(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	at := w.ticket(w.file())
	before := len(w.sim.Audits(at.ID))
	u := step(at, "<p>done</p>")
	u.Status, u.AddTags, u.Fields = bot.StatusSolved, []string{"ours"}, map[string]string{"due": "2026-04-01"}
	u.Attachments = []bot.Attachment{file("report.zip", []byte("zip"))}
	w.must(w.desk.Update(t.Context(), u))
	if n := w.writes(); n != 1 {
		t.Errorf("%d writes of the ticket", n)
	}
	audits := w.sim.Audits(at.ID)[before:]
	if len(audits) != 1 || audits[0].AuthorID != w.bot {
		t.Fatalf("got %d updates", len(audits))
	}
	mark := fmt.Sprint(audits[0].Custom["privacydesk"])
	if !strings.Contains(mark, bot.IDOfTicket(at.ID)) || !strings.Contains(mark, "receipt") || !strings.Contains(mark, "mac") {
		t.Errorf("got mark %s", mark)
	}
}

func TestUpdatesThatCannotBe(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	at := w.ticket(w.file())
	for name, edit := range map[string]func(*bot.Update){
		"no stamp":          func(u *bot.Update) { u.Stamp = "" },
		"no mark":           func(u *bot.Update) { u.Mark = bot.Mark{} },
		"files, no comment": func(u *bot.Update) { u.HTML, u.Attachments = " ", []bot.Attachment{file("a", []byte("b"))} },
		"file too large": func(u *bot.Update) {
			u.Attachments = []bot.Attachment{file("a", nil)}
			u.Attachments[0].Size = 50<<20 + 1
		},
		"file without a name": func(u *bot.Update) { u.Attachments = []bot.Attachment{file("", []byte("b"))} },
	} {
		u := step(at, "<p>hi</p>")
		edit(&u)
		before := w.sim.Counts().Writes
		if err := w.desk.Update(t.Context(), u); err == nil {
			t.Errorf("%s: it passed", name)
		}
		if n := w.sim.Counts().Writes - before; n != 0 {
			t.Errorf("%s: %d writes", name, n)
		}
	}
}

func file(name string, content []byte) bot.Attachment {
	return bot.Attachment{
		Name: name, ContentType: "application/zip", Size: int64(len(content)),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil },
	}
}

// TestConfirmIsAskedAfterTheUpload: right before the write, with all files
// uploaded; its no takes them back and writes nothing.
func TestConfirmIsAskedAfterTheUpload(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	at := w.ticket(w.file())
	u := step(at, "<p>see</p>")
	u.Attachments = []bot.Attachment{{Name: "a.zip", ContentType: "application/zip", Size: 3, Open: func() (io.ReadCloser, error) {
		w.sim.SetPrivateAttachments(false) // while the upload goes on
		return io.NopCloser(strings.NewReader("one")), nil
	}}}
	no, asked := errors.New("no"), 0
	u.Confirm = func(ctx context.Context) error {
		asked++
		fresh, err := w.desk.Ticket(ctx, at.ID)
		w.must(err)
		if n := len(w.sim.Uploads()); n != 1 || !fresh.Readers.PublicAttachments || fresh.Stamp != at.Stamp {
			t.Errorf("asked with %d uploads, public %t", n, fresh.Readers.PublicAttachments)
		}
		return no
	}
	if err := w.desk.Update(t.Context(), u); !errors.Is(err, no) || asked != 1 {
		t.Errorf("got %v, asked %d times", err, asked)
	}
	if n, m := len(w.sim.Uploads()), len(w.sim.Attachments(at.ID)); n != 0 || m != 0 || len(w.sim.Comments(at.ID)) != 1 {
		t.Errorf("%d uploads and %d files are left", n, m)
	}
	u.Confirm = func(context.Context) error { return nil }
	w.must(w.desk.Update(t.Context(), u))
	if n := len(w.sim.Attachments(at.ID)); n != 1 {
		t.Errorf("%d files", n)
	}
}

// TestEditsAreNamed: who changed what of a ticket, and when; ours are none.
func TestEditsAreNamed(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	id := w.file()
	other := w.sim.AddUser(zendesksim.User{Name: "Olga Other", Email: "olga@shop.example", Verified: true})
	kind := w.sim.AddTicketField(zendesksim.TicketField{Title: "Privacy request", Type: "text"})
	edit := func(by int64, change func(*zendesksim.Ticket)) {
		t.Helper()
		w.must(w.sim.UpdateAs(by, id, change))
		w.clock.add(2e9)
	}
	edit(w.agent, func(z *zendesksim.Ticket) { z.CustomFields = map[int64]any{kind: "access"} })
	edit(w.agent, func(z *zendesksim.Ticket) { z.EmailCCIDs = []int64{other} })
	edit(w.agent, func(z *zendesksim.Ticket) { z.FollowerIDs = []int64{w.agent} })
	u := step(w.ticket(id), "<p>ours</p>")
	u.Status = bot.StatusOpen
	w.must(w.desk.Update(t.Context(), u))
	w.clock.add(2e9)
	edit(w.agent, func(z *zendesksim.Ticket) { z.RequesterID = other })
	edit(other, func(z *zendesksim.Ticket) { z.Status = "pending" })
	var got []string
	for _, e := range w.ticket(id).Edits {
		got = append(got, fmt.Sprint(e.What, " ", e.Name, " ", e.By.ID == w.agent, " ", e.By.ID == other, " ", !e.At.IsZero()))
	}
	want := []string{
		fmt.Sprintf("field Privacy request (field %d) true false true", kind), "people in copy  true false true", "followers  true false true",
		"requester  true false true", "status  false true true",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestAbandonedUploadsAreTakenBack(t *testing.T) {
	upload := func(kind zendesksim.Kind, times int) zendesksim.Fault {
		return zendesksim.Fault{Kind: kind, Method: http.MethodPost, Path: "/api/v2/uploads", Times: times}
	}
	put := func(kind zendesksim.Kind) zendesksim.Fault {
		return zendesksim.Fault{Kind: kind, Method: http.MethodPut, Path: anyTicket, Times: -1}
	}
	second := upload(zendesksim.Status500, -1)
	second.Match = func(r *http.Request) bool { return r.URL.Query().Has("token") }
	for _, c := range []struct {
		name  string
		fault zendesksim.Fault
		reply bool
		want  error
		left  int
	}{
		{"stale", zendesksim.Fault{Kind: zendesksim.Slow, Path: "/none"}, true, bot.ErrStale, 0},
		{"asked for patience", put(zendesksim.Status429), false, bot.ErrUnavailable, 0},
		{"second upload fails", second, false, bot.ErrUnavailable, 0},
		{"first upload fails", upload(zendesksim.Status500, -1), false, bot.ErrUnavailable, 0},
		// What may still land still needs its files.
		{"lost", put(zendesksim.LandsLate), false, bot.ErrUnknown, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, zendesksim.Options{})
			at := w.ticket(w.file())
			w.sim.Fault(c.fault)
			if c.reply {
				_, _, err := w.sim.Reply(at.ID, w.ann, "wait", zendesksim.ReplyOptions{Public: true})
				w.must(err)
			}
			u := step(at, "<p>see</p>")
			u.Attachments = []bot.Attachment{file("a.zip", []byte("one")), file("b.zip", []byte("two"))}
			if err := w.desk.Update(t.Context(), u); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if n := len(w.sim.Uploads()); n != c.left {
				t.Errorf("%d uploads left, want %d", n, c.left)
			}
			if w.sim.LandLate() > 0 {
				if n := len(w.sim.Attachments(at.ID)); n != 2 {
					t.Errorf("the late write has %d files", n)
				}
			}
		})
	}
}

func TestUploadIsRepeatedWhole(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	at := w.ticket(w.file())
	w.sim.Fault(zendesksim.Fault{Kind: zendesksim.Status429, Method: http.MethodPost, Path: "/api/v2/uploads", Times: 2, RetryAfter: time.Second})
	content := bytes.Repeat([]byte("0123456789abcdef"), 100_000)
	u := step(at, "<p>see</p>")
	opened := 0
	u.Attachments = []bot.Attachment{file("a.zip", content)}
	open := u.Attachments[0].Open
	u.Attachments[0].Open = func() (io.ReadCloser, error) {
		opened++
		return open()
	}
	w.must(w.desk.Update(t.Context(), u))
	got := w.sim.Attachments(at.ID)
	if len(got) != 1 || !bytes.Equal(got[0].Content, content) || got[0].ContentType != "application/zip" || opened != 3 {
		t.Errorf("got %d files, opened %d times", len(got), opened)
	}
}

// closable fails when it is read after it was closed, as files do.
type closable struct {
	io.Reader
	closed bool
}

func (c *closable) Read(p []byte) (int, error) {
	if c.closed {
		return 0, errors.New("file already closed")
	}
	return c.Reader.Read(p)
}

func (c *closable) Close() error {
	c.closed = true
	return nil
}

// An answer that comes before the file was sent whole is no fault of the file.
func TestUploadAnsweredEarly(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	at := w.ticket(w.file())
	base, early := w.transport, true
	w.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.Method != http.MethodPost || !strings.HasPrefix(r.URL.Path, "/api/v2/uploads") || !early {
			return base.RoundTrip(r)
		}
		early = false
		_, _ = r.Body.Read(make([]byte, 10))
		_ = r.Body.Close()
		_, _ = r.Body.Read(make([]byte, 10))
		return &http.Response{StatusCode: 429, Header: http.Header{"Retry-After": {"1"}}, Body: http.NoBody, Request: r}, nil
	})
	u := step(at, "<p>see</p>")
	u.Attachments = []bot.Attachment{file("a.zip", []byte("0123456789abcdef"))}
	u.Attachments[0].Open = func() (io.ReadCloser, error) {
		return &closable{Reader: strings.NewReader("0123456789abcdef")}, nil
	}
	w.must(w.open().Update(t.Context(), u))
	if got := w.sim.Attachments(at.ID); len(got) != 1 || string(got[0].Content) != "0123456789abcdef" {
		t.Errorf("got %d files", len(got))
	}
}

func TestMissingFileIsNoMissingTicket(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	u := step(w.ticket(w.file()), "<p>see</p>")
	u.Attachments = []bot.Attachment{{Name: "a", Size: 3, Open: func() (io.ReadCloser, error) { return nil, bot.ErrNotFound }}}
	if err := w.desk.Update(t.Context(), u); err == nil || errors.Is(err, bot.ErrNotFound) || errors.Is(err, bot.ErrUnknown) {
		t.Errorf("got %v", err)
	}
}

func TestLongComment(t *testing.T) {
	w := newWorld(t, zendesksim.Options{})
	at := w.ticket(w.file())
	if err := w.desk.Update(t.Context(), step(at, strings.Repeat("é", 33_000))); !errors.Is(err, zendesk.ErrTooLong) {
		t.Errorf("got %v", err)
	}
	w.must(w.desk.Update(t.Context(), step(at, "<p>"+strings.Repeat("a", 63_000)+"</p>")))
}
