package walk

import (
	"errors"

	"privacydesk/connectors"
	"privacydesk/connectors/dataset"
)

var errNotBuilt = errors.New("not built yet")

type (
	node struct{}
	cut  struct{}
)

// New makes a plan of a data map. It fails with Misfit if the map forbids
// reading (a collection that is not scoped to a tenant).
func New(m *dataset.Map) (*Plan, error) { return nil, errNotBuilt }

// Map is the plan's data map.
func (p *Plan) Map() *dataset.Map { return p.m }

// Start begins a walk for a subject. known is what earlier walks found, or
// nil: its links are read again, so that the union never shrinks.
func (p *Plan) Start(subject connectors.Subject, known *connectors.Finding, limits Limits) (*Walk, error) {
	return nil, errNotBuilt
}

// Walk is one subject's way through a system. It is not safe for concurrent
// use.
type Walk struct{}

// Next returns the steps of the next round, ordered by collection; none when
// nothing new turned up. It fails with TooMuch when a limit is reached.
func (w *Walk) Next() ([]Step, error) { return nil, errNotBuilt }

// Feed hands over a row. It reports whether the row is a finding: whether its
// own tenant and content carry what was searched. Rows that are not are
// ignored, so that one query may serve many walks.
func (w *Walk) Feed(step Step, row Row) (bool, error) { return false, errNotBuilt }

// Finding is what is known so far: the union with what the walk began with.
// Counts are zero. Collections that can be reached but hold nothing have a set
// without links.
func (w *Walk) Finding() *connectors.Finding { return nil }

// Reads lists what a finding reaches, parents first, for gathering and for
// counting.
func (p *Plan) Reads(tenant string, f *connectors.Finding) ([]Selection, error) {
	return nil, errNotBuilt
}

// Erases lists what a delete does to what a finding reaches, children first.
// It fails with Misfit if the map forbids deletes.
func (p *Plan) Erases(tenant string, f *connectors.Finding) ([]EraseStep, error) {
	return nil, errNotBuilt
}
