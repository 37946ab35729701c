# %% [markdown]
# # 10 · MidiGPT: filling holes in songs
#
# [09 Attention and a small GPT](09_attention_gpt.ipynb) · [index](00_start_here.ipynb) ·
# [11 Diffusion-LM](11_diffusion_lm.ipynb)
#
# **You will** write a song as a sequence in which a GPT can generate missing bars, train such a
# network and hear it learn, measure whether it uses the bars after the missing ones, and use a
# larger one to regenerate bars, continue songs and accompany them.
#
# **Needs** lessons 02 (tokens) and 09 (the network); bars and metre
# ([MIDI and metre](refreshers/midi.ipynb)); a training loop in
# [PyTorch](refreshers/pytorch.ipynb); the shipped checkpoint from section 5 on.
# About 70 minutes for sections 1 to 5 with their exercises; 6 to 9 go further and take another 40.
# **Time and memory:** printed below. **Exercises:** 50 minutes.
# **Library:** `workbench.representations.holes`, `workbench.representations.hints`,
# `workbench.models.gpt`, `workbench.models.generation`, `workbench.systems.midigpt`.
# **Papers:** fill-in-the-middle (arXiv 2207.14255), MIDI-GPT (2501.17011), GPT-2 (Radford et al.
# 2019), rotary positions (2104.09864), induction heads (2209.11895), nucleus sampling (1904.09751).

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop (minutes), gpu, paper
dataset = "pop909"  # of the large network: "pop909", "builtin-songs", or a folder of MIDI files
seed = 0  # of everything random
train = False  # the small network is always trained here; True also trains the large one

# %%
from workbench import MidiGPT, Region, load, plots, predict, reveal, start

run = start("10", profile=profile, dataset=dataset, seed=seed, train=train)

# %% [markdown]
# ## 1 · A song with a hole becomes a sequence
#
# Two bars in the middle of a song are missing. A network generates tokens from left to right, each
# conditioned on those before it.
#
# *Predict:* which bars should come directly before the missing ones in the sequence?

# %%
predict("10.1", ["those before the hole", "those after the hole", "none"])

# %% [markdown]
# A decoder-only transformer only continues sequences. To generate bars inside of a song,
# **fill-in-the-middle** changes the *order* of the sequence, so that the missing bars come last.
# The missing bars are called the **hole**. The bars before it are the **prefix**, those after it
# the **suffix**, and those that fill it the **middle**:

# %%
from workbench.course.diagrams import Arrow, diagram

boxes = {
    "a": ("prefix\nbars before", 1, 0), "b": ("hole\nmiddle", 2.5, 0),
    "c": ("suffix\nbars after", 4, 0),
    "bos": ("BOS", 0, 1), "hole": ("HOLE HOLE\none per bar", 1, 1), "suf": ("suffix", 2, 1),
    "trk": ("Program …\nits tracks", 3, 1), "pre": ("prefix", 4, 1), "fill": ("FILL", 5, 1),
    "mid": ("middle", 6, 1), "end": ("END", 7, 1),
}
arrows = [
    Arrow("bos", "hole"), Arrow("hole", "suf"), Arrow("suf", "trk"), Arrow("trk", "pre"),
    Arrow("pre", "fill"), Arrow("fill", "mid"), Arrow("mid", "end"), Arrow("a", "b"),
    Arrow("b", "c"), Arrow("b", "mid", "moved to the end", dashed=True, beside=False),
]
diagram("A song with a hole (above) and its sequence (below)", boxes, arrows, here=["b", "mid"])

# %% [markdown]
# The middle is conditioned on the suffix, so it can lead to the bars that follow. The prefix comes
# last before FILL, so that the middle continues it directly. Each token HOLE stands for one bar, so
# the length of the hole is known. If only some tracks are regenerated, the notes of the other
# tracks follow the HOLE of their bar. Let $u_1 \dots u_N$ be the tokens of this sequence. The loss
# is that of lesson 09, equation 1. It includes all tokens, so the network also learns the order of
# the parts:
#
# $$L(\theta) = -\frac1N \sum_{i=1}^{N} \ln p_\theta(u_i \mid u_1, \dots, u_{i-1}), \qquad
# u = \text{BOS, holes, suffix, tracks, prefix, FILL, middle, END} \qquad (1)$$
#
# *Equation (1):* code `workbench.representations.holes.question`; paper Bavarian and others 2022
# (arXiv 2207.14255), section 3, its order "suffix, prefix, middle".

# %%
import numpy as np
from IPython.display import display

from workbench.course.listing import listing
from workbench.representations.holes import Hole, answer, question
from workbench.representations.remi import encode, table_of
from workbench.representations.tokens import FILL, PAD, Vocabulary

songs = load("builtin-songs", split="train", limit=run.size(60, 400))
held = load("builtin-songs", split="test", limit=run.size(30, 120))
vocabulary = Vocabulary.train([encode(song) for song in songs], 768)
song = next(c for c in held if c.labels["form"] == "AABA" and c.meter == (4, 4))
table = table_of(song.score)
hole = Hole(0, 2)  # the first two bars
prompt = question(table, hole, vocabulary)
display(listing(question, first="bars = bars_of", last=").astype"))
names = [vocabulary.names[i].removesuffix("_None") for i in vocabulary.decode(prompt)]
print(" ".join(names[:10]), "…\n…", " ".join(names[-10:]))
print(f"then {len(answer(table, hole, vocabulary))} tokens that fill the bars and END")

# %%
ids_of_bars_1_and_2 = vocabulary.encode_song(np.concatenate(vocabulary.bars(encode(song))[:2]))
in_the_middle = question(table, Hole(2, 4), vocabulary)  # a hole in bars 3 and 4
n = len(ids_of_bars_1_and_2)
before_fill = in_the_middle[-1 - n : -1]
prefix_last = in_the_middle[-1] == FILL and np.array_equal(before_fill, ids_of_bars_1_and_2)
reveal("10.1", "those before the hole" if prefix_last else "none",
       "A hole in bars 1 and 2 has no prefix; there the middle follows the names of the tracks.")

# %% [markdown]
# *What you should have noticed:* no token stands for notes of two bars (lesson 02), so whole bars
# can be moved. A hole at the end of a song asks for a continuation, one at the beginning for an
# introduction.
#
# ## Exercise 1 · Build the sequence (10 minutes)
#
# *Level:* medium. *Goal:* the sequence of equation (1), without BOS and the tracks. `bars` is a
# list with a list of tokens for each bar. The hole begins with bar `first` and ends before bar
# `last`. The sequence consists of one "HOLE" per bar of the hole, the suffix, the prefix, "FILL",
# the middle and "END".

# %% tags=["stub"]
def fill_in_the_middle(bars, first, last):
    return None  # a list of tokens


# %% tags=["check"]
from workbench.course.teaching import check_question

check_question(fill_in_the_middle)

# %% tags=["solution"]
def fill_in_the_middle(bars, first, last):
    def flat(some):
        return [token for bar in some for token in bar]

    around = ["HOLE"] * (last - first) + flat(bars[last:]) + flat(bars[:first])
    return [*around, "FILL", *flat(bars[first:last]), "END"]


# %% [markdown]
# ## 2 · The network: a GPT with two hints
#
# *Think first:* songs repeat phrases, and in lesson 09 a network had to learn to copy them. Which
# further input would make this easier for the network?
#
# The network is that of lesson 09. With each token it can receive two hints. They are computed from
# the tokens by a program, not by a network:
#
# - The **echo** is a token that may come next. A *tail* consists of the last tokens up to the
#   present one. Of the tails of 2, 4, 8 and 16 tokens, the longest that occurred earlier in the
#   song is used. The echo is the token that followed this tail when it last occurred. The network
#   receives the echo and the length of the tail, the *reach*. So it need not learn an induction
#   head (lesson 09).
# - The **clock** is the time in the song, in twelfths of a beat. Half of the heads rotate queries
#   and keys (lesson 09, equation 3) by this time instead of by the token's position in the
#   sequence. So a distance of one bar is always the same rotation, however many notes the bar has.

# %%
boxes = {
    "ids": ("tokens", 0, 0), "emb": ("embedding", 1, 0), "sum": ("sum", 2, 0),
    "attn": ("attention\n½ heads: clock", 3, 0), "mlp": ("MLP", 4, 0),
    "out": ("scores\nnext token", 5, 0), "echo": ("echo\nand its reach", 1, 1),
    "clock": ("clock\ntime in song", 3, 1),
}
arrows = [
    Arrow("ids", "emb"), Arrow("emb", "sum"), Arrow("sum", "attn"), Arrow("attn", "mlp"),
    Arrow("mlp", "out"), Arrow("ids", "echo", beside=True), Arrow("echo", "sum"),
    Arrow("clock", "attn", "rotates q, k"),
]
diagram("MidiGPT: the GPT of lesson 09 and two hints", boxes, arrows, here=["echo", "clock"])

# %%
from workbench.models.gpt import GPT
from workbench.representations.hints import ORDERS, Hints

display(listing(GPT._echoed))
hints = Hints(vocabulary)
sequence = vocabulary.encode_song(encode(song))
echo, reach, clock = hints.of(sequence).T
hit = {f"tail of {order}": float((echo[:-1] == sequence[1:])[reach[:-1] == level].mean())
       for level, order in enumerate(ORDERS, 1) if (reach[:-1] == level).any()}
plots.bars(plots.axes(width=6), hit, ylabel="share of echoes that are right",
           title=f"one song, {len(sequence)} tokens");

# %% [markdown]
# *What you should have noticed:* compare the bars: for longer tails a larger share of the echoes is
# right. The network receives the length of the tail, so it can learn how probable each echo is.
#
# ## Exercise 2 · The echo (20 minutes)
#
# *Level:* hard. *Goal:* the echo of each position $i$ of `ids` (a list), as a list of the same
# length. The tails of position $i$ end at $i$ and have the lengths `orders` (increasing numbers).
# Take the longest tail that also ended at an *earlier* position. The echo is the token after the
# last such position. If none of the tails occurred earlier, the echo is −1.

# %% tags=["stub"]
def echoes(ids, orders):
    return None  # about a dozen lines


# %% tags=["check"]
from workbench.course.teaching import check_echoes

check_echoes(echoes)

# %% tags=["solution"]
def echoes(ids, orders):
    found, places = [], {}
    for i in range(len(ids)):
        echo = -1
        for order in orders:
            if i + 1 < order:
                break
            tail = tuple(ids[i + 1 - order : i + 1])
            if tail in places:
                echo = ids[places[tail] + 1]  # that of a longer tail replaces it
            places[tail] = i  # from now on this is the last place
        found.append(echo)
    return found


# %% [markdown]
# ## 3 · Train it, hear it grow
#
# Two small networks are trained for the same number of steps, one with the hints, one without. Both
# are measured by their surprise per note: $-\ln p$ of the true notes in holes of held-out songs.
#
# *Predict:* by which factor is the surprise per note without the hints larger than with them?

# %%
predict("10.2", [1.1, 1.5, 2.0], unit="times")

# %% [markdown]
# The songs of the built-in grammar are short and repeat phrases, so a small network can learn much
# about them in a minute. Of the training sequences, seven in ten have a hole; the others are plain
# songs.

# %%
import torch

from workbench.models.gpt import GPTConfig
from workbench.systems.midigpt.config import MidiGPTConfig
from workbench.systems.midigpt.training import sequences_of

context = 512  # tokens per sequence
steps = run.size(16, 150)
tables = [table_of(clip.score) for clip in songs]


def small_system(hinted):
    torch.manual_seed(seed)
    config = GPTConfig(vocabulary.size, context=context, width=run.size(32, 96), depth=2, heads=4,
                       dropout=0.0, echoes=len(ORDERS) if hinted else 0, clock=hinted)
    return MidiGPT(MidiGPTConfig(config), vocabulary)


rows = sequences_of(tables, vocabulary, context, run.size(60, 800), seed, holes=0.7, shift=False,
                    hints=hints)
print(f"{len(rows)} sequences, {(rows[..., 0] != PAD).sum() / len(rows):.0f} tokens each, "
      "with echo, reach and clock beside each token")

# %%
import time

from workbench.models.gpt import next_token_loss


def loss_of(net, batch, hinted):
    """Equation (1) for a batch (sequences, tokens, 4): token, echo, reach and clock."""
    ids = batch[..., 0]
    more = {"hints": batch[..., 1:]} if hinted else {}
    return next_token_loss(net(ids, **more), ids, PAD)


# %%
def fit(system, hinted, stops, after):
    """Train a small network; call `after(step)` at the steps in `stops`."""
    net = system.networks
    began = time.perf_counter()
    optimizer = torch.optim.AdamW(net.parameters(), 4e-3, betas=(0.9, 0.95), weight_decay=0.1)
    random = torch.Generator().manual_seed(seed)
    for step in range(steps + 1):
        if step in stops:
            net.eval()
            after(step)
            net.train()
        optimizer.param_groups[0]["lr"] = 4e-3 * min(1, (step + 1) / 20, 1.02 - step / steps)
        batch = rows[torch.randint(len(rows), (8,), generator=random)].long()
        loss = loss_of(net, batch, hinted)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
    net.eval()
    print(f"{steps} steps in {time.perf_counter() - began:.0f} s, measuring included")


# %% [markdown]
# The hole is the first phrase of a song of the form AABA: bars 1 and 2, which are repeated in bars
# 3 and 4. `cost` computes the surprise of the true bars. `around(i)` is the song that the network
# receives around the hole of case `i`; section 4 uses it.

# %%
from workbench.evaluation.inpainting import nats

forms = [c for c in held if c.labels["form"] == "AABA" and c.meter == (4, 4)][: run.size(4, 12)]
cases = [table_of(clip.score) for clip in forms]


def cost(system, around):
    """Nats per note of bars 1 and 2, with `around(i)` as the song: one number per case."""
    per_note = []
    for i, case in enumerate(cases):
        truth = answer(case, hole, vocabulary)[:-1]
        prompt = question(around(i), hole, vocabulary)
        notes_in_hole = (case.notes[:, 0] < 2).sum()
        per_note.append(nats(system.nll, prompt, truth) / notes_in_hole)
    return np.array(per_note)


def whole(i):
    return cases[i]


# %%
stops = [0, steps // 8, steps // 3, steps]
curves, clips, systems = {"without hints": [], "with hints": []}, [], {}
for name, curve in curves.items():
    hinted = name == "with hints"
    systems[name] = small = small_system(hinted)

    def after(step, curve=curve, small=small, hinted=hinted):
        curve.append(cost(small, whole).mean())
        if hinted:
            clips.append(small.inpaint(song, Region(bars=(0, 2)), seed=seed)[0])

    fit(small, hinted, stops, after)
plots.lines(plots.axes(width=7), stops, curves, xlabel="step", ylabel="nats per note at the hole");

# %%
plain, with_hints = (curve[-1] for curve in curves.values())
reveal("10.2", plain / with_hints, f"{plain:.2f} nats per note without, {with_hints:.2f} with them")
run.note("nats per note at a hole, with hints", with_hints, floor=f"without {plain:.2f}")

# %%
from workbench.course.widgets import compare

compare([song, *clips], ["the song", *[f"bars 1 and 2 after {n} steps" for n in stops]])

# %% [markdown]
# *What you should have noticed:* before training the network generates valid but random notes,
# because a rule allows only tokens that fit the sequence. With training (at laptop size) a beat and
# common chords appear. The curve with the hints falls faster, because the echoes allow the network
# to copy.
#
# ## 4 · Does it use the bars after the hole?
#
# The bars after the hole are replaced by those of another song.
#
# *Predict:* with these wrong bars, is the surprise of the true bars smaller than with no bars after
# the hole, about the same (within a tenth), or larger?

# %%
predict("10.3", ["smaller", "about the same", "larger"])

# %%
from dataclasses import replace

from workbench.representations.holes import part


def nothing(i):  # the song ends after the hole
    return part(cases[i], 0, 2)


def another(i):  # after the hole it goes on as the next song
    own, other = cases[i], cases[(i + 1) % len(cases)]
    early = own.notes[own.notes[:, 0] < 2]
    late = other.notes[other.notes[:, 0] >= 2]
    return replace(own, notes=np.concatenate([early, late]))


best = systems["with hints"]
costs = {"the song's own": cost(best, whole), "none": cost(best, nothing),
         "another song's": cost(best, another)}
plots.bars(plots.axes(width=6), {name: c.mean() for name, c in costs.items()},
           ylabel="nats per note of the true bars", title="bars after the hole")
gain = costs["none"] - costs["the song's own"]
error = 1.96 * gain.std(ddof=1) / len(gain) ** 0.5
print(f"the song's own bars save {gain.mean():.2f} ± {error:.2f} nats per note ({len(gain)} songs)")
run.note("nats per note saved by the bars after the hole", gain.mean(), floor=0.0)

# %%
ratio = costs["another song's"].mean() / costs["none"].mean()
verdict = "smaller" if ratio < 0.9 else "larger" if ratio > 1.1 else "about the same"
reveal("10.3", verdict, f"{ratio:.2f} times the surprise with no bars after the hole")

# %% [markdown]
# *What you should have noticed:* if the song's own bars reduce the surprise and those of another
# song do not, the network uses the suffix: it copies the phrase from its repeat. If wrong bars give
# a larger surprise than none, the network relies on the suffix even where it is misleading. If
# nothing changes, the training was too short, as it may be at smoke size.
#
# ## 5 · The shipped network: MidiGPT
#
# *Think first:* the players below are shuffled: a pop song, and the same song with two bars
# regenerated. Which one is the original?

# %%
if run.train:
    system = MidiGPT.train(
        run.dataset, run.profile, out=f"runs/songs-{run.profile}", watch=plots.LivePlot()
    )
else:
    system = MidiGPT.from_pretrained("songs-gpt")
print({name: getattr(system.config.gpt, name)
       for name in ("width", "depth", "heads", "context", "vocab", "echoes", "clock")})
pop = load(run.dataset, split="test", limit=run.size(6, 24))
tune = next(clip for clip in pop if clip.bars >= 8)
first = min(4, tune.bars - 4)
versions = system.inpaint(tune, Region(bars=(first, first + 2)), n=run.size(2, 3), seed=seed)
lines = tune.bar_lines
around = (lines[max(0, first - 2)], lines[min(tune.bars, first + 4)])
cut = [clip.excerpt(around[0], around[1] - around[0]) for clip in [tune, *versions]]
compare(cut, ["the song", *[f"filling {i}" for i in range(1, len(cut))]], blind=True)

# %% [markdown]
# The prompt of the original MidiGPT was the *whole* piece, with the true bars of the hole, followed
# by the beginning of the piece again. So a network could copy the answer from the prompt. The next
# cell compares four prompts for the same true bars: fill-in-the-middle, the original's prompt with
# the hole shown and with the hole hidden, and the prefix only. The differences to
# fill-in-the-middle are printed.

# %%
from workbench.evaluation.inpainting import PROMPTS
from workbench.evaluation.inpainting import cases as cases_of

chosen = cases_of(pop.clips, system.vocabulary, system.config.gpt.context, run.size(3, 16),
                  seed=seed)
notes = np.array([len(case.truth.notes) for case in chosen])
each = {name: np.array([nats(system.nll, *prompt(case)) for case in chosen]) / notes
        for name, prompt in PROMPTS.items()}
short = {"middle": "fill in the middle", "hidden": "original's, hidden", "prefix": "prefix only",
         "shown": "original's, shown"}
plots.bars(plots.axes(width=7), {label: each[name].mean() for name, label in short.items()},
           ylabel="nats per note of the true bars")
for name in ("hidden", "prefix", "shown"):
    more = each[name] - each["middle"]
    error = 1.96 * more.std(ddof=1) / len(more) ** 0.5
    print(f"{short[name]:20} {more.mean():+.2f} ± {error:.2f} nats per note")
run.note("nats per note of the true bars", each["middle"].mean(),
         floor=f"prefix only {each['prefix'].mean():.2f}")

# %% [markdown]
# *What you should have noticed:* if an interval includes 0, these few holes do not show a
# difference between the two prompts. With "shown", a network that copies well has a small surprise
# although it has not composed anything. So results with such a prompt say nothing about composing.
#
# Other tools are holes, too: a hole *after* the song continues it, and a hole of all bars in one
# track asks for an accompaniment.

# %%
eight = tune.excerpt(0, lines[min(8, tune.bars)])
programs, counts = np.unique(eight.notes["program"], return_counts=True)
accompaniment = int(programs[counts.argmax()])  # the program with the most notes
alone = eight.notes[(eight.notes["program"] != accompaniment) & ~eight.notes["is_drum"]]
solo = type(eight).from_notes(alone, tempo=eight.tempo, beats=eight.beats, drums=False)
tools = {
    "eight bars of the song": eight,
    "extend: two bars more": system.extend(eight, bars=2, seed=seed)[0],
    "vary_bars: bars 3 and 4": system.vary_bars(eight, (2, 4), seed=seed)[0],
    "without its accompaniment": solo,
    "accompany": system.accompany(solo, tracks=(accompaniment,), seed=seed)[0],
    "bass": system.bass(eight, seed=seed)[0],
}
compare(list(tools.values()), list(tools))

# %%
other = tools["vary_bars: bars 3 and 4"]
same = [clip.notes[(clip.notes["time"] < eight.bar_lines[2])].tolist() for clip in (eight, other)]
print(f"bars 1 and 2 are unchanged, note by note: {same[0] == same[1]}")
if system.controls is None:
    print("This checkpoint was trained without controls: no density can be requested.")
else:
    requests = ["density=2", "density=10"]
    region = Region(bars=(2, 4))
    fillings = [system.inpaint(eight, region, controls=one, seed=seed)[0] for one in requests]
    for one, clip in zip(requests, fillings, strict=True):
        fulfilled, requested = system.realised(clip, region, one)["density"]
        print(f"{one}: fulfilled in {fulfilled} of {requested} cases (a track in a bar)")
    display(compare(fillings, requests))

# %% [markdown]
# A checkpoint may be trained with **controls**: tokens after each HOLE that request a density, a
# polyphony, a register, a note length or a chord for a bar (Pasquier and others 2025, arXiv
# 2501.17011). They are left out at random in training, like the text of lesson 05. At sampling time
# controls are also a rule: tokens that contradict a request are not allowed. So most requests are
# fulfilled even by a network that learned little about controls.
#
# `inpaint` samples six candidates by default and returns the best one by a sum of several costs.
# Some of them compare its pitch classes (section 6), its key and its density with those of the bars
# around it. Others are the share of its groups of four notes that occur nowhere else in the song,
# how much more it repeats itself than the bars beside it, the melodic steps into and out of it, and
# its surprise (`systems/midigpt/ranking.py`).
#
# ## 6 · Surprise and sampling
#
# *Think first:* where in a song is the mean surprise of a token smaller: in the first bars, or
# later?

# %%
from workbench.models.markov import MarkovChain
from workbench.representations.holes import song_ids
from workbench.systems.midigpt.training import held_out, tables_of

own = system.vocabulary
test_rows = held_out(tables_of(pop.clips), own, system.config.gpt.context)[: run.size(4, 40)]
surprise = system.nll(test_rows).numpy()  # in nats
real = test_rows[:, 1:].numpy() != PAD
known = tables_of(load(run.dataset, split="train", limit=run.size(40, 300)).clips)
counted = [song_ids(one, own, ends=True) for one in known]
bars = {"MidiGPT": float(surprise[real].mean())}
for order in (0, 1, 2, 4):
    chain = MarkovChain(order, own.size).fit(counted)
    of_songs = [chain.nll(row[row != PAD].numpy().astype(int))[1:] for row in test_rows]
    name = f"Markov {order}" if order else "frequencies"
    bars[name] = float(np.concatenate(of_songs).mean())
left, right = plots.axes(1, 2, width=12)
plots.bars(left, bars, ylabel="nats per token, held-out songs")
pieces = [slice(a, a + 64) for a in range(0, real.shape[1] - 64, 64)]
within = [surprise[:, at][real[:, at]].mean() for at in pieces if real[:, at].any()]
plots.lines(right, 64 * np.arange(len(within)), {"MidiGPT": within}, xlabel="tokens read before",
            ylabel="nats per token")
best = min(value for name, value in bars.items() if name != "MidiGPT")
run.note("nats per token", bars["MidiGPT"], floor=f"best Markov chain {best:.2f}")

# %% [markdown]
# *What you should have noticed:* at the beginning of a song its key, its patterns and its
# velocities are unknown, so the first tokens have the largest surprise (right figure). Where the
# curve is flat, further context does not help any more.
#
# A token is sampled from the nucleus at a temperature $T$ (both lesson 09). $u_i$ is the logit of
# token $i$:
#
# $$p_i = \frac{e^{u_i/T}}{\sum_j e^{u_j/T}} \qquad (2)$$
#
# *Equation (2):* code `workbench.models.generation.Sampling.sample`; paper Holtzman and others 2020
# (arXiv 1904.09751), section 3.
#
# Between other bars of a song, MidiGPT first mixes the network's distribution with the echo
# (section 2) from outside the hole: with probability λ the echo is taken, and otherwise a token of
# the network. λ is 0.5 for the longest tail and less for shorter ones (`echo` of `inpaint`). So a
# filling repeats more of its song. Such a mixture is called a cache language model (Grave and
# others 2017, arXiv 1612.04426); its cache stores no keys and values, but what followed in the
# past. A second echo, the *anchor*, comes from the bars elsewhere whose neighbours are most like
# those of the hole. It is found by the place in the bar, and λ is how alike the neighbours are.
#
# ## Exercise 3 · Temperature (10 minutes)
#
# *Level:* medium. *Goal:* the probabilities of the next token, (tokens,). `allowed` (tokens,) is
# true for tokens that contradict neither the grammar nor a request. All other tokens get
# probability 0, and equation (2) holds among the allowed ones. At temperature 0 the likeliest
# allowed token gets probability 1. Logits may be large: $e^{800}$ is infinite for a computer.

# %% tags=["stub"]
def heated(logits, temperature, allowed):
    return None  # about five lines


# %% tags=["check"]
from workbench.course.teaching import check_temperature

check_temperature(heated)

# %% tags=["solution"]
def heated(logits, temperature, allowed):
    logits = np.where(allowed, logits, -np.inf)
    if temperature == 0:
        return (np.arange(len(logits)) == logits.argmax()).astype(float)
    weights = np.exp((logits - logits.max()) / temperature)  # the largest is 1: no overflow
    return weights / weights.sum()


# %% [markdown]
# ## Exercise 4 · The nucleus (10 minutes)
#
# *Level:* medium. *Goal:* from the probabilities `p`, keep the smallest set of likeliest tokens
# whose sum is at least `top`. Set all other probabilities to zero, and divide by the sum of the
# rest.

# %% tags=["stub"]
def nucleus(p, top):
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_nucleus

check_nucleus(nucleus)

# %% tags=["solution"]
def nucleus(p, top):
    order = np.argsort(-p)
    before = np.cumsum(p[order]) - p[order]  # what likelier tokens already reach
    kept = np.zeros_like(p)
    kept[order[before < top]] = p[order[before < top]]
    return kept / kept.sum()


# %% [markdown]
# How does the temperature change the harmony? A **pitch class** is a pitch without its octave. The
# entropy of the pitch classes is low if a piece uses few of them. A single sample would say little,
# so the next cell generates several of eight bars (one of two bars at smoke size), and compares
# them with excerpts of eight bars of real songs.

# %%
from workbench.evaluation.fillings import pitch_classes


def spread(clip):
    notes = clip.notes[~clip.notes["is_drum"]]
    p = pitch_classes(np.column_stack([notes["time"], notes["pitch"], notes["program"]]))
    return -sum(x * np.log2(x) for x in p if x > 0)


settings = {"T 0.7": (0.7, 0.95), "T 1": (1.0, 0.95), "T 1, all tokens": (1.0, 1.0),
            "T 1.3, all tokens": (1.3, 1.0)}
samples = {}
for name, (temperature, top_p) in settings.items():
    samples[name] = system.generate(n=run.size(1, 6), bars=run.size(2, 8), top_p=top_p,
                                    temperature=temperature, seed=seed)
values = {name: [spread(clip) for clip in clips] for name, clips in samples.items()}
values["real"] = [spread(c.excerpt(0, 32)) for c in pop if c.bars >= 8]
middle = [float(np.mean(v)) for v in values.values()]
ends = [np.quantile(v, [0.1, 0.9]) for v in values.values()]
ax = plots.intervals(plots.axes(width=7), list(values), middle, *np.transpose(ends))
ax.set_ylabel("entropy of pitch classes, bits (mean, 10–90 %)");

# %%
compare([clips[0] for clips in samples.values()], list(samples))

# %% [markdown]
# *What you should have noticed:* compare each interval with that of the real songs. An entropy
# above theirs means that the pitch classes are more evenly used: listen for notes outside the key.
#
# ## 7 · Never compute anything twice
#
# Attention needs the keys and values of all earlier tokens. They can be computed again for each new
# token, or stored.
#
# *Predict:* how many times faster is generation if they are stored?

# %%
predict("10.4", [2.0, 5.0, 10.0], unit="times")

# %%
from workbench.evaluation.timing import timed
from workbench.models.generation import generate, recompute

length = run.size(96, 512)
fresh = GPT(GPTConfig(vocab=own.size, context=length + 8)).eval()
begin = torch.randint(6, own.size, (8,))
slow = timed(lambda: recompute(fresh, begin, 1, length, seed=0))
fast = timed(lambda: generate(fresh, begin, 1, length, seed=0))
reveal("10.4", slow / fast, f"{length} tokens: recomputed {slow:.1f} s, stored {fast:.1f} s")
run.note("times faster with a cache", slow / fast, floor=1.0)

# %% [markdown]
# *What you should have noticed:* the stored keys and values are called **cache**. With a cache the
# network computes each token once. Without it, the network computes all earlier tokens again for
# each new one. So the number of computed tokens grows with the square of the length.
#
# ## 8 · What its embeddings show
#
# *Think first:* to the network, tokens are only numbers. Nothing tells it that the pitches 60 and
# 72 are both a C, nor that 60 and 61 are neighbours. Which of these two facts do the learned
# embeddings show?
#
# The first figure is a map by t-SNE (lesson 03), in which neighbours have similar embeddings. The
# second shows the mean cosine of the embeddings of two pitches, by their distance in semitones.

# %%
from sklearn.manifold import TSNE

ids = [i for i in range(6, own.base) if own.kinds[i] != "Program"]
plane = TSNE(perplexity=20, random_state=seed, init="pca").fit_transform(system.embeddings[ids])
plots.cloud(plane, [str(own.kinds[i]) for i in ids], [own.names[i] for i in ids],
            "token embeddings, by type")

# %%
pitched = [i for i in ids if own.kinds[i] == "Pitch"]
numbers = np.array([int(own.names[i][6:]) for i in pitched])
vectors = system.embeddings[pitched]
unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
alike = unit @ unit.T
common = (numbers >= 45) & (numbers <= 80)
distance = np.abs(numbers[:, None] - numbers[None])
inside = common[:, None] & common[None]
semitones = range(1, 25)
mean = [float(alike[inside & (distance == d)].mean()) for d in semitones]
plots.lines(plots.axes(width=7), list(semitones), {"cosine": mean}, xlabel="distance in semitones",
            ylabel="mean cosine of pitch embeddings")
peaks = [d for d in semitones[1:-1] if mean[d - 1] > max(mean[d - 2], mean[d])]
print("peaks at", ", ".join(map(str, peaks)), "semitones; 12 and 24 are octaves, 7 and 19 fifths")

# %% [markdown]
# *What you should have noticed:* tokens of one type are neighbours in the map. A peak at 12
# semitones means that pitches of the same pitch class have similar embeddings. A peak at 7 means
# that a pitch is more similar to its fifth than to pitches beside the fifth.
#
# ## 9 · Your own music
#
# *Think first:* think of a song that you know. Which of its bars would the network regenerate
# worst?
#
# Load a MIDI file, drag over the bars to regenerate, listen to the results and keep one.

# %%
from workbench.course.widgets import InpaintingWidget

InpaintingWidget(system, tune)

# %% [markdown]
# ## Mini-project · Does the large one look ahead? (an hour)
#
# Section 4 tested the small network. Test the shipped one: put bars of *another* song after the
# hole, and measure the surprise of the true bars again, for at least 30 holes. If the network uses
# the bars after the hole, the surprise is larger with wrong bars. Is it also larger than without
# any bars after the hole? Then listen to five fillings of each kind, without knowing which is
# which.
#
# ## You can now
#
# You wrote songs as sequences with holes, trained a network to fill them and heard it learn,
# measured whether it uses the bars after a hole, and compared the embeddings of a larger one.
#
# *A limitation to listen for:* the shipped network was trained on certain kinds of songs only. If
# you request a metre or an instrument that is rare in them, a warning tells you so, and the result
# may be poor.
#
# *Terms:* fill-in-the-middle · suffix · echo · clock · controls · cache · context · pitch class
#
# *Next:* [lesson 11](11_diffusion_lm.ipynb) generates all words at once, from noise. You can train
# your own network with `train = True` or `workbench train songs --dataset your/folder`. On the
# command line, `workbench inpaint song.mid --system songs --bars 9-12` regenerates bars.

# %%
from workbench import quiz

quiz("10")

# %%
run.finish()
