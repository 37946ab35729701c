"""Blind listening tests: made, rated in a browser, merged and analysed (lesson 11).

materials.py   clips of people, systems and an empty-prompt control for the same prompts
design.py      which clips stand in which trials; what raters see and the key they do not
sounds.py      clips made comparable: length, loudness, coding
page.py        one HTML file that rates without a network, or served
server.py      the page for a class, answers kept in SQLite (store.py)
records.py     one sheet of answers, as a rater hands it in
answers.py     answer files and databases, checked and merged
analysis.py    means, differences, agreement, preferences
simulated.py   a class whose opinions are known, for lessons and tests
"""
