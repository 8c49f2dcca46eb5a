package sqldb

import (
	"context"
	"slices"
	"strings"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
	"privacydesk/connectors/walk"
)

// A server may call different texts equal, and its foreign keys go by that.
// Such keys are searched as the server compares, and each row that it
// gives is compared in Go by the same folding. Where that isn't known of a
// text, nothing is guessed: see doubt.

// foldText is how a server compares texts of a column: by what the function
// returns. It is false for a text of which that is not known.
type foldText func(string) (string, bool)

// folding is how a foreign key on the column, or to it, compares, and the
// column whose rules those are: it may go by its parent's. It is nil where
// texts are equal if their bytes are, and where no foreign key watches: what
// merely looks alike is somebody else's.
func (v *visit) folding(t *table, c *column) (foldText, *column) {
	for _, k := range t.outgoing {
		if i := slices.Index(k.columns, c.name); i >= 0 {
			if p := k.to.column(k.references[i]); p != nil && v.d.fold(p) != nil {
				return v.d.fold(p), p
			}
			return v.d.fold(c), c
		}
	}
	for _, k := range t.incoming {
		if slices.Contains(k.references, c.name) {
			return v.d.fold(c), c
		}
	}
	return nil, nil
}

// plainASCII: what is printable and of ASCII, collations agree on.
func plainASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

func unknownFold(string) (string, bool) { return "", false }

func foldASCII(s string) (string, bool) { return lowerASCII(s), plainASCII(s) }

func foldPadded(s string) (string, bool) { return strings.TrimRight(s, " "), true }

// keyFold is the folding of a key, of one column or several; nil if the server
// compares all of them by their bytes.
func (v *visit) keyFold(p place, columns []*column) walk.Fold {
	folds := make([]foldText, len(columns))
	looser := false
	for i, c := range columns {
		folds[i], _ = v.folding(p.t, c)
		looser = looser || folds[i] != nil
	}
	if !looser {
		return nil
	}
	return func(value connectors.Value) (connectors.Value, bool) {
		parts := []connectors.Value{value}
		if len(folds) > 1 {
			var ok bool
			if parts, ok = walk.Split(value); !ok || len(parts) != len(folds) {
				return value, false
			}
		}
		for i, fold := range folds {
			if fold == nil || parts[i].Kind() != connectors.KindText {
				continue
			}
			text, known := fold(parts[i].Raw())
			if !known {
				return value, false
			}
			// A mark, for a folded text may be blank.
			parts[i] = connectors.Text("=" + text)
		}
		return walk.Join(parts), true
	}
}

// folded gives the links of a step that search keys their folding.
func (v *visit) folded(step walk.Step) (walk.Step, error) {
	p, err := v.place(step.Collection)
	if err != nil {
		return step, err
	}
	step.Links = slices.Clone(step.Links)
	for i, l := range step.Links {
		if l.Identity != "" {
			continue
		}
		columns, err := v.keyColumns(p, l.Field)
		if err != nil {
			return step, err
		}
		if fold := v.keyFold(p, columns); fold != nil {
			step.Links[i] = l.WithFold(fold)
		}
	}
	return step, nil
}

// holdsAlike compiles "the server calls what the columns hold equal to one of
// the values".
func (v *visit) holdsAlike(b *builder, p place, alias string, columns []*column, values []connectors.Value) string {
	one := func(c *column, values []connectors.Value) string {
		exact := v.d.exact(b, alias, c, values)
		fold, by := v.folding(p.t, c)
		texts := textsOf(values)
		if fold == nil || len(texts) == 0 {
			return exact
		}
		return either(without(exact, v.d.alikeKeys(b, alias, c, by, texts)))
	}
	if len(columns) == 1 {
		return one(columns[0], solid(values))
	}
	var out []string
	for _, value := range values {
		parts, ok := walk.Split(value)
		if !ok || len(parts) != len(columns) {
			continue
		}
		var conds []string
		for i, c := range columns {
			conds = append(conds, orNothing(one(c, parts[i:i+1])))
		}
		out = append(out, "("+all(conds...)+")")
	}
	return either(out)
}

func textsOf(values []connectors.Value) []string {
	var out []string
	for _, v := range values {
		if v.Kind() == connectors.KindText && !strings.Contains(v.Raw(), "\x00") {
			out = append(out, v.Raw())
		}
	}
	return out
}

// A doubt is asked again, for one job and one key at a time, where a row came back
// whose key Go can't compare. What then comes back is equal to the server, and
// whether it is the subject's is unknown here: the job fails by the column's
// name.
type doubt struct {
	by   asker
	link int
}

// doubted adds what a row leaves in doubt of an asker's keys.
func doubted(to []doubt, by asker, row walk.Row) []doubt {
	for i, l := range by.step.Links {
		known := slices.ContainsFunc(to, func(d doubt) bool { return d.by.w == by.w && d.link == i })
		if l.Folds() && !known && l.Doubts(by.step.Key(i, row)) {
			to = append(to, doubt{by, i})
		}
	}
	return to
}

func (v *visit) settle(ctx context.Context, doubts []doubt, alone bool) error {
	for _, d := range doubts {
		link := d.by.step.Links[d.link]
		if alone && len(d.by.step.Links) == 1 {
			d.by.w.job.Fail(inDoubt(v, d.by.step.Collection, link))
			continue
		}
		step := d.by.step
		step.Links = []walk.Search{link}
		if err := v.ask(ctx, []asker{{d.by.w, step}}); err != nil {
			return err
		}
	}
	return nil
}

func inDoubt(v *visit, c *dataset.Collection, l walk.Search) error {
	return connectors.NewError(connectors.Misfit, v.at(c)+"."+l.Field,
		"the database calls texts in it equal to the person's key that differ in more than case and trailing spaces, and whose they are can't be told here", nil).
		WithMend("give the column a binary collation, or keys of plain letters and digits")
}
