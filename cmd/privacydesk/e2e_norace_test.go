//go:build !race

package main

// raced: the daemons of these tests are built as the tests are.
const raced = false
