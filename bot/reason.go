package bot

// Reason is a code for why something happened; each has its words in the
// message catalogue.
type Reason string

// Reasons of waiting, and of ends. Denials carry the word of the Data Rights
// Protocol 1.0 in Denial.
const (
	// Questions to the requester.
	ReasonNoKind        Reason = "kind_unclear"
	ReasonNoSubject     Reason = "subject_missing"
	ReasonManySubjects  Reason = "subject_several"
	ReasonWhichTenant   Reason = "tenant_unclear"
	ReasonBadSubject    Reason = "subject_not_an_address"
	ReasonConfirmSigned Reason = "confirm_signed_in"
	ReasonConfirmLink   Reason = "confirm_address"
	ReasonReopened      Reason = "reopened"
	ReasonAttestation   Reason = "attestation"

	// Refusals.
	ReasonNotAdmin     Reason = "not_admin"
	ReasonUnknown      Reason = "requester_unknown"
	ReasonOtherTenant  Reason = "other_tenant"
	ReasonSenderDoubt  Reason = "sender_doubtful"
	ReasonUnverified   Reason = "requester_unverified"
	ReasonSuspended    Reason = "requester_suspended"
	ReasonOptOut       Reason = "opt_out"
	ReasonDirect       Reason = "direct_request"
	ReasonDuplicate    Reason = "duplicate"
	ReasonNoAnswer     Reason = "no_answer"
	ReasonByRequester  Reason = "cancelled_by_requester"
	ReasonByOperator   Reason = "cancelled_by_operator"
	ReasonRightLost    Reason = "right_lost"
	ReasonTicketGone   Reason = "ticket_gone"
	ReasonSolvedByHand Reason = "solved_by_hand"
	ReasonNothingAsked Reason = "nothing_asked"

	// Refusals by a person, in the words of the Data Rights Protocol 1.0, and
	// one for what has to be kept.
	ReasonFraud         Reason = "suspected_fraud"
	ReasonNotVerified   Reason = "insuf_verification"
	ReasonNotCovered    Reason = "claim_not_covered"
	ReasonOutside       Reason = "outside_jurisdiction"
	ReasonTooMany       Reason = "too_many_requests"
	ReasonOther         Reason = "other"
	ReasonRetainedByLaw Reason = "retained_by_law"

	// What is not executed: a person sees to it, and ends it by solving the
	// ticket.
	ReasonCorrection   Reason = "correction"
	ReasonObjection    Reason = "objection"
	ReasonOptOutByHand Reason = "opt_out_by_hand"

	// Holds.
	ReasonShadow         Reason = "shadow_mode"
	ReasonApproval       Reason = "approval"
	ReasonGrown          Reason = "approval_grown"
	ReasonExpired        Reason = "approval_expired"
	ReasonLegalHold      Reason = "legal_hold"
	ReasonWaitingPeriod  Reason = "waiting_period"
	ReasonStateLost      Reason = "state_lost"
	ReasonSetBack        Reason = "record_set_back"
	ReasonEdited         Reason = "edited_after_acceptance"
	ReasonRequester      Reason = "requester_changed"
	ReasonReply          Reason = "reply_before_erasing"
	ReasonFollowUp       Reason = "follow_up"
	ReasonOutOfScope     Reason = "out_of_scope"
	ReasonSystemFailed   Reason = "system_failed"
	ReasonNotSearched    Reason = "system_not_searched"
	ReasonRefusesErase   Reason = "system_refuses_erase"
	ReasonTooManyRounds  Reason = "too_many_rounds"
	ReasonCapTenant      Reason = "cap_tenant_day"
	ReasonCapRows        Reason = "cap_rows"
	ReasonReaders        Reason = "readers"
	ReasonTooLarge       Reason = "report_too_large"
	ReasonLeft           Reason = "rows_left"
	ReasonOtherRequest   Reason = "other_request_open"
	ReasonTurn           Reason = "waits_its_turn"
	ReasonAnswers        Reason = "too_many_answers"
	ReasonTriggerFight   Reason = "trigger_fight"
	ReasonSubjectIsAdmin Reason = "subject_is_requester"
	ReasonSubjectIsUser  Reason = "subject_is_user"
	ReasonSubjectIsRole  Reason = "subject_is_role"
	ReasonSeveralPeople  Reason = "subject_several_people"
	ReasonManyLinks      Reason = "too_many_links"
	ReasonMerged         Reason = "ticket_merged"
	ReasonOperatorHold   Reason = "held_by_operator"
	ReasonAgentHold      Reason = "held_by_agent"
	ReasonReplied        Reason = "reply_after_end"
	ReasonPaused         Reason = "deletes_paused"
	ReasonDirectory      Reason = "directory_unavailable"
	// ReasonDirectoryMisfit: the directory answers, and not what it has to.
	ReasonDirectoryMisfit Reason = "directory_misfit"
	ReasonDesk            Reason = "desk_unavailable"
	ReasonRetry           Reason = "retrying"
	ReasonClosedTicket    Reason = "ticket_closed"
	ReasonFullTicket      Reason = "ticket_full"
	ReasonDamaged         Reason = "record_damaged"
	ReasonStepFailed      Reason = "step_failed"
	ReasonRequired        Reason = "required_fields"
	ReasonDeskRefuses     Reason = "desk_refuses"
	ReasonDeskRequester   Reason = "desk_refuses_requester"
	ReasonRescan          Reason = "rescan_pending"

	// Ends.
	ReasonDelivered    Reason = "delivered"
	ReasonNothingFound Reason = "no_match"
	ReasonErased       Reason = "erased"
	ReasonTakenBack    Reason = "taken_back"
)
