package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/ledger"
	"privacydesk/bot/report"
	"privacydesk/bot/spool"
	"privacydesk/connectors"
)

// signer makes papers under keys of its own, into a folder.
type signer struct {
	*testing.T
	dir, key string
	events   []ledger.Event
	spool    bot.Spool
	report   *report.Reporter
	keys     *spool.Shelf
}

func newSigner(t *testing.T) *signer {
	t.Helper()
	// Its clock stands behind the time at which certificate says that it is made.
	keys, err := spool.OpenKeys(spool.KeysOptions{Dir: t.TempDir(), Clock: func() time.Time { return time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC) }, Masters: []spool.MasterKey{{ID: "m", Key: bytes.Repeat([]byte{5, 6}, spool.KeySize/2)}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.Create(t.Context(), "t7"); err != nil {
		t.Fatal(err)
	}
	s := &signer{T: t, dir: t.TempDir(), key: hex.EncodeToString(keys.PublicKey()), keys: keys}
	if s.spool, err = spool.Open(spool.Options{Dir: t.TempDir()}, keys); err != nil {
		t.Fatal(err)
	}
	if s.report, err = report.New(s.spool, keys, report.Options{}); err != nil {
		t.Fatal(err)
	}
	head, at := "", time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	for i, kind := range []string{"accepted", "erase_begun", "finishing"} {
		e := ledger.Append("t7", int64(i), head, at.Add(time.Duration(i)*time.Hour), kind, map[string]string{"n": kind})
		s.events, head = append(s.events, e), e.Hash
	}
	return s
}

// certificate is made after the second event; ledgers go on.
func (s *signer) certificate(left int64) string {
	s.Helper()
	files, err := s.report.Certificate(s.Context(), bot.ReportInput{
		Case: bot.Case{ID: "t7", Ticket: 7, Kind: bot.KindDelete, Tenant: "acme", Head: s.events[1].Hash, Seq: 2},
		At:   s.events[1].At, Version: "1", Systems: []bot.ReportSystem{{Name: "crm", State: bot.System{
			Verified: true, Run: bot.Run{Stage: bot.StageVerify, State: bot.RunDone},
			Sets: []bot.Tally{{Collection: "c", Action: connectors.ActionDelete, Before: connectors.Counts{Rows: 2}, After: connectors.Counts{Rows: left}}},
		}}},
	})
	if err != nil {
		s.Fatal(err)
	}
	in, err := s.spool.Open(s.Context(), "t7", files[0].Name)
	if err != nil {
		s.Fatal(err)
	}
	body, err := io.ReadAll(in)
	if err != nil {
		s.Fatal(err)
	}
	return s.write("certificate.json", body)
}

func (s *signer) write(name string, body []byte) string {
	s.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, body, 0o600); err != nil {
		s.Fatal(err)
	}
	return path
}

// ledger writes what requests show --json would print of it.
func (s *signer) ledger(change func([]ledger.Event) []ledger.Event) string {
	s.Helper()
	events := append([]ledger.Event(nil), s.events...)
	if change != nil {
		events = change(events)
	}
	body, err := json.Marshal(map[string]any{"request": map[string]any{"id": "t7"}, "events": events})
	if err != nil {
		s.Fatal(err)
	}
	return s.write("ledger.json", body)
}

func (s *signer) verify(args ...string) (code int, out string) {
	s.Helper()
	var buf bytes.Buffer
	code, stderr := command(s.Context(), &buf, append([]string{"verify"}, args...)...)
	return code, buf.String() + stderr
}

// TestVerifySaysWhatIsProven: a signature alone proves nothing about who
// signed.
func TestVerifySaysWhatIsProven(t *testing.T) {
	s, other := newSigner(t), newSigner(t)
	file := s.certificate(0)
	code, out := s.verify(file)
	if code != 0 || !strings.Contains(out, "unchanged since it was signed") || !strings.Contains(out, "is NOT proven") || strings.Contains(out, "trust,") {
		t.Errorf("without a key: %d %s", code, out)
	}
	code, out = s.verify(file, "--public-key", s.key)
	if code != 0 || !strings.Contains(out, "signed by the key that you trust") || strings.Contains(out, "NOT") {
		t.Errorf("with its key: %d %s", code, out)
	}
	if code, out = s.verify(file, "--public-key", other.key); code != 1 || !strings.Contains(out, "NOT as it was made") {
		t.Errorf("with another key: %d %s", code, out)
	}
	if code, out = s.verify(file, "--public-key", "abc"); code != 2 {
		t.Errorf("with no key at all: %d %s", code, out)
	}
	if code, out = s.verify(s.certificate(1)); code != 0 || !strings.Contains(out, "NOT fully gone") {
		t.Errorf("a certificate over rows that are left: %d %s", code, out)
	}
	if code, out = s.verify(s.write("certificate.html", []byte("<!doctype html>"))); code != 1 || !strings.Contains(out, "certificate.json") {
		t.Errorf("a page: %d %s", code, out)
	}
	var v map[string]any
	if code, out = s.verify(s.certificate(0), "--json"); code != 0 || json.Unmarshal([]byte(out), &v) != nil || v["ok"] != true || v["trusted"] != false {
		t.Errorf("as JSON: %d %s", code, out)
	}
}

// TestVerifyHoldsTheLedgerAgainstTheCertificate, whose events went on.
func TestVerifyHoldsTheLedgerAgainstTheCertificate(t *testing.T) {
	s := newSigner(t)
	file := s.certificate(0)
	if code, out := s.verify(file, "--ledger", s.ledger(nil)); code != 0 || !strings.Contains(out, "first 2 events are whole") {
		t.Errorf("%d %s", code, out)
	}
	for name, change := range map[string]func([]ledger.Event) []ledger.Event{
		"an event altered": func(e []ledger.Event) []ledger.Event { e[0].Data = map[string]string{"n": "x"}; return e },
		"an event missing": func(e []ledger.Event) []ledger.Event { return append(e[:1], e[2]) },
		"cut short":        func(e []ledger.Event) []ledger.Event { return e[:1] },
		"another history":  func([]ledger.Event) []ledger.Event { return newOther() },
	} {
		if code, out := s.verify(file, "--ledger", s.ledger(change)); code != 1 || !strings.Contains(out, "problem: the ledger") {
			t.Errorf("%s: %d %s", name, code, out)
		}
	}
	if code, out := s.verify(file, "--ledger", s.write("x.json", []byte("no"))); code != 2 || !strings.Contains(out, "requests show") {
		t.Errorf("no ledger: %d %s", code, out)
	}
}

// newOther is a whole chain, of the same request, that says something else.
func newOther() (events []ledger.Event) {
	head := ""
	for i := range 3 {
		e := ledger.Append("t7", int64(i), head, time.Unix(0, 0), "nothing", nil)
		events, head = append(events, e), e.Hash
	}
	return events
}

// TestVerifyAfterTheSigningKeyWasRenewed: papers of the former key stay good,
// for who trusts it and for who trusts the new one; what it signs afterwards is
// not believed.
func TestVerifyAfterTheSigningKeyWasRenewed(t *testing.T) {
	s := newSigner(t)
	former := s.key
	older, err := os.ReadFile(s.certificate(0))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.keys.RenewSigning(); err != nil {
		t.Fatal(err)
	}
	newer, err := os.ReadFile(s.certificate(0))
	if err != nil {
		t.Fatal(err)
	}
	shown, err := showKeys(s.keys)
	if err != nil {
		t.Fatal(err)
	}
	if words := shown.String(); !strings.Contains(words, former) || !strings.Contains(words, "until 2026-11-21T08:00:01Z") {
		t.Errorf("keys show says %s", words)
	}
	var list bytes.Buffer
	if err := printJSON(&list, shown); err != nil {
		t.Fatal(err)
	}
	keys := s.write("keys.json", list.Bytes())
	papers := map[string]string{"the older": s.write("older.json", older), "the newer": s.write("newer.json", newer)}
	for _, tc := range []struct {
		paper, trusts string
		args          []string
		code          int
	}{
		{"the older", former, nil, 0},
		{"the older", shown.PublicKey, nil, 1},
		{"the older", shown.PublicKey, []string{"--keys", keys}, 0},
		{"the older", former, []string{"--keys", keys}, 0},
		{"the newer", former, nil, 1},
		{"the newer", former, []string{"--keys", keys}, 0},
		{"the newer", shown.PublicKey, []string{"--keys", keys}, 0},
		{"the newer", newSigner(t).key, []string{"--keys", keys}, 1},
	} {
		code, out := s.verify(append([]string{papers[tc.paper], "--public-key", tc.trusts}, tc.args...)...)
		if code != tc.code || code == 0 != strings.Contains(out, "signed by the key that you trust") {
			t.Errorf("%s, by who trusts %.8s, %v: %d %s", tc.paper, tc.trusts, tc.args, code, out)
		}
	}
	if code, out := s.verify(papers["the older"], "--keys", keys); code != 2 || !strings.Contains(out, "--public-key") {
		t.Errorf("keys, and none that is trusted: %d %s", code, out)
	}
	if code, out := s.verify(papers["the older"], "--public-key", former, "--keys", papers["the older"]); code != 2 || !strings.Contains(out, "keys show") {
		t.Errorf("no list of keys: %d %s", code, out)
	}
}

// TestVerifyBelievesNoFormerKeyLater: a key that was given up, perhaps because
// it was stolen, signs nothing any more that says it is newer.
func TestVerifyBelievesNoFormerKeyLater(t *testing.T) {
	s := newSigner(t)
	s.events[1].At = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC) // of the certificate, a day behind the handover
	file := s.certificate(0)
	if _, err := s.keys.RenewSigning(); err != nil {
		t.Fatal(err)
	}
	shown, err := showKeys(s.keys)
	if err != nil {
		t.Fatal(err)
	}
	var list bytes.Buffer
	if err := printJSON(&list, shown); err != nil {
		t.Fatal(err)
	}
	keys := s.write("keys.json", list.Bytes())
	for _, trusts := range []string{s.key, shown.PublicKey} {
		if code, out := s.verify(file, "--public-key", trusts, "--keys", keys); code != 1 || !strings.Contains(out, "took the place of") {
			t.Errorf("by who trusts %.8s: %d %s", trusts, code, out)
		}
	}
}
