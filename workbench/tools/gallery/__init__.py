"""One page of clips by every system, for its readers to listen to."""
