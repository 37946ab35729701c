"""Every notebook executed, and one page that says how each went."""
