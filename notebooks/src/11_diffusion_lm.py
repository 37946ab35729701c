# %% [markdown]
# # 11 · Diffusion-LM: words out of noise
#
# [10 MidiGPT](10_midigpt_inpainting.ipynb) · [index](00_start_here.ipynb) ·
# [12 Evaluation](12_evaluation.ipynb)
#
# **You will** turn music into words and words into vectors, write the loss that trains vectors and
# network together, train two diffusion models of words and hear them learn, and steer one of them.
#
# **Needs** lessons 02 (tokens) and 05 (diffusion); the shipped checkpoint for the last section.
# About 90 minutes for sections 1 to 7 with their exercises; 8 to 11 go further and take another 45.
# **Time and memory:** printed below. **Exercises:** 65 minutes.
# **Library:** `workbench.representations.pvd`, `workbench.models.diffusion_lm`,
# `workbench.models.diffusion_bound`, `workbench.models.masked_lm`, `workbench.models.control`,
# `workbench.systems.diffusion_lm`.
# **Papers:** Diffusion-LM (arXiv 2205.14217), self-conditioning (2208.04202), variational diffusion
# models (2107.00630), masked diffusion: D3PM (2107.03006), MDLM (2406.07524), on music SCHmUBERT
# (2305.09489).

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop (minutes), gpu, paper
dataset = "pop909"  # "pop909", "builtin-songs", or a folder of MIDI files
seed = 0  # of everything random
train = False  # the small networks are always trained here; True also trains the large one

# %%
from workbench import Region, load, plots, predict, reveal, start

run = start("11", profile=profile, dataset=dataset, seed=seed, train=train)

# %% [markdown]
# ## 1 · Music as words
#
# *Think first:* the paper that brought Diffusion-LM to music writes a note as three words: pitch,
# velocity and duration. What is lost?
#
# `p60 v4 d2` is a note: pitch 60, velocity 4 of 0 to 7, duration number 2. Nothing in it says when
# the note *begins*. So we add a fourth word, the position in the bar: `o4` is four sixteenths after
# the bar line. At the first note of a new bar the letter is b: `b0` is a note on the bar line.

# %%
import warnings

import numpy as np
import torch

from workbench.course.widgets import compare
from workbench.representations.pvd import ENDS, PAD, PVD
from workbench.systems.diffusion_lm.training import piano_of

code = PVD(rhythm=True)
words, kinds = code.names, code.kinds


def windows_of(split, most):
    """Windows of 128 words between [CLS] and [SEP]: (n, 130) ids."""
    songs = load(run.dataset, split=split, limit=most).clips
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a few bars of 6/4 are longer than 24 steps
        rows = np.concatenate([code.windows(piano_of(song), hop=4) for song in songs])
    return songs, torch.from_numpy(rows[(rows != PAD).all(1)])


# %%
_, training = windows_of("train", run.size(12, 200))
songs, held = windows_of("test", run.size(8, 40))
print(f"{len(training)} windows for training, {len(held)} held out, of other songs")
print(" ".join(words[i] for i in held[0][:26]), "…")

# %%
paper = PVD(rhythm=False)
without = paper.windows(piano_of(songs[0]), hop=4)[0]
compare([code.decode(held[0]), paper.decode(without)], ["with rhythm", "the paper's words"])

# %% [markdown]
# *What you should have noticed:* without rhythm each note begins where the last one ends, so a
# chord becomes a run of single notes. The paper's authors noticed "gaps between each note".
#
# ## 2 · Words as vectors
#
# *Predict:* a word becomes a vector of 16 numbers, and noise is added. At which level of noise is
# the nearest word wrong for half of the vectors?

# %%
predict("11.1", [0.5, 0.7, 0.9], unit="of noise")

# %% [markdown]
# Gaussian noise can be added to numbers, not to words. So each word $w$ has a learned vector
# $\mathrm{Emb}(w)$, its **embedding**, of $d = 16$ numbers. **Rounding** is the way back: from a
# vector to the word whose embedding is nearest. The small network of this lesson is not trained
# yet, so its embeddings are random. All have the length $\sqrt d$, so their numbers have about the
# variance of the noise.

# %%
from workbench import DiffusionLM
from workbench.models.control import ControlConfig
from workbench.models.diffusion_lm import DiffusionLMConfig
from workbench.systems.diffusion_lm.config import PianoConfig

torch.manual_seed(seed)
width = run.size(48, 96)
sizes = DiffusionLMConfig(code.size, width=width, depth=3, dropout=0.0)
vectors = DiffusionLM(PianoConfig(sizes, ControlConfig(width=64, depth=1)))
network = vectors.networks.diffusion

clean = network.embed(held[:32]).detach()
random = torch.Generator().manual_seed(seed)
levels = np.linspace(0.02, 0.98, 25)
survive = []
for level in levels:
    noisy = (1 - level**2) ** 0.5 * clean + level * torch.randn(clean.shape, generator=random)
    rounded = network.words(noisy)  # the nearest embedding of each vector
    survive.append(float((rounded == held[:32]).float().mean()))
plots.lines(plots.axes(width=7), levels, {"words that survive": survive},
            xlabel="standard deviation of the noise", ylabel="share of words");

# %%
half = float(levels[np.argmax(np.array(survive) < 0.5)])
reveal("11.1", half, "the first level at which fewer than half of the words survive")

# %% [markdown]
# *What you should have noticed:* rounding tolerates much noise. Then, within a short range of
# levels, nearly all words are lost. Steps at low noise teach the network little, because rounding
# alone corrects their errors. So in the paper's **schedule** the noise grows fast at first. $t$ is
# the step, $T$ the number of steps, and because of $s$ there is a little noise even at $t = 0$:
#
# $$\bar\alpha_t = 1 - \sqrt{t/T + s} \qquad (1)$$
#
# *Equation (1):* code `workbench.models.diffusion.sqrt_schedule`; paper Diffusion-LM
# (arXiv 2205.14217), appendix A.
#
# ## Exercise 1 · The square root schedule (10 minutes)
#
# *Level:* medium. *Goal:* $\bar\alpha_1$ to $\bar\alpha_T$ as an array, for $T$ = `steps`. At
# $t = T$ equation (1) gives a number below 0, but $\bar\alpha$ is a share. So the published code
# limits $\beta_t = 1 - \bar\alpha_t/\bar\alpha_{t-1}$, the share of the signal's variance that step
# $t$ removes. Compute $\bar\alpha_0$ to $\bar\alpha_T$ by equation (1), and from them each
# $\beta_t$. Set every $\beta_t$ above `largest` to `largest`. Then begin at $\bar\alpha_0$ and
# apply all steps again. (The library has no such limit: it sets the last value to $10^{-5}$.)

# %% tags=["stub"]
def sqrt_schedule(steps, s, largest):
    return None  # about four lines


# %% tags=["check"]
from workbench.course.teaching import check_sqrt_schedule

check_sqrt_schedule(sqrt_schedule)

# %% tags=["solution"]
def sqrt_schedule(steps, s, largest):
    bars = 1 - np.sqrt(np.arange(steps + 1) / steps + s)  # equation (1), t from 0 to T
    betas = 1 - bars[1:] / bars[:-1]
    betas = np.minimum(betas, largest)
    return bars[0] * np.cumprod(1 - betas)


# %%
from workbench.models.diffusion import SCHEDULES

curves = {n: (1 - SCHEDULES[n](2000)).sqrt().numpy() for n in ("sqrt", "cosine", "linear")}
ax = plots.lines(plots.axes(width=7), range(2000), curves, xlabel="step t",
                 ylabel="standard deviation of the noise")
ax.axhline(half, color=plots.INK, ls=":")
ax.text(1990, half, "half of the words are lost", ha="right", va="bottom");

# %% [markdown]
# ## Exercise 2 · Rounding (10 minutes)
#
# *Level:* medium. *Goal:* the most probable word of each noisy vector. The vectors `x` (n, dim) are
# made from rows of `table` (words, dim) by equation (1) of lesson 05, with $\bar\alpha_t$ =
# `alpha_bar`. With little noise the nearest embedding is the answer. With much noise a frequent
# word may be more probable than a nearer one. `frequencies` (words,) has the share of each word in
# the music. Use Bayes' rule, as equation (3) of lesson 05 does, and return the numbers of the
# words, (n,).

# %% tags=["stub"]
def likeliest_word(x, table, alpha_bar, frequencies):
    return None  # about three lines


# %% tags=["check"]
from workbench.course.teaching import check_rounding

check_rounding(likeliest_word)

# %% tags=["solution"]
def likeliest_word(x, table, alpha_bar, frequencies):
    squares = np.square(x[:, None] - np.sqrt(alpha_bar) * table).sum(-1)  # (n, words)
    log_p = np.log(frequencies) - squares / (2 * (1 - alpha_bar))  # up to a constant
    return log_p.argmax(1)


# %% [markdown]
# ## 3 · The network
#
# *Think first:* a GPT may look only at earlier words (lesson 09). May this network look at later
# ones?
#
# It may, because all words are generated at the same time. So it is a transformer without a causal
# mask, like **BERT** (lesson 03). It receives all noisy vectors $x_t$ and the step $t$, and
# predicts all clean vectors: $f_\theta(x_t, t) = \hat x_0$. With **self-conditioning** (Chen and
# others 2022, arXiv 2208.04202) it also receives its own previous prediction; in training this
# happens in half of the steps.

# %%
from workbench.course.diagrams import Arrow, diagram

boxes = {
    "w": ("words\n130 ids", 0, 0), "emb": ("embedding\n16 numbers", 1, 0),
    "x0": ("x₀\nwith noise σ₀", 2, 0), "xt": ("x_t\nnoisy", 3, 0),
    "bert": ("BERT\nno causal mask", 4, 0), "pred": ("x̂₀\nprediction", 5, 0),
    "round": ("rounding\nnearest word", 6, 0), "noise": ("noise ε\nGaussian", 2, 1),
    "t": ("step t\nsinusoids", 4, 2), "self": ("previous x̂₀", 5, 1),
}
arrows = [
    Arrow("w", "emb"), Arrow("emb", "x0"), Arrow("x0", "xt", dashed=True),
    Arrow("xt", "bert"), Arrow("bert", "pred"), Arrow("pred", "round"),
    Arrow("noise", "xt"), Arrow("t", "bert"), Arrow("pred", "self"), Arrow("self", "bert"),
    Arrow("emb", "round", "the same table", over=True),
]
diagram("Diffusion-LM; the dashed arrow is used in training only", boxes, arrows,
        here=["emb", "bert", "round"])

# %%
from IPython.display import display

from workbench.course.listing import listing
from workbench.models.diffusion_lm import DiffusionLM as Network

display(listing(Network.forward, first="if self.config.self_conditioning"))
listing(Network.round)

# %% [markdown]
# `round` needs no subtraction: all embeddings have the same length, so the nearest one has the
# largest product with $x$. The products are logits: their softmax gives the probability
# $p_\theta(w \mid x)$ of each word.
#
# The network may also be an **ELECTRA**. Here this only means half the width and narrower inputs.
# The published ELECTRA is special for its training on replaced words, which is not used here.

# %%
from dataclasses import replace

from workbench.evaluation.timing import timed

x, t = torch.randn(16, 130, 16), torch.zeros(16, dtype=torch.long)
for backbone in ("bert", "electra"):
    one = Network(replace(sizes, backbone=backbone))
    size = sum(p.numel() for p in one.parameters())
    took = timed(lambda one=one: one(x, t).square().mean().backward())
    print(f"{backbone:8} {size:8,} weights, {1000 * took:4.0f} ms forwards and backwards")

# %% [markdown]
# *What you should have noticed:* the time falls less than the number of weights, because attention
# compares equally many pairs of positions in both networks.
#
# ## 4 · The objective, term by term
#
# *Think first:* suppose that all embeddings are the same vector. Which term can training then bring
# to almost 0, and which terms stay large?
#
# Embeddings, network and rounding are trained together, **end to end**. $w$ are the words of a
# window. $x_0$ is their embedding plus a little noise, with the standard deviation $\sigma_0$ of
# the first step. $x_t$ is $x_0$ with more noise (lesson 05, equation 1):
#
# $$\mathcal{L}(w) = \mathbb{E}\Big[
# \underbrace{\lVert\sqrt{\bar\alpha_T}\,x_0\rVert^2}_{\text{prior}}
# + \underbrace{\sum_{t=2}^{T}\lVert f_\theta(x_t,t)-x_0\rVert^2
# + \lVert f_\theta(x_1,1)-\mathrm{Emb}(w)\rVert^2}_{\text{denoise}}
# \underbrace{-\log p_\theta(w\mid x_0)}_{\text{round}}\Big] \qquad (2)$$
#
# *Equation (2):* code `workbench.models.diffusion_lm.losses`; paper Diffusion-LM (arXiv
# 2205.14217), sections 4.1 and 4.2, with a network that predicts $x_0$.
#
# - **prior:** the last step should be pure noise, because sampling begins with pure noise;
# - **denoise:** the network should find the clean vectors. The sum over all $t$ is estimated by one
#   random $t$ per window. At the first step the target is the embedding itself;
# - **round:** the word should be recognisable from $x_0$.
#
# Five things differ from the paper. A fourth term, the **anchor**
# $-\log p_\theta(w\mid f_\theta(x_t,t))$, rounds the *prediction* (Gao and others 2022, arXiv
# 2212.09412). There is self-conditioning (section 3). In sampling, $\hat x_0$ is the mean of the
# embeddings, weighted by their probabilities (Dieleman and others 2022, arXiv 2211.15089). Two
# further changes are ours: the embeddings have a fixed length, and training chooses late steps more
# often.

# %%
from workbench.models.diffusion_lm import losses

listing(losses, first="clean = model.embed", last="target =")

# %%
table = {}
with torch.no_grad():
    table["random embeddings"] = losses(network, held[:32], PAD)
    weight = network.word_embedding.weight
    kept = weight.clone()
    weight.copy_(weight[:1] + 0 * weight)  # all embeddings are one vector
    table["one vector for all"] = losses(network, held[:32], PAD)
    weight.copy_(kept)
print(" " * 20, *(f"{name:>9}" for name in table["random embeddings"]))
for name, terms in table.items():
    print(f"{name:20}", *(f"{float(value):9.4f}" for value in terms.values()))
print(f"the logarithm of the number of words: {np.log(code.size):.4f}")

# %% [markdown]
# *What you should have noticed:* if all embeddings are one vector, *round* and *anchor* are the
# logarithm of the number of words, because every word is equally likely. The untrained network does
# not predict that vector yet, but it can learn a constant quickly, and then *denoise* is nearly 0.
# So without the two other terms, the embeddings would **collapse** to one vector. The two
# cross-entropies keep them apart.
#
# ## Exercise 3 · The end-to-end loss (20 minutes)
#
# *Level:* hard. *Goal:* the three terms of equation (2) for one window of `words` (time,) and one
# step `t`, counted from 0. `table` (vocab, dim) holds the embeddings, `bars` (T,) is
# $\bar\alpha$ of all steps, and $\sigma_0^2$ is 1 − `bars[0]`. `start` and `noise` (time, dim) are
# Gaussian: the first makes $x_0$, the second $x_t$. The network is a single matrix here:
# $f(x)$ = `x @ weights`. Return a dict with "denoise" (a mean over all numbers), "round" (a mean
# over the words, in nats; logits are `x @ table.T`) and "prior" (a mean over all numbers).

# %% tags=["stub"]
def end_to_end_loss(words, table, weights, t, start, noise, bars):
    return None  # about a dozen lines


# %% tags=["check"]
from workbench.course.teaching import check_end_to_end

check_end_to_end(end_to_end_loss)

# %% tags=["solution"]
def end_to_end_loss(words, table, weights, t, start, noise, bars):
    clean = table[words]
    x0 = clean + np.sqrt(1 - bars[0]) * start
    x_t = np.sqrt(bars[t]) * x0 + np.sqrt(1 - bars[t]) * noise
    prediction = x_t @ weights
    target = clean if t == 0 else x0
    logits = x0 @ table.T
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return {
        "denoise": np.mean((prediction - target) ** 2),
        "round": -log_p[np.arange(len(words)), words].mean(),
        "prior": bars[-1] * np.mean(x0**2),
    }


# %% [markdown]
# ## 5 · Train it, hear it grow
#
# *Predict:* after the training below, how many bits per word will the network need for held-out
# songs? (The first number that the next cell prints is what word frequencies alone need.)

# %%
from workbench.models.markov import MarkovChain

lines, held_lines = ([row.numpy() for row in rows] for rows in (training, held[:64]))
floors = {}
for order in run.size((0, 1, 2), (0, 1, 2, 4, 5)):
    chain = MarkovChain(order, code.size).fit(lines)
    nats = np.mean([chain.nll(row)[1:-1].mean() for row in held_lines])
    floors[f"last {order}" if order else "frequencies"] = float(nats / np.log(2))
print("bits per word:", ", ".join(f"{name} {bits:.2f}" for name, bits in floors.items()))

# %%
predict("11.2", [2.5, 3.5, 4.5, 5.5], unit="bits per word")

# %% [markdown]
# A training step takes real windows, computes the terms of equation (2) and the anchor, and moves
# the weights against the gradient of their sum. The bits per word are a **bound**, which section 7
# explains.

# %%
import time

from workbench.models.diffusion_bound import bound


def fit(net, terms_of, bits_of, hear, steps, stops, rows=training, test=held[:64], batch=16,
        free=ENDS):  # [CLS] and [SEP] cost nothing: they do not count
    """Train a network; return its bits per word, and what `hear` gives, at the steps `stops`."""
    optimizer = torch.optim.AdamW(net.parameters(), lr := 3e-3)
    bits, clips, began = {}, [], time.perf_counter()
    for step in range(steps + 1):
        if step in stops:
            net.eval()
            bits[step] = bits_of(net, test, PAD, draws=run.size(2, 8), free=free)["total"]
            clips.append(hear())
            net.train()
        optimizer.param_groups[0]["lr"] = lr * min(1, (step + 1) / 30, 2.01 - 2 * step / steps)
        some = rows[torch.randint(len(rows), (batch,))]
        loss = sum(terms_of(net, some, PAD).values())  # equation (2)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
    print(f"{steps} steps in {time.perf_counter() - began:.0f} s, sampling included")
    return bits, clips


# %%
steps = run.size(30, 300)
stops = [0, steps // 8, steps // 2, steps]


def hear(system):
    return lambda: system.generate(steps=run.size(10, 50), seed=seed)[0]


torch.manual_seed(seed)
bits, clips = {}, {}
bits["vectors"], clips["vectors"] = fit(network, losses, bound, hear(vectors), steps, stops)
reveal("11.2", bits["vectors"][steps], f"after {steps} steps")

# %%
compare(clips["vectors"], [f"{step} steps" for step in stops])

# %% [markdown]
# *What you should have noticed:* the words can always be read as a piece, because the rounding at
# the end keeps their grammar (position, pitch, velocity, duration). So even the untrained network
# plays notes, but random ones at random times. Listen for what comes first: the range of the
# pitches, the loudness, the beat or the chords.
#
# ## 6 · All words at once
#
# *Predict:* sampling turns noise into words in many steps. Which kind of word is decided last?

# %%
predict("11.3", ["positions", "pitches", "velocities", "durations"])

# %% [markdown]
# Sampling is that of lesson 05 (DDPM): predict $\hat x_0$, go a part of the way, add fresh noise.
# $\hat x_0$ is the mean of the embeddings, each weighted by the probability of its word at a
# **temperature**. Temperature 0 takes the nearest embedding alone; this is the paper's
# **clamping**.

# %%
from workbench.models.diffusion_lm import Predictor

display(listing(Network.guess))
listing(Predictor.__call__, first="with torch.no_grad", last="return")

# %%
frames = []
sampled = vectors.sample_words(run.size(4, 16), steps=run.size(20, 100), seed=seed,
                               progress=lambda now: frames.append(now.state()))
final, named = frames[-1], {"o": "positions", "p": "pitches", "v": "velocities", "d": "durations"}
settled = {
    name: [float((frame == final)[kinds[final] == kind].mean()) for frame in frames]
    for kind, name in named.items()
}
plots.lines(plots.axes(width=7), np.arange(1, len(frames) + 1), settled, xlabel="step",
            ylabel="share of words that stay")
for at in (0, len(frames) // 4, len(frames) // 2, len(frames) - 1):
    print(f"step {at + 1:3}:", " ".join(words[i] for i in frames[at][0][1:14]))

# %%
reached = {name: next(i for i, share in enumerate(curve, 1) if share >= 0.8)
           for name, curve in settled.items()}
last = max(reached, key=reached.get)
reveal("11.3", last, "80 % of them are final at step: "
       + ", ".join(f"{name} {step}" for name, step in reached.items()))

# %% [markdown]
# *What you should have noticed:* a kind with few common words is decided early. Where many words
# are possible, the decision is late, because $\hat x_0$ remains a mean of several embeddings for a
# long time.
#
# How much does the temperature matter? Here nothing corrects the words at the end:

# %%
different = {"real": np.mean([len(set(row[kinds[row] == "p"])) for row in held.numpy()])}
fitting = {"real": code.validity(held.numpy())[0]}
for temperature in (1.0, 0.5, 0.0):
    rows = vectors.sample_words(run.size(4, 16), steps=run.size(20, 100), seed=seed,
                                temperature=temperature, grammar=False)
    fitting[f"T {temperature}"] = code.validity(rows)[0]
    different[f"T {temperature}"] = np.mean([len(set(row[kinds[row] == "p"])) for row in rows])
left, right = plots.axes(1, 2, width=10)
plots.bars(left, fitting, ylabel="share of words that fit the grammar")
plots.bars(right, different, ylabel="different pitches per window")
run.note("words that fit, temperature 0.5", fitting["T 0.5"], floor=f"real {fitting['real']:.2f}")

# %% [markdown]
# *What you should have noticed:* compare the two panels. A low temperature gives fewer different
# words. Do more of them fit together? Once a network is trained well enough, they do: every sampler
# has such a trade-off between quality and variety. By default, words that do not fit are corrected
# at the end. A **Viterbi search** finds the likeliest sequence that the grammar allows. In it,
# positions do not go back within a bar, and pitches ascend at a position.
#
# ## 7 · What does a word cost?
#
# *Think first:* the paper reports 0.00003 bits per word. Could a file of music be that small?
#
# The exact **likelihood** of a diffusion model cannot be computed, but a bound can: the sum of the
# information that each step has to add. $\mathrm{SNR}_t = \bar\alpha_t/(1-\bar\alpha_t)$ is the
# **SNR**, the ratio of signal to noise, at step $t$. $s$ is the next, less noisy step:
#
# $$\mathrm{KL}_t = \tfrac12\left(\mathrm{SNR}_s - \mathrm{SNR}_t\right)\,\lVert x_0 - \hat x_0
# \rVert^2 \qquad (3)$$
#
# *Equation (3):* code `workbench.models.diffusion_bound.bound`; paper variational diffusion models
# (arXiv 2107.00630), eq. 13.

# %%
parts = bound(network.eval(), held[: run.size(32, 64)], PAD, draws=run.size(4, 16), seed=seed,
              free=ENDS)
for name, value in parts.items():
    print(f"{name:12} {value:10.5f} bits per word")
run.note("bits per word, bound", parts["total"], floor=f"frequencies {floors['frequencies']:.2f}")
run.note("bits per word, rounding alone", parts["rounding"], paper="0.00003")

# %% [markdown]
# *What you should have noticed:* only *rounding* is about as small as the paper's figure. It
# measures how uncertain a word is when its vector has almost no noise. That is not the likelihood
# of music: nearly all information is in the denoising term.
#
# ## Exercise 4 · The denoising terms of the bound (10 minutes)
#
# *Level:* medium. *Goal:* the sum of equation (3) over the steps $t = 2$ to $T$, each with
# $s = t - 1$, in *bits per word*. `x0` has the shape (words, dim). `guesses` (T, words, dim) has
# the prediction $\hat x_0$ that the network makes at each step from 1 to $T$, and `bars` (T,) has
# $\bar\alpha_1$ to $\bar\alpha_T$.

# %% tags=["stub"]
def denoising_bits(x0, guesses, bars):
    return None  # about four lines


# %% tags=["check"]
from workbench.course.teaching import check_denoising_bits

check_denoising_bits(denoising_bits)

# %% tags=["solution"]
def denoising_bits(x0, guesses, bars):
    snr = bars / (1 - bars)
    squares = np.square(x0 - guesses).sum((1, 2))  # (T,), over all numbers of all words
    nats = 0.5 * (snr[:-1] - snr[1:]) * squares[1:]  # the prediction belongs to step t
    return nats.sum() / np.log(2) / len(x0)


# %% [markdown]
# ## 8 · The twin: masks instead of noise
#
# *Predict:* two transformers of the same size are trained on the same words for the same number of
# steps, one with noisy vectors, one with masked words. Which needs fewer bits per word?

# %%
predict("11.4", ["vectors", "masks", "about the same (within 0.2 bits)"])

# %% [markdown]
# Words need not become vectors to be diffused. **Masked diffusion** has another forward process: at
# time $t$ between 0 and 1 each word $w_i$ has been replaced by a special word [MASK] with
# probability $t$, and stays masked (D3PM, arXiv 2107.03006, calls [MASK] an *absorbing* state):
#
# $$q(x_{t,i} \mid w_i) = \begin{cases} w_i & \text{with probability } 1 - t\\
# [\text{MASK}] & \text{with probability } t \end{cases} \qquad (4)$$
#
# *Equation (4):* code `workbench.models.masked_lm.masked_at`; paper D3PM (arXiv 2107.03006),
# section 3.1 and appendix A.2, with the linear schedule of MDLM (2406.07524).
#
# The network predicts the masked words from the others. The bound is a cross-entropy alone. Of the
# $n$ words $k$ are masked, and all $k$ from 1 to $n$ are equally likely:
#
# $$-\log p(w) \le n\;\mathbb{E}_k\Big[\tfrac1k \sum_{i\ \text{masked}} -\log
# p_\theta(w_i \mid \text{words that are not masked})\Big] \qquad (5)$$
#
# *Equation (5):* code `workbench.models.masked_lm.losses`; paper MDLM (arXiv 2406.07524), its
# continuous-time bound, with the integral over $t$ computed (arXiv 2406.03736).
#
# No embeddings have to be kept apart, and no vectors to be rounded. The network does not need the
# step either, because it receives the masks.

# %%
from workbench.models import masked_lm

display(listing(masked_lm.losses, first="real = words", last="hidden ="))
listing(masked_lm._nats)

# %% [markdown]
# ## Exercise 5 · The masked loss (15 minutes)
#
# *Level:* medium. *Goal:* one sample of the right side of equation (5), in nats. The words $i$ with
# `order[i]` < `k` are masked: the network receives the id `mask` there. Here the network consists
# of two matrices: for the ids `seen` (n,), the logits are `mix @ table[seen]`, (n, vocab).

# %% tags=["stub"]
def masked_loss(words, order, k, mask, mix, table):
    return None  # about eight lines


# %% tags=["check"]
from workbench.course.teaching import check_masked_loss

check_masked_loss(masked_loss)

# %% tags=["solution"]
def masked_loss(words, order, k, mask, mix, table):
    hidden = order < k
    seen = np.where(hidden, mask, words)
    logits = mix @ table[seen]
    logits = logits - logits.max(axis=1, keepdims=True)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    nats = -log_p[np.arange(len(words)), words]
    return len(words) / k * nats[hidden].sum()


# %% [markdown]
# A further change concerns the positions of the transformer. The four words of a note need not take
# four positions: the sum of their embeddings can stand at one (**compound words**, arXiv
# 2101.02402). Then a window has 34 positions instead of 130, and a step takes about a quarter of
# the time. The words are still masked one by one. The next cell trains both, `together=1` and
# `together=4`.

# %%
from workbench.models.masked_lm import MaskedLMConfig

twins = {"masks": 1, "masks, notes": 4}
for name, together in twins.items():
    torch.manual_seed(seed)
    twin = MaskedLMConfig(code.size, together=together, width=width, depth=3, dropout=0.0)
    masks = DiffusionLM(PianoConfig(twin, ControlConfig(), temperature=0.9))
    net = masks.networks.diffusion
    bits[name], clips[name] = fit(net, masked_lm.losses, masked_lm.bound, hear(masks), steps, stops)
ax = plots.lines(plots.axes(width=7), stops, {n: list(b.values()) for n, b in bits.items()},
                 xlabel="step", ylabel="bits per word, held-out songs")
best = min(floors, key=floors.get)
ax.axhline(floors[best], color=plots.INK, ls=":")
ax.text(0, floors[best], f"Markov chain, {best} words", va="bottom")
ax.set_yscale("log");

# %%
ends = {name: curve[steps] for name, curve in bits.items()}
close = abs(ends["vectors"] - ends["masks"]) < 0.2
fewer = "vectors" if ends["vectors"] < ends["masks"] else "masks"
reveal("11.4", "about the same (within 0.2 bits)" if close else fewer,
       ", ".join(f"{name} {value:.2f}" for name, value in ends.items()))
for name in twins:
    run.note(f"bits per word, {name}", ends[name], floor=f"best Markov chain {floors[best]:.2f}")

# %%
compare(clips["masks, notes"], [f"{step} steps" for step in stops])

# %% [markdown]
# *What you should have noticed:* compare the curves. The masked network learns from the first step
# on which words are likely. The network on vectors also has to arrange its embeddings, and it has
# another task at each level of noise. Compare the two masked networks, too. One position per note
# changes only how the network receives the words, not the noise. Such a choice can matter as much
# as the process. Then compare with the Markov chain. A note is four words, so a chain has to
# receive at least the last four words to know the previous word of the same kind. Always improve a
# baseline until it stops improving.
#
# ## 9 · Beside the truth
#
# *Predict:* after a short training, how far above the truth will the bound of the masked network
# be, in bits per melody?

# %%
predict("11.5", [0.5, 2.0, 5.0], unit="bits per melody")

# %% [markdown]
# How good are three bits per word? For real music nobody knows, because nobody knows its
# probabilities. Those of the built-in songs are known, because a grammar generates them. This
# section uses a small part of this grammar: one bar of melody over a C major chord. The grammar
# makes one choice $c_j$ after another: the rhythms, the pitches, and soft or loud. Their entropies
# (lesson 01) add up to that of the melody $w$:
#
# $$H(w) = \sum_j H(c_j \mid c_1 \dots c_{j-1}) \qquad (6)$$
#
# *Equation (6):* code `workbench.datasets.grammar.song_scores.melody_entropy`; paper Shannon 1948,
# *A mathematical theory of communication*, section 6.
#
# No model can need fewer bits per melody on average than $H(w)$.

# %%
from workbench.datasets import builtin_melodies
from workbench.representations.pvd import CLS, SEP

longest = 26  # [CLS], at most six notes of four words, [SEP]


def rows_of(melodies):
    """Melodies as ids, (n, 26). [SEP] fills the rest and counts like any other word."""
    rows = np.full((len(melodies), longest), SEP)
    rows[:, 0] = CLS
    for row, melody in zip(rows, melodies, strict=True):
        notes = np.concatenate(code.words(melody))
        row[1 : len(notes) + 1] = notes
    return torch.from_numpy(rows)


written = builtin_melodies.sample(run.size(200, 3000), seed + 1)
unseen = builtin_melodies.sample(run.size(24, 128), seed + 2)
secret = [-builtin_melodies.log_prob(melody) / np.log(2) for melody in unseen]
entropy = builtin_melodies.entropy() / np.log(2)
print(f"H(w) = {entropy:.2f} bits per melody; the {len(unseen)} unseen melodies have "
      f"{np.mean(secret):.2f} ± {np.std(secret) / len(secret) ** 0.5:.2f}")
compare(unseen[:3], ["a melody of the grammar", "another", "a third"])

# %%
from workbench.models.masked_lm import MaskedLM

torch.manual_seed(seed)
shape = {"vocab": code.size, "length": longest, "width": 64, "depth": 2, "dropout": 0.0}
tiny = {
    "vectors": (Network(DiffusionLMConfig(**shape)), losses, bound),
    "masks": (MaskedLM(MaskedLMConfig(**shape)), masked_lm.losses, masked_lm.bound),
}
count = run.size(20, 400)
at = [0, count // 8, count // 4, count // 2, count]
rows, test = rows_of(written), rows_of(unseen)
costs = {}
for name, (net, terms, bits_of) in tiny.items():
    per_word, _ = fit(net, terms, bits_of, lambda: None, count, at, rows, test, 48, free=())
    costs[name] = [longest * per_word[step] for step in at]
chain = MarkovChain(4, code.size).fit([row.numpy() for row in rows])
guess = np.mean([chain.nll(row.numpy())[1:].sum() for row in test]) / np.log(2)
ax = plots.lines(plots.axes(width=7), at, costs, xlabel="step", ylabel="bits per melody")
ax.axhline(guess, color=plots.INK, ls="--", label="Markov chain, 4 words")
ax.axhline(np.mean(secret), color=plots.INK, ls=":", label="the truth")
ax.set_yscale("log")
ax.legend();

# %%
above = {name: curve[-1] - np.mean(secret) for name, curve in costs.items()}
reveal("11.5", above["masks"], "vectors: "
       f"{above['vectors']:.1f} above the truth; the Markov chain: {guess - np.mean(secret):.1f}")
run.note("above the truth, masks", above["masks"], unit="bits per melody",
         floor=f"Markov chain {guess - np.mean(secret):.1f}")

# %% [markdown]
# A low bound says that the network expects what the grammar writes. The reverse question is whether
# the grammar could have generated what the network samples. The grammar's probability answers this
# question, too: it is 0 for a rhythm, a pitch or a leap that the grammar does not have.

# %%
net = tiny["masks"][0].eval()
free = torch.full((run.size(8, 64), longest), -1)
sampled = masked_lm.sample(net, free, longest, [torch.Generator().manual_seed(seed + i)
                                                for i in range(len(free))])
melodies = [code.decode(row) for row in sampled.numpy()]
possible = [np.isfinite(builtin_melodies.log_prob(melody)) for melody in melodies]
print(f"{np.mean(possible):.0%} of {len(melodies)} sampled melodies could be the grammar's")
run.note("sampled melodies that the grammar can write", np.mean(possible), floor=0.0)
best_first = sorted(range(len(melodies)), key=lambda i: not possible[i])
compare([melodies[i] for i in (best_first[0], best_first[-1])],
        [f"the grammar {'could' if possible[i] else 'could not'} write it"
         for i in (best_first[0], best_first[-1])])

# %% [markdown]
# *What you should have noticed:* no curve is below the truth, apart from chance (there are few
# melodies), because no model needs fewer bits than the truth. For masks the whole distance to the
# truth is due to the network's errors: with perfect predictions equation (5) is an equality. A
# single wrong word makes a melody impossible. So the share of possible melodies shows errors that
# hardly change the bits.
#
# ## 10 · Control: ask a classifier for the way
#
# *Predict:* in its training the network on vectors was never told which windows are busy or sparse.
# A classifier pushes its samples towards one of the two. How many more notes per bar will "busy"
# windows have than "sparse" ones?

# %%
predict("11.6", [1.0, 3.0, 6.0], unit="notes per bar")

# %% [markdown]
# By Bayes' rule, the density given a class $c$ is proportional to the density without it, times
# $p(c \mid x_t)$. So the score (lesson 05), the gradient of its logarithm, has two parts:
#
# $$\nabla \log p(x_t \mid c) = \nabla \log p(x_t) + \nabla \log p(c \mid x_t) \qquad (7)$$
#
# *Equation (7):* code `workbench.models.control.nudge`; paper Diffusion-LM (arXiv 2205.14217),
# section 5.1.
#
# The first part follows from the network's prediction (lesson 05, section 2). The second is the
# gradient of a **classifier**, a small transformer that reads the *noisy* vectors and predicts the
# class of the finished music. The next cell trains it; the network itself is not changed.

# %%
from workbench.models.control import control_loss, nudge
from workbench.systems.diffusion_lm.controls import labels_of

labels = labels_of(training.numpy(), code, np.zeros(len(training), int))
classes = labels.tensors(torch.zeros(len(training), dtype=torch.long))  # nothing is transposed
classifier = vectors.networks.controls
network.requires_grad_(False).eval()
optimizer = torch.optim.AdamW(classifier.parameters(), 2e-3)
for _ in range(run.size(15, 150)):
    some = torch.randint(len(training), (32,))
    terms = control_loss(classifier, network, training[some], [c[some] for c in classes], PAD)
    optimizer.zero_grad()
    terms["density"].backward()  # cross entropy of sparse, medium, busy
    optimizer.step()
print(f"cross entropy {terms['density'].item():.2f} nats; guessing: {np.log(3):.2f}")
listing(nudge, first="def move", last="return moved")

# %% [markdown]
# To measure the success, the next cell counts the notes of the result. It does not use the
# classifier.

# %%
from workbench.systems.diffusion_lm.controls import measures

n, sampling_steps = run.size(6, 24), run.size(10, 100)
rates = {}
for name in ("", "sparse", "busy"):
    rows = vectors.sample_words(n, {"density": name} if name else None, steps=sampling_steps,
                                guidance=0.3, seed=seed)
    rates[name or "nothing requested"] = measures(rows, code)[1]
plots.histogram(plots.axes(width=7), rates, bins=12, xlabel="notes per bar")
mean = {name: float(np.mean(rate)) for name, rate in rates.items()}
real = ", ".join(f"{limit:.1f}" for limit in labels.density_limits)
reveal("11.6", mean["busy"] - mean["sparse"], f"real windows are cut into thirds at {real}; means: "
       + ", ".join(f"{name} {value:.1f}" for name, value in mean.items()))
run.note("notes per bar, busy minus sparse", mean["busy"] - mean["sparse"], floor=0.0)

# %% [markdown]
# *What you should have noticed:* if the histogram of the busy windows lies to the right of the
# others, the classifier has steered the network without a change of the network's weights. If the
# histograms coincide, the push was too weak, or the classifier was trained too briefly. It can only
# push towards what it recognises in noise.
#
# ## 11 · The shipped checkpoints
#
# *Think first:* each shipped network was trained for more than an hour. Which will have improved
# more, the sound of single bars or the form of the piece?

# %%
shipped = {"vectors": DiffusionLM.from_pretrained("piano-diffusion")}
if run.train:
    shipped["masks, notes"] = DiffusionLM.train(
        run.dataset, run.profile, process="masked", out=f"runs/piano-{run.profile}",
        watch=plots.LivePlot(),
    )
else:
    shipped["masks, notes"] = DiffusionLM.from_pretrained("piano-masked")
some = held[: run.size(32, 64)]
for name, system in shipped.items():
    size = sum(p.numel() for p in system.networks.diffusion.parameters())
    cost = system.bits(some, draws=run.size(4, 16), seed=seed)
    print(f"{name}: {size:,} weights, {cost['total']:.2f} ± {cost['error']:.2f} bits per word; "
          f"the small network {ends[name]:.2f}")
    run.note(f"bits per word, shipped {name}", cost["total"],
             floor=f"best Markov chain {floors[best]:.2f}")

# %%
system = shipped["masks, notes"]
requests = [None, {"density": "sparse", "register": "high"}, {"density": "busy", "register": "low"}]
longer = [system.generate(request, steps=sampling_steps, seed=seed)[0] for request in requests]
compare([clips["vectors"][-1], clips["masks, notes"][-1], *longer],
        ["small, vectors", "small, masks", "shipped, masks", "sparse and high", "busy and low"])

# %% [markdown]
# Words are revealed in any order, so any of them can be kept: the others are generated around them.
# That is inpainting without any further training.

# %%
def of_the_neighbours(bar, around):
    """Share of the notes of a clip's second bar whose pitch class the bars beside it have."""
    begin, end = around.bar_lines[[1, 2]]
    inside = bar.notes["pitch"][(bar.notes["time"] >= begin) & (bar.notes["time"] < end)] % 12
    beside = (around.notes["time"] < begin) | (around.notes["time"] >= end)
    known = np.isin(inside, around.notes["pitch"][beside] % 12)
    return known.mean() if len(known) else np.nan


found, example = [], []
for number, song in enumerate(songs[: run.size(2, 7)]):
    piano = piano_of(song)
    own = code.decode(code.windows(piano, hop=piano.bars)[0], piano.tempo)
    filled = system.inpaint(own, Region(bars=(1, 2)), steps=sampling_steps, seed=number)[0]
    other = system.generate(steps=sampling_steps, seed=number)[0]
    found.append([of_the_neighbours(bar, own) for bar in (own, filled, other)])
    example = example or [own, filled]
own, filled, other = np.nanmean(found, axis=0)
print(f"notes whose pitch class the neighbouring bars have: {own:.0%} in the song's own bar, "
      f"{filled:.0%} in the filling, {other:.0%} in a bar generated for another window")
run.note("notes of a filling that its neighbours have", filled, floor=f"{other:.2f}")

# %%
compare(example, ["the window", "its second bar generated again"])

# %% [markdown]
# *What you should have noticed:* read the three percentages (the bars are few, so they vary from
# seed to seed). If the filling has a larger share than the bar for another window, the network used
# the neighbouring bars. But this share counts only pitch classes that the neighbours already have.
# It cannot show whether a bar is a surprise that fits. The form has not improved, because a window
# holds two or three bars.
#
# ## Mini-project · Quality against variety (an hour)
#
# Generate windows at five temperatures and with 20, 50 and 100 steps, each with `grammar=False`.
# For every setting compute two numbers: the share of words that fit the grammar, and the number of
# different words per window. Plot one against the other, with the real windows as a point of their
# own. Which settings are worse than another one in both? Listen to the two ends.
#
# ## You can now
#
# You turned music into words and words into vectors, wrote the end-to-end loss and the masked loss,
# trained both networks and heard them learn, and steered one with a classifier.
#
# *A limitation to listen for:* a window holds two or three bars, and there is no form beyond them.
#
# *Terms:* embedding · rounding · self-conditioning · anchor · clamping · Viterbi search ·
# likelihood · bound · SNR · masked diffusion · ELECTRA · classifier
#
# *Next:* [lesson 12](12_evaluation.ipynb) compares all five systems with real music.

# %%
from workbench import quiz

quiz("11")

# %%
run.finish()
