package main

import (
	_ "embed"
	"io"
)

// notices is our licence and those of all that the binary is made of; a test
// holds it to go.mod, and `make notices` writes it.
//
//go:embed notices.txt
var notices string

type licencesCmd struct{}

// Help carries the example.
func (licencesCmd) Help() string { return "Example:\n  privacydesk licences" }

// Run prints them.
func (licencesCmd) Run(s *surroundings) error {
	_, err := io.WriteString(s.stdout, notices)
	return err
}
