package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"
)

type versionCmd struct{}

// Help carries the example.
func (versionCmd) Help() string { return "Example:\n  privacydesk version" }

// Run prints the version.
func (versionCmd) Run(s *surroundings) error {
	_, err := fmt.Fprintln(s.stdout, version)
	return err
}

type helpCmd struct {
	Command []string `arg:"" optional:"" help:"The command: requests, requests list."`
}

// Help carries the example.
func (helpCmd) Help() string { return "Example:\n  privacydesk help requests list" }

// Run shows what --help of the command shows.
func (c helpCmd) Run(ctx context.Context, s *surroundings) error {
	return execute(ctx, append(slices.Clone(c.Command), "--help"), *s)
}

type healthCmd struct {
	URL string `default:"http://127.0.0.1:8080/healthz" help:"What to ask."`
}

// Help carries the example.
func (healthCmd) Help() string {
	return "Example:\n  privacydesk health --url http://127.0.0.1:8080/readyz"
}

// Run asks once and fails on any answer but 200.
func (c healthCmd) Run(ctx context.Context, s *surroundings) (err error) {
	if at, err := url.Parse(c.URL); err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
		return &usageError{errors.New("--url: is no URL; write it as http://127.0.0.1:8080/healthz")}
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, http.NoBody)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("not healthy: %w", err)
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	if _, err := io.Copy(s.stdout, io.LimitReader(res.Body, 1<<16)); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("not healthy: %s", res.Status)
	}
	return nil
}
