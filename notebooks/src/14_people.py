# %% [markdown]
# # 14 · People
#
# [13 The listening test](13_listening_test.ipynb) · [index](00_start_here.ipynb)
#
# **You will** read the licences of the data that this course is made of, measure and hear whether a
# system copies, find out which person's absence changes a loop, and put a watermark into a loop.
#
# **Needs** lessons 01 (data) and 05 (the system that plays); what a logarithm of a probability is
# (lesson 02 and [probability](refreshers/probability.ipynb)); a training loop in
# [PyTorch](refreshers/pytorch.ipynb). Sections 1 to 5 take about 70 minutes with their exercises;
# 6 to 8 take another 50.
# **Time and memory:** printed below. **Exercises:** 35 minutes. **Library:**
# `workbench.datasets.catalogue`, `workbench.evaluation.patterns`,
# `workbench.evaluation.attribution`, `workbench.models.drum_chain`,
# `workbench.systems.provenance`. **Papers:** arXiv 2408.02711 (distances between loops), arXiv
# 2301.13188 (copies by diffusion models), arXiv 2008.03703 (memorisation and influence), arXiv
# 1904.02868 (Shapley values of data), arXiv 2301.10226 (watermarks).

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop (minutes), gpu, paper
dataset = "groove"  # drum loops by people: "groove"; or "builtin", where styles replace drummers
seed = 0  # of everything random
train = False  # what this notebook trains takes a minute in any case

# %%
from workbench import DrumLDM, load, plots, predict, reveal, start

run = start("14", profile=profile, dataset=dataset, seed=seed, train=train)

# %% [markdown]
# ## 1 · Whose music is this course made of?
#
# A **licence** says what everybody may do with a work. CC0 requires nothing. CC BY requires that
# the author is named (**attribution**). MIT requires that the copyright notice and the text of the
# licence stay with every copy. NC forbids commercial use. SA requires that works made from the work
# have the same licence. The list below comes from the catalogue and from the training records of
# the shipped checkpoints.
#
# *Predict:* the systems that you have used were trained on several data sets. How many of these
# sets are under CC BY, at least in part?

# %%
predict("14.1", [2, 4], unit="sets under CC BY")

# %%
from workbench.datasets import CATALOGUE
from workbench.systems.registry import SYSTEMS
from workbench.systems.storage import trained_on

used = {}
for entry in SYSTEMS.values():
    for name in trained_on(entry.checkpoint).split("+"):
        used.setdefault(name, []).append(entry.name)
for name, systems in used.items():
    data = CATALOGUE[name]
    print(f"{name}: {data.licence}\n    {data.size}\n    trains {', '.join(systems)}")
    print(f"    by: {data.citation}")
by = [name for name in used if "CC BY" in CATALOGUE[name].licence]
run.note("data sets that trained the shipped systems", len(used))
run.note("of these, some or all of it under CC BY", len(by))

# %%
reveal("14.1", len(by), ", ".join(by))

# %% [markdown]
# *What you should have noticed:* every set has a licence that allows this use. But who agreed to
# what? The ten drummers of Groove were recorded for this data set, and those who play most of it
# were paid. The arrangements of POP909 are by professional musicians; the licence does not say what
# the writers of the 909 songs agreed to. The songs of OpenScore are by composers who died long ago.
# The musicians of the CC clips allowed any use, with credit (CC BY) or without (CC0), in licences
# that do not mention training. **Consent** means that a person knows the use and agrees to it. A
# licence may be evidence of consent, but it is not the same.
#
# Law differs between countries and changes. In the EU, a rightholder may reserve works from text
# and data mining (Directive 2019/790, article 4), but not from mining by research organisations
# (article 3). Providers of general-purpose models have to publish a summary of their training data
# (Regulation 2024/1689, article 53). Ask a lawyer before you rely on any of it.
#
# ## 2 · Who is in the data?
#
# The next cell counts the minutes of training music by each drummer. (Nobody plays in the built-in
# corpus; there, styles take the place of drummers.)
#
# *Predict:* which share of the minutes of training music is by the drummer who plays most?

# %%
predict("14.2", [15.0, 30.0, 50.0], unit="%")

# %%
from collections import Counter

import numpy as np

from workbench.representations.drum_roll import DrumRoll, tile

played = {"train": {}, "test": {}}
for split, people in played.items():
    for clip in load(run.dataset, split=split, limit=run.size(120, 1000)):
        if clip.meter == (4, 4) and clip.labels.get("bar_lines") != "off":
            who = str(clip.labels.get("drummer") or clip.labels.get("style") or "unknown")
            people.setdefault(who, []).append(clip)
minutes = {who: sum(clip.duration for clip in clips) / 60 for who, clips in played["train"].items()}
minutes = dict(sorted(minutes.items(), key=lambda item: -item[1])[:10])  # the ten who play most
rolls = {who: [DrumRoll.from_clip(clip).to_array() for clip in played["train"][who]]
         for who in minutes}
plots.ranking(plots.axes(width=7), minutes, xlabel="minutes of training music")
largest = max(minutes.values()) / sum(minutes.values())
run.note("share of the person who plays most", largest, floor=1 / len(minutes))

# %%
reveal("14.2", 100 * largest)

# %% [markdown]
# *What you should have noticed:* a large part of the training music may come from two or three
# people. Then "funk" means, for the model, how they play funk. Ways of playing that the data lack
# are missing in what the model generates, too.
#
# ## 3 · Does it copy?
#
# **Memorisation** means that a model stores training music, so that it may generate it again. A
# small distance to the training data does not prove it. Many patterns are played by everybody, and
# a backbeat is near to thousands of loops. So the distances are compared with those of people's
# held-out loops. A loop $x$ has a 0 or a 1 for each cell $i$ (step and drum). Its distance to the
# training data is the distance to the nearest training loop $y$:
#
# $$d(x) = \min_{y \in \text{training}} \sum_i |x_i - y_i| \qquad (1)$$
#
# *Equation (1):* code `workbench.evaluation.patterns.nearest`; paper arXiv 2408.02711, which
# measures such distances.
#
# *Predict:* which loops are nearer to the training data, by the median of their distances: those
# that DrumLDM generates, or those that people played in held-out sessions?

# %%
predict("14.3", ["the generated loops", "the held-out loops of people", "both alike (within 10 %)"])

# %% [markdown]
# ## Exercise 1 · The nearest loop (5 minutes)
#
# *Level:* easy. *Goal:* equation (1) for each of the `loops` (n, cells), with the training loops
# `training` (m, cells); both are arrays of True and False.

# %% tags=["stub"]
def nearest_distance(loops, training):
    return None  # your lines here; (n,) numbers


# %% tags=["check"]
from workbench.course.teaching import check_nearest

check_nearest(nearest_distance)

# %% tags=["solution"]
def nearest_distance(loops, training):
    return np.array([(loop != training).sum(1).min() for loop in loops])


# %%
from workbench.evaluation.patterns import binary_cells, hamming, nearest

BARS, HOP = 8, 2


def windows(roll):
    """Eight bars every two bars; a shorter performance is repeated, as in training."""
    steps = max(16, len(roll) // 16 * 16)
    if steps < 16 * BARS:
        return [tile(roll[:steps], 16 * BARS)]
    return [roll[i : i + 16 * BARS] for i in range(0, steps - 16 * BARS + 1, 16 * HOP)]


training, owners = [], []  # whose each window is
for who, own in rolls.items():
    for number, roll in enumerate(own):
        cut = windows(roll)
        training += cut
        owners += [(who, number)] * len(cut)
training = binary_cells(np.stack(training))
test = [clip for clips in played["test"].values() for clip in clips]
first_windows = [windows(DrumRoll.from_clip(clip).to_array())[0] for clip in test]
people = binary_cells(np.stack(first_windows))

# %%
system = DrumLDM.from_pretrained("drums-groove-bert")
prompts = [clip.caption for clip in test][:: max(1, len(test) // run.size(8, 60))]
loops = system.generate(prompts, bars=BARS, seed=seed)
generated = binary_cells(np.stack([DrumRoll.from_clip(clip).to_array() for clip in loops]))
near = {"people, held out": nearest(people, training), "DrumLDM": nearest(generated, training)}
plots.histogram(plots.axes(width=8), near, bins=np.arange(0, 241, 12),
                xlabel=f"cells that differ from the nearest of {len(training)} training loops")
middle = {name: float(np.median(values)) for name, values in near.items()}
for name, values in near.items():
    print(f"{name}: median {middle[name]:.0f} cells of {training.shape[1]}, "
          f"nearest {values.min()}, exact copies {(values == 0).sum()} of {len(values)}")
run.note("cells from the nearest training loop, median", middle["DrumLDM"],
         floor=f"people {middle['people, held out']:.0f}")

# %%
apart = middle["DrumLDM"] / max(1.0, middle["people, held out"])
right = "the generated loops" if apart < 0.9 else "the held-out loops of people"
reveal("14.3", "both alike (within 10 %)" if 0.9 <= apart <= 1.1 else right)

# %% [markdown]
# A median does not show the few loops that are nearest. So listen to the *nearest* pair: of all
# generated loops the one with the smallest distance, and the training performance to which it is
# nearest. The second pair is the same for people's held-out loops. (A performance shorter than
# eight bars was repeated for the comparison; you hear it once.)

# %%
from workbench.course.widgets import compare


def nearest_pair(cells, clips):
    """The clip that is nearest to the training data, the training clip, and their distance."""
    distances = hamming(cells, training)
    mine, other = np.unravel_index(distances.argmin(), distances.shape)
    who, number = owners[other]
    start = 4 * HOP * (other - owners.index(owners[other]))  # beats from the first window
    source = played["train"][who][number]
    length = min(4 * BARS, source.beats - start)
    return clips[mine].excerpt(0, 4 * BARS), source.excerpt(start, length), distances[mine, other]


pairs = [nearest_pair(generated, loops), nearest_pair(people, test)]
titles = []
for name, (_, source, distance) in zip(("generated", "held out"), pairs, strict=True):
    titles += [f"{name}, {distance} cells from…", f"… its nearest: {source.source}"]
compare([clip for mine, source, _ in pairs for clip in (mine, source)], titles)

# %% [markdown]
# *What you should have noticed:* judge by ear whether the first pair is "the same beat", and
# whether the second is. Two drummers who never met may play the same eight bars of rock, and few
# people would call this a copy. And comparing cells does not find a copy that is shifted or played
# on other drums.
#
# ## Exercise 2 · How many are suspicious? (5 minutes)
#
# *Level:* easy. *Goal:* the share of generated loops whose distance is smaller than the 5 %
# quantile of people's distances. `generated` and `people` are arrays of distances.

# %% tags=["stub"]
def suspects(generated, people):
    return None  # your line here


# %% tags=["check"]
from workbench.course.teaching import check_suspects

check_suspects(suspects)

# %% tags=["solution"]
def suspects(generated, people):
    return (generated < np.quantile(people, 0.05)).mean()


# %%
limit = np.quantile(near["people, held out"], 0.05)
suspicious = float((near["DrumLDM"] < limit).mean())
print(f"{suspicious:.0%} of generated loops are nearer than {limit:.0f} cells")
run.note("generated loops nearer than 95 % of people's", suspicious, floor=0.05)

# %% [markdown]
# *What you should have noticed:* if a system's distances are distributed like people's, about 5 %
# of its loops are that near; this is the floor. Many more are a reason to listen to them. Many
# fewer show only that the system plays differently from people. With few loops the share is
# uncertain: of nine loops, a single one is 11 %.
#
# ## 4 · In the style of …
#
# For each drummer a small model is trained on this drummer alone: a Markov chain (lesson 09) of
# sixteenths. A token is the set of drums that are hit at a sixteenth, with its place in the bar.
# Training a chain takes about a second. A loop is attributed to the drummer whose chain gives it
# the highest probability.
#
# *Predict:* which share of the loops that the chains generate is attributed to the right drummer?

# %%
predict("14.4", [40.0, 70.0, 90.0], unit="%")

# %%
from workbench.models.drum_chain import DrumChain

chains = {who: DrumChain().fit(own) for who, own in rolls.items()}


def attributed(roll):
    """The person whose chain gives the roll the highest probability."""
    return min(chains, key=lambda who: chains[who].nll(roll))


each = run.size(2, 10)
imitations = [(who, chains[who].sample(8, seed + n)) for who in chains for n in range(each)]
known = [(who, DrumRoll.from_clip(clip).to_array()) for who, clips in played["test"].items()
         if who in chains for clip in clips[:: max(1, len(clips) // (3 * each))]]
right = {"imitations": np.mean([attributed(roll) == who for who, roll in imitations])}
if known:
    right["the person, held out"] = np.mean([attributed(roll) == who for who, roll in known])
print({name: f"{share:.0%}" for name, share in right.items()})
plots.bars(plots.axes(width=5), right, ylabel="attributed to the right person",
           floor=1 / len(chains))
run.note("imitations attributed to the person imitated", right["imitations"],
         floor=1 / len(chains))

# %%
reveal("14.4", 100 * float(right["imitations"]))

# %%
def audible(roll, caption):
    """A roll (steps, 27) as a clip."""
    return DrumRoll.from_array(roll, tempo=100.0).to_clip(caption, source="Markov chain")


famous = list(chains)[:3]
compare([audible(chains[who].sample(4, seed), f"in the style of {who}") for who in famous])

# %% [markdown]
# *What you should have noticed:* at laptop size, an imitation is attributed to the right person
# more often than another session of this person. One reason is that the chain that generated the
# imitation also takes part in the decision. A judge that was trained on other performances may be
# less certain. Copyright protects works, and related rights protect recordings (TRIPS agreement,
# article 14). Ideas and methods as such are free (article 9), and a style usually counts as an
# idea. Should it be allowed to sell thousands of loops in the style of a person? This is a question
# for the debate below.
#
# ## 5 · Whose absence changes this loop?
#
# The word **attribution** has a second meaning: finding the training data on which a result
# depends. It is mostly estimated, because it is too expensive to train a large model again without
# each musician. A chain is trained in a second, so here it can be computed exactly. $P$ is the
# chain that was trained on all people, and $P_{-p}$ the one that was trained without the person
# $p$. For a loop $x$ the absence of $p$ costs
#
# $$\Delta_p(x) = \log P(x) - \log P_{-p}(x) \qquad (2)$$
#
# nats. The figure divides this by the number of steps. A loop *owes most* to the person whose
# absence costs most.
#
# *Equation (2):* code `workbench.evaluation.attribution.leave_one_out`; paper arXiv 2008.03703,
# section 1.1, here with a single training for each set of data.
#
# *Predict:* a chain that was trained on all people generates loops. Which share of them owes most
# to the person who plays most?

# %%
predict("14.5", [25.0, 50.0, 75.0], unit="%")

# %%
from workbench.evaluation.attribution import leave_one_out

whole = DrumChain().fit([roll for own in rolls.values() for roll in own])
results = [whole.sample(8, seed + number) for number in range(run.size(6, 20))]


def cost(names):
    """Train on these people; nats per step of each result."""
    chain = DrumChain().fit([roll for who in names for roll in rolls[who]])
    return [chain.nll(roll) for roll in results]


missed = leave_one_out(cost, list(rolls))
table = np.stack(list(missed.values()))  # (people, results)
plots.matrix(plots.axes(width=8, height=3), table, "cost of leaving each person out",
             rows=list(missed), columns=[str(i + 1) for i in range(len(results))],
             unit="nats per step")
owed = [list(missed)[place] for place in table.argmax(0)]
biggest = max(minutes, key=minutes.get)
print(Counter(owed).most_common())
run.note("loops owed most to the person who plays most",
         float(np.mean([who == biggest for who in owed])), floor=1 / len(rolls))

# %%
reveal("14.5", 100 * float(np.mean([who == biggest for who in owed])))

# %% [markdown]
# A simpler attribution takes the player of the nearest training loop. The first line below shows
# how often this is the person to whom the loop owes most. Then you hear one loop twice, generated
# with the same random numbers: by the chain of all people, and by the chain without the person to
# whom it owes most.

# %%
cells = binary_cells(np.stack(results))
guessed = [owners[place][0] for place in hamming(cells, training).argmin(1)]
agree = float(np.mean([a == b for a, b in zip(guessed, owed, strict=True)]))
always = max(Counter(owed).values()) / len(owed)
print(f"the player of the nearest loop is right in {agree:.0%} of loops; the most frequent name "
      f"would be right in {always:.0%}")
run.note("nearest loop names the right person", agree, floor=always)
most = int(table.max(0).argmax())  # the loop that owes most to one person
without = DrumChain().fit([r for who, own in rolls.items() if who != owed[most] for r in own])
again = without.sample(8, seed + most)
changed = (again[:, :9] != results[most][:, :9]).any(1)
print(f"without {owed[most]}, {changed.mean():.0%} of steps change, the first is step "
      f"{changed.argmax() + 1 if changed.any() else '–'}")
compare([audible(results[most], "trained on all"), audible(again, f"without {owed[most]}")])

# %% [markdown]
# *What you should have noticed:* after the first step that differs, all later steps may differ,
# because each step depends on those before it. And the player of the nearest loop is only an
# estimate: compare the two printed shares.
#
# A network may behave differently from this chain, because each of its weights depends on all
# people. The next cells train a small latent diffusion model without each of the five people who
# play most (two at smoke size). The model is the denoiser of lesson 05, section 7, without text.
# The encoder and the decoder are those of DrumLDM, which were trained on everybody. All trainings
# begin with the same weights and receive the same loops in the same order; only the loops of the
# person who is left out are replaced by others. For the **floor**, the same number of loops is left
# out, chosen at random from all people.

# %%
import torch

from workbench.datasets import cut_loops

torch.set_num_threads(1)  # in a small network, several threads mostly wait for each other
people_of = sorted(rolls, key=lambda who: -minutes[who])
loops_of = {who: list(cut_loops(played["train"][who], bars=4, hop_bars=4)) for who in people_of}
step = 1 + sum(map(len, loops_of.values())) // run.size(60, 1500)  # every step-th loop
loops_of = {who: own[::step] for who, own in loops_of.items()}
whose = np.repeat(people_of, [len(loops_of[who]) for who in people_of])
latents = system.encode([loop for own in loops_of.values() for loop in own]).clone()
print({who: len(own) for who, own in loops_of.items()})


# %%
from workbench.models.denoisers import TransformerDenoiser


def no_text(rows):
    """Neither text nor tempo."""
    return torch.zeros(rows, 1), torch.zeros(rows), torch.zeros(rows, 2)


# %%
def train_on(keep, batch=32, rate=3e-3):
    """A small denoiser, trained on the loops where `keep` is true."""
    torch.manual_seed(seed)
    net = TransformerDenoiser(latents.shape[-1], 1, run.size(32, 64), depth=2, heads=4, bars=4)
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate)
    kept = torch.tensor(np.flatnonzero(keep))
    keep = torch.tensor(keep)
    steps = run.size(5, 150)
    for number in range(steps):
        pick = torch.randint(len(latents), (batch,))
        other = kept[torch.randint(len(kept), (batch,))]  # instead of loops that are left out
        x0 = latents[torch.where(keep[pick], pick, other)]
        loss = system.diffusion.loss(net, x0, *no_text(batch))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        optimizer.param_groups[0]["lr"] = rate * (1 - number / steps)
    return net


# %%
from workbench.models.samplers import dpm_solver


def play(net):
    """Rolls of four bars, always from the same noise."""
    rows = run.size(4, 16)
    noise = torch.randn(rows, *latents.shape[1:], generator=torch.Generator().manual_seed(seed))

    def denoise(x, t):
        t = torch.full((rows,), t)
        with torch.no_grad():
            return system.diffusion.split(net(x, t, *no_text(rows)), x, t)

    z = dpm_solver(denoise, noise, system.diffusion.alphas_bar, 20)
    return system.decode_rolls(z)[..., :27]


# %%
random = np.random.default_rng(seed)
by_all = play(train_on(np.ones(len(latents), bool)))
hits = binary_cells(by_all)
absent, moved, at_random = {}, {}, {}
for who in people_of[: run.size(2, 5)]:
    absent[who] = play(train_on(whose != who))
    alike = play(train_on(random.permutation(whose != who)))  # as many loops of anybody
    moved[who] = float((binary_cells(absent[who]) != hits).mean() * hits.shape[1])
    at_random[who] = float((binary_cells(alike) != hits).mean() * hits.shape[1])
    print(f"without {who}: {moved[who]:.1f} of {hits.shape[1]} cells of a loop change; "
          f"without as many loops at random: {at_random[who]:.1f}")

# %%
ax = plots.axes(width=7)
none = [np.nan] * len(moved)  # points without intervals
plots.intervals(ax, list(moved), list(moved.values()), none, none, label="without the person")
plots.intervals(ax, list(moved), list(at_random.values()), none, none, curve=1,
                label="without as many loops at random")
ax.set(ylabel="cells of a loop that change")
ax.legend(frameon=False, labelcolor=plots.INK, fontsize=9)
first = max(moved, key=lambda who: moved[who] - at_random[who])
run.note("cells of a loop that change without one person", moved[first],
         floor=f"{at_random[first]:.1f} at random")

# %%
place = int((binary_cells(absent[first]) != binary_cells(by_all)).sum(1).argmax())
compare([audible(by_all[place], "diffusion, trained on all"),
         audible(absent[first][place], f"diffusion, without {first}")])

# %% [markdown]
# *What you should have noticed:* compare the two points of each person. Leaving out any loops
# changes the result, and leaving out more loops changes it more. Only what exceeds the floor is an
# effect of the person. For the shipped model each point would need a whole training, so attribution
# is usually estimated.
#
# ## Exercise 3 · A fair share (15 minutes)
#
# Leaving one person out has a flaw. If two people play the same, the absence of one changes
# nothing, because the other is still there. So both get nothing. **Shapley values** are means over
# all orders in which the people may join. $v(S)$ is the value of a set $S$ of people:
#
# $$\phi_p = \frac{1}{n!} \sum_{\text{orders}} \big[v(\text{those before } p, \text{ and } p) -
# v(\text{those before } p)\big] \qquad (3)$$
#
# *Equation (3):* code `workbench.evaluation.attribution.shapley`; paper Shapley 1953; arXiv
# 1904.02868, equation 1.
#
# *Level:* hard. *Goal:* equation (3) for three people, as an array (3,). `value[a, b, c]` is the
# value of a set of people: each index is 1 if this person is in the set and 0 otherwise.

# %% tags=["stub"]
from itertools import permutations


def shapley_values(value):
    return None  # your lines here; permutations(range(3)) gives the orders


# %% tags=["check"]
from workbench.course.teaching import check_shapley

check_shapley(shapley_values)

# %% tags=["solution"]
from itertools import permutations


def shapley_values(value):
    shares = np.zeros(3)
    for order in permutations(range(3)):
        inside = [0, 0, 0]
        for person in order:
            before = value[tuple(inside)]
            inside[person] = 1
            shares[person] += value[tuple(inside)] - before
    return shares / 6


# %%
from itertools import combinations

from workbench.evaluation.attribution import shapley

three = [*famous[:2], f"{famous[0]} again"]  # the third has the same music as the first
music = {name: rolls[name.removesuffix(" again")] for name in three}
nobody = np.log(512)  # nats per step if all 512 sets of drums are equally probable
value = {frozenset(): 0.0}
for size in (1, 2, 3):
    for names in combinations(three, size):
        chain = DrumChain().fit([roll for name in names for roll in music[name]])
        value[frozenset(names)] = nobody - np.mean([chain.nll(roll) for roll in results])
fair = shapley(value, three)
for name in three:
    lost = value[frozenset(three)] - value[frozenset(three) - {name}]
    print(f"{name:18} left out {lost:+.2f}, Shapley {fair[name]:.2f} nats per step")

# %% [markdown]
# *What you should have noticed:* the first person and the copy have the same music, so leaving out
# one of them costs little. (The number may even be negative, because the same music then counts
# once.) By Shapley values the two share the credit. So a payment by leaving out would reward a
# person who plays like nobody else, but not two people who play alike. Which rule is fair is a
# decision, not a measurement.
#
# ## 6 · What a file says about its origin
#
# Each clip of the workbench says which system generated it, from which prompt and seed, and whose
# music it edited.
#
# *Predict:* somebody opens the MIDI file in a program that knows only notes and tempo, and saves it
# again. What is left of this information?

# %%
predict("14.6", ["everything", "something", "nothing"])

# %%
import tempfile
from pathlib import Path

from workbench import Clip, Region

theirs = test[0].excerpt(0, 4 * BARS)
edited = system.inpaint(theirs, Region(bars=(2, 4)), seed=seed)[0]
print("the clip:   ", edited.source)
print("its credit: ", edited.labels["original"])
folder = Path(tempfile.mkdtemp())
edited.write_midi(folder / "loop.mid")
other = Clip.from_notes(Clip.read_midi(folder / "loop.mid").notes, tempo=edited.tempo, drums=True)
other.write_midi(folder / "saved.mid")  # a program that knows notes and tempo alone
words = {"system": b"DrumLDM", "credit": str(edited.labels["original"]).encode()}
for name in ("loop.mid", "saved.mid"):
    inside = (folder / name).read_bytes()
    left = [what for what, text in words.items() if text in inside]
    print(f"in {name}:", ", ".join(left) or "neither system nor credit")

# %%
reveal("14.6", ("nothing", "something", "everything")[len(left)])

# %% [markdown]
# *What you should have noticed:* the workbench writes the **provenance** into the file, as text
# beside the notes. A program that keeps only the notes loses it. Then a person who shares the file
# has to say in words that it was generated: **disclosure**. In the EU, providers of systems that
# generate sound have to mark this sound so that machines can detect it, with exceptions (Regulation
# 2024/1689, article 50(2), amended by Regulation 2026/1744). This applies from 2 August 2026, and
# from 2 December 2026 to systems that were on the market before.
#
# ## 7 · A watermark in the music itself
#
# A **watermark** is a pattern in the generated choices that only a secret key reveals. At each
# step, the key and the previous token divide all 512 sets of drums into green and red ones. When a
# loop is generated, the probability of each green set is multiplied by $e^b$, where $b$ is the
# **bias**, and all probabilities are divided by their sum. A person with the key finds the
# watermark by counting the green steps $g$ among $n$ steps. Without a watermark a share $\gamma$ is
# expected to be green, here a half. $z$ is the number of standard deviations by which $g$ is larger
# than expected:
#
# $$z = \frac{g - \gamma n}{\sqrt{n\,\gamma\,(1 - \gamma)}} \qquad (4)$$
#
# *Equation (4):* code `workbench.models.drum_chain.z_score`; paper arXiv 2301.10226, equation 3.
#
# *Predict:* what is the mean $z$ of 32 bars of drums with a watermark?

# %%
predict("14.7", [1.0, 2.0, 4.0], unit="standard deviations")

# %% [markdown]
# ## Exercise 4 · z of a loop (10 minutes)
#
# *Level:* medium. *Goal:* equation (4) for a loop. `tokens` (steps,) has the number of the set of
# drums at each step. The table `green[a, b]` is true if set b is green after set a, and `share` is
# $\gamma$. A bar that repeats is no new evidence: count each pair of neighbours (a, b) only once. A
# loop without a pair has the $z$ 0.

# %% tags=["stub"]
def z(tokens, green, share):
    return None  # about five lines


# %% tags=["check"]
from workbench.course.teaching import check_z

check_z(z)

# %% tags=["solution"]
def z(tokens, green, share):
    pairs = {(tokens[i], tokens[i + 1]) for i in range(len(tokens) - 1)}  # each once
    n, g = len(pairs), sum(green[a, b] for a, b in pairs)
    if n == 0:
        return 0.0
    return (g - share * n) / np.sqrt(n * share * (1 - share))


# %%
from workbench.models.drum_chain import count_green, z_score

KEY = 2026
random = np.random.default_rng(seed)
bars = (2, 4, 8, 16, 32)
tries = run.size(3, 12)
marked = [whole.sample(32, seed + n, key=KEY, bias=2.0) for n in range(tries)]
without = [whole.sample(32, seed + n) for n in range(tries)]
edits = []
for roll in marked:  # a fifth of the steps are taken from another loop
    other = without[random.integers(tries)]
    edits.append(np.where(random.random((len(roll), 1)) < 0.2, other, roll))
played_by_people = [roll for own in rolls.values() for roll in own if len(roll) >= 512][:tries]
kinds = {"with": marked, "with, then edited": edits, "without": without,
         "people": played_by_people or without}
curves = {name: [np.mean([z_score(*count_green(r[: 16 * b], KEY)) for r in kind]) for b in bars]
          for name, kind in kinds.items()}
ax = plots.lines(plots.axes(width=7), bars, curves, xlabel="bars", ylabel="z (mean)")
ax.axhline(1.64, color="#333333", ls=":", lw=1)
run.note("z of 32 bars with the watermark", curves["with"][-1], floor=curves["without"][-1])

# %%
reveal("14.7", float(curves["with"][-1]))

# %%
tries_of = {bias: whole.sample(4, seed, key=KEY, bias=bias) for bias in (0.0, 2.0, 6.0)}
compare([audible(roll, f"bias {bias:g}: z {z_score(*count_green(roll, KEY)):.1f}")
         for bias, roll in tries_of.items()])

# %% [markdown]
# *What you should have noticed:* the dotted line is $z = 1.64$. A loop without a watermark exceeds
# it for about one key in twenty. All curves use the same key, and loops have their most frequent
# steps in common, so the curves without a watermark may differ from 0 in the same direction. With
# the watermark $z$ grows with the number of bars, and editing makes it smaller. A strong bias is
# audible, because the chain then plays improbable steps. A person who knows the method can remove
# the watermark, with some effort. And a watermark says nothing about whose music the model was
# trained on.
#
# Here each pair of neighbouring steps counts only once. If each repeat counted, a one-bar loop that
# a person plays forty times could seem to have a watermark.
#
# ## 8 · A debate
#
# *Think first:* before the debate, write down your own answer. Afterwards, write down whether it
# has changed.
#
# The motion: *A model that was trained on a drummer's recordings owes that drummer a share of what
# it earns.* Four roles are assigned at random: the drummer who plays most in section 2; one who
# plays least; a student who sells loops made by the system; the company that trains it. Each has
# five minutes to prepare and two to speak, and has to use one number of this run:
#
# - the share of the person who plays most (section 2), the distances (section 3), the imitations
#   (section 4);
# - what each person would be paid by leaving out and by Shapley values (section 5);
# - what a file and a watermark can prove, and what not (sections 6 and 7).
#
# Afterwards: which argument would be different if the drummers had not been asked? Which, if they
# had recorded in 1920? Which, if the model had been trained on ten thousand drummers, and leaving
# out any one of them changed nothing?
#
# ## Mini-project · A statement for your own data (an hour)
#
# Take a folder of your own music, or of somebody who agrees. Write one page: who made the music,
# for which use they were asked, and how; the licence; who is missing; and how you split the data so
# that you would notice copies. Train a `DrumChain` with and without one of the people, repeat the
# measurements of sections 3 and 5, and decide how you would credit each person. Let one of them
# read the page.
#
# ## You can now
#
# You read the licences of the data that this course is made of, measured and heard whether a system
# copies, found out which person's absence changes a loop, and put a watermark into a loop.
#
# *A limitation to listen for:* two loops whose hits differ in many cells can still have the same
# idea, and no distance here would show it.
#
# *Terms:* licence · consent · memorisation · attribution · Shapley value · provenance ·
# disclosure · watermark
#
# *Next:* bring your own music to the [capstone](capstone/fool_the_judge.ipynb), where it has to
# fool a classifier and your class; or back to the [index](00_start_here.ipynb).

# %%
from workbench import quiz

quiz("14")

# %%
run.finish()
