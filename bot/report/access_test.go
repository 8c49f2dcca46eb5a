package report

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"privacydesk/bot"
	"privacydesk/connectors"
)

func update() bool { f := flag.Lookup("update"); return f != nil && f.Value.String() == "true" }

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write the golden files anew")
	os.Exit(m.Run())
}

// small is a report with one of each thing.
func small(p *place) bot.ReportInput {
	crm := p.gather("crm", []data{
		{
			schema: connectors.Schema{
				Collection: "crm.customer",
				Columns:    []connectors.Column{{Name: "id"}, {Name: "email", Label: "E-mail address", Categories: []string{"user.contact.email"}}, {Name: "balance"}},
				Withheld:   []connectors.Column{{Name: "ssn", Label: "Social security number"}},
			},
			rows: [][]connectors.Cell{{num("42"), str(subject), num("-3.50")}, {num("43"), str("=cmd()"), {}}},
		},
		{schema: connectors.Schema{Collection: "crm.event", Columns: columns("id")}},
		{schema: connectors.Schema{Collection: "crm.half", Columns: columns("id")}, rows: [][]connectors.Cell{{num("1")}}, open: true},
	}, map[string]string{"Call 1.wav": "RIFF"})
	crm.Label = "Customer management"
	crm.Profile.Collections = []connectors.Collection{
		{
			Name: "crm.customer", Label: "Customers", Source: "typed in by the customer", Purpose: "to send mails", Retention: "3 years",
			Categories: []string{"user.contact.email", "user.name"}, ThirdParties: []string{"Mailer Inc."},
		},
		{Name: "crm.event", Label: "Events"},
	}
	crm.State.Notes = []string{"one recording was cut short by the vendor"}
	return input(crm,
		bot.ReportSystem{Name: "warehouse", Label: "Warehouse", Outcome: bot.OutcomeNothing},
		bot.ReportSystem{Name: "legacy", Label: "Old archive", Outcome: bot.OutcomeSkipped, State: bot.System{Skip: bot.ReasonNotSearched}},
	)
}

func TestGoldenArchive(t *testing.T) {
	p := openPlace(t, Options{Vendor: "Example Corp"})
	names := p.access(small(p), 1<<20, 1)
	if !slices.Equal(names, []string{"report/privacy-report-" + request + ".zip"}) {
		t.Fatalf("files %v", names)
	}
	entries := p.unpack(names[0])
	var got bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		entries[name] = strings.Replace(entries[name], string(p.report.style), "…", 1)
		fmt.Fprintf(&got, "=== %s\n%s\n", name, strings.ReplaceAll(entries[name], "\r", "␍"))
	}
	golden := filepath.Join("testdata", "small.golden")
	if update() {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(entries["index.html"], "not complete") || !strings.Contains(entries["index.html"], "Old archive") {
		t.Error("the index does not say what is missing")
	}
	if entries["data/crm/crm.half.csv"] != "" || strings.Contains(entries["report.json"], `"name":"crm.half"`) {
		t.Error("a table that was not closed is in the report")
	}
}

// TestRule12_SameDataSameBytes makes a report twice, in other folders and with
// other salts, and once with nothing found.
func TestRule12_SameDataSameBytes(t *testing.T) {
	make1 := func() []byte {
		p := openPlace(t, Options{})
		s := p.gather("crm", []data{people(3000)}, nil)
		in := input(s)
		first := p.read(p.access(in, 1<<30, 1)[0])
		if again := p.read(p.access(in, 1<<30, 1)[0]); !bytes.Equal(first, again) {
			t.Error("made again in the same place, the report differs")
		}
		return first
	}
	once := make1()
	for _, procs := range []int{1, 3, 16} {
		before := runtime.GOMAXPROCS(procs)
		if !bytes.Equal(once, make1()) {
			t.Errorf("made again elsewhere by %d processors, the report differs", procs)
		}
		runtime.GOMAXPROCS(before)
	}
	p := openPlace(t, Options{})
	if n := len(p.unpack(p.access(input(), 1<<20, 1)[0])); n != 3 {
		t.Errorf("an empty report has %d entries: index, report.json and manifest are wanted", n)
	}
}

type reportJSON struct {
	Schema  string
	Part    int
	Systems []struct {
		Name        string
		Collections []struct {
			Name     string
			Columns  []connectors.Column
			FirstRow int64 `json:"first_row"`
			Rows     [][]any
			RowCount int64 `json:"row_count"`
		}
		Media []struct {
			File string
			Size int64
		}
	}
}

// TestParts packs a report into parts of several sizes: all hold together what
// one would, each opens on its own, and none is too large.
func TestParts(t *testing.T) {
	p := openPlace(t, Options{RowsPerPage: 10})
	const rows = 4000
	in := input(p.gather("crm", []data{people(rows)}, nil), p.gather("calls", nil, map[string]string{"a.wav": strings.Repeat("x", 20000)}),
		p.gather("tiny", []data{{schema: connectors.Schema{Collection: "tiny.t", Columns: columns("a")}, rows: [][]connectors.Cell{{str("")}, {{}}}}}, nil))
	whole := p.unpack(p.access(in, 1<<30, 1)[0])
	for _, size := range []int64{45_000, 60_000, 100_000} {
		names := p.access(in, size, 100)
		if len(names) < 2 {
			t.Fatalf("%d parts of %d bytes", len(names), size)
		}
		var people []string
		next, files := int64(1), 0
		for i, name := range names {
			entries := p.unpack(name)
			if want := fmt.Sprintf("part %d of %d", i+1, len(names)); !strings.Contains(entries["index.html"], want) {
				t.Errorf("%s does not say %q", name, want)
			}
			var r reportJSON
			if err := json.Unmarshal([]byte(entries["report.json"]), &r); err != nil || r.Schema != reportSchema || r.Part != i+1 {
				t.Fatalf("%s: report.json: %v, part %d", name, err, r.Part)
			}
			for _, s := range r.Systems {
				files += len(s.Media)
				for _, c := range s.Collections {
					if c.RowCount != int64(len(c.Rows)) {
						t.Fatalf("%s says %d rows and has %d", c.Name, c.RowCount, len(c.Rows))
					}
					if c.Name == "crm.person" {
						if c.FirstRow != next {
							t.Fatalf("part %d begins with row %d, not %d", i+1, c.FirstRow, next)
						}
						next += c.RowCount
					}
				}
			}
			for _, entry := range slices.Sorted(maps.Keys(entries)) {
				if strings.HasPrefix(entry, "data/crm/") {
					_, rest, _ := strings.Cut(entries[entry], "\r\n")
					people = append(people, rest)
				}
			}
		}
		_, want, _ := strings.Cut(whole["data/crm/crm.person.csv"], "\r\n")
		if next != rows+1 || files != 1 || strings.Join(people, "") != want {
			t.Fatalf("parts of %d bytes: %d rows, %d files, CSV equal %v", size, next-1, files, strings.Join(people, "") == want)
		}
	}
	left, err := p.spool.List(context.Background(), request)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range left {
		if strings.HasPrefix(f.Name, "work/") {
			t.Errorf("%s was left behind", f.Name)
		}
	}
}

func TestTooLarge(t *testing.T) {
	p := openPlace(t, Options{})
	in := input(p.gather("crm", []data{people(4000)}, nil))
	for name, c := range map[string]struct {
		size  int64
		parts int
	}{"too many parts": {60_000, 2}, "a row larger than a part": {9_000, 50}} {
		_, err := p.report.Access(context.Background(), in, c.size, c.parts)
		if !errors.Is(err, bot.ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	in = input(p.gather("calls", nil, map[string]string{"a.wav": strings.Repeat("x", 100_000)}))
	if _, err := p.report.Access(context.Background(), in, 90_000, 9); !errors.Is(err, bot.ErrTooLarge) {
		t.Errorf("a file larger than a part: %v", err)
	}
	list, err := p.spool.List(context.Background(), request)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		if !strings.HasPrefix(f.Name, "gather/") {
			t.Errorf("%s was left behind", f.Name)
		}
	}
}

// TestRoundTrip gathers anything and finds all of it in CSV and JSON.
func TestRoundTrip(t *testing.T) {
	p := openPlace(t, Options{RowsPerPage: 3})
	p.useMemory()
	rapid.Check(t, func(rt *rapid.T) {
		var tables []data
		for i := range rapid.IntRange(0, 3).Draw(rt, "tables") {
			width := rapid.IntRange(1, 4).Draw(rt, "width")
			d := data{schema: connectors.Schema{Collection: fmt.Sprintf("s.t%d", i), Columns: columns([]string{"=a", "b", "c,", "d"}[:width]...)}}
			for range rapid.IntRange(0, 12).Draw(rt, "rows") {
				var row []connectors.Cell
				for range width {
					row = append(row, anyCell(rt))
				}
				d.rows = append(d.rows, row)
			}
			tables = append(tables, d)
		}
		entries := p.unpack(p.access(input(p.gather("s", tables, nil)), 1<<24, 1)[0])
		var r reportJSON
		dec := json.NewDecoder(strings.NewReader(entries["report.json"]))
		dec.UseNumber()
		if err := dec.Decode(&r); err != nil {
			rt.Fatal(err)
		}
		n := 0
		for _, d := range tables {
			if len(d.rows) == 0 {
				continue
			}
			c := r.Systems[0].Collections[n]
			n++
			body, ok := strings.CutPrefix(entries["data/s/"+d.schema.Collection+".csv"], "\ufeff")
			records, err := csv.NewReader(strings.NewReader(body)).ReadAll()
			if err != nil || !ok || len(records) != len(d.rows)+1 || len(c.Rows) != len(d.rows) {
				rt.Fatalf("%d rows became %d in CSV and %d in JSON: %v", len(d.rows), len(records)-1, len(c.Rows), err)
			}
			for i, row := range d.rows {
				for j, cell := range row {
					var want any
					if err := decodeNumber(appendJSON(nil, cell), &want); err != nil {
						rt.Fatal(err)
					}
					if diff := cmp.Diff(want, c.Rows[i][j]); diff != "" {
						rt.Fatal(diff)
					}
				}
			}
		}
	})
}

func decodeNumber(raw []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	return dec.Decode(into)
}

// TestDamagedRecords: nothing is shown as whole that is not.
func TestDamagedRecords(t *testing.T) {
	p := openPlace(t, Options{})
	sys := p.gather("crm", []data{people(10)}, nil)
	for name, change := range map[string]func(*bot.ReportSystem){
		"another system's":       func(s *bot.ReportSystem) { s.Name = "warehouse" },
		"fewer than recorded":    func(s *bot.ReportSystem) { s.State.Sets = []bot.Tally{{Collection: "crm.person", Gathered: 11}} },
		"a collection less":      func(s *bot.ReportSystem) { s.State.Sets = []bot.Tally{{Collection: "crm.gone", Gathered: 1}} },
		"a file that is missing": func(s *bot.ReportSystem) { s.State.Gather = "gather/crm/2" },
	} {
		bad := sys
		change(&bad)
		if _, err := p.report.Access(context.Background(), input(bad), 1<<30, 1); err == nil || strings.Contains(err.Error(), subject) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w, err := p.spool.Create(context.Background(), request, "gather/crm/3")
	if err != nil {
		t.Fatal(err)
	}
	whole := p.read(sys.State.Gather)
	if _, err := w.Write(whole[:len(whole)-frameHead]); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	sys.State.Gather = "gather/crm/3"
	if _, err := p.report.Access(context.Background(), input(sys), 1<<30, 1); !errors.Is(err, errFrames) {
		t.Errorf("records without an end: %v", err)
	}
}

func TestCancelledAccessLeavesNothing(t *testing.T) {
	p := openPlace(t, Options{})
	in := input(p.gather("crm", []data{people(5000)}, nil))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := p.report.Access(ctx, in, 1<<30, 1); !errors.Is(err, context.Canceled) {
		t.Fatalf("cancelled: %v", err)
	}
}
