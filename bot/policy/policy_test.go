package policy_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"privacydesk/bot/policy"
)

// admin asks a delete that nothing speaks against.
func admin() policy.Ask {
	return policy.Ask{
		Kind:      "delete",
		Requester: policy.Requester{Role: "end-user", Verified: true, Active: true, Channel: "web"},
		Known:     true, AdminOf: []string{"acme"}, MemberOf: []string{"acme"},
	}
}

func TestAdmit(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*policy.Ask)
		want   policy.Decision
	}{
		"an admin":                 {func(*policy.Ask) {}, policy.Decision{Verdict: policy.Accept, Tenant: "acme"}},
		"an admin's access":        {func(a *policy.Ask) { a.Kind = "access" }, policy.Decision{Verdict: policy.Accept, Tenant: "acme"}},
		"harmless flags":           {func(a *policy.Ask) { a.Requester.Flags = []int{4, 5, 15} }, policy.Decision{Verdict: policy.Accept, Tenant: "acme"}},
		"unclear kind":             {func(a *policy.Ask) { a.Kind = "" }, policy.Decision{Verdict: policy.Question, Reason: "kind_unclear"}},
		"unknown kind":             {func(a *policy.Ask) { a.Kind = "purge" }, policy.Decision{Verdict: policy.Question, Reason: "kind_unclear"}},
		"opt-out":                  {func(a *policy.Ask) { *a = policy.Ask{Kind: "opt_out"} }, policy.Decision{Verdict: policy.Answer, Reason: "opt_out", Denial: "claim_not_covered"}},
		"a correction":             {func(a *policy.Ask) { a.Kind = "correction" }, policy.Decision{Verdict: policy.Hand, Reason: "correction", Denial: "claim_not_covered", Tenant: "acme"}},
		"an objection by mail":     {func(a *policy.Ask) { a.Kind, a.ByMail = "objection", true }, policy.Decision{Verdict: policy.Hand, Reason: "objection", Denial: "claim_not_covered", Tenant: "acme"}},
		"a correction by no admin": {func(a *policy.Ask) { a.Kind, a.AdminOf = "correction", nil }, refused("not_admin", "insuf_verification")},
		"direct":                   {func(a *policy.Ask) { *a = policy.Ask{Kind: "direct"} }, policy.Decision{Verdict: policy.Answer, Reason: "direct_request", Denial: "claim_not_covered"}},
		"unknown":                  {func(a *policy.Ask) { a.Known = false }, refused("requester_unknown", "insuf_verification")},
		"unknown about self":       {func(a *policy.Ask) { a.Known, a.SubjectIsRequester = false, true }, policy.Decision{Verdict: policy.Answer, Reason: "direct_request", Denial: "claim_not_covered"}},
		"not an admin":             {func(a *policy.Ask) { a.AdminOf = nil }, refused("not_admin", "insuf_verification")},
		"nameless tenant":          {func(a *policy.Ask) { a.AdminOf = []string{""} }, refused("not_admin", "insuf_verification")},
		"unverified":               {func(a *policy.Ask) { a.Requester.Verified = false }, refused("requester_unverified", "insuf_verification")},
		"suspended":                {func(a *policy.Ask) { a.Requester.Suspended = true }, refused("requester_suspended", "insuf_verification")},
		"deleted":                  {func(a *policy.Ask) { a.Requester.Active = false }, refused("requester_suspended", "insuf_verification")},
		"on behalf":                {func(a *policy.Ask) { a.Requester.OnBehalf = true }, refused("sender_doubtful", "suspected_fraud")},
		"by an agent":              {func(a *policy.Ask) { a.Requester.OnBehalf, a.Requester.ByStaff = true, true }, asked("confirm_signed_in", "acme")},
		"by an agent, no admin":    {func(a *policy.Ask) { a.AdminOf, a.Requester.OnBehalf, a.Requester.ByStaff = nil, true, true }, refused("not_admin", "insuf_verification")},
		"by an agent, confirmed": {
			func(a *policy.Ask) { a.Requester.OnBehalf, a.Requester.ByStaff, a.Confirmed = true, true, true },
			policy.Decision{Verdict: policy.Accept, Tenant: "acme"},
		},
		"on behalf, confirmed":      {func(a *policy.Ask) { a.Requester.OnBehalf, a.Confirmed = true, true }, refused("sender_doubtful", "suspected_fraud")},
		"by mail":                   {func(a *policy.Ask) { a.ByMail = true }, asked("confirm_signed_in", "acme")},
		"by mail, confirmed":        {func(a *policy.Ask) { a.ByMail, a.Confirmed = true, true }, policy.Decision{Verdict: policy.Accept, Tenant: "acme"}},
		"access by mail":            {func(a *policy.Ask) { a.Kind, a.ByMail = "access", true }, policy.Decision{Verdict: policy.Accept, Tenant: "acme"}},
		"a role":                    {func(a *policy.Ask) { a.SubjectIsRole = true }, policy.Decision{Verdict: policy.Hold, Reason: "subject_is_role", Tenant: "acme"}},
		"consumer, unknown kind":    {consumer(func(a *policy.Ask) { a.Wanted = "" }), asked("kind_unclear", "")},
		"consumer":                  {consumer(func(*policy.Ask) {}), asked("confirm_address", "vendor")},
		"consumer, proven":          {consumer(func(a *policy.Ask) { a.LinkFollowed = true }), policy.Decision{Verdict: policy.Accept, Tenant: "vendor"}},
		"consumer, another's":       {consumer(func(a *policy.Ask) { a.SubjectIsRequester, a.LinkFollowed = false, true }), policy.Decision{Verdict: policy.Answer, Reason: "direct_request", Denial: "claim_not_covered"}},
		"consumer, doubtful":        {consumer(func(a *policy.Ask) { a.Requester.Flags = []int{3} }), refused("sender_doubtful", "suspected_fraud")},
		"consumer, by an agent":     {consumer(func(a *policy.Ask) { a.Requester.OnBehalf, a.Requester.ByStaff = true, true }), refused("sender_doubtful", "suspected_fraud")},
		"consumer, suspended":       {consumer(func(a *policy.Ask) { a.Requester.Suspended = true }), refused("requester_suspended", "insuf_verification")},
		"consumer, off":             {consumer(func(a *policy.Ask) { a.Controller, a.LinkFollowed = "", true }), policy.Decision{Verdict: policy.Answer, Reason: "direct_request", Denial: "claim_not_covered"}},
		"consumer, user, proven":    {consumer(func(a *policy.Ask) { a.LinkFollowed, a.SubjectIsUser = true, true }), policy.Decision{Verdict: policy.Hold, Reason: "subject_is_user", Tenant: "vendor"}},
		"unknown, controller is on": {func(a *policy.Ask) { a.Known, a.SubjectIsRequester, a.Controller = false, true, "vendor" }, asked("confirm_address", "vendor")},
		"unknown about another, on": {func(a *policy.Ask) { a.Known, a.Controller = false, "vendor" }, refused("requester_unknown", "insuf_verification")},
		"named":                     {func(a *policy.Ask) { a.NamedTenant = "acme" }, policy.Decision{Verdict: policy.Accept, Tenant: "acme"}},
		"named another's":           {func(a *policy.Ask) { a.NamedTenant = "globex" }, refused("other_tenant", "insuf_verification")},
		"named as member": {
			func(a *policy.Ask) { a.NamedTenant, a.MemberOf = "globex", []string{"acme", "globex"} },
			refused("not_admin", "insuf_verification"),
		},
		"no admin, named another's": {
			func(a *policy.Ask) { a.AdminOf, a.NamedTenant = nil, "globex" },
			refused("other_tenant", "insuf_verification"),
		},
		"two tenants":        {func(a *policy.Ask) { a.AdminOf = []string{"acme", "globex"} }, policy.Decision{Verdict: policy.Question, Reason: "tenant_unclear"}},
		"one tenant twice":   {func(a *policy.Ask) { a.AdminOf = []string{"acme", "acme"} }, policy.Decision{Verdict: policy.Accept, Tenant: "acme"}},
		"two tenants, named": {func(a *policy.Ask) { a.AdminOf, a.NamedTenant = []string{"acme", "globex"}, "globex" }, policy.Decision{Verdict: policy.Accept, Tenant: "globex"}},
		// Where the subject is known must not pick the tenant.
		"two tenants, subject in one": {
			func(a *policy.Ask) { a.AdminOf, a.SubjectTenants = []string{"acme", "globex"}, []string{"acme"} },
			policy.Decision{Verdict: policy.Question, Reason: "tenant_unclear"},
		},
		"own address":              {func(a *policy.Ask) { a.SubjectIsRequester = true }, policy.Decision{Verdict: policy.Hold, Reason: "subject_is_requester", Tenant: "acme"}},
		"subject is a user":        {func(a *policy.Ask) { a.SubjectIsUser = true }, policy.Decision{Verdict: policy.Hold, Reason: "subject_is_user", Tenant: "acme"}},
		"subject is a user here":   {func(a *policy.Ask) { a.SubjectTenants = []string{"acme"} }, policy.Decision{Verdict: policy.Hold, Reason: "subject_is_user", Tenant: "acme"}},
		"subject is one of others": {func(a *policy.Ask) { a.SubjectTenants = []string{"globex"} }, policy.Decision{Verdict: policy.Accept, Tenant: "acme"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := admin()
			c.change(&a)
			if got := policy.Admit(a); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func asked(reason, tenant string) policy.Decision {
	return policy.Decision{Verdict: policy.Question, Reason: reason, Tenant: tenant}
}

// consumer is one who asks about their own address, where that is possible.
func consumer(change func(*policy.Ask)) func(*policy.Ask) {
	return func(a *policy.Ask) {
		*a = policy.Ask{Kind: "direct", Controller: "vendor", Wanted: "delete", SubjectIsRequester: true, Requester: policy.Requester{Active: true}}
		change(a)
	}
}

func refused(reason, denial string) policy.Decision {
	return policy.Decision{Verdict: policy.Refuse, Reason: reason, Denial: denial}
}

// Zendesk's flags 0, 2, 3, 11, 14, 21 and 22 cast doubt on the sender; the
// decision is the same whatever the directory would say.
func TestDoubtfulSenderIsRefusedBeforeAnyLookup(t *testing.T) {
	for flag := range 30 {
		a := admin()
		a.Requester.Flags = []int{1, flag}
		doubtful := slices.Contains([]int{0, 2, 3, 11, 14, 21, 22}, flag)
		got := policy.Admit(a)
		if refused := got.Verdict == policy.Refuse && got.Reason == "sender_doubtful"; refused != doubtful {
			t.Errorf("flag %d: %+v", flag, got)
		}
		blank := policy.Ask{Kind: a.Kind, Requester: a.Requester}
		if doubtful && policy.Admit(blank) != got {
			t.Errorf("flag %d: what the directory says makes a difference", flag)
		}
	}
}

func anyAsk(t *rapid.T) policy.Ask {
	tenants := rapid.SliceOfN(rapid.SampledFrom([]string{"acme", "globex", "initech", ""}), 0, 3)
	return policy.Ask{
		Kind: rapid.SampledFrom([]string{"access", "delete", "opt_out", "direct", "", "x"}).Draw(t, "kind"),
		Requester: policy.Requester{
			Verified: rapid.Bool().Draw(t, "verified"), Suspended: rapid.Bool().Draw(t, "suspended"), Active: rapid.Bool().Draw(t, "active"),
			Flags: rapid.SliceOfN(rapid.IntRange(0, 25), 0, 2).Draw(t, "flags"), OnBehalf: rapid.Bool().Draw(t, "behalf"), ByStaff: rapid.Bool().Draw(t, "staff"),
		},
		ByMail: rapid.Bool().Draw(t, "mail"), Confirmed: rapid.Bool().Draw(t, "confirmed"), SubjectIsRole: rapid.Bool().Draw(t, "role"),
		Known: rapid.Bool().Draw(t, "known"), AdminOf: tenants.Draw(t, "admin"), MemberOf: tenants.Draw(t, "member"),
		NamedTenant:        rapid.SampledFrom([]string{"", "acme", "globex"}).Draw(t, "named"),
		SubjectIsRequester: rapid.Bool().Draw(t, "self"), SubjectIsUser: rapid.Bool().Draw(t, "user"), SubjectTenants: tenants.Draw(t, "subject"),
	}
}

// Nothing is accepted, and no tenant named, but for an admin of that tenant
// who is verified, active, known and undoubted.
func TestRule6_OnlyAnAdminOfTheTenantGetsAnywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := anyAsk(t)
		for name, d := range map[string]policy.Decision{"admit": policy.Admit(a), "recheck": policy.Recheck(a)} {
			r := a.Requester
			good := r.Verified && r.Active && !r.Suspended && (!r.OnBehalf || r.ByStaff) && !policy.Doubtful(r.Flags) && a.Known
			sure := a.Confirmed || !r.ByStaff && (name == "recheck" || a.Kind != "delete" || !a.ByMail)
			if d.Verdict == policy.Accept && (!good || r.OnBehalf && !a.Confirmed || name == "admit" && !sure || d.Tenant == "" || !slices.Contains(a.AdminOf, d.Tenant)) {
				t.Fatalf("%s accepts %+v", name, a)
			}
			if d.Verdict != policy.Accept && d.Reason == "" {
				t.Fatalf("%s: %+v has no reason", name, d)
			}
			if (d.Verdict == policy.Refuse) != (d.Denial != "") && d.Verdict != policy.Answer && name == "admit" {
				t.Fatalf("%s: %+v", name, d)
			}
			if name == "admit" && d.Tenant != "" && (!good || !slices.Contains(a.AdminOf, d.Tenant)) {
				t.Fatalf("%s names a tenant: %+v", name, d)
			}
		}
		a.SubjectTenants = nil
		d := policy.Admit(a)
		a.SubjectTenants = []string{"initech"}
		if !slices.Contains(a.AdminOf, "initech") && policy.Admit(a) != d {
			t.Fatal("that another tenant knows the subject makes a difference")
		}
	})
}

func TestRule9_ARightThatWasLostHolds(t *testing.T) {
	good := admin()
	good.NamedTenant = "acme"
	if d := policy.Recheck(good); d.Verdict != policy.Accept || d.Tenant != "acme" {
		t.Errorf("an unchanged right: %+v", d)
	}
	for name, change := range map[string]func(*policy.Ask){
		"demoted":    func(a *policy.Ask) { a.AdminOf = nil },
		"elsewhere":  func(a *policy.Ask) { a.AdminOf = []string{"globex"} },
		"gone":       func(a *policy.Ask) { a.Known = false },
		"suspended":  func(a *policy.Ask) { a.Requester.Suspended = true },
		"deleted":    func(a *policy.Ask) { a.Requester.Active = false },
		"unverified": func(a *policy.Ask) { a.Requester.Verified = false },
		"no tenant":  func(a *policy.Ask) { a.NamedTenant = "" },
	} {
		a := good
		change(&a)
		if d := policy.Recheck(a); d.Verdict != policy.Hold || d.Reason != "right_lost" {
			t.Errorf("%s: %+v", name, d)
		}
	}
	doubted := good
	doubted.Requester.Flags = []int{14}
	if d := policy.Recheck(doubted); d.Verdict != policy.Hold || d.Reason != "sender_doubtful" {
		t.Errorf("a doubtful reply: %+v", d)
	}
}

func TestRule9_OtherReadersHoldDelivery(t *testing.T) {
	if d := policy.Deliver(policy.Readers{}); d.Verdict != policy.Accept {
		t.Errorf("nobody else: %+v", d)
	}
	for _, r := range []policy.Readers{
		{OtherCCs: 1}, {Requester: 1}, {OtherFollowers: 1}, {SharedOrganization: true}, {SharingAgreements: true}, {PublicAttachments: true}, {OtherCCs: -1},
	} {
		if d := policy.Deliver(r); d.Verdict != policy.Hold || d.Reason != "readers" {
			t.Errorf("%+v: %+v", r, d)
		}
	}
}

func TestDefaultsAreCautiousAndAsDeclared(t *testing.T) {
	d := policy.DefaultRules()
	if err := d.Validate(); err != nil {
		t.Fatal(err)
	}
	if d.Live() || !policy.NeedsApproval(d, "delete", 0, false) || policy.NeedsApproval(d, "access", 9, true) || d.WaitingPeriod != 72*time.Hour {
		t.Errorf("%+v", d)
	}
	declared(t, d)
}

func TestRulesValidate(t *testing.T) {
	for field, change := range map[string]func(*policy.Rules){
		"mode":                func(r *policy.Rules) { r.Mode = "on" },
		"approval":            func(r *policy.Rules) { r.Approval = "sometimes" },
		"approval_expires":    func(r *policy.Rules) { r.ApprovalExpires = r.WaitingPeriod },
		"waiting_period":      func(r *policy.Rules) { r.WaitingPeriod = -1 },
		"cap_per_tenant_day":  func(r *policy.Rules) { r.CapPerTenantDay = 0 },
		"cap_rows_per_system": func(r *policy.Rules) { r.CapRowsPerSystem = 0 },
		"rescan.when":         func(r *policy.Rules) { r.Rescan.When = "sometimes" },
		"rescan.at":           func(r *policy.Rules) { r.Rescan.At = []time.Duration{72 * time.Hour, 24 * time.Hour} },
	} {
		r := policy.DefaultRules()
		change(&r)
		if err := r.Validate(); err == nil || !strings.Contains(err.Error(), "deletes."+field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	if (policy.Rules{Mode: "LIVE"}).Live() {
		t.Error("a misspelt mode is live")
	}
}

func TestNeedsApproval(t *testing.T) {
	for _, c := range []struct {
		approval, kind string
		rows           int64
		want, first    bool // of a later request, and of the tenant's first
	}{
		{"always", "delete", 0, true, true},
		{"always", "access", 5, false, false},
		{"deletes", "delete", 0, true, true},
		{"deletes", "access", 5, false, false},
		{"access", "access", 0, true, true},
		{"access", "delete", 5, false, false},
		{"deletes, access", "access", 5, true, true},
		{"deletes, access", "delete", 5, true, true},
		{"never", "delete", 1 << 62, false, false},
		{"over_rows 100", "delete", 100, false, false},
		{"over_rows 100", "delete", 101, true, true},
		{"over_rows 100", "access", 101, false, false},
		{"over_rows 0", "delete", 1, true, true},
		{"first_of_tenant", "delete", 1, false, true},
		{"first_of_tenant", "access", 1, false, true},
		{"first_of_tenant,over_rows 10", "delete", 11, true, true},
		{"first_of_tenant,over_rows 10", "delete", 10, false, true},
		{"over_rows -1", "delete", 0, true, true},
		{"over_rows", "delete", 0, true, true},
		{"", "delete", 0, true, true},
		{"Never", "access", 0, true, true},
		{"never, access", "delete", 0, true, true},
	} {
		rules := policy.Rules{Approval: c.approval}
		later, first := policy.NeedsApproval(rules, c.kind, c.rows, false), policy.NeedsApproval(rules, c.kind, c.rows, true)
		if later != c.want || first != c.first {
			t.Errorf("%+v: %v, and %v for the first", c, later, first)
		}
	}
	r := policy.DefaultRules()
	if policy.OverRowCap(r, r.CapRowsPerSystem) || !policy.OverRowCap(r, r.CapRowsPerSystem+1) || !policy.OverRowCap(policy.Rules{}, 1) {
		t.Error("the cap is not at its limit")
	}
}

func TestDueDate(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ arrived, want string }{
		{"2026-10-01T10:00:00+02:00", "2026-10-31T10:00:00+01:00"}, // clocks went back: still the same time of day
		{"2026-03-01T10:00:00+01:00", "2026-03-31T10:00:00+02:00"},
		{"2028-02-01T10:00:00+01:00", "2028-03-02T10:00:00+01:00"}, // a leap year
		{"2026-12-31T23:30:00Z", "2027-01-31T00:30:00+01:00"},      // already January in Berlin
	} {
		arrived, _ := time.Parse(time.RFC3339, c.arrived)
		if got := policy.DueDate(arrived, 30, berlin).Format(time.RFC3339); got != c.want {
			t.Errorf("%s: due %s, want %s", c.arrived, got, c.want)
		}
	}
}

func TestBusinessDays(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from string
		days int
		want string
	}{
		{"2026-11-23T12:00:00Z", 10, "2026-12-07T13:00:00+01:00"}, // a Monday
		{"2026-11-27T12:00:00Z", 1, "2026-11-30T13:00:00+01:00"},  // over a week-end
		{"2026-11-28T12:00:00Z", 1, "2026-11-30T13:00:00+01:00"},  // from within one
		{"2026-11-27T23:30:00Z", 1, "2026-11-30T00:30:00+01:00"},  // Saturday already, in Berlin
		{"2026-11-23T12:00:00Z", 0, "2026-11-23T13:00:00+01:00"},
	} {
		from, _ := time.Parse(time.RFC3339, c.from)
		if got := policy.BusinessDays(from, c.days, berlin).Format(time.RFC3339); got != c.want {
			t.Errorf("%d business days from %s: %s, want %s", c.days, c.from, got, c.want)
		}
	}
}

func TestRule9_BindingChangesWithAllThatWasApproved(t *testing.T) {
	systems := func() []policy.Bound {
		return []policy.Bound{
			{System: "crm", Finding: "f1", Map: "m1", Counts: map[string]int64{"crm.customer": 1, "crm.order": 2}},
			{System: "mail", Finding: "f2", Map: "m2"},
		}
	}
	base := policy.Binding("delete", "acme", "p", systems())
	other := map[string]string{
		"kind": policy.Binding("access", "acme", "p", systems()), "tenant": policy.Binding("delete", "globex", "p", systems()),
		"subject": policy.Binding("delete", "acme", "q", systems()), "fewer systems": policy.Binding("delete", "acme", "p", systems()[:1]),
		"shifted text": policy.Binding("delete", "acmep", "", systems()),
	}
	for name, change := range map[string]func([]policy.Bound){
		"finding": func(b []policy.Bound) { b[1].Finding = "f3" },
		"map":     func(b []policy.Bound) { b[0].Map = "m3" },
		"count":   func(b []policy.Bound) { b[0].Counts["crm.order"]++ },
		"name":    func(b []policy.Bound) { b[1].System = "post" },
		"more":    func(b []policy.Bound) { b[1].Counts = map[string]int64{"x": 0} },
	} {
		s := systems()
		change(s)
		other[name] = policy.Binding("delete", "acme", "p", s)
	}
	for name, hash := range other {
		if hash == base || len(hash) != 64 {
			t.Errorf("%s: %s", name, hash)
		}
	}
	turned := systems()
	slices.Reverse(turned)
	if policy.Binding("delete", "acme", "p", turned) != base {
		t.Error("the order of systems matters")
	}
	if turned[0].System != "mail" || turned[0].Counts != nil {
		t.Error("the caller's list was changed")
	}
}

// Somebody else's request is taken on by an admin of the same tenant alone, who
// is undoubted and said yes.
func TestAdopts(t *testing.T) {
	good := admin()
	good.Confirmed = true
	if !policy.Adopts(good, []string{"acme"}) {
		t.Error("an admin may not")
	}
	for name, change := range map[string]func(*policy.Ask){
		"said nothing": func(a *policy.Ask) { a.Confirmed = false }, "no admin": func(a *policy.Ask) { a.AdminOf = nil },
		"elsewhere": func(a *policy.Ask) { a.AdminOf = []string{"globex"} }, "nameless": func(a *policy.Ask) { a.AdminOf = []string{""} },
		"unverified": func(a *policy.Ask) { a.Requester.Verified = false }, "suspended": func(a *policy.Ask) { a.Requester.Suspended = true },
		"doubtful": func(a *policy.Ask) { a.Requester.Flags = []int{2} }, "unknown": func(a *policy.Ask) { a.Known = false },
	} {
		a := good
		change(&a)
		if policy.Adopts(a, []string{"acme", ""}) {
			t.Errorf("%s: taken on", name)
		}
	}
}

// A consumer's accepted request goes on as long as the address is theirs.
func TestRule9_AConsumersRight(t *testing.T) {
	good := policy.Ask{Kind: "delete", NamedTenant: "vendor", Consumer: true, SubjectIsRequester: true, Requester: policy.Requester{Active: true}}
	if d := policy.Recheck(good); d.Verdict != policy.Accept || d.Tenant != "vendor" {
		t.Errorf("unchanged: %+v", d)
	}
	for name, change := range map[string]func(*policy.Ask){
		"another address": func(a *policy.Ask) { a.SubjectIsRequester = false }, "suspended": func(a *policy.Ask) { a.Requester.Suspended = true },
		"deleted": func(a *policy.Ask) { a.Requester.Active = false }, "doubtful": func(a *policy.Ask) { a.Requester.Flags = []int{14} },
		"on behalf": func(a *policy.Ask) { a.Requester.OnBehalf, a.Requester.ByStaff, a.Confirmed = true, true, true },
	} {
		a := good
		change(&a)
		if d := policy.Recheck(a); d.Verdict != policy.Hold {
			t.Errorf("%s: %+v", name, d)
		}
	}
}
