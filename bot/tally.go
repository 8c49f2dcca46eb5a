package bot

import (
	"privacydesk/connectors"
)

// tallies are a system's collections with the counts of a Locate.
func tallies(p connectors.Profile, f *connectors.Finding) []Tally {
	var out []Tally
	for _, c := range p.Collections {
		t := Tally{Collection: c.Name, Action: c.Action, Exception: c.Exception}
		if set := f.Set(c.Name); set != nil {
			t.Before = set.Counts
		}
		out = append(out, t)
	}
	return out
}

// verified puts the counts of the Locate that followed an erase beside those
// before it. What is there again, was added meanwhile, or escaped the erase is
// counted as late: it will be erased too.
func verified(before []Tally, p connectors.Profile, f *connectors.Finding) []Tally {
	old := map[string]Tally{}
	for _, t := range before {
		old[t.Collection] = t
	}
	out := tallies(p, f)
	for i := range out {
		now := out[i].Before
		was := old[out[i].Collection]
		out[i].Before, out[i].Late, out[i].Gathered = was.Before, was.Late, was.Gathered
		out[i].After = now
		if out[i].Action != connectors.ActionRetain {
			out[i].Late += now.Rows
		}
		if grown := now.Masked - was.Before.Masked - was.Before.Rows - was.Late; grown > 0 && out[i].Action == connectors.ActionMask {
			out[i].Late += grown
		}
	}
	return out
}
