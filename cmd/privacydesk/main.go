// Command privacydesk closes privacy tickets: see `privacydesk --help`.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// version is set by the linker; see Makefile.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	world := surroundings{env: os.LookupEnv, stdout: os.Stdout, stderr: os.Stderr}
	os.Exit(exitCode(run(ctx, os.Args[1:], world), os.Stderr))
}
