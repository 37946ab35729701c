# `make lab` is `python3 ci/setup.py lab`, and so on; it needs only Python 3.11 or newer.
#   make lab TORCH=cpu            PyTorch without CUDA's libraries
#   make report PROFILE=laptop    larger notebooks
PYTHON ?= python3
VENV ?= .venv
PROFILE ?= smoke
TARGETS = setup lab report gallery site test browser format style types data notebooks lock clean

.PHONY: help $(TARGETS)
.DEFAULT_GOAL := help

help:
	@$(PYTHON) ci/setup.py --help

$(TARGETS):
	@$(PYTHON) ci/setup.py $@ --venv $(VENV) --profile $(PROFILE) $(if $(TORCH),--torch $(TORCH))
