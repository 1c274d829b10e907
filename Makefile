# Everything a developer or an operator does with this checkout. `make help` lists the targets.

UV        := .uv/bin/uv
PYTHON    := .venv/bin/python
INSTALLED := .venv/.installed
PACKAGES  := activities console intake notifications operations program reports rules simulation store workflows
TYPED     := $(PACKAGES) embedded.py logs.py settings.py worker.py measure tests

# Where bytecode is not kept, each of the many processes that the tests start compiles everything anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup up test soak check format lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## Install everything, pinned and hash-checked, into .venv

up: setup ## Run Gatehouse with its own Temporal server until Ctrl-C; state in GATEHOUSE_HOME (default ./var)
	@.venv/bin/gatehouse up

test: setup ## Run the whole test suite
	@$(PYTHON) -m pytest -n 3 --dist worksteal

soak: setup ## Run the long runs over the rules: agreement, threads, memory, hostile input, rates; about 20 minutes
	@$(PYTHON) -m measure.soak

check: setup ## Lint, types, import contracts, and the rules of the default program and of the example
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy $(TYPED)
	@.venv/bin/lint-imports
	@.venv/bin/gatehouse rules check rules/default docs/examples/manufacturing

format: setup ## Format the code and mend what the linter can mend by itself
	@.venv/bin/ruff check --fix-only -q .
	@.venv/bin/ruff format -q .

lock: $(UV) ## Pin the dependencies anew from pyproject.toml
	@$(UV) pip compile -q --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 \
		pyproject.toml -o requirements/gatehouse.txt
	@$(UV) pip compile -q --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 \
		--extra dev --extra pdf pyproject.toml -o requirements/dev.txt
	@$(UV) pip compile -q --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 \
		requirements/build.in -o requirements/build.txt

clean: ## Remove the environment and what tools leave behind; state in ./var stays
	@rm -rf .venv .uv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis *.egg-info

$(UV): requirements/build.txt
	@python3 -m venv --clear .uv
	@sed -n '/^uv==/,/[^\\]$$/p' requirements/build.txt > .uv/uv.txt
	@.uv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r .uv/uv.txt

# uv finds a Python that fits, or fetches one. The packages that build from source get the same pinned setuptools.
$(INSTALLED): $(UV) pyproject.toml requirements/dev.txt requirements/build.txt
	@$(UV) venv -q --allow-existing --python '>=3.11,<3.13' .venv
	@$(UV) pip install -q --compile-bytecode --python $(PYTHON) --require-hashes --build-constraints requirements/build.txt -r requirements/dev.txt
	@$(UV) pip install -q --python $(PYTHON) --no-deps --build-constraints requirements/build.txt --editable .
	@touch $@
