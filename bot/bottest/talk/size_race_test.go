//go:build race

package talk_test

// The race detector makes a ticket some five times as dear. All of them come
// without it (make test).
const (
	soakTickets    = 200
	backlogTickets = 250
	floodTickets   = 1000
)
