package bot

import (
	"context"
	"fmt"
	"strings"
	"time"

	"privacydesk/connectors"
)

// gatePeople holds a located request where a person must look at whom it is
// about: a user of the product, an office, or several people behind one
// address. It shows counts and no names.
func (e *Engine) gatePeople(ctx context.Context, t *turn) (bool, error) {
	for _, doubt := range t.c.Doubts {
		if stopped, err := e.stop(ctx, t, OnAgent, doubt, time.Time{}, "note_held"); err != nil || stopped {
			return stopped, err
		}
	}
	several, err := e.severalPeople(ctx, t)
	if err != nil || len(several) == 0 || !t.hold(ReasonSeveralPeople) {
		return false, err
	}
	vars := e.countVars(t.c, ReasonSeveralPeople)
	vars["systems"] = strings.Join(several, "\n")
	t.note("note_held", vars)
	return true, t.commit(ctx)
}

// severalPeople lists the systems in which the subject's addresses belong to
// more than one person: to several of the numbers that the system gives each
// person one of.
func (e *Engine) severalPeople(ctx context.Context, t *turn) ([]string, error) {
	s, err := t.open(ctx)
	if err != nil {
		return nil, err
	}
	found := map[connectors.IdentityType]int{}
	for _, id := range s.Identities {
		if id.Vendor {
			found[id.Type]++
		}
	}
	var out []string
	profiles := e.profilesOf(t.c)
	for _, name := range sorted(profiles) {
		most := 0
		for _, kind := range profiles[name].People {
			most = max(most, found[kind])
		}
		if most > 1 {
			out = append(out, fmt.Sprintf("%s: %d people", e.label(name), most))
		}
	}
	return out, nil
}
