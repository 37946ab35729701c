# %% [markdown]
# # 02 · Music as words: tokenisation
#
# [01 Exploring the data](01_eda.ipynb) · [index](00_start_here.ipynb) ·
# [03 Contrastive pre-training](03_contrastive_pretraining.ipynb)
#
# **You will** write music as tokens, measure what is lost in this way, and train a vocabulary.
#
# **Needs** lesson 00 (clips); Python lists and loops, logarithms. The lesson uses POP909 if you
# have it (`make data`), otherwise built-in songs. **Time and memory:** printed below.
# The lesson takes about 90 minutes with its exercises.
# **Exercises:** 40 minutes. **Library:** `workbench.representations.tokens`, `.remi`, `.mmm`,
# `.pvd`, `.losses`. **Papers:** REMI (Huang and Yang 2020, arXiv 2002.00212), MidiTok (arXiv
# 2310.17202), byte-pair encoding (Sennrich et al. 2016, arXiv 1508.07909; for music Fradet et al.
# 2023, arXiv 2301.11975), MMM (Ens and Pasquier 2020, arXiv 2008.06048). **Data:** Wang and others,
# ISMIR 2020.

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop (minutes), gpu, paper
dataset = "pop909"  # "pop909", "builtin-songs", or another set of songs by name
seed = 0  # of everything random
train = False  # this notebook trains no network

# %%
from workbench import load, plots, predict, reveal, start

run = start("02", profile=profile, dataset=dataset, seed=seed, train=train)

# %% [markdown]
# ## 1 · One bar, word by word
#
# *Predict:* music is written as a sequence of words, the tokens. How many tokens does one note
# need?

# %%
predict("02.1", [3.0, 5.0, 8.0], unit="tokens")

# %% [markdown]
# A language model reads a sequence of **tokens** from a fixed **vocabulary**. **REMI** begins each
# bar with `Bar` and its time signature. Where one or more notes begin, it writes a `Position`, in
# twelfths of a beat. Then come four tokens for each note: its instrument (`Program`; −1 is the
# drums), `Pitch`, `Velocity` and `Duration`. (This is the REMI of MidiTok. The REMI of the paper is
# for piano: it has no instruments and no time signatures, but chords and tempi.)

# %%
from itertools import pairwise

import numpy as np

from workbench.representations.remi import encode
from workbench.representations.tokens import Vocabulary

songs = load(run.dataset, split="train", limit=run.size(24, 200)).clips
held = load(run.dataset, split="test", limit=run.size(6, 24)).clips
remi = Vocabulary()  # the tokens as they are: nothing learned yet


def fit_to_show(excerpt):
    voices = set(zip(excerpt.notes["program"], excerpt.notes["is_drum"], strict=True))
    return abs(len(excerpt.notes) - 10) + 20 * (len(voices) < 2)


every = [(clip, a, b) for clip in held for a, b in pairwise(clip.bar_lines)
         if b - a == 4]
bar = min((clip.excerpt(a, b - a) for clip, a, b in every), key=fit_to_show)
PARTS = {53: "melody", 25: "bridge (guitar)", 33: "bass", 0: "piano", -1: "drums"}
plots.notes(plots.axes(width=9), bar, names=PARTS);

# %%
words = [remi.names[i].removesuffix("_None") for i in encode(bar)]
lines = " ".join(words).replace(" Position", "\nPosition").replace(" Program", "\n    Program")
print(lines)
print(f"{len(bar.notes)} notes, {len(words)} tokens")
bar

# %%
reveal("02.1", len(words) / len(bar.notes), "This counts the tokens of the bar, too.")

# %% [markdown]
# *What you should have noticed:* a note needs four tokens, or five if it begins at a new position.
# A hit of a drum has no duration and needs one token less. `0.6.12` is a duration: no whole beat
# and 6 of 12 parts of a beat, an eighth note.
#
# ## Exercise 1 · REMI by hand (15 minutes)
#
# *Level:* hard. *Goal:* `notes` is a sorted list of `(bar, position, pitch, steps)`, where `steps`
# is the duration of the note. The song has `bars` bars, counted from 0. Return its tokens, such as
# `["Bar", "Position_0", "Pitch_60", "Duration_4", …]`. What must happen if several notes begin
# together, or if a bar is empty?

# %% tags=["stub"]
def to_remi(notes, bars):
    return None  # a list of words


# %% tags=["check"]
from workbench.course.teaching import check_remi

check_remi(to_remi)

# %% tags=["solution"]
def to_remi(notes, bars):
    words = []
    for bar in range(bars):
        words.append("Bar")
        last = None
        for _, position, pitch, steps in [note for note in notes if note[0] == bar]:
            if position != last:
                words.append(f"Position_{position}")
            words += [f"Pitch_{pitch}", f"Duration_{steps}"]
            last = position
    return words


# %% [markdown]
# ## 2 · What are these songs made of?
#
# *Predict:* which type of token is the most common? And what share of all tokens is a `Pitch`?
#
# A model hardly learns what is rare in its data, so we count first. The songs of POP909 have three
# parts: melody, bridge and piano. Our loader gives each part its own instrument.

# %%
predict("02.2", [10.0, 30.0, 50.0], unit="%")

# %%
from collections import Counter

every_note = np.concatenate([clip.notes for clip in songs])
who = np.where(every_note["is_drum"], -1, every_note["program"])
counts = Counter(PARTS.get(p, f"program {p}") for p in who.tolist())
ids = [encode(clip) for clip in songs]
kinds = Counter(remi.kinds[np.concatenate(ids)].tolist())
left, middle, right = plots.axes(1, 3, width=11, height=3)
plots.ranking(left, {n: 100 * c / len(who) for n, c in counts.most_common(8)},
              xlabel="share of notes (%)", title="instruments")
plots.histogram(middle, {"": np.array([c.tempo for c in songs])}, bins=np.arange(40, 221, 10),
                xlabel="tempo (BPM)", title="tempo")
plots.ranking(right, {n: 100 * c / sum(kinds.values()) for n, c in kinds.most_common()},
              xlabel="share of tokens (%)", title="token types")
signs = Counter(remi.names[i] for song in ids for i in song if remi.kinds[i] == "TimeSig")
print({sign.removeprefix("TimeSig_"): count for sign, count in signs.most_common()}, "bars")

# %%
reveal("02.2", 100 * kinds["Pitch"] / sum(kinds.values()))

# %% [markdown]
# *What you should have noticed:* most tokens are of four types; bars and time signatures are few.
# The metre hardly ever changes, but every bar states it. Therefore a bar can be cut out or inserted
# without knowing the bars before it.
#
# ## 3 · How fine a grid?
#
# *Predict:* by how many milliseconds does a grid of sixteenths move a note, on average? And a grid
# of beats?
#
# The beginnings of notes, the *onsets*, are rounded to the steps of a **grid**. A finer grid needs
# more different tokens. Two notes of the same pitch on the same step become one note.

# %%
predict("02.3", [5.0, 20.0, 50.0], unit="ms")

# %%
def on_grid(clip, steps):
    """A clip with onsets and lengths on a grid of so many steps per beat."""
    notes = clip.notes.copy()
    notes["time"] = np.round(notes["time"] * steps) / steps
    notes["duration"] = np.maximum(np.round(notes["duration"] * steps), 1) / steps
    return type(clip).from_notes(notes, tempo=clip.tempo, beats=clip.beats)


grids = (1, 2, 3, 4, 6, 8, 12, 16, 24)
moved = {steps: np.concatenate([
    60_000 / clip.tempo * np.abs(np.round(clip.notes["time"] * steps) / steps - clip.notes["time"])
    for clip in held
]) for steps in grids}
left, right = plots.axes(1, 2, width=10, height=3)
plots.lines(left, grids, {"mean": [moved[s].mean() for s in grids],
                          "90 % quantile": [np.quantile(moved[s], 0.9) for s in grids]},
            xlabel="steps per beat", ylabel="onset moved by (ms)")
plots.lines(right, grids, {"moved by over 20 ms": [100 * (moved[s] > 20).mean() for s in grids]},
            xlabel="steps per beat", ylabel="share of notes (%)")
for ax in (left, right):
    ax.set(xscale="log", xlim=(0.9, 27), ylim=(0, None))
    ax.set_xticks(grids, grids, minor=False)
    ax.minorticks_off()
run.note("onset moved by twelfths", moved[12].mean(), unit="ms")

# %%
reveal("02.3", float(moved[4].mean()), f"A grid of beats: {moved[1].mean():.0f} ms.")

# %%
from workbench.course.widgets import compare

busiest = max(every, key=lambda at: len(at[0].excerpt(at[1], 4).notes))
passage = busiest[0].excerpt(busiest[1], 8)
compare([passage] + [on_grid(passage, steps) for steps in (4, 3, 1)],
        ["as it is", "sixteenths", "triplets only", "beats only"])

# %% [markdown]
# *What you should have noticed:* a finer grid is not always better. Three steps per beat move the
# notes of POP909 further than two, because three steps miss the half beats. Six move them further
# than four, because six miss the sixteenths. These songs have hardly any triplets. The built-in
# songs are *written* in sixteenths, so four steps lose nothing. The workbench uses twelve steps,
# which fit both sixteenths and triplets.
#
# ## Exercise 2 · To the grid (5 minutes)
#
# *Level:* easy. *Goal:* from onsets in beats and the number of steps per beat, return the number of
# the nearest step for each onset.

# %% tags=["stub"]
def to_steps(beats, steps):
    return None  # your line here


# %% tags=["check"]
from workbench.course.teaching import check_grid

check_grid(to_steps)

# %% tags=["solution"]
def to_steps(beats, steps):
    return np.round(beats * steps)


# %% [markdown]
# ## 4 · Other encodings
#
# *Predict:* which of the encodings below keep the rhythm? Which one moves the onsets furthest?
#
# **TSD** writes the time to wait before the next note instead of a position. **MIDI-Like** writes
# where notes end, not how long they are. **Structured** writes the same types of token in the same
# order for every note. **Octuple** has one token of seven parts per note; the table counts the
# parts. **p/v/d** is the encoding of lesson 11: only pitch, velocity and duration of piano notes.
# Its variant *with rhythm* also writes onsets. REMI with byte-pair encoding (BPE) follows in
# section 5, MMM in section 8. We encode and decode each song, and match the notes before and after
# by pitch and onset.

# %%
predict("02.4", ["TSD", "MIDI-Like", "Structured", "Octuple", "MMM", "p/v/d",
                 "p/v/d with rhythm"])

# %%
from workbench.evaluation.table import render
from workbench.representations.losses import losses, total
from workbench.representations.tokenisers import tokenisers

some, rows, long = held[: run.size(3, 12)], [], {}
for way in tokenisers(songs[:20], max(clip.bars for clip in some)):
    trips = [way.round_trip(clip) for clip in some]
    lost = total(losses(clip, back) for clip, (_, back) in zip(some, trips, strict=True))
    share, onset, _, velocity = lost.means()
    long[way.name] = sum(tokens for tokens, _ in trips) / lost.notes
    rows.append([way.name, long[way.name], way.size, 100 * share, onset, velocity])
print(render("", ["", "tokens per note", "vocabulary", "notes lost %", "onset off by ms",
                  "velocity off by"], rows))
plots.bars(plots.axes(width=9.5), long, ylabel="tokens per note")
run.note("tokens per note, REMI", long["REMI"])
run.note("tokens per note, REMI + BPE", long["REMI + BPE"], floor=f"without {long['REMI']:.2f}")

# %%
from workbench.representations.pvd import PVD

tune = passage.with_()
no_rhythm, with_rhythm = PVD(rhythm=False), PVD(rhythm=True)
pvd_ids = np.concatenate(no_rhythm.words(tune))
print(" ".join(no_rhythm.names[i] for i in pvd_ids[:18]), "…")
compare([tune] + [way.decode(np.concatenate(way.words(tune)), tune.tempo)
                  for way in (with_rhythm, no_rhythm)],
        ["as it is", "p/v/d with rhythm", "p/v/d"])

# %%
furthest = max(rows, key=lambda row: -1 if np.isnan(row[4]) else row[4])
reveal("02.4", furthest[0], f"Its notes are {furthest[4] / 1000:.1f} s off.")

# %% [markdown]
# *What you should have noticed:* a shorter encoding is not always better. p/v/d has no drums,
# instruments or onsets: it plays the notes of a chord one after the other, and the song ends
# minutes too late. The variant with rhythm has onsets but no metre. In POP909, everything after a
# bar of two beats is therefore late. Structured rounds long waits, and these errors add up. MMM
# gives all notes the same velocity. Octuple has few tokens, but each has seven parts. It states the
# metre only with a note: if a bar of another metre is empty, everything after it is shifted.
#
# ## 5 · Byte-pair encoding
#
# *Predict:* which two tokens follow each other most often?

# %%
predict("02.5", ["Position + Program", "Program + Pitch", "Pitch + Velocity",
                 "Velocity + Duration", "another pair"])

# %% [markdown]
# **Byte-pair encoding** takes the most common pair of neighbouring tokens, and writes one new token
# in place of the pair, everywhere. Then it repeats this. In this way frequent sequences become
# single tokens, which we call **pieces**.
#
# ## Exercise 3 · Encode with merges (15 minutes)
#
# *Level:* medium. *Goal:* return the list `ids` after all `merges`, a list of `(pair, new)` in the
# order of their learning. A merge replaces each occurrence of its pair, from left to right, by the
# one id `new`. The next merge starts from the result.

# %% tags=["stub"]
def encoded(ids, merges):
    return None  # a new list


# %% tags=["check"]
from workbench.course.teaching import check_encode

check_encode(encoded)

# %% tags=["solution"]
def encoded(ids, merges):
    for pair, new in merges:
        out, i = [], 0
        while i < len(ids):
            if tuple(ids[i : i + 2]) == tuple(pair):
                out.append(new)
                i += 2
            else:
                out.append(ids[i])
                i += 1
        ids = out
    return ids


# %% [markdown]
# The training repeats this step. Here are its first merges on one song:

# %%
from workbench.representations.byte_pairs import commonest_pair, merge

row, pieces = ids[0].tolist(), {i: (i,) for i in range(remi.base)}
for _ in range(10):
    a, b = commonest_pair(row)
    new = len(pieces)
    pieces[new] = pieces[a] + pieces[b]
    row = merge(row, (a, b), new)
    print(f"{len(row):6} tokens after", " ".join(remi.names[i] for i in pieces[new]))

# %%
reveal("02.5", " + ".join(remi.kinds[i] for i in pieces[remi.base]))  # the first merge

# %% [markdown]
# With MidiTok, the library learns pieces from all songs at once:

# %%
SIZE = run.size(1024, 2048)
learned = Vocabulary.train(ids, SIZE)
coded = np.concatenate([learned.encode_song(song) for song in ids])
often = Counter(coded[coded >= learned.base].tolist())


def name(piece):
    words = [learned.names[i].removesuffix("_None").removesuffix(".12") for i in piece]
    text = " ".join(words).replace("Position", "Pos").replace("Velocity", "Vel")
    text = text.replace("Duration", "Dur").replace("Program", "Prog")
    return text if len(text) < 58 else text[:57] + "…"


plots.ranking(plots.axes(width=9, height=4), {
    name(learned.pieces[i]): count for i, count in often.most_common(15)
}, xlabel="times", title=f"most common pieces in a vocabulary of {SIZE}");
spans = np.array([len(learned.pieces[i]) for i in coded])
print("share of tokens that stand for 1, 2, 3, 4, and 5 or more base tokens:",
      ", ".join(f"{np.mean(x):.0%}" for x in [*[spans == k for k in (1, 2, 3, 4)], spans > 4]))

# %% [markdown]
# *What you should have noticed:* in POP909 most pieces join tokens of the same note, such as a
# velocity and a duration. That is spelling, not music. The built-in songs repeat their phrases, so
# some of their pieces contain several notes.
#
# ## 6 · How large a vocabulary?
#
# *Predict:* with a larger vocabulary a song has fewer tokens. A simple model predicts each token
# from the one before it. Does it then need fewer or more bits per note?

# %%
predict("02.6", ["fewer bits", "as many, within 2 %", "more bits"])

# %% [markdown]
# With a larger vocabulary a song has fewer tokens, but each token is harder to predict, because
# there are more to choose from. So bits per token cannot be compared. We count **bits per note**,
# on songs that were not used in training. The cost of a song is the sum over its tokens $w_i$, each
# predicted from those before it:
#
# $$-\ln p(w_1 \dots w_n) = -\sum_i \ln p(w_i \mid w_1 \dots w_{i-1}) \qquad (1)$$
#
# *Equation (1):* code `workbench.models.markov.MarkovChain.nll` (nats per token); paper Shannon
# 1951, *Prediction and entropy of printed English*.
#
# The natural logarithm gives the cost in *nats*, the logarithm to base 2 gives it in bits.
#
# ## Exercise 4 · Bits per note (5 minutes)
#
# *Level:* easy. *Goal:* bits per note of a whole collection. `songs` lists an array for each song,
# the costs of its tokens in nats. `notes` lists the number of notes of each song. A song may have
# no notes, but its tokens cost bits all the same. A note of a long song counts as much as one of a
# short song.

# %% tags=["stub"]
def bits_per_note(songs, notes):
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_bits_per_note

check_bits_per_note(bits_per_note)

# %% tags=["solution"]
def bits_per_note(songs, notes):
    nats = sum(song.sum() for song in songs)
    return nats / np.log(2) / sum(notes)


# %%
from workbench.models.markov import MarkovChain

base_held, held_notes = [encode(clip) for clip in held], sum(len(clip.notes) for clip in held)
sizes = [remi.size, 700, 1024, 2048, *run.size([], [4096])]
ways = [remi, *[Vocabulary.train(ids, size) for size in sizes[1:]]]
curves = {"training songs": [], "held-out songs": []}
bits = {"no context": [], "the token before": []}
for way in ways:
    known, fresh = ([way.encode_song(s) for s in group] for group in (ids, base_held))
    curves["training songs"].append(sum(map(len, known)) / len(every_note))
    curves["held-out songs"].append(sum(map(len, fresh)) / held_notes)
    for order, cost in enumerate(bits.values()):
        chain = MarkovChain(order, way.size).fit(known)
        cost.append(sum(chain.nll(song).sum() for song in fresh) / np.log(2) / held_notes)
left, right = plots.axes(1, 2, width=10, height=3.2)
plots.lines(left, sizes, curves, xlabel="vocabulary", ylabel="tokens per note")
plots.lines(right, sizes, bits, xlabel="vocabulary", ylabel="bits per note, held-out songs")
for ax in (left, right):
    ax.set_ylim(0)

# %%
before, after = bits["the token before"][0], bits["the token before"][-1]
change = 100 * (after / before - 1)
same, less = abs(change) < 2, "fewer bits" if change < 0 else "more bits"
reveal("02.6", "as many, within 2 %" if same else less, f"The bits change by {change:+.0f} %.")

# %% [markdown]
# *What you should have noticed:* on the left, pieces shorten the held-out songs of POP909 as much
# as the songs that they were learned from: the 200 songs of `laptop` size are enough for that. On
# the right are two very simple models (*Markov chains*), which predict a token from a fixed number
# of tokens before it. The one without context gains much from pieces, because a piece contains
# context. The one that knows the token before gains little, or loses: each piece is rarer than its
# parts, so the model has seen fewer examples of it. One advantage of pieces is certain: a window of
# 1,024 tokens contains more notes.
#
# How far are these models from the best possible one? For POP909 nobody knows. The built-in songs
# are generated by a grammar, so their true probabilities are known (lesson 01).

# %%
from workbench.datasets import builtin_songs

written, unseen = builtin_songs.sample(run.size(60, 400), 1), builtin_songs.sample(20, 2)
known, fresh = ([remi.encode_song(encode(clip)) for clip in part] for part in (written, unseen))
notes = sum(len(clip.notes) for clip in unseen)
truth = -sum(map(builtin_songs.log_prob_notes, unseen)) / np.log(2) / notes
costs = {}
for order in (0, 1, 2, 4):
    chain = MarkovChain(order, remi.size).fit(known)
    nats = sum(chain.nll(song).sum() for song in fresh)
    costs[f"last {order}" if order else "no context"] = nats / np.log(2) / notes
plots.bars(plots.axes(width=7), {**costs, "the truth": truth}, ylabel="bits per note")
run.note("built-in songs, bits per note, last 4 tokens", costs["last 4"],
         floor=f"the truth {truth:.2f}")

# %% [markdown]
# *What you should have noticed:* at `laptop` size each further token of context helps less, and all
# Markov chains stay far above the truth. When a phrase is repeated, the grammar needs no further
# bits for it. A chain has forgotten the phrase and needs bits for it again. Lesson 09 shows a model
# that remembers.
#
# **Zipf's law:** in a language, the frequency of a word is about proportional to $1/r$, where $r$
# is its rank: the second most common word is half as common as the first. Do tokens follow this
# law?

# %%
for ax, way, title in zip(plots.axes(1, 2, width=10, height=3.2), (remi, learned),
                          ("base tokens", f"{SIZE} tokens with pieces"), strict=True):
    text = np.concatenate([way.encode_song(song) for song in ids])
    count = np.sort(np.unique(text, return_counts=True)[1])[::-1] / len(text)
    rank = np.arange(1, len(count) + 1)
    law = 1 / rank / np.sum(1 / rank)
    plots.lines(ax, rank, {"tokens": count, "Zipf: 1/rank": law}, xlabel="rank",
                ylabel="share of tokens", title=title)
    ax.set(xscale="log", yscale="log")

# %% [markdown]
# *What you should have noticed:* base tokens follow the law at first and then fall below it: there
# are only a few base tokens, just as an alphabet has only a few letters. With pieces the curve is
# flatter at its beginning: each merge makes the most common tokens rarer, so the tokens are used
# more evenly than the words of a language.
#
# ## 7 · No piece crosses a bar line
#
# *Predict:* in byte-pair encoding, a piece may contain the end of one bar and the beginning of the
# next. With a large vocabulary, at what share of the bar lines does this happen?
#
# Byte-pair encoding does not know what a bar is. But if a piece crosses a bar line, neither of its
# two bars can be cut out or replaced. The workbench therefore learns and applies pieces bar by bar.
# The cell below compares both ways.

# %%
predict("02.7", [10.0, 30.0, 60.0], unit="%")

# %%
from miditok import REMI

from workbench.representations.tokens import song_config

config = song_config()
config.encode_ids_split = "no"
line, all_lines = remi.id("Bar_None"), sum(clip.bars for clip in held)
sizes, inside = run.size([1024, 2048, 8192], [1024, 2048, 4096, 8192]), []
for size in sizes:
    midi = REMI(config)
    midi.train(vocab_size=size, model="BPE", iterator=[[remi._text(song)] for song in ids])
    across, by_bar = Vocabulary(midi), Vocabulary.train(ids, size)
    encoded = [across.encode(song) for song in base_held]
    crossed = sum(line in across.pieces[i][1:] for song in encoded for i in song)
    inside.append(100 * crossed / all_lines)
    longer = sum(len(by_bar.encode_song(song)) for song in base_held) / sum(map(len, encoded))
    print(f"{size}: bar by bar the songs are {100 * (longer - 1):+.1f} % longer")
plots.lines(plots.axes(width=6), sizes, {"across bars": inside, "bar by bar": [0] * len(sizes)},
            xlabel="vocabulary", ylabel="bar lines inside a piece (%)")
run.note("bar lines inside a piece, across bars", inside[-1], unit="%", floor="bar by bar 0")

# %%
reveal("02.7", inside[-1])

# %% [markdown]
# *What you should have noticed:* bar by bar, the songs are hardly longer. With pieces that may
# cross bar lines, a larger vocabulary puts more bar lines inside pieces. Repetition does, too: in
# POP909 few bar lines are inside pieces, in the built-in songs, which repeat themselves, most.
# Lesson 10 fills holes that may begin at any bar line, and no hole can begin inside a piece.
#
# ## 8 · Track by track: MMM
#
# *Predict:* a sequence has all bars of the first instrument, then all bars of the second, and so
# on. What follows a bar sooner?

# %%
predict("02.8", ["the same bar of another instrument", "the next bar of this instrument"])

# %% [markdown]
# REMI writes all instruments bar by bar. **MMM** writes one instrument (a *track*) after the other.
# A whole track is easy to replace, but notes that sound together are far apart in the sequence. If
# a bar is to be filled, a placeholder stands in its place, and its notes follow at the end of the
# sequence, as in lesson 10.

# %%
from workbench.representations.mmm import MMM

mmm = MMM()
two_bars = busiest[0].excerpt(busiest[1], 8)
whole, with_hole = mmm.encode(two_bars), mmm.encode(two_bars, fill=[(0, 1)])
for row in (whole, with_hole):
    text = " ".join(mmm.names[i] for i in row)
    for word in ("TRACK_START", "BAR_START", "FILL_PLACEHOLDER", "FILL_START"):
        text = text.replace(f" {word}", f"\n{word}")
    print("\n".join(f"{x[:95]}…" if len(x) > 95 else x for x in text.split("\n")), "\n")
same = mmm.decode(with_hole, two_bars.tempo).notes.tolist() == mmm.decode(whole).notes.tolist()
print("read back, both are the same:", same)
compare([two_bars, mmm.decode(whole, two_bars.tempo)], ["as it is", "MMM: one velocity for all"])

# %%
begins = [i for i, token in enumerate(whole) if mmm.names[token] == "BAR_START"]
later, other = begins[1] - begins[0], begins[2] - begins[0]  # two bars per instrument
near = "the next bar of this instrument" if later < other else "the same bar of another instrument"
reveal("02.8", near, f"They begin {later} and {other} tokens after the first bar.")

# %% [markdown]
# *What you should have noticed:* the published MMM has no velocities, so all notes are equally
# loud. Even an impossible sequence, such as a note that never ends, is decoded to music. The
# docstring of `MMM.decode` gives the rules.
#
# ## 9 · Fast enough for a large collection?
#
# *Predict:* the Lakh collection has 176,581 files. How long does MidiTok need for them?
#
# MidiTok loops over the notes in Python. `workbench.representations.remi` processes them as arrays,
# and gives the same ids.

# %%
predict("02.9", [1.0, 10.0, 100.0], unit="hours")

# %%
import time

from workbench.representations.remi import slow_ids

seconds = {}
for way, function in {"MidiTok": slow_ids, "arrays": encode}.items():
    took = []
    for _ in range(3):
        began = time.perf_counter()
        answers = [function(clip.score) for clip in held]
        took.append((time.perf_counter() - began) / len(held))
    seconds[way] = min(took)
    hours = 176_581 * seconds[way] / 3600
    print(f"{way:8} {1 / seconds[way]:6.0f} songs per second; 176,581 like these: {hours:.2f} h")
print("the same ids:", all((a == slow_ids(c.score)).all()
                           for a, c in zip(answers, held, strict=True)))
run.note("times faster than MidiTok", seconds["MidiTok"] / seconds["arrays"], floor=1.0)

# %%
reveal("02.9", 176_581 * seconds["MidiTok"] / 3600, "This is MidiTok on one core.")

# %% [markdown]
# *What you should have noticed:* all ids are the same, and hours become minutes. NumPy runs its
# loops in C.
#
# ## Mini-project · Your own token (an hour)
#
# In `song_config()` change one thing, such as `beat_res`, `num_velocities` or `use_chords`. Say
# beforehand how this will change the number of tokens per note and what is lost. Then measure both.
# If you can, take your own music. Which of its properties are lost in these tokens, and which of
# them would you miss?
#
# ## You can now
#
# You wrote music as tokens, measured what is lost in this way, and trained a vocabulary.
#
# *One limitation heard:* sixteen velocities and twelve steps per beat describe a score with
# dynamics, not a performance. Pedal and pitch bend are lost.
#
# *Terms:* token · vocabulary · REMI · grid · TSD · Octuple · p/v/d · byte-pair encoding ·
# bits per note · Zipf's law · MMM
#
# *Next:* [03](03_contrastive_pretraining.ipynb) relates words and loops. A model generates tokens
# from noise in [11](11_diffusion_lm.ipynb), and one after the other in
# [10](10_midigpt_inpainting.ipynb).

# %%
from workbench import quiz

quiz("02")

# %%
run.finish()
