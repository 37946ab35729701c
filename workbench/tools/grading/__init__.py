"""For instructors: student versions of the notebooks, marks for submissions, the class on a page.

`lessons` reads the exercises from the trusted notebooks. `assign` writes the student version.
`submissions` (with `tree`) finds what was handed in. `sandbox` calls a student's functions in an
isolated process, which `supervision` watches: `jail` and `seal` isolate it, and `worker` runs there
what `slicing` selects. `marks` judges the answers in the grader's own process. `feedback` and
`classroom` write the pages.
"""
