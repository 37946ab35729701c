# %% [markdown]
# # Capstone: fool the judge, fool the class
#
# [Index of the course](../00_start_here.ipynb) · needs lessons
# [05](../05_latent_diffusion.ipynb), [12](../12_evaluation.ipynb),
# [13](../13_listening_test.ipynb) and [14](../14_people.ipynb)
#
# **Task.** Take music of your own, or of somebody who agrees. Build a system that plays like it.
# Then ask two judges whether they can tell your system from the people: a classifier, and your
# class in a blind test. A team of two or three needs about six hours. The rubric is in the guide
# for instructors.
#
# **Rules.** State the licence before anything else. Hold out some of the music, and measure whether
# your system copies: whoever hands out a copy fools everybody, and has built nothing. Before anyone
# listens, write down how many raters you need and which answers you will leave out.
#
# This notebook is a complete small example with drum loops. Replace its data first, then its
# systems.

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop (minutes), gpu, paper
dataset = "builtin"  # a folder of your own MIDI files with drums; or "groove", "builtin"
seed = 0  # of everything random
made_by = ""  # your own folder: who made the music
licence = ""  # your own folder: the licence, and for which use its makers agreed
out = "fool-the-judge"  # folder for what this notebook writes
answers_in = ""  # folder of the answers of your class; "" simulates a class

# %% [markdown]
# ## 1 · Whose music, by which licence
#
# For a set of the catalogue both are known. For a folder of your own the next cell insists on them.

# %%
import json
from pathlib import Path

import numpy as np

from workbench import DrumLDM, Region, load, plots, start
from workbench.datasets import CATALOGUE, cut_loops
from workbench.errors import WorkbenchError

run = start("fool_the_judge", profile=profile, dataset=dataset, seed=seed)
if run.dataset in CATALOGUE:
    made_by, licence = CATALOGUE[run.dataset].citation, CATALOGUE[run.dataset].licence
if not (made_by.strip() and licence.strip()):
    raise WorkbenchError("made_by and licence must both be given: whose music, for which use")
out = Path(out)
out.mkdir(parents=True, exist_ok=True)
statement = f"Music: {run.dataset}\nMade by: {made_by}\nLicence: {licence}\n"
(out / "statement.txt").write_text(statement, encoding="utf-8")
print(statement)

# %% [markdown]
# ## 2 · People's loops, with some held out
#
# Training and test files are different pieces. In a folder of your own, sub-folders named `train`
# and `test` decide; otherwise about one file in ten is held out.

# %%
from workbench.representations.drum_roll import DrumRoll, rolls_of

BARS = 4
most = run.size(60, 600)
training, held_out = (
    cut_loops(load(run.dataset, split=split, limit=most), bars=BARS, hop_bars=BARS)[:most]
    for split in ("train", "test")
)
count = min(len(held_out), run.size(12, 60))
held_out = held_out[:: max(1, len(held_out) // count)][:count]
print(f"{len(training)} loops to learn from, {count} held out")
held_out[0]

# %% [markdown]
# ## 3 · Two systems
#
# The first is **trained** on this music: a Markov chain of sixteenths, as in lesson 14. The second
# is **conditioned** on it: DrumLDM receives the first bar of a training loop and plays on. Replace
# one of them by your own: `DrumLDM.train(dataset, profile="laptop")`, another prompt, your code.

# %%
from workbench.models.drum_chain import DrumChain


def played(roll, tempo, source):
    """A roll (steps, 27) as a clip."""
    return DrumRoll.from_array(roll, tempo=tempo).to_clip("drums", source=source)


tempi = [clip.tempo for clip in held_out]
chain = DrumChain().fit([DrumRoll.from_clip(clip).to_array() for clip in training])
made = {"chain": [played(chain.sample(BARS, seed + i), tempo, "chain")
                  for i, tempo in enumerate(tempi)]}

# %%
ldm = DrumLDM.from_pretrained("drums-groove-bert")
starts = training[:: max(1, len(training) // count)][:count]
made["DrumLDM"] = [ldm.inpaint(clip, Region(bars=(1, BARS)), seed=seed + i)[0]
                   for i, clip in enumerate(starts)]
made["DrumLDM"][0]

# %% [markdown]
# ## 4 · No copies
#
# The distance to the nearest training loop, in cells that differ (lesson 14). Held-out loops by
# people are the floor: a system whose loops are much nearer to its training data has copied. The
# first bar of DrumLDM's loops *is* from a training loop, so only bars 2 to 4 are compared.

# %%
from workbench.evaluation.patterns import binary_cells, nearest


def last_bars(clips):
    """Hits of all bars but the first: (n, cells)."""
    return binary_cells(rolls_of(clips)[:, 16:])


near = {name: nearest(last_bars(clips), last_bars(training))
        for name, clips in {"people, held out": held_out, **made}.items()}
plots.histogram(plots.axes(width=8), near, bins=12,
                xlabel="cells that differ from the nearest training loop")
for name, distances in near.items():
    print(f"{name}: median {np.median(distances):.0f}, copies {(distances == 0).sum()}")

# %% [markdown]
# ## 5 · Fool the judge
#
# Several classifiers are trained to tell held-out loops from generated ones, and are tested on
# loops that they have not seen (lesson 12). An accuracy of 0.5 is chance: the judge is fooled. The
# floor is what the same judge makes of two sets by people. Whoever beats the floor has done
# something wrong: a system cannot be more like people than people are.

# %%
from workbench.evaluation.classifiers import separability


def features(clips):
    """What the judge knows of each loop: hits, velocities and timing of bars 2 to 4."""
    return rolls_of(clips)[:, 16:].reshape(len(clips), -1)


verdicts, pieces = {}, [str(clip.labels.get("performance", i)) for i, clip in enumerate(held_out)]
for name, clips in {"people": starts, **made}.items():
    own = [f"{name} {i}" for i in range(len(clips))]
    verdicts[name] = separability(features(held_out), features(clips), pieces, own, seed=seed)
plots.estimates(plots.axes(width=7, height=2.2),
                {name: (v.accuracy, v.interval) for name, v in verdicts.items()},
                xlabel="accuracy of the judge (0.5: cannot tell them from held-out loops)")
for name in made:
    run.note(f"judge's accuracy, {name}", verdicts[name].accuracy,
             floor=f"people {verdicts['people'].accuracy:.2f}")

# %% [markdown]
# ## 6 · Fool the class: the plan, before anyone listens
#
# You have fooled the class if its ratings of your system are not lower than those of people by half
# a point or more. How many raters can tell a difference of half a point from none?

# %%
from workbench.evaluation.power import Raters, raters_needed

prompts = run.size(2, 6)  # clips per source
needed = raters_needed(0.5, Raters().sd(prompts))
plan = {"difference": 0.5, "clips per source": prompts, "raters needed": needed,
        "left out": "whoever fails the check"}
(out / "plan.json").write_text(json.dumps(plan, indent=1), encoding="utf-8")
print(plan)

# %% [markdown]
# The blind test itself is one page that opens without Jupyter. Hand out `test.html`, keep
# `key.json`, and collect the files that the page saves.

# %%
from workbench.tools.listening.design import Material, make_test
from workbench.tools.listening.materials import practice_clip

names = [f"loop {i + 1}" for i in range(prompts)]
materials = [Material(source, name, clip)
             for source, clips in {"people": held_out, **made}.items()
             for name, clip in zip(names, clips, strict=False)]
test = make_test(materials, practice_clip(), title="People or machine?",
                 seconds=run.size(3, 8), seed=seed)
page, key = test.write(out)
print(f"hand out {page}, keep {key}")

# %% [markdown]
# ## 7 · Fool the class: the answers
#
# Without `answers_in` the class is **simulated**: nobody heard anything, and the opinions are made
# up (people half a point better). This shows what the table will look like.

# %%
import tempfile

from workbench.tools.listening.analysis import analyse
from workbench.tools.listening.answers import merge
from workbench.tools.listening.simulated import simulate_class

folder = Path(answers_in or tempfile.mkdtemp())
if not answers_in:
    opinion = {scale: {"people": 3.5, "chain": 3.0, "DrumLDM": 3.0} for scale in test.key["scales"]}
    for i, record in enumerate(simulate_class(test.key, opinion, max(8, needed), seed=seed)):
        (folder / f"{i:02}.json").write_text(json.dumps(record), encoding="utf-8")
found = analyse(test.key, merge([folder], test.key).answers, seed=seed)
kind = "raters" if answers_in else "simulated raters"
rows = {m.source: (m.mean, m.interval) for m in found.means if m.scale == "quality"}
plots.estimates(plots.axes(width=6, height=2.2), rows, xlabel=f"quality, 1 to 5 ({kind})")

# %%
for difference in found.differences:
    if difference.scale == "quality" and "people" in (difference.first, difference.second):
        sign = 1 if difference.first == "people" else -1
        ends = sorted(sign * end for end in difference.also_prompts)
        other = difference.second if sign == 1 else difference.first
        verdict = "fooled" if ends[1] < 0.5 else "not fooled" if ends[0] > 0 else "not decided"
        print(f"people − {other}: {sign * difference.mean:+.2f} points "
              f"({ends[0]:+.2f} to {ends[1]:+.2f}): the class is {verdict}")
        run.note(f"people minus {other}, quality ({kind})", sign * difference.mean, unit="points")
run.finish()

# %% [markdown]
# ## Hand in
#
# - `statement.txt` and `plan.json`, written before the test; the answers; this notebook, executed.
# - One page: what you changed and why; what the judge noticed that people did not, or the reverse;
#   one loop that fooled nobody; how you would credit the people in section 1.
#
# A system that fools nobody can earn all points if the page says why.
