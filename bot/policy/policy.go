// Package policy decides: may this requester ask this, who may read the
// answer, and what must happen before anything is deleted. It is pure; what
// it needs to know comes in as values, and what is unclear never becomes an
// Accept.
package policy

// Verdict is what is to be done with a request.
type Verdict string

// The verdicts. Only Accept lets a request go on by itself.
const (
	Accept   Verdict = "accept"
	Question Verdict = "ask"    // put the question Reason to the requester
	Refuse   Verdict = "refuse" // end the request with the words of Reason
	Hold     Verdict = "hold"   // a person must look
	Answer   Verdict = "answer" // nothing to execute: answer and end
	Hand     Verdict = "hand"   // not executed, which is said; a person does what is to be done
)

// Kinds of requests, as package bot spells them.
const (
	kindAccess = "access"
	kindDelete = "delete"
	kindOptOut = "opt_out"
	kindDirect = "direct"

	kindCorrection = "correction"
	kindObjection  = "objection"
)

// Denials in the words of the Data Rights Protocol 1.0.
const (
	DenialSuspectedFraud      = "suspected_fraud"
	DenialInsufVerification   = "insuf_verification"
	DenialNoMatch             = "no_match"
	DenialClaimNotCovered     = "claim_not_covered"
	DenialOutsideJurisdiction = "outside_jurisdiction"
	DenialTooManyRequests     = "too_many_requests"
	DenialOther               = "other"
)

// Reasons that this package gives: codes of package bot (bot/reason.go),
// spelled again because the domain imports policy and not the reverse.
const (
	reasonNoKind        = "kind_unclear"
	reasonWhichTenant   = "tenant_unclear"
	reasonNotAdmin      = "not_admin"
	reasonUnknown       = "requester_unknown"
	reasonOtherTenant   = "other_tenant"
	reasonSenderDoubt   = "sender_doubtful"
	reasonUnverified    = "requester_unverified"
	reasonSuspended     = "requester_suspended"
	reasonOptOut        = "opt_out"
	reasonDirect        = "direct_request"
	reasonRightLost     = "right_lost"
	reasonReaders       = "readers"
	reasonSubjectIsSelf = "subject_is_requester"
	reasonSubjectIsUser = "subject_is_user"
	reasonSubjectIsRole = "subject_is_role"
	reasonConfirmSigned = "confirm_signed_in"
	reasonConfirmLink   = "confirm_address"
)

// Requester is who files, as the desk knows them.
type Requester struct {
	Role      string // end-user, agent, admin
	Verified  bool   // the desk saw proof that the address is theirs
	Suspended bool
	Active    bool  // not deleted
	Flags     []int // the desk's doubts about the sender, of all comments that were read
	Channel   string
	// OnBehalf: somebody else submitted the ticket in the requester's name.
	// ByStaff: it was an agent. Mail that an agent forwards can name anybody,
	// so it needs the requester's own word.
	OnBehalf, ByStaff bool
}

// Ask is all that a decision rests on.
type Ask struct {
	Kind      string
	Requester Requester
	Known     bool     // the directory knows the requester
	AdminOf   []string // tenants, by the directory
	MemberOf  []string // tenants in which the requester is a user, admin or not
	// NamedTenant is, for Admit, the tenant that the requester named, if any;
	// for Recheck the tenant that was frozen at acceptance.
	NamedTenant        string
	SubjectIsRequester bool
	SubjectIsUser      bool // the subject's address is a user of the product
	SubjectIsRole      bool // it is an office's by its name
	SubjectTenants     []string
	// ByMail: what is asked for, or of whom, came by mail.
	ByMail bool
	// Confirmed: the requester said yes to all that was said, signed in.
	Confirmed bool
	// Controller is the vendor's own tenant where consumers may file directly;
	// empty where they may not. Wanted is what such a request asks for,
	// LinkFollowed that its address was proven by our link.
	Controller, Wanted string
	LinkFollowed       bool
	// Consumer is, for Recheck, set for an accepted request of that kind.
	Consumer bool
}

// Decision is what policy says.
type Decision struct {
	Verdict Verdict
	Reason  string // a reason code of package bot; empty for Accept
	Denial  string // for Refuse: the Data Rights Protocol's word
	Tenant  string // for Accept, and for Hold where it is known
}
