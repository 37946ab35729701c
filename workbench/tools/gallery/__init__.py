"""One page with clips of every system, to listen to."""
