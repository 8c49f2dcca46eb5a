package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"privacydesk/bot/policy"
	"privacydesk/connectors"
)

// maxErasings bounds how often what turns up while erasing is erased again;
// then a person must see what feeds it.
const maxErasings = 3

// closing verifies, writes report or certificate, and owes the last message.
func (e *Engine) closing(ctx context.Context, t *turn) (bool, error) {
	if t.c.Resolution != "" { // the last message was said, or dropped
		t.end()
		return true, t.commit(ctx)
	}
	if t.c.Kind == KindAccess {
		return e.report(ctx, t)
	}
	if stopped, err := e.gateErasing(ctx, t); err != nil || stopped {
		return stopped, err
	}
	if settled, err := e.tend(ctx, t); err != nil || !settled {
		return false, err
	}
	if held, err := e.failed(ctx, t); err != nil || held {
		return held, err
	}
	if t.c.Stage == StageErase {
		t.start(StageVerify, e.unskipped(t.c))
		return true, t.commit(ctx)
	}
	if t.c.Stopped != "" { // nothing more is erased
		return e.certificate(ctx, t)
	}
	if again, err := e.verifyAgain(ctx, t); err != nil || again {
		return again, err
	}
	if again, err := e.eraseAgain(ctx, t); err != nil || again {
		return again, err
	}
	if waits, err := e.rescanBefore(ctx, t); err != nil || waits {
		return waits, err
	}
	return e.certificate(ctx, t)
}

// verifyAgain looks once more where verification turned up an identity by
// which a system was not searched.
func (e *Engine) verifyAgain(ctx context.Context, t *turn) (bool, error) {
	systems, err := e.toSearch(ctx, t)
	if err != nil || len(systems) == 0 {
		return false, err
	}
	if t.c.Round+1 >= maxErasings {
		t.c.Round = 0
		return e.stop(ctx, t, OnAgent, ReasonTooManyRounds, time.Time{}, "note_held")
	}
	t.c.Round++
	t.start(StageVerify, systems)
	return true, t.commit(ctx)
}

// eraseAgain goes back for what verification still found.
func (e *Engine) eraseAgain(ctx context.Context, t *turn) (bool, error) {
	var left []string
	for _, name := range e.unskipped(t.c) {
		rows := t.c.Systems[name].Totals().Left
		if policy.OverRowCap(e.Settings.Deletes, rows) {
			if stopped, err := e.stop(ctx, t, OnAgent, ReasonCapRows, time.Time{}, "note_held"); stopped || err != nil {
				return stopped, err
			}
		}
		if rows > 0 {
			left = append(left, name)
		}
	}
	if len(left) == 0 {
		return false, nil
	}
	if t.c.Round+1 >= maxErasings {
		t.c.Round = 0
		return e.stop(ctx, t, OnAgent, ReasonLeft, time.Time{}, "note_held")
	}
	if t.c.Stage == StageRescan {
		t.owe(Say{Message: "note_late", Vars: map[string]string{"counts": e.lateTable(t.c)}, AddTags: []string{TagNeedsPerson}})
	}
	t.c.Round++
	t.start(StageErase, left)
	return true, t.commit(ctx)
}

// report builds the archive and owes it to the requester.
func (e *Engine) report(ctx context.Context, t *turn) (bool, error) {
	in, err := e.reportInput(ctx, t)
	if err != nil {
		return false, err
	}
	parts, err := e.Reporter.Access(ctx, in, e.Settings.PartSize, e.Settings.MaxParts)
	if errors.Is(err, ErrTooLarge) {
		return e.stop(ctx, t, OnAgent, ReasonTooLarge, time.Time{}, "note_held")
	}
	if err != nil {
		return false, connectors.Sayf(err, "report")
	}
	message, reason := "done_access", ReasonDelivered
	if e.foundTotal(t.c) == 0 {
		message, reason = "done_access_nothing", ReasonNothingFound
	}
	return e.answer(ctx, t, message, reason, parts)
}

// certificate proves a delete and owes the proof to the requester.
func (e *Engine) certificate(ctx context.Context, t *turn) (bool, error) {
	in, err := e.reportInput(ctx, t)
	if err != nil {
		return false, err
	}
	files, err := e.Reporter.Certificate(ctx, in)
	if err != nil {
		return false, connectors.Sayf(err, "certificate")
	}
	message, reason := "done_delete", ReasonErased
	switch {
	case e.foundTotal(t.c) == 0:
		message, reason = "done_delete_nothing", ReasonNothingFound
	case allKept(t.c):
		message, reason = "done_delete_kept", ReasonRetainedByLaw
	}
	return e.answer(ctx, t, message, reason, files)
}

// answer owes the final message. What was left out by a person's word makes
// it a partial one, and is named.
func (e *Engine) answer(ctx context.Context, t *turn, message string, reason Reason, files []SpoolFile) (bool, error) {
	res := Resolved
	say := Say{Message: message, Discloses: true, Vars: e.countVars(t.c, reason)}
	var skipped []string
	for _, name := range sorted(t.c.Systems) {
		if t.c.Systems[name].Skip != "" {
			skipped = append(skipped, e.label(name))
		}
	}
	if len(skipped) > 0 {
		res, say.Message = PartlyExecuted, "done_partly"
		say.Vars["skipped"] = strings.Join(skipped, "\n")
	}
	say.Vars["outcomes"], say.Vars["kept"] = e.outcomeLines(t.c), e.keptLines(t.c)
	if t.c.Stopped != "" {
		if lines, whole := e.partly(t.c); !whole {
			res, reason, say.Message = PartlyExecuted, t.c.Stopped, "done_ended"
			say.Vars["outcomes"], say.Vars["reason"] = lines, string(reason)
		}
	}
	for _, f := range files {
		say.Attach = append(say.Attach, f.Name)
	}
	t.finish(res, reason, say)
	return true, t.commit(ctx)
}

func (e *Engine) outcomeLines(c *Case) string {
	var lines []string
	for _, name := range sorted(c.Systems) {
		s := c.Systems[name]
		lines = append(lines, fmt.Sprintf("%s: %s", e.label(name), outcomeWord(c.Kind, s)))
	}
	return strings.Join(lines, "\n")
}

// keptLines name what a delete kept, and under which exception.
func (e *Engine) keptLines(c *Case) string {
	var lines []string
	for _, name := range sorted(c.Systems) {
		for _, set := range c.Systems[name].Sets {
			if words, _ := connectors.ExceptionWords(set.Exception); words != "" && set.After.Retained > 0 {
				lines = append(lines, fmt.Sprintf("%s, %s: %s", e.label(name), e.collection(name, set.Collection), words))
			}
		}
	}
	return strings.Join(lines, "\n")
}

// collection is what people call a collection of a system.
func (e *Engine) collection(system, name string) string {
	if cfg, ok := e.Systems[system]; ok {
		for _, c := range cfg.Connector.Profile().Collections {
			if c.Name == name && c.Label != "" {
				return c.Label
			}
		}
	}
	return name
}

func (e *Engine) foundTotal(c *Case) int64 {
	var n int64
	for _, s := range c.Systems {
		t := s.Totals()
		n += t.Found + t.Late
	}
	return n
}

// allKept is true where a delete kept whatever was found.
func allKept(c *Case) bool {
	for _, s := range c.Systems {
		if o := s.Outcome(c.Kind); o != OutcomeRetained && o != OutcomeNothing {
			return false
		}
	}
	return true
}

// reportInput is the same whenever it is made for the same work: its time is
// that at which the work ended.
func (e *Engine) reportInput(ctx context.Context, t *turn) (ReportInput, error) {
	s, err := t.open(ctx)
	if err != nil {
		return ReportInput{}, err
	}
	in := ReportInput{Case: *t.c, Subject: s.Subject, Also: s.Also, Reference: s.Reference, At: t.c.Accepted, Version: e.Settings.Version, Planned: e.plannedRescans(t.c)}
	for _, name := range sorted(t.c.Systems) {
		state := *t.c.Systems[name]
		if state.Run.Ended.After(in.At) {
			in.At = state.Run.Ended
		}
		if state.Unreached != "" {
			state.Notes = append(slices.Clone(state.Notes), state.Unreached)
		}
		sys := ReportSystem{Name: name, Label: e.label(name), State: state, Outcome: state.Outcome(t.c.Kind)}
		if cfg, ok := e.Systems[name]; ok {
			sys.Profile, sys.BackupsFor = cfg.Connector.Profile(), cfg.BackupsFor
		}
		in.Systems = append(in.Systems, sys)
	}
	return in, nil
}

// outcomeWord is an outcome in the catalogue's words. A delete that kept
// something says so.
func outcomeWord(kind Kind, s *System) string {
	o := s.Outcome(kind)
	word := strings.ReplaceAll(string(o), "_", " ")
	if o == OutcomeMasked {
		word = "de-identified"
	}
	if kind == KindDelete && o != OutcomeRetained && s.Totals().Retained > 0 {
		word += ", some retained"
	}
	return word
}
