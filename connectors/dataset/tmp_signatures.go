package dataset

import (
	"errors"

	"privacydesk/connectors"
)

type (
	tenantSpec struct{}
	reference  struct{}
)

// File is one file of a data map.
type File struct {
	Name string // for messages
	Data []byte
}

// Parse reads a data map of one file. Notes say what has no effect; the error
// joins everything that is wrong, each with its line. What a well-formed map
// lacks (scopes, actions) is no error here: see Map.Problems.
func Parse(name string, data []byte) (*Map, []Note, error) {
	return ParseFiles(File{name, data})
}

// ParseFiles reads one system's data map from several files.
func ParseFiles(files ...File) (*Map, []Note, error) { return nil, nil, errors.New("not built yet") }

// Problems are what the map lacks, the worst first: a collection that is not
// scoped blocks everything, one without an action blocks deletes.
func (m *Map) Problems() []connectors.Problem { return m.problems }

// Digest is the SHA-256, in hex, of the map's canonical form: it changes
// if and only if the map's meaning does.
func (m *Map) Digest() string { return "" }

// Profile is what the engine plans with.
func (m *Map) Profile() connectors.Profile { return connectors.Profile{} }
