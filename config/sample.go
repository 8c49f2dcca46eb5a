package config

import (
	_ "embed" // the sample
)

//go:embed sample.yml
var sample string

// Sample is a commented configuration that works as it is, given the
// environment and the file that its head names.
func Sample() string { return sample }
