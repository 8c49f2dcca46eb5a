package bot

import (
	"fmt"
	"strconv"
	"strings"

	"privacydesk/connectors"
)

func rowsOf(s *System) int64 {
	var n int64
	for _, set := range s.Sets {
		if set.Action != connectors.ActionRetain {
			n += set.Before.Rows
		}
	}
	return n
}

func totalRows(c *Case) int64 {
	var n int64
	for _, s := range c.Systems {
		n += rowsOf(s)
	}
	return n
}

// countsData are the ledger's numbers of a moment.
func (e *Engine) countsData(c *Case) map[string]string {
	out := map[string]string{}
	for name, s := range c.Systems {
		t := s.Totals()
		out[name] = "found=" + strconv.FormatInt(t.Found, 10) + " gathered=" + strconv.FormatInt(t.Gathered, 10)
	}
	return out
}

// shownVars are what a note about a stop shows: countVars, and once erasing is
// verified what is left in their place, since that is what a release lets go on.
func (e *Engine) shownVars(c *Case, reason Reason) map[string]string {
	vars := e.countVars(c, reason)
	if c.Kind != KindDelete || c.Phase != PhaseClosing {
		return vars
	}
	lines := []string{"system\tcollection\trows left"}
	for _, name := range sorted(c.Systems) {
		for _, set := range c.Systems[name].Sets {
			if n := set.Totals(c.Systems[name].Verified).Left; n > 0 {
				lines = append(lines, fmt.Sprintf("%s\t%s\t%d", e.label(name), set.Collection, n))
			}
		}
	}
	vars["counts"] = ""
	if len(lines) > 1 {
		vars["counts"] = strings.Join(lines, "\n")
	}
	return vars
}

// countVars are what a note to the agents shows of the findings: of a delete
// also what would happen to them.
func (e *Engine) countVars(c *Case, reason Reason) map[string]string {
	lines := []string{"system\tcollection\trows\ton delete"}
	for _, name := range sorted(c.Systems) {
		s := c.Systems[name]
		for _, set := range s.Sets {
			if n := set.Before.Found(); n > 0 {
				lines = append(lines, fmt.Sprintf("%s\t%s\t%d\t%s", e.label(name), set.Collection, n, actionWord(set.Action)))
			}
		}
		if s.Totals().Found == 0 {
			lines = append(lines, e.label(name)+"\t\t0\t")
		}
	}
	if c.Kind == KindAccess {
		for i, line := range lines {
			lines[i] = line[:strings.LastIndexByte(line, '\t')]
		}
	}
	return map[string]string{"reason": string(reason), "counts": strings.Join(lines, "\n"), "systems": e.systemNames(c)}
}

func actionWord(a connectors.Action) string {
	if a == connectors.ActionNone {
		return "no action set"
	}
	return string(a)
}
