# %% [markdown]
# # Experiment: metre, density and groove
#
# **For** lesson 12. **In short:** Do generated loops have the metre, the density and the groove
# that their text requests? *Predicted:* density follows the text nearly as well as another player
# does; a waltz still comes out in four.
#
# **Question.** The drum paper (arXiv 2408.02711) measures similarity by Hamming and Euclidean
# distances and suggests measures of rhythm instead. Do generated loops have the metre, the density
# and the groove that their text requests? And do these measures distinguish people from floors at
# all?
#
# **Prediction**, written before the run. Density follows the caption: its rank correlation with the
# loop that the caption describes is 0.6 to 0.7, as high as for another player's loop with the same
# caption; swing about 0.5, syncopation 0.4. Phrases of one to three traits lose a third of that.
# With another loop's caption and without text all are near 0, apart from the effect of tempo.
# Metre: the bar of four is as clear as in played loops, with any prompt; for a waltz in 3/4 the
# system, which was never trained on one, still plays four. Independent cells keep density and swing
# of their set and half of the metre; loops whose positions are shuffled keep density, and their
# metre is zero.
#
# **Method.** A hundred held-out loops by people, and for each of them another one. It is generated
# by the shipped system for its caption, a phrase, the caption of another loop, an empty prompt, or
# “a waltz in 3/4” (always at the loop's tempo); or it is by another player (the training loop whose
# caption shares most words); or by a floor. Each is measured: *density*, hits per beat; *swing*,
# how its off-beats divide the beat, 1 is even, 2 is triplets; *syncopation* of bass drum and
# accents per bar (Longuet-Higgins and Lee); *metre*, the autocorrelation of loudness at four beats
# minus that at three, positive if bars have four. *r* is Spearman's rank correlation with the loops
# by people over the hundred pairs. The captions have no words for microtiming, so it cannot be
# requested. A point, all of these for one seed, takes a minute on a laptop; nothing is trained.

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop
dataset = "groove"  # "groove", or a folder laid out like it
seed = 0  # which loops, and the noise

# %% tags=["grid"]
grid = {
    "smoke": {"seed": [0]},
    "laptop": {"seed": [0, 1, 2]},
    "gpu": {"seed": [0, 1, 2, 3, 4, 5, 6, 7]},
}

# %%
import numpy as np
from scipy.stats import spearmanr

from workbench import DrumLDM, plots, start
from workbench.benchmarks.bench import Bench
from workbench.benchmarks.drum_data import DrumData
from workbench.datasets.captions import facts_of
from workbench.datasets.phrases import phrases
from workbench.evaluation import rhythm
from workbench.evaluation.baselines import independent_cells
from workbench.evaluation.table import Report

run = start("drum_rhythm", profile=profile, dataset=dataset, seed=seed)
random = np.random.default_rng(seed)
data = DrumData(run.dataset, limit=run.size(60, 10_000))
chosen = random.choice(len(data.test), min(run.size(8, 100), len(data.test)), replace=False)
played = data.test.take(chosen)
bench = Bench({"": DrumLDM.from_pretrained("drums-groove-bert")}, data, Report(), seed=seed)


# %%
def drawn(prompts):
    return bench.generate(prompts, tempos=[clip.tempo for clip in played.clips]).rolls


def another_player():
    """Of the training loops the one whose caption shares most words, the tempo's left out."""
    sets = [set(caption.split()) for caption in data.train.captions]
    found = []
    for caption in played.captions:
        words = set(caption.split())
        likeness = [len(words & other) / len(words | other) for other in sets]
        found.append(int(np.argmax(likeness + 1e-6 * random.random(len(sets)))))
    return data.train.take(found).rolls


def places_shuffled():
    """The same hits in an order without metre: the sixteenths of each loop shuffled."""
    return np.stack([roll[random.permutation(len(roll))] for roll in played.rolls])


SOURCES = {
    "another player": another_player,
    "its caption": lambda: drawn(played.captions),
    "a phrase": lambda: drawn([phrases(facts_of(c), 1, seed)[0] for c in played.clips]),
    "another's caption": lambda: drawn(random.permutation(played.captions).tolist()),
    "nothing": lambda: drawn([""] * len(played)),
    "a waltz": lambda: drawn(["a waltz in 3/4"] * len(played)),
    "independent cells": lambda: independent_cells(played.rolls, len(played), seed),
    "places shuffled": places_shuffled,
}
chosen = list(SOURCES)[1:2] if run.small else list(SOURCES)
made = {source: SOURCES[source]() for source in chosen}


# %%
def metre(rolls):
    """Autocorrelation of each loop's loudness at four beats less that at three: (n,)."""
    x = (rolls[..., :9] * rolls[..., 9:18]).sum(-1)
    x = x - x.mean(1, keepdims=True)
    at = {lag: (x * np.roll(x, -lag, axis=1)).sum(1) for lag in (0, 12, 16)}
    return (at[16] - at[12]) / np.maximum(at[0], 1e-9)


MEASURES = {
    "density": (rhythm.density, "hits a beat"),
    "swing": (lambda rolls: np.nan_to_num(rhythm.swing_ratio(rolls), nan=1.0), "ratio"),
    "syncopation": (lambda rolls: rhythm.syncopation(rhythm.kick_and_snare(rolls)), "a bar"),
    "metre": (metre, "four less three beats"),
}
for name, (measure, unit) in MEASURES.items():
    asked = measure(played.rolls)
    run.note(f"{name}, played", asked.mean(), unit=unit)
    for source, rolls in made.items():
        got = measure(rolls)
        varied = asked.std() > 0 and got.std() > 0
        run.note(f"{name}, {source}", got.mean(), unit=unit)
        run.note(f"{name} r, {source}", spearmanr(asked, got).statistic if varied else 0.0)
run.finish()

# %% [markdown]
# ## Result at laptop size

# %%
from workbench.course.experiments import committed

table = committed("drum_rhythm")
sources = list(SOURCES)
table.only(*[f"{measure} r, {source}" for measure in MEASURES for source in sources[:2]])

# %%
import matplotlib.pyplot as plt

top, bottom = plots.axes(2, 1, width=9, height=6.4)
for curve, measure in enumerate(("density", "swing", "syncopation")):
    row = table.across([f"{measure} r, {source}" for source in sources])
    plots.intervals(top, sources, *row[1:], label=measure, curve=curve)
top.set(ylabel="rank correlation with the played loop", ylim=(-0.5, 1.05))
row = table.across([f"metre, {source}" for source in sources])
plots.intervals(bottom, sources, *row[1:])
played = table.across(["metre, played"])[1][0]
bottom.axhline(played, color=plots.COLOURS[1], ls="--", label="played loops")
bottom.axhline(0, color=plots.INK, lw=0.6)
bottom.set_ylabel("metre: autocorrelation at\nfour beats less at three")
for ax in (top, bottom):
    ax.tick_params(axis="x", rotation=15)
    ax.legend(frameon=False, fontsize=9, bbox_to_anchor=(1, 1), labelcolor=plots.INK)
plt.show()

# %% [markdown]
# **Density** follows the text, better than predicted: $r = 0.81$ with its caption. Another player's
# loop of nearly the same caption has 0.78, so this is all that the words contain. A short phrase
# still reaches 0.68. With another loop's caption 0.17 is left, with an empty prompt 0.35: the tempo
# alone determines how many hits fit into a beat, more than was predicted.
#
# **Groove.** Syncopation is at 0.42, as predicted, and again near that of another player (0.37).
# Swing is not as predicted: 0.24, with an interval that contains zero, and another player's loops
# are hardly more certain (0.39). Most loops do not swing at all, and among those a rank correlation
# ranks the drummers' unevenness. To test whether a prompt for swing has an effect, compare prompts
# that say “swing” with those that do not, not whole data sets.
#
# **Metre.** Generated loops have bars of four as clear as people's, and for a waltz the system
# plays four as well: 0.16, less clear, but far from the negative value of a bar of three. The word
# moves every accent to the beat: a syncopation of 0.8 per bar against 2.5. An empty prompt may
# weaken the metre a little (0.18).
#
# **The measures** distinguish people from floors, each from its own: loops with shuffled positions
# have no metre and twice the syncopation, and keep their density, of course. Independent cells were
# predicted to keep half of the metre. This is wrong: they have a tenth (0.02 of 0.25), though their
# bass drum and snare are where people's are. Autocorrelation measures *repetition* from bar to bar,
# and cells that are sampled independently in every bar do not repeat. A measure of metre that gives
# them a high value would have to ignore repetition.

# %% [markdown]
# ## What a gpu run would add
#
# For this checkpoint it would add only more seeds (swing's intervals are wide: three seeds of a
# hundred loops). Two trainings would be worthwhile: a system on loops in 3/4 and 6/8, of which the
# Groove MIDI Dataset has few, and one with words for microtiming in the captions (“behind the
# beat”), so that it can be requested.
