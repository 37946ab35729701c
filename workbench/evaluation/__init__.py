"""Metrics of notes, sound, models and raters, with their intervals and floors."""
