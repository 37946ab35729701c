"""Blind listening tests: create, rate in a browser, merge and analyse (lesson 13).

materials.py   clips by people, systems and an empty-prompt control for the same prompts
design.py      the trials; the page for raters, and the key, which they do not see
sounds.py      equal length, loudness and coding of the clips
page.py        one HTML file for rating, without a network or from a server
server.py      serves the page to a class and stores answers in SQLite (store.py)
records.py     the answers of one rater
answers.py     checks and merges answer files and databases
analysis.py    means, differences, agreement, preferences
simulated.py   raters with known opinions, for lessons and tests
"""
