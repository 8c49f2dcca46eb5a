package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"privacydesk/bot"
)

type planCmd struct {
	configFlag
	Tenant string `required:"" help:"The tenant whose data is meant."`
	Email  string `required:"" help:"The person's address."`
	Kind   string `required:"" enum:"access,delete" help:"access or delete."`
	JSON   bool   `help:"Print one JSON object."`
}

// Help carries the example.
func (planCmd) Help() string {
	return "Example:\n  privacydesk plan --config privacydesk.yml --tenant acme --email jane.roe@customers.example --kind delete"
}

// Run locates and changes nothing.
func (c planCmd) Run(ctx context.Context, s *surroundings) error {
	return withOptions(ctx, s, c.Config, openOptions{log: s.stderr, attach: true, looks: true, at: s.at}, func(a *app) error {
		s.at("searching " + strings.Join(sortedKeys(a.systems), ", "))
		p, err := a.engine.Preview(ctx, c.Tenant, c.Email, bot.Kind(c.Kind))
		s.at("")
		switch {
		case err != nil && ctx.Err() != nil:
			return err
		case err != nil:
			return &usageError{err}
		}
		if c.JSON {
			err = printJSON(s.stdout, p)
		} else {
			err = printPlan(s.stdout, p)
		}
		if err == nil && incomplete(p) {
			return errQuiet
		}
		return err
	})
}

// incomplete is true if the subject's data may be elsewhere, too.
func incomplete(p bot.Preview) bool {
	return p.Unsettled || slices.ContainsFunc(p.Systems, func(s bot.PreviewSystem) bool { return s.Error != "" })
}

func printPlan(out io.Writer, p bot.Preview) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "SYSTEM\tORDER\tCOLLECTION\tROWS\tRETAINED\tSHARED\tCLEARED\tON DELETE")
	for _, sys := range p.Systems {
		if p.Kind != bot.KindDelete {
			sys.Refuses = ""
		}
		printPlanned(w, sys)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if p.Unsettled {
		_, _ = fmt.Fprintf(out, "searching was stopped after %d rounds, though the last one turned up more to search by; a request would be held (requests.max_rounds)\n", p.Rounds)
	}
	_, err := fmt.Fprintln(out, "nothing was changed")
	return err
}

func printPlanned(w io.Writer, sys bot.PreviewSystem) {
	switch {
	case sys.Error != "":
		_, _ = fmt.Fprintf(w, "%s\t%d\t\t\t\t\t\tcould not be searched: %s\n", sys.Name, sys.Rank, sys.Error)
	case sys.Refuses != "":
		_, _ = fmt.Fprintf(w, "%s\t%d\t\t\t\t\t\trefuses deletes: %s\n", sys.Name, sys.Rank, sys.Refuses)
	}
	for _, set := range sys.Sets {
		b := set.Before
		_, _ = fmt.Fprintf(w, "%s\t%d\t%s\t%d\t%d\t%d\t%d\t%s\n", sys.Name, sys.Rank, set.Collection, b.Rows+b.Masked, b.Retained, b.Shared, b.Cleared, set.Action)
	}
	if len(sys.Sets) == 0 && sys.Error == "" {
		_, _ = fmt.Fprintf(w, "%s\t%d\t\t0\t0\t0\t0\tnothing that it is searched by is known\n", sys.Name, sys.Rank)
	}
}
