package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/connectors"
)

func TestNamesAreReadAloud(t *testing.T) {
	for _, c := range []struct{ label, name, want string }{
		{"", "created_at", "Created at"},
		{"created_at", "created_at", "Created at"},
		{"E-mail", "email", "E-mail"},
		{"", "id", "Id"},
		{"", "größe", "Größe"},
		{"", "_", "_"},
		{"", "", ""},
	} {
		if got := aloud(c.label, c.name); got != c.want {
			t.Errorf("%q, %q became %q, not %q", c.label, c.name, got, c.want)
		}
	}
	if got := collectionLabel(connectors.Collection{Name: "crm.sales_order", Label: "sales_order"}); got != "Sales order" {
		t.Errorf("collection %q", got)
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -100: "-100"} {
		if got := grouped(n); got != want {
			t.Errorf("%d became %q", n, got)
		}
	}
	for n, want := range map[int64]string{4: "4 bytes", 20_000: "20.0 kB", 3_000_000: "3 MB", 2_540_000: "2.5 MB"} {
		if got := sizeText(n); got != want {
			t.Errorf("%d became %q", n, got)
		}
	}
}

// TestWideRecordsAreShownOneByOne: ten thousand columns side by side can be
// neither read nor printed.
func TestWideRecordsAreShownOneByOne(t *testing.T) {
	p := openPlace(t, Options{})
	d := data{schema: connectors.Schema{Collection: "w.wide"}}
	rows := make([][]connectors.Cell, 3)
	for i := range 10_000 {
		d.schema.Columns = append(d.schema.Columns, connectors.Column{Name: fmt.Sprintf("<field_%d>", i)})
		for r := range rows {
			rows[r] = append(rows[r], str(fmt.Sprintf("<value %d of %d>", i, r)))
		}
	}
	d.rows = rows
	entries := p.unpack(p.access(input(p.gather("w", []data{d}, nil)), 1<<24, 1)[0])
	page := entries["systems/w.html"]
	for _, want := range []string{"<h3>Record 1</h3>", "<h3>Record 3</h3>", "<dt>&lt;field 9999&gt;</dt><dd dir=\"auto\">&lt;value 9999 of 2&gt;</dd>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, "<table") || strings.Contains(page, "</table") || strings.Count(page, "<dl") != strings.Count(page, "</dl>") {
		t.Error("the page mixes tables and lists")
	}
	if got := strings.Count(entries["data/w/w.wide.csv"], ","); got != 4*9_999 {
		t.Errorf("the CSV has %d commas", got)
	}
	// In parts the numbers go on.
	numbered := ""
	for _, name := range p.access(input(p.gather("w", []data{widish(3000)}, nil)), 100_000, 50) {
		for entry, body := range p.unpack(name) {
			if strings.HasPrefix(entry, "systems/") {
				numbered += body
			}
		}
	}
	for _, want := range []string{"<h3>Record 1</h3>", "<h3>Record 3000</h3>"} {
		if strings.Count(numbered, want) != 1 {
			t.Errorf("%q is there %d times", want, strings.Count(numbered, want))
		}
	}
}

func widish(n int) data {
	d := data{schema: connectors.Schema{Collection: "w.t", Columns: columns("a", "b", "c", "d", "e", "f", "g", "h", "i")}}
	for i := range n {
		var row []connectors.Cell
		for c := range d.schema.Columns {
			row = append(row, str(fmt.Sprintf("%x", (i*31+c)*2654435761)))
		}
		d.rows = append(d.rows, row)
	}
	return d
}

// TestFilesAloneAreSomething: a system that holds recordings and no rows is
// not said to hold nothing.
func TestFilesAloneAreSomething(t *testing.T) {
	p := openPlace(t, Options{})
	index := p.unpack(p.access(input(p.gather("calls", nil, map[string]string{"a.wav": "RIFF"})), 1<<20, 1)[0])["index.html"]
	if strings.Contains(index, "No records") || !strings.Contains(index, `>Files</th>`) {
		t.Error("the index says that nothing was found")
	}
}

// TestCertificateNamesBackupsAndVendor, as far as somebody configured it.
func TestCertificateNamesBackupsAndVendor(t *testing.T) {
	p := openPlace(t, Options{Vendor: "Example Corp"})
	body, page := p.certify(erased(func(in *bot.ReportInput) { in.Systems[0].BackupsFor = 35 * 24 * time.Hour }))
	c := decodeCertificate(t, body)
	if c.Vendor != "Example Corp" || c.Systems[0].BackupsExpire != "2026-12-29T01:02:03Z" || !strings.Contains(c.Notices, "not part of this certificate") {
		t.Errorf("vendor %q, backups %q, notices %q", c.Vendor, c.Systems[0].BackupsExpire, c.Notices)
	}
	for _, want := range []string{"Example Corp", "expire by 29 December 2026", "24 November 2026, 01:02 UTC", "retain: legal obligation", "Came later", "says nothing about backups"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(string(page), "Aggregated</th>") {
		t.Error("a column of zeros alone is shown")
	}
	body, page = p.certify(erased(nil))
	if decodeCertificate(t, body).Systems[0].BackupsExpire != "" || strings.Contains(string(page), "expire by") {
		t.Error("nobody said how long backups last")
	}
}
