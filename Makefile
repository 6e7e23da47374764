# Every target prepares its own requirements. `make help` lists the targets.
PYTHON ?= $(shell scripts/find_python.sh)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
VERIFIED := .models/.verified
#: The web interface: its packages, the types of the API, and what the gateway serves.
NODE := web/node_modules/.ready
SCHEMA := libs/sdk-js/src/schema.d.ts
WEB := services/gateway/src/gateway/static/app/index.html
#: The JavaScript client as others install it.
SDK_JS := libs/sdk-js/dist/esm/index.js
#: The browser of the tests.
BROWSER := tests/web/node_modules/.ready
#: The sign-in provider of the tests.
PROVIDER := tests/oidc/node_modules/.ready
#: The engine of `make fuzz-parsers`, next to .venv, since nothing else needs it.
ATHERIS := build/atheris/.ready
#: The linter of the OpenAPI document.
SPECTRAL := tests/openapi/node_modules/.ready
#: Test processes: three, also on two cores, since much of their time is waiting. There are fewer if
#: memory is short, since each starts servers and models of its own (up to 3 GB).
JOBS ?= $(shell awk '/^MemAvailable/ {n = int($$2 / 3e6); print (n < 1 ? 1 : (n > 3 ? 3 : n))}' /proc/meminfo)
#: Whole outputs of checks that run side by side, where `make` can hold them back.
SYNC := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)
PACKAGES := libs/sdk-python libs/common libs/devstack services/gateway services/transcriber \
	services/diarizer services/speakers services/exporter
PYPROJECTS := $(addsuffix /pyproject.toml,$(PACKAGES))
#: Extras of packages, as in scripts/pins.py.
EXTRAS_sdk-python := [mcp,s3]
EXTRAS_transcriber := [worker]

.DEFAULT_GOAL := help
.PHONY: help install models demo web sdk-js browser screenshots run start stop status test test-recordings test-schema test-containers test-newcomer chaos chaos-live upgrade-check fuzz fuzz-parsers soak load unit lint lint-types lint-text lint-web lint-contracts lint-deploy lint-api format protos hashes sbom \
	images bench bench-speakers bench-channels bench-diarization bench-parts bench-echo bench-engines bench-editing bench-search bench-search-speed bench-languages bench-repetition bench-vocabulary bench-playback bench-live bench-web bench-status-reads bench-events bench-control-plane bench-upload bench-encryption bench-queue bench-library-size quality quality-gate gpu-check simulate clean distclean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

install: $(READY) ## make the environment in .venv

$(READY): constraints.txt hashes.txt requirements-dev.txt $(PYPROJECTS)
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed, and there is none on the path."; exit 1; }
	@$(PYTHON) scripts/check_system.py
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m scripts.install "$(firstword $(MAKECMDGOALS))" \
		-r requirements-dev.txt $(foreach p,$(PACKAGES),-e '$(p)$(EXTRAS_$(notdir $(p)))')
	@touch $@

models: $(VERIFIED) ## fetch and verify the models

$(VERIFIED): $(READY) libs/common/src/common/models/manifest.py
	@$(BIN)/python -m common.models pull
	@touch $@

demo: $(READY) $(VERIFIED) ## transcribe a real two-speaker recording, from nothing
	@$(BIN)/python -m scripts.demo

web: $(WEB) ## build the web interface that the gateway serves

$(NODE): $(READY) web/package-lock.json
	@$(BIN)/python -m scripts.node web ci --ignore-scripts --no-audit --loglevel error
	@touch $@

$(SCHEMA): $(NODE) $(shell find services/gateway/src/gateway -name '*.py' 2>/dev/null)
	@mkdir -p build
	@$(BIN)/python -m scripts.openapi build/openapi.json >/dev/null
	@$(BIN)/python -m scripts.node web exec -- openapi-typescript ../build/openapi.json -o ../$@ \
		--default-non-nullable=false >/dev/null

sdk-js: $(SDK_JS) ## build the JavaScript client in libs/sdk-js/dist

$(SDK_JS): $(SCHEMA) libs/sdk-js/build.mjs $(shell find libs/sdk-js/src -type f -not -name schema.d.ts 2>/dev/null)
	@$(BIN)/python -m scripts.node libs/sdk-js run build --silent

$(WEB): $(SCHEMA) web/index.html web/vite.config.ts $(shell find web/src libs/sdk-js/src -type f -not -name schema.d.ts 2>/dev/null)
	@$(BIN)/python -m scripts.node web run build -- --logLevel warn

screenshots: $(READY) $(VERIFIED) $(WEB) $(BROWSER) ## write pictures of the web interface to build/screenshots
	@$(BIN)/python -m pytest -q tests/web/screenshots.py tests/web/screenshots_accounts.py

browser: $(BROWSER) ## fetch the browser of the tests

$(BROWSER): $(READY) tests/web/package-lock.json scripts/browser.py
	@$(BIN)/python -m scripts.node tests/web ci --ignore-scripts --no-audit --loglevel error
	@$(BIN)/python -m scripts.browser
	@touch $@

$(PROVIDER): $(READY) tests/oidc/package-lock.json
	@$(BIN)/python -m scripts.node tests/oidc ci --ignore-scripts --no-audit --loglevel error
	@touch $@

run: $(READY) $(VERIFIED) $(WEB) ## run the stack in the foreground, until Ctrl-C
	@exec $(BIN)/python -m devstack up

start: $(READY) $(VERIFIED) $(WEB) ## run the stack in the background, return when it is healthy
	@$(BIN)/python -m devstack up --detach

stop: ## stop the stack that `make start` started
	@test ! -x $(BIN)/python || $(BIN)/python -m devstack down

status: ## show every process and its health
	@$(BIN)/python -m devstack status

test: $(READY) $(VERIFIED) $(WEB) $(BROWSER) $(PROVIDER) ## run all tests
	@$(BIN)/python scripts/check_system.py --for-tests
	@$(BIN)/python -m scripts.node web test
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(TESTS)

test-recordings: $(READY) $(VERIFIED) ## test the corpus of recordings only
	@$(BIN)/python -m pytest -n $(JOBS) --dist load tests/recordings

test-schema: $(READY) $(VERIFIED) ## send every kind of wrong value to every endpoint of the JSON API
	@SCHEMA=all $(BIN)/python -m pytest tests/e2e/test_schema.py

test-containers: $(READY) ## run the end-to-end tests against the images, brought up by compose
	@$(BIN)/python -m pytest $(or $(TESTS),tests/containers)

test-newcomer: ## run the demo and the tests in bare containers, as root and as a user, and print times
	@scripts/container_newcomer.sh demo test

chaos: $(READY) $(VERIFIED) ## kill, freeze and cut off processes under load (SEED=1 KILLS=30 OWNERS=20 SECONDS=60)
	@$(BIN)/python -m tests.chaos --seed $(or $(SEED),1) --kills $(or $(KILLS),30) \
		--owners $(or $(OWNERS),20) --seconds $(or $(SECONDS),60) $(ARGS)

chaos-live: $(READY) $(VERIFIED) ## cut and kill a live session, and compare its words with a file (ARGS=--help)
	@$(BIN)/python -m tests.live_faults $(ARGS)

upgrade-check: $(READY) $(VERIFIED) ## upgrade a running stack from FROM=COMMIT, downgrade, upgrade again (ARGS=--help)
	@test -n "$(FROM)" || { echo "FROM=COMMIT is needed: the release before, in the history of git."; exit 1; }
	@$(BIN)/python -m tests.upgrade --from $(FROM) $(ARGS)

fuzz: $(READY) $(VERIFIED) ## send hostile input to a running stack (CASES=10000, SEED=1, ARGS=--help)
	@$(BIN)/python -m bench.fuzz --cases $(or $(CASES),10000) --seed $(or $(SEED),1) $(ARGS)

$(ATHERIS): $(READY) bench/fuzz/guided/requirements.txt
	@rm -rf $(@D)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
		--only-binary :all: --target $(@D) -r bench/fuzz/guided/requirements.txt
	@touch $@

fuzz-parsers: $(ATHERIS) ## fuzz single parsers, guided by coverage (SECONDS=60 each, SEED=1, ARGS=--help)
	@PYTHONPATH=$(abspath $(dir $(ATHERIS))) $(BIN)/python -m bench.fuzz.guided \
		--seconds $(or $(SECONDS),60) --seed $(or $(SEED),1) $(ARGS)

soak: $(READY) $(VERIFIED) ## measure growth of a running stack (MINUTES=60, CHART=FILE draws it)
	@$(BIN)/python -m bench.soak --minutes $(or $(MINUTES),60) $(if $(CHART),--chart $(CHART))

load: $(READY) $(VERIFIED) ## measure 1,260 clients of a running stack next to an echo (ARGS=--help)
	@$(BIN)/python -m bench.load $(ARGS)

unit: $(READY) ## run the unit tests only
	@$(BIN)/python -m pytest tests/unit

lint: $(READY) $(SCHEMA) ## check secrets, style, spelling, types, contracts, images and the chart
	@$(MAKE) --no-print-directory --jobs 2 $(SYNC) lint-types lint-text lint-web lint-contracts lint-deploy

lint-types: $(READY)
	@$(BIN)/mypy

lint-text: $(READY)
	@$(BIN)/python -m scripts.check_wheels
	@$(BIN)/python -m scripts.secrets_scan
	@$(BIN)/python scripts/prose.py
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/codespell -D - -D scripts/spelling.txt .

lint-web: $(READY) $(SCHEMA)
	@$(BIN)/python -m scripts.node web run lint
	@$(BIN)/python -m scripts.node web run check

lint-contracts: $(READY)
	@$(BIN)/python scripts/protos.py lint
	@$(BIN)/python scripts/protos.py check
	@$(BIN)/python scripts/protos.py breaking

lint-deploy: $(READY) ## check Dockerfiles, Envoy's configuration and the chart
	@$(BIN)/hadolint --config deploy/hadolint.yaml services/*/Dockerfile deploy/*/Dockerfile
	@$(BIN)/python scripts/check_envoy.py
	@$(BIN)/python scripts/check_chart.py

$(SPECTRAL): $(READY) tests/openapi/package-lock.json
	@$(BIN)/python -m scripts.node tests/openapi ci --ignore-scripts --no-audit --loglevel error
	@touch $@

lint-api: $(SPECTRAL) ## check the OpenAPI document with Spectral
	@mkdir -p build
	@$(BIN)/python -m scripts.openapi build/openapi.json
	@$(BIN)/python -m scripts.node tests/openapi exec -- spectral lint ../../build/openapi.json \
		--ruleset ruleset.yaml --fail-severity warn

hashes: $(READY) ## write the hashes of all pins to hashes.txt, after a change of constraints.txt
	@$(BIN)/python -m scripts.hashes

sbom: $(READY) ## write the bill of materials to build/sbom.json
	@$(BIN)/python -m scripts.sbom build/sbom.json

format: $(READY) ## bring sources into the house format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/buf format -w protos

protos: $(READY) ## regenerate the stubs from the contracts
	@$(BIN)/python scripts/protos.py generate

images: ## build the container images (variables: scripts/images.sh)
	@scripts/images.sh $(IMAGES)

bench: $(READY) $(VERIFIED) ## measure accuracy, speed, memory, documents, encryption (DATA=DIR adds recordings)
	@$(BIN)/python -m bench $(if $(DATA),--data $(DATA))
	@$(BIN)/python -m bench.export_formats
	@$(BIN)/python -m bench.encryption
	@$(BIN)/python -m bench.summary_quality $(if $(DATA),--data $(DATA))

bench-speakers: $(READY) $(VERIFIED) ## measure how well voices are recognized (DATA=DIR adds voices)
	@$(BIN)/python -m bench.speakers_benchmarks $(if $(DATA),--data $(DATA))

bench-search: $(READY) $(VERIFIED) ## measure what the search finds (DATA=DIR adds texts of recordings)
	@OMP_NUM_THREADS=1 $(BIN)/python -m bench.search $(if $(DATA),--data $(DATA))

bench-search-speed: $(READY) $(VERIFIED) ## measure the search in a million segments
	@OMP_NUM_THREADS=1 $(BIN)/python -m bench.search_speed

bench-channels: $(READY) $(VERIFIED) ## measure mixing or separating channels (DATA=DIR adds voices)
	@$(BIN)/python -m bench.channels $(if $(DATA),--data $(DATA))

bench-echo: $(READY) $(VERIFIED) ## measure echoes between channels (needs DATA=DIR with voices)
	@$(BIN)/python -m bench.echo $(if $(DATA),--data $(DATA))
	@$(BIN)/python -m bench.echo_speakers $(if $(DATA),--data $(DATA))

bench-diarization: $(READY) $(VERIFIED) ## measure the diarizer's steps (DATA=DIR adds recordings)
	@OMP_NUM_THREADS=1 $(BIN)/python -m bench.diarization $(if $(DATA),--data $(DATA))
	@$(if $(DATA),OMP_NUM_THREADS=1 $(BIN)/python -m bench.diarization_short --data $(DATA))

bench-parts: $(READY) $(VERIFIED) ## measure parts of long recordings (DATA=DIR adds recordings and voices)
	@OMP_NUM_THREADS=1 $(BIN)/python -m bench.parts_diarization $(if $(DATA),--data $(DATA))
	@$(if $(DATA),OMP_NUM_THREADS=1 $(BIN)/python -m bench.parts_scaling --data $(DATA))
	@$(if $(DATA),$(BIN)/python -m bench.parts_run --data $(DATA))
	@$(if $(DATA),$(BIN)/python -m bench.first_words --audio $(DATA)/meetA_5spk.flac)

bench-editing: $(READY) ## measure reading and editing of a long transcript
	@$(BIN)/python -m bench.editing
	@$(BIN)/python -m bench.repeated_edits

bench-languages: $(READY) $(VERIFIED) ## measure recordings in several languages (DATA=DIR adds English)
	@$(BIN)/python -m bench.languages --plain $(if $(DATA),--data $(DATA))

bench-engines: $(READY) $(VERIFIED) ## measure the engines side by side in English (DATA=DIR adds recordings)
	@$(BIN)/python -m bench.engines $(if $(DATA),--data $(DATA))

bench-vocabulary: $(READY) $(VERIFIED) ## measure names with a vocabulary (DATA=DIR adds English)
	@$(BIN)/python -m bench.vocabulary $(if $(DATA),--data $(DATA))

bench-playback: $(READY) $(VERIFIED) ## measure the cost of playback copies
	@$(BIN)/python -m bench.playback

bench-live: $(READY) $(VERIFIED) ## measure live recognition next to plain loops (needs DATA=DIR with recordings)
	@OMP_NUM_THREADS=1 $(BIN)/python -m bench.live --data $(DATA) $(ARGS)

bench-status-reads: $(READY) $(VERIFIED) ## measure reads of a status next to echoes
	@$(BIN)/python -m bench.status_reads

bench-events: $(READY) $(VERIFIED) ## measure events on their way to 200 WebSockets next to a bare server
	@$(BIN)/python -m bench.event_delivery $(ARGS)

bench-control-plane: $(READY) $(VERIFIED) ## measure what a job costs outside of the workers
	@$(BIN)/python -m bench.control_plane

bench-upload: $(READY) $(VERIFIED) ## measure an upload of 1 GB next to the S3 client alone
	@$(BIN)/python -m bench.upload

bench-encryption: $(READY) ## measure encrypted objects next to plain ones
	@$(BIN)/python -m bench.encryption

bench-queue: $(READY) ## measure Postgres, NATS and the dispatcher with a long queue
	@$(BIN)/python -m bench.queue

bench-library-size: $(READY) ## measure lists and deletions in a million transcriptions
	@$(BIN)/python -m bench.library_size

quality: $(READY) $(VERIFIED) ## measure quality next to plain scripts (DATA=DIR, PEER=PYTHON... with whisperx or senko, ARGS=--help)
	@$(BIN)/python -m bench.quality $(if $(DATA),--data $(DATA)) $(if $(PEER),--peer $(PEER)) $(ARGS)

quality-gate: $(READY) $(VERIFIED) ## compare the quality of a few recordings with the baseline
	@OMP_NUM_THREADS=1 $(BIN)/python -m bench.quality.gate $(ARGS)

gpu-check: $(READY) $(VERIFIED) ## measure speed, errors and memory on an NVIDIA card (ARGS=--help, DATA=DIR adds recordings)
	@$(BIN)/python -m bench.gpu_check $(if $(DATA),--data $(DATA)) $(ARGS)

simulate: $(READY) ## simulate a day of a million recordings on 10,000 workers (ARGS=--help)
	@$(BIN)/python -m bench.simulation $(ARGS)

bench-web: $(READY) $(VERIFIED) $(WEB) $(BROWSER) ## measure the web interface in a browser, with a long transcript
	@$(BIN)/python -m bench.web

bench-repetition: $(READY) $(VERIFIED) ## measure the filter of loops (DATA=DIR adds English, ARGS=--held-out)
	@$(BIN)/python -m bench.repetition $(if $(DATA),--data $(DATA)) $(ARGS)

clean: stop ## remove data of the stack and build outputs, but not .venv and models
	rm -rf .data build exports .pytest_cache .mypy_cache .ruff_cache .hypothesis

distclean: clean ## remove everything that make made
	rm -rf $(VENV) .models
