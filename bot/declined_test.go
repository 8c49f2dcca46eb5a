package bot_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"privacydesk/bot"
	"privacydesk/bot/bottest/world"
)

// alerts are the tickets on which agents were told of something.
func alerts(t *testing.T, w *world.World) []string {
	t.Helper()
	var out []string
	for id := int64(1001); ; id++ {
		ticket, err := w.Desk.Ticket(context.Background(), id)
		if err != nil {
			return out
		}
		if ticket.Requester.ID == w.Desk.Bot.ID {
			out = append(out, ticket.Comments[0].Text)
		}
	}
}

// TestTicketThatTakesNothingIsTold: whatever is written on a ticket is refused,
// because of whom it belongs to or because our user may not touch it. Agents
// are told elsewhere, once, it is tried every hour and not more often, and goes
// on by itself once that is mended; a second time is told again.
func TestTicketThatTakesNothingIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		why  bot.Reason
		says string
	}{
		"its requester":  {&bot.DeclinedError{About: []string{"requester"}}, bot.ReasonDeskRequester, "suspended or deleted"},
		"its group":      {&bot.DeclinedError{About: []string{"group"}}, bot.ReasonDeskRefuses, "<li>group</li>"},
		"no word of why": {&bot.DeclinedError{}, bot.ReasonDeskRefuses, "Zendesk refuses"},
	} {
		t.Run(name, func(t *testing.T) {
			w := populated(t)
			tries, refuse := 0, true
			w.Desk.Refuse = func(bot.Update) error {
				if tries++; refuse {
					return c.err
				}
				return nil
			}
			id := w.File(world.Alex(), "access", janeBody)
			w.Pass(24 * time.Hour)
			w.Expect(id, "held", c.why)
			told := alerts(t, w)
			if len(told) != 1 || !strings.Contains(told[0], c.says) || !strings.Contains(told[0], bot.IDOfTicket(id)) || strings.Contains(told[0], "jane") {
				t.Fatalf("agents were told: %q", told)
			}
			if tries < 10 || tries > 60 {
				t.Errorf("%d tries in a day", tries)
			}
			refuse = false
			w.Pass(2 * time.Hour)
			w.Expect(id, "resolved", bot.ReasonDelivered)
			if said := strings.Join(w.Desk.Ours(id), " "); strings.Contains(said, "note_held") {
				t.Errorf("a hold that is over was told: %s", said)
			}
			expectSaidOnce(t, w, id)
		})
	}
}

// TestTicketThatTakesNothingAgainIsToldAgain: it took one update in between.
func TestTicketThatTakesNothingAgainIsToldAgain(t *testing.T) {
	w := populated(t)
	took, may := 0, 0
	w.Desk.Refuse = func(bot.Update) error {
		if took >= may {
			return &bot.DeclinedError{About: []string{"requester"}}
		}
		took++
		return nil
	}
	w.File(world.Alex(), "access", janeBody)
	w.Pass(2 * time.Hour)
	may = 1
	w.Pass(3 * time.Hour)
	if told := alerts(t, w); took != 1 || len(told) != 2 {
		t.Errorf("%d updates were taken, agents were told %d times", took, len(told))
	}
}

// TestTicketThatCanNotBeSolvedIsTold: notes are taken, the answer is not: the
// ticket itself says why, and a person retries.
func TestTicketThatCanNotBeSolvedIsTold(t *testing.T) {
	w := populated(t)
	refuse := true
	w.Desk.Refuse = func(u bot.Update) error {
		if refuse && u.Status == bot.StatusSolved {
			return &bot.DeclinedError{About: []string{"assignee"}}
		}
		return nil
	}
	id := w.File(world.Alex(), "access", janeBody)
	w.Pass(24 * time.Hour)
	w.Expect(id, "held", bot.ReasonDeskRefuses)
	if told := alerts(t, w); len(told) != 0 {
		t.Errorf("agents were told elsewhere: %q", told)
	}
	if notes := notesOf(t, w, id); !strings.Contains(notes, "assignee") {
		t.Errorf("no note names the assignee:\n%s", notes)
	}
	refuse = false
	operate(t, w.Engine.Retry, id, "ops")
	w.Pass(time.Hour)
	w.Expect(id, "resolved", bot.ReasonDelivered)
}

// TestTicketThatFailsIsTold: an update that fails for no known reason, the note
// about that included, is told elsewhere, too.
func TestTicketThatFailsIsTold(t *testing.T) {
	w := populated(t)
	w.Desk.Refuse = func(bot.Update) error { return errors.New("down") }
	id := w.File(world.Alex(), "access", janeBody)
	w.Pass(24 * time.Hour)
	w.Expect(id, "held", bot.ReasonStepFailed)
	if told := alerts(t, w); len(told) != 1 {
		t.Fatalf("agents were told: %q", told)
	}
	w.Desk.Refuse = nil
	w.Pass(time.Hour)
	operate(t, w.Engine.Retry, id, "ops")
	w.Pass(time.Hour)
	w.Expect(id, "resolved", bot.ReasonDelivered)
}

// TestAlertThatFailsIsToldLater: what tells the agents may fail, too.
func TestAlertThatFailsIsToldLater(t *testing.T) {
	w := populated(t)
	down := true
	w.Desk.Refuse = func(bot.Update) error { return &bot.DeclinedError{About: []string{"requester"}} }
	w.Desk.Fail = func(op string, _ int64) error {
		if op == "alert" && down {
			return bot.ErrUnavailable
		}
		return nil
	}
	w.File(world.Alex(), "access", janeBody)
	w.Pass(3 * time.Hour)
	if told := alerts(t, w); len(told) != 0 {
		t.Fatalf("agents were told: %q", told)
	}
	down = false
	w.Pass(3 * time.Hour)
	if told := alerts(t, w); len(told) != 1 {
		t.Errorf("agents were told: %q", told)
	}
}
