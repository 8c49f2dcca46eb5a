package sqldb

import (
	"context"
	"math/big"
	"slices"
	"strings"
	"unicode/utf8"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
	"privacydesk/connectors/walk"
)

// check is a CHECK constraint: its text, and the columns that it names.
type check struct {
	name, text string
	columns    []string
}

// masksHold asks what the server would refuse of the masks: values beyond a
// column's range, length or list, and what a CHECK forbids, which the server
// is asked about values that the masks may write. Nothing is changed.
func (v *visit) masksHold(ctx context.Context, found *findings, p place) error {
	if !masks(p.Action) {
		return nil
	}
	samples := v.samples(p)
	for _, f := range p.Masked() {
		c := p.t.column(f.Path)
		if c == nil || c.generated {
			continue
		}
		for _, what := range beyond(f, c, samples[f.Path]) {
			found.add(connectors.SeverityDeletes, p.Key+"."+f.Path, what, "choose a value that fits, or another strategy")
		}
	}
	for _, k := range p.t.checks {
		if err := v.checkHolds(ctx, found, p, k, samples); err != nil {
			return err
		}
	}
	return nil
}

// samples are values that the masks may write, by field. A mask that fails has
// none: that is said elsewhere.
func (v *visit) samples(p place) map[string][]connectors.Value {
	out := map[string][]connectors.Value{}
	s := selected{place: p}
	for _, f := range p.Masked() {
		c := p.t.column(f.Path)
		if c == nil {
			continue
		}
		for _, b := range []byte{0, 0x5a, 0xff} {
			if value, err := walk.MaskValue(f.Mask, maskLimits(s, c), "sample", sampleOf(c), sampleMasker(b)); err == nil && !slices.Contains(out[f.Path], value) {
				out[f.Path] = append(out[f.Path], value)
			}
		}
	}
	return out
}

// beyond is what of a mask can't stand in a column, by what the catalogue says
// of it.
func beyond(f *dataset.Field, c *column, samples []connectors.Value) []string {
	var out []string
	if n := f.Mask.Length + utf8.RuneCountInString(f.Mask.Suffix); f.Mask.Length > 0 && c.length > 0 && int64(n) > c.length {
		out = append(out, "the map asks for more characters than the column holds ("+c.kind+")")
	}
	for _, v := range samples {
		switch {
		case len(c.list) > 0 && v.Kind() == connectors.KindText && !c.lists(v.Raw()):
			return append(out, "its list of values lacks what the mask writes ("+c.kind+")")
		case (v.Kind() == connectors.KindInt || v.Kind() == connectors.KindDecimal) && !c.inRange(v):
			return append(out, "what the mask writes lies beyond the column's range ("+c.kind+")")
		}
	}
	return out
}

// lists: one value of the list, or of a set several, spelled as the server
// spells them.
func (c *column) lists(text string) bool {
	if !c.several {
		return slices.Contains(c.list, text)
	}
	rest := c.list
	for _, one := range strings.Split(text, ",") {
		i := slices.Index(rest, one)
		if i < 0 {
			return false
		}
		rest = rest[i+1:]
	}
	return true
}

// inRange: whole numbers by width and sign, decimals by their digits.
func (c *column) inRange(v connectors.Value) bool {
	n, ok := new(big.Rat).SetString(v.Raw())
	if !ok {
		return false
	}
	low, high := new(big.Int), new(big.Int)
	switch {
	case strings.HasPrefix(c.kind, "year"): // two digits are read as another year
		low.SetInt64(1901)
		high.SetInt64(2156)
		if n.Sign() == 0 {
			return true
		}
	case c.class == classInt && c.bits > 0 && c.unsigned:
		high.Lsh(big.NewInt(1), uint(c.bits)) // #nosec G115 -- at most 64
	case c.class == classInt && c.bits > 0:
		high.Lsh(big.NewInt(1), uint(c.bits-1)) // #nosec G115 -- at most 64
		low.Neg(high)
	case c.class == classDecimal && c.precision > 0:
		high.Exp(big.NewInt(10), big.NewInt(c.precision-c.scale), nil)
		low.Sub(big.NewInt(1), high) // a decimal's bounds are symmetric
		if c.unsigned {
			low.SetInt64(0)
		}
	default:
		return true
	}
	return n.Cmp(new(big.Rat).SetInt(low)) >= 0 && n.Cmp(new(big.Rat).SetInt(high)) < 0
}

// checkHolds asks about a constraint that names masked columns. One that names
// others, too, depends on each row.
func (v *visit) checkHolds(ctx context.Context, found *findings, p place, k check, samples map[string][]connectors.Value) error {
	masked, most := 0, 0
	for _, name := range k.columns {
		if len(samples[name]) > 0 {
			masked, most = masked+1, max(most, len(samples[name]))
		}
	}
	switch {
	case masked == 0:
		return nil
	case masked < len(k.columns):
		found.add(connectors.SeverityNote, p.Key, "the constraint "+k.name+" names columns that are masked and columns that are not: it can't be known ahead whether each masked row keeps it", "see what it says")
		return nil
	}
	for i := range most {
		holds, err := v.asks(ctx, p, k, samples, i)
		if err != nil {
			err = v.fail(ctx, v.at(p.Collection), err)
			if connectors.KindOf(err) != connectors.Misfit {
				return err
			}
			found.add(connectors.SeverityNote, p.Key, "the server could not say whether the masks keep the constraint "+k.name+": "+problemText(err), "see what it says")
			return nil
		}
		if !holds {
			found.add(connectors.SeverityDeletes, p.Key, "the constraint "+k.name+" forbids what the masks of "+strings.Join(k.columns, ", ")+" write", "choose a value or a strategy that it allows")
			return nil
		}
	}
	return nil
}

// asks evaluates the constraint for the samples of one number.
func (v *visit) asks(ctx context.Context, p place, k check, samples map[string][]connectors.Value, i int) (holds bool, err error) {
	b := &builder{}
	var columns []string
	for _, name := range k.columns {
		values := samples[name]
		columns = append(columns, v.d.sampled(b, p.t.column(name), values[min(i, len(values)-1)])+" AS "+v.d.quote(name))
	}
	q := query{sql: "SELECT CASE WHEN (" + k.text + ") THEN 1 WHEN NOT (" + k.text + ") THEN 0 ELSE 1 END FROM (SELECT " + strings.Join(columns, ", ") + ") AS t"}
	q.args = b.args
	holds = true
	err = v.s.query(ctx, q, func(cells []cell) error {
		holds = string(cells[0].text) != "0"
		return nil
	})
	return holds, err
}
