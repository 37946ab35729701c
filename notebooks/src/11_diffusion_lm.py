# %% [markdown]
# # 11 · Diffusion-LM: words out of noise
#
# [10 MidiGPT](10_midigpt_inpainting.ipynb) · [index](00_start_here.ipynb) ·
# [12 Evaluation](12_evaluation.ipynb)
#
# **You will** turn music into words and words into vectors, draw all words at once out of noise,
# and say what a model's likelihood really is.
#
# **Needs** lessons 02 (tokens) and 05 (diffusion); the shipped checkpoint.
# **Time and memory:** printed below. **Exercises:** 20 minutes.
# **Library:** `workbench.representations.pvd`, `workbench.models.diffusion_lm`,
# `workbench.models.diffusion_bound`, `workbench.models.masked_lm`, `workbench.models.control`,
# `workbench.systems.diffusion_lm`.
# **Papers:** Diffusion-LM (arXiv 2205.14217), self-conditioning (2208.04202), variational diffusion
# models (2107.00630), masked diffusion: D3PM (2107.03006), MDLM (2406.07524), on music SCHmUBERT
# (2305.09489).

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop (minutes; to train, an hour), gpu, paper
dataset = "pop909"  # "pop909", "builtin-songs", or a folder of MIDI files
seed = 0  # of everything random
train = False  # True trains a system here; False loads the shipped one

# %%
from workbench import Region, plots, start
from workbench.systems.diffusion_lm import DiffusionLM

run = start("11", profile=profile, dataset=dataset, seed=seed, train=train)

# %%
if run.train:
    system = DiffusionLM.train(
        run.dataset, run.profile, out=f"runs/piano-{run.profile}", watch=plots.LivePlot()
    )
else:
    system = DiffusionLM.from_pretrained("piano-diffusion")

# %% [markdown]
# ## 1 · Music as words
#
# *Predict:* the paper's words are pitch, velocity and duration of each note. What is lost?
#
# p60 v4 d2 is a note. Notes of a chord follow each other. When a note *begins* is not said: so we
# say where: o4 is the fourth sixteenth after the bar line, b0 opens a new bar.

# %%
from workbench import load
from workbench.course.widgets import compare
from workbench.representations.pvd import PAD, PVD
from workbench.systems.diffusion_lm.training import piano_of

songs = load(run.dataset, split="test", limit=run.size(8, 40)).clips  # never trained on
ids = system.windows(songs)
full = ids[(ids != PAD).all(1)]
known = system.windows(load(run.dataset, split="train", limit=run.size(8, 40)).clips)
known = known[(known != PAD).all(1)]  # whatever is fitted below is fitted to training songs
window, words = full[0], system.code.names
print(" ".join(words[i] for i in window[:26]), "…")
print(f"{len(full)} windows of 128 words between [CLS] and [SEP]")
plain = PVD(rhythm=False)
without = plain.windows(piano_of(songs[0]), hop=4)[0]
compare([system.code.decode(window), plain.decode(without)], ["with rhythm", "the paper's words"])

# %% [markdown]
# *What you should have noticed:* without rhythm, chords become runs of single notes. The paper
# hears "gaps between each note"; its words cannot say otherwise.
#
# ## 2 · Words as vectors, drowned
#
# *Predict:* how much noise turns one word into another?
#
# Each word has a learned vector, its **embedding** $e_w$; $x_0 = e_w + \sigma_0\varepsilon$. Here
# real windows are noised and each vector is rounded to the nearest embedding.

# %%
import numpy as np
import torch

network = system.networks.diffusion
real = torch.from_numpy(full[:32])
clean = network.embed(real).detach()
random = torch.Generator().manual_seed(seed)
levels = np.linspace(0.02, 0.999, 15)
kept = []
for level in levels:
    noisy = (1 - level**2) ** 0.5 * clean + level * torch.randn(clean.shape, generator=random)
    rounded = network.words(noisy / (1 - level**2) ** 0.5)
    kept.append(float((rounded == real).float().mean()))
plots.lines(plots.axes(width=7), levels, {"words that survive": kept},
            xlabel="standard deviation of the noise", ylabel="share of words");

# %% [markdown]
# *What you should have noticed:* rounding forgives a lot of noise, then everything falls at once. A
# schedule that adds little noise at first wastes its steps where nothing happens: hence the square
# root, which begins fast.
#
# ## Exercise 1 · The square root schedule (5 minutes)
#
# $$\bar\alpha_t = 1 - \sqrt{t/T + s} \qquad (1)$$
#
# *Equation (1):* code `workbench.models.diffusion.sqrt_schedule`; paper Diffusion-LM
# (arXiv 2205.14217), appendix A.
#
# *Goal:* equation (1) for an array `t`; `steps` is $T$.

# %% tags=["stub"]
def sqrt_schedule(t, steps, s):
    return None  # your line here


# %% tags=["check"]
from workbench.course.teaching import check_sqrt_schedule

check_sqrt_schedule(sqrt_schedule)

# %% tags=["solution"]
def sqrt_schedule(t, steps, s):
    return 1 - np.sqrt(t / steps + s)


# %%
from workbench.models.diffusion import SCHEDULES

curves = {n: (1 - SCHEDULES[n](2000)).sqrt().numpy() for n in ("sqrt", "cosine", "linear")}
plots.lines(plots.axes(width=7), range(2000), curves, xlabel="step t",
            ylabel="standard deviation of the noise");

# %% [markdown]
# ## Exercise 2 · Rounding (5 minutes)
#
# *Goal:* for vectors `x` (n, dim) and embeddings `table` (words, dim), the number of the nearest
# embedding of each.

# %% tags=["stub"]
def nearest_word(x, table):
    return None  # your line here


# %% tags=["check"]
from workbench.course.teaching import check_rounding

check_rounding(nearest_word)

# %% tags=["solution"]
def nearest_word(x, table):
    return np.square(x[:, None] - table[None]).sum(-1).argmin(1)


# %% [markdown]
# ## 3 · The objective, term by term
#
# Embeddings, network and rounding are trained together, end to end. For words $w$, with $x_0$
# sampled around their embeddings and $x_t$ from it:
#
# $$\mathcal{L}(w) = \mathbb{E}\Big[
# \underbrace{\lVert\sqrt{\bar\alpha_T}\,x_0\rVert^2}_{\text{prior}}
# + \underbrace{\sum_{t=2}^{T}\lVert f_\theta(x_t,t)-x_0\rVert^2
# + \lVert f_\theta(x_1,1)-\mathrm{Emb}(w)\rVert^2}_{\text{denoise}}
# \underbrace{-\log p_\theta(w\mid x_0)}_{\text{round}}\Big] \qquad (2)$$
#
# *Equation (2):* code `workbench.models.diffusion_lm.losses`; paper Diffusion-LM (arXiv
# 2205.14217), sections 4.1 and 4.2, with a network that predicts $x_0$. In the code the sum over
# $t$ is one random step, and the first step has the clean embedding as its target.
#
# *What differs from the paper, and its sources:* a fourth term, the *anchor* $-\log p_\theta(w\mid
# f_\theta(x_t,t))$ (Gao et al. 2022, arXiv 2212.09412); self-conditioning (Chen et al. 2022, arXiv
# 2208.04202); $\hat x_0$ as the mean embedding at a temperature (Dieleman et al. 2022, arXiv
# 2211.15089); embeddings of fixed length, late steps sampled more often, and words for rhythm,
# which are ours. The profile `paper` leaves out anchor and self-conditioning.
#
# *Predict:* which term would be smallest if all embeddings were the same vector? Which largest?

# %%
from workbench.models.diffusion_lm import losses

with torch.no_grad():
    terms = losses(network.eval(), real, PAD)
for name, value in terms.items():
    print(f"{name:8} {float(value):8.5f}")
print(f"{'round':8} {np.log(system.code.size):8.5f} if all embeddings were one vector")

# %% [markdown]
# *What you should have noticed:* denoising alone is solved by embeddings that collapse into a
# point; rounding and the anchor hold them apart.
#
# ## 4 · All words at once
#
# *Predict:* which words settle first: positions, or pitches?

# %%
frames = []
drawn = system.sample_words(run.size(4, 16), steps=run.size(20, 100), seed=seed,
                            progress=lambda now: frames.append(now.state()))
final = frames[-1]
kinds = system.code.kinds
settled = {
    name: [float((frame == final)[kinds[final] == kind].mean()) for frame in frames]
    for name, kind in (("pitch", "p"), ("velocity", "v"), ("duration", "d"), ("position", "o"))
}
plots.lines(plots.axes(width=7), np.arange(1, len(frames) + 1), settled, xlabel="step",
            ylabel="share of words that stay")
for at in (0, len(frames) // 4, len(frames) // 2, len(frames) - 1):
    print(f"step {at + 1:3}:", " ".join(words[i] for i in frames[at][0][1:14]))
valid, whole = system.code.validity(drawn)
real_valid = system.code.validity(full)[0]
print(f"{valid:.1%} of words stand where they may, {whole:.0%} of windows wholly")
run.note("words that stand where they may", valid, floor=f"real {real_valid:.2f}")

# %% [markdown]
# *What you should have noticed:* velocities and durations settle first, for few of them are common;
# then positions, and last of all pitches, which are what is open the longest.

# %%
compare([system.code.decode(row) for row in drawn[:3]], ["drawn 1", "drawn 2", "drawn 3"])

# %% [markdown]
# *Predict:* at each step the network gives every word a probability, and $\hat x_0$ is the mean of
# the embeddings. What happens if likelier words are favoured (temperature below 1), up to the
# likeliest alone (0: the paper's clamping)?

# %%
print("temperature   words that fit without help   different pitches in a window (real: "
      f"{np.mean([len(set(row[kinds[row] == 'p'])) for row in full]):.1f})")
for temperature in (1.0, 0.5, 0.0):
    rows = system.sample_words(run.size(4, 16), steps=run.size(20, 100), temperature=temperature,
                       grammar=False, seed=seed)
    pitches = np.mean([len(set(row[kinds[row] == "p"])) for row in rows])
    print(f"{temperature:11}   {system.code.validity(rows)[0]:28.1%}   {pitches:.1f}")

# %% [markdown]
# *What you should have noticed:* cold draws agree with each other better and say less: the trade
# between quality and variety that every sampler has. What still does not fit is mended at the end
# by the likeliest *grammatical* sequence, which a Viterbi search finds.

# %% [markdown]
# ## 5 · What does a word cost?
#
# *Predict:* the paper reports 0.00003 bits a word. Could a file of music be that small?
#
# A diffusion model has no exact likelihood, but a bound (a sum of what each step must still be
# told). For step $t$ with the cleaner step $s$ before it and $\mathrm{SNR} =
# \bar\alpha/(1-\bar\alpha)$:
#
# $$\mathrm{KL}_t = \tfrac12\left(\mathrm{SNR}_s - \mathrm{SNR}_t\right)\,\lVert x_0 - \hat x_0
# \rVert^2 \qquad (3)$$
#
# *Equation (3):* code `workbench.models.diffusion_bound.bound`; paper variational diffusion models
# (arXiv 2107.00630), eq. 13.

# %%
found = system.bits(full[: run.size(32, 64)], draws=run.size(4, 16), seed=seed)
for name, value in found.items():
    print(f"{name:12} {value:10.5f} bits a word")
shares = 1 + np.bincount(known.ravel(), minlength=system.code.size)  # no word has share 0
shares = shares / shares.sum()
unigram = float(-np.log2(shares[full[:, 1:-1]]).mean())
print(f"words at their shares alone: {unigram:.2f} bits")
run.note("bits a word, bound", found["total"], floor=f"shares alone {unigram:.2f}")
run.note("bits a word, rounding alone", found["rounding"], paper="0.00003")

# %% [markdown]
# *What you should have noticed:* the paper's figure is of the size of *rounding* alone: how sure we
# are of a word when its vector is already (almost) there. That is no likelihood: all the music is
# in the denoising term.
#
# *And a simpler model wins.* On all test songs the shipped model's bound is 2.34 ± 0.14 bits per
# word. Markov chains of order 1 to 3 need 3.4 or more, and beside them the bound looks good. But a
# note is four words, so only from order 4 on does a chain see the last word of the same kind:
# orders 4, 5 and 6 need 2.30, 2.26 and 2.30. A baseline has to be improved until it stops
# improving.
#
# ## Exercise 3 · One term of the bound (10 minutes)
#
# *Goal:* equation (3) in *bits*: from `x0`, the guess, $\bar\alpha$ now and $\bar\alpha$ before.

# %% tags=["stub"]
def kl_bits(x0, guess, now, before):
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_kl

check_kl(kl_bits)

# %% tags=["solution"]
def kl_bits(x0, guess, now, before):
    snr = before / (1 - before) - now / (1 - now)
    return 0.5 * snr * np.square(x0 - guess).sum() / np.log(2)


# %% [markdown]
# ## 6 · Vectors or masks? BERT or ELECTRA?
#
# Words need not become vectors to be diffused. The **masked** process hides each word behind [MASK]
# with probability $t$, and the network guesses hidden words from the others. Its bound is a mean
# cross entropy: for $n$ words of which $k$, uniform on $1 \dots n$, are masked,
#
# $$-\log p(w) \le n\;\mathbb{E}_k\Big[\tfrac1k \sum_{i\ \text{masked}} -\log
# p_\theta(w_i \mid \text{words that are not masked})\Big] \qquad (4)$$
#
# *Equation (4):* code `workbench.models.masked_lm.losses`; paper MDLM (arXiv 2406.07524), its
# continuous-time bound, with the integral over $t$ done (arXiv 2406.03736). No term is left out, no
# embedding must be kept apart from others, nothing is rounded, and the network needs no noise
# level: it sees the masks.
#
# *Predict:* same transformer, same words, equally many steps: vectors or masks? And ELECTRA, which
# here is BERT at half the width: how much faster is a step?
#
# All from scratch for a few steps on windows of *training* songs, judged on windows of test songs.

# %%
import time
from dataclasses import replace

from workbench.models import masked_lm
from workbench.models.diffusion_bound import bound
from workbench.models.diffusion_lm import DiffusionLM as Network
from workbench.models.masked_lm import MaskedLM, MaskedLMConfig

config = network.config
sizes = MaskedLMConfig(config.vocab, width=config.width, depth=config.depth, heads=config.heads)
contenders = {
    "bert": (lambda: Network(replace(config, backbone="bert")), losses, bound),
    "electra": (lambda: Network(replace(config, backbone="electra")), losses, bound),
    "bert, masked": (lambda: MaskedLM(sizes), masked_lm.losses, masked_lm.bound),
}

# %%
taken, costs = {}, {}
for name, (make, terms_of, bound_of) in contenders.items():
    torch.manual_seed(seed)
    model = make()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    began = time.perf_counter()
    for step in range(run.size(3, 60)):
        rows = torch.from_numpy(known[(16 * step) % max(1, len(known) - 16) :][:16])
        loss = torch.stack(list(terms_of(model, rows, PAD).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    taken[name] = time.perf_counter() - began
    costs[name] = bound_of(model.eval(), real, PAD, draws=run.size(2, 8))["total"]
    size = sum(p.numel() for p in model.parameters()) / 1e6
    print(f"{name:12} {size:.1f} M parameters, {taken[name]:5.1f} s, "
          f"{costs[name]:6.2f} bits per held-out word")
print(f"a step of ELECTRA takes {taken['electra'] / taken['bert']:.2f} of BERT's time")
run.note("bits a word, masked, after a few steps", costs["bert, masked"],
         floor=f"continuous {costs['bert']:.2f}")

# %% [markdown]
# *What you should have noticed:* the masked network is far ahead after so few steps. Each step
# tells it which words are likely, while the continuous one first has to arrange its embeddings and
# learns another task at each noise level. A masked network of this size reached 2.84 ± 0.04 bits
# per word on validation songs after 200 steps of 16 windows (Muon, 91 seconds of one core); the
# continuous one was at 4.35 ± 0.40 on test songs after 500 steps of 32 (AdamW). The optimisers
# differ, so this is no race yet. `DiffusionLM.train(process="masked")` trains for longer; the
# result is asked, filled and measured in the same way.
#
# About ELECTRA this says only that a smaller network is faster and, after equally many steps,
# worse: it is half as wide, so width and architecture change together, and what makes ELECTRA
# ELECTRA, its training with replaced words, is not used. The comparison in equal *time* on the card
# of `piano-diffusion` (`workbench evaluate piano --only backbones`) has the same flaw.
#
# ## 7 · Control: what the paper left out
#
# *Predict:* can a model that was never told about density be made to play busy bars?
#
# A classifier reads the *noised* vectors and says how likely they are to become busy; at each step
# $x_t$ goes a little along its gradient. The measure counts notes in what came out; it does not ask
# the classifier.

# %%
from workbench.systems.diffusion_lm.controls import level, measures

n = run.size(8, 32)
steps = run.size(20, 100)
rates = {}
for name in ("", "sparse", "busy"):
    rows = system.sample_words(n, {"density": name} if name else None, steps=steps, seed=seed)
    rates[name or "nothing asked"] = measures(rows, system.code)[1]
plots.histogram(plots.axes(width=7), rates, bins=12, xlabel="notes a bar")
busy = level(rates["busy"], system.config.density) == 2
free = level(rates["nothing asked"], system.config.density) == 2
print(f"busy: {busy.mean():.0%} when asked, {free.mean():.0%} when not")
run.note("busy when asked", busy.mean(), floor=f"not asked {free.mean():.2f}")

# %%
asked = [{"density": "sparse", "register": "high"}, {"density": "busy", "register": "low"}]
clips = [system.generate(control, steps=steps, seed=seed)[0] for control in asked]
compare(clips, ["sparse and high", "busy and low"])

# %% [markdown]
# *What you should have noticed:* the busy windows move to the right without a single new weight in
# the model that draws. What was asked for is more often there, and not always.
#
# ## 8 · Keep these words, draw the others
#
# *Predict:* will the new bar know the bars on both sides?

# %%
piano = piano_of(songs[0])
original = system.code.decode(system.code.windows(piano, hop=piano.bars)[0], piano.tempo)
filled = system.inpaint(original, Region(bars=(1, 2)), steps=steps, seed=seed)[0]
compare([original, filled], ["the window", "its second bar drawn anew"])

# %%
def of_the_neighbours(bar, around):
    """Share of the notes of a clip's second bar whose pitch class the bars beside it have."""
    begin, end = around.bar_lines[[1, 2]]
    inside = bar.notes["pitch"][(bar.notes["time"] >= begin) & (bar.notes["time"] < end)] % 12
    beside = (around.notes["time"] < begin) | (around.notes["time"] >= end)
    known = np.isin(inside, around.notes["pitch"][beside] % 12)
    return known.mean() if len(known) else np.nan


found = []
for number, song in enumerate(songs[1 : run.size(2, 7)]):
    piano = piano_of(song)
    own = system.code.decode(system.code.windows(piano, hop=piano.bars)[0], piano.tempo)
    anew = system.inpaint(own, Region(bars=(1, 2)), steps=steps, seed=number)[0]
    other = system.generate(steps=steps, seed=number)[0]
    found.append([of_the_neighbours(bar, own) for bar in (own, anew, other)])
own, anew, other = np.nanmean(found, axis=0)
print(f"notes that the bars beside have, too: {own:.2f} of the song's own, {anew:.2f} drawn with "
      f"them in view, {other:.2f} drawn for another window")
run.note("notes of a filled bar that its neighbours have", anew, floor=f"{other:.2f}")

# %% [markdown]
# *What you should have noticed:* the new bar keeps to what its neighbours have, more than the
# composer did: likely notes are known notes. What makes a bar a surprise that fits is not in this
# number. (At `smoke` one bar is drawn, in twenty steps: a number by chance.)
#
# ## Mini-project · Quality against variety (an hour)
#
# Draw windows at five temperatures and with 20, 50 and 100 steps, each with `grammar=False`. For
# every setting compute two numbers: the share of words that stand where they may, and the number of
# different words in a window. Draw the one over the other, with the real windows as a point of
# their own. Which settings are beaten in both? Listen to the two ends.
#
# ## You can now
#
# You turned music into words and words into vectors, drew all words at once out of noise, and said
# what a model's likelihood really is.
#
# *One limitation heard:* 128 words are two or three bars; there is no form beyond them.
#
# *Terms:* embedding · rounding · anchor · clamping · Viterbi search · likelihood · bound · SNR ·
# masked diffusion · ELECTRA · classifier
#
# *Next:* [lesson 12](12_evaluation.ipynb) compares all five systems with real music.

# %%
run.finish()
