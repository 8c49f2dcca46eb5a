package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/zendesksim"
	"privacydesk/cmd/privacydesk/sample"
	"privacydesk/connectors/connectortest/servers"
)

// jane stands in acme's rows in three spellings of her one address.
func jane() []sample.Person {
	return []sample.Person{
		{ID: 103, Tenant: sample.Acme, Email: "jane.roe@customers.example", Name: "Jane Roe", Address: 2},
		{ID: 109, Tenant: sample.Acme, Email: "JANE.Roe@Customers.Example", Name: "Jane Roe (import)", Address: 3},
		{ID: 110, Tenant: sample.Acme, Email: " jane.roe@customers.example ", Name: "Roe, Jane"},
	}
}

// lookAlikes are jane, and people for whom a careless program would take
// her.
func lookAlikes() []sample.Person {
	return append(jane(),
		sample.Person{ID: 101, Tenant: sample.Acme, Email: "ada.lovell@customers.example", Name: "Ada Lovell", Address: 1},
		sample.Person{ID: 102, Tenant: sample.Acme, Email: "ben.okafor@customers.example", Name: "Ben Okafor", Address: 1},
		sample.Person{ID: 104, Tenant: sample.Acme, Email: "kim.tran@customers.example", Name: "Kim Tran", Address: 2},
		sample.Person{ID: 105, Tenant: sample.Acme, Email: "jané.roe@customers.example", Name: "Jané Accent"},
		sample.Person{ID: 106, Tenant: sample.Acme, Email: "jane.roe+news@customers.example", Name: "Jane Plus"},
		sample.Person{ID: 107, Tenant: sample.Acme, Email: "janeroe@customers.example", Name: "Jane Dotless"},
		sample.Person{ID: 108, Tenant: sample.Acme, Email: "jane_roe@customers.example", Name: "Jane Wildcard"},
		sample.Person{ID: 111, Tenant: sample.Acme, Email: "mary-jane.roe@customers.example", Name: "Mary Suffix"},
		sample.Person{ID: 112, Tenant: sample.Acme, Email: "", Name: "Nobody Known"},
		sample.Person{ID: 201, Tenant: sample.Globex, Email: jane()[0].Email, Name: jane()[0].Name, Address: 9},
		sample.Person{ID: 202, Tenant: sample.Globex, Email: "max.stein@customers.example", Name: "Max Stein", Address: 9},
	)
}

func person(id int) []sample.Person {
	all := lookAlikes()
	return []sample.Person{all[slices.IndexFunc(all, func(p sample.Person) bool { return p.ID == id })]}
}

const (
	alex = "alex@acme.example"
	uli  = "uli@acme.example"
	gina = "gina@globex.example"
)

// file files an admin's ticket about somebody that has to be resolved.
func (h *house) file(by, kind string, about []sample.Person) filed {
	f := filed{
		ticket: h.desk.File(by, kind, "", "Request", sample.Body(kind, strings.TrimSpace(about[0].Email))),
		kind:   kind, about: about, state: "resolved", reasons: []bot.Reason{bot.ReasonDelivered}, status: "solved", comments: 2,
	}
	if kind == "delete" {
		f.reasons = []bot.Reason{bot.ReasonErased}
	}
	return f
}

// confirmOnePerson releases a request that is held because the address leads
// to several customers: here they are one.
func (h *house) confirmOnePerson(f filed) {
	h.t.Helper()
	f.state, f.reasons, f.status = "held", []bot.Reason{bot.ReasonSeveralPeople}, "open"
	h.awaitEnds([]filed{f})
	h.decide("release", f.ticket)
}

// TestEndToEnd_LookAlikesByWebhook closes tickets of two tenants about people
// who look alike, and compares both tenants' databases whole.
func TestEndToEnd_LookAlikesByWebhook(t *testing.T) {
	t.Parallel()
	h := newHouse(t, houseOptions{
		redis: servers.Redis(t).URL(), prefix: "e2e", people: lookAlikes(), webhook: true, deletes: live, forget: 2 * time.Second,
	})
	d := h.start()
	refused := func(f filed, reason bot.Reason) filed {
		f.state, f.reasons, f.comments = "rejected", []bot.Reason{reason}, 1
		return f
	}
	first := []filed{
		h.file(alex, "access", person(101)),
		h.file(gina, "access", person(201)),
		h.file(alex, "access", person(105)),
		h.file(alex, "access", person(106)),
		refused(h.file(uli, "delete", person(104)), bot.ReasonNotAdmin),
		refused(filed{kind: "delete", status: "solved"}, bot.ReasonOtherTenant),
		{ticket: h.desk.File(alex, "opt_out", "", "Do not sell", "Please stop."), state: "rejected", reasons: []bot.Reason{bot.ReasonOptOut}, status: "solved", comments: 1},
		{ticket: h.desk.File(sample.Consumer().Email, "direct", "", "Mine", "Delete me."), state: "rejected", reasons: []bot.Reason{bot.ReasonDirect}, status: "solved", comments: 1},
	}
	first[5].ticket = h.desk.File(gina, "delete", sample.Acme, "Request", sample.Body("delete", person(104)[0].Email))
	question := filed{
		ticket: h.desk.File(alex, "delete", "", "Request", sample.Body("delete", person(107)[0].Email, person(108)[0].Email)),
		kind:   "delete", about: person(108), state: "needs_info", reasons: []bot.Reason{bot.ReasonManySubjects}, status: "pending", comments: 1,
	}
	h.awaitEnds(append(slices.Clone(first), question))
	h.expectSystems(nil)

	_, _, err := h.desk.Sim.Reply(question.ticket, h.desk.User(alex), person(108)[0].Email, zendesksim.ReplyOptions{Public: true})
	h.must(err)
	deletes := []filed{h.file(alex, "delete", jane()), h.file(alex, "delete", person(102))}
	h.confirmOnePerson(deletes[0])
	deletes[0].comments += 2 // the note that several people were found, and that it was released
	h.awaitEnds(deletes)
	all := append(first, deletes...)
	h.await("the question is answered or asked again", func() bool { return h.caseOf(question.ticket).Asked != 1 || h.ended(done(question)) })
	deleted := append(jane(), person(102)...)
	if h.caseOf(question.ticket).State() == "needs_info" {
		h.expectSystems(deleted) // nobody of two is guessed
	} else {
		question = done(question)
		all, deleted = append(all, question), append(deleted, person(108)...)
		h.awaitEnds([]filed{question})
	}
	h.expectSystems(deleted)
	for _, f := range all {
		h.expectSaidOnce(f)
		h.expectLedger(f.ticket)
		switch {
		case f.state == "resolved" && f.kind == "access":
			h.expectReport(f)
		case f.state == "resolved":
			h.expectCertificate(f)
		}
	}
	h.awaitForgotten(all)
	h.expectNoTraces(h.people[:11])
	if code := h.stop(d); code != 0 {
		t.Errorf("SIGTERM: exit code %d\n%s", code, h.log.tail())
	}
}

// done is how an answered question ends: question, receipt, final.
func done(f filed) filed {
	f.state, f.reasons, f.status, f.comments = "resolved", []bot.Reason{bot.ReasonErased}, "solved", 3
	return f
}

// TestEndToEnd_PolledApprovedByHand leads a delete from shadow mode over
// approval and a pause to its certificate, without any webhook, by the
// commands that operators have.
func TestEndToEnd_PolledApprovedByHand(t *testing.T) {
	t.Parallel()
	h := newHouse(t, houseOptions{
		redis: servers.Redis(t).URL(), prefix: "polled", people: lookAlikes(),
		deletes: "{mode: shadow, approval: always, waiting_period: 0s}",
	})
	h.command("check")
	if out := h.command("plan", "--tenant", "acme", "--email", jane()[0].Email, "--kind", "delete"); !strings.Contains(out, "nothing was changed") {
		t.Errorf("plan says: %s", out)
	}
	h.expectSystems(nil)
	h.skew.Store(int64(-70 * time.Second)) // the export leaves out the last minute
	access, erase, second := h.file(alex, "access", person(101)), h.file(alex, "delete", jane()), h.file(alex, "delete", person(107))
	h.skew.Store(0)
	d := h.start()
	h.awaitEnds([]filed{access})
	h.expectReport(access)
	erase.state, erase.status, erase.reasons = "held", "open", []bot.Reason{bot.ReasonShadow}
	second.state, second.status, second.reasons = "held", "open", []bot.Reason{bot.ReasonShadow}
	h.awaitEnds([]filed{erase, second})
	h.expectSystems(nil)
	h.askTheDaemon()
	if code := h.stop(d); code != 0 {
		t.Fatalf("SIGTERM: exit code %d\n%s", code, h.log.tail())
	}

	h.configure("{mode: live, approval: always, waiting_period: 0s}")
	d = h.start()
	id := bot.IDOfTicket(erase.ticket)
	h.command("requests", "retry", id, "--by", "ops@vendor.example")
	h.confirmOnePerson(erase)
	erase.state, erase.reasons = "awaiting_approval", []bot.Reason{bot.ReasonApproval}
	h.awaitEnds([]filed{erase})
	more := h.approveWhatGrew(erase)
	there, events := h.before["events"], sample.Systems()[slices.IndexFunc(sample.Systems(), func(s sample.System) bool { return s.Name == "events" })]
	var err error
	h.before["events"], err = events.Dump(t.Context(), h.dbs["events"])
	h.must(err)
	h.command("pause", "--deletes", "--by", "ops@vendor.example")
	h.decide("approve", erase.ticket)
	h.await("erasing waits for the pause to end", func() bool {
		c := h.caseOf(erase.ticket)
		return !c.Begun.IsZero() && slices.ContainsFunc(sortedKeys(c.Systems), func(name string) bool { return c.Systems[name].Run.State == bot.RunWaiting })
	})
	h.expectSystems(nil)
	h.command("resume")
	h.before["events"] = there
	erase.state, erase.reasons, erase.status, erase.comments = "resolved", []bot.Reason{bot.ReasonErased}, "solved", 8+more
	h.awaitEnds([]filed{erase})
	h.expectSystems(jane())
	h.expectSaidOnce(access)
	h.expectSaidOnce(erase) // receipt, notes of shadow mode, several people and approval, of three decisions, certificate
	h.expectCertificate(erase)
	h.expectLedger(erase.ticket)
	h.lookAtRequests(erase)
	h.verifyFiles(access, erase)
	d = h.rotateKeys(d, second)
	if code := h.stop(d); code != 0 {
		t.Errorf("SIGTERM: exit code %d\n%s", code, h.log.tail())
	}
}

// askTheDaemon asks its pages.
func (h *house) askTheDaemon() {
	h.t.Helper()
	for path, says := range map[string]string{"/healthz": "", "/readyz": "redis", "/metrics": "privacydesk_build_info"} {
		if status, body := h.get(path); status != 200 || !strings.Contains(body, says) {
			h.t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if _, metrics := h.get("/metrics"); strings.Contains(metrics, "customers.example") {
		h.t.Error("the metrics show an address")
	}
	if status, _ := h.get("/webhooks/zendesk"); status != 404 {
		h.t.Errorf("a webhook without a secret: %d", status)
	}
	if _, problems, code := h.cli("health", "--url", "http://"+h.address+"/readyz"); code != 0 {
		h.t.Errorf("health: %d %s", code, problems)
	}
}

// lookAtRequests lists and shows, and meets what can't be.
func (h *house) lookAtRequests(f filed) {
	h.t.Helper()
	var listed struct{ Requests []requestView }
	h.must(json.Unmarshal([]byte(h.command("requests", "list", "--json", "--kind", "delete")), &listed))
	if !slices.ContainsFunc(listed.Requests, func(v requestView) bool { return v.Ticket == f.ticket && v.State == f.state }) || len(listed.Requests) != 2 {
		h.t.Errorf("requests list: %+v", listed)
	}
	id := bot.IDOfTicket(f.ticket)
	for _, out := range []string{h.command("requests", "show", id), h.command("requests", "show", id, "--json")} {
		if !strings.Contains(out, "whole") || !strings.Contains(out, "erase_begun") || strings.Contains(out, "customers.example") {
			h.t.Errorf("requests show: %s", out)
		}
	}
	broken := filepath.Join(h.dir, "broken.yml")
	h.must(os.WriteFile(broken, []byte("intake: {from: 2026-01-01T00:00:00Z}\n"), 0o600))
	for _, c := range []struct {
		code int
		args []string
	}{
		{0, []string{"version"}},
		{0, []string{"serve", "--help"}},
		{1, []string{"requests", "show", "t999999", "--config", h.config}},
		{1, []string{"requests", "approve", id, "--code", "7K3M-Q9TX", "--by", "dpo@vendor.example", "--config", h.config}},
		{1, []string{"requests", "cancel", id, "--by", "dpo@vendor.example", "--config", h.config}},
		{1, []string{"health", "--url", "http://127.0.0.1:1/healthz"}},
		{2, []string{"requests", "show", "--config", h.config}},
		{2, []string{"serve"}},
		{2, []string{"serve", "--config", broken}},
		{2, []string{"check", "--config", filepath.Join(h.dir, "none.yml")}},
		{2, []string{"plan", "--tenant", "acme", "--email", "no address", "--kind", "delete", "--config", h.config}},
		{2, []string{"frobnicate"}},
	} {
		if out, problems, code := h.cli(c.args...); code != c.code {
			h.t.Errorf("%v: exit code %d, want %d\n%s%s", c.args, code, c.code, out, problems)
		}
	}
}

// verifyFiles checks what was attached by the command, and changed copies.
func (h *house) verifyFiles(all ...filed) {
	h.t.Helper()
	key, _, _ := strings.Cut(h.command("keys", "show"), " ")
	for _, f := range all {
		for i, a := range h.desk.Sim.Attachments(f.ticket) {
			if strings.HasSuffix(a.FileName, ".html") {
				continue
			}
			file := filepath.Join(h.dir, strconv.Itoa(i)+a.FileName)
			h.must(os.WriteFile(file, a.Content, 0o600))
			if out, problems, code := h.cli("verify", file, "--public-key", key); code != 0 {
				h.t.Errorf("verify %s: %d %s%s", a.FileName, code, out, problems)
			}
			a.Content[len(a.Content)/2] ^= 1
			h.must(os.WriteFile(file, a.Content, 0o600))
			if out, _, code := h.cli("verify", file, "--public-key", key); code != 1 {
				h.t.Errorf("verify of a changed %s: %d %s", a.FileName, code, out)
			}
		}
	}
}

// rotateKeys renews the master and takes the old one away; the daemon then
// works on with what was sealed before.
func (h *house) rotateKeys(d *daemon, before filed) *daemon {
	h.t.Helper()
	live := "{mode: live, approval: always, waiting_period: 0s}"
	h.command("requests", "retry", bot.IDOfTicket(before.ticket), "--by", "ops@vendor.example")
	before.state, before.reasons = "awaiting_approval", []bot.Reason{bot.ReasonApproval}
	h.awaitEnds([]filed{before})
	if code := h.stop(d); code != 0 {
		h.t.Errorf("SIGTERM: exit code %d", code)
	}
	h.newKey("second.key")
	h.configure(live, `[{id: two, key: "${file:second.key}"}, {id: one, key: "${file:master.key}"}]`)
	h.command("keys", "rotate")
	h.must(os.Remove(filepath.Join(h.dir, "master.key")))
	h.configure(live, `[{id: two, key: "${file:second.key}"}]`)
	d = h.start()
	h.decide("approve", before.ticket)
	before.state, before.reasons, before.status, before.comments = "resolved", []bot.Reason{bot.ReasonErased}, "solved", 6
	h.awaitEnds([]filed{before})
	h.expectSaidOnce(before)
	h.expectSystems(append(jane(), person(107)...))
	return d
}
