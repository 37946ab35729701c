"""What the lessons are made of: their frame, checks, widgets, figures, glossary, experiments."""
