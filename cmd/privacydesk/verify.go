package main

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"privacydesk/bot"
	"privacydesk/bot/ledger"
	"privacydesk/bot/report"
)

type verifyCmd struct {
	File      string `arg:"" help:"A report (zip) or a certificate (json)."`
	PublicKey string `placeholder:"HEX" help:"The signing key that you trust, as keys show prints it. Without it, whoever altered the file may have signed it anew."`
	Keys      string `placeholder:"FILE" help:"What keys show --json printed of the sender: signing keys that were renewed, each vouched for by the next. With them, --public-key may be an earlier or a later one than the one that signed."`
	Ledger    string `placeholder:"FILE" help:"What requests show --json printed of the certificate's request: its events are held against the certificate's chain."`
	JSON      bool   `help:"Print one JSON object."`
}

// Help carries the example.
func (verifyCmd) Help() string {
	return "Examples:\n  privacydesk verify certificate.json\n  privacydesk verify --public-key HEX privacy-report-t35436.zip\n\n" +
		"Exit code 0: nothing was changed since the file was signed. That the sender signed it is proven by --public-key alone."
}

// verdict is what the command prints as JSON.
type verdict struct {
	OK bool `json:"ok"`
	report.Verdict
	Ledger string `json:"ledger,omitempty"` // "whole", if it was given
}

// Run verifies offline.
func (c verifyCmd) Run(s *surroundings) error {
	trusted, err := c.trusted()
	if err != nil {
		return err
	}
	handovers, err := c.handovers()
	if err != nil {
		return err
	}
	v := verdict{}
	if v.Verdict, err = report.VerifyFile(c.File, trusted, handovers...); err != nil {
		return err
	}
	if c.Ledger != "" {
		events, err := readLedger(c.Ledger)
		if err != nil {
			return err
		}
		if v.ChainHead == "" {
			return &usageError{errors.New("--ledger: reports bear no chain; give a certificate")}
		}
		if err := checkLedger(events, v.Verdict); err != nil {
			v.Problems = append(v.Problems, err.Error())
		} else {
			v.Ledger = "whole"
		}
	}
	v.OK = v.Verdict.OK()
	if c.JSON {
		if err := printJSON(s.stdout, v); err != nil {
			return err
		}
	} else {
		printVerdict(s.stdout, c.File, v)
	}
	if !v.OK {
		return errQuiet
	}
	return nil
}

func (c verifyCmd) trusted() (ed25519.PublicKey, error) {
	if c.PublicKey == "" {
		return nil, nil
	}
	raw, err := hex.DecodeString(c.PublicKey)
	if err != nil || len(raw) != ed25519.PublicKeySize {
		return nil, &usageError{errors.New("--public-key: give 64 hex digits, as `privacydesk keys show` prints them")}
	}
	return raw, nil
}

// handovers reads what keys show --json printed.
func (c verifyCmd) handovers() ([]bot.Handover, error) {
	if c.Keys == "" {
		return nil, nil
	}
	if c.PublicKey == "" {
		return nil, &usageError{errors.New("--keys: say which of the keys you trust: --public-key HEX")}
	}
	raw, err := os.ReadFile(c.Keys)
	if err != nil {
		return nil, &usageError{fmt.Errorf("--keys: %w", err)}
	}
	var shown shownKeys
	if err := json.Unmarshal(raw, &shown); err != nil || shown.PublicKey == "" {
		return nil, &usageError{errors.New("--keys: it is not what `privacydesk keys show --json` prints")}
	}
	return shown.Handovers, nil
}

// readLedger reads the events that requests show --json printed.
func readLedger(path string) ([]ledger.Event, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, &usageError{fmt.Errorf("--ledger: %w", err)}
	}
	var shown struct {
		Events []ledger.Event `json:"events"`
	}
	if err := json.Unmarshal(raw, &shown); err != nil || len(shown.Events) == 0 {
		return nil, &usageError{errors.New("--ledger: it is not what `privacydesk requests show --json` prints")}
	}
	return shown.Events, nil
}

// checkLedger holds events against the head that a certificate bears. Events
// went on after it was made; those before it must lead to it.
func checkLedger(events []ledger.Event, v report.Verdict) error {
	if int64(len(events)) < v.ChainEvents {
		return fmt.Errorf("the ledger has %d events, and the certificate was made after %d", len(events), v.ChainEvents)
	}
	if err := ledger.Verify(v.Request, events[:v.ChainEvents], v.ChainHead); err != nil {
		return fmt.Errorf("the ledger does not lead to the certificate: %w", err)
	}
	return nil
}

func printVerdict(out io.Writer, file string, v verdict) {
	for _, p := range v.Problems {
		_, _ = fmt.Fprintln(out, "problem: "+p)
	}
	if !v.OK {
		_, _ = fmt.Fprintf(out, "%s: NOT as it was made\n", file)
		return
	}
	what := fmt.Sprintf("request %s, ticket %d", v.Request, v.Ticket)
	if v.Parts > 0 {
		what += fmt.Sprintf(", part %d of %d, %d files", v.Part, v.Parts, v.Files)
	}
	_, _ = fmt.Fprintf(out, "%s: unchanged since it was signed (%s, %s)\n", file, v.Schema, what)
	if v.Parts > 1 {
		_, _ = fmt.Fprintln(out, "each part is checked by itself: check the others, too")
	}
	if v.ChainHead != "" && !v.Complete {
		_, _ = fmt.Fprintln(out, "it says that the person's data is NOT fully gone")
	}
	if v.Ledger != "" {
		_, _ = fmt.Fprintf(out, "the ledger's first %d events are whole and lead to the certificate\n", v.ChainEvents)
	}
	if v.Trusted {
		_, _ = fmt.Fprintf(out, "signed by the key that you trust, %s\n", v.KeyID)
		return
	}
	_, _ = fmt.Fprintf(out, "signed by key %s; who holds that key is NOT proven: whoever changes a file can sign it anew with a key of their own.\n"+
		"Compare the key with the one that the sender publishes, or give that one: --public-key HEX\n", v.KeyID)
}
