package zendesksim

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
)

// maxPage is the most rows of a page [docs, pagination].
const maxPage = 100

// paginate answers a list: by cursor when page[size], page[after] or
// page[before] is asked for, else by page and per_page. The rows come oldest
// first; sort_order=desc or a sort that begins with "-" turns them.
func paginate[T any](c *call, key string, rows []*T, id func(*T) int64, view func(*T) object) (answer, error) {
	q := c.req.URL.Query()
	if q.Get("sort_order") == "desc" || (q.Get("sort") != "" && q.Get("sort")[0] == '-') {
		slices.Reverse(rows)
	}
	if q.Has("page[size]") || q.Has("page[after]") || q.Has("page[before]") {
		return cursorPage(c, q, key, rows, id, view)
	}
	number, size := 1, maxPage
	for name, target := range map[string]*int{"page": &number, "per_page": &size} {
		if q.Get(name) == "" {
			continue
		}
		n, err := strconv.Atoi(q.Get(name))
		if err != nil || n < 1 {
			return answer{}, badRequest(name + " must be a positive integer")
		}
		*target = n
	}
	size = min(size, maxPage)
	from := min((number-1)*size, len(rows))
	to := min(from+size, len(rows))
	next, prev := any(nil), any(nil)
	if to < len(rows) {
		next = c.pageURL(q, number+1)
	}
	if number > 1 {
		prev = c.pageURL(q, number-1)
	}
	return ok(object{key: views(rows[from:to], view), "count": len(rows), "next_page": next, "previous_page": prev}), nil
}

func views[T any](rows []*T, view func(*T) object) []object {
	out := make([]object, 0, len(rows))
	for _, r := range rows {
		out = append(out, view(r))
	}
	return out
}

func (c *call) pageURL(q url.Values, number int) string {
	q.Set("page", strconv.Itoa(number))
	return c.base + c.req.URL.Path + "?" + q.Encode()
}

func cursorPage[T any](c *call, q url.Values, key string, rows []*T, id func(*T) int64, view func(*T) object) (answer, error) {
	size := maxPage
	if v := q.Get("page[size]"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > maxPage {
			return answer{}, badRequest("page[size] must be between 1 and 100")
		}
		size = n
	}
	from, to := 0, min(size, len(rows))
	switch {
	case q.Get("page[after]") != "":
		at, err := find(rows, id, q.Get("page[after]"))
		if err != nil {
			return answer{}, err
		}
		from = at + 1
		to = min(from+size, len(rows))
	case q.Get("page[before]") != "":
		at, err := find(rows, id, q.Get("page[before]"))
		if err != nil {
			return answer{}, err
		}
		from, to = max(0, at-size), at
	}
	meta := object{"has_more": to < len(rows), "after_cursor": nil, "before_cursor": nil}
	links := object{"next": nil, "prev": nil}
	if to > from {
		after, before := cursorOf(id(rows[to-1])), cursorOf(id(rows[from]))
		meta["after_cursor"], meta["before_cursor"] = after, before
		if to < len(rows) {
			links["next"] = c.cursorURL(q, "page[after]", after)
		}
		if from > 0 {
			links["prev"] = c.cursorURL(q, "page[before]", before)
		}
	}
	return ok(object{key: views(rows[from:to], view), "meta": meta, "links": links}), nil
}

func cursorOf(id int64) string {
	return base64.URLEncoding.EncodeToString(strconv.AppendInt(nil, id, 10))
}

func (c *call) cursorURL(q url.Values, name, cursor string) string {
	q.Del("page[after]")
	q.Del("page[before]")
	q.Set(name, cursor)
	return c.base + c.req.URL.Path + "?" + q.Encode()
}

func find[T any](rows []*T, id func(*T) int64, cursor string) (int, error) {
	raw, err := base64.URLEncoding.DecodeString(cursor)
	if err != nil {
		return 0, badRequest("The cursor is invalid")
	}
	want, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		return 0, badRequest("The cursor is invalid")
	}
	at := slices.IndexFunc(rows, func(r *T) bool { return id(r) == want })
	if at < 0 {
		return 0, badRequest("The cursor is invalid")
	}
	return at, nil
}
