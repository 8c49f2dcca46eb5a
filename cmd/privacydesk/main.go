// Command privacydesk closes privacy tickets: see `privacydesk --help`.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/redis/go-redis/v9/logging"
)

// version is set by the linker; see Makefile.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once, as a crash would
	logging.Disable()            // it would write beside our log; what fails comes back as an error
	world := surroundings{env: os.LookupEnv, stdout: os.Stdout, stderr: os.Stderr, terminal: isTerminal(os.Stderr)}
	os.Exit(exitCode(run(ctx, os.Args[1:], world), os.Stderr))
}

// isTerminal is true for a character device; what swallows all is one, too.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}
