//go:build !failpoints

package main

// failpointOf is empty in builds that are not made for the crash tests.
func failpointOf(func(string) (string, bool)) func(string) { return nil }
