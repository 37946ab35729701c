# %% [markdown]
# # 01 · Exploring the data
#
# [00 Start here](00_start_here.ipynb) · [index](00_start_here.ipynb) ·
# [02 Tokenisation](02_tokenisation.ipynb)
#
# **You will** count what drummers play, measure how far their hits are from the grid, compare
# people with a grammar that generates loops, survey collections of songs and find copies in them,
# and look at recordings and at the places that music comes from.
#
# **Needs** lesson 00 (what a drum roll is); NumPy arrays: `mean`, `reshape`, indexing. The lesson
# uses Groove, POP909, OpenEWLD, Nottingham and recordings if you have them (`make data`), otherwise
# built-in music. Sections 1 to 8, on drums, take about 60 minutes with their exercises; 9 to 13, on
# songs and sound, take another 45. **Time and memory:** printed below.
# **Exercises:** 40 minutes. **Library:** `workbench.datasets`, `workbench.datasets.song_survey`,
# `workbench.datasets.recordings`, `workbench.representations.drum_roll`,
# `workbench.evaluation.rhythm`. **Data:** Gillick and others, ICML 2019 (CC BY 4.0).

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop (minutes), gpu, paper
dataset = "groove"  # "groove", "builtin", or a folder of MIDI files
song_sets = "pop909+openewld+nottingham+builtin-songs"  # those that are on this machine
seed = 0  # of everything random
train = False  # this notebook trains nothing

# %%
from workbench import load, plots, predict, reveal, start

run = start("01", profile=profile, dataset=dataset, seed=seed, train=train)

# %% [markdown]
# ## 1 · What is there?
#
# *Predict:* half of the performances belong to the most common styles. How many styles are these?

# %%
predict("01.1", [3, 6, 10], unit="styles")

# %%
from collections import Counter

import numpy as np

data = load(run.dataset, limit=run.size(150, 2000))
print(data.summary())
styles = Counter(clip.labels.get("style") or "unknown" for clip in data)
share = {style: count / len(data) for style, count in styles.most_common(10)}
plots.bars(plots.axes(width=9), share, ylabel="share of performances")
half = int(np.searchsorted(np.cumsum([n for _, n in styles.most_common()]), len(data) / 2)) + 1
print(f"{half} of {len(styles)} styles cover half")
print(Counter(clip.labels.get("kind", "beat") for clip in data))

# %%
reveal("01.1", half)

# %%
data[len(data) // 3].excerpt(0, 16)

# %% [markdown]
# *What you should have noticed:* in Groove a few styles outnumber all others, and more than half of
# the performances are fills: short solos, most of them of a bar or two. A model that has seen
# little reggae will generate it badly, and a test that averages over all loops would hardly notice
# this. The built-in corpus contains all styles equally often.
#
# How uneven is it? With the shares $p_k$ of the styles, the **entropy** $H$ says in bits how hard
# it is to guess the style of a performance. Among $2^H$ *equally common* styles, guessing would be
# just as hard.
#
# $$H = -\sum_k p_k \log_2 p_k \qquad (1)$$
#
# *Equation (1):* code `workbench.datasets.grammar.cells.entropy_of` (in nats); paper Shannon 1948,
# section 6.
#
# ## Exercise 1 · Entropy (5 minutes)
#
# *Level:* easy. *Goal:* compute equation (1), in bits, from `counts`, an array that says how often
# each style occurs. Some counts may be 0.

# %% tags=["stub"]
def entropy(counts):
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_entropy

check_entropy(entropy)

# %% tags=["solution"]
def entropy(counts):
    shares = counts[counts > 0] / counts.sum()
    return -(shares * np.log2(shares)).sum()



# %%
from workbench.datasets.grammar.cells import entropy_of

evenly = np.exp(entropy_of(np.array(list(styles.values())) / len(data)))
print(f"as hard to guess as one of {evenly:.1f} equally common styles; there are {len(styles)}")
run.note("equally common styles, as hard to guess", evenly, floor=f"there are {len(styles)}")

# %% [markdown]
# ## 2 · Tempo and metre
#
# *Predict:* take the fastest of the four most common styles. What share of its performances is
# slower than the mean tempo of all performances?

# %%
predict("01.2", [1.0, 20.0, 50.0], unit="%")

# %%
common = [style for style, _ in styles.most_common(4)]
tempi = {s: np.array([c.tempo for c in data if c.labels.get("style") == s]) for s in common}
plots.histogram(plots.axes(width=8), tempi, bins=np.arange(50, 221, 10), xlabel="tempo (BPM)")
print(Counter(f"{clip.meter[0]}/{clip.meter[1]}" for clip in data))

# %%
fastest = max(common, key=lambda style: tempi[style].mean())
slower = 100 * float((tempi[fastest] < np.mean([clip.tempo for clip in data])).mean())
reveal("01.2", slower, f"The fastest of the common styles is {fastest}.")

# %% [markdown]
# *What you should have noticed:* in Groove styles overlap widely in tempo, so the name of a style
# says little about the tempo. In the built-in corpus each style has its own range. Nearly all
# performances are in the **metre** 4/4. So the system learns other metres mainly from loops that
# are generated by rules (a grammar, see section 8).
#
# ## 3 · Which drum, where in the bar?
#
# *Predict:* a bar of 4/4 has sixteen steps. On which of them is the snare played most?
#
# A **drum roll** has a row for each sixteenth and 27 columns, three for each of the nine drums.
# Columns 0 to 8 say whether the drum is hit (1 or 0), columns 9 to 17 how hard (0 to 1), and
# columns 18 to 26 how far from the grid, in sixteenths: below 0 is early, above 0 is late. Where a
# drum is not hit, all three are 0. So drum `d` has the columns `d`, `9 + d` and `18 + d`. The mean
# of the first nine columns over all bars shows where each drum is usually played.

# %%
predict("01.3", ["step 1", "step 5", "step 9", "step 13", "another step"])

# %%
from workbench.datasets import cut_loops
from workbench.evaluation.rhythm import positions
from workbench.music.kit import DRUM_NAMES, DRUMS
from workbench.representations.drum_roll import rolls_of

loops = [c for c in cut_loops(data, bars=4, hop_bars=4) if c.labels.get("kind") == "beat"]
rolls = rolls_of(loops)  # (loops, steps, 27)
fullest = rolls[:, :16, :9].sum((1, 2)).argmax()  # a first bar with many hits, as an example
parts = [f"{column}: {DRUM_NAMES[DRUMS[column % 9]]}, {('hit', 'velocity', 'offset')[column // 9]}"
         for column in range(27)]
plots.matrix(plots.axes(width=8, height=6), rolls[fullest, :16].T, "One bar of a drum roll",
             rows=parts, columns=[str(i + 1) for i in range(16)], unit="value", diverging=True);

# %%
where = positions(rolls).mean(0).reshape(9, 16)
plots.matrix(plots.axes(width=8, height=3.5), where, rows=[DRUM_NAMES[d] for d in DRUMS],
             columns=[str(i + 1) for i in range(16)], unit="share of bars");

# %%
reveal("01.3", f"step {where[1].argmax() + 1}")  # row 1 is the snare drum

# %% [markdown]
# *What you should have noticed:* the bass drum is on beat one, the snare on beats two and four
# (steps 5 and 13), the closed hi-hat on the eighths (every second step). The snare on two and four
# is the **backbeat**. A listener notices a missing hit only where a hit was expected.
#
# ## Exercise 2 · The histogram (10 minutes)
#
# *Level:* medium. *Goal:* the arguments are the hits of one loop, `(steps, 9)` of True and False,
# and the number of a drum. For each of the 16 steps of a bar, return the share of bars in which
# this drum is hit on this step.

# %% tags=["stub"]
def onset_histogram(hits, drum):
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_onset_histogram

check_onset_histogram(onset_histogram)

# %% tags=["solution"]
def onset_histogram(hits, drum):
    return hits[:, drum].reshape(-1, 16).mean(0)


# %% [markdown]
# ## 4 · Velocity: two kinds of snare
#
# *Predict:* does the histogram of the snare's velocities have one peak or two? What share of the
# snare hits is softer than 40, on the scale from 0 to 127?

# %%
predict("01.4", [10.0, 30.0, 50.0], unit="%")

# %%
hit = rolls[..., :9] > 0.5
velocity = {
    DRUM_NAMES[DRUMS[d]]: 127 * rolls[..., 9 + d][hit[..., d]] for d in (0, 1, 2)
}
plots.histogram(plots.axes(width=8), velocity, bins=np.arange(0, 129, 8), xlabel="velocity (0–127)")
snare = velocity["snare drum"]
print(f"snare hits at exactly 127: {(snare > 126.5).mean():.0%}")
run.note("snare hits softer than 40", float((snare < 40).mean()))

# %%
reveal("01.4", 100 * float((snare < 40).mean()))

# %% [markdown]
# *What you should have noticed:* the snare's histogram has more than one peak: soft ghost notes and
# loud backbeats. A model that always predicts the mean velocity would play what drummers seldom
# play. In Groove the upper peak ends at 127. This is the highest velocity, so the electronic kit
# sends it for every harder hit, too.
#
# ## 5 · Microtiming
#
# *Predict:* are drummers early or late, on average?

# %%
predict("01.5", ["early by more than 3 ms", "on the grid", "late by more than 3 ms"])

# %% [markdown]
# The **offset** says how far a hit is from the nearest line of the grid, in sixteenths. At 120 BPM
# a beat lasts 60,000 / 120 = 500 ms, so a sixteenth is 125 ms. All offsets of a performance
# together are its **microtiming**.

# %%
tempo = np.array([clip.tempo for clip in loops])
ms = 60_000 / tempo / 4  # length of a sixteenth
late = {}
for d in (0, 1, 2):
    loop, step = np.nonzero(hit[..., d])
    late[DRUM_NAMES[DRUMS[d]]] = rolls[loop, step, 18 + d] * ms[loop]
plots.histogram(plots.axes(width=8), late, bins=np.arange(-60, 61, 4), xlabel="offset (ms)")
for name, values in late.items():
    print(f"{name}: mean {values.mean():+.1f} ms, standard deviation {values.std():.1f} ms")
run.note("standard deviation of the offsets",
         float(np.concatenate(list(late.values())).std()), unit="ms")

# %%
average = float(np.concatenate(list(late.values())).mean())
side = "early" if average < 0 else "late"
reveal("01.5", "on the grid" if abs(average) < 3 else f"{side} by more than 3 ms",
       f"The mean of the three drums is {average:+.1f} ms.")

# %% [markdown]
# *What you should have noticed:* in Groove all three drums are early on average, by about the same
# 10 ms. The mean does not tell why. The recording may be the cause: a delay in the click track or
# in the electronic kit shifts all drums alike. So does a habit: some of Groove's ten drummers are
# earlier than others, and a few are late. The standard deviation does not mean that they play
# badly: swing, triplets and flams (two strokes almost at once) are off the grid of sixteenths on
# purpose.
#
# ## Exercise 3 · Swing (10 minutes)
#
# *Level:* medium. *Goal:* compute a **swing ratio**. In swing, the eighth between two beats (the
# off-beat) is late. `onsets` is an array of the times of all hits, in beats: 3.5 is in the middle
# between beats 3 and 4. The off-beats are the hits between 0.42 and 0.75 of their beat: ½ is
# straight, ⅔ is a triplet. Their mean position divides the beat into two parts (the library takes
# their median). Return the length of the first part divided by that of the second. Without
# off-beats there is no ratio: return NaN.

# %% tags=["stub"]
def swing_ratio(onsets):
    return None  # about five lines


# %% tags=["check"]
from workbench.course.teaching import check_swing_ratio

check_swing_ratio(swing_ratio)

# %% tags=["solution"]
def swing_ratio(onsets):
    place = onsets % 1  # within its beat
    off = place[(place > 0.42) & (place < 0.75)]
    if len(off) == 0:
        return np.nan
    return off.mean() / (1 - off.mean())


# %%
from workbench.evaluation.rhythm import swing_ratio as measured

swing = {}
for style in common:
    ratio = measured(rolls[[c.labels.get("style") == style for c in loops]])
    if np.isfinite(ratio).any():  # some styles play no off-beat
        swing[style] = float(np.nanmedian(ratio))
ax = plots.bars(plots.axes(width=6), swing, ylabel="swing ratio (median)")
ax.axhline(1.0, color="#D55E00", ls="--", lw=1.5);

# %% [markdown]
# *What you should have noticed:* the dashed line is straight time; 2 would be triplets. Swing is a
# matter of degree. In Groove, jazz swings most. The median of a style hides how its loops differ.
# The measure has a weakness: it counts every hit from 0.42 to 0.75 of a beat as an off-beat. In a
# samba, the fourth sixteenth is played a little early. The measure takes it for a late eighth, that
# is, for heavy swing.
#
# ## 6 · Words
#
# *Predict:* the caption of a loop names its traits, such as "busy". Which trait is the most common?
# Which traits would you add?
#
# A caption consists of labels, such as the style, and of **traits**. A trait is a word that a rule
# assigns from the notes, by a threshold. The rules are in `workbench/datasets/traits.py`.

# %%
predict("01.6", ["busy", "8ths", "ghost notes", "syncopated", "loud", "another trait"])

# %%
from workbench.datasets.captions import facts_of

traits = Counter(trait for clip in loops for trait in facts_of(clip).traits)
share = {trait: count / len(loops) for trait, count in traits.most_common(12)}
plots.bars(plots.axes(width=9), share, ylabel="share of loops")
print(loops[0].caption)

# %%
reveal("01.6", traits.most_common(1)[0][0])

# %% [markdown]
# *What you should have noticed:* some traits hold for many loops, some for few. A word that fits
# all loops, or almost none, teaches a model little. And captions say only what the rules measure.
#
# ## 7 · Explore
#
# *Predict:* on a map of loops, will those of the same style lie together? The four most common
# styles have a colour each, and all others share one. For what share of loops does the nearest
# point have the same colour?
#
# Each point is a loop; hover over it for its caption. Many numbers (the cell prints how many)
# describe a loop: where, how often and how hard each drum is hit, how far from the grid, and so on.
# The axes are the first two **principal components**: the directions in which these descriptions
# differ most.

# %%
predict("01.7", [40.0, 60.0, 80.0], unit="%")

# %%
from sklearn.decomposition import PCA

from workbench.evaluation.features import style_features

some = list(range(0, len(loops), max(1, len(loops) // run.size(150, 400))))
features = style_features(rolls[some])[0]
print(f"{features.shape[1]} numbers per loop")
scaled = (features - features.mean(0)) / (features.std(0) + 1e-6)
points = PCA(2, random_state=seed).fit_transform(scaled)
styles_of = [loops[i].labels.get("style") for i in some]
names = [style if style in common else "other" for style in styles_of]
plots.cloud(points, names, [loops[i].caption for i in some], "Loops by their drum patterns (PCA)")

# %%
distance = np.linalg.norm(points[:, None] - points[None], axis=-1)
np.fill_diagonal(distance, np.inf)
nearest = np.array(names)[distance.argmin(1)]
reveal("01.7", 100 * float((nearest == np.array(names)).mean()))

# %% [markdown]
# *What you should have noticed:* two axes show only a part of the differences, and the styles
# overlap: a drummer's rock and funk may be neighbours. Look at the points at the edge: what is
# special about these loops?
#
# ## 8 · People and a grammar
#
# *Predict:* the built-in corpus is not played, but generated by a **grammar**. How could you
# recognise its loops? Which of the three measures below will differ most between people and
# grammar, in percent?
#
# A grammar is a set of rules with probabilities. So the probability of every loop that it generates
# is known exactly. The captions of these loops say "built-in", so that nobody takes them for real
# data. The third measure is **syncopation**: hits on weak steps without a hit on the strong step
# that follows. (Without Groove, both columns below are of the grammar and should agree.)

# %%
predict("01.8", ["density", "microtiming spread", "syncopation of the kick"])

# %%
from workbench.evaluation.rhythm import density, microtiming, syncopation

grammar = cut_loops(load("builtin", split="test"), bars=4, hop_bars=4)[: len(loops)]
grammar_rolls, difference = rolls_of(grammar), {}
for name, measure in {
    "density (hits per beat)": density,
    "microtiming spread (steps)": lambda r: microtiming(r)[1],
    "syncopation of the kick": lambda r: syncopation(r[..., 0] > 0.5),
}.items():
    people, written = np.nanmean(measure(rolls)), np.nanmean(measure(grammar_rolls))
    difference[name] = abs(written - people) / people
    print(f"{name:28} {run.dataset}: {people:.3f}   built-in: {written:.3f}")
run.note("density, hits per beat", float(density(rolls).mean()))
run.note("density of the built-in corpus, hits per beat", float(density(grammar_rolls).mean()))
grammar[0]

# %%
largest = max(difference, key=difference.get)
reveal("01.8", largest.partition(" (")[0], f"It differs by {100 * difference[largest]:.0f} %.")

# %% [markdown]
# *What you should have noticed:* in Groove, people play more notes than the grammar, less exactly
# on the grid, and with more syncopation. But three means are little evidence: a grammar could be
# adjusted until it passes these three tests, and still bore you after eight bars.
#
# A grammar has one advantage: its probabilities are known. If $p$ is the probability of a loop,
# $-\log_2 p$ is the loop's **surprise** in bits. The mean surprise over all loops is the entropy:
# equation (1), summed over loops instead of styles. The grammar makes one choice after another, and
# the entropies of these choices add up to the exact value. A sample of loops should come close to
# it.

# %%
from workbench.datasets import builtin

surprise = {}
for style in ("rock", "jazz", "bossa nova"):
    sampled = builtin.sample(run.size(20, 100), seed, style)
    nats = [-builtin.log_prob(loop) - np.log(len(builtin.STYLES)) for loop in sampled]
    surprise[style] = np.array(nats) / np.log(2)
    exact = builtin.entropy(style) / np.log(2)
    error = surprise[style].std() / len(nats) ** 0.5
    print(f"{style:10} exact entropy {exact:6.0f} bits per loop; "
          f"mean of {len(nats)} loops {surprise[style].mean():6.0f} ± {error:.0f}")
plots.histogram(plots.axes(width=7), surprise, bins=20, xlabel="surprise (bits per loop)")

# %% [markdown]
# *What you should have noticed:* each mean lies within a few standard errors of the exact value.
# Single loops lie far from it, because they have one to eight bars. Most bits are needed for *how*
# a hit is played: its velocity and its timing. On average, no model of these loops can need fewer
# bits: the truth is the limit. Lessons 02, 09 and 11 compare models with such a limit.
#
# ## 9 · What songs are made of
#
# *Predict:* lessons 02, 09, 10 and 11 use whole songs. In a pop song, how many notes sound at the
# same time on average, without the drums?

# %%
predict("01.9", [2.0, 4.0, 8.0], unit="notes")

# %% [markdown]
# Choose a property with the slider above the figure. Tempo, metre and key are those that files or
# the collection state; the other properties are computed from the notes. The number of notes at
# once is called the **polyphony**: 1 is a melody alone. One property is its mean in each tenth of a
# song. "Instruments" are families of General MIDI; a song counts in each of its own.

# %%
from workbench.datasets.song_survey import load_present, survey_songs
from workbench.evaluation.table import render

sets = load_present(song_sets.split("+"), limit=run.size(60, 1000))
surveys = {name: survey_songs(songs) for name, songs in sets.items()}
properties = {p: {name: tables[p] for name, tables in surveys.items()}
              for p in next(iter(surveys.values()))}
THROUGH = "notes at once, by tenth of the song"
plots.menu(properties, "Collections of songs", {THROUGH: "mean number of notes"})

# %%
def most(shares):
    value = max((name for name in shares if name != "others"), key=shares.get)
    return f"{value} ({shares[value]:.0%})"


rows = [["songs", *(str(len(songs)) for songs in sets.values())]]
rows += [[p, *(most(shares) for shares in by_set.values())]
         for p, by_set in properties.items() if p != THROUGH]
print(render("Most frequent value", ["", *sets], rows))
pop = next(iter(sets))  # POP909, if it is here
at_once = float(np.mean(list(properties[THROUGH][pop].values())))
run.note(f"notes at once, {pop}", at_once)

# %%
reveal("01.9", at_once, f"The mean of {len(sets[pop])} songs of {pop}.")

# %% [markdown]
# One song at a time: move the slider to another song. In which bars do more notes sound at once?
# Is the melody, the highest note at each onset, a register of its own?

# %%
from workbench.course.widgets import Slider, explore
from workbench.datasets.song_survey import mean_polyphony, melody_of


def show_song(number):
    song = sets[pop][int(number)]
    bars = np.array(song.bar_lines)
    left, right = plots.axes(1, 2, width=10, height=2.8)
    plots.lines(left, bars[:-1], {"mean of a bar": mean_polyphony(song, bars)},
                xlabel="time (beats)", ylabel="notes at once", title=song.caption[:50])
    plots.histogram(right, {"highest notes": melody_of(song), "all": song.notes["pitch"]},
                    bins=np.arange(20, 110, 3), xlabel="MIDI pitch",
                    title=f"{song.tempo:.0f} BPM, {song.bars} bars, {len(song.notes)} notes")
    return left


explore(show_song, Slider("song", range(min(40, len(sets[pop]))), 0))

# %%
sets[pop][0].excerpt(0, 32)

# %% [markdown]
# *What you should have noticed:* each collection has its own habits, and a model learns them. All
# built-in songs have the same four instruments and are in 4/4. All songs of POP909 have the same
# three tracks: voice, guitar and piano, which are our loader's instruments; the files call all
# three a piano. OpenEWLD contains melodies without accompaniment. Nottingham has folk tunes, many
# of them in 6/8, and a few keys that suit a fiddle. A tempo of 120 may be a missing one, because
# programs write 120 if nobody chose a tempo.
#
# ## 10 · The words of a song
#
# *Predict:* lesson 02 writes songs as sequences of words, the tokens. Then it replaces frequent
# sequences of tokens by single new ones. By how much do 500 new tokens shorten the text?

# %%
predict("01.10", [20.0, 40.0, 60.0], unit="%")

# %% [markdown]
# The method is called **byte-pair encoding** (lesson 02). Here we only count. A token is named
# after its type: `Pitch`, `Velocity` and `Duration` of a note, its instrument (`Program`), its
# `Position` in the bar. In the list's second entry, a plus sign joins the tokens that became one.

# %%
from workbench.representations.remi import encode
from workbench.representations.tokens import Vocabulary

remi = Vocabulary()  # the tokens as they are
base_ids = {name: [encode(song) for song in songs.clips[: run.size(10, 60)]]
            for name, songs in sets.items()}
longer = Vocabulary.train([ids for group in base_ids.values() for ids in group], remi.size + 500)
kinds, pieces, shorter = {}, {}, {}
for name, group in base_ids.items():
    kinds[name] = Counter(remi.kinds[np.concatenate(group)].tolist())
    pieces[name] = Counter(np.concatenate([longer.encode_song(ids) for ids in group]).tolist())
    shorter[name] = 1 - sum(pieces[name].values()) / sum(kinds[name].values())


# %%
def spelled(token):
    return " + ".join(remi.names[i].removesuffix("_None").replace("_", " ")
                      for i in longer.pieces[token])


def shares(counts, names=str, most=12):
    return {names(value): n / sum(counts.values()) for value, n in counts.most_common(most)}


plots.menu({
    "token types": {name: shares(counts) for name, counts in kinds.items()},
    "tokens after 500 merges": {name: shares(c, spelled, 6) for name, c in pieces.items()},
}, "Tokens of songs")

# %%
for name, part in shorter.items():
    both = sum(n for token, n in pieces[name].items()
               if {"Velocity", "Duration"} <= set(remi.kinds[list(longer.pieces[token])]))
    print(f"{name:14} {part:.0%} shorter; {both / sum(pieces[name].values()):.0%} of the tokens "
          f"join a velocity and a duration; most frequent: {most(shares(pieces[name], spelled))}")
reveal("01.10", 100 * shorter[pop], f"In {pop}.")

# %% [markdown]
# *What you should have noticed:* every note brings one token of several types, so these types are
# about equally frequent. Merges save most where music is predictable. If a file states the same
# velocity for all notes, as notation programs do, the velocity says nothing. Then a token that
# joins it with a duration costs no more than the duration alone.
#
# ## 11 · Copies
#
# *Predict:* a song that is in the data twice may be in the training set and in the test set. Then
# the test rewards a model for remembering it. Take the collection with the most such songs for its
# size. What share of its songs has nearly the same melody as another song?

# %%
predict("01.11", [0.5, 2.0, 10.0], unit="%")

# %% [markdown]
# Two files with the same notes are easy to find. But the same melody in another key shares no
# pitches. So we compare **intervals**, the differences of neighbouring pitches, in runs of $n$. If
# $A$ and $B$ are the sets of runs of two melodies, their overlap is the share of the smaller set:
#
# $$o(A, B) = \frac{|A \cap B|}{\min(|A|, |B|)} \qquad (2)$$
#
# *Equation (2):* code `workbench.datasets.melodies.versions` (runs of 8 intervals, overlap above
# 30 %); paper Szymkiewicz 1934 and Simpson 1943, the overlap coefficient.
#
# ## Exercise 4 · How many are copies? (15 minutes)
#
# *Level:* hard. *Goal:* `melodies` is a list of arrays of MIDI pitches. Return the share of
# melodies that overlap with at least one other melody by `least` or more: equation (2), for runs
# of `n` intervals. A melody of `n` notes or fewer has no run, and is not a copy.

# %% tags=["stub"]
def share_of_copies(melodies, n, least):
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_song_copies

check_song_copies(share_of_copies)

# %% tags=["solution"]
def share_of_copies(melodies, n, least):
    runs = []
    for melody in melodies:
        steps = np.diff(melody)
        runs.append({tuple(steps[i : i + n]) for i in range(len(steps) - n + 1)})
    copies = 0
    for i, a in enumerate(runs):
        others = [b for j, b in enumerate(runs) if j != i and a and b]
        copies += any(len(a & b) >= least * min(len(a), len(b)) for b in others)
    return copies / len(runs)


# %%
from workbench.course.widgets import compare
from workbench.datasets.song_survey import copies

groups = {name: copies(songs) for name, songs in sets.items()}
copied = {name: sum(map(len, found)) / len(sets[name]) for name, found in groups.items()}
plots.bars(plots.axes(width=7), {n: 100 * share for n, share in copied.items()},
           ylabel="songs with a copy (%)")
for name, songs in sets.items():
    print(f"{name}: {len(songs.info.get('duplicates', ()))} files with exactly the notes of "
          "another were left out; groups with nearly the same melody: "
          f"{len(groups[name])}")
run.note("largest share of songs with nearly the same melody", max(copied.values()))

# %%
worst = max(copied, key=copied.get)
pair = [sets[worst][i] for group in groups[worst][:1] for i in group[:2]]
print(f"the first pair of {worst}:" if pair else "no pair: hear two songs that are not copies")
compare([song.excerpt(0, 16) for song in pair or sets[worst].clips[:2]])

# %%
reveal("01.11", 100 * copied[worst], f"It is {worst}.")

# %% [markdown]
# *What you should have noticed:* what the rule calls a copy need not sound like one: a folk tune is
# handed on in versions. Short, simple melodies can also agree by chance, for example those of a
# grammar. No threshold separates the two. In POP909, OpenEWLD and Nottingham, the workbench puts
# songs with nearly the same melody into the same split, so that they are not in the training and
# the test set at once.
#
# ## 12 · Sound
#
# *Predict:* lessons 06 to 08 learn from recordings. By how many decibels do the softest and the
# loudest recording differ?

# %%
predict("01.12", [5.0, 10.0, 20.0], unit="dB")

# %% [markdown]
# First a song as notes and as sound. The picture is a spectrogram: it shows how strong each
# frequency is at each time, in decibels: 0 dB is a sine at full scale. Horizontal lines are notes
# with their overtones; vertical lines are drums and other sudden sounds.

# %%
song = sets[list(sets)[-1]][0]  # a built-in song, unless you chose others
sound = song.waveform(24000, loop=False)[:, : 6 * 24000]
plots.spectrogram(plots.axes(width=8), sound[0], 24000, f"six seconds of: {song.caption[:60]}")
per_second = len(song.notes) * 4 / song.duration
print(f"{per_second:.0f} numbers per second as notes (onset, length, pitch, velocity); "
      f"{24000 * len(sound)} as sound, {24000 * len(sound) / per_second:.0f} times as many")
run.note("numbers per second: sound / notes", 24000 * len(sound) / per_second)

# %% [markdown]
# Now recordings. The lesson uses the Free Music Archive if you have it (`python
# data_scripts/fma.py --subset small`), otherwise short clips under free licences, otherwise
# built-in songs. **Loudness** is given in LUFS, as broadcasters measure it; a difference of 1 LUFS
# is 1 dB. Lesson 13 explains it. If only the archive's metadata is here, its tracks are a second
# collection: it has lengths, genres, artists and licences; loudness and rates need the sound.

# %%
from workbench.datasets.recordings import described, survey, survey_sound

recordings = survey(run.size(12, 120))
tracks = described(run.size(500, 20_000)) or recordings  # from metadata, or else from the sound
by_set = {recordings[0].dataset: survey_sound(recordings), tracks[0].dataset: survey_sound(tracks)}
names = dict.fromkeys(name for tables in by_set.values() for name in tables)
plots.menu({name: {who: tables[name] for who, tables in by_set.items() if name in tables}
            for name in names}, "Collections of recordings")

# %%
for who, tables in by_set.items():
    print(f"{who}, most frequent:", {name: most(table) for name, table in tables.items()})
ranked = sorted((r for r in recordings if np.isfinite(r.lufs)), key=lambda r: r.lufs)
softest, loudest = (r.excerpt(8) for r in (ranked[0], ranked[-1]))
for ax, clip, r in zip(plots.axes(1, 2, width=10), (softest, loudest), (ranked[0], ranked[-1]),
                       strict=True):
    plots.spectrogram(ax, clip.audio[0], clip.sample_rate, f"{r.caption[:28]}, {r.lufs:.0f} LUFS")

# %%
compare([softest, loudest], ["the softest", "the loudest"])

# %%
softer, louder = ranked[0].lufs, ranked[-1].lufs
run.note("loudest minus softest recording", louder - softer, unit="dB")
reveal("01.12", louder - softer, f"from {softer:.0f} to {louder:.0f} LUFS")

# %% [markdown]
# *What you should have noticed:* sound needs far more numbers per second than notes do; this is why
# lessons 06 to 08 first compress it. Recordings differ in length and loudness, in
# many collections also in sample rate. A network needs windows of the same length at one rate, so
# the lessons cut and resample them. The player makes both recordings about equally loud, so only
# the spectrograms show the difference: they have the same scale.
#
# ## 13 · Genres, words, artists, places
#
# *Predict:* a genre has subgenres. What share of the pieces is in the largest top-level genre?

# %%
predict("01.13", [20.0, 40.0, 60.0], unit="%")

# %% [markdown]
# The tree has the genres of the Free Music Archive if its metadata is here, otherwise the genres
# and styles of OpenEWLD's songs, otherwise the genres of the recordings with their captions (the
# last word of a caption, where no genre is stated). An area is a number of pieces. Click on a genre
# to enlarge it, and on the bar above to go back.

# %%
from workbench.datasets.sets.fma import genre_tree

tree, title = genre_tree(), "Genres of the Free Music Archive, by number of tracks"
if not tree and "openewld" in sets:
    title = "Genres and styles of OpenEWLD, by number of songs"
    for song in sets["openewld"]:
        genre = song.labels.get("genre") or "not stated"
        tree.setdefault(genre, Counter())[song.labels.get("style") or "not stated"] += 1
elif not tree:
    title = "Genres and captions of the recordings, by number of recordings"
    for r in recordings:
        genre = r.genre or (r.caption.split() or ["not stated"])[-1]
        tree.setdefault(genre, Counter())[r.caption] += 1
plots.tree(tree, title)

# %%
sizes = {genre: sum(below.values()) for genre, below in tree.items()}
largest = max(sizes, key=sizes.get)
reveal("01.13", 100 * sizes[largest] / sum(sizes.values()), f"It is {largest}.")

# %%
words = Counter(w for r in recordings for w in dict.fromkeys(r.caption.lower().split()))
top = {word: count / len(recordings) for word, count in words.most_common(12)}
plots.bars(plots.axes(width=9), top, ylabel="share of captions with this word")
run.note("words in the captions of recordings", len(words))
artists = Counter(r.artist for r in tracks if r.artist)
if artists:
    name, count = artists.most_common(1)[0]
    half = int(np.searchsorted(np.cumsum([n for _, n in artists.most_common()]),
                               sum(artists.values()) / 2)) + 1
    print(f"{len(artists)} artists; {half} of them made half of the recordings; {name} made "
          f"{count / len(tracks):.0%}")

# %% [markdown]
# *What you should have noticed:* a few words, and a few artists, can dominate a collection. Then a
# system learns their taste, and it looks better than it is if it is tested on other pieces by the
# *same* artists. Therefore we keep all pieces of an artist together: either all are used for
# training, or none is.
#
# Where do the artists live? Of our collections, only the Free Music Archive says so, for some of
# its artists. With its metadata, the dots of the map are places of artists. Without it they are
# *not*: the table of the short clips has no places. Then each dot is a place that is often named as
# the origin of a drum style of section 1, and its area is the number of performances in that style,
# wherever they were recorded.

# %%
from workbench.course.world import STYLE_PLACES

at = Counter((round(r.place[0]), round(r.place[1])) for r in tracks if r.place)
if at:
    places = {f"{lat}°, {lon}°": (lat, lon) for (lat, lon), _ in at.most_common(200)}
    counts = Counter({name: at[place] for name, place in places.items()})
    title = f"Places of artists: {sum(at.values())} of {len(tracks)} tracks have one"
else:
    known = [STYLE_PLACES[style] for style in styles.elements() if style in STYLE_PLACES]
    places, counts = {name: (lat, lon) for name, lat, lon in known}, Counter(n for n, *_ in known)
    title = "Origins of the drum styles of section 1 (not of artists), by number of performances"
plots.world(plots.axes(width=9, height=4.6), places, counts, title)
print(", ".join(f"{name} {count}" for name, count in counts.most_common(8)))

# %% [markdown]
# *What you should have noticed:* most of the map is empty, and where one style stands for a
# continent, the continent's other music is missing. A model cannot generate what nobody recorded.
# Words such as "world music" put all that is outside the data under one name. Lesson 14 asks whose
# music it is.
#
# ## Mini-project · Your own question (an hour)
#
# Choose one style and one measure of `workbench.evaluation.rhythm`, and show in one plot how this
# style differs from the others. Say how sure you are: how many performances are there, and how many
# drummers? What other than the style could cause the difference?
#
# ## You can now
#
# You counted what drummers play, measured how far their hits are from the grid, compared people
# with a grammar that generates loops, surveyed collections of songs and found copies in them, and
# looked at recordings and at the places that music comes from.
#
# *One limitation heard:* the drum roll keeps one hit of each drum in a sixteenth. So very fast
# strokes on one drum lose hits. With `steps_per_beat=12`, triplets of sixteenths are kept.
#
# *Terms:* entropy · metre · backbeat · offset · microtiming · swing ratio · trait · principal
# components · grammar · syncopation · polyphony
#
# *Next:* [02](02_tokenisation.ipynb) writes whole songs as words.

# %%
from workbench import quiz

quiz("01")

# %%
run.finish()
