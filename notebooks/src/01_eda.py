# %% [markdown]
# # 01 · Exploring the data
#
# [00 Start here](00_start_here.ipynb) · [index](00_start_here.ipynb) ·
# [02 Tokenisation](02_tokenisation.ipynb)
#
# **You will** count what drummers play, measure how far off the grid they are, compare people with
# a grammar, and look at recordings and where music comes from.
#
# **Needs** lesson 00 (what a drum roll is); NumPy arrays: `mean`, `reshape`, indexing. The lesson
# uses the Groove MIDI Dataset if you have it (`make data`), otherwise a built-in corpus.
# **Time and memory:** printed below. **Exercises:** 25 minutes. **Library:** `workbench.datasets`,
# `workbench.representations.drum_roll`, `workbench.evaluation.rhythm`. **Data:** Gillick and
# others, ICML 2019 (CC BY 4.0).

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop (minutes), gpu, paper
dataset = "groove"  # "groove", "builtin", or a folder of MIDI files
seed = 0  # of everything random
train = False  # this notebook trains nothing

# %%
from workbench import load, plots, predict, reveal, start

run = start("01", profile=profile, dataset=dataset, seed=seed, train=train)

# %% [markdown]
# ## 1 · What is there?
#
# *Predict:* how many styles cover half of the performances?

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
# the performances are fills of a bar or two. A model that has seen little reggae will generate it
# badly, and a test that averages over all loops would hardly notice. The built-in corpus contains
# all styles equally often.
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
# *Level:* easy. *Goal:* equation (1), in bits, from `counts`, an array of how often each style
# occurs. Some may be 0.

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
run.note("styles, as if equally common", evenly, floor=f"there are {len(styles)}")

# %% [markdown]
# ## 2 · Tempo and metre
#
# *Predict:* take the fastest of the four most common styles. How many of its performances are
# slower than the average performance of all styles?

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
# performances are in 4/4, so the system is trained on this **metre** alone.
#
# ## 3 · Which drum, where in the bar?
#
# *Predict:* on which of the sixteen steps is the snare played most?
#
# A **drum roll** has a cell for each drum and sixteenth. Its mean over all bars shows where each
# drum is usually played.

# %%
predict("01.3", ["step 1", "step 5", "step 9", "step 13", "another step"])

# %%
from workbench.datasets import cut_loops
from workbench.evaluation.rhythm import positions
from workbench.music.kit import DRUM_NAMES, DRUMS
from workbench.representations.drum_roll import rolls_of

loops = [c for c in cut_loops(data, bars=4, hop_bars=4) if c.labels.get("kind") == "beat"]
rolls = rolls_of(loops)
where = positions(rolls).mean(0).reshape(9, 16)
plots.matrix(plots.axes(width=8, height=3.5), where, rows=[DRUM_NAMES[d] for d in DRUMS],
             columns=[str(i + 1) for i in range(16)], unit="share of bars");

# %%
reveal("01.3", f"step {where[1].argmax() + 1}")  # row 1 is the snare drum

# %% [markdown]
# *What you should have noticed:* bass drum on one, snare on two and four (steps 5 and 13), closed
# hi-hat on the eighths. The snare on two and four is the **backbeat**. A missing hit surprises only
# where a hit is expected.
#
# ## Exercise 2 · The histogram (10 minutes)
#
# *Level:* medium. *Goal:* for the hits of one loop, `(steps, 9)` of True and False, and the number
# of a drum, return the share of bars in which it is hit on each of the 16 steps.

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
# *Predict:* does the histogram of the snare's velocities have one peak or two? How many hits of the
# snare are softer than 40 of 127?

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
# *What you should have noticed:* the snare has more than one peak: soft ghost notes and loud
# backbeats. A model that predicts the mean velocity would play what drummers play least. In Groove
# the upper peak ends at 127, because the electronic kit sends 127 for every harder hit.
#
# ## 5 · Microtiming
#
# *Predict:* are drummers early or late, on average?

# %%
predict("01.5", ["early by more than 3 ms", "on the grid", "late by more than 3 ms"])

# %% [markdown]
# The **offset** says how far a hit is from its grid line, in sixteenths. At 120 BPM a sixteenth is
# 125 ms.
#
# ## Exercise 3 · In milliseconds (5 minutes)
#
# *Goal:* from `offset`, in sixteenths (negative: early), and `tempo`, in beats per minute, the
# **microtiming** in milliseconds. A beat has four sixteenths.

# %% tags=["stub"]
def milliseconds(offset, tempo):
    return None  # your line here


# %% tags=["check"]
from workbench.course.teaching import check_milliseconds

check_milliseconds(milliseconds)

# %% tags=["solution"]
def milliseconds(offset, tempo):
    return offset * 60_000 / tempo / 4



# %%
tempo = np.array([clip.tempo for clip in loops])
ms = 60_000 / tempo / 4
late = {}
for d in (0, 1, 2):
    loop, step = np.nonzero(hit[..., d])
    late[DRUM_NAMES[DRUMS[d]]] = rolls[loop, step, 18 + d] * ms[loop]
plots.histogram(plots.axes(width=8), late, bins=np.arange(-60, 61, 4), xlabel="offset (ms)")
for name, values in late.items():
    print(f"{name}: mean {values.mean():+.1f} ms, spread {values.std():.1f} ms")
run.note("spread of microtiming", float(np.concatenate(list(late.values())).std()), unit="ms")

# %%
average = float(np.concatenate(list(late.values())).mean())
side = "early" if average < 0 else "late"
reveal("01.5", "on the grid" if abs(average) < 3 else f"{side} by more than 3 ms",
       f"The mean of the three drums is {average:+.1f} ms.")

# %% [markdown]
# *What you should have noticed:* in Groove all three drums are early by about the same 10 ms. This
# is probably not how they play: a shift that is the same for all drums may come from the click
# track or from the cable. The spread does not mean that they play badly: swing, triplets and flams
# are not on the grid of sixteenths, on purpose.
#
# ## Exercise 4 · Swing (5 minutes)
#
# *Level:* medium. *Goal:* in swing the off-beat eighth is late. `place` has the positions of
# off-beats between two beats, 0 to 1: ½ is straight, ⅔ is a triplet. The mean position divides the
# beat into two parts. Return the **swing ratio**: the length of the first part divided by that of
# the second.

# %% tags=["stub"]
def swing_ratio(place):
    return None  # your line here


# %% tags=["check"]
from workbench.course.teaching import check_swing_ratio

check_swing_ratio(swing_ratio)

# %% tags=["solution"]
def swing_ratio(place):
    return place.mean() / (1 - place.mean())


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
# matter of degree: in Groove, jazz swings most, and the median of a style hides how its loops
# differ. The measure has a weakness: it counts every hit from 0.42 to 0.75 of a beat as an
# off-beat. In a samba, the fourth sixteenth is played a little early. The measure takes it for a
# late eighth, that is, for heavy swing.
#
# ## 6 · Words
#
# *Predict:* which trait is the most common? Which traits would you add?
#
# A caption consists of labels and **traits**, which are measured on the notes. Each trait has a
# rule with a threshold, in `workbench/datasets/traits.py`.

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
# *What you should have noticed:* some traits hold for half of the loops, some for a few. A word
# that fits all of them, or almost none, teaches a model nothing. And captions say only what the
# rules measure.
#
# ## 7 · Explore
#
# *Predict:* will loops of the same style lie together? For how many loops does the nearest point
# have the same style?
#
# Each point is a loop; hover over it for its caption. Each loop is described by where and how hard
# each drum is hit on average. The axes are the first two **principal components**: the directions
# in which these descriptions differ most.

# %%
predict("01.7", [40.0, 60.0, 80.0], unit="%")

# %%
from sklearn.decomposition import PCA

from workbench.evaluation.features import style_features

some = list(range(0, len(loops), max(1, len(loops) // run.size(150, 400))))
features = style_features(rolls[some])[0]
scaled = (features - features.mean(0)) / (features.std(0) + 1e-6)
points = PCA(2, random_state=seed).fit_transform(scaled)
styles_of = [loops[i].labels.get("style") for i in some]
names = [style if style in common else "other" for style in styles_of]
plots.cloud(points, names, [loops[i].caption for i in some], "Loops by their drum patterns (PCA)")

# %%
away = np.linalg.norm(points[:, None] - points[None], axis=-1)
np.fill_diagonal(away, np.inf)
nearest = np.array(names)[away.argmin(1)]
reveal("01.7", 100 * float((nearest == np.array(names)).mean()))

# %% [markdown]
# *What you should have noticed:* look at the points at the edge. Two axes show only a part of the
# differences, and the styles overlap: a drummer's rock and funk may be neighbours.
#
# ## 8 · People and a grammar
#
# *Predict:* how could you recognise loops that a grammar has written? Which of these three measures
# will differ most between people and grammar, in percent?
#
# The built-in corpus is written by a probabilistic grammar whose exact probability of every loop is
# known. Its captions say that it is built-in, so that nobody takes it for real data. (Without
# Groove, both columns below are of the grammar and should agree.)

# %%
predict("01.8", ["density", "microtiming spread", "syncopation of the kick"])

# %%
from workbench.evaluation.rhythm import density, microtiming, syncopation

grammar = cut_loops(load("builtin", split="test"), bars=4, hop_bars=4)[: len(loops)]
made, apart = rolls_of(grammar), {}
for name, measure in {
    "density (hits a beat)": density,
    "microtiming spread (steps)": lambda r: microtiming(r)[1],
    "syncopation of the kick": lambda r: syncopation(r[..., 0] > 0.5),
}.items():
    people, written = np.nanmean(measure(rolls)), np.nanmean(measure(made))
    apart[name] = abs(written - people) / people
    print(f"{name:28} {run.dataset}: {people:.3f}   built-in: {written:.3f}")
run.note("density, hits a beat", float(density(rolls).mean()))
run.note("density of the built-in corpus, hits a beat", float(density(made).mean()))
grammar[0]

# %%
further = max(apart, key=apart.get)
reveal("01.8", further.partition(" (")[0], f"It differs by {100 * apart[further]:.0f} %.")

# %% [markdown]
# *What you should have noticed:* people play more notes, less exactly on the grid, and more
# syncopation. But three means are little evidence: a grammar could be adjusted until it passes
# these three tests, and still bore you after eight bars.
#
# A grammar has one advantage: its probabilities are known. With $p$ the probability of a loop,
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
# Single loops lie far from it, because they have one to eight bars. Most bits are spent on *how* a
# hit is played, its velocity and its timing. No model of these loops can need fewer bits on
# average: the truth is the limit. Lessons 02, 09 and 11 compare models with it.
#
# ## 9 · Songs and sound
#
# *Predict:* the course also uses songs (lessons 02, 09, 10 and 11) and sound (06, 07 and 08). In a
# song of four instruments, how many notes sound at the same time, without the drums?

# %%
predict("01.9", [2.0, 4.0, 8.0], unit="notes")

# %%
songs = load("builtin-songs", split="test", limit=run.size(20, 100)).clips
sounding, busy = [], {}
for song in songs:
    tuned = song.notes[~song.notes["is_drum"]]
    sounding.append(tuned["duration"].sum() / song.beats)  # mean number of notes at a time
    busy.setdefault(song.labels["style"], []).append(len(song.notes) / song.bars)
left, right = plots.axes(1, 2, width=10)
plots.histogram(left, {k: np.array(v) for k, v in busy.items()}, bins=12, xlabel="notes per bar")
first = songs[0].waveform(24000, loop=False)[:, : 6 * 24000]
plots.spectrogram(right, first[0], 24000, "the first six seconds as sound")
print("keys:", Counter(song.labels["key"].split()[1] for song in songs),
      "tempi:", f"{min(s.tempo for s in songs):.0f} to {max(s.tempo for s in songs):.0f} BPM")
seconds = songs[0].duration
print(f"{len(songs[0].notes) * 4 / seconds:.0f} numbers per second as notes (onset, length, pitch, "
      f"velocity); {first.shape[1] / 6:.0f} as sound")
songs[0]

# %%
reveal("01.9", float(np.mean(sounding)), f"mean of {len(songs)} built-in songs")

# %% [markdown]
# *What you should have noticed:* the horizontal lines of the spectrogram are the notes with their
# overtones; the vertical ones are the drums. Sound needs hundreds of times more numbers per second
# than notes do. This is why lessons 06 to 08 first compress it.
#
# ## 10 · Recordings and their artists
#
# *Predict:* lessons 06 to 08 also learn from recordings. By how much do the softest and the loudest
# of them differ in loudness?

# %%
predict("01.10", [5.0, 10.0, 20.0], unit="dB")

# %% [markdown]
# The lesson uses the Free Music Archive if you have it (`python data_scripts/fma.py --subset
# small`), otherwise short clips under free licences, otherwise built-in songs. **Loudness** is
# measured as broadcasters do, in LUFS, a kind of decibels (lesson 13 explains it).

# %%
from workbench.datasets.recordings import survey

recordings = survey(run.size(12, 120))
lufs = np.array([r.lufs for r in recordings if np.isfinite(r.lufs)])
left, right = plots.axes(1, 2, width=10)
plots.histogram(left, {"": np.array([r.seconds / 60 for r in recordings])}, bins=15,
                xlabel="length of the track (minutes)")
plots.histogram(right, {"": lufs}, bins=15, xlabel="loudness (LUFS)")
print(f"{len(recordings)} recordings of {recordings[0].dataset}")
print("sample rates in Hz:", Counter(r.rate for r in recordings))
print("channels:", Counter(r.channels for r in recordings))

# %%
reveal("01.10", float(lufs.max() - lufs.min()), f"from {lufs.min():.0f} to {lufs.max():.0f} LUFS")

# %% [markdown]
# *What you should have noticed:* recordings differ in length, sample rate and loudness. A network
# needs windows of the same length at one sample rate, so lessons 06 to 08 cut and resample them.
#
# What do their captions say, and how many people made them?

# %%
from workbench.datasets.sets.fma import genre_tree

words = Counter(word for r in recordings for word in set(r.caption.lower().split()))
artists = Counter(r.artist for r in recordings if r.artist)
top = {word: count / len(recordings) for word, count in words.most_common(12)}
plots.bars(plots.axes(width=9), top, ylabel="share of captions with this word")
print("genres:", Counter(r.genre for r in recordings if r.genre).most_common(8) or "not given")
print("licences:", Counter(r.licence for r in recordings).most_common(6))
if artists:
    name, count = artists.most_common(1)[0]
    half = int(np.searchsorted(np.cumsum([n for _, n in artists.most_common()]),
                               sum(artists.values()) / 2)) + 1
    print(f"{len(artists)} artists; {half} of them made half of the recordings; {name} made "
          f"{count / len(recordings):.0%}")
for genre, below in genre_tree().items():  # of the Free Music Archive
    print(f"{genre}: " + ", ".join(f"{name} {n:,}" for name, n in list(below.items())[:6]))
run.note("words in the captions of recordings", len(words))

# %% [markdown]
# *What you should have noticed:* a few artists can dominate a collection. Then a system learns
# their taste, and a test on other pieces by the *same* artists flatters it. Our splits therefore
# keep all pieces of an artist together.
#
# Where do they live? If the collection says so, the map shows its artists. Otherwise it shows the
# styles of the drum loops of section 1, each at a place that is often named as its origin.

# %%
from workbench.course.world import STYLE_PLACES

at = Counter(r.place for r in recordings if r.place)
if at:
    places = {f"{lat:.0f}°, {lon:.0f}°": (lat, lon) for lat, lon in at}
    counts = {f"{lat:.0f}°, {lon:.0f}°": n for (lat, lon), n in at.items()}
    title = "Places of the artists"
else:
    known = [STYLE_PLACES[style] for style in styles.elements() if style in STYLE_PLACES]
    places, counts = {name: (lat, lon) for name, lat, lon in known}, Counter(n for n, *_ in known)
    title = "Origins of the styles of section 1, by number of performances"
plots.world(plots.axes(width=9, height=4.6), places, counts, title)
print(", ".join(f"{name} {count}" for name, count in counts.most_common(8))
      if not at else f"{sum(at.values())} of {len(recordings)} artists have a place")

# %% [markdown]
# *What you should have noticed:* most of the map is empty. Whole continents have no point, or one
# style stands for all of their music. A model cannot generate what nobody recorded, and a word such
# as "world music" then names everything outside its data. Lesson 14 asks whose music it is.
#
# ## Mini-project · Your own question (an hour)
#
# Choose one style and one measure of `workbench.evaluation.rhythm`, and show in one figure how it
# differs from the others. Say how sure you are: how many performances are there, and how many
# drummers? What other than the style could cause the difference?
#
# ## You can now
#
# You counted what drummers play, measured how far off the grid they are, compared people with a
# grammar, and looked at recordings and where music comes from.
#
# *One limitation heard:* the drum roll keeps one hit of each drum in a sixteenth. So rolls and
# flams lose hits. With `steps_per_beat=12`, triplets of sixteenths are kept.
#
# *Terms:* entropy · metre · backbeat · offset · microtiming · swing ratio · trait · principal
# components · grammar · syncopation
#
# *Next:* [02](02_tokenisation.ipynb) writes whole songs as words.

# %%
from workbench import quiz

quiz("01")

# %%
run.finish()
