package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"privacydesk/bot"
)

// TestShowEndsWithWhatToDo and the lines to type: what the reason asks for, the
// verbs that work, the code where show has it, and a place for it where not.
func TestShowEndsWithWhatToDo(t *testing.T) {
	t.Parallel()
	wait := func(on bot.WaitOn, reason bot.Reason) *bot.Wait { return &bot.Wait{On: on, Reason: reason} }
	for name, c := range map[string]struct {
		is    bot.Case
		ways  []bot.Verb
		code  string
		words string
		want  []string
	}{
		"approval": {
			bot.Case{Wait: wait(bot.OnApprover, bot.ReasonApproval)},
			[]bot.Verb{bot.VerbApprove, bot.VerbCancel, bot.VerbReject},
			"7K3M-Q9TX",
			"approve, reject or cancel",
			[]string{"approve --config 'a b.yml' t7 --code 7K3M-Q9TX", "cancel --config 'a b.yml' t7", "reject --config 'a b.yml' t7 --reason REASON"},
		},
		"the code is the note's alone": {
			bot.Case{Wait: wait(bot.OnAgent, bot.ReasonEdited)},
			[]bot.Verb{bot.VerbRetry, bot.VerbRelease},
			"",
			"CODE stands in the newest note on the ticket",
			[]string{"retry --config 'a b.yml' t7", "release --config 'a b.yml' t7 --code CODE"},
		},
		"systems that may be skipped": {
			bot.Case{Wait: wait(bot.OnAgent, bot.ReasonSystemFailed)},
			[]bot.Verb{bot.VerbSkip},
			"",
			"mend it and retry",
			[]string{"skip --config 'a b.yml' t7 crm", "skip --config 'a b.yml' t7 warehouse"},
		},
		"the requester": {bot.Case{Wait: wait(bot.OnRequester, bot.ReasonNoKind)}, []bot.Verb{bot.VerbCancel}, "", "the answer is waited for", []string{"cancel --config 'a b.yml' t7"}},
		"time":          {bot.Case{Wait: wait(bot.OnTime, bot.ReasonWaitingPeriod)}, nil, "", "it goes on by itself", nil},
		"at work":       {bot.Case{Phase: bot.PhaseWorking}, nil, "", "worked on by itself", nil},
		"ended":         {bot.Case{Phase: bot.PhaseDone}, nil, "", "it has ended", nil},
		"its key is gone": {
			bot.Case{Phase: bot.PhaseDone, KeyGone: listNow()}, []bot.Verb{bot.VerbCancel}, "", "put the file of its key back", []string{"cancel --config 'a b.yml' t7"},
		},
	} {
		c.is.ID = "t7"
		got := nextOf(&c.is, c.ways, []string{"crm", "warehouse"}, c.code, "a b.yml")
		for i := range c.want {
			c.want[i] = "privacydesk requests " + c.want[i]
		}
		if !slices.Equal(got.Commands, c.want) || !strings.Contains(got.Words, c.words) {
			t.Errorf("%s: %q %q, want %q %q", name, got.Words, got.Commands, c.words, c.want)
		}
		var out bytes.Buffer
		if err := got.print(&out); err != nil || !strings.Contains(out.String(), "NEXT\n"+got.Words+"\n") {
			t.Errorf("%s: %v %s", name, err, out.String())
		}
	}
}

// TestWhatToDoIsWhatTheDocumentSays of each reason for which a person must look.
func TestWhatToDoIsWhatTheDocumentSays(t *testing.T) {
	t.Parallel()
	_, table, _ := strings.Cut(document(t, "docs/operations.md"), "| reason | why it stopped | what to do |\n| --- | --- | --- |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	left := onHold()
	for row := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(row), "|"), " | ")
		for name := range strings.SplitSeq(cells[0], ",") {
			reason := bot.Reason(strings.Trim(name, " `"))
			if want := strings.TrimSpace(cells[len(cells)-1]); left[reason] != want {
				t.Errorf("%s: show says %q, docs/operations.md %q", reason, left[reason], want)
			}
			delete(left, reason)
		}
	}
	for reason := range left {
		t.Errorf("docs/operations.md does not say what to do about %s", reason)
	}
}
