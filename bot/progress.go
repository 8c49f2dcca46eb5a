package bot

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// How long after the last update of a ticket its progress field follows: a
// request that is quick changes it with its other updates alone, and the longer
// one takes the more seldom it costs the account a call for that.
const (
	progressSoonest = 15 * time.Minute
	progressLatest  = time.Hour
)

func progressAfter(c *Case) time.Duration {
	return min(max(progressSoonest, c.Told.Sub(c.Accepted)/2), progressLatest)
}

// progressing owes the ticket's progress field what is new.
func (e *Engine) progressing(c *Case, _ time.Time) []duty {
	if !e.Settings.ShowsProgress || !c.open() || c.Accepted.IsZero() || c.Told.IsZero() || e.progressOf(c) == c.Shown {
		return nil
	}
	return []duty{{name: "progress", repeats: true, at: c.Told.Add(progressAfter(c)), do: func(_ context.Context, t *turn) error {
		t.c.Told = t.now // one at a time: the outbox may have to wait
		t.owe(Say{})
		return nil
	}}}
}

// erasingNow is true from the first erase until what was done is certified.
func (c *Case) erasingNow() bool {
	return !c.Begun.IsZero() && !c.ended() && (c.Stage == StageErase || c.Stage == StageVerify || c.Stage == StageRescan)
}

// outcomesSoFar says in a word a system how far its part has come. What was
// erased and not yet searched again counts as erased, and no more.
func (e *Engine) outcomesSoFar(c *Case) string {
	var lines []string
	for _, name := range sorted(c.Systems) {
		s := c.Systems[name]
		word := outcomeWord(c.Kind, s)
		if c.erasingNow() && s.Skip == "" && s.Run.Stage == StageErase {
			switch {
			case s.Run.State == RunDone:
				word = "erased"
			case s.Run.Started.IsZero():
				word = "not begun"
			case s.Run.State != RunFailed:
				word = "begun, not finished"
			}
		}
		if c.erasingNow() && !s.Verified && s.Changed > 0 {
			word += fmt.Sprintf(", at least %d rows erased", s.Changed)
		}
		lines = append(lines, fmt.Sprintf("%s: %s", e.label(name), word))
	}
	return strings.Join(lines, "\n")
}

// progressOf is how far a request has come, in the words of the progress
// field: "running: 7 of 9 systems erased".
func (e *Engine) progressOf(c *Case) string {
	text := strings.ReplaceAll(string(c.State()), "_", " ")
	word := map[Stage]string{
		StageLocate: "searched", StageRelocate: "searched again", StageGather: "gathered", StageErase: "erased", StageVerify: "verified",
	}[c.Stage]
	if !c.open() || word == "" || c.State() != StateRunning && c.State() != StateHeld {
		return text
	}
	done, all := 0, 0
	for _, s := range c.Systems {
		if s.Skip != "" {
			continue
		}
		all++
		if s.Run.Stage == c.Stage && s.Run.State == RunDone {
			done++
		}
	}
	return fmt.Sprintf("%s: %d of %d systems %s", text, done, all, word)
}
