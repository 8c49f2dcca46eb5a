//go:build !race

package talk_test

const soakTickets = 2000
