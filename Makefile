.DEFAULT_GOAL := help
GO ?= go
# The race detector needs a C compiler, which a fresh machine may lack.
RACE := $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race)
# Quiet: a line a package, what failed, and at the end how many passed, failed and were
# skipped, each skip with its reason.
GOTESTSUM := $(GO) tool gotestsum --format pkgname-and-test-fails --format-hide-empty-pkg
# A shared machine stops a process for a second now and then. There a test or two that fail
# (gotestsum counts a subtest and its parent) are run once more, alone; after a data race
# nothing is. The output names each: it is a bug to mend.
RERUN := $(if $(CI),--rerun-fails=1 --rerun-fails-max-failures=4 --rerun-fails-abort-on-data-race)
BUILDAH ?= buildah
GORELEASER ?= $(GO) run github.com/goreleaser/goreleaser/v2@v2.16.0
SQUAWK ?= npx --yes squawk-cli@2.66.0
# What `todo version` says. The date is the commit's: the same source makes the same bytes.
# In an archive of the source, without .git, give them: make build VERSION=v0.1.0.
VERSION ?= $(shell git -c safe.directory='*' describe --tags --always --dirty 2>/dev/null)
COMMIT ?= $(shell git -c safe.directory='*' rev-parse HEAD 2>/dev/null)
DATE ?= $(shell TZ=UTC git -c safe.directory='*' log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd 2>/dev/null)
LDFLAGS = -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT) -X main.date=$(DATE)
comma := ,
CA_CERTIFICATES ?= /etc/ssl/certs/ca-certificates.crt

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## serve for development; PostgreSQL comes along unless DATABASE_URL is set
	@$(GO) build -buildvcs=false -o bin/todo ./cmd/todo && exec bin/todo dev

test: ## run the tests, on a PostgreSQL of their own unless TEST_DATABASE_URL is set
	$(GOTESTSUM) $(RERUN) --packages=./... -- $(RACE) -shuffle=on -timeout 20m
	$(GO) test -run '^TestAllocations' -count=1 ./http # the race detector allocates too

cover: ## run the tests and print the coverage of each package and of all
	@mkdir -p bin
	$(GOTESTSUM) -- -timeout 15m -coverprofile=bin/cover.out ./...
	@$(GO) tool cover -func=bin/cover.out | tail -1

check: lint ## check in a minute what CI checks before it runs the tests
	$(GO) run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
	$(GO) test -count=1 ./sql/queries
	$(GO) test -count=1 -run '^Test(ContractLimits|ContractLints|ContractAndRouter|MigrationFile|Configuration|Workflows|Manifests)' ./http ./sql ./cmd/todo

test-modes: ## run the HTTP tests through PgBouncer, with prepared statements and without, and distributed
	TEST_POOLER=prepared $(GOTESTSUM) $(RERUN) --packages=./http -- -shuffle=on -count=1 -timeout 15m -skip 'InABrowser|UnderLoad|Allocations'
	TEST_POOLER=exec $(GOTESTSUM) $(RERUN) --packages=./http -- -shuffle=on -count=1 -timeout 15m -skip 'InABrowser|UnderLoad|Allocations'
	DB_DISTRIBUTED=true $(GOTESTSUM) $(RERUN) --packages=./http -- -shuffle=on -count=1 -timeout 15m -skip 'InABrowser|UnderLoad|Allocations'

REQUESTS ?= 1000000
test-lanes: ## send a million requests that share connections, each of which knows its answer (minutes)
	TEST_REQUESTS=$(REQUESTS) $(GO) test -run '^TestAnswersBelong' -count=1 -timeout 60m -v ./db

test-generators: ## lint the contract with spectral, generate clients in Go and TypeScript, use those in Go, and compile the TypeScript of auth/README.md (needs npm)
	$(GO) test -tags generators -run '^TestContract(IsClean|Makes)' -count=1 -timeout 30m ./http
	$(GO) test -tags generators -run '^TestSnippets' -count=1 -timeout 30m ./cmd/todo

test-newer: ## run what needs a database on PostgreSQL 17 and 18, which npm fetches
	.ci/newer

build: ## build bin/todo, static
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags='$(LDFLAGS)' -o bin/todo ./cmd/todo

image: ## build the container image todo with buildah, from a binary built here
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags='$(LDFLAGS)' -o bin/image/todo ./cmd/todo
	install -D -m 644 $(CA_CERTIFICATES) bin/image/etc/ssl/certs/ca-certificates.crt
	$(BUILDAH) build --isolation chroot --format docker --target prebuilt --tag todo \
		--build-arg VERSION=$(VERSION) --build-arg COMMIT=$(COMMIT) --build-arg DATE=$(DATE) .

generate: ## write sql/queries/lists.sql from its template and compile sql/queries into db
	cd sql/queries && $(GO) run .
	$(GO) tool sqlc generate

schema: ## dump what the migrations make into sql/schema.sql (PostgreSQL 15)
	$(GO) test ./sql -run '^TestSchemaFileIsFresh$$' -count=1 -update

explain: ## write what each query does to the database into sql/plans.md (PostgreSQL 15)
	$(GO) test ./sql -run '^TestPlansFileIsFresh$$' -count=1 -update

docs: ## write the README's configuration table and .env.example
	$(GO) test ./cmd/todo -run '^TestConfigurationIsDocumented$$' -count=1 -update

lint: ## check format, code and queries; prove that each query binds its owner
	@unformatted=$$($(GO) tool gofumpt -l .); test -z "$$unformatted" || { echo "run gofumpt on: $$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) tool sqlc diff
	$(GO) tool sqlc vet
	$(GO) test -tags ownership -run 'Ownership|Volatile|Distribution' -count=1 ./sql

SYSTEMS ?= windows/amd64 darwin/arm64
vet-systems: ## check that the code is sound on Windows and macOS, too (minutes: all is compiled for each; nothing is run)
	for system in $(SYSTEMS); do GOOS=$${system%/*} GOARCH=$${system#*/} $(GO) vet ./... || exit 1; done

check-manifests: ## hold the Kubernetes manifests of DEPLOY.md to the Pod Security Standard restricted
	$(GO) test -tags manifests -run '^TestManifests' -count=1 -timeout 30m ./cmd/todo

release-check: ## check .goreleaser.yaml (minutes: goreleaser is compiled)
	$(GORELEASER) check

release-snapshot: ## make the archives of a release into dist/, as of the working tree; publish nothing (SKIP=sbom where there is no syft)
	$(GORELEASER) release --snapshot --clean --skip=publish$(if $(SKIP),$(comma)$(SKIP))

release: ## make a release of the tag that is checked out: what release.yml runs
	$(GORELEASER) release --clean $(if $(RELEASE_NOTES),--release-notes '$(RELEASE_NOTES)')

test-release: ## try the release before on the new schema: its tests, and its server under load while it migrates
	$(GO) test -tags release -run '^Test(ReleaseBefore|ThisRelease)' -count=1 -timeout 30m -v ./sql
	$(GO) test -tags release -run '^TestMigrationsStall' -count=1 -timeout 30m -v ./cmd/todo

test-load: ## hold 5,000 idle streams on a real server: memory, another server's writes, a stop (minutes; not in CI)
	$(GO) test -tags load -run '^TestServeHolds' -count=1 -timeout 30m -v ./cmd/todo

bench: ## load the API with 100 clients and 10,000 users: a table, and a plot (a minute and a half)
	@$(GO) build -buildvcs=false -o bin/todo ./cmd/todo && $(GO) build -buildvcs=false -o bin/loadtest ./cmd/loadtest && bin/loadtest mix --todo bin/todo

bench-scale: ## compare up to 1,000,000 users with 10,000, and 2,000 clients with 100 (a quarter of an hour, 4 GB of disk)
	@$(GO) build -buildvcs=false -o bin/todo ./cmd/todo && $(GO) build -buildvcs=false -o bin/loadtest ./cmd/loadtest && bin/loadtest scale --todo bin/todo

bench-overload: ## compare the goodput of ten times the load that saturates with its peak (two minutes)
	@$(GO) build -buildvcs=false -o bin/todo ./cmd/todo && $(GO) build -buildvcs=false -o bin/loadtest ./cmd/loadtest && bin/loadtest overload --todo bin/todo

chaos: DURATION = 10m
WITHIN ?= 3s
CHAOS ?=
chaos: ## break database, network and servers under 50 users and check that nothing is lost (10 minutes, or DURATION; CHAOS='--faults cut --seed 1')
	@$(GO) build -buildvcs=false -o bin/todo ./cmd/todo && $(GO) build -buildvcs=false -o bin/chaos ./cmd/chaos && bin/chaos --todo bin/todo --duration $(DURATION) --within $(WITHIN) $(CHAOS)

soak: DURATION = 1h
soak: ## tell whether memory, goroutines, files or connections grow under a steady load (an hour, or DURATION)
	@$(GO) build -buildvcs=false -o bin/todo ./cmd/todo && $(GO) build -buildvcs=false -o bin/loadtest ./cmd/loadtest && bin/loadtest soak --todo bin/todo --duration $(DURATION)

PACKAGES ?= ./...
vulnerabilities: ## look for known vulnerabilities in what the programs call (asks vuln.go.dev)
	$(GO) run golang.org/x/vuln/cmd/govulncheck@v1.9.0 $(PACKAGES)

# Those that ask for no more than that their text goes along with the program; MPL-2.0 also
# for the source of what is changed in its own files, and nothing is.
LICENCES := MIT,Apache-2.0,BSD-2-Clause,BSD-3-Clause,ISC,MPL-2.0
licences: ## check that all that is linked into bin/todo has one of the licences that are allowed
	$(GO) run github.com/google/go-licenses@v1.6.0 check ./cmd/todo --allowed_licenses=$(LICENCES)

lint-sql: ## check with squawk what the migrations lock and break (needs npm)
	$(SQUAWK) --config sql/.squawk.toml sql/migrations/*.sql

.PHONY: help run test cover check test-modes test-lanes test-generators test-newer test-release test-load bench bench-scale bench-overload chaos soak build image generate schema explain docs lint lint-sql vet-systems check-manifests release-check release-snapshot release vulnerabilities licences
