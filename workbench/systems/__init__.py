"""The systems, a folder each, and what they share; `registry` lists them."""
