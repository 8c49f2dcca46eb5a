//go:build !race

package talk_test

const (
	soakTickets    = 2000
	backlogTickets = 5000
	floodTickets   = 5000
)
