package main

import (
	"context"
	"fmt"
	"text/tabwriter"
	"time"

	"privacydesk/bot"
)

type suspendedCmd struct {
	configFlag
	JSON bool `help:"Print one JSON object."`
}

// Help carries the example.
func (suspendedCmd) Help() string {
	return "Zendesk suspends mail that it takes for spam, and deletes it after 14 days. What reads like a privacy request is named here by\n" +
		"its number, without its text; look at it in Zendesk's view of suspended tickets.\n\n" +
		"Example:\n  privacydesk requests suspended --config privacydesk.yml"
}

// Run lists what the last hourly look found and Zendesk still keeps.
func (c suspendedCmd) Run(ctx context.Context, s *surroundings) error {
	return withRequests(ctx, s, c.Config, func(a *app) error {
		all, err := a.engine.LostMail(ctx)
		if err != nil {
			return err
		}
		kept := []bot.Lost{}
		for _, l := range all {
			if !l.Gone {
				kept = append(kept, l)
			}
		}
		if c.JSON {
			return printJSON(s.stdout, map[string]any{"suspended": kept})
		}
		w := tabwriter.NewWriter(s.stdout, 0, 4, 2, ' ', 0)
		_, _ = fmt.Fprintln(w, "SUSPENDED\tARRIVED\tKEPT UNTIL")
		for _, l := range kept {
			_, _ = fmt.Fprintf(w, "%d\t%s\t%s\n", l.ID, l.At.UTC().Format(time.RFC3339), l.Until.UTC().Format(time.DateOnly))
		}
		return w.Flush()
	})
}
