# %% [markdown]
# # 10 · MidiGPT: filling holes in songs
#
# [09 Attention and a small GPT](09_attention_gpt.ipynb) · [index](00_start_here.ipynb) ·
# [11 Diffusion-LM](11_diffusion_lm.ipynb)
#
# **You will** arrange a song so that a network that reads from left to right can fill a hole in it,
# train such a network and hear it learn, measure whether it reads what comes after the hole, and
# use a larger one to fill, continue and accompany songs.
#
# **Needs** lessons 02 (tokens) and 09 (the network); the shipped checkpoint from section 4 on.
# About 90 minutes for sections 1 to 5 with their exercises; 6 to 8 go further.
# **Time and memory:** printed below. **Exercises:** 45 minutes.
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
# *Predict:* bars 1 and 2 of a song are missing. The network reads from left to right. Which bars
# should come directly before those that it writes?

# %%
predict("10.1", ["those before the hole", "those after the hole", "none"])

# %% [markdown]
# A decoder-only transformer continues sequences. It cannot go back and fill a gap. The trick of
# **fill-in-the-middle** is to *move* things, so that the missing bars come last. Call the bars
# before the hole the **prefix**, those after it the **suffix**, and those in it the **middle**:

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
# The network has read the suffix, so it knows where to arrive; the prefix is read last, so that
# the middle continues it, as in any song. Each HOLE stands for one bar, so the length is known. If
# only some tracks are replaced, the other tracks' notes follow the HOLE of their bar. With
# $u_1 \dots u_N$ the tokens of this sequence, the loss is the usual one (lesson 09, equation 1),
# and it teaches the order of the parts, too:
#
# $$L(\theta) = -\frac1N \sum_{i=1}^{N} \ln p_\theta(u_i \mid u_1, \dots, u_{i-1}), \qquad
# u = \text{BOS, holes, suffix, tracks, prefix, FILL, middle, END} \qquad (1)$$
#
# *Equation (1):* code `workbench.representations.holes.question`; paper Bavarian and others 2022
# (arXiv 2207.14255), section 3, its order "suffix, prefix, middle".

# %%
from IPython.display import display

from workbench.course.listing import listing
from workbench.representations.holes import Hole, answer, question
from workbench.representations.remi import encode, table_of
from workbench.representations.tokens import FILL, PAD, Vocabulary

songs = load("builtin-songs", split="train", limit=run.size(60, 400))
held = load("builtin-songs", split="test", limit=run.size(30, 120))
vocabulary = Vocabulary.train([encode(song) for song in songs], 768)
song = next(c for c in held if c.labels["form"] == "AABA" and c.meter == (4, 4))
table, hole = table_of(song.score), Hole(0, 2)
prompt = question(table, hole, vocabulary)
display(listing(question, first="bars = bars_of", last=").astype"))
names = [vocabulary.names[i].removesuffix("_None") for i in vocabulary.decode(prompt)]
print(" ".join(names[:10]), "…\n…", " ".join(names[-10:]))
print(f"then {len(answer(table, hole, vocabulary))} tokens that fill the bars and END")

# %%
later = question(table, Hole(2, 4), vocabulary)
before = "those before the hole" if later[-1] == FILL else "none"
reveal("10.1", before, "a hole in bars 1 and 2 has none, so there it continues the tracks' names")

# %% [markdown]
# *What you should have noticed:* pieces of tokens never cross a bar line (lesson 02), so bars can
# be moved about. A hole at the end is a continuation, one at the beginning an introduction.
#
# ## Exercise 1 · Build the sequence (10 minutes)
#
# *Level:* medium. *Goal:* the sequence of equation (1) from `bars`, a list of lists of tokens, with
# a hole from bar `first` to `last` (exclusive): one "HOLE" for each of its bars, the suffix, the
# prefix, "FILL", the middle, "END". (BOS and the tracks are left out.)

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
# *Predict:* a song of lesson 09 repeated its phrases, and a head learned to copy them. What could
# you hand to the network so that it need not learn that?
#
# The network is that of lesson 09. Beside each token it may read two hints, which plain code
# computes from the tokens:
#
# - the **echo**: what followed the last time that the song went the same way. The longest of the
#   tails of 2, 4, 8 and 16 tokens that occurred before is looked up; the network is told the token
#   after it, and how long the tail was. That is the induction head of lesson 09, given for free;
# - the **clock**: the time in the song, in twelfths of a beat. Half of the heads rotate queries and
#   keys (lesson 09, equation 3) by the time instead of the number of the token. "One bar earlier"
#   is then always the same rotation, however many notes the bar has.

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
# *What you should have noticed:* the longer the tail that occurred before, the surer its echo. The
# network learns how far to trust each.
#
# ## Exercise 2 · The echo (20 minutes)
#
# *Level:* hard. *Goal:* for each position $i$ of `ids` (a list): of the tails that end at $i$ and
# have a length of `orders` (in increasing order), take the longest one that occurred *earlier*.
# Its echo is the token after the last earlier place where it ended; −1 if no tail occurred.
# Return a list as long as `ids`.

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
# *Predict:* two small networks are trained for equally many steps, one with the hints, one without.
# The figure of merit is the surprise per note at held-out holes. By which factor will it be lower
# with the hints?

# %%
predict("10.2", [1.1, 1.5, 2.0], unit="times")

# %% [markdown]
# The songs of the built-in grammar are short and repeat phrases, so a small network can learn them
# in a minute. Seven in ten training sequences have a hole.

# %%
import numpy as np
import torch

from workbench.models.gpt import GPTConfig
from workbench.systems.midigpt.config import MidiGPTConfig
from workbench.systems.midigpt.training import sequences_of

context, steps = 512, run.size(16, 150)
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


def fit(system, hinted, stops, after):
    """Train a small network with equation (1); call `after(step)` at some steps."""
    net, began = system.networks, time.perf_counter()
    optimizer = torch.optim.AdamW(net.parameters(), 4e-3, betas=(0.9, 0.95), weight_decay=0.1)
    random = torch.Generator().manual_seed(seed)
    for step in range(steps + 1):
        if step in stops:
            net.eval()
            after(step)
            net.train()
        optimizer.param_groups[0]["lr"] = 4e-3 * min(1, (step + 1) / 20, 1.02 - step / steps)
        batch = rows[torch.randint(len(rows), (8,), generator=random)].long()
        ids, more = batch[..., 0], {"hints": batch[..., 1:]} if hinted else {}
        loss = next_token_loss(net(ids, **more), ids, PAD)  # equation (1)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
    net.eval()
    print(f"{steps} steps in {time.perf_counter() - began:.0f} s, measuring included")


# %% [markdown]
# The hole is the first phrase of a song of the form AABA: bars 1 and 2, which return in bars 3 and
# 4. `cost` is how surprised a network is by the true bars.

# %%
from workbench.evaluation.inpainting import nats

forms = [c for c in held if c.labels["form"] == "AABA" and c.meter == (4, 4)][: run.size(4, 12)]
cases = [table_of(clip.score) for clip in forms]


def cost(system, around):
    """Nats per note of bars 1 and 2, with `around(i)` as the song: one number per case."""
    found = []
    for i, case in enumerate(cases):
        truth = answer(case, hole, vocabulary)[:-1]
        asked = question(around(i), hole, vocabulary)
        found.append(nats(system.nll, asked, truth) / (case.notes[:, 0] < 2).sum())
    return np.array(found)


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
# *What you should have noticed:* untrained, the network writes valid notes, because a rule allows
# only tokens that fit, but any of them. Then a beat and common chords appear. With the hints it
# soon finds out that it may copy.
#
# ## 4 · Does it read what comes after the hole?
#
# *Predict:* the bars after the hole are replaced by those of another song. Compared with showing
# none at all, will the true bars cost less, the same (within a tenth), or more?

# %%
predict("10.3", ["less", "about the same", "more"])

# %%
from dataclasses import replace

from workbench.representations.holes import part


def nothing(i):
    return part(cases[i], 0, 2)


def another(i):
    own, other = cases[i], cases[(i + 1) % len(cases)]
    late = other.notes[other.notes[:, 0] >= 2]
    return replace(own, notes=np.concatenate([own.notes[own.notes[:, 0] < 2], late]))


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
verdict = "less" if ratio < 0.9 else "more" if ratio > 1.1 else "about the same"
reveal("10.3", verdict, f"{ratio:.2f} times the cost of showing none")

# %% [markdown]
# *What you should have noticed:* if the own bars save something and those of another song do not,
# the network reads the suffix: it copies the phrase from where it returns. If wrong bars cost more
# than none, it even trusts them too much. If nothing changes, this run was too short.
#
# ## 5 · The same, longer: MidiGPT
#
# *Predict:* hear a pop song with two bars filled twice. Which bars are the model's?

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
# The original MidiGPT's prompt was the *whole* piece, hole included, and then its beginning again:
# a network that copies is rewarded. Here are both prompts, with and without the hole, and what is
# known without the bars after the hole. The differences to fill-in-the-middle are printed below.

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
# *What you should have noticed:* an interval that includes 0 says that the prompts cannot be told
# apart with so few songs. A network that copies well would be far below at "shown": that is why the
# original's figures looked so good.
#
# The same trick makes other tools: bars *beyond* the song continue it, and a hole of all bars in
# one track accompanies the others.

# %%
eight = tune.excerpt(0, lines[min(8, tune.bars)])
played = [(int((eight.notes["program"] == p).sum()), int(p)) for p in set(eight.notes["program"])]
accompaniment = max(played)[1]  # the program with the most notes
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
    print("This checkpoint was trained without controls: vary_bars writes what it likes.")
else:
    wishes = ["density=2", "density=10"]
    region = Region(bars=(2, 4))
    wished = [system.inpaint(eight, region, controls=wish, seed=seed)[0] for wish in wishes]
    for wish, clip in zip(wishes, wished, strict=True):
        print(wish, system.realised(clip, region, wish))
    display(compare(wished, wishes))

# %% [markdown]
# A checkpoint may be trained with **controls**: tokens after each HOLE that request a density, a
# polyphony, a register, a note length or a chord for a bar (Pasquier and others 2025, arXiv
# 2501.17011). They are left out at random in training, like the text of lesson 05. Controls are
# also a rule for sampling: a token that would leave the requested class is not allowed. So even a
# network that learned little about controls keeps most of them, and it chooses among the tokens
# that are left. `inpaint` samples six candidates and keeps the one whose pitch classes, key and
# density are nearest to the bars around it, that repeats figures of the song, and that is likely
# (`systems/midigpt/ranking.py`).
#
# ## 6 · Where is it surprised? How does it sample?
#
# *Predict:* where in a song are tokens cheapest: in the first bars, or later?

# %%
from workbench.models.markov import MarkovChain
from workbench.representations.holes import song_ids
from workbench.systems.midigpt.training import held_out, tables_of

own = system.vocabulary
test_rows = held_out(tables_of(pop.clips), own, system.config.gpt.context)[: run.size(4, 40)]
surprise, real = system.nll(test_rows).numpy(), test_rows[:, 1:].numpy() != PAD
known = tables_of(load(run.dataset, split="train", limit=run.size(40, 300)).clips)
counted = [song_ids(one, own, ends=True) for one in known]
bars = {"MidiGPT": float(surprise[real].mean())}
for order in (0, 1, 2, 4):
    chain = MarkovChain(order, own.size).fit(counted)
    found = [chain.nll(row[row != PAD].numpy().astype(int))[1:] for row in test_rows]
    bars[f"Markov {order}" if order else "frequencies"] = float(np.concatenate(found).mean())
left, right = plots.axes(1, 2, width=12)
plots.bars(left, bars, ylabel="nats per token, held-out songs")
pieces = [slice(a, a + 64) for a in range(0, real.shape[1] - 64, 64)]
within = [surprise[:, at][real[:, at]].mean() for at in pieces if real[:, at].any()]
plots.lines(right, 64 * np.arange(len(within)), {"MidiGPT": within}, xlabel="tokens read before",
            ylabel="nats per token")
best = min(value for name, value in bars.items() if name != "MidiGPT")
run.note("nats per token", bars["MidiGPT"], floor=f"best Markov chain {best:.2f}")

# %% [markdown]
# *What you should have noticed:* at first, key, patterns and velocities are still unknown, so the
# first tokens cost most. Where the curve is flat, more context does not help any more.
#
# A token is sampled at a **temperature** $T$ from the nucleus (lesson 09). $u_i$ is the logit of
# token $i$:
#
# $$p_i = \frac{e^{u_i/T}}{\sum_j e^{u_j/T}} \qquad (2)$$
#
# *Equation (2):* code `workbench.models.generation.Sampling.sample`; paper Holtzman and others 2020
# (arXiv 1904.09751), section 3.
#
# ## Exercise 3 · Temperature (5 minutes)
#
# *Level:* easy. *Goal:* equation (2) for an array of `logits` and a temperature above 0.

# %% tags=["stub"]
def heated(logits, temperature):
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_temperature

check_temperature(heated)

# %% tags=["solution"]
def heated(logits, temperature):
    weights = np.exp((logits - logits.max()) / temperature)  # the largest is 1: no overflow
    return weights / weights.sum()


# %% [markdown]
# ## Exercise 4 · The nucleus (10 minutes)
#
# *Level:* medium. *Goal:* from probabilities `p`, keep the smallest set of likeliest tokens whose
# sum reaches `top`, set the rest to zero, and scale what is left to sum 1.

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
# What does the temperature do to the harmony? The entropy of the pitch classes is low if few of
# them are used. One sample would say nothing: here are several of eight bars, with the range of
# eight-bar excerpts of real songs as the yardstick.

# %%
from workbench.evaluation.fillings import pitch_classes


def spread(clip):
    notes = clip.notes[~clip.notes["is_drum"]]
    p = pitch_classes(np.column_stack([notes["time"], notes["pitch"], notes["program"]]))
    return -sum(x * np.log2(x) for x in p if x > 0)


settings = {"T 0.7": (0.7, 0.95), "T 1": (1.0, 0.95), "T 1, all tokens": (1.0, 1.0),
            "T 1.3, all tokens": (1.3, 1.0)}
samples = {name: system.generate(n=run.size(1, 6), bars=run.size(2, 8), temperature=t, top_p=top,
                                 seed=seed) for name, (t, top) in settings.items()}
values = {name: [spread(clip) for clip in found] for name, found in samples.items()}
values["real"] = [spread(c.excerpt(0, 32)) for c in pop if c.bars >= 8]
middle = [float(np.mean(v)) for v in values.values()]
ends = [np.quantile(v, [0.1, 0.9]) for v in values.values()]
ax = plots.intervals(plots.axes(width=7), list(values), middle, *np.transpose(ends))
ax.set_ylabel("entropy of pitch classes, bits (mean, 10–90 %)");

# %%
compare([found[0] for found in samples.values()], list(samples))

# %% [markdown]
# *What you should have noticed:* compare each whisker with that of the real songs. Above them,
# notes outside the key are frequent; each strange note makes the next one likelier to be strange.
#
# ## 7 · Never compute anything twice
#
# *Predict:* how much faster is generation if the keys and values of all earlier tokens are kept?

# %%
predict("10.4", [2.0, 5.0, 10.0], unit="times")

# %%
from workbench.evaluation.timing import timed
from workbench.models.generation import generate, recompute

length = run.size(96, 512)
fresh = GPT(GPTConfig(vocab=own.size, context=length + 8)).eval()
begin = torch.randint(6, own.size, (8,))
slow, fast = (
    timed(lambda way=way: way(fresh, begin, 1, length, seed=0)) for way in (recompute, generate)
)
reveal("10.4", slow / fast, f"{length} tokens: recomputed {slow:.1f} s, kept {fast:.1f} s")
run.note("times faster with a cache", slow / fast, floor=1.0)

# %% [markdown]
# *What you should have noticed:* without a cache all earlier tokens are read again for each new
# token, so the cost grows with the square of the length. A **cache** reads each token once.
#
# ## 8 · What it knows of its words
#
# *Predict:* no one told the network that pitches 60 and 72 are both a C, nor that 61 is next to 60.
# Which of the two does its embedding show?
#
# t-SNE (lesson 03) shows which embeddings are neighbours. The curve beside it is the mean cosine of
# pairs of pitches, by their distance.

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
# *What you should have noticed:* tokens of one type keep together. A peak at 12 says that the
# network has found out what a **pitch class** is; one at 7, that a fifth is nearer than a tritone.
#
# ## 9 · Your own music
#
# *Predict:* which bars of a song you know will it fill worst?
#
# Load a MIDI file, drag over the bars to replace, listen, keep one.

# %%
from workbench.course.widgets import InpaintingWidget

InpaintingWidget(system, tune)

# %% [markdown]
# ## Mini-project · Does the large one look ahead? (an hour)
#
# Section 4 tested the small network. Test the shipped one: put bars of *another* song after the
# hole, and measure the cost of the true bars again, on as many cases as you have patience for. If
# it reads what comes after, the wrong bars must hurt. By how much, compared with leaving them out?
# Then listen to five fillings of each kind, without knowing which is which.
#
# ## You can now
#
# You arranged songs for filling, trained a network to fill and heard it learn, measured that it
# reads what comes after a hole, and looked into the vocabulary of a larger one.
#
# *One limitation heard:* it has read only the kind of songs that it was trained on. Ask for a metre
# or an instrument that training hardly had, and it warns you and guesses.
#
# *Terms:* fill-in-the-middle · suffix · echo · clock · controls · cache · context · pitch class
#
# *Next:* [lesson 11](11_diffusion_lm.ipynb) generates all words at once, from noise. Or train your
# own with `train = True`, or `workbench train songs --dataset your/folder`; on the
# command line, `workbench inpaint song.mid --system songs --bars 9-12`.

# %%
from workbench import quiz

quiz("10")

# %%
run.finish()
