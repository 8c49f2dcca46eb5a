package main

import (
	"fmt"
	"strings"

	"privacydesk/bot/zendesk"
)

// planLines are the plan as people read it, an object a line.
func planLines(p zendesk.Plan) []string {
	out := []string{"plan:"}
	for _, i := range p.Items {
		out = append(out, "  "+itemLine(string(i.State), i))
		for _, c := range i.Changes {
			out = append(out, "             - "+c)
		}
		for _, n := range i.Notes {
			out = append(out, "             note: "+n)
		}
	}
	for _, l := range p.Lacks {
		out = append(out, "", fmt.Sprintf("the credentials lack %s: %s", l.Right, l.What), "  mend: "+l.Mend)
	}
	if len(p.Rivals) > 0 {
		out = append(out, "", "rules of your own that could touch privacy tickets; let them leave out the form, and the tag privacydesk:")
	}
	for _, r := range p.Rivals {
		which := ""
		if r.TaggedOnly {
			which = " (tickets that an agent tagged alone)"
		}
		out = append(out, fmt.Sprintf("  %s %s %q%s: %s", r.Kind, r.ID, r.Title, which, strings.Join(r.Does, ", ")))
	}
	return out
}

func itemLine(state string, i zendesk.Item) string {
	id := ""
	if i.ID != "" {
		id = " (" + i.ID + ")"
	}
	return fmt.Sprintf("%-8s %-14s %-34s %q%s", state, i.Thing, i.Option, i.Title, id)
}

// tell says what was done.
func (r setupResult) tell(say func(string, ...any)) {
	say("")
	if r.DryRun {
		say("nothing was changed")
	}
	for _, i := range r.Plan.Items {
		switch {
		case i.Error != "":
			say("FAILED   %s %q: %s", i.Thing, i.Title, i.Error)
		case i.Done:
			say("%s", itemLine("done", i))
		}
	}
	if r.SecretFile != "" {
		say("the webhook's signing secret lies in %s", r.SecretFile)
	}
	switch {
	case r.Paste != "":
		say("put these lines into the configuration, where they belong:\n\n%s", r.Paste)
	case len(r.Written) > 0:
		for _, s := range r.Written {
			say("wrote    %s: %s", s.Path, s.Value)
		}
		say("what the file was before lies in %s; restart serve to use what it is now", r.Backup)
	}
	for _, n := range r.Notes {
		say("note: %s", n)
	}
	for _, n := range r.Unready {
		say("before serve starts: %s", n)
	}
	switch {
	case !r.OK || r.DryRun:
	case len(r.Unready) > 0:
		say("Zendesk is set up; the configuration is not whole yet, see above")
	default:
		say("ok: Zendesk is set up; now run privacydesk check")
	}
}
