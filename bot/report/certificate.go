package report

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"privacydesk/bot"
	"privacydesk/connectors"
)

const certificateSchema = "privacydesk/certificate/1"

// What a certificate never implies is said in it.
const (
	backupsText = "This certificate says nothing about backups and archives. A person's data in them may last until they expire, or until they are next used; what is restored has to be erased again (11 CCR §7022(d))."
	noticesText = "Third parties are those that the data map names. Whether they were told to delete, and did, is not part of this certificate."
	chainText   = "The chain's head shows that the recorded events are whole and in order. That nothing was missed is shown by the search after the erasing alone."
)

// certificate is what was done, free of the person's address: the pseudonym
// is an HMAC under a key of the tenant, and means nothing once that is
// destroyed.
type certificate struct {
	Schema   string        `json:"schema"`
	Vendor   string        `json:"vendor"`
	Request  string        `json:"request"`
	Ticket   int64         `json:"ticket"`
	Kind     string        `json:"kind"`
	Tenant   string        `json:"tenant"`
	Subject  bot.Pseudonym `json:"subject"`
	Complete bool          `json:"complete"`
	Summary  string        `json:"summary"`
	// Attested is how the customer said that they verified the person's request;
	// empty where they did not.
	Attested string `json:"attested,omitempty"`
	// Law is the one under which the person asked, where it is known.
	Law     string              `json:"law,omitempty"`
	Times   certificateTimes    `json:"times"`
	Systems []certificateSystem `json:"systems"`
	Further string              `json:"further,omitempty"`
	// Integrations are the customer's that write into the systems and were not
	// erased.
	Integrations []string         `json:"integrations,omitempty"`
	Backups      string           `json:"backups"`
	Notices      string           `json:"notices"`
	Chain        certificateChain `json:"chain"`
	Software     string           `json:"software"`
}

type certificateTimes struct {
	Arrived  string `json:"arrived"`
	Accepted string `json:"accepted,omitempty"`
	Due      string `json:"due,omitempty"`
	Approved string `json:"approved,omitempty"`
	// ApprovedBy is the operator who approved, as the command was told.
	ApprovedBy string `json:"approved_by,omitempty"`
	Begun      string `json:"begun,omitempty"`
	Made       string `json:"made"`
}

type certificateChain struct {
	Events int64  `json:"events"`
	Head   string `json:"head"`
	Means  string `json:"means"`
}

// certificateSystem is one system. Rescan is "clean", "records_left" or
// "not_done".
type certificateSystem struct {
	Name        string `json:"name"`
	Label       string `json:"label"`
	Outcome     string `json:"outcome"`
	Reason      string `json:"reason,omitempty"`
	Map         string `json:"map,omitempty"`
	Rescan      string `json:"rescan"`
	RescannedAt string `json:"rescanned_at,omitempty"`
	// Rescans are the searches some time after the erasing.
	Rescans      []certificateRescan `json:"rescans,omitempty"`
	Notes        []string            `json:"notes,omitempty"`
	ThirdParties []string            `json:"third_parties,omitempty"`
	// LeftOut is what the system holds beside, and was by somebody's decision
	// neither searched nor erased.
	LeftOut []string `json:"left_out,omitempty"`
	// Keeps says what the system's engine keeps of erased records, and for how
	// long, as far as can be told.
	Keeps []string `json:"keeps,omitempty"`
	// BackupsExpire is by when the system's backups from before the erasing
	// are gone, as the configuration says; empty where it says nothing.
	BackupsExpire string           `json:"backups_expire,omitempty"`
	Collections   []certificateSet `json:"collections"`
}

// certificateRescan is a search some time after the erasing: how many records
// had come back. They were erased again.
type certificateRescan struct {
	At       string `json:"at"`
	Returned int64  `json:"returned"`
}

type certificateSet struct {
	Name         string            `json:"name"`
	Label        string            `json:"label,omitempty"`
	Method       string            `json:"method"`
	Exception    string            `json:"exception,omitempty"`
	Before       connectors.Counts `json:"before"`
	After        connectors.Counts `json:"after"`
	Late         int64             `json:"late"`
	Deleted      int64             `json:"deleted"`
	Deidentified int64             `json:"deidentified"`
	Aggregated   int64             `json:"aggregated"`
	Retained     int64             `json:"retained"`
	Cleared      int64             `json:"cleared,omitempty"`
	Left         int64             `json:"left"`
}

// Rescans.
const (
	rescanClean = "clean"
	rescanLeft  = "records_left"
	rescanNone  = "not_done"
)

// Certificate implements bot.Reporter.
func (r *Reporter) Certificate(ctx context.Context, in bot.ReportInput) ([]bot.SpoolFile, error) {
	files, err := r.certificate(ctx, in)
	if err != nil {
		return nil, connectors.Sayf(err, "report: certificate of %s", in.Case.ID)
	}
	return files, nil
}

func (r *Reporter) certificate(ctx context.Context, in bot.ReportInput) ([]bot.SpoolFile, error) {
	if in.Case.Kind != bot.KindDelete {
		return nil, connectors.Sayf(nil, "the request is of kind %q; only deletes are certified", in.Case.Kind)
	}
	if !isChainHead(in.Case.Head) || in.Case.Seq < 1 {
		return nil, connectors.Said("the record bears no ledger; nothing could be proven")
	}
	cert := newCertificate(in)
	cert.Vendor = r.vendor
	body, sig, err := r.sign(cert)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(in.Addresses(), func(address string) bool { return names(body, address) }) {
		// A label, note or reason named the person: better none than that.
		return nil, connectors.Said("it would name the person; find out which connector's note, label or reason does")
	}
	sum := sha256.Sum256(body)
	page, err := r.certificatePage(cert, sig, hex.EncodeToString(sum[:]))
	if err != nil {
		return nil, err
	}
	var files []bot.SpoolFile
	for _, f := range []struct {
		name string
		body []byte
	}{{"report/certificate.json", body}, {"report/certificate.html", page}} {
		file, err := r.write(ctx, in.Case.ID, f.name, f.body)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// names tells whether a JSON document contains the address, as JSON spells it.
func names(body []byte, address string) bool {
	spelt, err := json.Marshal(address)
	if err != nil {
		panic(fmt.Sprintf("report: a string does not encode: %v", err))
	}
	spelt = bytes.ToLower(spelt[1 : len(spelt)-1])
	return len(spelt) > 0 && bytes.Contains(bytes.ToLower(body), spelt)
}

func (r *Reporter) write(ctx context.Context, request, name string, body []byte) (bot.SpoolFile, error) {
	w, err := r.spool.Create(ctx, request, name)
	if err != nil {
		return bot.SpoolFile{}, err
	}
	defer w.Discard()
	if _, err := w.Write(body); err != nil {
		return bot.SpoolFile{}, err
	}
	return w.Commit()
}

func newCertificate(in bot.ReportInput) certificate {
	c := in.Case
	cert := certificate{
		Schema: certificateSchema, Request: c.ID, Ticket: c.Ticket, Kind: string(c.Kind), Tenant: c.Tenant,
		Subject: c.Pseudonym, Backups: backupsText, Notices: noticesText, Software: in.Version, Attested: c.Attested, Law: string(c.Law), Integrations: c.Integrations,
		Times: certificateTimes{
			Arrived: stamp(c.Arrived), Accepted: stamp(c.Accepted), Due: stamp(c.Due), Begun: stamp(c.Begun), Made: stamp(in.At),
		},
		Chain:   certificateChain{Events: c.Seq, Head: c.Head, Means: chainText},
		Systems: make([]certificateSystem, 0, len(in.Systems)),
		Further: further(in.Planned),
	}
	if c.Approval != nil {
		cert.Times.Approved, cert.Times.ApprovedBy = stamp(c.Approval.At), c.Approval.By
	}
	open := 0
	for _, s := range in.Systems {
		cs := newCertificateSystem(s)
		if cs.Rescan != rescanClean {
			open++
		}
		cert.Systems = append(cert.Systems, cs)
	}
	cert.Complete = open == 0 && len(in.Systems) > 0
	cert.Summary = summary(open, len(in.Systems), cert.retained())
	return cert
}

// further announces the searches that follow the certificate.
func further(after []time.Duration) string {
	if len(after) == 0 {
		return ""
	}
	var times []string
	for _, d := range after {
		text := strings.NewReplacer("h0m0s", "h", "m0s", "m").Replace(d.String())
		times = append(times, text)
	}
	return "The systems are searched again " + strings.Join(times, " and ") + " after the erasing, which is after this certificate was made. " +
		"What a synchronisation brings back until then is recorded in the ledger and told to the vendor's staff; it is not erased without a new request."
}

func (c *certificate) retained() int64 {
	var n int64
	for _, s := range c.Systems {
		for _, set := range s.Collections {
			n += set.Retained
		}
	}
	return n
}

func summary(open, all int, retained int64) string {
	var text string
	switch {
	case all == 0:
		return "No system is in scope; nothing was erased."
	case open > 0:
		text = fmt.Sprintf("The person's data is NOT fully gone: %d of %d systems were not searched, not erased or not found clean afterwards.", open, all)
	default:
		text = fmt.Sprintf("All %d systems were searched again after the erasing, and nothing that was to be erased was found.", all)
	}
	if retained == 1 {
		text += " 1 record is retained under an exception."
	} else if retained > 1 {
		text += fmt.Sprintf(" %d records are retained under an exception.", retained)
	}
	return text
}

func newCertificateSystem(s bot.ReportSystem) certificateSystem {
	cs := certificateSystem{
		Name: s.Name, Label: cmp.Or(s.Label, s.Name), Outcome: string(s.Outcome), Reason: reasonOf(s),
		Map: s.State.Map, Notes: s.State.Notes, Rescan: rescan(s), LeftOut: leftOut(s.Profile), Keeps: s.State.Keeps,
		Collections: []certificateSet{},
	}
	if cs.Rescan != rescanNone {
		cs.RescannedAt = stamp(s.State.Run.Ended)
		if s.BackupsFor > 0 && !s.State.Run.Ended.IsZero() {
			cs.BackupsExpire = stamp(s.State.Run.Ended.Add(s.BackupsFor))
		}
	}
	for _, r := range s.State.Rescans {
		if r.Failed == "" {
			cs.Rescans = append(cs.Rescans, certificateRescan{At: stamp(r.At), Returned: r.Total()})
		}
	}
	for _, c := range s.Profile.Collections {
		cs.ThirdParties = append(cs.ThirdParties, c.ThirdParties...)
	}
	slices.Sort(cs.ThirdParties)
	cs.ThirdParties = slices.Compact(cs.ThirdParties)
	for _, t := range s.State.Sets {
		cs.Collections = append(cs.Collections, newCertificateSet(s, t))
	}
	return cs
}

// rescan says what the last search found. Only a finished verification counts.
func rescan(s bot.ReportSystem) string {
	switch {
	case s.State.Skip != "", !s.State.Verified, s.State.Run.State != bot.RunDone:
		return rescanNone
	case s.State.Run.Stage != bot.StageVerify && s.State.Run.Stage != bot.StageRescan:
		return rescanNone
	}
	for _, t := range s.State.Sets {
		if left(t) > 0 {
			return rescanLeft
		}
	}
	return rescanClean
}

// left are records that are neither gone nor retained, whatever the action.
func left(t bot.Tally) int64 {
	if t.Action == connectors.ActionRetain {
		return 0
	}
	return t.After.Rows
}

func newCertificateSet(s bot.ReportSystem, t bot.Tally) certificateSet {
	totals := t.Totals(s.State.Verified)
	set := certificateSet{
		Name: t.Collection, Method: string(t.Action), Exception: t.Exception, Before: t.Before, After: t.After, Late: t.Late,
		Deleted: totals.Deleted, Deidentified: totals.Deidentified, Aggregated: totals.Aggregated,
		Retained: totals.Retained, Cleared: totals.Cleared, Left: left(t),
	}
	if t.Action == connectors.ActionNone {
		set.Method = "none"
	}
	for _, c := range s.Profile.Collections {
		if c.Name == t.Collection {
			set.Label = c.Label
		}
	}
	return set
}

// isChainHead is true for a SHA-256 in lower-case hex.
func isChainHead(s string) bool {
	raw, err := hex.DecodeString(s)
	return err == nil && len(raw) == sha256.Size && s == hex.EncodeToString(raw)
}

type certificateView struct {
	head
	certificate
	KeyID, FileSHA256 string
}

// certificateColumns are those of which there is more than zeros.
type certificateColumns struct{ Late, Deidentified, Aggregated, Retained, Shared, Cleared bool }

// Shown are the columns of a system's table.
func (s certificateSystem) Shown() (out certificateColumns) {
	for _, set := range s.Collections {
		out.Late = out.Late || set.Late > 0
		out.Deidentified = out.Deidentified || set.Deidentified > 0
		out.Aggregated = out.Aggregated || set.Aggregated > 0
		out.Retained = out.Retained || set.Retained > 0
		out.Shared = out.Shared || set.After.Shared > 0
		out.Cleared = out.Cleared || set.Cleared > 0
	}
	return out
}

// Shown are the columns that any of its tables has.
func (c certificate) Shown() (out certificateColumns) {
	for _, s := range c.Systems {
		of := s.Shown()
		out = certificateColumns{
			out.Late || of.Late, out.Deidentified || of.Deidentified, out.Aggregated || of.Aggregated,
			out.Retained || of.Retained, out.Shared || of.Shared, out.Cleared || of.Cleared,
		}
	}
	return out
}

func (r *Reporter) certificatePage(c certificate, sig bot.Signature, sum string) ([]byte, error) {
	var out bytes.Buffer
	err := r.pages.ExecuteTemplate(&out, "certificate", certificateView{
		head: r.head("Certificate of erasure"), certificate: c, KeyID: sig.KeyID, FileSHA256: sum,
	})
	return out.Bytes(), err
}
