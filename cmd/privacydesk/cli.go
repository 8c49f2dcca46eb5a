package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/alecthomas/kong"
)

// surroundings are what a command gets from outside the process.
type surroundings struct {
	env    func(string) (string, bool)
	stdout io.Writer
	stderr io.Writer
	// terminal is true where a person reads stderr as it is written.
	terminal bool
}

// at says at which part long work is, in one line that the next one takes the
// place of, and that "" clears. A pipe or a file gets nothing.
func (s *surroundings) at(part string) {
	if s.terminal {
		_, _ = fmt.Fprint(s.stderr, "\r\x1b[K"+part)
	}
}

// cli is the whole command line. Each command's help carries an example.
type cli struct {
	Demo     demoCmd     `cmd:"" help:"Run the main job, whole, on this machine, with nothing installed."`
	Serve    serveCmd    `cmd:"" help:"Run the daemon."`
	Check    checkCmd    `cmd:"" help:"Check every connection, permission, data map and canary, and say how to mend what is wrong."`
	Plan     planCmd     `cmd:"" help:"A dry run for one subject: what would be found, gathered, purged. Changes nothing."`
	Requests requestsCmd `cmd:"" help:"List, show and handle requests."`
	Holds    holdsCmd    `cmd:"" help:"Legal holds on people and tenants: add, list, remove."`
	Pause    pauseCmd    `cmd:"" help:"Stop every replica before its next irreversible batch."`
	Resume   resumeCmd   `cmd:"" help:"End a pause."`
	Recover  recoverCmd  `cmd:"" help:"Accept that Redis lost everything, and go on with an empty one."`
	Zendesk  zendeskCmd  `cmd:"" help:"The Zendesk side."`
	Verify   verifyCmd   `cmd:"" help:"Check a report or a certificate offline: hashes, signature and, with the ledger, chain."`
	Keys     keysCmd     `cmd:"" help:"The keyring."`
	Docs     docsCmd     `cmd:"" help:"Write the reference of configuration and connectors."`
	Health   healthCmd   `cmd:"" help:"Ask a running daemon whether it is well, for container health checks."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
	Licences licencesCmd `cmd:"" help:"Print the licences of privacydesk and of all that it is made of."`

	HelpOn      helpCmd          `cmd:"" name:"help" help:"Show what a command does, with its flags and an example."`
	Completion  completionCmd    `cmd:"" help:"Print what lets a shell complete privacydesk's commands and flags."`
	ShowVersion kong.VersionFlag `name:"version" help:"Print the version."`
}

// configFlag is shared by all commands that read the configuration.
type configFlag struct {
	Config string `required:"" short:"c" placeholder:"FILE" help:"The configuration file; default: the one that PRIVACYDESK_CONFIG names."`
}

// configVariable is the environment's default of --config.
const configVariable = "PRIVACYDESK_CONFIG"

// fromEnvironment gives --config its default where the line has none.
func fromEnvironment(env func(string) (string, bool)) kong.ResolverFunc {
	return func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if file, ok := env(configVariable); ok && file != "" && flag.Name == "config" {
			return file, nil
		}
		return nil, nil //nolint:nilnil // kong's way to say that there is none
	}
}

// usageError is wrong usage or configuration: exit code 2.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// errQuiet: the command has said what is wrong; exit code 1 and no more words.
var errQuiet = errors.New("failed")

func exitCode(err error, stderr io.Writer) int {
	var usage *usageError
	if err == nil {
		return 0
	}
	if !errors.Is(err, errQuiet) {
		_, _ = fmt.Fprintln(stderr, "privacydesk: "+err.Error())
	}
	if errors.As(err, &usage) {
		return 2
	}
	return 1
}

// helped is how kong's wish to exit after --help reaches run.
type helped struct{}

// wrote tells whether anything was written.
type wrote struct {
	io.Writer
	any bool
}

func (w *wrote) Write(p []byte) (int, error) {
	w.any = w.any || len(p) > 0
	return w.Writer.Write(p)
}

// run executes one command line. It never exits the process. Whoever asks for
// JSON gets one object, also when the command fails before it has one.
func run(ctx context.Context, args []string, s surroundings) error {
	if !slices.Contains(args, "--json") {
		return execute(ctx, args, s)
	}
	out := &wrote{Writer: s.stdout}
	s.stdout = out
	err := execute(ctx, args, s)
	if err != nil && !out.any {
		return errors.Join(err, printJSON(out, map[string]any{"ok": false, "error": err.Error()}))
	}
	return err
}

func execute(ctx context.Context, args []string, s surroundings) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(helped); !ok {
				panic(r)
			}
			err = nil
		}
	}()
	parser, err := newParser(ctx, &s)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return &usageError{fmt.Errorf("%w; `privacydesk --help` lists the commands", err)}
	}
	return parsed.Run(ctx, &s)
}

func newParser(ctx context.Context, s *surroundings) (*kong.Kong, error) {
	parser, err := kong.New(&cli{},
		kong.Name("privacydesk"),
		kong.Description("Closes privacy tickets: checks who asks, finds the person in every system, gathers or purges, proves it, and resolves the ticket."),
		kong.Writers(s.stdout, s.stderr),
		kong.Exit(func(int) { panic(helped{}) }),
		kong.Vars{"version": version},
		kong.Resolvers(fromEnvironment(s.env)),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(s),
	)
	if err != nil {
		return nil, fmt.Errorf("command line: %w", err)
	}
	return parser, nil
}
