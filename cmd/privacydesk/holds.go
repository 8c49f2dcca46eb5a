package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"privacydesk/bot"
)

type holdsCmd struct {
	Add    holdsAddCmd    `cmd:"" help:"Keep a person's data, or all data of a tenant, from being erased."`
	List   holdsListCmd   `cmd:"" help:"List the legal holds. People appear by pseudonym."`
	Remove holdsRemoveCmd `cmd:"" help:"Lift a legal hold. The deletes that it stopped go on by themselves."`
}

// Help carries the example.
func (holdsCmd) Help() string {
	return "Example:\n  privacydesk holds list --config privacydesk.yml"
}

// holdFlags name a legal hold.
type holdFlags struct {
	configFlag
	operatorFlag
	Tenant  string    `help:"The tenant, as the directory names it."`
	Email   string    `help:"The person. Without one, the hold is on the whole tenant. The address is not kept."`
	Request requestID `help:"In place of a tenant, a request: its ticket is not redacted, its key not destroyed." placeholder:"ID"`
	Name    string    `required:"" help:"The hold's name, for your own people: requesters are not told."`
	JSON    bool      `help:"Print one JSON object."`
}

// check refuses a hold on nothing, and one on two things.
func (f holdFlags) check() error {
	if (f.Tenant == "") == (f.Request == "") || f.Request != "" && f.Email != "" {
		return &usageError{errors.New("name --tenant, with or without --email, or --request alone")}
	}
	return nil
}

func (f holdFlags) on() string {
	if f.Request != "" {
		return "request " + string(f.Request)
	}
	if f.Email == "" {
		return "the whole tenant " + f.Tenant
	}
	return "that person of " + f.Tenant
}

type holdsAddCmd struct {
	holdFlags
	Exception string `required:"" help:"The ground: legal_hold, legal_obligation, transaction, security, debugging, free_speech, calecpa, research, internal_use or not_personal_data."`
}

// Help carries the example.
func (holdsAddCmd) Help() string {
	return "Examples:\n  privacydesk holds add --config privacydesk.yml --tenant acme --email jane@example.com --name suit-2026-17 --exception legal_hold --by legal@vendor.example\n  privacydesk holds add --config privacydesk.yml --request t35436 --name suit-2026-17 --exception legal_hold --by legal@vendor.example"
}

// Run adds a hold. A tenant of which nothing is known yet may be misspelt, and
// is pointed out.
func (c holdsAddCmd) Run(ctx context.Context, s *surroundings) error {
	if err := c.check(); err != nil {
		return err
	}
	return withApp(ctx, s, c.Config, func(a *app) error {
		if c.Request != "" {
			h, err := a.engine.AddRequestHold(ctx, string(c.Request), c.Name, c.Exception, c.name())
			if err != nil {
				return err
			}
			return tell(s, c.JSON, map[string]any{"ok": true, "hold": h},
				fmt.Sprintf("%s: the ticket of %s is not redacted, and its key not destroyed, until it is removed", h.Name, c.on()))
		}
		h, err := a.engine.AddLegalHold(ctx, c.Tenant, c.Email, c.Name, c.Exception, c.name())
		if err != nil {
			return err
		}
		known, _, err := a.store.List(ctx, bot.Filter{Tenant: c.Tenant}, "", 1)
		if err != nil {
			return err
		}
		words := fmt.Sprintf("%s: nothing of %s is erased until it is removed", h.Name, c.on())
		if len(known) == 0 {
			words += fmt.Sprintf("\nno request of a tenant %q is on record; make sure that the directory spells it so", c.Tenant)
		}
		return tell(s, c.JSON, map[string]any{"ok": true, "hold": h, "tenant_has_requests": len(known) > 0}, words)
	})
}

type holdsRemoveCmd struct{ holdFlags }

// Help carries the example.
func (holdsRemoveCmd) Help() string {
	return "Example:\n  privacydesk holds remove --config privacydesk.yml --tenant acme --email jane@example.com --name suit-2026-17 --by legal@vendor.example"
}

// Run lifts a hold.
func (c holdsRemoveCmd) Run(ctx context.Context, s *surroundings) error {
	if err := c.check(); err != nil {
		return err
	}
	return withApp(ctx, s, c.Config, func(a *app) error {
		var err error
		if c.Request != "" {
			err = a.engine.RemoveRequestHold(ctx, string(c.Request), c.Name, c.name())
		} else {
			err = a.engine.RemoveLegalHold(ctx, c.Tenant, c.Email, c.Name, c.name())
		}
		if err != nil {
			return err
		}
		return tell(s, c.JSON, map[string]any{"ok": true}, fmt.Sprintf("%s: lifted from %s; what it stopped goes on", c.Name, c.on()))
	})
}

type holdsListCmd struct {
	configFlag
	JSON bool `help:"Print one JSON object."`
}

// Help carries the example.
func (holdsListCmd) Help() string {
	return "Example:\n  privacydesk holds list --config privacydesk.yml --json"
}

// shownMAC is how much of a pseudonym a table shows.
const shownMAC = 12

// Run lists.
func (c holdsListCmd) Run(ctx context.Context, s *surroundings) error {
	return withApp(ctx, s, c.Config, func(a *app) error {
		holds, err := a.engine.Store.AllLegalHolds(ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(s.stdout, map[string]any{"holds": append([]bot.LegalHold{}, holds...)})
		}
		w := tabwriter.NewWriter(s.stdout, 0, 4, 2, ' ', 0)
		_, _ = fmt.Fprintln(w, "TENANT\tPERSON\tNAME\tEXCEPTION\tSINCE\tBY")
		for _, h := range holds {
			tenant, on := h.Tenant, h.Subject.MAC
			switch {
			case h.Request() != "":
				tenant, on = "", "(request "+h.Request()+")"
			case on == "":
				on = "(all)"
			default:
				on = on[:min(len(on), shownMAC)]
			}
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", tenant, on, h.Name, h.Exception, h.At.Format(time.DateOnly), h.By)
		}
		return w.Flush()
	})
}
