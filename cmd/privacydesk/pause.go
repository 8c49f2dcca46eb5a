package main

import (
	"context"
	"time"
)

type pauseCmd struct {
	configFlag
	operatorFlag
	Deletes bool `help:"Pause deletes; access requests go on." required:""`
	JSON    bool `help:"Print one JSON object."`
}

// Help carries the example.
func (pauseCmd) Help() string {
	return "Example:\n  privacydesk pause --deletes --config privacydesk.yml"
}

// Run pauses.
func (c pauseCmd) Run(ctx context.Context, s *surroundings) error {
	return withApp(ctx, s, c.Config, func(a *app) error {
		if err := a.engine.Store.PauseDeletes(ctx, c.name(), time.Now()); err != nil {
			return err
		}
		return tell(s, c.JSON, map[string]any{"ok": true, "deletes": "paused"},
			"deletes are paused: no replica starts another batch; `privacydesk resume` ends it")
	})
}

type resumeCmd struct {
	configFlag
	JSON bool `help:"Print one JSON object."`
}

// Help carries the example.
func (resumeCmd) Help() string {
	return "Example:\n  privacydesk resume --config privacydesk.yml"
}

// Run resumes.
func (c resumeCmd) Run(ctx context.Context, s *surroundings) error {
	return withApp(ctx, s, c.Config, func(a *app) error {
		if err := a.engine.Store.ResumeDeletes(ctx); err != nil {
			return err
		}
		return tell(s, c.JSON, map[string]any{"ok": true, "deletes": "going on"}, "deletes go on")
	})
}
