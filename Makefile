# The workbench sets itself up: Python 3.11 or newer and make are all it takes for given.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready
PROFILE ?= smoke
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Threads that wait sleep instead of spinning: several processes share few cores better.
export OMP_WAIT_POLICY ?= passive

.PHONY: help setup lab report gallery test browser data notebooks lock clean
.DEFAULT_GOAL := help

help:
	@echo "make lab        set up and open JupyterLab on notebooks/00_start_here.ipynb"
	@echo "make report     set up and run every notebook at PROFILE=smoke into report/index.html"
	@echo "make gallery    set up and write clips of every shipped system into gallery/index.html"
	@echo "make test       set up, a browser included, and run all tests"
	@echo "make data       download the Groove MIDI Dataset (3.3 MB, CC BY 4.0)"
	@echo "make notebooks  regenerate notebooks/*.ipynb from notebooks/src"
	@echo "make lock       compile pyproject.toml into the lock file and environment.yml"
	@echo "make clean      remove the virtual environment and what was made"

setup: $(READY)

# The stamp is written last, so that an interrupted setup is started again.
$(READY): ci/requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is older than 3.11; name a newer one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@rm -f $(READY)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the packages of ci/requirements.lock into $(VENV) (a few minutes) …"
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r ci/requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $(READY)

lab: setup
	$(BIN)/python -m jupyter lab --LabApp.news_url=None \
	  --ContentsManager.hide_globs='["src", "__pycache__", "*.pyc", "*.egg-info", "*~"]' \
	  notebooks/00_start_here.ipynb

report: setup
	$(BIN)/workbench report --profile $(PROFILE) --out report

gallery: setup
	$(BIN)/workbench gallery --out gallery

browser: setup
	@sh ci/browser.sh $(BIN)/python

test: setup browser
	$(BIN)/ruff check .
	$(BIN)/python -m pytest

data: setup
	$(BIN)/python data_scripts/groove.py

notebooks: setup
	$(BIN)/workbench notebooks

lock: setup
	$(BIN)/python ci/lock.py

clean:
	rm -rf $(VENV) report gallery runs build *.egg-info
