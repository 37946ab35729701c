# %% [markdown]
# # 09 · Attention and a small GPT
#
# [08 MusicLDM](08_musicldm.ipynb) · [index](00_start_here.ipynb) ·
# [10 MidiGPT](10_midigpt_inpainting.ipynb)
#
# **You will** write causal attention, train a small GPT and hear it learn, see which earlier tokens
# it uses, and steer how it samples.
#
# **Needs** lesson 02 (tokens); matrix products; the softmax; surprise in nats and bits
# ([probability](refreshers/probability.ipynb)); a training loop in
# [PyTorch](refreshers/pytorch.ipynb); the shipped checkpoint for the last section.
# About 90 minutes with the exercises.
# **Time and memory:** printed below. **Exercises:** 45 minutes.
# **Library:** `workbench.models.gpt`, `workbench.models.generation`, `workbench.models.markov`.
# **Papers:** attention (arXiv 1706.03762), GPT-2 (Radford et al. 2019), rotary positions
# (2104.09864), induction heads (2209.11895), nucleus sampling (1904.09751).

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop (minutes), gpu, paper
dataset = "builtin-songs"  # "builtin-songs", "pop909", or a folder of MIDI files
seed = 0  # of everything random
train = False  # the small network is always trained here; True also trains MidiGPT

# %%
from workbench import load, plots, predict, reveal, start

run = start("09", profile=profile, dataset=dataset, seed=seed, train=train)

# %% [markdown]
# ## 1 · The task: which token comes next?
#
# In these songs whole phrases are repeated. Can a model that receives only the last four tokens use
# these repeats?
#
# A song is a sequence of tokens $w_1 \dots w_N$ (lesson 02). A **language model** with weights
# $\theta$ gives each token a probability, given those before it. The negative logarithm of this
# probability is the surprise of the token. The loss is the mean surprise:
#
# $$L(\theta) = -\frac{1}{N} \sum_{i=1}^{N} \ln p_\theta(w_i \mid w_1, \dots, w_{i-1}) \qquad (1)$$
#
# A special token BOS (beginning of sequence) stands before $w_1$. The unit of $L$ is **nats** per
# token: information measured with the natural logarithm. With byte-pair encoding (lesson 02) a
# token may stand for several events. So the figures below show bits per *note*, because these can
# be compared between vocabularies.
#
# *Equation (1):* code `workbench.models.gpt.next_token_loss`; paper GPT-2 (Radford and others
# 2019), eq. 1.

# %%
import numpy as np
import torch

from workbench.representations.remi import encode
from workbench.representations.tokens import BOS, PAD, SPECIAL, Vocabulary

songs = load(run.dataset, split="train", limit=run.size(150, 800))
held = load(run.dataset, split="test", limit=run.size(10, 40))
vocabulary = Vocabulary.train([encode(song) for song in songs], 768)


def rows_of(clips, longest=512):
    """Ids (songs, tokens) with BOS first; PAD, which is 0, fills up the shorter songs."""
    ids = [np.append(BOS, vocabulary.encode_song(encode(clip)))[:longest] for clip in clips]
    tensors = [torch.from_numpy(row) for row in ids]
    return torch.nn.utils.rnn.pad_sequence(tensors, batch_first=True)


rows, held_rows = rows_of(songs), rows_of(held)
first = vocabulary.decode(rows[0][1:9].numpy())
print(f"{len(songs)} songs, {rows.shape[1]} tokens at most; the first 8 tokens of one stand for:")
print(" ".join(vocabulary.names[i].removesuffix("_None") for i in first))

# %% [markdown]
# The baseline is a **Markov chain**. It predicts from the last few tokens only, by counting which
# tokens followed them in the training songs. **Kneser–Ney** smoothing also gives some probability
# to tokens that never followed. The built-in songs come from a grammar whose probabilities are
# known. So the smallest mean surprise that any model can reach is known, too: that of the grammar
# itself. This lesson calls it the truth.
#
# *Predict:* by which factor is the best chain's number of bits per note larger than the truth?

# %%
predict("09.1", [2.0, 5.0, 10.0], unit="times")

# %%
from workbench.datasets import builtin_songs
from workbench.models.markov import MarkovChain


def notes_in(ids):
    """Number of notes in ids: each has one velocity."""
    return int((vocabulary.kinds[vocabulary.decode(ids)] == "Velocity").sum())


lines = [row[row != PAD].numpy() for row in rows]
held_lines = [row[row != PAD].numpy() for row in held_rows]
notes = sum(notes_in(line) for line in held_lines)
chains, bits = {}, {}
for k in (0, 1, 2, 4):
    name = f"last {k}" if k else "frequencies"
    chains[name] = MarkovChain(k, vocabulary.size).fit(lines)
    nats = sum(chains[name].nll(line)[1:].sum() for line in held_lines)  # without BOS
    bits[name] = nats / np.log(2) / notes
floor = min(bits.values())
known = all(clip.labels.get("built_in") for clip in held)
true_nats = [-builtin_songs.log_prob_notes(clip) for clip in held] if known else [np.nan]
truth = sum(true_nats) / np.log(2) / notes
shown = {**bits, "the truth": truth} if known else bits
plots.bars(plots.axes(width=7), shown, ylabel="bits per note, held-out songs", floor=floor);

# %%
if known:
    reveal("09.1", floor / truth, f"{floor:.2f} bits per note, the truth {truth:.2f}")
else:
    print("Only the built-in songs have a known truth: run the lesson with them to see it.")

# %% [markdown]
# *What you should have noticed:* each further token helps the chain less, or even harms it, because
# more and more contexts never occurred in training. The truth is far smaller, because an exact
# repeat of a phrase costs the grammar nothing. To use repeats, a model has to receive many more
# tokens than four.
#
# ## Exercise 1 · The loss (10 minutes)
#
# *Level:* medium. *Goal:* equation (1) for one row. `ids` (time,) begins with BOS. `logits` (time,
# vocab) are the network's scores: the softmax of row $i$ gives the probabilities of the token
# *after* `ids[i]`. Leave out positions whose target is `pad`.

# %% tags=["stub"]
def next_token_loss(logits, ids, pad):
    return None  # about five lines


# %% tags=["check"]
from workbench.course.teaching import check_next_token

check_next_token(next_token_loss)

# %% tags=["solution"]
def next_token_loss(logits, ids, pad):
    logits, target = logits[:-1], ids[1:]
    logits = logits - logits.max(axis=1, keepdims=True)  # no overflow
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    cost = -log_p[np.arange(len(target)), target]
    return cost[target != pad].mean()


# %% [markdown]
# ## 2 · Attention: a mean of what came before
#
# *Think first:* in a layer of attention each token receives information from other tokens. May
# these include later tokens?
#
# Each token $i$ has a vector $x_i$. Its products with three matrices are three more vectors: a
# **query** $q_i = x_i W_Q$ (what the token looks for), a **key** $k_i = x_i W_K$ (how others find
# it) and a **value** $v_i = x_i W_V$ (what it passes on). Token $i$ receives a mean of the values,
# with weights $a_{ij}$:
#
# $$a_{ij} = \frac{e^{q_i \cdot k_j / \sqrt d}}{\sum_{l \le i} e^{q_i \cdot k_l / \sqrt d}}
# \;\text{ for } j \le i, \quad 0 \;\text{ for } j > i, \qquad
# y_i = \sum_{j} a_{ij}\, v_j \qquad (2)$$
#
# $d$ is the number of components of a query. If the components of two vectors are independent, with
# mean 0 and variance 1, the dot product of the vectors has variance $d$. The divisor $\sqrt d$
# makes this variance 1, so that the softmax does not give nearly all weight to one token. The
# **causal mask** sets the weights of later tokens ($j > i$) to 0, because the network has to
# *predict* these tokens. Several **heads** do this in parallel, each with its own matrices. Their
# results are concatenated.
#
# *Equation (2):* code `workbench.models.gpt.Attention`; paper Vaswani and others (arXiv
# 1706.03762), eq. 1, with the mask of section 3.2.3.

# %%
from workbench.course.diagrams import Arrow, diagram

boxes = {
    "x": ("x\ntime × width", 0, 0), "q": ("queries\nx W_Q", 1, 0), "k": ("keys\nx W_K", 1, 1),
    "v": ("values\nx W_V", 1, 2), "score": ("scores\nq · k / √d", 2, 0),
    "mask": ("causal mask\nlater: −∞", 3, 0), "soft": ("softmax\nweights a", 4, 0),
    "mean": ("mean\nΣ a v", 4, 2), "y": ("y\ntime × d", 5, 2),
}
arrows = [
    Arrow("x", "q"), Arrow("x", "k", beside=True), Arrow("x", "v", beside=True),
    Arrow("q", "score"), Arrow("k", "score"), Arrow("score", "mask"),
    Arrow("mask", "soft"), Arrow("soft", "mean"), Arrow("v", "mean"), Arrow("mean", "y"),
]
diagram("One head of causal attention", boxes, arrows, here=["mask", "soft"])

# %% [markdown]
# An example of one head: the vector of each pitch is 1 in one component and 0 in all others
# (one-hot), and queries and keys are three times this vector. Which tokens get large weights?

# %%
melody = ["C", "E", "G", "A", "C", "E", "G", "F"]
names = sorted(set(melody))
x = np.eye(len(names))[[names.index(pitch) for pitch in melody]]
scores = (3 * x) @ (3 * x).T / np.sqrt(len(names))
scores[np.triu(np.ones_like(scores, dtype=bool), k=1)] = -np.inf
weights = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
plots.matrix(plots.axes(width=5, height=3.6), weights, "each row: where that token looks",
             rows=melody, columns=melody, unit="weight");

# %% [markdown]
# *What you should have noticed:* the upper right is empty because of the mask. The second C gives
# nearly all its weight to the first C and to itself, in equal parts. It makes no difference where
# the first C stands: without positions, the earlier tokens have no order. Section 3 adds the
# positions.
#
# ## Exercise 2 · Causal attention (25 minutes)
#
# *Level:* hard. *Goal:* equation (2) with several heads. `x` has the shape (time, width), the three
# matrices have (width, width). Let $d$ be width / heads, and count heads from 0. Head $h$ uses the
# columns from $h d$ up to, but not including, $(h+1) d$ of each matrix. Its result is written to
# the same columns of the answer (time, width).

# %% tags=["stub"]
def causal_attention(x, w_q, w_k, w_v, heads):
    return None  # about a dozen lines


# %% tags=["check"]
from workbench.course.teaching import check_attention

check_attention(causal_attention)

# %% tags=["solution"]
def causal_attention(x, w_q, w_k, w_v, heads):
    time, width = x.shape
    d = width // heads
    later = np.triu(np.ones((time, time), dtype=bool), k=1)
    y = np.zeros((time, width))
    for head in range(heads):
        part = slice(head * d, (head + 1) * d)
        q, k, v = x @ w_q[:, part], x @ w_k[:, part], x @ w_v[:, part]
        scores = q @ k.T / np.sqrt(d)
        scores[later] = -np.inf
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        weights = weights / weights.sum(axis=1, keepdims=True)
        y[:, part] = weights @ v
    return y


# %% [markdown]
# ## 3 · Positions as rotations
#
# *Think first:* all tokens but the last one are shuffled. How does this change the vector that the
# last one receives from a layer of attention?
#
# Without positions it does not change: a mean does not depend on the order. **Rotary positions**
# make it depend on the order. Each query and key is divided into pairs of numbers $(a, b)$, counted
# from 0. At position $m$, pair $i$ is rotated by the angle $m\,\omega_i$:
#
# $$R_m \binom{a}{b} = \binom{a \cos m\omega_i - b \sin m\omega_i}
# {b \cos m\omega_i + a \sin m\omega_i}, \qquad \omega_i = 10000^{-2i/d} \qquad (3)$$
#
# For a given query and key, their product then depends only on the distance $m - n$ of their
# positions. This suits music, which is often repeated at fixed distances.
#
# *Equation (3):* code `workbench.models.gpt.rotate`; paper RoFormer (arXiv 2104.09864), eq. 34.
#
# ## Exercise 3 · Rotate (10 minutes)
#
# *Level:* medium. *Goal:* equation (3) for `x` (time, size) at positions 0, 1, …, with `base` in
# place of 10000 and size in place of $d$. Pair $i$ is channel $i$ and channel $i$ + size / 2.

# %% tags=["stub"]
def rotate_pairs(x, base):
    return None  # about five lines


# %% tags=["check"]
from workbench.course.teaching import check_rotation

check_rotation(rotate_pairs)

# %% tags=["solution"]
def rotate_pairs(x, base):
    time, size = x.shape
    rate = base ** (-2 * np.arange(size // 2) / size)
    angle = np.arange(time)[:, None] * rate
    a, b = x[:, : size // 2], x[:, size // 2 :]
    first = a * np.cos(angle) - b * np.sin(angle)
    second = b * np.cos(angle) + a * np.sin(angle)
    return np.concatenate([first, second], axis=1)


# %%
from workbench.models.gpt import angles, rotate

random = torch.Generator().manual_seed(seed)
q, k, v = torch.randn(3, 1, 1, 8, 32, generator=random)  # one head, 8 tokens
shuffled = torch.tensor([3, 0, 6, 1, 5, 2, 4, 7])  # the last one stays
attend = torch.nn.functional.scaled_dot_product_attention
rope = angles(8, 32)
q2, k2, v2 = (vectors[:, :, shuffled] for vectors in (q, k, v))
results = {
    "without positions": (attend(q, k, v), attend(q2, k2, v2)),
    "rotary positions": (attend(rotate(q, rope), rotate(k, rope), v),
                         attend(rotate(q2, rope), rotate(k2, rope), v2)),
}
for name, (in_order, in_another) in results.items():
    change = (in_order - in_another)[0, 0, -1].abs().max()
    print(f"{name:18} the last token's result changes by {float(change):.1e}")
ones = rotate(torch.ones(1, 1, 64, 32), angles(64, 32))[0, 0]  # equal vectors at 64 positions
products = (ones @ ones.mT) / 32
plots.lines(plots.axes(width=6), range(64), {"query at 0": products[0].numpy()},
            xlabel="distance in tokens", ylabel="product, relative");

# %% [markdown]
# *What you should have noticed:* without positions the order makes no difference; with them it
# does. The curve is the product of two equal vectors. It is largest at distance 0 and goes up and
# down at larger distances. Query and key decide which distances give a large product, by the pairs
# in which they are large. So a head can learn to give its weight to *the token before*, or to
# tokens at another distance.
#
# ## 4 · The network
#
# *Predict:* which part of the small GPT below has most of the weights?

# %%
predict("09.2", ["embedding", "attention", "MLPs"])

# %% [markdown]
# A **decoder-only transformer** has three parts. The embedding turns each token into a vector. Then
# several blocks change this vector, one after the other. The last layer computes one score for each
# token of the vocabulary. A block adds two things to the vector: the result of attention, which
# comes from other tokens, and the result of an MLP, which transforms the token by itself. The
# vector to which all blocks add is called the **residual stream**. Before attention and before the
# MLP, a layer norm (LN) gives the input mean 0 and variance 1.

# %%
boxes = {
    "ids": ("tokens\nids", 0, 0), "wte": ("embedding\n→ width", 1, 0),
    "attn": ("LN, attention\nlooks back", 2, 0), "mlp": ("LN, MLP\neach token", 3, 0),
    "out": ("LN, same\nembedding", 4, 0), "p": ("softmax\nnext token", 5, 0),
    "rope": ("position\nrotates q, k", 2, 1), "loss": ("loss\n−ln p(w)", 5, 1),
}
arrows = [
    Arrow("ids", "wte"), Arrow("wte", "attn"), Arrow("attn", "mlp"), Arrow("mlp", "out"),
    Arrow("out", "p"), Arrow("rope", "attn"), Arrow("p", "loss", dashed=True),
    Arrow("wte", "mlp", "added", over=True), Arrow("attn", "out", "added", over=True),
]
diagram("The small GPT; attention and MLP are one block, two in a row", boxes, arrows,
        here=["attn", "mlp"])

# %%
from IPython.display import display

from workbench.course.listing import listing
from workbench.models.gpt import Attention, Block

display(listing(Attention.forward, first="batch, time", last="return"))
listing(Block.forward)

# %%
from workbench.models.gpt import GPT, GPTConfig

width = run.size(64, 128)
torch.manual_seed(seed)
config = GPTConfig(vocabulary.size, context=1024, width=width, depth=2, heads=4, dropout=0.0)
gpt = GPT(config)
sizes = {"embedding": gpt.wte.weight.numel(),
         "attention": sum(p.numel() for block in gpt.h for p in block.attn.parameters())}
sizes["MLPs"] = sum(p.numel() for block in gpt.h for p in block.parameters()) - sizes["attention"]
for name, size in sizes.items():
    print(f"{name:10} {size:9,} weights")
reveal("09.2", max(sizes, key=sizes.get))

# %% [markdown]
# *What you should have noticed:* an MLP has twice as many weights as attention, because its hidden
# layer is four times as wide. The last layer has no weights of its own: it uses the matrix of the
# embedding, transposed.
#
# ## 5 · Train it, hear it grow
#
# *Predict:* after how many steps of training does the GPT need fewer bits per note than the best
# Markov chain? (At `smoke` size the training is too short for it.)

# %%
predict("09.3", [50, 100, 200], unit="steps")

# %% [markdown]
# One step of training: take some songs, predict each of their tokens from those before it, and
# change the weights against the gradient of equation (1). All tokens are predicted in parallel. The
# mask makes this possible, because no position receives the token that it has to predict.

# %%
from workbench.models.gpt import next_token_loss as loss_of

optimizer = torch.optim.AdamW(gpt.parameters(), lr=4e-3, betas=(0.9, 0.95), weight_decay=0.1)
total = run.size(40, 300)


def training_step(step, batch=12):
    rate = min(1, (step + 1) / 20) * (0.02 + 0.98 * (1 - step / total))  # rises, then falls
    optimizer.param_groups[0]["lr"] = 4e-3 * rate
    ids = rows[torch.randint(len(rows), (batch,))]
    ids = ids[:, : int((ids != PAD).sum(1).max())]
    loss = loss_of(gpt(ids), ids, PAD)
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(gpt.parameters(), 1.0)
    optimizer.step()
    return loss.item()


@torch.no_grad()
def bits_per_note():
    nats = loss_of(gpt(held_rows), held_rows, PAD) * (held_rows[:, 1:] != PAD).sum()
    return float(nats) / np.log(2) / notes


# %% [markdown]
# So that you hear it learn, the network continues the first two bars of a held-out song several
# times during the training, always with the same prompt and seed.

# %%
from miditok import TokSequence

from workbench import Clip
from workbench.models.generation import Sampling, generate

bar = vocabulary.id("Bar_None")
song = next((c for c in held if c.labels.get("form") == "AABA"), held[0])
base = encode(song)
opening = np.concatenate(vocabulary.bars(base)[:2])  # two bars
prompt = torch.from_numpy(np.append(BOS, vocabulary.encode_song(opening)))


def clip_of(ids, bars=8):
    """The first bars of what the ids stand for, at the song's tempo."""
    found = vocabulary.bars(vocabulary.decode(ids[ids >= len(SPECIAL)]))[:bars]
    score = vocabulary.midi.decode(TokSequence(ids=np.concatenate(found).tolist()))
    return Clip(score, tempo=song.tempo).excerpt(0, 4.0 * bars)


def continued(temperature=1.0, top_p=1.0, seed=seed):
    settings = Sampling(temperature=temperature, top_p=top_p)
    new = generate(gpt.eval(), prompt, 1, 300, seed=seed, sampling=settings)[0]
    gpt.train()
    return clip_of(torch.cat([prompt, new]).numpy())


# %%
import time

stops = (0, 10, 40) if run.small else (0, 50, 150, 300)
history, measured, clips = [], {0: bits_per_note()}, []
began = time.perf_counter()
for stop in stops:
    while len(history) < stop:
        history.append(training_step(len(history)))
        if len(history) % run.size(20, 25) == 0:
            measured[len(history)] = bits_per_note()
    clips.append(continued())
print(f"{total} steps in {time.perf_counter() - began:.0f} s, sampling included")
ax = plots.axes(width=7)
plots.lines(ax, list(measured), {"small GPT": list(measured.values())}, xlabel="step",
            ylabel="bits per note, held-out songs")
ax.set_yscale("log")
ax.axhline(floor, color=plots.COLOURS[1], ls="--", label="best Markov chain")
ax.axhline(truth, color=plots.INK, ls=":", label="truth")
ax.legend(loc="upper right");

# %%
final = measured[total]
if final < floor:
    beaten = min(step for step, value in measured.items() if value < floor)
    every = run.size(20, 25)
    reveal("09.3", beaten, f"measured every {every} steps: below {floor:.1f} bits per note")
else:
    print("This run is too short to beat the chain: choose the laptop size.")
print(f"small GPT {final:.2f} bits per note, best Markov chain {floor:.2f}, truth {truth:.2f}")
run.note("small GPT", final, floor=f"best Markov chain {floor:.2f}", unit="bits per note")
run.note("above the truth", final - truth, unit="bits per note")

# %%
from workbench.course.widgets import compare

compare([song.excerpt(0, 32), *clips], ["the held-out song", *[f"{n} steps" for n in stops]])

# %% [markdown]
# *What you should have noticed* (at `laptop` size): before training the tokens are random. Listen
# for what comes first: frequent tokens, a beat, a scale, or phrases that are repeated. The curve
# falls fast, passes the chain and then falls slowly. More training would bring it nearer to the
# truth.
#
# ## 6 · Which tokens does it use?
#
# In a song of the form AABA, bars 3 and 4 repeat bars 1 and 2. To which earlier tokens should the
# tokens of bar 3 give weight?
#
# The weights $a_{ij}$ of each head can be computed from its queries and keys. One kind of head is
# known from language models. An **induction head** gives weight to the token that *came after* the
# last occurrence of the present token (Olsson and others 2022, arXiv 2209.11895). In a repeat, this
# is the token that comes next.
#
# *Predict:* which share of its weight does the best head of the small GPT give to that one token,
# on average?

# %%
predict("09.4", [0.02, 0.05, 0.2, 0.5])

# %%
@torch.no_grad()
def weights_of(ids):
    """Attention weights of ids (time,): (layers, heads, time, time)."""
    x, rope = gpt.embedded(ids[None], 0, None)
    later = torch.ones(len(ids), len(ids), dtype=torch.bool).triu(1)
    layers = []
    for block in gpt.h:
        split = block.attn.c_attn(block.ln_1(x)).unflatten(2, (3, gpt.config.heads, -1))
        q, k, _ = split.permute(2, 0, 3, 1, 4)  # (1, heads, time, d)
        scores = rotate(q, rope) @ rotate(k, rope).mT / q.shape[-1] ** 0.5
        layers.append(scores.masked_fill(later, -torch.inf).softmax(-1)[0])
        x = block(x, rope)
    return torch.stack(layers)


# %%
ids = torch.from_numpy(np.append(BOS, vocabulary.encode_song(base)))
weights = weights_of(ids).numpy()
target = np.zeros(weights.shape[2:], dtype=bool)  # the token after the last equal one
for i, token in enumerate(ids.tolist()):
    before = [j for j in range(i) if ids[j] == token]
    if before:
        target[i, before[-1] + 1] = True
copying = weights[..., target].mean(-1)  # (layers, heads)
chance = float((1 / (1 + np.nonzero(target)[0])).mean())
plots.matrix(plots.axes(width=5, height=2.2), copying, "weight on the token to copy",
             rows=["layer 1", "layer 2"], columns=[f"head {h + 1}" for h in range(4)], unit="mean")
reveal("09.4", float(copying.max()), f"Evenly spread weights would give {chance:.1%}.")
run.note("weight of the best head on the token to copy", copying.max(), floor=chance)

# %%
layer, head = np.unravel_index(copying.argmax(), copying.shape)
starts = [np.array_equal(vocabulary.decode([i])[:1], [bar]) for i in ids.tolist()]
of_bar = np.maximum(np.cumsum(starts) - 1, 0)  # the bar of each token
count = of_bar.max() + 1
by_bar = np.zeros((count, count))
for a in range(count):
    for b in range(count):
        from_a_to_b = weights[layer, head][of_bar == a][:, of_bar == b]
        by_bar[a, b] = from_a_to_b.sum(1).mean()
left, right = plots.axes(1, 2, width=11, height=4)
plots.matrix(left, weights[layer, head], f"layer {layer + 1}, head {head + 1}: token by token",
             unit="weight")
left.set(xlabel="looks at token", ylabel="token")
bars_named = [str(b + 1) for b in range(count)]
plots.matrix(right, by_bar, f"bar by bar, form {song.labels.get('form', '?')}", rows=bars_named,
             columns=bars_named, unit="weight")
right.set(xlabel="looks at bar", ylabel="bar");

# %% [markdown]
# Does the network use repeats? The next figure shows the bits that each bar needs, as the mean over
# all held-out songs of the same form:

# %%
forms = [i for i, clip in enumerate(held) if clip.labels.get("form") == song.labels.get("form")]
cost = {"small GPT": [], "best Markov chain": []}
best = min(bits, key=bits.get)
for line in (held_lines[i] for i in forms):
    starts = [vocabulary.decode([i])[0] == bar for i in line[1:]]
    number = np.cumsum(starts) - 1  # the bar of each token after BOS
    row = torch.from_numpy(line)[None]
    with torch.no_grad():
        logits = gpt(row)[0, :-1]
    of_gpt = torch.nn.functional.cross_entropy(logits, row[0, 1:], reduction="none").numpy()
    of_chain = chains[best].nll(line)[1:]
    for name, nats in (("small GPT", of_gpt), ("best Markov chain", of_chain)):
        cost[name].append([nats[number == b].sum() / np.log(2) for b in range(8)])
plots.lines(plots.axes(width=6), range(1, 9), {name: np.mean(c, 0) for name, c in cost.items()},
            xlabel="bar", ylabel="bits per bar", title=f"{len(forms)} songs");

# %% [markdown]
# *What you should have noticed* (at `laptop` size): the chain needs about as many bits for a repeat
# as for the first time. The GPT needs many bits for a phrase when it comes first, and far fewer
# when it is repeated. In the figures of the head, look for large weights at a fixed distance: that
# is where the phrase stood before.
#
# ## 7 · Sampling: temperature and top-p
#
# *Think first:* the network continues a song at temperature 0.5 and at temperature 1.5. What will
# you hear?
#
# The network gives each token $i$ of the vocabulary a score $u_i$, its logit. The softmax of the
# logits divided by a **temperature** $T$ gives the probabilities:
#
# $$p_i = \frac{e^{u_i/T}}{\sum_j e^{u_j/T}} \qquad (4)$$
#
# At a low temperature the likeliest tokens get nearly all probability; at a high temperature all
# tokens become more equal. The next token is sampled from the **nucleus** only: the smallest set of
# likeliest tokens whose probabilities add up to top-p or more. Tokens outside the nucleus get
# probability 0.
#
# *Equation (4):* code `workbench.models.generation.Sampling.sample`; paper Holtzman and others 2020
# (arXiv 1904.09751), section 3.

# %%
with torch.no_grad():
    u = gpt(prompt[None])[0, -1]  # the logits of the token after the prompt


def probabilities(temperature, top_p):
    p = (u / temperature).softmax(0)
    ordered, index = p.sort(descending=True)
    ordered[ordered.cumsum(0) - ordered > top_p] = 0  # those before it reach top-p already
    return torch.zeros_like(p).scatter(0, index, ordered / ordered.sum())


# %%
from workbench.course.widgets import Slider, explore


def likeliest(temperature, top_p):
    p = probabilities(temperature, top_p)
    ax = plots.axes(width=7, height=2.6)
    ax.bar(range(20), p[u.argsort(descending=True)[:20]], color=plots.COLOURS[0])
    ax.set(xlabel="the 20 likeliest tokens", ylabel="probability", ylim=(0, 1),
           title=f"{int((p > 0).sum())} of {len(p)} tokens are possible")
    return ax


explore(likeliest, Slider("temperature", np.linspace(0.2, 2, 37), 1.0),
        Slider("top-p", np.linspace(0.05, 1, 20), 1.0), still=(0.5, 1.0, 1.5))

# %%
settings = {"T 0.5": (0.5, 1.0), "T 1": (1.0, 1.0), "T 1, top-p 0.9": (1.0, 0.9),
            "T 1.5": (1.5, 1.0), "T 1.5, top-p 0.9": (1.5, 0.9)}
compare([continued(*pair) for pair in settings.values()], list(settings))

# %% [markdown]
# *What you should have noticed* (at `laptop` size): at 0.5 the most probable tokens are chosen
# again and again. At 1.5 improbable tokens are chosen more often. After each of them the network
# has to continue a sequence of a kind on which it was not trained. The nucleus excludes the least
# probable tokens, so fewer wrong notes are chosen.
#
# ## 8 · The shipped network: MidiGPT
#
# *Think first:* which of these grows by the largest factor from the small GPT to the shipped one:
# width, depth, context or vocabulary?

# %%
from workbench import MidiGPT, Region
from workbench.systems.storage import training_of

name = "songs-gpt"
if run.train:
    name = f"runs/songs-{run.profile}"
    shipped = MidiGPT.train(run.dataset, run.profile, out=name)
else:
    shipped = MidiGPT.from_pretrained(name)
table = {part: [getattr(c, part) for c in (config, shipped.config.gpt)]
         for part in ("width", "depth", "heads", "context", "vocab")}
table["weights"] = [sum(p.numel() for p in net.parameters()) for net in (gpt, shipped.networks)]
for part, (small, large) in table.items():
    print(f"{part:8} small {small:9,}   shipped {large:9,}")

# %%
about = training_of(name)
minutes = sum(stage["minutes"] for stage in about.get("stages", {}).values())
print(f"its last training: {about.get('songs', 0):,} songs and {about.get('notes', 0):,} notes of "
      f"{about.get('dataset', 'unknown data')}, {minutes:.0f} minutes")
print(f"the small one: {len(songs)} songs of {run.dataset}, {total} steps")
longer = shipped.inpaint(song.excerpt(0, 8), Region(bars=(2, 8)), seed=seed)[0]
compare([clips[-1], longer], ["small GPT", "shipped MidiGPT"], blind=True)

# %% [markdown]
# *What you should have noticed:* the shipped network is of the kind of section 4, but larger and
# with two further inputs, which lesson 10 explains. Both networks continue the same two bars, drums
# included, and the players are shuffled. The small network was trained on one data set only. The
# shipped one was trained on all data sets in the printed line. In which continuation do you hear
# the style of the opening?
#
# ## Mini-project · Copying needs two layers (an hour)
#
# An induction head needs a layer below it that gives each token information on the token before it.
# Train networks with `depth` 1 and 2 (and 3, if you have the time), with three seeds each, and plot
# the bits of each bar as in section 6. Does the network with one layer need fewer bits for a phrase
# that is repeated? Then try `positions="learned"`.
#
# ## You can now
#
# You wrote causal attention and rotary positions, trained a small GPT and heard it learn, saw which
# head copies, and steered how it samples.
#
# *A limitation to listen for:* the network repeats and varies what came before, but it does not
# plan an ending. Where the song should close, it may just go on.
#
# *Terms:* language model · nats · Markov chain · Kneser–Ney · query · key · value · causal mask ·
# head · rotary positions · decoder-only transformer · residual stream · induction head · nucleus
#
# *Next:* [lesson 10](10_midigpt_inpainting.ipynb) regenerates bars inside of songs, and makes
# generation fast.

# %%
from workbench import quiz

quiz("09")

# %%
run.finish()
