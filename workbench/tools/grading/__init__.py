"""For instructors: student versions of the notebooks, marks for what comes back, a class compared.

`lessons` reads the exercises out of the trusted notebooks, `assign` makes the student version,
`submissions` finds what was handed in, `sandbox` asks a student's functions in a process that
cannot do harm (`worker`, shut in by `jail`, runs there what `slicing` picks), `marks` judges the
answers here, and `feedback` and `classroom` write the pages.
"""
