//go:build race

package talk_test

// soakTickets: the race detector makes each of them some five times as dear. All
// of them run without it (make test).
const soakTickets = 300
