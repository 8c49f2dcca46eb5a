package world

import (
	"context"
	"encoding/json"
	"io"

	"privacydesk/bot"
	"privacydesk/connectors"
)

// Reporter writes plain JSON into the spool: what the engine's tests look at.
type Reporter struct{ Spool bot.Spool }

type gatherSink struct {
	w    bot.SpoolWriter
	name string
	rows map[string]int64
}

type gatherTable struct {
	s          *gatherSink
	collection string
}

// Sink takes rows for one attempt.
func (r Reporter) Sink(ctx context.Context, request, system, attempt string) (bot.GatherSink, error) {
	name := "gather/" + system + "/" + attempt
	w, err := r.Spool.Create(ctx, request, name)
	if err != nil {
		return nil, err
	}
	return &gatherSink{w, name, map[string]int64{}}, nil
}

func (s *gatherSink) Table(_ context.Context, schema connectors.Schema) (connectors.Table, error) {
	return gatherTable{s, schema.Collection}, nil
}

func (s *gatherSink) Media(context.Context, connectors.Media, io.Reader) error { return nil }

func (t gatherTable) Row(cells []connectors.Cell) error {
	t.s.rows[t.collection]++
	texts := make([]string, len(cells))
	for i, c := range cells {
		texts[i] = string(c.Text)
	}
	return json.NewEncoder(t.s.w).Encode(texts)
}

func (t gatherTable) Close() error { return nil }

func (s *gatherSink) Commit(context.Context) (string, map[string]int64, error) {
	_, err := s.w.Commit()
	return s.name, s.rows, err
}

func (s *gatherSink) Discard() { s.w.Discard() }

// Access joins the gathered rows.
func (r Reporter) Access(ctx context.Context, in bot.ReportInput, _ int64, _ int) ([]bot.SpoolFile, error) {
	return r.write(ctx, in, "report/report.zip")
}

// Certificate writes what happened.
func (r Reporter) Certificate(ctx context.Context, in bot.ReportInput) ([]bot.SpoolFile, error) {
	return r.write(ctx, in, "report/certificate.json")
}

func (r Reporter) write(ctx context.Context, in bot.ReportInput, name string) ([]bot.SpoolFile, error) {
	w, err := r.Spool.Create(ctx, in.Case.ID, name)
	if err != nil {
		return nil, err
	}
	defer w.Discard()
	for _, s := range in.Systems {
		if err := json.NewEncoder(w).Encode(map[string]any{"system": s.Name, "outcome": s.Outcome}); err != nil {
			return nil, err
		}
		if s.State.Gather == "" {
			continue
		}
		rows, err := r.Spool.Open(ctx, in.Case.ID, s.State.Gather)
		if err != nil {
			return nil, err
		}
		_, err = io.Copy(w, rows)
		if cerr := rows.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return nil, err
		}
	}
	f, err := w.Commit()
	return []bot.SpoolFile{f}, err
}
