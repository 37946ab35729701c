# %% [markdown]
# # Experiment: longer than in training
#
# **For** lesson 09. **In short:** Does a GPT predict well at positions beyond those of its
# training, with learned or with rotary positions? *Predicted:* learned positions fail at once,
# rotary positions work up to twice the length.
#
# **Question.** How does a language model of music predict at positions beyond those of its
# training? The original MidiGPT encodes positions by learned vectors, one for each, up to 1,024.
# Ours rotates queries and keys by their position (RoFormer, arXiv 2104.09864) and knows only
# distances. Does that work beyond the length of training?
#
# **Prediction**, written before the run. Within the trained length rotary positions cost a little
# less. Directly beyond it learned positions fail at once: their vectors were never trained, and a
# token costs 0.5 bits or more than if the same network reads the last tokens only. Rotary positions
# work up to twice the trained length (less than 0.1 bits above), then become worse slowly, to more
# than 0.2 bits at eight times.
#
# **Method.** A GPT of two layers with a width of 64 is trained for 400 steps on 16 windows of 128
# tokens (REMI with 1,200 byte-pair tokens, about 50 per bar), cut anywhere from songs of POP909 in
# random keys. Then it reads songs of the test split from their beginning, up to 1,024 tokens. Bits
# per token are measured by position: 64–127 (inside), 128–255 (to twice the trained length),
# 256–511, 512–1,023. Floor: the same network on the same tokens with a context that it was trained
# for, always the last 64 to 127 tokens only; a network that is worse should rather ignore the
# start. A unigram model is also measured. A seed determines initial weights, windows and their
# order. A point takes less than a minute of one idle thread.

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop
dataset = "pop909"  # "pop909", "builtin-songs", or a folder of MIDI files
seed = 0  # initial weights, windows and their order
positions = "rotary"  # "learned" as in the seed, or "rotary"

# %% tags=["grid"]
grid = {
    "smoke": {"positions": ["learned"], "seed": [0]},
    "laptop": {"positions": ["learned", "rotary"], "seed": [0, 1, 2]},
}

# %%
import tempfile

import numpy as np
import torch

from workbench import plots, start
from workbench.models.gpt import GPT, GPTConfig
from workbench.models.markov import MarkovChain
from workbench.representations.holes import plain, transpose
from workbench.representations.remi import ids_of
from workbench.representations.tokens import Vocabulary
from workbench.systems.midigpt.training import loss, songs_of, tables_of
from workbench.training import Plan, fit

TRAINED = 128

run = start("midigpt_length", profile=profile, dataset=dataset, seed=seed)
rng = np.random.default_rng(seed)
train = tables_of(songs_of(run.dataset, "train", run.size(12, 120)))
test = tables_of(songs_of(run.dataset, "test", run.size(12, 40)))
vocabulary = Vocabulary.train([ids_of(song) for song in train], run.size(600, 1200))
longest = run.size(256, 1024)


def tokens(song):
    return plain(song, vocabulary, ends=False)[1:]


stream = [tokens(transpose(song, int(rng.integers(-5, 7)), vocabulary)) for song in train]
stream = np.concatenate(stream).astype(np.int16)
begins = rng.integers(len(stream) - TRAINED, size=run.size(64, 6400))
windows = torch.from_numpy(stream[begins[:, None] + np.arange(TRAINED)])
held = [ids[:longest] for ids in map(tokens, test) if len(ids) >= longest]
held = torch.from_numpy(np.stack(held).astype(np.int64))
chain = MarkovChain(0, vocabulary.size).fit([stream])
print(f"{len(windows)} windows of {TRAINED} of {len(stream)} tokens; "
      f"{len(held)} songs of {longest} tokens to read")

# %%
torch.manual_seed(seed)
config = GPTConfig(vocabulary.size, longest, width=64, depth=2, heads=2, dropout=0.0,
                   positions=positions)
steps = run.size(4, 400)
plan = Plan(steps=steps, batch=16, lr=6e-3, warmup=steps // 10, weight_decay=0.1,
            betas=(0.9, 0.95), every=steps, keep="last", precision="32-true")
with tempfile.TemporaryDirectory() as folder:
    model = fit(GPT(config), (windows,), loss, plan, folder, seed=seed, title=positions).module


@torch.inference_mode()
def bits(ids):
    """Of each token but the first, given those before it in its row: (n, time − 1)."""
    logits = torch.cat([model(rows)[:, :-1] for rows in ids.split(8)]).transpose(1, 2)
    cost = torch.nn.functional.cross_entropy(logits, ids[:, 1:], reduction="none")
    return cost.numpy() / np.log(2)


half = TRAINED // 2  # of each window the second half is counted, so all have 64 or more before
whole = bits(held)[:, half - 1 :]
short = np.concatenate([bits(held[:, first : first + TRAINED])[:, half - 1 :]
                        for first in range(0, longest - half, half)], axis=1)
assert whole.shape == short.shape == (len(held), longest - half)  # tokens 64 … longest − 1

# %%
unigram = np.mean([chain.nll(row)[half:].mean() for row in held.numpy()]) / np.log(2)
run.note("short windows", short.mean(), floor=unigram, unit="bits a token")
for first, last in ((64, 128), (128, 256), (256, 512), (512, 1024)):
    there = slice(first - half, last - half)
    if first < longest:
        run.note(f"{first}–{last - 1}", whole[:, there].mean(), floor=short[:, there].mean(),
                 unit="bits a token")
    if TRAINED <= first < longest:
        run.note(f"{first}–{last - 1}, above short windows",
                 (whole[:, there] - short[:, there]).mean(), unit="bits a token")
run.finish()

# %% [markdown]
# ## Result at laptop size

# %%
from workbench.course.experiments import committed

table = committed("midigpt_length")
table

# %%
left, right = plots.axes(1, 2, width=10, height=3.6)
places = ["64–127", "128–255", "256–511", "512–1023"]
for curve, row in enumerate(table.rows):
    kind = row["parameters"]["positions"]
    plots.intervals(left, *table.across(places, positions=kind), label=kind, curve=curve)
    floor = [row["figures"][place]["floor"] for place in places]
    left.plot(np.arange(4) + 0.12 * curve, floor, "_", color=plots.COLOURS[curve], ms=16,
              label=f"{kind}, short windows")
    above = table.across([f"{place}, above short windows" for place in places[1:]], positions=kind)
    plots.intervals(right, places[1:], *above[1:], label=kind, curve=curve)
right.axhline(0, color=plots.INK, lw=1, ls=":")
left.set(xlabel="place in the song (trained: up to 127)", ylabel="bits a token", ylim=(6, 9))
right.set(xlabel="place in the song", ylabel="above short windows (bits a token)")
left.legend(frameon=False, labelcolor=plots.INK, fontsize=8);

# %%
learned, rotary = {"positions": "learned"}, {"positions": "rotary"}
for figure in ("64–127", *(f"{place}, above short windows" for place in places[1:])):
    gap, low, high = table.difference(figure, learned, rotary)
    print(f"{figure}: rotary − learned {gap:+.2f} bits a token ({low:.2f} to {high:.2f})")

# %% [markdown]
# **Learned positions do not fail at once.** Here the prediction is most wrong: from the first
# position beyond the training on, a token costs 0.12 bits more than with a short context (0.04 to
# 0.21), not 0.5 or more. A vector that was never trained is still near its initial values, with a
# standard deviation of 0.02, and has almost no effect; after 400 steps, the network depends little
# on positions and works without them.
#
# **Rotary positions** work up to twice the length as predicted (0.08 bits, −0.00 to 0.16), and
# become worse as predicted: by 0.20 bits at four times and 0.37 at eight times (0.11 to 0.63),
# and increasingly in every seed. A longer context does not help this network, but harms it:
# its attention was trained to distribute itself over 128 tokens, and now there are a thousand.
# It should rather ignore the start.
#
# **Comparison.** There is little difference between the two. Rotary positions cost 0.24 bits less
# within the trained length (−0.93 to 0.46 for the difference; less in two of three seeds), and lose
# 0.04 bits less up to twice the length (0.02 to 0.07); beyond that either may be better. Although a
# network with rotary positions "knows only distances", it does not work beyond the distances of its
# training.
#
# These networks have learned short-range structure: 6.7 to 7.0 bits per token where a unigram model
# has 9.1, and hardly anything that is more than a bar back. A network that has learned to copy from
# eight bars before has more to gain from length, and with learned positions more to lose.

# %% [markdown]
# ## What a gpu run would add
#
# Networks that copy: the size of the shipped `songs-gpt` or more, trained at 128, 512 and 1,024
# tokens until the loss no longer falls, evaluated at 4,096; ten seeds. And the remedies: rotary
# angles scaled down in evaluation (position interpolation, arXiv 2306.15595), attention with linear
# biases (ALiBi, arXiv 2108.12409), training at random offsets.
