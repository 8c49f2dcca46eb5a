package reading_test

import (
	"strings"
	"testing"

	"privacydesk/bot/reading"
)

func TestCancels(t *testing.T) {
	for text, want := range map[string]bool{
		"Cancel": true, "cancel this request please": true, "STOP!": true, "Please stop the deletion of jane@corp.example": true,
		"Bitte stornieren": true, "Annulez la demande": true, "Por favor, anular": true, "cancel\n\nBest regards\nJo": true,
		"cancel\n\n> please delete": true, "We withdraw the request.": true,
		"": false, "Don't cancel": false, "Please do not stop": false, "Nicht abbrechen": false, "Can we still cancel?": false,
		"thanks": false, "> cancel": false, "On Monday Bob wrote:\ncancel": false,
		"We talked about it and think that the next step would be to cancel the meeting": false,
		"cancel\nbut only for Bob": false, strings.Repeat("cancel ", 1000): false,
	} {
		if got := reading.Cancels(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestIsThanks(t *testing.T) {
	for text, want := range map[string]bool{
		"Thanks!": true, "Thank you very much": true, "Vielen Dank für Ihre schnelle Hilfe!": true, "Merci beaucoup": true, "Muchas gracias": true,
		"Great, thanks\n\nJo Doe": true, "Thanks\n\nBest regards,\nJo": true, "Danke!\n\n> we closed it": true, "Merci d'avance": true,
		"": false, "Thanks, but it is still there": false, "Thanks. Please delete Bob": false, "Thanks\nDelete Bob": false, "Thanks\nStop": false,
		"Thanks for what?": false, "ok": false, "Thanks bob@corp.example": false, "no thanks": false, "> thanks": false,
	} {
		if got := reading.IsThanks(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestIsAutomatic(t *testing.T) {
	for _, c := range []struct {
		title, text string
		want        bool
	}{
		{"Automatic reply: your request", "", true},
		{"Abwesenheitsnotiz", "", true},
		{"Réponse automatique : demande", "", true},
		{"Respuesta automática", "", true},
		{"Undeliverable: request", "", true},
		{"", "I am out of the office until Monday.", true},
		{"", "Ich bin derzeit nicht im Büro.", true},
		{"", "Je suis absente du bureau.", true},
		{"", "Estoy fuera de la oficina.", true},
		{"Delete request", "Please delete jane@corp.example", false},
		{"", "Yes please\n\n> I am out of the office", false},
		{"", "", false},
	} {
		if got := reading.IsAutomatic(c.title, c.text); got != c.want {
			t.Errorf("%q %q: %v", c.title, c.text, got)
		}
	}
}

// What may be a protest is none of the usual absence notes.
func TestProtests(t *testing.T) {
	for text, want := range map[string]bool{
		"I was out of office until today. Please do not delete her yet!":            true,
		"I was out of office. Please don't delete her.":                             true,
		"Ich war nicht im Büro. Bitte nicht löschen!":                               true,
		"Ich war nicht im Büro. Es ist die falsche Jane.":                           true,
		"I am out of office until Monday and read no mail.":                         false,
		"Ich bin abwesend. Bitte wenden Sie sich an Frau Roe.":                      false,
		"Automatic reply: thank you for your message. Please do not reply to this.": false,
		"": false,
	} {
		if have := reading.Protests(text); have != want {
			t.Errorf("%q: %t", text, have)
		}
	}
}
