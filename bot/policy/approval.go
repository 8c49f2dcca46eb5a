package policy

import (
	"fmt"
	"strconv"
	"strings"
)

// approval is when a person must approve a request.
type approval struct {
	deletes, access, first bool
	over                   int64 // rows of a delete; below 0: by no number
}

// parseApproval reads words that commas part. "always" is about deletes, as it
// was when nothing else could be approved.
func parseApproval(text string) (approval, error) {
	a := approval{over: -1}
	words := strings.Split(text, ",")
	for _, word := range words {
		word = strings.TrimSpace(word)
		digits, over := strings.CutPrefix(word, "over_rows ")
		switch {
		case word == "always", word == "deletes":
			a.deletes = true
		case word == "access":
			a.access = true
		case word == "first_of_tenant":
			a.first = true
		case word == "never" && len(words) == 1:
		case over:
			n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
			if err != nil || n < 0 {
				return approval{}, fmt.Errorf("deletes.approval: %q needs a whole number of rows, such as 'over_rows 100'", word)
			}
			a.over = n
		default:
			return approval{}, fmt.Errorf("deletes.approval: %q is no rule of approval; write always, deletes, access, 'over_rows N', first_of_tenant, several joined by commas, or never alone", text)
		}
	}
	return a, nil
}

// AsksFirst reports whether the first request of a tenant is treated in
// another way than its later ones.
func (r Rules) AsksFirst() bool {
	a, err := parseApproval(r.Approval)
	return err != nil || a.first
}

// NeedsApproval reports whether a person must approve a request of the kind
// that would act on so many rows in all systems together; first says that no
// request of its tenant was approved or answered yet. Rules that can't be
// understood need approval always.
func NeedsApproval(r Rules, kind string, rows int64, first bool) bool {
	a, err := parseApproval(r.Approval)
	switch {
	case err != nil, first && a.first:
		return true
	case kind == kindDelete:
		return a.deletes || a.over >= 0 && rows > a.over
	}
	return a.access
}
