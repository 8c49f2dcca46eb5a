package walk

import (
	"slices"
	"strings"

	"privacydesk/connectors"
)

// mark begins the name of a link in a finding and says what its values are
// for. No field's name begins with "^".
type mark string

const (
	// markOwned: rows that are the subject's own, unless they name somebody
	// else.
	markOwned mark = ""
	// markShared: rows that others may share. A row's key may lead to it both
	// as the subject's own and as somebody's whose row merely points there,
	// and a delete must tell them apart.
	markShared mark = "^"
	// markPinned: rows that are the subject's own although a delete has
	// replaced the identity in them.
	markPinned mark = "^^"
	// markBears: stored spellings of the subject's identities. They reach
	// nothing: they tell the subject's rows from those of others.
	markBears mark = "^^^"
)

func marked(shared bool) mark {
	if shared {
		return markShared
	}
	return markOwned
}

func (m mark) name(field string) string { return string(m) + field }

func splitName(name string) (mark, string) {
	field := strings.TrimLeft(name, "^")
	return mark(name[:len(name)-len(field)]), field
}

// naming is whom a row names by its own identities.
type naming byte

const (
	nobody naming = iota
	theSubject
	somebodyElse
)

// names tells whom a row names, and keeps the spelling in which it names the
// subject. One identity that is the subject's is enough. An identity of a type
// of which nothing is known of the subject may be anybody's.
func (w *Walk) names(n *node, fetch []string, cells []connectors.Value) (naming, error) {
	out := nobody
	for _, f := range n.c.Identities() {
		v := cells[slices.Index(fetch, f.Path)]
		if blank(v) {
			continue
		}
		if out == nobody {
			out = somebodyElse
		}
		for _, id := range w.subject.Identities {
			if id.Type != f.Identity || !f.Normalise.Match(id.Value, v) {
				continue
			}
			out = theSubject
			if err := w.reach(n, f.Path, markBears, v, false); err != nil {
				return out, err
			}
			break
		}
	}
	return out, nil
}

// blank is what a connector's own comparison calls so: nothing, or nothing but
// ASCII white space.
func blank(v connectors.Value) bool {
	switch v.Kind() {
	case connectors.KindNone:
		return true
	case connectors.KindText:
		return strings.Trim(v.Raw(), " \t\r\n\v\f") == ""
	case connectors.KindInt, connectors.KindDecimal, connectors.KindBytes, connectors.KindUUID:
	}
	return v.Raw() == ""
}

// own tells the links by which a finding reaches the subject's own rows of a
// collection from those of shared ones, without their marks.
func (n *node) own(s *connectors.Set) (own Own, shared []connectors.Link) {
	bears := map[string][]connectors.Value{}
	if s != nil {
		for _, l := range s.Links {
			mark, field := splitName(l.Field)
			link := connectors.Link{Field: field, Values: l.Values}
			switch {
			case len(l.Values) == 0:
			case mark == markBears:
				bears[field] = l.Values
			case mark == markPinned:
				own.Pinned = append(own.Pinned, link)
			case mark == markShared:
				shared = append(shared, link)
			default:
				own.Owned = append(own.Owned, link)
			}
		}
	}
	if n.meets {
		for _, f := range n.c.Identities() {
			own.Bears = append(own.Bears, connectors.Link{Field: f.Path, Values: bears[f.Path]})
		}
	}
	return own, shared
}
