"""For instructors: report, gallery, grading, listening tests, web edition, experiments' runs."""
