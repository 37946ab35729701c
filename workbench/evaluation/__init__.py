"""Measures: of notes, of sound, of models, of raters, with their intervals and floors."""
