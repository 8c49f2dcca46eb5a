package zendesksim

import "slices"

// table keeps rows by id, in the order of their making.
type table[T any] struct {
	rows  map[int64]*T
	order []int64
}

func (t *table[T]) add(id int64, row *T) *T {
	if t.rows == nil {
		t.rows = map[int64]*T{}
	}
	t.rows[id] = row
	t.order = append(t.order, id)
	return row
}

func (t *table[T]) get(id int64) *T { return t.rows[id] }

func (t *table[T]) remove(id int64) {
	delete(t.rows, id)
	t.order = slices.DeleteFunc(t.order, func(o int64) bool { return o == id })
}

func (t *table[T]) all() []*T {
	out := make([]*T, 0, len(t.order))
	for _, id := range t.order {
		out = append(out, t.rows[id])
	}
	return out
}

func (t *table[T]) where(keep func(*T) bool) []*T {
	return slices.DeleteFunc(t.all(), func(r *T) bool { return !keep(r) })
}

func (t *table[T]) first(keep func(*T) bool) *T {
	for _, id := range t.order {
		if r := t.rows[id]; keep(r) {
			return r
		}
	}
	return nil
}
