# Needs make, sh and Python 3.11 or newer with venv; the rest is made in .venv. `make` alone lists what there is.
.POSIX:
.SUFFIXES:
.PHONY: help setup demo dev test check lock messages clean

BIN = .venv/bin
# Ports, database, members: make demo ARGS="--port 8001 --fresh"
ARGS =
# Parallel test processes; each has its own databases.
WORKERS = logical --maxprocesses 8
# What takes longer is left out, unless RESEAU_TEST_ALL=1, as in .ci/run: people run what they need not wait for.
SHORT = test "$$RESEAU_TEST_ALL" = 1 || set -- -m "not slow and not browser";
# How much of the code the tests run: `make test COVER=--cov`, as .ci/run does. It takes a third longer.
COVER =

help: ## list the targets (the default)
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{ printf "  make %-10s %s\n", $$1, $$2 }'

setup: ## make the environment for serving: .venv with .venv/bin/reseau
	@PYTHON="$(PYTHON)" sh scripts/environment run

demo: setup ## serve the demonstration on http://127.0.0.1:8000 (ARGS="--port 8001 --fresh")
	@exec $(BIN)/reseau demo $(ARGS)

dev: ## make the environment for developing: setup, and the tools that the tests need
	@PYTHON="$(PYTHON)" sh scripts/environment dev

test: check ## the tests, with both databases; with RESEAU_TEST_ALL=1 also the slow ones and those in a browser
	@$(BIN)/python -m tests.needs
	$(SHORT) $(BIN)/pytest -n $(WORKERS) $(COVER) $(ARGS) "$$@"
	@$(BIN)/python -m tests.needs

check: dev ## what needs no running: format, lint, types, who may import whom
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

lock: dev ## write the lock files anew from pyproject.toml (ARGS=--upgrade for the newest versions)
	@sh scripts/lock $(ARGS)

messages: dev ## gather the texts of the screens into the catalogues, for the translators
	@$(BIN)/python -m app.i18n.messages

clean: ## remove .venv and everything else that is made
	rm -rf .venv reseau.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
