package sqldb

import (
	"slices"
	"strconv"

	"privacydesk/connectors"
	"privacydesk/connectors/walk"
)

// smallPacket is below what MariaDB takes when nobody sets max_allowed_packet.
const smallPacket = 16 << 20

// packets tells of a bound below which statements with many keys are refused.
func (v *visit) packets(found *findings) {
	if p := v.live.packet; p > 0 && p < smallPacket {
		found.add(connectors.SeverityNote, v.env.System, "the server takes statements of "+strconv.FormatInt(p, 10)+" bytes at most (max_allowed_packet): batches are made to fit ("+
			strconv.Itoa(v.batchSize())+" rows), and searches for persons with very many keys are refused", "set max_allowed_packet to 16M at least")
	}
}

// batchSize is how many rows one statement names: as many as the options say,
// the dialect can, and the server takes.
func (v *visit) batchSize() int {
	n := min(v.o.Batch, v.d.maxBatch())
	if v.live.packet == 0 {
		return n
	}
	widest := int64(1)
	for _, c := range v.m.All() {
		if t := v.live.find(c.Name); t != nil && !c.Skip {
			widest = max(widest, t.keyBytes())
		}
	}
	return int(max(1, min(int64(n), v.room()/widest)))
}

// room is what of a statement keys may take; as much is left for what else it
// says.
func (v *visit) room() int64 { return v.live.packet / 2 }

// keyBytes is more than what one row's address takes in a statement: it is
// bound twice, as a text may be compared by collation and by bytes.
func (t *table) keyBytes() int64 {
	const each = 64 // around a value: type, length, and the statement's text
	var n int64
	for _, name := range t.primary {
		n += each
		if c := t.column(name); c != nil {
			n += 2 * 4 * c.length // a character has four bytes at most
		}
	}
	return n
}

// portions makes selections of keys that one statement can name. A row goes if
// any of them reaches it.
func (v *visit) portions(sel walk.Selection) []walk.Selection {
	const most = 10_000
	keys, size := 0, int64(0)
	for _, l := range slices.Concat(sel.Owned, sel.Shared) {
		keys, size = keys+len(l.Values), size+linkBytes(l.Values)
	}
	room := v.room()
	if keys <= most && (room == 0 || size <= room) {
		return []walk.Selection{sel}
	}
	var out []walk.Selection
	add := func(links []connectors.Link, set func(*walk.Selection, []connectors.Link)) {
		for _, l := range links {
			for _, values := range chunks(l.Values, most, room) {
				one := sel
				one.Owned, one.Shared = nil, nil
				set(&one, []connectors.Link{{Field: l.Field, Values: values}})
				out = append(out, one)
			}
		}
	}
	add(sel.Owned, func(s *walk.Selection, l []connectors.Link) { s.Owned = l })
	add(sel.Shared, func(s *walk.Selection, l []connectors.Link) { s.Shared = l })
	return out
}

func linkBytes(values []connectors.Value) int64 {
	var n int64
	for _, v := range values {
		n += 64 + 2*int64(len(v.Raw()))
	}
	return n
}

// chunks cuts values into parts of most, and of room bytes where that is above
// 0; a part has one value at least.
func chunks(values []connectors.Value, most int, room int64) (out [][]connectors.Value) {
	for len(values) > 0 {
		n, size := 0, int64(0)
		for n < len(values) && n < most {
			size += linkBytes(values[n : n+1])
			if room > 0 && n > 0 && size > room {
				break
			}
			n++
		}
		out, values = append(out, values[:n]), values[n:]
	}
	return out
}
