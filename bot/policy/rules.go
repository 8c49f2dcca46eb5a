package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Modes of deletes.
const (
	ModeShadow = "shadow" // locate, post counts to agents, erase nothing
	ModeLive   = "live"
)

// Rules are what a vendor chooses about deletes. Their defaults are those of
// a cautious one.
type Rules struct {
	Mode             string        `yaml:"mode" default:"shadow" doc:"shadow: deletes are located and their counts are posted to agents, nothing can be erased. live: deletes are executed."`
	Approval         string        `yaml:"approval" default:"always" doc:"When a person must approve a delete before it erases: always, never, or 'over_rows N' for more than N rows."`
	WaitingPeriod    time.Duration `yaml:"waiting_period" default:"72h" doc:"How long a delete waits before it erases. The requester may cancel meanwhile."`
	CapPerTenantDay  int64         `yaml:"cap_per_tenant_day" default:"20" doc:"Deletes that one tenant may start in a day. What is above is held for a person."`
	CapRowsPerSystem int64         `yaml:"cap_rows_per_system" default:"10000" doc:"Rows that one delete may erase in one system. A delete with more is held for a person."`
	Rescan           Rescan        `yaml:"rescan" doc:"When the systems of a delete are searched again, to find what a sync brought back."`
}

// DefaultRules are the defaults that the tags of Rules declare.
func DefaultRules() Rules {
	return Rules{
		Mode: ModeShadow, Approval: "always", WaitingPeriod: 72 * time.Hour,
		CapPerTenantDay: 20, CapRowsPerSystem: 10_000, Rescan: DefaultRescan(),
	}
}

// Validate names every rule that can't be meant.
func (r Rules) Validate() error {
	var errs []error
	if r.Mode != ModeShadow && r.Mode != ModeLive {
		errs = append(errs, fmt.Errorf("deletes.mode: %q is neither shadow nor live", r.Mode))
	}
	if _, err := r.approvalOver(); err != nil {
		errs = append(errs, err)
	}
	if r.WaitingPeriod < 0 {
		errs = append(errs, errors.New("deletes.waiting_period: must not be negative; 0s switches it off"))
	}
	if r.CapPerTenantDay < 1 {
		errs = append(errs, errors.New("deletes.cap_per_tenant_day: must be at least 1; to stop deletes, set mode: shadow"))
	}
	if r.CapRowsPerSystem < 1 {
		errs = append(errs, errors.New("deletes.cap_rows_per_system: must be at least 1; to stop deletes, set mode: shadow"))
	}
	return errors.Join(append(errs, r.Rescan.Validate())...)
}

// Live reports whether deletes may erase at all.
func (r Rules) Live() bool { return r.Mode == ModeLive }

// approveNever is a number of rows that nothing exceeds.
const approveNever int64 = math.MaxInt64

// approvalOver is the number of rows above which a person approves: -1 for
// always.
func (r Rules) approvalOver() (int64, error) {
	switch r.Approval {
	case "always":
		return -1, nil
	case "never":
		return approveNever, nil
	}
	if digits, ok := strings.CutPrefix(r.Approval, "over_rows "); ok {
		if n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64); err == nil && n >= 0 {
			return n, nil
		}
	}
	return -1, fmt.Errorf("deletes.approval: %q is not always, never, or 'over_rows N' with a whole number N", r.Approval)
}

// NeedsApproval reports whether a person must approve a request of the kind
// that would act on so many rows in all systems together. Rules that can't be
// understood need approval always.
func NeedsApproval(r Rules, kind string, rows int64) bool {
	if kind != kindDelete {
		return false
	}
	over, err := r.approvalOver()
	return err != nil || over != approveNever && rows > over
}

// OverRowCap reports whether one system's rows exceed what a delete may erase
// there without a person.
func OverRowCap(r Rules, rows int64) bool { return rows > r.CapRowsPerSystem }

// DueDays is within how many calendar days of its arrival a request is
// answered, as the vendor promises.
const DueDays = 30

// DueDate counts calendar days in loc from the arrival: the same time of day,
// so many dates later, whatever the clocks did in between.
func DueDate(arrived time.Time, days int, loc *time.Location) time.Time {
	return arrived.In(loc).AddDate(0, 0, days)
}

// AcknowledgeWithin is how long after its arrival a request gets its first
// word at the latest, whoever it waits for. The vendor promises an hour.
const AcknowledgeWithin = 30 * time.Minute

// AlertDays are the days after arrival on which agents are warned of an open
// request.
func AlertDays() []int { return []int{15, 23, 27} }

// ReminderDays are the days after a question on which the requester is
// reminded of it; CloseDays is when the request is closed without an answer.
func ReminderDays() []int { return []int{3, 7, 12} }

// CloseDays is the day after a question on which a request without an answer
// is closed.
const CloseDays = 14

// NextDay returns the first of the days (counted in loc from start) that lies
// after now, and how many have passed. Zero time: none is left.
func NextDay(start time.Time, days []int, now time.Time, loc *time.Location) (next time.Time, passed int) {
	days = slices.Sorted(slices.Values(days))
	for i, d := range days {
		if at := DueDate(start, d, loc); at.After(now) {
			return at, i
		}
	}
	return time.Time{}, len(days)
}

// Bound is one system's part of what an approval binds.
type Bound struct {
	System  string           `json:"system"`
	Finding string           `json:"finding"` // digest of the finding
	Map     string           `json:"map"`     // digest of the data map
	Counts  map[string]int64 `json:"counts"`  // rows by collection
}

// Binding is the SHA-256, in hex, of all that a person approves. What changes
// any of it is approved again. The order of systems does not matter.
func Binding(kind, tenant, pseudonym string, systems []Bound) string {
	systems = slices.Clone(systems)
	slices.SortStableFunc(systems, func(a, b Bound) int { return strings.Compare(a.System, b.System) })
	for i := range systems {
		if systems[i].Counts == nil {
			systems[i].Counts = map[string]int64{}
		}
	}
	h := sha256.New()
	// Encoding strings and whole numbers can't fail, nor can a hash's Write.
	_ = json.NewEncoder(h).Encode(struct {
		V         int     `json:"v"`
		Kind      string  `json:"kind"`
		Tenant    string  `json:"tenant"`
		Pseudonym string  `json:"pseudonym"`
		Systems   []Bound `json:"systems"`
	}{1, kind, tenant, pseudonym, systems})
	return hex.EncodeToString(h.Sum(nil))
}
