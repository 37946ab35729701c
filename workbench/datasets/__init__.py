"""Data sets: the catalogue, `load`, loops, captions, keywords, and the built-in corpus."""

from workbench.datasets.catalogue import CATALOGUE
from workbench.datasets.dataset import SPLITS, Dataset
from workbench.datasets.load import find, load, names_of
from workbench.datasets.loops import cut_loops

__all__ = ["CATALOGUE", "SPLITS", "Dataset", "cut_loops", "find", "load", "names_of"]
