"""The data sets of the catalogue: each module has the entry of its set and reads its files."""
