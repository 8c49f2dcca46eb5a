package policy

import "slices"

// doubtfulFlags are the comment flags of Zendesk that cast doubt on who
// wrote: untrusted (0), author not in the conversation (2), not signed in
// (3), on behalf of the author (11), maybe not sent by the user (14), From
// and Reply-To differ (21), unverified address (22). Source: Zendesk's
// reference of comment flags.
func doubtfulFlags() []int { return []int{0, 2, 3, 11, 14, 21, 22} }

// Doubtful reports whether any flag casts doubt on the sender.
func Doubtful(flags []int) bool {
	return slices.ContainsFunc(flags, func(f int) bool { return slices.Contains(doubtfulFlags(), f) })
}

// Admit decides on a request that was just read. Role, display name and
// e-mail domain give nobody a right: the directory alone does.
func Admit(a Ask) Decision {
	switch a.Kind {
	case kindOptOut:
		return Decision{Verdict: Answer, Reason: reasonOptOut, Denial: DenialClaimNotCovered}
	case kindDirect:
		return admitConsumer(a)
	}
	if d, bad := sender(a.Requester); bad {
		return d
	}
	switch a.Kind {
	case kindAccess, kindDelete, kindCorrection, kindObjection:
	default:
		return Decision{Verdict: Question, Reason: reasonNoKind}
	}
	if !a.Known {
		if a.SubjectIsRequester {
			a.Wanted = a.Kind
			return admitConsumer(a)
		}
		return refuse(reasonUnknown, DenialInsufVerification)
	}
	tenant, d := tenantOf(a)
	if tenant == "" {
		return d
	}
	if a.Kind == kindCorrection || a.Kind == kindObjection {
		return Decision{Verdict: Hand, Reason: a.Kind, Denial: DenialClaimNotCovered, Tenant: tenant}
	}
	if !a.Confirmed && (a.Requester.ByStaff || a.Kind == kindDelete && a.ByMail) {
		return Decision{Verdict: Question, Reason: reasonConfirmSigned, Tenant: tenant}
	}
	if a.SubjectIsRequester {
		return Decision{Verdict: Hold, Reason: reasonSubjectIsSelf, Tenant: tenant}
	}
	if doubts := Doubts(a, tenant); len(doubts) > 0 {
		return Decision{Verdict: Hold, Reason: doubts[0], Tenant: tenant}
	}
	return Decision{Verdict: Accept, Tenant: tenant}
}

// Doubts are the reasons for which a person looks at what was found of a
// subject before anything is disclosed or erased, whoever asks.
func Doubts(a Ask, tenant string) []string {
	var out []string
	if self := a.SubjectIsRequester && tenant != a.Controller; self {
		return nil // that is asked about by itself
	}
	if a.SubjectIsUser || slices.Contains(a.SubjectTenants, tenant) {
		out = append(out, reasonSubjectIsUser)
	}
	if a.SubjectIsRole {
		out = append(out, reasonSubjectIsRole)
	}
	return out
}

// admitConsumer decides on a consumer's own request. The vendor is the
// processor of most data and refers them to its controller; where it is the
// controller itself and says so, they may ask about their own address, once it
// is proven by a link.
func admitConsumer(a Ask) Decision {
	r := a.Requester
	switch {
	case a.Controller == "":
		return Decision{Verdict: Answer, Reason: reasonDirect, Denial: DenialClaimNotCovered}
	case r.Suspended, !r.Active:
		return refuse(reasonSuspended, DenialInsufVerification)
	case Doubtful(r.Flags), r.OnBehalf:
		return refuse(reasonSenderDoubt, DenialSuspectedFraud)
	case !a.SubjectIsRequester:
		return Decision{Verdict: Answer, Reason: reasonDirect, Denial: DenialClaimNotCovered}
	case a.Wanted != kindAccess && a.Wanted != kindDelete:
		return Decision{Verdict: Question, Reason: reasonNoKind}
	case !a.LinkFollowed:
		return Decision{Verdict: Question, Reason: reasonConfirmLink, Tenant: a.Controller}
	}
	if doubts := Doubts(a, a.Controller); len(doubts) > 0 {
		return Decision{Verdict: Hold, Reason: doubts[0], Tenant: a.Controller}
	}
	return Decision{Verdict: Accept, Tenant: a.Controller}
}

// Adopts reports whether a reply makes somebody else's request the replier's
// own: an admin of one of the tenants of which the requester is a user, of whom
// the desk is sure, who said yes. of are those tenants.
func Adopts(a Ask, of []string) bool {
	return Trusted(a.Requester) && a.Known && a.Confirmed &&
		slices.ContainsFunc(tenants(a.AdminOf), func(t string) bool { return slices.Contains(of, t) })
}

// Trusted reports whether nothing speaks against who asks: of anybody else not
// even the directory needs to know.
func Trusted(r Requester) bool {
	_, bad := sender(r)
	return !bad
}

// sender refuses where it is unclear who asks. It looks at nothing but the
// desk's own knowledge.
func sender(r Requester) (Decision, bool) {
	switch {
	case r.Suspended, !r.Active:
		return refuse(reasonSuspended, DenialInsufVerification), true
	case Doubtful(r.Flags), r.OnBehalf && !r.ByStaff:
		return refuse(reasonSenderDoubt, DenialSuspectedFraud), true
	case !r.Verified:
		return refuse(reasonUnverified, DenialInsufVerification), true
	}
	return Decision{}, false
}

// tenantOf finds the one tenant whose admin asks. Where the subject is known
// never chooses the tenant: that would show what other tenants hold.
func tenantOf(a Ask) (string, Decision) {
	admin := tenants(a.AdminOf)
	switch {
	case len(admin) == 0 && a.NamedTenant != "" && !slices.Contains(a.MemberOf, a.NamedTenant):
		return "", refuse(reasonOtherTenant, DenialInsufVerification)
	case len(admin) == 0:
		return "", refuse(reasonNotAdmin, DenialInsufVerification)
	case a.NamedTenant != "" && slices.Contains(admin, a.NamedTenant):
		return a.NamedTenant, Decision{}
	case a.NamedTenant != "" && slices.Contains(a.MemberOf, a.NamedTenant):
		return "", refuse(reasonNotAdmin, DenialInsufVerification)
	case a.NamedTenant != "":
		return "", refuse(reasonOtherTenant, DenialInsufVerification)
	case len(admin) > 1:
		return "", Decision{Verdict: Question, Reason: reasonWhichTenant}
	}
	return admin[0], Decision{}
}

// tenants sorts, drops repetitions and what has no name.
func tenants(list []string) []string {
	out := slices.DeleteFunc(slices.Clone(list), func(t string) bool { return t == "" })
	slices.Sort(out)
	return slices.Compact(out)
}

func refuse(reason, denial string) Decision {
	return Decision{Verdict: Refuse, Reason: reason, Denial: denial}
}

// Recheck decides whether an accepted request may still go on: asked before
// each system is erased and before anything is delivered. NamedTenant is the
// tenant that was frozen at acceptance. It accepts or holds, nothing else:
// what began is a person's to end.
func Recheck(a Ask) Decision {
	d := Decision{Verdict: Hold, Reason: reasonRightLost, Denial: DenialInsufVerification, Tenant: a.NamedTenant}
	r := a.Requester
	switch {
	case r.Suspended, !r.Active, a.NamedTenant == "":
		return d
	case a.Consumer && !a.SubjectIsRequester:
		return d
	case !a.Consumer && (!r.Verified || !a.Known || !slices.Contains(a.AdminOf, a.NamedTenant)):
		return d
	case Doubtful(r.Flags), r.OnBehalf && (a.Consumer || !r.ByStaff || !a.Confirmed):
		d.Reason, d.Denial = reasonSenderDoubt, DenialSuspectedFraud
		return d
	}
	return Decision{Verdict: Accept, Tenant: a.NamedTenant}
}

// Readers counts who beside the requester and the desk's agents would read
// what is delivered on the ticket.
type Readers struct {
	Requester          int // 1: somebody else's right is used, and the requester is no admin of the tenant
	OtherCCs           int // copied people who are not admins of the tenant
	OtherFollowers     int // followers who are neither agents nor admins of the tenant
	SharedOrganization bool
	SharingAgreements  bool
	PublicAttachments  bool
}

// Deliver decides whether personal data may be put on the ticket.
func Deliver(r Readers) Decision {
	if r.Requester != 0 || r.OtherCCs != 0 || r.OtherFollowers != 0 || r.SharedOrganization || r.SharingAgreements || r.PublicAttachments {
		return Decision{Verdict: Hold, Reason: reasonReaders}
	}
	return Decision{Verdict: Accept}
}
