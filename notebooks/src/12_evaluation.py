# %% [markdown]
# # 12 · Evaluation: maps, distances, and what they cannot hear
#
# [11 Diffusion-LM](11_diffusion_lm.ipynb) · [index](00_start_here.ipynb) ·
# [13 The listening test](13_listening_test.ipynb)
#
# **You will** look at all five systems on one map and hear its points, spoil music on purpose to
# see what each measure notices, and read a table of results without being fooled.
#
# **Needs** variances and matrices; lessons 00 to 11 help, none is a must; the shipped checkpoints.
# **Time and memory:** printed below. **Exercises:** 30 minutes.
# **Library:** `workbench.evaluation.distances`, `workbench.evaluation.degradations`,
# `workbench.evaluation.extrapolation`, `workbench.systems.figures`.
# **Papers:** t-SNE (van der Maaten and Hinton 2008), Fréchet audio distance (arXiv 1812.08466),
# its bias (1911.07023), the kernel distance (1801.01401, 2502.15602), inception score (1606.03498).

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop (a quarter of an hour), gpu, paper
dataset = "groove+pop909+builtin-songs"  # names or folders of scores or sound, joined by "+"
seed = 0  # of everything random
train = False  # this notebook trains its judge only

# %%
from workbench import plots, start

run = start("12", profile=profile, dataset=dataset, seed=seed, train=train)

# %% [markdown]
# ## 1 · An ear for numbers
#
# *Predict:* to compare two sets of sounds, what must a machine know about sound?
#
# No measure below hears music. Each sees the 128 numbers that an *embedding* makes of a sound, and
# what those leave out, no measure will ever notice. Ours is the inside of a network that learned to
# name genre, tempo and key on the training split. Published tables use VGGish, PANNs or CLAP.

# %%
import numpy as np

from workbench.datasets.audio import genre_of
from workbench.datasets.sounds import collect
from workbench.evaluation.tagger import tagger_of

rate = 16_000
audio = collect(run.dataset, rate, limit=run.size(8, 100), quiet=True)
length = round(run.size(1, 4) * 1.024 * rate)
tagger = tagger_of(audio, length, steps=run.size(3, 300))
known = [i for i in audio.split("test") if genre_of(audio.items[i].labels) in tagger.genres]
sounds, pieces = audio.crops(run.size(12, 160), length, seed=seed, rows=known)
vectors, chances = tagger.predict(sounds.mean(1))
genres = np.array([genre_of(audio.items[i].labels) for i in pieces])
right = float((np.array(tagger.genres)[chances.argmax(1)] == genres).mean())
often = max(float((genres == g).mean()) for g in set(genres))
print(f"{vectors.shape[1]} numbers a sound; held-out genres named: {right:.0%}, "
      f"always the commonest: {often:.0%}, {len(tagger.genres)} genres")
run.note("genre named by the judge", right, floor=f"always the commonest {often:.2f}")

# %% [markdown]
# ## 2 · A map that can be heard
#
# *Predict:* five systems and the music they learned from, on one map. Which points will lie
# together: those of one system, or those of one style?

# %%
from workbench import LDMG, DiffusionLM, DrumLDM, MidiGPT, MusicLDM
from workbench.music.clip import Clip

n, steps = run.size(2, 16), run.size(3, 25)
random = np.random.default_rng(seed)
sets = {}
for i in random.permutation(audio.split("test")):
    sets.setdefault(audio.items[i].labels.get("set", "recordings"), []).append(int(i))
shown = [
    (f"data: {name}", Clip(audio=sound, sample_rate=rate, caption=audio.items[i].caption))
    for name, rows in list(sets.items())[:3]
    for i, sound in [(i, audio.crops(1, length, seed=i, rows=[i])[0][0]) for i in rows[:n]]
]
words = [clip.caption for _, clip in shown]
asked = [words[i % len(words)] for i in range(0, 3 * n, 3)]
beats = [clip.caption for name, clip in shown if "groove" in name or name == "data: builtin"]
music = MusicLDM.from_pretrained("music-ldm")

# %%
from workbench.course.widgets import SoundMap

drums = DrumLDM.from_pretrained("drums-groove-bert")
beats = (beats or words)[:n]
loops = drums.generate_batch(beats, [None] * len(beats), range(len(beats)), bars=2,
                             steps=run.size(5, 20))
songs = MidiGPT.from_pretrained("songs-gpt").generate(n, bars=run.size(1, 2), seed=seed)
piano = DiffusionLM.from_pretrained("piano-diffusion").generate(n=n, steps=steps, seed=seed)
sound = LDMG.from_pretrained("sound-ldmg")
by_genre = sound.generate_batch(asked, [None] * n, range(n), steps=steps)
drawn = music.generate_batch(music.embedder.embed_text(asked), range(n), steps=steps)
made = {
    "DrumLDM": loops, "MidiGPT": songs, "DiffusionLM": piano, "LDMG": by_genre,
    "MusicLDM": [Clip(audio=s[None].numpy(), sample_rate=rate, caption=text)
                 for s, text in zip(drawn, asked, strict=True)],
}
shown += [(name, clip) for name, some in made.items() for clip in some]
groups, clips = [name for name, _ in shown], [clip for _, clip in shown]


def wave(clip):
    return np.resize(clip.waveform(rate, loop=False).mean(0), length)  # a short one is repeated


heard = tagger.predict(np.stack([wave(clip) for clip in clips]))[0]

# %% [markdown]
# **PCA** turns the cloud of points until its two longest directions lie in the plane: a shadow, and
# the same one each time. **t-SNE** throws the far distances away and lays points so that near ones
# stay near. Hover to read a caption, click to hear it. The list below does the same by keyboard.

# %%
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE


def tsne(points, perplexity, seed, init="random"):
    way = TSNE(perplexity=perplexity, init=init, random_state=seed, method="exact")
    return way.fit_transform(points)


pca = PCA(2).fit(heard)
planes = {
    f"PCA, {pca.explained_variance_ratio_.sum():.0%} of the variance": pca.transform(heard),
    "t-SNE": tsne(heard, run.size(5, 15), seed, init="pca"),
}
SoundMap(planes, clips, groups)

# %% [markdown]
# *What you should have noticed:* t-SNE shows islands of what is played, not of who made it: drums,
# bands of the built-in corpus, piano arrangements. DrumLDM lies among Groove, MidiGPT and
# DiffusionLM among the songs that they read. Some of LDMG's points lie between the islands, where
# no music is. Listen to one of those: is it a band, or a piano?
#
# ## 3 · The same points, drawn nine times
#
# *Predict:* below, t-SNE draws the same points with other settings, and then points without any
# order. Will you see the difference?

# %%
from scipy.stats import spearmanr
from sklearn.manifold import trustworthiness
from sklearn.metrics import pairwise_distances

names = list(dict.fromkeys(groups))
perplexities = 2, run.size(5, 15), run.size(8, 45)
noise = random.normal(size=heard.shape)
pictures = plots.axes(3, 3, width=10, height=9.5)
for column, perplexity in enumerate(perplexities):
    for row, (points, own) in enumerate(((heard, seed), (heard, seed + 1), (noise, seed))):
        plane = tsne(points, perplexity, own)
        near = trustworthiness(points, plane, n_neighbors=5)
        far = spearmanr(pairwise_distances(points).ravel(), pairwise_distances(plane).ravel())[0]
        what = "pure noise" if row == 2 else f"seed {own}"
        plots.points(pictures[row, column], plane, groups,
                     f"perplexity {perplexity}, {what}\nneighbours {near:.2f}, distances {far:.2f}")
pictures[0, 0].figure.legend(*pictures[0, 0].get_legend_handles_labels(), ncols=4, frameon=False,
                             loc="outside lower center")
shadow = pca.transform(heard)
print(f"PCA: neighbours {trustworthiness(heard, shadow, n_neighbors=5):.2f}, distances "
      f"{spearmanr(pairwise_distances(heard).ravel(), pairwise_distances(shadow).ravel())[0]:.2f}")

# %% [markdown]
# *Neighbours* says whether points that are near in the plane are near in truth (1: all of them),
# *distances* whether far ones are far (rank correlation).
#
# *What you should have noticed:* t-SNE keeps neighbours better than PCA, and far distances worse.
# Another seed turns and moves the islands, so how far one is from another means little, nor does
# its size: at perplexity 2 everything falls into crumbs, noise too. Look at several pictures, and
# say nothing of one that a number does not say as well.
#
# ## 4 · How far are two sets from each other?
#
# *Predict:* two systems have the same mean embedding. Can one of them still be bad?
#
# Lay a normal distribution through each set and ask how far mass must travel from one to the other:
#
# $$F = |\mu_1 - \mu_2|^2 + \mathrm{tr}\,\Sigma_1 + \mathrm{tr}\,\Sigma_2
# - 2\,\mathrm{tr}\,(\Sigma_1^{1/2}\,\Sigma_2\,\Sigma_1^{1/2})^{1/2} \qquad (1)$$
#
# *Equation (1):* code `workbench.evaluation.distances.frechet_distance`; paper Dowson and Landau
# 1982, for sound Fréchet audio distance (arXiv 1812.08466).
#
# The last trace is what papers' programs compute by a matrix root that may turn complex. Where the
# numbers are independent of each other, both $\Sigma$ are diagonal, and $F$ falls apart into
# columns.
#
# ## Exercise 1 · Independent columns (10 minutes)
#
# *Goal:* equation (1) from the means and *variances* of each column: `m1`, `v1`, `m2`, `v2`, all
# (columns,).

# %% tags=["stub"]
def diagonal_frechet(m1, v1, m2, v2):
    return None  # your line here


# %% tags=["check"]
from workbench.course.teaching import check_diagonal_frechet

check_diagonal_frechet(diagonal_frechet)

# %% tags=["solution"]
def diagonal_frechet(m1, v1, m2, v2):
    return ((m1 - m2) ** 2).sum() + ((np.sqrt(v1) - np.sqrt(v2)) ** 2).sum()


# %%
from workbench.evaluation.distances import frechet_distance

reference = vectors
far = {
    name: frechet_distance(heard[[g == name for g in groups]], reference) for name in names
}
ax = plots.ranking(plots.axes(width=8, height=3.2), far, xlabel=f"Fréchet distance to held-out "
                   f"music, N {n} against {len(reference)}")

# %% [markdown]
# *What you should have noticed:* even the data's own clips are far from the data, for each set here
# is one part of it. A distance to *all* music asks for the mixture, too: a perfect drummer is far
# from a set of songs, and LDMG, asked for captions of all sets, comes out nearest. Compare like
# with like, as lesson 08 did: one clip for each held-out caption. And 16 clips are very few.
#
# ## 5 · How many clips?
#
# *Predict:* two sets are drawn from the *same* music. What is their Fréchet distance with 50 clips,
# and with 500?

# %%
from workbench.evaluation.degradations import degrade
from workbench.evaluation.distances import kernel_distance


def embedded(count, number, spoil=None):
    found = []
    for part in range(0, count, 100):
        own = 1000 * seed + 10 * number + part
        some, _ = audio.crops(min(100, count - part), length, seed=own, rows=audio.split("train"))
        mono = some.mean(1)
        found.append(tagger.predict(degrade(mono, rate, *spoil) if spoil else mono)[0])
    return np.concatenate(found)


most = run.size(40, 500)
pool, same, muffled = embedded(most, 1), embedded(most, 2), embedded(most, 3, ("low-pass", 0.3))
sizes = np.unique(np.geomspace(run.size(8, 20), most, 7).astype(int))
curves = {"Fréchet distance": {}, "kernel distance × 1,000": {}}
for name, other in (("same music", same), ("treble cut off", muffled)):
    draws = [[random.permutation(most)[:k] for _ in range(run.size(2, 5))] for k in sizes]
    curves["Fréchet distance"][name] = [
        np.mean([frechet_distance(pool[d], other[d]) for d in some]) for some in draws]
    curves["kernel distance × 1,000"][name] = [
        np.mean([1000 * kernel_distance(pool[d], other[d]) for d in some]) for some in draws]

# %%
for ax, (name, both) in zip(plots.axes(1, 2, width=10), curves.items(), strict=True):
    plots.lines(ax, sizes, both, xlabel="clips in each set, N", ylabel=name)
    ax.set_xscale("log")
    ax.set_xticks(sizes, sizes)
    ax.minorticks_off()
few, many = (curves["Fréchet distance"]["same music"][i] for i in (0, -1))
print(f"same music: {few:.1f} with {sizes[0]} clips, {many:.1f} with {sizes[-1]}")
run.note(f"Fréchet distance of the same music, N {sizes[-1]}", many, floor="0 in truth")

# %% [markdown]
# *What you should have noticed:* with few clips the Fréchet distance measures how few they are: a
# cloud of 20 points in 128 dimensions has not the spread of the whole. The kernel distance is about
# right from the beginning, it only trembles. Never compare Fréchet distances at two N.
#
# The kernel distance compares all pairs: how alike are clips within each set, and between them?
#
# $$K = \frac{\sum_{i \ne j} k(x_i, x_j)}{n(n-1)} + \frac{\sum_{i \ne j} k(y_i, y_j)}{m(m-1)}
# - \frac{2}{nm}\sum_{i,j} k(x_i, y_j) \qquad (2)$$
#
# *Equation (2):* code `workbench.evaluation.distances.kernel_distance`; paper Gretton and others
# 2012, eq. 3.
#
# ## Exercise 2 · Without the bias (10 minutes)
#
# *Goal:* equation (2), from tables of likeness `kxx` (n, n), `kyy` (m, m) and `kxy` (n, m).

# %% tags=["stub"]
def unbiased(kxx, kyy, kxy):
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_unbiased

check_unbiased(unbiased)

# %% tags=["solution"]
def unbiased(kxx, kyy, kxy):
    n, m = len(kxx), len(kyy)
    within = (kxx.sum() - np.trace(kxx)) / (n * (n - 1))
    return within + (kyy.sum() - np.trace(kyy)) / (m * (m - 1)) - 2 * kxy.mean()


# %% [markdown]
# The bias of the Fréchet distance falls about as $C/N$, with a $C$ that differs from system to
# system. So one may follow a line through its values over $1/N$ to where $1/N = 0$.
#
# ## Exercise 3 · At infinity (10 minutes)
#
# *Goal:* from `sizes` (N, an array) and the `distances` there, the distance for infinitely many
# clips. `np.polyfit` fits lines.

# %% tags=["stub"]
def at_infinity(sizes, distances):
    return None  # your line here


# %% tags=["check"]
from workbench.course.teaching import check_at_infinity

check_at_infinity(at_infinity)

# %% tags=["solution"]
def at_infinity(sizes, distances):
    return np.polyfit(1 / sizes, distances, 1)[1]


# %% [markdown]
# A line needs several clips for each dimension, so the 128 numbers are first turned to their most
# telling 32.

# %%
from workbench.evaluation.extrapolation import frechet_extrapolated

turn = PCA(run.size(4, 32), random_state=seed).fit(np.concatenate([pool, muffled]))
ax, ends = plots.axes(width=7), {}
for i, (name, other) in enumerate((("same music", same), ("treble cut off", muffled))):
    found = frechet_extrapolated(turn.transform(pool), turn.transform(other), seed=seed)
    over, ends[name] = 1 / np.array(found.sizes), found
    ax.plot(over, found.values, "os"[i], color=plots.COLOURS[i], label=f"{name}, measured")
    line = np.array([0, over.max()])
    ax.plot(line, found.value + found.slope * line, ("-", "--")[i], color=plots.COLOURS[i],
            label=f"to infinity: {found.value:.2f}, R² {found.r2:.3f}")
ax.set(xlabel="1 / N", ylabel=f"Fréchet distance, {turn.n_components_} numbers", xlim=(0, None))
ax.legend(frameon=False)
run.note("the same, extrapolated to infinite N", ends["same music"].value, floor="0 in truth")

# %% [markdown]
# *What you should have noticed:* two samples of the same music end near 0, though every value that
# was measured lies above it; the muffled music keeps its distance. Some libraries draw the smaller
# samples *with* repetition: their line aims at the biased value again.
#
# ## 6 · Spoil it, and watch
#
# *Predict:* noise, a low-pass, a room, another pitch, gaps of silence: which of them will the
# Fréchet distance notice first, and which not at all?
#
# A measure is worth what it notices. Held-out music is spoiled at growing strength; strength 0 is
# the music itself, held against *other* music.

# %%
import torch

from workbench.evaluation.audio_sets import inception_score, paired_kl, relevance
from workbench.evaluation.spectra import log_spectral_distance, spectrogram
from workbench.evaluation.wasserstein import sliced_wasserstein

count = run.size(6, 64)
told = [i for i in known if audio.items[i].caption]
crops, which = audio.crops(count, length, seed=seed + 5, rows=told)
clean = crops.mean(1)
rows = audio.split("validation") or audio.split("train")
others = tagger.predict(audio.crops(run.size(12, 160), length, seed=seed, rows=rows)[0].mean(1))[0]
clean_chances, clean_power = tagger.predict(clean)[1], spectrogram(clean)
text = music.embedder.embed_text([audio.items[i].caption for i in which]).numpy()


# %%
def measures(sounds):
    found, chance = tagger.predict(sounds)
    vector = music.embedder.embed_sound(torch.from_numpy(sounds)).numpy()
    return {
        "Fréchet": frechet_distance(found, others),
        "kernel × 1,000": 1000 * kernel_distance(found, others),
        "sliced Wasserstein": sliced_wasserstein(found, others, seed=seed),
        "inception score": inception_score(chance),
        "paired KL, nats": paired_kl(clean_chances, chance),
        "log-spectral, dB": float(log_spectral_distance(clean_power, spectrogram(sounds)).mean()),
        "relevance": relevance(text, vector),
    }


at_zero = measures(clean)
print(", ".join(f"{name} {value:.3g}" for name, value in at_zero.items()))

# %%
from workbench.evaluation.degradations import DEGRADATIONS, level

strengths = np.linspace(0, 1, run.size(3, 6))
swept = {
    kind: [at_zero] + [measures(degrade(clean, rate, kind, s, seed=seed)) for s in strengths[1:]]
    for kind in DEGRADATIONS
}
panels = plots.axes(2, 4, width=12, height=5.6)
for ax, name in zip(panels.flat, at_zero, strict=False):
    plots.lines(ax, strengths, {kind: [m[name] for m in row] for kind, row in swept.items()},
                xlabel="strength", ylabel=name)
    ax.legend().set_visible(False)
    for line, mark in zip(ax.lines, "osD^v", strict=True):
        line.set(marker=mark, markersize=4)
panels[1, 3].axis("off")
panels[1, 3].legend(handles=panels[0, 0].lines, frameon=False, loc="center")
for kind in DEGRADATIONS:
    print(f"{kind:9}", " → ".join(level(kind, s, rate) for s in strengths[1:]))

# %%
example = {kind: Clip(audio=degrade(clean[:1], rate, kind, 0.6, seed=seed), sample_rate=rate,
                      caption=f"{kind}, strength 0.6: {level(kind, 0.6, rate)}")
           for kind in DEGRADATIONS}
from workbench.course.widgets import compare

first = Clip(audio=clean[:1], sample_rate=rate, caption=audio.items[which[0]].caption)
compare([first, *example.values()], ["as it was", *example])

# %% [markdown]
# The lab below does to a few clips what the cells above did to all: choose, listen, measure.

# %%
from workbench.course.widgets import DegradationLab

few = run.size(4, 16)
small = {
    "Fréchet": lambda s: frechet_distance(tagger.predict(s)[0], others),
    "kernel × 1,000": lambda s: 1000 * kernel_distance(tagger.predict(s)[0], others),
    "log-spectral, dB": lambda s: float(
        log_spectral_distance(clean_power[: len(s)], spectrogram(s)).mean()),
    "paired KL, nats": lambda s: paired_kl(clean_chances[: len(s)], tagger.predict(s)[1]),
}
DegradationLab(clean[:few], rate, lambda s: {name: way(s) for name, way in small.items()})

# %% [markdown]
# *What you should have noticed:* the Fréchet distance hears lost treble and gaps at once, and is
# nearly deaf to a room, to another pitch, and to noise 20 dB below the sound: the judge had to name
# genres, and a genre survives all that. The log-spectral distance jumps at the smallest change of
# pitch, which few listeners would call a fault, and then says no more. Relevance, by another
# encoder, hears noise early. The *ear* decides, more than the formula.
#
# Does each measure at least grow with the strength? (Rank correlation, whatever the size.)

# %%
steady = {}
for name in at_zero:
    worse = -1 if name in ("relevance", "inception score") else 1
    ranks = [spearmanr(strengths, [worse * m[name] for m in row])[0] for row in swept.values()]
    steady[name] = ranks
plots.matrix(plots.axes(width=8, height=3.4), np.array(list(steady.values())),
             "Does it get worse with the strength?", rows=list(steady), columns=list(DEGRADATIONS),
             unit="rank correlation", diverging=True)
for name, ranks in steady.items():
    run.note(f"{name}: rises with the spoiling", float(np.nanmean(ranks)), floor="1 at best")

# %% [markdown]
# ## 7 · Measures that disagree
#
# *Predict:* six cases below. For each: which measures are content, and are they right?

# %%
from workbench.evaluation.table import render

surest = [int(np.argmax(clean_chances[:, k])) for k in np.unique(clean_chances.argmax(1))]
cases = {
    "as it was": clean,
    "half as loud": clean / 2,
    "played backwards": clean[:, ::-1].copy(),
    "clips of other captions": np.roll(clean, count // 2, axis=0),
    "the surest clip a genre, repeated": clean[np.resize(surest, count)],
    "noise 25 dB below": degrade(clean, rate, "noise", 0.5, seed=seed),
}
results = {name: measures(sounds) for name, sounds in cases.items()}
print(render("Six cases", ["", *at_zero], [[k, *v.values()] for k, v in results.items()]))

# %% [markdown]
# *What you should have noticed:*
#
# - **Played backwards:** only the log-spectral distance minds, for the embedding keeps mean and
#   maximum over time, and hardly knows a direction. Hear it below.
# - **Clips of other captions:** nothing was obeyed, and the Fréchet and kernel distances are the
#   very same: they compare sets. Paired KL and relevance see it.
# - **The surest clip a genre, repeated:** the inception score is *better* than for all real music.
#   It asks only whether the judge is sure and all its classes occur.
# - **Half as loud:** some decibels of log-spectral distance for a turn of a knob; the embedding was
#   trained with random loudness and does not mind.
# - **Noise 25 dB below:** the kernel distance hardly moves, relevance loses half.
#
# No measure is wrong. Each answers its own question: are the sets alike, are the pairs, is the text
# obeyed, is the waveform kept? Report several, with a floor, and listen.

# %%
backwards = Clip(audio=cases["played backwards"][:1], sample_rate=rate, caption="played backwards")
compare([first, backwards], ["as it was", "played backwards"])

# %% [markdown]
# ## 8 · Five systems, one table
#
# *Predict:* which of the papers' figures can be compared with ours?

# %%
from html import escape

from IPython.display import HTML

from workbench.course.accessible import table
from workbench.evaluation.table import show
from workbench.systems.figures import COLUMNS, NOTES, rows_of

lines = [[escape(show(cell)) for cell in row] for row in rows_of()]
notes = "".join(f"<p>{note}</p>" for note in NOTES)
HTML(table(COLUMNS, lines, "Five systems, as their cards say") + notes)

# %% [markdown]
# *What you should have noticed:* few papers report what can be measured again. Where they do (the
# share of the prior's distance, inception score, relevance), their data and encoders are others.
# What travels is the place between real music and a trivial way: LDMG and MusicLDM are still far
# from the one, and away from the other by every measure but one: by sliced Wasserstein distance
# normal noise is nearer to music's latents than what LDMG draws. A Markov chain of order 5 pays
# fewer bits a word than DiffusionLM's bound, and the paper's own bits are those of the rounding
# alone, which no language has (lesson 11). And a figure that beats real music, as the
# style of DrumLDM's loops does, says that it plays the clichés which the judge knows. Beware, too,
# of few clips: the judge that learned from 60 loops of each kind found DrumLDM no sooner than real
# loops (0.68 of them right); with 300 of each it is right about 0.88.
#
# ## Mini-project · What no measure hears (an hour)
#
# Spoil music in a way that you hear at once and the Fréchet distance does not: write a function of
# sounds (n, samples), call `measures` on its result, and make an entry of `DEGRADATIONS` of it.
# Then find one that the measures punish and nobody hears. Could a system learn to win by it?
#
# ## You can now
#
# You looked at all five systems on one map and heard its points, spoiled music on purpose to see
# what each measure notices, and read a table of results without being fooled.
#
# *One limitation heard:* every number here is our judge's, and it cannot hear a room, a wrong note
# or a dull melody. Whether it is good music, only people say.
#
# *Terms:* Fréchet audio distance · kernel distance · bias · extrapolated · degradation · rank
# correlation · inception score · relevance
#
# *Next:* [lesson 13](13_listening_test.ipynb) asks people. Or take your own music,
# `dataset="groove+my-recordings"` above, and your own systems, `workbench evaluate systems
# --checkpoints my-music`.

# %%
run.finish()
