# Type `make`, it says what there is. What each target does is in scripts/.
PYTHON ?= python3
# One more than there are cores: many tests wait for a while.
JOBS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) + 1 )))
ARGS ?=

RUN := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help venv engine up preview refresh down test soak faults bench docs lint clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' Makefile | while IFS='|' read -r name what; do printf '%-10s %s\n' "$$name" "$$what"; done

venv: ## the virtual environment .venv (PYTHON=python3.12 chooses the Python)
	@$(PYTHON) -m scripts.venv

engine: venv ## the Pulumi engine: found on PATH, installed, or built once into the user's cache
	@scripts/engine/get

up: venv engine ## run __main__.py on the emulator: preview, then update (LIVE=1: on the real service)
	@$(RUN) -m scripts.quickstart up $(ARGS)

preview: venv engine ## what `make up` would change (ARGS=--diff shows every property)
	@$(RUN) -m scripts.quickstart preview $(ARGS)

refresh: venv engine ## take over into the state what changed on the service
	@$(RUN) -m scripts.quickstart refresh $(ARGS)

down: venv ## delete what `make up` created, and stop the emulator
	@$(RUN) -m scripts.quickstart down $(ARGS)

test: venv engine ## all tests (ARGS="-k words" chooses)
	@$(PYTHON) -m scripts.venv aws
	@$(RUN) -m pytest -n $(JOBS) --dist=worksteal $(ARGS)

soak: venv ## a long run of the model tests
	@CHROMA_SYNC_SOAK=1 $(RUN) -m pytest tests/provider/test_model.py tests/provider/test_source_set_model.py tests/provider/test_source_set_faults.py --timeout=0 $(ARGS)

faults: venv ## write docs/faults.md: what happens under faults, as the tests see it
	@$(RUN) -m tests.provider.fault_table

bench: venv engine ## measure beside others, write bench/README.md (ARGS=--quick: in minutes)
	@$(RUN) -m bench --json bench/results.json $(ARGS)

docs: venv ## a site of the documents and docstrings, in build/site
	@$(RUN) -m scripts.docs

lint: venv ## ruff and mypy
	@$(RUN) -m ruff check
	@$(RUN) -m ruff format --check
	@$(RUN) -m mypy
	@$(RUN) -m mypy -p scripts -p tests -p bench

clean: ## remove what was made here, once `make down` has been run; the engine's cache stays
	@$(PYTHON) -m scripts.clean
