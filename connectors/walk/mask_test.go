package walk_test

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
	"privacydesk/connectors/walk"
)

func TestMaskValue(t *testing.T) {
	long := strings.Repeat("é", 80)
	uuid, err := connectors.ParseUUID("00000000-0000-4000-8000-000000000001")
	if err != nil {
		t.Fatal(err)
	}
	half, err := connectors.Decimal("1.5")
	if err != nil {
		t.Fatal(err)
	}
	col := func(k walk.ColumnKind) walk.Column { return walk.Column{Collection: "a.c", Field: "f", Kind: k} }
	tests := []struct {
		name     string
		mask     dataset.Mask
		col      walk.Column
		original connectors.Value
		check    func(v connectors.Value) bool
		err      error
	}{
		{"null", dataset.Mask{Strategy: "null"}, walk.Column{Kind: walk.ColumnText, Nullable: true}, text("x"), isNull, nil},
		{"null of a blank", dataset.Mask{Strategy: "null"}, walk.Column{Kind: walk.ColumnText, Nullable: true}, text(""), isNull, nil},
		{"null, not nullable", dataset.Mask{Strategy: "null"}, col(walk.ColumnText), text("x"), nil, walk.ErrMaskNull},
		{"nothing to mask", dataset.Mask{Strategy: "random"}, col(walk.ColumnText), connectors.Value{}, isNull, nil},
		{"fixed", dataset.Mask{Strategy: "fixed", Value: "gone"}, col(walk.ColumnText), text("x"), is(text("gone")), nil},
		{"fixed number", dataset.Mask{Strategy: "fixed", Value: "0"}, col(walk.ColumnInt), num(5), is(num(0)), nil},
		{"fixed number, not one", dataset.Mask{Strategy: "fixed", Value: "gone"}, col(walk.ColumnInt), num(5), nil, walk.ErrMaskType},
		{"fixed fraction", dataset.Mask{Strategy: "fixed", Value: "1.50"}, col(walk.ColumnDecimal), half, is(half), nil},
		{"fixed fraction of an integer", dataset.Mask{Strategy: "fixed", Value: "1.5"}, col(walk.ColumnInt), num(5), nil, walk.ErrMaskType},
		{"fixed date", dataset.Mask{Strategy: "fixed", Value: "1900-01-01"}, col(walk.ColumnDate), text("1980-02-03"), is(text("1900-01-01")), nil},
		{"fixed date, not one", dataset.Mask{Strategy: "fixed", Value: "1900"}, col(walk.ColumnDate), text("1980-02-03"), nil, walk.ErrMaskType},
		{"fixed flag", dataset.Mask{Strategy: "fixed", Value: "false"}, col(walk.ColumnBool), text("true"), is(text("false")), nil},
		{"fixed json", dataset.Mask{Strategy: "fixed", Value: "{}"}, col(walk.ColumnOther), text(`{"a":1}`), is(text("{}")), nil},
		{"fixed, too long", dataset.Mask{Strategy: "fixed", Value: "gone"}, walk.Column{Kind: walk.ColumnText, MaxLength: 3}, text("x"), nil, walk.ErrMaskLength},
		{"fixed, unique", dataset.Mask{Strategy: "fixed", Value: "gone"}, walk.Column{Kind: walk.ColumnText, Unique: true}, text("x"), nil, walk.ErrMaskUnique},
		{"random keeps the length", dataset.Mask{Strategy: "random"}, col(walk.ColumnText), text(long), runes(80), nil},
		{"random, unique", dataset.Mask{Strategy: "random", Unique: true}, col(walk.ColumnText), text("x"), runes(16), nil},
		{"random, unique, no room", dataset.Mask{Strategy: "random", Unique: true}, walk.Column{Kind: walk.ColumnText, MaxLength: 4}, text("x"), nil, walk.ErrMaskUnique},
		{"random with a suffix", dataset.Mask{Strategy: "random", Suffix: "@x.invalid", Length: 5}, col(walk.ColumnText), text("x"), runes(15), nil},
		{"suffix, no room", dataset.Mask{Strategy: "random", Suffix: "@x.invalid"}, walk.Column{Kind: walk.ColumnText, MaxLength: 10}, text("x"), nil, walk.ErrMaskLength},
		{"hash", dataset.Mask{Strategy: "hash"}, col(walk.ColumnText), text("x"), runes(64), nil},
		{"hmac in a short column", dataset.Mask{Strategy: "hmac"}, walk.Column{Kind: walk.ColumnText, MaxLength: 9}, text("x"), runes(9), nil},
		{"uuid", dataset.Mask{Strategy: "random"}, col(walk.ColumnUUID), uuid, func(v connectors.Value) bool { return v.Kind() == connectors.KindUUID && v.Raw()[14] == '4' }, nil},
		{"bytes", dataset.Mask{Strategy: "random"}, col(walk.ColumnBytes), connectors.Bytes([]byte("abc")), func(v connectors.Value) bool { return v.Kind() == connectors.KindBytes && len(v.Raw()) == 3 }, nil},
		{"byte, unique", dataset.Mask{Strategy: "random"}, walk.Column{Kind: walk.ColumnInt, Bits: 16, Unique: true}, num(1), nil, walk.ErrMaskUnique},
		{"date", dataset.Mask{Strategy: "random"}, col(walk.ColumnDate), text("1980-02-03"), isTime(time.DateOnly), nil},
		{"moment", dataset.Mask{Strategy: "hmac"}, col(walk.ColumnDateTime), text("1980-02-03T04:05:06Z"), isTime(time.RFC3339), nil},
		{"flag at random", dataset.Mask{Strategy: "random"}, col(walk.ColumnBool), text("true"), nil, walk.ErrMaskType},
		{"json at random", dataset.Mask{Strategy: "hash"}, col(walk.ColumnOther), text("{}"), nil, walk.ErrMaskType},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := walk.MaskValue(&tt.mask, tt.col, "row", tt.original, hashMasker{})
			if !errors.Is(err, tt.err) || err != nil && tt.err == nil {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if err != nil {
				if walk.IsMasked(&tt.mask, tt.col, "row", tt.original, hashMasker{}) {
					t.Error("what can't be masked counts as masked")
				}
				return
			}
			if !tt.check(v) {
				t.Errorf("wrote %d characters of kind %c", utf8.RuneCountInString(v.Raw()), v.Kind())
			}
			if !walk.IsMasked(&tt.mask, tt.col, "row", v, hashMasker{}) {
				t.Error("the mask is not recognised")
			}
		})
	}
}

func isNull(v connectors.Value) bool { return v.Kind() == connectors.KindNone }

func is(want connectors.Value) func(connectors.Value) bool {
	return func(v connectors.Value) bool { return v == want }
}

func runes(n int) func(connectors.Value) bool {
	return func(v connectors.Value) bool {
		return v.Kind() == connectors.KindText && utf8.RuneCountInString(v.Raw()) == n
	}
}

func isTime(layout string) func(connectors.Value) bool {
	return func(v connectors.Value) bool {
		_, err := time.Parse(layout, v.Raw())
		return err == nil
	}
}

// TestMasksAreRepeatable: a retry that meets its own mask writes the same;
// another row gets another value; the original leaves no trace but its length.
func TestMasksAreRepeatable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mask := dataset.Mask{
			Strategy: rapid.SampledFrom([]dataset.Strategy{"hash", "hmac", "random"}).Draw(t, "strategy"),
			Suffix:   rapid.SampledFrom([]string{"", "@x.y", "é"}).Draw(t, "suffix"),
			Length:   rapid.SampledFrom([]int{0, 0, 20}).Draw(t, "length"),
			Unique:   rapid.Bool().Draw(t, "unique"),
		}
		col := walk.Column{Collection: "a.c", Field: "f", Kind: walk.ColumnText, MaxLength: rapid.SampledFrom([]int{0, 12, 30, 100}).Draw(t, "most")}
		original := rapid.StringMatching(`[a-zé]{1,40}`).Draw(t, "original")
		v, err := walk.MaskValue(&mask, col, "1", text(original), hashMasker{})
		if err != nil {
			t.Fatalf("%v", err)
		}
		again, err := walk.MaskValue(&mask, col, "1", v, hashMasker{})
		if err != nil || again != v {
			t.Fatalf("a retry writes something else: %v", err)
		}
		if n := utf8.RuneCountInString(v.Raw()); col.MaxLength > 0 && n > col.MaxLength || !strings.HasSuffix(v.Raw(), mask.Suffix) {
			t.Fatalf("%d characters", n)
		}
		twin := strings.Repeat("z", utf8.RuneCountInString(original))
		if same, err := walk.MaskValue(&mask, col, "1", text(twin), hashMasker{}); err != nil || same != v {
			t.Fatalf("the original shows through: %v", err)
		}
		if mask.Unique {
			if other, err := walk.MaskValue(&mask, col, "2", text(original), hashMasker{}); err != nil || other == v {
				t.Fatalf("two rows get one value: %v", err)
			}
		}
	})
}

func TestIntegersFitTheirColumn(t *testing.T) {
	for _, bits := range []int{8, 16, 32, 64} {
		col := walk.Column{Collection: "a.c", Field: "f", Kind: walk.ColumnInt, Bits: bits}
		for row := range 200 {
			v, err := walk.MaskValue(&dataset.Mask{Strategy: "random"}, col, walk.RowKey(num(int64(row))), num(1), hashMasker{})
			if err != nil {
				t.Fatal(err)
			}
			i, ok := v.Int64()
			if !ok || i < 1 || bits < 64 && i >= 1<<(bits-1) {
				t.Fatalf("%d bits: out of range", bits)
			}
		}
	}
}

func TestRowKeysTellRowsApart(t *testing.T) {
	keys := [][]connectors.Value{
		{text("a"), text("b")}, {text("ab")}, {text("a,3:s:b")}, {num(1)}, {text("1")}, {text("a"), text("b"), {}}, {},
	}
	seen := map[string]bool{}
	for _, k := range keys {
		if seen[walk.RowKey(k...)] {
			t.Errorf("two keys have one text")
		}
		seen[walk.RowKey(k...)] = true
	}
}
