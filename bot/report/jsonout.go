package report

import (
	"encoding/json"
	"fmt"
	"time"

	"privacydesk/connectors"
)

// reportSchema is the version of report.json. Fields may be added under the
// same number; nothing is renamed or removed.
const reportSchema = "privacydesk/report/1"

// jsonHeadFields begin report.json, in this order.
type jsonHeadFields struct {
	Schema    string `json:"schema"`
	Request   string `json:"request"`
	Ticket    int64  `json:"ticket"`
	Kind      string `json:"kind"`
	Tenant    string `json:"tenant"`
	Subject   string `json:"subject"`
	Reference string `json:"reference,omitempty"`
	Range     string `json:"range"`
	Asked     string `json:"asked"`
	Made      string `json:"made"`
	Part      int    `json:"part"`
	Software  string `json:"software"`
}

type jsonSystemFields struct {
	Name     string   `json:"name"`
	Label    string   `json:"label"`
	Outcome  string   `json:"outcome"`
	Searched bool     `json:"searched"`
	Reason   string   `json:"reason,omitempty"`
	Found    int64    `json:"found"`
	Gathered int64    `json:"gathered"`
	Notes    []string `json:"notes,omitempty"`
}

type jsonTableFields struct {
	Name       string              `json:"name"`
	Label      string              `json:"label,omitempty"`
	Source     string              `json:"source,omitempty"`
	Purpose    string              `json:"purpose,omitempty"`
	Retention  string              `json:"retention,omitempty"`
	Recipients []string            `json:"recipients,omitempty"`
	Categories []category          `json:"categories,omitempty"`
	Columns    []connectors.Column `json:"columns,omitempty"`
	Withheld   []connectors.Column `json:"withheld,omitempty"`
	FirstRow   int64               `json:"first_row"`
}

// open encodes v and leaves its object open for a list under the given name.
func open(v any, list string) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		// Plain structs of strings and numbers always encode.
		panic(fmt.Sprintf("report: %T does not encode: %v", v, err))
	}
	body = body[:len(body)-1]
	return fmt.Appendf(body, ",%q:[", list)
}

func (a *archive) jsonHead() []byte {
	c := a.in.Case
	return open(jsonHeadFields{
		Schema: reportSchema, Request: c.ID, Ticket: c.Ticket, Kind: string(c.Kind), Tenant: c.Tenant,
		Subject: a.in.Subject, Reference: a.in.Reference, Range: "all",
		Asked: stamp(c.Arrived), Made: stamp(a.in.At), Part: a.cur.number, Software: a.in.Version,
	}, "systems")
}

func (a *archive) jsonSystem(s *systemData) []byte {
	t := s.State.Totals()
	body := open(jsonSystemFields{
		Name: s.Name, Label: s.Label, Outcome: string(s.Outcome), Searched: searched(s.Outcome), Reason: reasonOf(s.ReportSystem),
		Found: t.Found, Gathered: t.Gathered, Notes: s.notes(),
	}, "collections")
	return append(separator(a.inSystems), body...)
}

func (a *archive) jsonSystemEnd() []byte {
	out := []byte("\n],\"media\":[")
	for i, m := range a.media {
		out = append(out, separator(i)...)
		out = append(out, a.jsonMedia(m)...)
	}
	return append(out, "]}"...)
}

func (a *archive) jsonMedia(m mediaRef) []byte {
	body, err := json.Marshal(struct {
		File        string `json:"file"`
		Collection  string `json:"collection"`
		Label       string `json:"label,omitempty"`
		Name        string `json:"name"`
		ContentType string `json:"content_type"`
		mediaEnd
	}{m.File, m.Collection, m.Label, m.Name, m.ContentType, m.mediaEnd})
	if err != nil {
		panic(fmt.Sprintf("report: plain strings do not encode: %v", err))
	}
	return body
}

func (a *archive) jsonTable(c connectors.Collection, t *tableInfo, first int64) []byte {
	body := open(jsonTableFields{
		Name: t.schema.Collection, Label: c.Label, Source: c.Source, Purpose: c.Purpose, Retention: c.Retention,
		Recipients: c.ThirdParties, Categories: categories(c.Categories),
		Columns: t.schema.Columns, Withheld: t.schema.Withheld, FirstRow: first,
	}, "rows")
	return append(separator(a.inTables), body...)
}

func separator(before int) []byte {
	if before > 0 {
		return []byte(",\n")
	}
	return []byte("\n")
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
