# %% [markdown]
# # 13 · The listening test
#
# [12 Evaluation](12_evaluation.ipynb) · [index](00_start_here.ipynb) ·
# [14 People](14_people.ipynb)
#
# **You will** make a blind listening test, rate it, and find out what a class's answers say, how
# surely, and how many raters it would take to say more.
#
# **Needs** lesson 05 (the systems that play); what a mean and a p value are; the shipped
# checkpoints. **Time and memory:** printed below. **Exercises:** 40 minutes. **Library:**
# `workbench.tools.listening`, `workbench.evaluation.paired`, `workbench.evaluation.agreement`,
# `workbench.evaluation.preference`, `workbench.evaluation.power`, `workbench.music.loudness`.
# **Papers:** arXiv 2408.02711 (its listening test), ITU-R BS.1770 (loudness), Holm (1979),
# Krippendorff (2011), Bradley and Terry (1952), Clark (1973).

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
# *Predict:* a drawn loop, asked for nothing, is shown under the words "jazz, 160 bpm". How many of
# five points for fitting the words will people give it?
#
# The drum paper asked people to rate loops from four sources: human, its two systems, and a system
# that was given an **empty prompt**. The last one is the control: if it fits the words as well as
# the others do, the words did nothing. We make the same test. Each source plays for the same words.

# %%
from workbench.tools.listening.materials import drum_materials, practice_clip

systems = {name: DrumLDM.from_pretrained(f"drums-groove-{name.lower()}")
           for name in ("BERT", "keywords")}
prompts = run.size(2, 6)
materials = drum_materials(systems, run.dataset, prompts=prompts, seed=seed)
for material in materials:
    print(f"{material.source:12} plays for {material.prompt!r}")

# %% [markdown]
# ## 2 · Equally loud
#
# *Predict:* two takes differ only by 2 dB. Which one is "better"? And by how much do the softest
# and the loudest of our clips differ?

# %%
predict("13.1", [2.0, 5.0, 10.0], unit="LU")

# %% [markdown]
# The louder one, nearly always. So all clips get one loudness, as broadcasters measure it
# (ITU-R BS.1770): frequencies are weighed as ears do, and the power of blocks of 0.4 s is averaged,
# silence left out. The unit is LUFS. Length would give a source away as well: all clips are cut to
# one length.

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
# *What you should have noticed:* some clips are several units louder than others. A test without
# this step would partly be about that.
#
# ## Exercise 1 · One loudness (10 minutes)
#
# *Goal:* the gain of each clip in dB, given their levels (LUFS) and peaks (dB), so that all have
# **one** level: −20 LUFS, or as much lower as it takes for no peak to exceed −1 dB.

# %% tags=["stub"]
def gains(levels, peaks):
    return None  # your lines here; NumPy arrays go in


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
# *Predict:* how could a clever student find out which clips are machine-made without listening?
#
# By names, order, length, loudness, file size, or tags in the sound files. So the page knows clips
# by random names only. Who made them stands in a **key** that the instructor keeps. Every rater
# hears another order. Three trials do not count as the others do: practice, a **check** (how many
# tones?), and a clip that comes **twice**, so that we see how well people agree with themselves.

# %%
from workbench.tools.listening.design import make_test

test = make_test(materials, practice_clip(), title="Drum loops", seconds=run.size(3, 8), seed=seed)
print("the page:", {k: v for k, v in test.page["trials"][0].items()})
print("the key: ", next(iter(test.key["clips"].items())))

# %% [markdown]
# Rate it yourself. Everything works by keyboard; answers survive a reload. `test.write("folder")`
# saves the page as one file that opens without Jupyter and without a network, and the key.

# %%
from workbench.tools.listening.page import EmbeddedPage

EmbeddedPage(test.page)

# %% [markdown]
# ## 4 · A class whose opinions we know
#
# *Predict:* some raters answer without listening. By what in their answers could you tell?
#
# From here on, **raters are simulated**: nobody heard anything. It is how one learns whether an
# analysis can be trusted: put known opinions in, look whether they come out. Our simulated raters
# have the opinions that the drum paper reports (means read off its chart). Each has an own leniency
# and own tastes, is not quite sure, and each clip is a bit better or worse than its source.
#
# Did you guess section 1 right? Asked for nothing, the paper's system had 3.35 for fitting the
# words, and people had 3.40. Two of our thirty answer without listening; one stops half-way.

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
# Real answers come in as files, or from the server's database (`workbench listen serve`, at the
# end). Some are broken, some belong to another test, and two people may have one name. Nothing of
# that may pass in silence.

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
# *Predict:* how many of the 95 % intervals will contain the opinion that was put in?

# %%
predict("13.2", [60.0, 80.0, 93.0], unit="%")

# %% [markdown]
# The unit is the **rater**: someone's answers depend on each other. The bootstrap samples
# raters again, with replacement, and looks how far the mean moves. Who failed the check is left
# out, by a rule that was written down before.

# %%
from workbench.tools.listening.analysis import analyse

found = analyse(test.key, answers, seed=seed)
print("left out, failed the check:", ", ".join(found.failed) or "nobody")
figures = plots.axes(1, 3, width=12, height=2.6)
for ax, scale in zip(figures, test.key["scales"], strict=True):
    rows = {m.source: (m.mean, m.interval) for m in found.means if m.scale == scale}
    plots.estimates(ax, rows, xlabel=f"{scale}, 1 to 5 (simulated raters)", truth=paper[scale])

# %%
inside = [m.interval[0] <= paper[m.scale][m.source] <= m.interval[1] for m in found.means]
reveal("13.2", 100 * sum(inside) / len(inside), f"{sum(inside)} of {len(inside)} intervals")
run.note("intervals that hold the truth (simulated)", sum(inside) / len(inside), floor="0.95")

# %% [markdown]
# *What you should have noticed:* not 95 % of them do, with few clips. The interval speaks of other
# **raters** hearing *these* clips. That a source's clips happened to be good ones is inside the
# mean, whoever rates. And answers end at 5, so high means come out a little low.
#
# ## 6 · Differences within raters
#
# *Predict:* a strict and a lenient rater agree that A is better by one point. What does an unpaired
# test see?
#
# Mostly that they are strict and lenient. So compare within each rater: $d_r$ is the rater's mean
# for one source minus that for another. If nothing differs, each $d_r$ could as well have the other
# sign. Flip signs in all $2^n$ ways, or in many random ones:
#
# $$p = \text{share of flips } s \text{ with } \Big|\sum_r s_r d_r\Big| \ge \Big|\sum_r d_r\Big|
# \qquad (1)$$
#
# *Equation (1):* code `workbench.evaluation.paired.sign_flip_test`; paper Fisher 1935, *The design
# of experiments*, section 21.
#
# ## Exercise 2 · The sign-flip test (10 minutes)
#
# *Goal:* equation (1). `flips` holds a row of signs for each flip: (flips, raters).

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
    mine = [d for d in found.differences if d.scale == scale]
    rows = {f"{d.first} − {d.second}": (d.mean, d.raters_only) for d in mine}
    true = {f"{d.first} − {d.second}": paper[scale][d.first] - paper[scale][d.second] for d in mine}
    plots.estimates(ax, rows, xlabel=f"{scale}: points (simulated)", truth=true, line=0)

# %% [markdown]
# ## 7 · Eighteen questions at once
#
# *Predict:* four sources, three scales: eighteen differences. If none is real, how many studies
# find at least one with p < 0.05?

# %%
predict("13.3", [10.0, 25.0, 60.0], unit="% of the studies")

# %% [markdown]
# Ask often enough and chance says yes. **Holm's** correction: the smallest of $m$ p values is
# multiplied by $m$, the next by $m-1$, and so on; none falls below the one before it, none exceeds
# 1. Then at most 5 % of such studies find anything at all.
#
# ## Exercise 3 · Holm's correction (10 minutes)
#
# *Goal:* the corrected p values, in the order in which they came.

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
    made = p.copy()
    made[order] = np.minimum(1, np.maximum.accumulate(stepped))
    return made


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
plots.bars(plots.axes(width=5), {"as they are": any_raw / studies, "Holm": any_holm / studies},
           ylabel="studies that find something", floor=0.05)
reveal("13.3", 100 * any_raw / studies, f"{studies} studies")
run.note("studies of nothing that find something", any_raw / studies, floor=0.05)
run.note("the same, corrected", any_holm / studies, floor=0.05)

# %%
for d in sorted(found.differences, key=lambda d: d.p)[:6]:
    low, high = d.also_prompts
    true = paper[d.scale][d.first] - paper[d.scale][d.second]
    print(f"{d.scale:8} {d.first + ' − ' + d.second:24} put in {true:+.2f} found {d.mean:+.2f}, "
          f"with other clips {low:+.2f} to {high:+.2f}; p {d.p:.4f}, corrected {d.corrected:.3f}")
apt = next(d for d in found.differences
           if (d.scale, d.first, d.second) == ("aptness", "BERT", "empty prompt"))
run.note("aptness, BERT − empty prompt (simulated)", apt.mean, paper=0.24, floor=0.0)

# %% [markdown]
# *What you should have noticed:* without the correction many studies "find" something
# where nothing is. Now compare *put in* and *found* in our class. The correction guards against
# luck among raters, not against clips that happen to be good or bad: even what survives it may not
# be what was put in. The interval that draws other clips, too, is wider, and more honest. And 0.24
# points of aptness are too little to be found by thirty raters, see section 10.
#
# ## 8 · Do raters agree?
#
# *Predict:* alpha is 1 for full agreement and 0 for chance. What will the class reach on novelty?

# %%
predict("13.4", [0.1, 0.3, 0.6])

# %% [markdown]
# **Krippendorff's alpha** compares the disagreement about a clip with that among all ratings. For
# ratings from all raters on all clips:
#
# $$\alpha = 1 - \frac{D_o}{D_e} \qquad (2)$$
#
# *Equation (2):* code `workbench.evaluation.agreement.krippendorff_alpha`; paper Krippendorff 2011.
#
# $D_o$: squared difference of two raters' ratings of a clip, mean over pairs and clips. $D_e$: the
# same over all pairs of ratings, whatever clip (none with itself). With missing ratings and ranks
# it takes more care: `krippendorff_alpha`.
#
# ## Exercise 4 · Alpha (10 minutes)
#
# *Goal:* equation (2) for a full table (raters, clips). `combinations` gives all pairs.

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
for a, b in zip(found.agreement, lenient.agreement, strict=True):
    low, high = a.interval
    print(f"{a.scale}: alpha {a.alpha:.2f} ({low:.2f} to {high:.2f} over clips), with those who "
          f"failed the check {b.alpha:.2f};\n    two answers of one rater {a.self_distance:.2f} "
          f"points apart, of two raters {a.other_distance:.2f}")
    run.note(f"alpha, {a.scale} (simulated)", a.alpha, floor=0.0)
    if a.scale == "novelty":
        reveal("13.4", a.alpha)

# %% [markdown]
# *What you should have noticed:* alpha is low. That does not make the means wrong: people differ in
# taste, and thirty of them still have a mean. It says that one rater's opinion is worth little, and
# that "the best system" is nobody's in particular.
#
# ## 9 · Or ask: A or B?
#
# *Predict:* what do pairs tell better than points, and what not at all?
#
# Choosing is easier than giving points, and leniency drops out. The **Bradley–Terry** model puts
# all sources on one scale of strengths $s$:
#
# $$P(i \text{ chosen over } j) = \frac{1}{1 + e^{\,s_j - s_i}} \qquad (3)$$
#
# *Equation (3):* code `workbench.evaluation.preference.bradley_terry`; paper Bradley and Terry
# 1952.
#
# One more thing to watch: whether A is chosen because it comes first.

# %%
pairs = make_test(materials, practice_clip(), design="ab", seconds=2, seed=seed)
put_in = {"preference": {"human": 0.6, "BERT": 0.2, "keywords": 0.0, "empty prompt": -0.8}}
class_ab = simulate_class(pairs.key, put_in, 30, Raters(0.0, 0.3, 0.2, 0.0), seed=seed)
for number, record in enumerate(class_ab):
    (folder / f"{number:02d}.json").write_text(json.dumps(record))
chosen = analyse(pairs.key, merge([folder], pairs.key).answers, seed=seed)
rows = {s.source: (s.strength, s.interval) for s in chosen.strengths}
plots.estimates(plots.axes(width=6, height=2.2), rows, truth=put_in["preference"],
                xlabel="strength in logits (simulated raters)")
share, (low, high) = chosen.side
print(f"A was chosen in {share:.0%} of pairs, {low:.0%} to {high:.0%}")

# %% [markdown]
# *What you should have noticed:* pairs order the sources with fewer answers, and say nothing of how
# good the best one is: all strengths are relative, their mean is 0.
#
# ## 10 · How many raters?
#
# *Predict:* how many raters does the paper's aptness effect need, BERT over the empty prompt?
#
# What a rater's difference varies by has two parts: taste, which stays, and noise, which more clips
# average out. With $n$ raters and $k$ clips of each source,
#
# $$\sigma_d^2 = 2\,\sigma_{\text{taste}}^2 + \frac{2\,\sigma_{\text{noise}}^2}{k}, \qquad
# n \approx \left(\frac{(1.96 + 0.84)\;\sigma_d}{\text{effect}}\right)^2 \qquad (4)$$
#
# finds a true effect four times in five. `raters_needed` does it exactly, by the noncentral t; and
# a simulation, which knows no formula, is held against it.
#
# *Equation (4):* code `workbench.evaluation.power.raters_needed`; paper Cohen 1988, chapter 2.

# %%
from workbench.evaluation.power import power_of, raters_needed, simulated_power

effect = paper["aptness"]["BERT"] - paper["aptness"]["empty prompt"]
plain = Raters(taste=0.4, clips=0.0, noise=0.8)
numbers = [8, 15, 30, 60, 120]
curves = {"formula": [power_of(effect, plain.sd(6), n) for n in numbers],
          "simulated": [simulated_power(effect, n, 6, plain, studies=run.size(60, 300), seed=seed)
                        for n in numbers]}
plots.lines(plots.axes(width=6), numbers, curves, xlabel="raters", ylabel="chance to find it")
for clips in (2, 6, 20, 1000):
    needed = raters_needed(effect, plain.sd(clips))
    strict = raters_needed(effect, plain.sd(clips), alpha=0.05 / 18)
    print(f"{clips:4} clips a source: {needed} raters; as one of 18 questions {strict}")
run.note("raters for the paper's aptness effect", raters_needed(effect, plain.sd(6)),
         paper="12 raters in MusicLDM's test")

# %% [markdown]
# *What you should have noticed:* more clips help at first, then taste is what is left, and only
# more raters help. And here is the trap that most listening tests fall into (Clark, 1973): two
# clips a source, many raters, and sources that do **not** differ.

# %%
trap = {}
for clips in (2, 6, 20):
    uneven = Raters(taste=0.4, clips=0.4, noise=0.8)
    trap[f"{clips} clips"] = simulated_power(0.0, 40, clips, uneven, studies=run.size(60, 300))
plots.bars(plots.axes(width=5), trap, ylabel="studies that find a difference", floor=0.05,
           title="no source is better than the other")
run.note("two clips a source: differences found where none is", trap["2 clips"], floor=0.05)

# %% [markdown]
# *What you should have noticed:* the test is right about these clips and wrong about the sources.
# More raters make it worse. Use many clips, and read the interval over raters *and* prompts.
#
# ## 11 · With a real class
#
# *Predict:* which of your own habits as a listener would spoil the answers, if you rated your own
# system?
#
# On the command line, with thirty people in one network:
#
# ```sh
# workbench listen make --out test                  # test.html to hand out, key.json to keep
# workbench listen serve test                       # prints the address to open
# workbench listen merge test --key test/key.json   # answers.csv; says what was left out, and why
# workbench listen analyse answers.csv --key test/key.json
# ```
#
# Without a network, hand out `test.html` and collect the files that it saves. For clips of any
# other system, sound or MIDI: `workbench listen make --clips folder`, with a folder for each source
# and files named by their words.
#
# ## Mini-project · One question, asked of people (an hour, and a class)
#
# Write down one question and the rule by which you will answer it, **before** you listen: which
# difference, which scale, how many raters (section 10), what is left out. Then run the test with
# your class, analyse it once, and report that one answer, whatever it is.
#
# ## You can now
#
# You made a blind listening test, rated it, and found out what a class's answers say, how surely,
# and how many raters it would take to say more.
#
# *One limitation heard:* every clip here comes from one sampled drum kit. The test says nothing
# about how people would rate the same beats played by a drummer.
#
# *Terms:* blind · control · loudness · sign-flip test · Holm's correction · Krippendorff's alpha ·
# Bradley–Terry · power · rater
#
# *Next:* [lesson 14](14_people.ipynb) asks whose music it is; or let people judge your own system.

# %%
from workbench import quiz

quiz("13")

# %%
run.finish()
