package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"privacydesk/bot/ledger"
	"privacydesk/bot/policy"
	"privacydesk/connectors"
)

// turn is a record while one piece works on it: what commit writes.
type turn struct {
	e      *Engine
	c      *Case
	now    time.Time
	stored Record // as it was loaded
	step   string // token of the step's lease; empty within a run
	change Change
	ticket *Ticket        // when it was read in this turn
	print  string         // keyed digest of what the ticket asks for, when it was read
	took   bool           // the hints that were there have been acted on
	told   bool           // the wait that was set is a new one
	reads  policy.Readers // who beside the requester reads the ticket, when that was asked
	failed bool           // this commit tells that a step failed
	made   bool           // the request's key is new

	secret *Secret // nil until it was asked for
	dirty  bool
}

// load starts a turn. For an id without a record it returns ErrNotFound and a
// turn whose Case is new.
func (e *Engine) load(ctx context.Context, id, token string) (*turn, error) {
	rec, err := e.Store.Load(ctx, id)
	if sum := rec.Case.SecretSum; err == nil && sum != "" && sum != sumOf(rec.Sealed) {
		err = fmt.Errorf("its secret half: %w", ErrDamaged)
	}
	t := &turn{e: e, now: e.Clock(), stored: rec, step: token}
	copied := rec.Case
	copied.ID = id
	t.c = &copied
	if err != nil {
		if errors.Is(err, ErrNotFound) {
			return t, err
		}
		return nil, connectors.Sayf(err, "load %s", id)
	}
	return t, nil
}

// hinted is true if something happened since the ticket was last observed.
func (t *turn) hinted() bool { return t.stored.Hint != 0 && t.stored.Hint != t.c.Hinted }

// open unseals the secret half, once a turn.
func (t *turn) open(ctx context.Context) (*Secret, error) {
	if t.secret != nil {
		return t.secret, nil
	}
	if len(t.stored.Sealed) == 0 {
		return nil, connectors.Sayf(ErrKeyGone, "request %s has no secret half", t.c.ID)
	}
	plain, err := t.e.Keys.Unseal(ctx, t.c.ID, sealPurpose(t.c), t.stored.Sealed)
	if err != nil {
		return nil, connectors.Sayf(err, "unseal %s", t.c.ID)
	}
	var s Secret
	if err := json.Unmarshal(plain, &s); err != nil {
		return nil, connectors.Sayf(nil, "request %s: its secret half does not decode", t.c.ID)
	}
	t.secret = &s
	return t.secret, nil
}

// seal keeps a changed secret half for the next commit.
func (t *turn) seal(s *Secret) { t.secret, t.dirty = s, true }

// sealPurpose binds the secret half to the life of the record.
func sealPurpose(c *Case) string { return "secret/" + c.Epoch }

// event adds to the ledger what this commit does.
func (t *turn) event(kind string, data map[string]string) {
	ev := ledger.Append(t.c.ID, t.c.Seq, t.c.Head, t.now, kind, data)
	t.c.Seq, t.c.Head = ev.Seq, ev.Hash
	t.change.Events = append(t.change.Events, ev)
}

// commit writes the turn and makes the request due at once, whatever it slept
// for: pieces that rest say so.
func (t *turn) commit(ctx context.Context) error {
	t.c.Wake = t.now
	return t.write(ctx)
}

// rest commits and sleeps until wake (zero: until a hint comes) or the next
// duty. A rest that changes nothing still moves the record out of the due ones.
func (t *turn) rest(ctx context.Context, wake time.Time) error {
	t.c.Wake = t.e.soonest(t.c, t.now, wake)
	return t.write(ctx)
}

func (t *turn) write(ctx context.Context) error {
	hint := t.stored.Hint
	switch {
	case t.step == "":
		hint = -1 // a run takes no hints in: a step looks at once
		t.c.Wake = t.now
	case t.took:
		t.c.Hinted = hint
	case t.hinted():
		hint = -1 // somebody still has to look at the ticket
	}
	t.countFailures()
	t.withdrawn()
	if t.dirty {
		plain, err := json.Marshal(t.secret)
		if err != nil {
			return connectors.Sayf(nil, "request %s: its secret half does not encode", t.c.ID)
		}
		t.change.Sealed, err = t.e.Keys.Seal(ctx, t.c.ID, sealPurpose(t.c), plain)
		if err != nil {
			return connectors.Sayf(err, "seal %s", t.c.ID)
		}
		t.c.SecretSum = sumOf(t.change.Sealed)
	}
	t.countWait()
	t.c.Claims = slices.DeleteFunc(t.c.Claims, func(s string) bool { return slices.Contains(t.change.Release, s) })
	for _, claim := range t.change.Claim {
		if !slices.Contains(t.c.Claims, claim) {
			t.c.Claims = append(t.c.Claims, claim)
		}
	}
	t.change.Case, t.change.Hint, t.change.Now, t.change.Step = *t.c, hint, t.e.Clock(), t.step
	name := string(t.c.Phase)
	t.e.Failpoint("before-commit-" + name)
	err := t.e.Store.Commit(ctx, t.change)
	t.e.Failpoint("after-commit-" + name)
	return err
}

// countFailures notes since when every step failed. What is said while the
// ticket still can't be looked at ends nothing.
func (t *turn) countFailures() {
	switch {
	case t.failed && t.c.Failing.IsZero():
		t.c.Failing = t.now
	case t.failed || t.step == "" || t.c.Dead > 0 || !t.took && t.hinted() || t.c.Failing.IsZero():
	default:
		t.c.Failing = time.Time{}
		t.c.Attempts = 0
	}
}

// hold stops the request until a person acts, unless a person already waved
// this reason through. It reports whether it holds; the caller then commits.
func (t *turn) hold(reason Reason) bool {
	return t.wait(OnAgent, reason, time.Time{})
}

// wait pauses the request where it stands, unless a person waved this reason
// through for what it is about. A state that was lost, an operator's hold and a
// reply that a person must read give way to no other reason: all others are
// found again by the next look, these are not.
func (t *turn) wait(on WaitOn, reason Reason, until time.Time) bool {
	of := t.about(reason)
	if t.cleared(reason) {
		return false
	}
	t.told = false
	if w := t.c.Wait; w != nil {
		switch {
		case w.On == on && w.Reason == reason:
			before := t.c.code()
			w.Until, w.Of = until, of
			if t.told = t.c.code() != before; t.told { // it is about something else: the agents see that
				t.waits()
			}
			return true
		case w.lost() || w.Reason == ReasonSetBack || w.Reason == ReasonOperatorHold || w.Reason == ReasonAgentHold || w.Reason == ReasonReply || w.Reason == ReasonMerged:
			return true
		}
	}
	t.told = true
	t.yieldTurn(on)
	t.c.Wait = &Wait{On: on, Reason: reason, Since: t.now, Until: until, Of: of}
	t.waits()
	if on == OnAgent {
		t.e.Observe(Observation{Event: "held", Kind: t.c.Kind})
	}
	t.e.log(t.c.ID).WithField("event", "waiting").WithField("on", string(on)).WithField("reason", string(reason)).Info("the request waits")
	return true
}

// eventWaiting is the ledger's word for a wait.
const eventWaiting = "waiting"

// waits notes the wait in the ledger, with what a person is asked to let pass:
// by that a code of before is known again.
func (t *turn) waits() {
	data := map[string]string{"on": string(t.c.Wait.On), "reason": string(t.c.Wait.Reason)}
	if t.c.Wait.asks() != "" && t.c.Wait.Of != "" {
		data["of"] = t.c.Wait.Of
	}
	t.event(eventWaiting, data)
}

// countReasons are those that show numbers, and are about them.
func countReasons() []Reason {
	return []Reason{ReasonApproval, ReasonGrown, ReasonExpired, ReasonCapRows, ReasonSubjectIsUser, ReasonSubjectIsRole, ReasonSeveralPeople}
}

// about is what a reason is about: the numbers where it shows some, what the ticket asks
// for otherwise.
func (t *turn) about(reason Reason) string {
	if slices.Contains(countReasons(), reason) {
		return t.e.binding(t.c)
	}
	return t.print
}

// cleared is true if a person waved the reason through for what it is about.
func (t *turn) cleared(reason Reason) bool {
	return slices.Contains(t.c.Cleared, Clearance{Reason: reason, Of: t.about(reason)})
}

// uncleared is the first of the reasons that nobody waved through, or "".
func (t *turn) uncleared(reasons []Reason) Reason {
	for _, r := range reasons {
		if !t.cleared(r) {
			return r
		}
	}
	return ""
}

// note owes the agents an internal note about a hold, once for each.
func (t *turn) note(message string, vars map[string]string) {
	if !t.told {
		return
	}
	vars = maps.Clone(vars)
	if changes := t.changesFor(Reason(vars["reason"])); changes != "" {
		vars["changes"] = changes
	}
	if code := t.c.code(); code != "" {
		vars["binding"] = code
	}
	t.owe(Say{Message: message, Vars: vars, AddTags: []string{TagNeedsPerson}})
}

// owe puts a message into the outbox. Its step is unique within the request,
// and the same again if the turn is repeated: the ledger's count is part of it.
// So is a digest of what it says: where the count repeats because the store was
// set back, another message has another name. Receipt and final answer are said
// once in a request's life, whatever such a store remembers of it.
func (t *turn) owe(s Say) {
	if s.Step == "" {
		s.Step = fmt.Sprintf("%s.%d.%d.%s", cmp.Or(s.Message, "update"), t.c.Seq, len(t.c.Owed), s.digest())
	}
	t.c.Owed = append(t.c.Owed, s)
}

// sooner moves the message that was owed last to the place at, or leaves it
// where there are fewer.
func (t *turn) sooner(at int) {
	last := len(t.c.Owed) - 1
	t.c.Owed = slices.Insert(slices.Clone(t.c.Owed[:last]), min(at, last), t.c.Owed[last])
}

// sayable is true for what may be said now: while a person must look, nothing
// is disclosed, and what failed to be said does not stand in the way of the
// note that tells of it.
func (t *turn) sayable(s Say) bool {
	switch {
	case s.Link: // it is of use only while we wait for it
		return t.c.Wait != nil && t.c.Wait.Reason == ReasonConfirmLink
	case t.c.Wait == nil:
		return true
	case t.c.Wait.Reason == ReasonStepFailed && t.hinted(): // it is the look at the ticket that fails
		return !s.Public || !s.Discloses
	case t.c.Wait.Reason == ReasonStepFailed, t.c.Wait.Reason == ReasonAnswers, t.c.Wait.Reason == ReasonFullTicket:
		return !s.Public
	case t.c.Wait.Reason == ReasonRequired:
		return s.Status != StatusSolved
	case t.c.Wait.declines():
		if t.c.Wait.Until.IsZero() {
			return s.Status != StatusSolved
		}
		return !t.now.Before(t.c.Wait.Until) // it is tried, and what discloses is looked at anew before
	}
	return !s.Discloses
}

// Tags that the bot puts on tickets.
const (
	TagInScope     = "privacydesk"
	TagNeedsPerson = "privacydesk_needs_person"
)

// Claims of a request on its subject, one for each address.
func openClaims(c *Case, kind Kind) []string {
	return perAddress(c, func(mac string) string { return fmt.Sprintf("open/%s/%s/%s", c.Tenant, mac, kind) })
}

func erasingClaims(c *Case) []string {
	return perAddress(c, func(mac string) string { return fmt.Sprintf("erasing/%s/%s", c.Tenant, mac) })
}

func perAddress(c *Case, claim func(mac string) string) []string {
	out := []string{claim(c.Pseudonym.MAC)}
	for _, p := range c.Also {
		out = append(out, claim(p.MAC))
	}
	return out
}
