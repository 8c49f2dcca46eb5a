# Build, check and test privacydesk. `make help` lists what there is.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c

# Nothing here may rewrite go.mod or go.sum, whatever the caller's GOFLAGS say.
export GOFLAGS := $(strip $(filter-out -mod=%,$(GOFLAGS)) -mod=readonly)

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)

GOLANGCI_VERSION    := v2.15.0
GOVULNCHECK_VERSION := v1.9.0

# The linter is built once for each of its versions and each Go release, beside Go's own build cache.
TOOLS    := $(shell go env GOCACHE)/../privacydesk-tools
GOLANGCI := $(TOOLS)/golangci-lint-$(GOLANGCI_VERSION)-$(shell go env GOVERSION)/golangci-lint

.DEFAULT_GOAL := build
.PHONY: help build servers test lint bench docs notices vuln clean

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

build: ## the static binary, bin/privacydesk
	CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)' -o bin/privacydesk ./cmd/privacydesk

servers: ## install what the tests need and this machine lacks (Debian)
	@.ci/servers

# The tests start their own servers. .ci/results prints one line a package, everything of a package that fails, and
# fails on a skipped test. The one test that holds the simulator against Zendesk's OpenAPI file needs that file, which is
# Zendesk's and not in here: ZENDESK_OAS names it. Without it the test is left out, aloud; in CI it has to be there.
test: servers ## all tests, under the race detector; soak, backlog and flood at full length without it
	@if [[ -z $${ZENDESK_OAS:-} && -z $${CI:-} ]]; then echo "left out: TestContract; set ZENDESK_OAS to Zendesk's support OpenAPI file to hold the simulator against it"; fi
	GOGC=400 go test -count=1 -parallel 1 -timeout 20m -run '^(TestSoak|TestBacklogDrainsWithoutARefusal|TestFloodDelaysOthersLittle)$$' ./bot/bottest/talk
	go test -race -timeout 20m -v $(if $(ZENDESK_OAS)$(CI),,-skip '^TestContract$$') ./... 2>&1 | .ci/results

lint: $(GOLANGCI) ## formatting, vet, golangci-lint, and a go.mod that is tidy and true
	@unformatted=$$(gofmt -l .); if [[ -n $$unformatted ]]; then printf 'gofmt -w would change:\n%s\n' "$$unformatted"; exit 1; fi
	go vet ./...
	go mod tidy -diff
	go mod verify
	$(GOLANGCI) run ./...

$(GOLANGCI):
	@mkdir -p $(@D)
	GOBIN=$(abspath $(@D)) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)

# go test runs packages with -bench one after the other. Each benchmark starts what it compares with and prints the ratio;
# docs/performance.md says what they are.
bench: ## the benchmarks, beside the baseline of the same run
	@packages=$$(grep -rl --include='*_test.go' '^func Benchmark' . | xargs -r -n1 dirname | sort -u); \
	if [[ -z $$packages ]]; then echo 'no package has a benchmark'; exit 1; fi; \
	go test -run '^$$' -bench . -timeout 20m $$packages

docs: ## write the reference of configuration and connectors into docs/
	go run ./cmd/privacydesk docs --dir docs

notices: ## write the licences of all that is compiled in into cmd/privacydesk/notices.txt
	PRIVACYDESK_WRITE_NOTICES=1 go test -count=1 -run '^TestNoticesTellOfAllThatIsCompiledIn$$' ./cmd/privacydesk

vuln: ## known vulnerabilities in what we import (asks the Go vulnerability database)
	go run golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION) ./...

clean: ## remove what build made
	rm -rf bin
