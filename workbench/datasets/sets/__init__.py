"""The data sets of the catalogue: each module holds the entry of its set and reads its files."""
