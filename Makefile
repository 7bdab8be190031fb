# Everything a developer runs. `make demo` and `make test` set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO := examples/hello/tstack.yaml

# Thousands of modules of the AWS SDK are loaded at each run; without their bytecode each run compiles them anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test check bench format setup engine clean

help: ## Show what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

setup: $(READY) ## Make the virtual environment with everything in it

$(READY): pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --editable '.[local]' --group dev
	@touch $(READY)

engine: $(READY) ## Find, download or build the engine (the `pulumi` program)
	$(BIN)/tstack engine install

demo: engine ## Run examples/hello on this machine: a whole ECS stage, no AWS account
	$(BIN)/tstack up --local --yes --file $(DEMO)

test: engine ## Run all tests
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --ignore tests/containers
	$(BIN)/python -m pytest tests/containers

check: $(READY) ## Lint, format, types, import direction
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

format: $(READY) ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: engine ## Measure against the budgets in docs/budgets.md
	$(BIN)/python bench/run.py

clean: ## Remove what was made here
	-$(BIN)/tstack local stop
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis
