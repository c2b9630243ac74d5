# Every target makes the virtual environment it needs, once: nothing has to be installed by hand.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Exact versions for everything that is installed, build tools included.
export PIP_CONSTRAINT := $(CURDIR)/constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test torture check format docs bench bench-gpu bench-accuracy pictures clean

help:
	@echo "make demo      set up, then the main job: a real table, two neurons, a network, pictures"
	@echo "make test      set up, then all tests"
	@echo "make torture   kill a training 200 times, and resume it"
	@echo "make check     formatting, lint, types"
	@echo "make docs      the site: lessons, guide, API (build/site/index.html)"
	@echo "make bench     speed against peers (half an hour)"
	@echo "make bench-gpu speed on a GPU against plain PyTorch"
	@echo "make bench-accuracy  accuracy of defaults against peers (TABLES=folder; hours, goes on where it was stopped)"
	@echo "make pictures  draw the README's pictures again"
	@echo "make clean     remove the virtual environment and all caches"

demo: $(VENV)/.runtime
	$(BIN)/feedforward demo

test: $(VENV)/.dev
	$(BIN)/pytest --cov --numprocesses 2 --dist loadfile

torture: $(VENV)/.dev
	$(BIN)/python tests/torture.py 200

check: $(VENV)/.dev
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

# Everything is read anew: what of it changed, autosummary sees only so. Cells run again only where they, or src, changed.
docs: $(VENV)/.docs
	$(BIN)/sphinx-build -W --keep-going -n -q -E -d build/doctrees docs build/site
	$(BIN)/python docs/links.py build/site
	@echo "build/site/index.html"

bench: $(VENV)/.bench
	$(BIN)/python benchmarks/neurons.py
	$(BIN)/python benchmarks/networks.py

bench-gpu: $(VENV)/.bench
	$(BIN)/python benchmarks/gpu.py

bench-accuracy: $(VENV)/.bench
	$(BIN)/python benchmarks/accuracy.py $(if $(TABLES),--tables $(TABLES))

pictures: $(VENV)/.runtime
	$(BIN)/python docs/pictures.py

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "feedforward needs Python 3.11 or newer; name one: make PYTHON=python3.11 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.runtime: $(VENV)/.created pyproject.toml constraints.txt
	$(BIN)/python -m pip install -qq --editable ".[torch]"
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	$(BIN)/python -m pip install -qq --editable ".[dev]"
	@touch $@

$(VENV)/.docs: $(VENV)/.runtime
	$(BIN)/python -m pip install -qq --editable ".[docs]"
	@touch $@

$(VENV)/.bench: $(VENV)/.runtime
	$(BIN)/python -m pip install -qq --editable ".[bench]"
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .coverage feedforward-demo build docs/api/generated
	find src tests benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} +
