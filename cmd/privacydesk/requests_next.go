package main

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"privacydesk/bot"
)

// next is what an operator may do about a request.
type next struct {
	Words    string   `json:"what_to_do"`
	Commands []string `json:"commands"` // those that would work now
}

// nextOf says what to do, by the reason for which a request waits, and the
// commands that would work now as they are typed. code is that of what show
// prints; where only the note on the ticket has it, the line has a place for it.
func nextOf(c *bot.Case, ways []bot.Verb, skippable []string, code, config string) next {
	out := next{Words: whatToDo(c), Commands: []string{}}
	if code == "" {
		code = "CODE"
	}
	add := func(verb bot.Verb, after string) {
		out.Commands = append(out.Commands, strings.TrimSpace(fmt.Sprintf("privacydesk requests %s --config %s %s %s", verb, shellWord(config), c.ID, after)))
	}
	for _, verb := range ways {
		switch verb {
		case bot.VerbApprove, bot.VerbRelease:
			add(verb, "--code "+code)
			if code == "CODE" {
				out.Words += "; CODE stands in the newest note on the ticket"
			}
		case bot.VerbReject, bot.VerbEnd:
			add(verb, "--reason REASON")
		case bot.VerbSkip:
			for _, system := range skippable {
				add(verb, shellWord(system))
			}
		case bot.VerbRetry, bot.VerbCancel:
			add(verb, "")
		}
	}
	return out
}

// whatToDo are words for a person.
func whatToDo(c *bot.Case) string {
	w := c.Wait
	switch {
	case !c.KeyGone.IsZero() && c.StuckSince(c.KeyGone).Equal(c.KeyGone):
		return "put the file of its key back and retry, or cancel"
	case c.Phase == bot.PhaseDone || c.Phase == bot.PhaseForgotten:
		return "nothing: it has ended"
	case w == nil:
		return "nothing: it is worked on by itself"
	case w.On == bot.OnRequester:
		return "nothing: the requester was asked, and the answer is waited for"
	case w.On == bot.OnPerson:
		return "nothing: the person was asked to confirm, and that is waited for"
	case w.On != bot.OnAgent && w.On != bot.OnApprover:
		return "nothing: it goes on by itself"
	}
	if words := onHold()[w.Reason]; words != "" {
		return words
	}
	return "read the newest note on the ticket"
}

// onHold is what to do about each reason for which a person must look: the
// words of the table in docs/operations.md.
func onHold() map[bot.Reason]string {
	return map[bot.Reason]string{
		bot.ReasonCorrection:      "do it, answer, and solve the ticket: that ends it",
		bot.ReasonObjection:       "do it, answer, and solve the ticket: that ends it",
		bot.ReasonOptOutByHand:    "do it, answer, and solve the ticket: that ends it",
		bot.ReasonShadow:          "compare the counts with what you expect; set `deletes.mode: live`, restart, retry",
		bot.ReasonApproval:        "approve, reject or cancel",
		bot.ReasonGrown:           "look at the new counts; approve, reject or cancel",
		bot.ReasonExpired:         "approve again, reject or cancel",
		bot.ReasonLegalHold:       "wait: it goes on when the hold is removed; or, if nothing is erased yet, reject as `retained_by_law`",
		bot.ReasonCapTenant:       "wait: it goes on tomorrow; or raise `deletes.cap_per_tenant_day` and retry",
		bot.ReasonCapRows:         "see whether the count is plausible; release, or cancel and correct the map",
		bot.ReasonSubjectIsAdmin:  "ask whether that is meant; release or cancel",
		bot.ReasonSubjectIsUser:   "ask whether that is meant; release or cancel",
		bot.ReasonSubjectIsRole:   "ask whether one person is meant; release or cancel",
		bot.ReasonSeveralPeople:   "find out who is meant; release only if all of them are one person, else cancel and ask for another address",
		bot.ReasonMerged:          "read what came along; retry or cancel. A request whose ticket was merged away earlier is cancelled by itself",
		bot.ReasonEdited:          "find out who did and why; undo it and retry, release to go on with what was accepted, or cancel",
		bot.ReasonRequester:       "set the requester back and retry, or cancel; it can't be released",
		bot.ReasonReply:           "read it; retry or cancel",
		bot.ReasonFollowUp:        "ask whether a new request is meant; release or cancel",
		bot.ReasonOutOfScope:      "put form or tag back and retry, or cancel; it can't be released",
		bot.ReasonReplied:         "read it; retry to have the ticket read anew, or cancel",
		bot.ReasonReopened:        "release to have it done once more, or cancel",
		bot.ReasonAgentHold:       "ask the agent; retry",
		bot.ReasonSenderDoubt:     "ask the requester by another way; release or cancel",
		bot.ReasonRightLost:       "cancel, or retry when the right is back; nothing waves this through",
		bot.ReasonReaders:         "remove the CCs, followers or sharing, or switch secure downloads on; make the admin who took it on the ticket's requester; retry",
		bot.ReasonTooLarge:        "raise `requests.max_parts` and retry, or hand the report over by another way and cancel",
		bot.ReasonAnswers:         "look at the ticket; retry in a later hour, or cancel",
		bot.ReasonTriggerFight:    "let what the note names leave tickets of the privacy form alone; retry",
		bot.ReasonSystemFailed:    "`requests show` and the log name the error; mend it and retry, or skip the system. If the data map changed since the rows were located, put it back",
		bot.ReasonNotSearched:     "mend the configuration and retry, or skip the system",
		bot.ReasonRefusesErase:    "complete the map, restart, retry",
		bot.ReasonDirectoryMisfit: "mend `directory.query` and restart; it goes on by itself, or retry",
		bot.ReasonTooManyRounds:   "look for a map that passes on what is not one person's; retry",
		bot.ReasonLeft:            "find what writes them (a sync?), stop it, retry",
		bot.ReasonRequired:        "fill them in on the ticket, or list them in `zendesk.required_fields` and restart; retry",
		bot.ReasonDeskRequester:   "restore the requester, or give the ticket another one; it is tried every hour, and goes on by itself",
		bot.ReasonDeskRefuses:     "mend what Zendesk complains of, or let privacydesk's user see and edit the ticket; retry, or wait an hour",
		bot.ReasonStepFailed:      "the log names the cause; mend it and retry",
		bot.ReasonClosedTicket:    "give the requester the answer by another way, then cancel",
		bot.ReasonFullTicket:      "cancel, and let the requester file anew; where erasing had begun, give them the answer by another way first",
		bot.ReasonTicketGone:      "restore the ticket in Zendesk and retry",
		bot.ReasonSolvedByHand:    "open it again and retry, or cancel",
		bot.ReasonStateLost:       "read the ticket, finish by hand, and cancel",
		bot.ReasonSetBack:         "read on the ticket what was said and done since; retry goes on from where the record stands, with every check made anew; or cancel",
		bot.ReasonDamaged:         "find out who wrote; then read the ticket, finish by hand, and cancel",
		bot.ReasonManyLinks:       "retry tomorrow, or cancel",
		bot.ReasonOperatorHold:    "retry",
		bot.ReasonNoKind:          "talk to the requester; cancel, and let them file anew",
		bot.ReasonNoSubject:       "talk to the requester; cancel, and let them file anew",
		bot.ReasonManySubjects:    "talk to the requester; cancel, and let them file anew",
		bot.ReasonBadSubject:      "talk to the requester; cancel, and let them file anew",
		bot.ReasonWhichTenant:     "talk to the requester; cancel, and let them file anew",
		bot.ReasonConfirmSigned:   "talk to the requester; cancel, and let them file anew",
		bot.ReasonConfirmLink:     "talk to the requester; cancel, and let them file anew",
		bot.ReasonAttestation:     "talk to the requester; cancel, and let them file anew",
	}
}

// print writes it at the end of what show prints.
func (n next) print(out io.Writer) error {
	_, err := fmt.Fprintf(out, "\nNEXT\n%s\n", n.Words)
	for _, line := range n.Commands {
		if err == nil {
			_, err = fmt.Fprintln(out, "  "+line)
		}
	}
	return err
}

// shellWord is a word for a shell.
func shellWord(word string) string {
	if regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,-]+$`).MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
