# %% [markdown]
# # 10 · MidiGPT: filling holes in songs
#
# [09 Attention and a small GPT](09_attention_gpt.ipynb) · [index](00_start_here.ipynb) ·
# [11 Diffusion-LM](11_diffusion_lm.ipynb)
#
# **You will** measure what a language model knows of a song, fill holes in it, and look into its
# vocabulary.
#
# **Needs** lessons 02 (tokens) and 09 (the network); the shipped checkpoint.
# **Time and memory:** printed below. **Exercises:** 30 minutes.
# **Library:** `workbench.models.gpt`, `workbench.models.generation`,
# `workbench.representations.holes`, `workbench.systems.midigpt`.
# **Papers:** GPT-2 (Radford et al. 2019), RoFormer (arXiv 2104.09864), fill-in-the-middle
# (arXiv 2207.14255), nucleus sampling (arXiv 1904.09751).

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop (minutes; to train, an hour), gpu, paper
dataset = "pop909"  # "pop909", "builtin-songs", or a folder of MIDI files
seed = 0  # of everything random
train = False  # True trains a system here; False loads the shipped one

# %%
from workbench import Region, plots, start
from workbench.systems.midigpt import MidiGPT

run = start("10", profile=profile, dataset=dataset, seed=seed, train=train)

# %%
if run.train:
    system = MidiGPT.train(
        run.dataset, run.profile, out=f"runs/songs-{run.profile}", watch=plots.LivePlot()
    )
else:
    system = MidiGPT.from_pretrained("songs-gpt")

# %% [markdown]
# ## 1 · A song as a sequence with a hole
#
# *Predict:* to fill bars 9 to 12, should the model read what comes after them?
#
# A decoder-only transformer reads from left to right. The trick of fill-in-the-middle is to *move*
# things: first the hole's empty bars and what comes after them, then the instruments that are
# wanted, then what comes before, FILL, and the filling. So the answer goes on from what is before
# it, as in any song, and the model has already read where it must arrive.

# %%
from workbench import load
from workbench.representations.holes import Hole, answer, part, question
from workbench.representations.remi import table_of

songs = load(run.dataset, split="test", limit=run.size(6, 24))
song = next(clip for clip in songs if clip.bars >= 8)
begin = min(4, song.bars - 4)
table = part(table_of(song.score), begin, begin + 3)
asked = question(table, Hole(1, 2), system.vocabulary)
names = system.vocabulary.names
words = [names[i].removesuffix("_None") for i in system.vocabulary.decode(asked)]
print(" ".join(words[:12]), "…\n…", " ".join(words[-12:]))
filling = answer(table, Hole(1, 2), system.vocabulary)
print(f"then {len(filling)} ids fill the bar and END it")

# %%
song

# %% [markdown]
# *What you should have noticed:* each bar of the hole has its own HOLE, so how many bars to write
# is known. Pieces of tokens never cross a bar line (lesson 02), so bars can be moved about freely.
#
# ## Exercise 1 · Ask the question (10 minutes)
#
# *Goal:* build the sequence from `bars`, a list of lists of tokens, with a hole from bar `first` to
# `last` (exclusive): one "HOLE" for each of its bars, what is after, what is before, "FILL", the
# hole's bars, "END". (The instruments are left out.)

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
# ## 2 · How surprised is it?
#
# *Predict:* a Markov chain that looks at four tokens back, or at one: which is better?
#
# The cost of a token is how surprised the model is by it, in nats:
#
# $$c_i = -\ln p(w_i \mid w_1 \dots w_{i-1}) \qquad (1)$$
#
# *Equation (1):* code `workbench.models.gpt.next_token_loss`; paper GPT-2 (Radford and others
# 2019), eq. 1.
#
# Songs are held out of training. The Markov chains have the best classic smoothing (Kneser–Ney) and
# saw each training song once; MidiGPT saw them in several keys.

# %%
import numpy as np

from workbench.models.markov import MarkovChain
from workbench.representations.holes import song_ids
from workbench.systems.midigpt.training import held_out, tables_of

held = held_out(tables_of(songs.clips), system.vocabulary, system.config.gpt.context)
held = held[: run.size(4, 40)]
nats = system.nll(held).numpy()
real = held[:, 1:].numpy() != 0
rows = [row[row != 0].numpy().astype(int) for row in held]
known = tables_of(load(run.dataset, split="train", limit=run.size(40, 600)).clips)
lines = [song_ids(one, system.vocabulary, ends=True) for one in known]
costs = {"MidiGPT": float(nats[real].mean())}
for order in (0, 1, 2, 4):
    chain = MarkovChain(order, system.vocabulary.size).fit(lines)
    cost = np.concatenate([chain.nll(row)[1:] for row in rows]).mean()
    costs[f"Markov {order}" if order else "shares only"] = float(cost)
plots.bars(plots.axes(width=7), costs, ylabel="nats a token, held-out songs")
best = min(value for name, value in costs.items() if name != "MidiGPT")
run.note("nats a token", costs["MidiGPT"], floor=f"best Markov chain {best:.2f}")

# %% [markdown]
# *What you should have noticed:* a longer memory of exact tokens is hardly any help: most sequences
# of five tokens were never seen. The transformer's memory is of another kind. Where in a song is it
# surprised?

# %%
pieces = [slice(a, a + 64) for a in range(0, real.shape[1] - 64, 64)]
within = np.array([nats[:, at][real[:, at]].mean() for at in pieces if real[:, at].any()])
plots.lines(
    plots.axes(width=7), 64 * np.arange(len(within)), {"MidiGPT": within},
    xlabel="tokens read before", ylabel="nats a token",
)
first, late = within[0], within[len(within) // 2 :].mean()
print(f"the first 64 tokens cost {first:.2f} nats each, those of the second half {late:.2f}")

# %% [markdown]
# *What you should have noticed:* the first bars cost most: key, patterns and velocities are still
# unknown. Later the curve is flat: what comes back in a song (a chorus) mostly lies further away
# than the context reaches.
#
# ## Exercise 2 · Bits per note (5 minutes)
#
# *Goal:* nats a token depend on how the tokens were cut. Bits a *note* do not. From the nats of all
# tokens (an array) and the number of notes, compute bits per note.

# %% tags=["stub"]
def bits_a_note(nats, notes):
    return None  # your line here


# %% tags=["check"]
from workbench.course.teaching import check_bits_a_note

check_bits_a_note(bits_a_note)

# %% tags=["solution"]
def bits_a_note(nats, notes):
    return np.sum(nats) / np.log(2) / notes


# %% [markdown]
# ## 3 · Drawing: temperature and the nucleus
#
# *Predict:* what does temperature 1.2, the original's, do to the harmony?
#
# The model gives each token $i$ a logit $u_i$. One is drawn with probability
#
# $$p_i = \frac{e^{u_i/T}}{\sum_j e^{u_j/T}} \qquad (2)$$
#
# from the smallest set of tokens that reaches probability `top_p`, the **nucleus**.
#
# *Equation (2):* code `workbench.models.generation.Sampling.sample`; paper Holtzman and others 2020
# (arXiv 1904.09751), section 3, where the nucleus is, too.
#
# ## Exercise 3 · Temperature (5 minutes)
#
# *Goal:* equation (2) for an array of `logits` and a temperature above 0.

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



# %%
tall = [dict(temperature=0.7), dict(temperature=1.0), dict(temperature=1.0, top_p=1.0),
        dict(temperature=1.3, top_p=1.0)]
from workbench.course.widgets import compare
from workbench.evaluation.fillings import pitch_classes

programs = sorted({int(p) for p in song.notes["program"][~song.notes["is_drum"]]})
made = [system.generate(1, bars=run.size(2, 8), tempo=song.tempo, tracks=programs, seed=seed,
                        **setting)[0] for setting in tall]


def spread(clip):
    notes = clip.notes[~clip.notes["is_drum"]]
    p = pitch_classes(np.column_stack([notes["time"], notes["pitch"], notes["program"]]))
    return -sum(x * np.log2(x) for x in p if x > 0)


labels = ["T 0.7", "T 1.0", "T 1.0, all tokens", "T 1.3, all tokens"]
plots.bars(plots.axes(width=6), {n: spread(c) for n, c in zip(labels, made, strict=True)},
           ylabel="entropy of pitch classes (bits)", floor=spread(song));

# %%
compare(made, labels)

# %% [markdown]
# *What you should have noticed:* a hot or unlimited draw leaves the key now and then, and each
# strange note makes the next one likelier to be strange. The dashed line is the whole real song.
#
# ## Exercise 4 · The nucleus (10 minutes)
#
# *Goal:* from probabilities `p`, keep the smallest set of likeliest tokens whose sum reaches `top`,
# set the rest to zero, and scale what is left to sum 1.

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
# ## 4 · Never compute anything twice
#
# *Predict:* how much faster is it to keep the keys and values of all tokens before?

# %%
import torch

from workbench.evaluation.timing import timed
from workbench.models.generation import generate, recompute
from workbench.models.gpt import GPT, GPTConfig

length = run.size(96, 512)
fresh = GPT(GPTConfig(vocab=system.vocabulary.size, context=length + 8)).eval()
prompt = torch.randint(6, system.vocabulary.size, (8,))
slow, fast = (
    timed(lambda way=way: way(fresh, prompt, 1, length, seed=0)) for way in (recompute, generate)
)
print(f"{length} tokens: recomputed {slow:.1f} s, kept {fast:.1f} s, {slow / fast:.0f} times less")
run.note("times faster with a cache", slow / fast, floor=1.0)

# %% [markdown]
# *What you should have noticed:* recomputing reads all that was written again for each new token,
# so its cost grows with the square of the length. A **cache** reads each token once.
#
# ## 5 · Fill a hole
#
# *Predict:* hear the song with the hole filled twice. Which bars are the model's?

# %%
first = min(4, song.bars - 4)
versions = system.inpaint(song, Region(bars=(first, first + 2)), n=run.size(2, 3), seed=seed)
lines = song.bar_lines
around = (lines[max(0, first - 2)], lines[min(song.bars, first + 4)])
cut = [clip.excerpt(around[0], around[1] - around[0]) for clip in [song, *versions]]
compare(cut, ["the song", *[f"filling {i}" for i in range(1, len(cut))]])

# %% [markdown]
# The original's prompt was the *whole* piece, hole included, and then its beginning again: a model
# that copies is rewarded. Here are both, and what is known without the bars after the hole. The
# measure is the cost of the true bars.

# %%
from workbench.evaluation.inpainting import PROMPTS, cases
from workbench.evaluation.inpainting import nats as cost_of

context = system.config.gpt.context
chosen = cases(songs.clips, system.vocabulary, context, run.size(3, 16), seed=seed)
notes = sum(len(case.truth.notes) for case in chosen)
table = {
    name: sum(cost_of(system.nll, *prompt(case)) for case in chosen) / notes
    for name, prompt in PROMPTS.items()
}
short = {"middle": "fill in the middle", "hidden": "original's, hidden", "prefix": "prefix only",
         "shown": "original's, shown"}
plots.bars(plots.axes(width=7), {label: table[name] for name, label in short.items()},
           ylabel="nats a note of the true bars")
run.note("nats a note of the true bars", table["middle"],
         floor=f"prefix only {table['prefix']:.2f}")

# %% [markdown]
# *What you should have noticed:* the bars are nearly of one height. This small model has learned
# what usually follows, but hardly that it may copy, even where the hole itself is shown; and what
# comes after a hole says little that what comes before did not. More training and longer contexts
# are what large models have ahead of it.

# %% [markdown]
# ## 6 · One track only
#
# *Predict:* if only the melody is written anew, how far does it stray from the chords it hears?

# %%
only = [programs[-1]]
melody = system.inpaint(song, Region(bars=(first, first + 4), tracks=only), seed=seed)[0]
outside = song.notes[song.notes["program"] != only[0]]
kept = melody.notes[melody.notes["program"] != only[0]]
print(f"other tracks: {len(outside)} notes before, {len(kept)} after, "
      f"equal: {outside.tolist() == kept.tolist()}")
melody.excerpt(lines[first], lines[first + 4] - lines[first])

# %% [markdown]
# *What you should have noticed:* the other tracks come back note by note, for only the new one is
# put into the song. What is written for one track is conditioned on the others.
# A track can be asked for by its name, its number in the file ("#2") or its MIDI program. What may
# be drawn is bound by a rule: within a bar positions only go forward, and no track strikes one
# pitch twice at a place, nor more than ten notes. Without it, a model that had run past the end of
# a bar would pile up notes there.
#
# ## 7 · What it knows of its words
#
# *Predict:* no one told the network that pitch 60 and pitch 72 are both a C, nor that 61 is next to
# 60. Which of the two does its embedding show?
#
# t-SNE draws near what is near among the vectors of 256 numbers. Base tokens only.

# %%
from sklearn.manifold import TSNE

vocabulary = system.vocabulary
seen = np.bincount(held.numpy().ravel().astype(int), minlength=vocabulary.size)
ids = [i for i in range(6, vocabulary.base) if vocabulary.kinds[i] != "Program"]
plane = TSNE(perplexity=20, random_state=seed, init="pca").fit_transform(system.embeddings[ids])
plots.cloud(plane, [str(vocabulary.kinds[i]) for i in ids], [vocabulary.names[i] for i in ids],
            "token embeddings, by type")

# %%
def only(kind, label):
    rows = [row for row, i in enumerate(ids) if vocabulary.kinds[i] == kind]
    words = [vocabulary.names[ids[row]] for row in rows]
    named = [label(int(word.split("_")[1])) for word in words]
    return plots.cloud(plane[rows], named, words, f"the same points, {kind.lower()} only")


only("Pitch", lambda n: f"octave {n // 12 - 1}")

# %%
only("Velocity", lambda n: ("soft", "medium", "loud")[min(2, n // 43)])

# %%
pitched = [i for i in ids if vocabulary.kinds[i] == "Pitch"]
numbers = np.array([int(vocabulary.names[i][6:]) for i in pitched])
vectors = system.embeddings[pitched]
unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
alike = unit @ unit.T
middle = (numbers >= 45) & (numbers <= 80)
distance = np.abs(numbers[:, None] - numbers[None])
inside = middle[:, None] & middle[None]
steps = range(1, 25)
mean = [float(alike[inside & (distance == d)].mean()) for d in steps]
plots.lines(plots.axes(width=7), list(steps), {"cosine": mean}, xlabel="distance in semitones",
            ylabel="mean cosine of pitch embeddings")
velocity = [i for i in ids if vocabulary.kinds[i] == "Velocity"]
loud = np.array([int(vocabulary.names[i][9:]) for i in velocity])
of_loud = TSNE(perplexity=4, random_state=seed, init="pca").fit_transform(
    system.embeddings[velocity]
)
order = np.abs(np.corrcoef(of_loud.T, loud)[2, :2]).max()
print(f"velocity along the better axis of its own t-SNE: correlation {order:.2f}")

# %% [markdown]
# *What you should have noticed:* types keep to themselves. Where the curve has peaks at 7, 12, 19
# and 24 semitones, the model has found out that a fifth and an octave are nearer than a tritone (6
# and 18).
#
# ## 8 · Your own music
#
# *Predict:* which bars of a song you know will it fill worst?
#
# Load a MIDI file, drag over the bars to replace, listen, keep one.

# %%
from workbench.course.widgets import InpaintingWidget

InpaintingWidget(system, song)

# %% [markdown]
# ## Mini-project · Does it look ahead? (an hour)
#
# Section 5 compared prompts. Test one thing more: put bars of *another* song after the hole, and
# measure the cost of the true bars again, on as many cases as you have patience for. If the model
# reads what comes after, the wrong bars must hurt. By how much, compared with leaving them out?
# Then listen to five fillings of each kind, without knowing which is which.
#
# ## You can now
#
# You measured what a language model knows of a song, filled holes in it, and looked into its
# vocabulary.
#
# *One limitation heard:* it has read pop songs arranged for piano. Ask for drums, or for
# a metre that training hardly had, and it warns you and guesses.
#
# *Terms:* fill-in-the-middle · cache · context · pitch class
#
# *Next:* [lesson 11](11_diffusion_lm.ipynb) generates all words at once, from noise. Or train your
# own with `train = True`, or `workbench train songs --dataset your/folder`; on the
# command line, `workbench inpaint song.mid --system songs --bars 9-12`.

# %%
run.finish()
