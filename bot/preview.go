package bot

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"

	"privacydesk/bot/plan"
	"privacydesk/bot/reading"
	"privacydesk/connectors"
)

// Preview is what a dry run shows.
type Preview struct {
	Tenant string `json:"tenant"`
	Kind   Kind   `json:"kind"`
	Rounds int    `json:"rounds"`
	// Unsettled is set when searching was stopped after the last round that is
	// allowed, though that one still turned something up.
	Unsettled bool            `json:"unsettled,omitempty"`
	Systems   []PreviewSystem `json:"systems"`
}

// PreviewSystem is one system of a dry run.
type PreviewSystem struct {
	Name    string  `json:"name"`
	Rank    int     `json:"rank"`
	Error   string  `json:"error,omitempty"`
	Refuses string  `json:"refuses,omitempty"` // why a delete would refuse
	Sets    []Tally `json:"sets,omitempty"`
}

// Preview locates a subject without a request: nothing is written anywhere,
// nothing is kept. It searches as a request would, round by round.
func (e *Engine) Preview(ctx context.Context, tenant, address string, kind Kind) (Preview, error) {
	subject, err := reading.Normalise(address)
	if err != nil {
		return Preview{}, fmt.Errorf("--email: %w", err)
	}
	p := Preview{Tenant: tenant, Kind: kind}
	profiles := map[string]connectors.Profile{}
	for name := range e.systemsOf(&Case{Controller: tenant != "" && tenant == e.Settings.Controller.Tenant}) {
		profiles[name] = e.Systems[name].Connector.Profile()
	}
	search := previewSearch{e: e, tenant: tenant, known: seed(subject), jobs: map[string]*connectors.Job{}, errs: map[string]error{}}
	for p.Unsettled = true; p.Unsettled && p.Rounds < e.Settings.MaxRounds; {
		if p.Unsettled, err = search.round(ctx, profiles); err != nil {
			return Preview{}, err
		}
		if p.Unsettled {
			p.Rounds++
		}
	}
	ranks, orphans := plan.Ranks(profiles), plan.Orphaned(profiles)
	for _, name := range sorted(profiles) {
		s := PreviewSystem{Name: name, Rank: ranks[name], Refuses: profiles[name].RefusesErase}
		if err := search.errs[name]; err != nil {
			s.Error = connectors.Plain(err)
		}
		if slices.Contains(orphans, name) {
			s.Error = "neither an address nor anything that another system yields leads there; a request would be held"
		}
		if job := search.jobs[name]; job != nil {
			s.Sets = tallies(profiles[name], job.Finding)
		}
		p.Systems = append(p.Systems, s)
	}
	return p, nil
}

type previewSearch struct {
	e      *Engine
	tenant string
	known  []connectors.Identity
	jobs   map[string]*connectors.Job
	errs   map[string]error
}

// round locates wherever a new identity calls for it.
func (s *previewSearch) round(ctx context.Context, profiles map[string]connectors.Profile) (grown bool, err error) {
	before := s.known
	for _, name := range sorted(profiles) {
		ids := relevant(profiles[name], before)
		job := s.jobs[name]
		if len(ids) == 0 || s.errs[name] != nil || job != nil && len(relevant(profiles[name], job.Subject.Identities)) == len(ids) {
			continue
		}
		if job == nil {
			job = &connectors.Job{ID: "preview/" + name, Finding: &connectors.Finding{}, Mask: masker{[]byte(rand.Text())}}
			s.jobs[name] = job
		}
		grown = true
		if err := s.locate(ctx, name, job, before); err != nil {
			if ctx.Err() != nil {
				return false, err
			}
			s.errs[name] = err
			continue
		}
		s.known = connectors.MergeIdentities(s.known, job.Finding.Yields)
	}
	return grown, nil
}

func (s *previewSearch) locate(ctx context.Context, name string, job *connectors.Job, known []connectors.Identity) error {
	cfg := s.e.Systems[name]
	if err := s.e.fit(ctx, name, false); err != nil {
		return err
	}
	tenant, err := cfg.Tenant(s.tenant)
	if err != nil || tenant == "" {
		return noSpelling(err)
	}
	job.Subject = connectors.Subject{Tenant: tenant, Identities: known}
	if err := cfg.Connector.Locate(ctx, []*connectors.Job{job}); err != nil {
		return err
	}
	return job.Err()
}
