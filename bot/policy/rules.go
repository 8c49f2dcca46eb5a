package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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
	Approval         string        `yaml:"approval" default:"always" doc:"When a person must approve before anything is erased or gathered, one or several joined by commas: always or deletes (every delete), 'over_rows N' (a delete of more than N rows), first_of_tenant (either kind, until one of the tenant's requests was approved or answered), access (every access request, too). Or never."`
	ApprovalExpires  time.Duration `yaml:"approval_expires" default:"336h" doc:"How long an approval holds; what has not begun by then is approved again. 0s: for ever."`
	WaitingPeriod    time.Duration `yaml:"waiting_period" default:"72h" doc:"How long a delete waits before it erases. The requester may cancel meanwhile."`
	CapPerTenantDay  int64         `yaml:"cap_per_tenant_day" default:"20" doc:"Deletes that one tenant may start in a day. What is above is held for a person."`
	CapRowsPerSystem int64         `yaml:"cap_rows_per_system" default:"10000" doc:"Rows that one delete may erase in one system. A delete with more is held for a person."`
	Rescan           Rescan        `yaml:"rescan" doc:"When the systems of a delete are searched again, to find what a sync brought back."`
}

// DefaultRules are the defaults that the tags of Rules declare.
func DefaultRules() Rules {
	return Rules{
		Mode: ModeShadow, Approval: "always", ApprovalExpires: 14 * 24 * time.Hour, WaitingPeriod: 72 * time.Hour,
		CapPerTenantDay: 20, CapRowsPerSystem: 10_000, Rescan: DefaultRescan(),
	}
}

// Validate names every rule that can't be meant.
func (r Rules) Validate() error {
	var errs []error
	if r.Mode != ModeShadow && r.Mode != ModeLive {
		errs = append(errs, fmt.Errorf("deletes.mode: %q is no mode; write shadow, or live", r.Mode))
	}
	if _, err := parseApproval(r.Approval); err != nil {
		errs = append(errs, err)
	}
	if r.ApprovalExpires < 0 || r.ApprovalExpires != 0 && r.ApprovalExpires <= r.WaitingPeriod {
		errs = append(errs, errors.New("deletes.approval_expires: must be longer than deletes.waiting_period, or 0s for approvals that don't expire"))
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

// OverRowCap reports whether one system's rows exceed what a delete may erase
// there without a person.
func OverRowCap(r Rules, rows int64) bool { return rows > r.CapRowsPerSystem }

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
