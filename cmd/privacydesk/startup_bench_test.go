package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// idleTime is how long a daemon is left alone before its memory is read.
const idleTime = 5 * time.Second

// BenchmarkStart starts the program as `make build` makes it, on the demo's
// systems and a redis-server of its own, and waits for its first 200 at
// /readyz. The baseline is `privacydesk version`: what starting the program
// costs before it does anything.
func BenchmarkStart(b *testing.B) {
	dir := b.TempDir()
	program := filepath.Join(dir, "privacydesk")
	build := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("go build: %v: %s", err, out)
	}
	info, err := os.Stat(program)
	if err != nil {
		b.Fatal(err)
	}
	var bare, first, again time.Duration
	var idle int64
	rounds := 0
	for b.Loop() {
		rounds++
		start := time.Now()
		if out, err := exec.CommandContext(b.Context(), program, "version").CombinedOutput(); err != nil {
			b.Fatalf("privacydesk version: %v: %s", err, out)
		}
		bare += time.Since(start)
		file := startConfiguration(b)
		first += startOnce(b, program, file, func(int) {})
		again += startOnce(b, program, file, func(pid int) { idle = idleMemory(b, pid) })
	}
	n := time.Duration(rounds)
	b.ReportMetric((bare/n).Seconds()*1000, "version-ms")
	b.ReportMetric((first/n).Seconds()*1000, "first-start-ms")
	b.ReportMetric((again/n).Seconds()*1000, "start-ms")
	b.ReportMetric(float64(again)/float64(bare), "x-version")
	b.ReportMetric(float64(idle)/(1<<20), "idle-MiB")
	b.ReportMetric(float64(info.Size())/1e6, "binary-MB")
	b.ReportMetric(0, "ns/op") // the sum of all that is reported above, and of waiting
}

// startConfiguration is the demo's, with nothing started on it.
func startConfiguration(b *testing.B) string {
	b.Helper()
	d := benchDemo(b)
	if err := os.WriteFile(filepath.Join(d.dir, "master.key"), []byte(fmt.Sprintf("%x", sampleKey())), 0o600); err != nil {
		b.Fatal(err)
	}
	file := filepath.Join(d.dir, "privacydesk.yml")
	if err := os.WriteFile(file, []byte(d.configuration("secret-of-the-benchmark")), 0o600); err != nil {
		b.Fatal(err)
	}
	return file
}

func sampleKey() []byte {
	key := make([]byte, 32)
	for i := range key {
		key[i] = byte(i*i + 7)
	}
	return key
}

// startOnce returns the time from the start of the process to its first 200 at
// /readyz, and stops it in order once f has looked at it.
func startOnce(b *testing.B, program, config string, f func(pid int)) time.Duration {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "serve", "--config", config)
	logged, err := cmd.StderrPipe()
	if err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	address := servingAddress(b, logged)
	awaitReady(ctx, b, "http://"+address+"/readyz")
	took := time.Since(start)
	drained := make(chan struct{})
	go func() { defer close(drained); _, _ = io.Copy(io.Discard, logged) }()
	f(cmd.Process.Pid)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		b.Fatal(err)
	}
	<-drained
	if err := cmd.Wait(); err != nil {
		b.Fatalf("privacydesk serve: %v", err)
	}
	return took
}

// servingAddress reads the log until the daemon says where it serves.
func servingAddress(b *testing.B, log io.Reader) string {
	b.Helper()
	lines := bufio.NewReader(log)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			b.Fatalf("privacydesk serve ended before it served: %v", err)
		}
		var entry struct{ Event, Address string }
		if json.Unmarshal(line, &entry) == nil && entry.Event == "started" {
			return entry.Address
		}
	}
}

func awaitReady(ctx context.Context, b *testing.B, url string) {
	b.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			b.Fatal(err)
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-ctx.Done():
			b.Fatalf("%s: %v", url, ctx.Err())
		case <-tick.C:
		}
	}
}

func idleMemory(b *testing.B, pid int) int64 {
	b.Helper()
	timer := time.NewTimer(idleTime)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-b.Context().Done():
	}
	resident, err := processMemory(pid, "VmRSS")
	if err != nil {
		b.Fatal(err)
	}
	return resident
}
