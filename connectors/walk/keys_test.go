package walk_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"privacydesk/connectors"
	"privacydesk/connectors/walk"
)

// TestAKeyOfSeveralIsOneValue, of which its parts come back; one with NULL in
// it, or of blanks alone, is none.
func TestAKeyOfSeveralIsOneValue(t *testing.T) {
	part := rapid.OneOf(
		rapid.Map(rapid.Int64(), connectors.Int),
		rapid.Map(rapid.String(), connectors.Text),
		rapid.Map(rapid.SliceOf(rapid.Byte()), connectors.Bytes),
		rapid.Just(connectors.Value{}),
	)
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(part, 2, 4).Draw(t, "parts")
		joined := walk.Join(parts)
		null := slices.ContainsFunc(parts, func(v connectors.Value) bool { return v.Kind() == connectors.KindNone })
		blank := !slices.ContainsFunc(parts, func(v connectors.Value) bool { return !v.IsEmpty() })
		if null || blank {
			if !joined.IsEmpty() {
				t.Fatal("a key of nothing is a value")
			}
			return
		}
		if back, ok := walk.Split(joined); !ok || !slices.Equal(back, parts) {
			t.Fatalf("%d parts came back as %d, %v", len(parts), len(back), ok)
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		walk.Split(connectors.Text(rapid.String().Draw(t, "text"))) // never panics
	})
}

const parcels = `dataset:
  fides_key: a
  privacydesk: {tenant: {field: org}}
  collections:
    - name: person
      privacydesk: {on_delete: delete, references: [{to: depot, fields: {depot_city: city, depot_no: no}, direction: to}]}
      fields:
        - {name: org}
        - {name: id, fides_meta: {primary_key: true}}
        - {name: email, fides_meta: {identity: email}}
        - {name: depot_city}
        - {name: depot_no}
    - name: depot
      privacydesk: {on_delete: delete, owned: true, gather: true}
      fields:
        - {name: org}
        - {name: city, fides_meta: {primary_key: true}}
        - {name: no, fides_meta: {primary_key: true}}
        - {name: id}
    - name: visit
      privacydesk: {on_delete: delete, references: [{to: depot, fields: {city: city, no: no}, direction: to}]}
      fields:
        - {name: org}
        - {name: id, fides_meta: {primary_key: true}}
        - {name: city}
        - {name: no}
`

// TestRule8_AKeyOfSeveralIsComparedWhole: rows that share some of its columns
// are others', and who refers by all of them holds a shared row.
func TestRule8_AKeyOfSeveralIsComparedWhole(t *testing.T) {
	org := text("t")
	at := func(id int64, city string, no int64) record {
		return record{"org": org, "id": num(id), "city": text(city), "no": num(no)}
	}
	person := func(id int64, email, city string, no int64) record {
		return record{"org": org, "id": num(id), "email": text(email), "depot_city": text(city), "depot_no": num(no)}
	}
	for _, c := range []struct {
		visits []record
		left   []int64
	}{
		{nil, []int64{2, 3}},
		{[]record{at(1, "Ulm", 2), at(2, "Bonn", 1)}, []int64{2, 3}},
		{[]record{at(1, "Ulm", 1)}, []int64{1, 2, 3}},
	} {
		p := parse(t, parcels)
		m := memory{
			"a.person": {person(1, "a@x.y", "Ulm", 1), person(2, "b@x.y", "Ulm", 2)},
			"a.depot":  {at(1, "Ulm", 1), at(2, "Ulm", 2), at(3, "Bonn", 1)},
			"a.visit":  c.visits,
		}
		f := locate(t, p, m, someone("t", "a@x.y"), nil)
		if again := locate(t, p, m, someone("t", "a@x.y"), f); !again.Covers(f) || !f.Covers(again) {
			t.Error("a second look differs")
		}
		if _, err := m.erase(p, "t", f, -1); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(ids(m["a.depot"]), c.left) || !slices.Equal(ids(m["a.person"]), []int64{2}) {
			t.Errorf("depots left %v, want %v; people left %v", ids(m["a.depot"]), c.left, ids(m["a.person"]))
		}
	}
}
