package report

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"privacydesk/bot"
	"privacydesk/connectors"
)

// erased is a delete request with one system that is done and clean.
func erased(change func(*bot.ReportInput)) bot.ReportInput {
	ended := time.Date(2026, 11, 24, 1, 2, 3, 0, time.UTC)
	in := input(bot.ReportSystem{
		Name: "crm", Label: "Customer management", Outcome: bot.OutcomeDeleted,
		Profile: connectors.Profile{Collections: []connectors.Collection{
			{Name: "crm.customer", Label: "Customers", ThirdParties: []string{"Mailer Inc."}},
			{Name: "crm.invoice", Label: "Invoices"},
		}},
		State: bot.System{
			Run: bot.Run{Stage: bot.StageVerify, State: bot.RunDone, Ended: ended}, Map: strings.Repeat("12", 32), Verified: true,
			Sets: []bot.Tally{
				{Collection: "crm.customer", Action: connectors.ActionDelete, Before: connectors.Counts{Rows: 3}, Late: 1},
				{
					Collection: "crm.invoice", Action: connectors.ActionRetain, Exception: "legal obligation",
					Before: connectors.Counts{Retained: 2}, After: connectors.Counts{Retained: 2},
				},
			},
		},
	})
	in.Case.Kind = bot.KindDelete
	in.Case.Begun = ended.Add(-time.Hour)
	if change != nil {
		change(&in)
	}
	return in
}

// TestCertificateTellsOfLaterSearches: those that were made, with what had come
// back, and those that follow.
func TestCertificateTellsOfLaterSearches(t *testing.T) {
	p := openPlace(t, Options{})
	body, page := p.certify(erased(func(in *bot.ReportInput) {
		s := &in.Systems[0].State
		s.Run.Stage = bot.StageRescan
		at := s.Run.Ended
		s.Rescans = []bot.Rescan{{At: at.Add(-48 * time.Hour), Late: map[string]int64{"crm.customer": 2}}, {At: at}}
		in.Planned = []time.Duration{24 * time.Hour, 90 * time.Minute}
	}))
	cert := decodeCertificate(t, body)
	s := cert.Systems[0]
	if s.Rescan != rescanClean || !cert.Complete || len(s.Rescans) != 2 || s.Rescans[0].Returned != 2 || s.Rescans[1].Returned != 0 {
		t.Errorf("got %+v", s)
	}
	if !strings.Contains(cert.Further, "again 24h and 1h30m after") {
		t.Errorf("announced: %q", cert.Further)
	}
	for _, text := range []string{"2 records had come back", "nothing had come back", "again 24h and 1h30m after"} {
		if !strings.Contains(string(page), text) {
			t.Errorf("the page lacks %q", text)
		}
	}
	if body, _ := openPlace(t, Options{}).certify(erased(nil)); strings.Contains(string(body), "rescans") || strings.Contains(string(body), "further") {
		t.Error("it tells of searches that nobody makes")
	}
}

func (p *place) certify(in bot.ReportInput) (body, page []byte) {
	p.t.Helper()
	files, err := p.report.Certificate(context.Background(), in)
	if err != nil {
		p.t.Fatal(err)
	}
	if len(files) != 2 || files[0].Name != "report/certificate.json" || files[1].Name != "report/certificate.html" {
		p.t.Fatalf("files %v", files)
	}
	return p.read(files[0].Name), p.read(files[1].Name)
}

func decodeCertificate(t *testing.T, body []byte) certificate {
	t.Helper()
	var env envelope
	var c certificate
	if err := json.Unmarshal(body, &env); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(env.Document, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCertificateTellsWhatWasDone(t *testing.T) {
	p := openPlace(t, Options{})
	body, page := p.certify(erased(nil))
	for name, text := range map[string][]byte{"file": body, "page": page} {
		if bytes.Contains(text, []byte(subject)) || bytes.Contains(text, []byte("jane")) {
			t.Errorf("the %s names the person", name)
		}
	}
	c := decodeCertificate(t, body)
	if !c.Complete || len(c.Systems) != 1 {
		t.Fatalf("certificate %+v", c)
	}
	s := c.Systems[0]
	if s.Rescan != rescanClean || s.RescannedAt != "2026-11-24T01:02:03Z" || !slices.Equal(s.ThirdParties, []string{"Mailer Inc."}) {
		t.Errorf("system %+v", s)
	}
	if got := s.Collections[0]; got.Deleted != 3 || got.Late != 1 || got.Left != 0 || got.Method != "delete" {
		t.Errorf("customers %+v", got)
	}
	if got := s.Collections[1]; got.Retained != 2 || got.Exception != "legal obligation" || got.Deleted != 0 {
		t.Errorf("invoices %+v", got)
	}
	if !strings.Contains(c.Summary, "2 records are retained") || !strings.Contains(c.Backups, "says nothing about backups") {
		t.Errorf("summary %q, backups %q", c.Summary, c.Backups)
	}
	if c.Subject.MAC != strings.Repeat("ab", 32) || c.Chain.Head != strings.Repeat("cd", 32) {
		t.Errorf("pseudonym %v, chain %v", c.Subject, c.Chain)
	}
	for _, want := range []string{"legal obligation", c.Subject.MAC, c.Chain.Head, "says nothing about backups", "11 CCR", "1.2.3"} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("the page does not say %q", want)
		}
	}
	again, againPage := p.certify(erased(nil))
	if !bytes.Equal(body, again) || !bytes.Equal(page, againPage) {
		t.Error("made again, the certificate differs")
	}
}

// TestCertificateNamesWhatIsLeftOutAndKept: it never implies that nothing else
// is there. A report says what it leaves out, too.
func TestCertificateNamesWhatIsLeftOutAndKept(t *testing.T) {
	p := openPlace(t, Options{})
	body, page := p.certify(erased(leftOutAndKept))
	s := decodeCertificate(t, body).Systems[0]
	if !slices.Equal(s.LeftOut, []string{"Customer search: refreshed each night", "Old"}) || !slices.Equal(s.Keeps, []string{"The log is kept for 3 days."}) {
		t.Errorf("left out %q, kept %q", s.LeftOut, s.Keeps)
	}
	for _, want := range []string{"Left out, neither searched nor erased: <bdi>Customer search: refreshed each night</bdi>", "The log is kept for 3 days."} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("the page does not say %q", want)
		}
	}
	sys := p.gather("crm", []data{{schema: connectors.Schema{Collection: "crm.customer", Columns: columns("id")}}}, nil)
	sys.Profile.LeftOut = []connectors.LeftOut{{Name: "crm.customer_search", Label: "customer_search", Reason: "refreshed each night"}}
	entries := p.unpack(p.access(input(sys), 1<<20, 1)[0])
	for _, name := range []string{"report.json", "index.html"} {
		if !strings.Contains(entries[name], "not part of this report: Customer search: refreshed each night") {
			t.Errorf("%s does not say what is left out", name)
		}
	}
}

// TestCertificateCountsClearedReferences: rows of others stay, and no longer
// name the person's row.
func TestCertificateCountsClearedReferences(t *testing.T) {
	p := openPlace(t, Options{})
	body, page := p.certify(erased(func(in *bot.ReportInput) {
		in.Systems[0].State.Sets[1].Before.Cleared = 4
		in.Systems[0].State.Sets[1].After.Cleared = 1
	}))
	sets := decodeCertificate(t, body).Systems[0].Collections
	if sets[1].Cleared != 3 || sets[0].Cleared != 0 || sets[1].Deleted != 0 {
		t.Errorf("cleared %d and %d, want 3 in the second alone", sets[0].Cleared, sets[1].Cleared)
	}
	if !bytes.Contains(page, []byte("References cleared")) {
		t.Error("the page does not say it")
	}
	if _, page := p.certify(erased(nil)); bytes.Contains(page, []byte("References cleared")) {
		t.Error("a page without any says it")
	}
}

func leftOutAndKept(in *bot.ReportInput) {
	s := &in.Systems[0]
	s.Profile.LeftOut = []connectors.LeftOut{{Name: "crm.customer_search", Label: "customer_search", Reason: "refreshed each night"}, {Name: "crm.old"}}
	s.State.Keeps = []string{"The log is kept for 3 days."}
}

// TestRule11_CertificateIsNeverRosy: whatever is not proven to be gone is said
// not to be gone.
func TestRule11_CertificateIsNeverRosy(t *testing.T) {
	p := openPlace(t, Options{})
	for name, change := range map[string]func(*bot.ReportInput){
		"rows are left": func(in *bot.ReportInput) { in.Systems[0].State.Sets[0].After.Rows = 1 },
		"no action was set": func(in *bot.ReportInput) {
			in.Systems[0].State.Sets[0].Action, in.Systems[0].State.Sets[0].After.Rows = connectors.ActionNone, 3
		},
		"skipped":        func(in *bot.ReportInput) { in.Systems[0].State.Skip = bot.ReasonNotSearched },
		"not verified":   func(in *bot.ReportInput) { in.Systems[0].State.Run.Stage = bot.StageErase },
		"never verified": func(in *bot.ReportInput) { in.Systems[0].State.Verified = false },
		"verify failed":  func(in *bot.ReportInput) { in.Systems[0].State.Run.State = bot.RunFailed },
		"still running":  func(in *bot.ReportInput) { in.Systems[0].State.Run.State = bot.RunRunning },
		"no systems":     func(in *bot.ReportInput) { in.Systems = nil },
	} {
		body, page := p.certify(erased(change))
		c := decodeCertificate(t, body)
		if c.Complete || bytes.Contains(page, []byte(`class="good"`)) {
			t.Errorf("%s: complete %t, %q", name, c.Complete, c.Summary)
		}
		v, err := Verify(bytes.NewReader(body), int64(len(body)), p.keys.PublicKey())
		if err != nil || !v.OK() || v.Complete {
			t.Errorf("%s: verdict %+v, %v", name, v, err)
		}
	}
}

func TestCertificateRefuses(t *testing.T) {
	p := openPlace(t, Options{})
	for name, change := range map[string]func(*bot.ReportInput){
		"an access request": func(in *bot.ReportInput) { in.Case.Kind = bot.KindAccess },
		"no ledger":         func(in *bot.ReportInput) { in.Case.Head = "" },
		"a strange head":    func(in *bot.ReportInput) { in.Case.Head = strings.Repeat("XY", 32) },
		"a note that names": func(in *bot.ReportInput) { in.Systems[0].State.Notes = []string{"skipped Jane.Doe@example.com"} },
	} {
		_, err := p.report.Certificate(context.Background(), erased(change))
		if err == nil || strings.Contains(strings.ToLower(err.Error()), subject) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRule10_CertificateNeverNamesThePerson, however JSON spells the address.
func TestRule10_CertificateNeverNamesThePerson(t *testing.T) {
	p := openPlace(t, Options{})
	for _, address := range []string{"r&d@example.com", "a<b@example.com", "jörg\u00ad@example.com", "Q\"x\"@example.com"} {
		_, err := p.report.Certificate(context.Background(), erased(func(in *bot.ReportInput) {
			in.Subject, in.Systems[0].State.Notes = address, []string{"skipped " + strings.ToUpper(address) + " twice"}
		}))
		if err == nil || strings.Contains(err.Error(), address) {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestVerifyCertificate(t *testing.T) {
	p := openPlace(t, Options{})
	body, _ := p.certify(erased(nil))
	check := func(body []byte) (Verdict, error) {
		return Verify(bytes.NewReader(body), int64(len(body)), p.keys.PublicKey())
	}
	v, err := check(body)
	if err != nil || !v.OK() || !v.Trusted || !v.Complete || v.Request != request || v.KeyID == "" {
		t.Fatalf("verdict %+v, %v", v, err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, body); err != nil {
		t.Fatal(err)
	}
	if v, err := check(compact.Bytes()); err != nil || !v.OK() {
		t.Errorf("formatted anew: %+v, %v", v, err)
	}
	if v, err := Verify(bytes.NewReader(body), int64(len(body)), nil); err != nil || !v.OK() || v.Trusted {
		t.Errorf("without a key to trust: %+v, %v", v, err)
	}
	replaced := bytes.Replace(body, []byte(`"deleted": 3`), []byte(`"deleted": 5`), 1)
	for name, bad := range map[string][]byte{
		"a number changed": replaced,
		"complete flipped": bytes.Replace(body, []byte(`"complete": true`), []byte(`"complete": false`), 1),
		"a name twice":     bytes.Replace(body, []byte(`"ticket":`), []byte(`"ticket": 1, "ticket":`), 1),
		"an added field":   bytes.Replace(body, []byte(`"ticket":`), []byte(`"extra": 1, "ticket":`), 1),
		"no signature":     []byte(`{"document":{"schema":"` + certificateSchema + `","request":"t1","ticket":1}}`),
		"another schema":   bytes.Replace(body, []byte(certificateSchema), []byte("privacydesk/certificate/9"), 1),
		"cut short":        body[:len(body)/2],
		"something after":  append(bytes.Clone(body), "{}"...),
		"not ours":         []byte("%PDF-1.7"),
		"empty":            nil,
	} {
		if bytes.Equal(bad, body) {
			t.Fatalf("%s: nothing was changed", name)
		}
		if v, err := check(bad); err == nil && v.OK() {
			t.Errorf("%s: verified", name)
		}
	}
	// A file that was altered and signed anew by somebody else.
	forger := forgedPlace(t)
	forged, _ := forger.certify(erased(nil))
	if v, err := check(forged); err != nil || v.OK() || v.Trusted {
		t.Errorf("signed by another key: %+v, %v", v, err)
	}
}

// TestAnyAlterationOfACertificateIsFound flips one byte anywhere.
func TestAnyAlterationOfACertificateIsFound(t *testing.T) {
	p := openPlace(t, Options{})
	body, _ := p.certify(erased(nil))
	var env envelope
	if err := json.Unmarshal(body, &env); err != nil {
		t.Fatal(err)
	}
	want, err := canonical(env.Document)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		bad := bytes.Clone(body)
		bad[rapid.IntRange(0, len(bad)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 6).Draw(t, "bit")
		v, err := Verify(bytes.NewReader(bad), int64(len(bad)), p.keys.PublicKey())
		if err != nil || !v.OK() {
			return
		}
		// What still verifies says the same: only white space differs.
		var env envelope
		if err := json.Unmarshal(bad, &env); err != nil {
			t.Fatal(err)
		}
		if got, err := canonical(env.Document); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("an altered certificate verifies: %v", err)
		}
	})
}

func TestVerifyArchive(t *testing.T) {
	p := openPlace(t, Options{})
	name := p.access(small(p), 1<<20, 1)[0]
	body := p.read(name)
	verify := func(body []byte) (Verdict, error) {
		return Verify(bytes.NewReader(body), int64(len(body)), p.keys.PublicKey())
	}
	v, err := verify(body)
	if err != nil || !v.OK() || v.Files != 7 || v.Part != 1 || v.Parts != 1 {
		t.Fatalf("verdict %+v, %v", v, err)
	}
	entries := p.unpack(name)
	for what, change := range map[string]func(map[string]string){
		"an entry changed": func(e map[string]string) { e["report.json"] += " " },
		"an entry missing": func(e map[string]string) { delete(e, "media/crm/Call-1.wav") },
		"an entry added":   func(e map[string]string) { e["setup.exe"] = "MZ" },
		"manifest changed": func(e map[string]string) {
			e["manifest.json"] = strings.Replace(e["manifest.json"], `"part": 1`, `"part": 2`, 1)
		},
		"no manifest": func(e map[string]string) { delete(e, "manifest.json") },
	} {
		bad := rezip(t, entries, change)
		if v, err := verify(bad); err == nil && v.OK() {
			t.Errorf("%s: verified", what)
		}
	}
	if v, err := verify(rezip(t, entries, func(map[string]string) {})); err == nil && v.OK() {
		t.Error("packed anew, by whatever: verified")
	}
	if _, err := verify(body[:len(body)-30]); err == nil {
		t.Error("an archive that was cut short verified")
	}
}

func FuzzVerify(f *testing.F) {
	f.Add([]byte(`{"document":{"schema":"privacydesk/certificate/1"},"signature":{}}`))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, body []byte) {
		v, err := Verify(bytes.NewReader(body), int64(len(body)), nil)
		if err == nil && v.OK() {
			t.Fatal("noise verified")
		}
	})
}

// TestRule10_CertificateNamesNoneOfTheAddresses: a person may be known by
// several.
func TestRule10_CertificateNamesNoneOfTheAddresses(t *testing.T) {
	p := openPlace(t, Options{})
	in := erased(func(in *bot.ReportInput) {
		in.Also = []string{"jr@y.example"}
		in.Systems[0].State.Notes = []string{"the row of JR@y.example is locked"}
	})
	if _, err := p.report.Certificate(t.Context(), in); err == nil || strings.Contains(err.Error(), "y.example") {
		t.Errorf("got %v", err)
	}
}
