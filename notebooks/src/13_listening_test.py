# %% [markdown]
# # 13 · The listening test
#
# [12 Evaluation](12_evaluation.ipynb) · [index](00_start_here.ipynb) ·
# [14 People](14_people.ipynb)
#
# **You will** make a blind listening test, rate clips yourself, analyse the answers of a class with
# their uncertainty, and compute how many raters a question needs.
#
# The lesson takes about 90 minutes with its exercises.
#
# **Needs** lesson 05 (the systems that generate the loops); what a mean and a p value are; the
# shipped checkpoints. **Time and memory:** printed below. **Exercises:** 60 minutes. **Library:**
# `workbench.tools.listening`, `workbench.evaluation.paired`, `workbench.evaluation.agreement`,
# `workbench.evaluation.preference`, `workbench.evaluation.power`, `workbench.music.loudness`.
# **Papers:** arXiv 2408.02711 (its listening test), ITU-R BS.1770 (loudness), Holm (1979),
# Krippendorff (2011), Bradley and Terry (1952), Hunter (2004), Clark (1973).

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop (minutes), gpu, paper
dataset = "groove"  # human drum loops: "groove", "builtin", or a folder of MIDI files
seed = 0  # of everything random
train = False  # this notebook trains nothing

# %%
from workbench import DrumLDM, plots, predict, reveal, start

run = start("13", profile=profile, dataset=dataset, seed=seed, train=train)

# %% [markdown]
# ## 1 · What raters hear, and what they must not know
#
# *Think first:* a system generates loops without any prompt. People hear such a loop, read the
# words "jazz, 160 bpm", and rate from 1 to 5 how well it fits these words. What will be the mean of
# their ratings?
#
# The drum paper asked people to rate loops from four sources: human drummers, its two systems, and
# a system with an **empty prompt**. The last one is the **control**: if its loops fit the words as
# well as those of the other systems do, the words had no effect. We design the same test: every
# source provides one loop for each prompt.

# %%
from workbench.tools.listening.materials import drum_materials, practice_clip

systems = {name: DrumLDM.from_pretrained(f"drums-groove-{name.lower()}")
           for name in ("BERT", "keywords")}
prompts = run.size(2, 6)
materials = drum_materials(systems, run.dataset, prompts=prompts, seed=seed)
for material in materials:
    print(f"{material.source:12} for {material.prompt!r}")

# %% [markdown]
# ## 2 · Equally loud
#
# *Predict:* two copies of a clip differ only by 2 dB. Which one do people call better? And by how
# many LU do the softest and the loudest of our clips differ? (The loudness unit, LU, is a decibel
# of loudness.)

# %%
predict("13.1", [2.0, 5.0, 10.0], unit="LU")

# %% [markdown]
# People usually prefer the louder copy. Therefore we give all clips the same **loudness**, as
# broadcasters measure it (ITU-R BS.1770). A filter weights the frequencies roughly as the ear does.
# Then the power of blocks of 0.4 s is averaged; silent and very soft blocks do not count. The
# result is given in LUFS; a difference of 1 LUFS is 1 LU. The length of a clip could also reveal
# its source, so all clips are cut to the same length.

# %%
import numpy as np

from workbench.music.loudness import loudness

rate = 24000
sounds = [m.clip.waveform(rate, loop=False)[:, : 5 * rate] for m in materials]
levels = {m.source: [] for m in materials}
for material, sound in zip(materials, sounds, strict=True):
    levels[material.source].append(loudness(sound, rate))
ends = {name: (np.mean(v), (min(v), max(v))) for name, v in levels.items()}
plots.estimates(plots.axes(width=6, height=2.2), ends, xlabel="LUFS before: mean, softest, loudest")
spread = max(map(max, levels.values())) - min(map(min, levels.values()))
reveal("13.1", spread, "LU are decibels of loudness")

# %% [markdown]
# *What you should have noticed:* some clips are several LU louder than others. Without equal
# loudness, the ratings would partly measure how loud a clip is.
#
# ## Exercise 1 · One loudness (10 minutes)
#
# *Level:* medium. *Goal:* compute the gain of each clip in dB from the levels (LUFS) and the peaks
# (dB) of all clips. With these gains, all clips have the **same** level, at most −20 LUFS, and no
# peak exceeds −1 dB. The level is as high as both conditions allow.

# %% tags=["stub"]
def gains(levels, peaks):
    return None  # your lines here; the arguments are NumPy arrays


# %% tags=["check"]
from workbench.course.teaching import check_gains

check_gains(gains)

# %% tags=["solution"]
def gains(levels, peaks):
    common = min(-20, (levels - peaks - 1).min())
    return common - levels


# %% [markdown]
# ## 3 · The page
#
# *Think first:* how could a clever student find out which clips are machine-made without listening?
#
# Names, order, length, loudness, file size, or tags in the sound files could reveal the source. A
# test is **blind** if only the sound itself can reveal it. So the page has only random names, and
# every **rater** (a person who takes the test) hears the clips in a different order. A *key*, which
# the instructor keeps, says which source each clip comes from. A *trial* is one clip with its
# questions. The page has three more trials, which do not count as ratings: a practice trial, a
# *check* (how many tones do you hear?), and one clip that is presented a second time. The last one
# shows how well people agree with themselves.

# %%
from workbench.course.diagrams import Arrow, diagram

boxes = {
    "sources": ("sources\npeople, systems,\nempty prompt", 0, 0),
    "loud": ("one loudness\none length", 1, 0),
    "page": ("page\nrandom names", 2, 0), "raters": ("raters\neach in another order", 3, 0),
    "answers": ("answers\nwho failed the check\nis left out", 4, 0),
    "result": ("intervals\nsign flips, Holm", 5, 0), "key": ("key\nwho made what", 2, 1),
}
arrows = [Arrow("sources", "loud"), Arrow("loud", "page"), Arrow("page", "raters"),
          Arrow("raters", "answers"), Arrow("answers", "result"), Arrow("loud", "key"),
          Arrow("key", "result")]
diagram("A blind listening test; the raters never see the key", boxes, arrows, here=["page", "key"])

# %%
from workbench.tools.listening.design import make_test

test = make_test(materials, practice_clip(), title="Drum loops", seconds=run.size(3, 8), seed=seed)
print("the page:", {k: v for k, v in test.page["trials"][0].items()})
print("the key: ", next(iter(test.key["clips"].items())))

# %% [markdown]
# Rate the clips yourself. Everything works by keyboard, and your answers are kept if you load the
# page again. `test.write("folder")` saves the key and the page. The page is one file, which opens
# without Jupyter and without the internet.

# %%
from workbench.tools.listening.page import EmbeddedPage

EmbeddedPage(test.page)

# %% [markdown]
# ## 4 · A class whose opinions we know
#
# *Think first:* some raters answer without listening. What in their answers would show it?
#
# From here on **the raters are simulated**: nobody heard anything. This tests the analysis: we put
# in known opinions and see whether it finds them. The simulated raters have the mean opinions of
# the drum paper (read off its chart). They rate quality, *aptness* (how well a loop fits the words)
# and novelty. Each rater is more or less lenient, likes some sources more than others, and answers
# with random errors. Each clip is a little better or worse than the mean of its source. Two of our
# thirty raters answer without listening, and one stops half-way.
#
# Was your answer to section 1 right? When the paper's raters were asked how well the loops fit the
# words, the system with an empty prompt had a mean of 3.35, and human drummers had 3.40.

# %%
from workbench.evaluation.power import Raters
from workbench.tools.listening.simulated import simulate_class

paper = {
    "quality": {"human": 3.77, "keywords": 3.77, "BERT": 3.69, "empty prompt": 3.82},
    "aptness": {"human": 3.40, "keywords": 3.37, "BERT": 3.59, "empty prompt": 3.35},
    "novelty": {"human": 2.73, "keywords": 2.85, "BERT": 3.34, "empty prompt": 3.08},
}
how = Raters(leniency=0.5, taste=0.4, clips=0.2, noise=0.8)
records = simulate_class(test.key, paper, 30, how, seed=seed, careless=2, unfinished=1)
records[0]["rater"], records[0]["answers"][:2]

# %% [markdown]
# Real answers are files, or rows of the server's database (`workbench listen serve`, see the end).
# Some files are broken, some belong to another test, and two people may have the same name. The
# program must report all of this.

# %%
import json
import tempfile
from pathlib import Path

from workbench.tools.listening.answers import merge

folder = Path(tempfile.mkdtemp())
for number, record in enumerate(records):
    (folder / f"{number:02d}.json").write_text(json.dumps(record))
(folder / "cut-off.json").write_text(json.dumps(records[0])[:100])
(folder / "other-test.json").write_text(json.dumps(records[0] | {"test": "t0"}))
(folder / "namesake.json").write_text(json.dumps(records[4] | {"token": "0" * 32}))
merged = merge([folder], test.key)
print(merged.summary().replace(str(folder), "…"))
(folder / "namesake.json").unlink()  # we know that it was one person
answers = merge([folder], test.key).answers

# %% [markdown]
# ## 5 · Means, and how sure they are
#
# *Predict:* what share of the 95 % intervals will contain the mean opinion that was put in?

# %%
predict("13.2", [60.0, 80.0, 93.0], unit="%")

# %% [markdown]
# The unit of the analysis is the **rater**, because the answers of one person depend on each other.
# The bootstrap samples raters with replacement, many times, and measures how much the mean varies.
# Raters who failed the check are left out. This rule was written down before the test.

# %%
from workbench.tools.listening.analysis import analyse

analysis = analyse(test.key, answers, seed=seed)
print("left out, failed the check:", ", ".join(analysis.failed) or "nobody")
figures = plots.axes(1, 3, width=12, height=2.6)
for ax, scale in zip(figures, test.key["scales"], strict=True):
    rows = {m.source: (m.mean, m.interval) for m in analysis.means if m.scale == scale}
    plots.estimates(ax, rows, xlabel=f"{scale}, 1 to 5 (simulated raters)", truth=paper[scale])

# %%
inside = [m.interval[0] <= paper[m.scale][m.source] <= m.interval[1] for m in analysis.means]
reveal("13.2", 100 * sum(inside) / len(inside), f"{sum(inside)} of {len(inside)} intervals")
run.note("intervals that contain the truth (simulated)", sum(inside) / len(inside), floor="0.95")

# %% [markdown]
# *What you should have noticed:* with few clips, fewer than 95 % of the intervals contain the
# opinion that was put in. The interval says what other *raters* would answer about *these* clips.
# If the clips of a source happen to be good ones, its mean is too high, whoever rates. In addition,
# no answer exceeds 5, so high means come out a little too low.
#
# ## 6 · Differences within raters
#
# *Think first:* a strict and a lenient rater agree that A is better than B by one point. A test
# knows the ratings, but not who gave them. Will it find the difference between A and B?
#
# Hardly, if the two raters differ by more than A and B do. The solution is to compare within each
# rater: $d_r$ is the mean of rater $r$ for one source minus the mean for another. If the sources do
# not differ, $d_r$ and $-d_r$ are equally likely. Therefore the **sign-flip test** flips the signs
# of the $n$ raters' differences in all $2^n$ ways, or in many random ones. It counts how often the
# sum is at least as far from 0 as the observed one:
#
# $$p = \text{share of flips } s \text{ with } \Big|\sum_r s_r d_r\Big| \ge \Big|\sum_r d_r\Big|
# \qquad (1)$$
#
# *Equation (1):* code `workbench.evaluation.paired.sign_flip_test`; paper Fisher 1935, *The design
# of experiments*, section 21.
#
# ## Exercise 2 · The sign-flip test (10 minutes)
#
# *Level:* medium. *Goal:* compute equation (1). `differences` (raters,) has the $d_r$, and each row
# of `flips` (flips, raters) has the signs $s_r$ of one flip.

# %% tags=["stub"]
def flip_p(differences, flips):
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_flip_p

check_flip_p(flip_p)

# %% tags=["solution"]
def flip_p(differences, flips):
    reached = abs((flips * differences).sum(1))
    return (reached >= abs(differences.sum()) - 1e-9).mean()


# %%
figures = plots.axes(1, 3, width=13, height=2.8)
for ax, scale in zip(figures, test.key["scales"], strict=True):
    mine = [d for d in analysis.differences if d.scale == scale]
    rows = {f"{d.first} − {d.second}": (d.mean, d.raters_only) for d in mine}
    true = {f"{d.first} − {d.second}": paper[scale][d.first] - paper[scale][d.second] for d in mine}
    plots.estimates(ax, rows, xlabel=f"{scale}: points (simulated)", truth=true, line=0)

# %% [markdown]
# ## 7 · Eighteen questions at once
#
# *Predict:* four sources on three scales have eighteen differences. If none of them is real, what
# share of studies finds at least one with p < 0.05?

# %%
predict("13.3", [10.0, 25.0, 60.0], unit="% of the studies")

# %% [markdown]
# If we ask many questions, some answers are "yes" by chance. **Holm's correction** keeps that rare.
# The smallest of $m$ p values is multiplied by $m$, the second smallest by $m-1$, and so on. In
# this order, a corrected value is never smaller than the one before it and never larger than 1.
# Then, if nothing differs, at most 5 % of studies have a corrected p below 0.05.
#
# ## Exercise 3 · Holm's correction (10 minutes)
#
# *Level:* medium. *Goal:* compute the corrected p values, in the order of the given ones.

# %% tags=["stub"]
def corrected(p):
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_holm

check_holm(corrected)

# %% tags=["solution"]
def corrected(p):
    order = p.argsort()
    stepped = p[order] * range(len(p), 0, -1)
    result = p.copy()
    result[order] = np.minimum(1, np.maximum.accumulate(stepped))
    return result


# %%
from workbench.evaluation.paired import holm, sign_flip_test
from workbench.evaluation.power import simulate_ratings

studies, any_raw, any_holm = run.size(60, 300), 0, 0
for study in range(studies):  # nothing differs in any of them
    flat = Raters(leniency=0.5, taste=0.4, clips=0.0, noise=0.8)
    cubes = [simulate_ratings(np.full(4, 3.5), 20, 6, flat, seed=3 * study + i).mean(2)
             for i in range(3)]
    p = np.array([sign_flip_test(own[:, i] - own[:, j], draws=500, seed=study)
                  for own in cubes for i in range(4) for j in range(i)])
    any_raw, any_holm = any_raw + (p < 0.05).any(), any_holm + (holm(p) < 0.05).any()
plots.bars(plots.axes(width=5), {"not corrected": any_raw / studies, "Holm": any_holm / studies},
           ylabel="share of studies with p < 0.05", floor=0.05)
reveal("13.3", 100 * any_raw / studies, f"{studies} studies")
run.note("studies that find a difference where there is none", any_raw / studies, floor=0.05)
run.note("the same, with Holm's correction", any_holm / studies, floor=0.05)

# %%
for d in sorted(analysis.differences, key=lambda d: d.p)[:6]:
    low, high = d.also_prompts
    true = paper[d.scale][d.first] - paper[d.scale][d.second]
    print(f"{d.scale:8} {d.first + ' − ' + d.second:24} put in {true:+.2f} found {d.mean:+.2f}, "
          f"with other clips {low:+.2f} to {high:+.2f}; p {d.p:.4f}, corrected {d.corrected:.3f}")
apt = next(d for d in analysis.differences
           if (d.scale, d.first, d.second) == ("aptness", "BERT", "empty prompt"))
run.note("aptness, BERT − empty prompt (simulated)", apt.mean, paper=0.24, floor=0.0)

# %% [markdown]
# *What you should have noticed:* without the correction many studies "find" a difference where
# there is none. Now compare *put in* and *found* in our class. The correction protects against
# chance among raters. It does not protect against clips that happen to be good or bad, so even a
# difference with a small corrected p value may be wrong. The interval "with other clips" comes from
# sampling the clips as well as the raters. It is wider and more honest. Thirty raters are too few
# to find a difference of 0.24 points reliably; see section 10.
#
# ## 8 · Do raters agree?
#
# *Predict:* Krippendorff's alpha is 1 if all raters agree and 0 if they agree no more than by
# chance. What will it be for the class's ratings of novelty?

# %%
predict("13.4", [0.1, 0.3, 0.6])

# %% [markdown]
# **Krippendorff's alpha** compares two disagreements: that between ratings of the same clip, and
# that between any two ratings. If every rater has rated every clip:
#
# $$\alpha = 1 - \frac{D_o}{D_e} \qquad (2)$$
#
# *Equation (2):* code `workbench.evaluation.agreement.krippendorff_alpha`; paper Krippendorff 2011.
#
# $D_o$ is the squared difference of two raters' ratings of the same clip, averaged over pairs of
# raters and over clips. $D_e$ is the mean squared difference of any two ratings, of any clips. The
# library's function also handles missing ratings; for ratings from 1 to 5 it compares ranks instead
# of values.
#
# ## Exercise 4 · Alpha (10 minutes)
#
# *Level:* hard. *Goal:* compute equation (2) for a full table (raters, clips). `combinations` gives
# all pairs.

# %% tags=["stub"]
from itertools import combinations


def alpha(table):
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_alpha

check_alpha(alpha)

# %% tags=["solution"]
from itertools import combinations


def alpha(table):
    def disagreement(values):
        return np.mean([(a - b) ** 2 for a, b in combinations(values, 2)])

    observed = np.mean([disagreement(clip) for clip in table.T])
    return 1 - observed / disagreement(table.ravel())


# %%
lenient = analyse(test.key, answers, keep_failed=True, seed=seed)
for a, b in zip(analysis.agreement, lenient.agreement, strict=True):
    low, high = a.interval
    print(f"{a.scale}: alpha {a.alpha:.2f} ({low:.2f} to {high:.2f} over clips), with those who "
          f"failed the check {b.alpha:.2f};\n    two ratings of a clip differ by "
          f"{a.self_distance:.2f} if one rater gave both, else by {a.other_distance:.2f}")
    run.note(f"alpha, {a.scale} (simulated)", a.alpha, floor=0.0)
    if a.scale == "novelty":
        reveal("13.4", a.alpha)

# %% [markdown]
# *What you should have noticed:* alpha is low, because raters differ in taste and answer with
# random errors. The mean of thirty raters may still be precise. But the opinion of one rater says
# little about that of another.
#
# ## 9 · Or ask: A or B?
#
# *Think first:* raters may also choose the better of two clips. What do such choices show more
# reliably than ratings, and what do they not show at all?
#
# Choosing is often easier than rating, and it does not matter how lenient a rater is. The
# **Bradley–Terry** model gives each source $i$ a strength $s_i$:
#
# $$P(i \text{ chosen over } j) = \frac{1}{1 + e^{\,s_j - s_i}} \qquad (3)$$
#
# *Equation (3):* code `workbench.evaluation.preference.bradley_terry`; paper Bradley and Terry
# 1952.
#
# The strengths that make the answers most likely are found in rounds, with $p_i = e^{s_i}$. $W_i$
# counts how often $i$ was chosen, and $n_{ij}$ how often $i$ and $j$ met. In each round, all
# strengths are replaced at once:
#
# $$p_i \leftarrow \frac{W_i}{\sum_{j \ne i} n_{ij} / (p_i + p_j)} \qquad (4)$$
#
# *Equation (4):* code `workbench.evaluation.preference.bradley_terry`; paper Hunter 2004, eq. 3.
#
# The denominator is small for a source that met strong ones. So the same number of wins gives it
# more strength. Only differences between the $s_i$ matter, so we choose the $s_i$ whose mean is 0.
#
# ## Exercise 5 · From choices to strengths (20 minutes)
#
# *Level:* hard. *Goal:* compute the strengths $s_i$, (k,), with mean 0. Each row of `answers` (n,
# 2) has the numbers (from 0) of two of the `k` sources: first the one that was chosen, then the
# other one. Count $W_i$ and $n_{ij}$, start with all $p_i = 1$, and repeat equation (4) 500 times.
# Divide all $p_i$ by their mean after each round, so that they become neither very large nor very
# small.

# %% tags=["stub"]
def strengths(answers, k):
    return None  # about twelve lines


# %% tags=["check"]
from workbench.course.teaching import check_strengths

check_strengths(strengths)

# %% tags=["solution"]
def strengths(answers, k):
    wins = np.zeros((k, k))
    for winner, loser in answers:
        wins[winner, loser] += 1
    games = wins + wins.T
    p = np.ones(k)
    for _ in range(500):
        fresh = np.empty(k)
        for i in range(k):
            expected = sum(games[i, j] / (p[i] + p[j]) for j in range(k) if j != i)
            fresh[i] = wins[i].sum() / expected
        p = fresh / fresh.mean()
    s = np.log(p)
    return s - s.mean()


# %% [markdown]
# The library's function also adds half a win to both sides of each pair. Otherwise a source that is
# always chosen would get an infinite strength. Below it analyses the answers of a simulated class.
# We also check whether A is chosen more often because it comes first.

# %%
pairs = make_test(materials, practice_clip(), design="ab", seconds=2, seed=seed)
put_in = {"preference": {"human": 0.6, "BERT": 0.2, "keywords": 0.0, "empty prompt": -0.8}}
class_ab = simulate_class(pairs.key, put_in, 30, Raters(0.0, 0.3, 0.2, 0.0), seed=seed)
for number, record in enumerate(class_ab):
    (folder / f"{number:02d}.json").write_text(json.dumps(record))
choices = analyse(pairs.key, merge([folder], pairs.key).answers, seed=seed)
rows = {s.source: (s.strength, s.interval) for s in choices.strengths}
plots.estimates(plots.axes(width=6, height=2.2), rows, truth=put_in["preference"],
                xlabel="strength in logits (simulated raters)")
share, (low, high) = choices.side
print(f"A was chosen in {share:.0%} of pairs, {low:.0%} to {high:.0%}")

# %% [markdown]
# *What you should have noticed:* choices show the order of the sources, however lenient the raters
# are. They do not show how good the best source is, because strengths are relative: their mean is
# 0.
#
# ## 10 · How many raters?
#
# *Think first:* in the paper, loops of BERT fit the words better than those of the empty prompt, by
# 0.24 points. How many raters are needed to find this difference?
#
# The differences $d_r$ vary between raters for two reasons. The first is taste, which does not
# average out, however many clips a rater hears. The second is noise, which averages out over clips.
# $n$ is the number of raters, $k$ the number of clips per source, and *effect* is the true
# difference:
#
# $$\sigma_d^2 = 2\,\sigma_{\text{taste}}^2 + \frac{2\,\sigma_{\text{noise}}^2}{k}, \qquad
# n \approx \left(\frac{(1.96 + 0.84)\;\sigma_d}{\text{effect}}\right)^2 \qquad (5)$$
#
# With this number of raters, four of five tests find the effect: the **power** of the test is 80 %.
# `raters_needed` computes $n$ exactly, with the noncentral t distribution. The cell below compares
# this exact formula with a simulation.
#
# *Equation (5):* code `workbench.evaluation.power.raters_needed`; paper Cohen 1988, chapter 2.

# %%
from workbench.evaluation.power import power_of, raters_needed, simulated_power

effect = paper["aptness"]["BERT"] - paper["aptness"]["empty prompt"]
equal_clips = Raters(taste=0.4, clips=0.0, noise=0.8)
numbers = [8, 15, 30, 60, 120]
curves = {"formula": [power_of(effect, equal_clips.sd(6), n) for n in numbers],
          "simulated": [simulated_power(effect, n, 6, equal_clips, studies=run.size(60, 300),
                                        seed=seed) for n in numbers]}
plots.lines(plots.axes(width=6), numbers, curves, xlabel="raters", ylabel="chance to find it")
for clips in (2, 6, 20, 1000):
    needed = raters_needed(effect, equal_clips.sd(clips))
    strict = raters_needed(effect, equal_clips.sd(clips), alpha=0.05 / 18)
    print(f"{clips:4} clips per source: {needed} raters; as one of 18 questions {strict}")
run.note("raters for the paper's aptness effect", raters_needed(effect, equal_clips.sd(6)))

# %% [markdown]
# *What you should have noticed:* more clips help at first. When almost only taste is left, only
# more raters help. The next cell shows a common mistake, which Clark (1973) described for studies
# of language: many raters, but only two clips per source. Here the sources do **not** differ.

# %%
trap = {}
for clips in (2, 6, 20):
    uneven = Raters(taste=0.4, clips=0.4, noise=0.8)
    trap[f"{clips} clips"] = simulated_power(0.0, 40, clips, uneven, studies=run.size(60, 300))
plots.bars(plots.axes(width=5), trap, ylabel="studies that find a difference", floor=0.05,
           title="no source is better than the other")
run.note("two clips per source: differences found where there is none", trap["2 clips"], floor=0.05)

# %% [markdown]
# *What you should have noticed:* the test is right about these clips and wrong about the sources.
# More raters make it worse. Use many clips, and report the interval over raters *and* prompts.
#
# ## 11 · With a real class
#
# *Think first:* suppose that you rate clips of your own system. What do you know that could make
# your answers useless?
#
# On the command line, with thirty people in one local network:
#
# ```sh
# workbench listen make --out test                  # test.html to hand out, key.json to keep
# workbench listen serve test                       # prints the address to open
# workbench listen merge test --key test/key.json   # answers.csv; says what was left out, and why
# workbench listen analyse answers.csv --key test/key.json
# ```
#
# Without a local network, hand out `test.html` and collect the files that it saves. For clips of
# any other system, sound or MIDI, use `workbench listen make --clips folder`. It needs a folder for
# each source; the name of a file is its prompt.
#
# ## Mini-project · One question, asked of people (an hour, and a class)
#
# Write down one question and how you will answer it, **before** anyone listens: which difference,
# on which scale, with how many raters (section 10), and which answers you will leave out. Then run
# the test with your class, analyse it once, and report the answer, whatever it is.
#
# ## You can now
#
# You made a blind listening test, rated clips yourself, analysed the answers of a class with their
# uncertainty, and computed how many raters a question needs.
#
# *One limitation heard:* every clip here comes from one sampled drum kit. The test says nothing
# about how people would rate the same beats played by a drummer.
#
# *Terms:* blind · control · loudness · sign-flip test · Holm's correction · Krippendorff's alpha ·
# Bradley–Terry · power · rater
#
# *Next:* [lesson 14](14_people.ipynb) asks whose music it is. Or let people rate your own system.

# %%
from workbench import quiz

quiz("13")

# %%
run.finish()
