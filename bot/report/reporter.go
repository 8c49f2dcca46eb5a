package report

import (
	"cmp"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"

	"privacydesk/bot"
	"privacydesk/connectors"
)

//go:embed pages
var pages embed.FS

// Options of reports.
type Options struct {
	// RowsPerPage is how many rows of a collection its page shows; the CSV
	// file has all. 0 means 1,000.
	RowsPerPage int `yaml:"rows_per_page" default:"1000" min:"1" max:"100000" doc:"records of a collection that a report's page shows; its table for spreadsheets has all"`
	// Vendor is who holds the systems, as certificates and reports name it;
	// empty for "the service provider".
	// Statements are keyed by tenant.
	Statements map[string]Statement `yaml:"statements" doc:"what a tenant, as the controller, tells people in its reports beside the records; under the name of controller.tenant your own. Without one a tenant's report has nothing of the kind"`
	Vendor     string               `yaml:"vendor" doc:"your company, as reports and certificates name who holds the data; empty: the service provider"`
}

// Reporter is a bot.Reporter on a spool.
type Reporter struct {
	spool      bot.Spool
	keys       bot.Keys
	rows       int64
	vendor     string
	statements map[string]Statement
	pages      *template.Template
	style      template.CSS
	policy     string // the pages' content security policy
}

var _ bot.Reporter = (*Reporter)(nil)

// New makes a Reporter. keys signs manifests and certificates.
func New(spool bot.Spool, keys bot.Keys, o Options) (*Reporter, error) {
	if spool == nil || keys == nil {
		return nil, connectors.Said("report: a spool and keys are needed")
	}
	if o.RowsPerPage < 0 {
		return nil, connectors.Sayf(nil, "report: rows_per_page is %d; it must be 0 (for 1000) or more", o.RowsPerPage)
	}
	r := &Reporter{spool: spool, keys: keys, statements: o.Statements, rows: int64(cmp.Or(o.RowsPerPage, 1000)), vendor: cmp.Or(o.Vendor, "the service provider")}
	style, err := pages.ReadFile("pages/style.css")
	if err != nil {
		return nil, connectors.Sayf(err, "report")
	}
	r.style = template.CSS(style) // #nosec G203 -- our own file
	sum := sha256.Sum256(style)
	r.policy = "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
	r.pages, err = template.New("").Funcs(template.FuncMap{
		"visible": visible, "grouped": grouped, "method": methodText, "moment": moment,
		"collection": func(label, name string) string {
			return visible(collectionLabel(connectors.Collection{Name: name, Label: label}))
		},
		"outcome": func(o string) string { return outcomeText(bot.Outcome(o)) },
	}).ParseFS(pages, "pages/*.gohtml")
	if err != nil {
		return nil, connectors.Sayf(err, "report")
	}
	return r, nil
}

// Access implements bot.Reporter. In this order it counts, so that damaged
// records come to light first, prepares, and only then writes parts: a report
// that is too large leaves none.
func (r *Reporter) Access(ctx context.Context, in bot.ReportInput, partSize int64, maxParts int) ([]bot.SpoolFile, error) {
	if partSize <= 0 || maxParts <= 0 {
		return nil, connectors.Sayf(nil, "report: part size %d and %d parts; both must be above 0", partSize, maxParts)
	}
	a := newArchive(r, in, partSize, maxParts)
	defer a.discard(context.WithoutCancel(ctx))
	files, err := a.run(ctx)
	if err != nil {
		return nil, connectors.Sayf(err, "report: access report of %s", in.Case.ID)
	}
	return files, nil
}
