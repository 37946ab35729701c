# %% [markdown]
# # 12 · Evaluation: maps, distances, and what they cannot hear
#
# [11 Diffusion-LM](11_diffusion_lm.ipynb) · [index](00_start_here.ipynb) ·
# [13 The listening test](13_listening_test.ipynb)
#
# **You will** look at all five systems on one map and hear its points, spoil music on purpose to
# see what each measure notices, and read a table of results without being fooled.
#
# **Needs** variances and matrices; lessons 00 to 11 help, none is required; the shipped
# checkpoints. About 90 minutes for sections 1 to 5 with their exercises; 6 to 8 take another 60.
# **Time and memory:** printed below. **Exercises:** 45 minutes. **Library:**
# `workbench.evaluation.distances`, `workbench.evaluation.degradations`,
# `workbench.evaluation.extrapolation`, `workbench.systems.figures`. **Papers:** t-SNE (van der
# Maaten and Hinton 2008), Fréchet audio distance (arXiv 1812.08466), its bias (1911.07023), the
# kernel distance (1801.01401, 2502.15602), inception score (1606.03498), sliced Wasserstein
# distance (Bonneel et al. 2015).

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop (a quarter of an hour), gpu, paper
dataset = "groove+pop909+builtin-songs"  # names or folders of scores or sound, joined by "+"
seed = 0  # of everything random
train = False  # this notebook trains its judge only

# %%
from workbench import plots, predict, reveal, start

run = start("12", profile=profile, dataset=dataset, seed=seed, train=train)

# %% [markdown]
# ## 1 · Sounds as numbers
#
# *Predict:* to compare two sets of sounds, what must a machine know about sound?
#
# No measure below hears music. Most see the 128 numbers into which a network turns a sound, its
# **embedding**. What the embedding leaves out, no measure will ever notice. Our network, the
# *judge*, learned to name genre, tempo and key on the training split; the embedding is its last
# layer but one. Published tables use VGGish, PANNs or CLAP.

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
print(f"{vectors.shape[1]} numbers per sound; held-out genres named: {right:.0%}, "
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
# **PCA** (lesson 01) shows the two directions in which the points vary most. It is linear, and the
# same each time.
#
# **t-SNE** gives up far distances and keeps neighbours. From the embeddings $x_i$ it makes
# probabilities $p_{ij}$ that $i$ and $j$ are neighbours; from places in the plane $y_i$, which are
# random at first, other ones, $q_{ij}$. Then it moves the places until the two agree, that is,
# until their KL is small:
#
# $$p_{j|i} = \frac{e^{-|x_i-x_j|^2/2\sigma_i^2}}{\sum_{k \ne i} e^{-|x_i-x_k|^2/2\sigma_i^2}},
# \quad p_{ij} = \frac{p_{j|i}+p_{i|j}}{2n}, \quad
# q_{ij} = \frac{(1+|y_i-y_j|^2)^{-1}}{\sum_{k \ne l}(1+|y_k-y_l|^2)^{-1}}, \quad
# \min_y \sum_{i \ne j} p_{ij}\ln\frac{p_{ij}}{q_{ij}} \qquad (1)$$
#
# *Equation (1):* code `sklearn.manifold.TSNE`; paper van der Maaten and Hinton 2008, equations 1, 2
# and 4.
#
# $n$ is the number of points. Each $\sigma_i$ is set such that point $i$ has about as many
# neighbours as the **perplexity** says. A pair that is near ($p$ large) and drawn far apart costs
# much; a pair that is far and drawn near costs little. That is why only neighbours can be trusted.
# Hover to read a caption, click to hear it. The list below does the same by keyboard.

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
# *What you should have noticed:* look for islands of what is played (drums, bands, piano), rather
# than of who made it. Where does each system lie with respect to the data that it learned from?
# Listen to a point that lies between the islands: is it a band, or a piano?
#
# ## 3 · The same points, nine maps
#
# *Predict:* below are maps of the same points with other settings, and of points without any
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
# *Neighbours* says whether points that are near in the plane are near in truth (1: all of them).
# *Distances* says whether far ones are far (rank correlation).
#
# *What you should have noticed:* compare the two numbers with those of PCA, which are printed below
# the maps. Another seed turns and moves the islands, so neither the distance between two islands
# nor their size means anything. At perplexity 2 everything falls into small clumps, even pure
# noise. Look at several maps, and claim nothing that only one of them shows.
#
# ## 4 · How far are two sets from each other?
#
# *Predict:* two systems have the same mean embedding. Can one of them still be bad?
#
# Describe each set by a normal distribution with its mean $\mu$ and covariance $\Sigma$, and ask
# how far mass must travel from one to the other (tr is the trace, the sum of the diagonal):
#
# $$F = |\mu_1 - \mu_2|^2 + \mathrm{tr}\,\Sigma_1 + \mathrm{tr}\,\Sigma_2
# - 2\,\mathrm{tr}\,(\Sigma_1^{1/2}\,\Sigma_2\,\Sigma_1^{1/2})^{1/2} \qquad (2)$$
#
# *Equation (2):* code `workbench.evaluation.distances.frechet_distance`; paper Dowson and Landau
# 1982, for sound Fréchet audio distance (arXiv 1812.08466).
#
# Suppose that the columns are independent of each other. Then both $\Sigma$ are diagonal, with the
# variances $v_1$ and $v_2$ of the columns, and the last trace is $\sum \sqrt{v_1 v_2}$. Now
# $v_1 + v_2 - 2\sqrt{v_1 v_2}$ is a complete square. Which?
#
# ## Exercise 1 · Independent columns (10 minutes)
#
# *Level:* easy. *Goal:* equation (2) for independent columns, from the means and *variances* of
# each column: `m1`, `v1`, `m2`, `v2`, all (columns,).

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
# *What you should have noticed:* even clips of the data are far from the data, because each set
# here is one part of it. A distance to *all* music also measures the mixture: a perfect drummer is
# far from a set of songs, and a system that is given captions of all sets has an advantage. Compare
# like with like, as lesson 08 did: one clip for each held-out caption. And so few clips say little:
#
# ## 5 · How many clips?
#
# *Predict:* two sets are sampled from the *same* music. How many times larger is their Fréchet
# distance with the fewest clips than with the most (20 and 500 at `laptop` size)?

# %%
predict("12.1", [1.5, 4, 10], unit="times")

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
reveal("12.1", few / many, f"{sizes[0]} clips against {sizes[-1]}")
run.note(f"Fréchet distance of the same music, N {sizes[-1]}", many, floor="0 in truth")

# %% [markdown]
# *What you should have noticed:* with few clips the Fréchet distance measures how few they are: 20
# points cannot span 128 dimensions, so their covariance is too small and the distance too large.
# The kernel distance is unbiased at every N; it is only noisier at small N. Never compare Fréchet
# distances at two N.
#
# The kernel distance compares all pairs: how similar are clips within each set, and between the
# sets? $x_1 \dots x_n$ and $y_1 \dots y_m$ are the embeddings of the two sets. The similarity is a
# Gaussian kernel, $k(a, b) = e^{-|a-b|^2/2h^2}$, with $h$ the median distance of two $y$:
#
# $$K = \frac{\sum_{i \ne j} k(x_i, x_j)}{n(n-1)} + \frac{\sum_{i \ne j} k(y_i, y_j)}{m(m-1)}
# - \frac{2}{nm}\sum_{i,j} k(x_i, y_j) \qquad (3)$$
#
# *Equation (3):* code `workbench.evaluation.distances.kernel_distance`; paper Gretton and others
# 2012, eq. 3.
#
# ## Exercise 2 · Without the bias (10 minutes)
#
# *Level:* medium. *Goal:* equation (3), from tables of similarity `kxx` (n, n), `kyy` (m, m) and
# `kxy` (n, m).

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
# system. So one may fit a line to its values over $1/N$ and read it at $1/N = 0$.
#
# ## Exercise 3 · At infinity (10 minutes)
#
# *Level:* easy. *Goal:* from `sizes` (N, an array) and the `distances` there, the distance for
# infinitely many clips. `np.polyfit` fits lines.

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
# The line is straight only with several clips per dimension, so the 128 numbers are first reduced
# to their 32 principal components.

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
# *What you should have noticed:* the lines end below all values that were measured: nearer to 0 for
# two samples of the same music, further from it for the music without treble. Some libraries
# (fadtk's FAD-∞) sample the smaller sets *with* repetition: their line converges on the biased
# value.
#
# ## 6 · Spoil it, and watch
#
# *Predict:* which degradation will raise the Fréchet distance least at full strength?

# %%
predict("12.2", ["noise", "low-pass", "reverb", "pitch", "silence"])

# %% [markdown]
# A measure is worth what it notices. Held-out music is spoiled more and more; at strength 0 it is
# unchanged and compared with *other* music. Four more measures join in. $p(c \mid x)$ is the
# judge's probability of class $c$ for clip $x$, and $p(c)$ its mean over the clips. The **inception
# score** is high if the judge is certain of each clip ($p(c \mid x)$ is concentrated) and all
# classes occur ($p(c)$ is spread). It needs no reference:
#
# $$\mathrm{IS} = \exp\Big(\mathbb E_x \sum_c p(c \mid x) \ln \frac{p(c \mid x)}{p(c)}\Big)
# \qquad (4)$$
#
# *Equation (4):* code `workbench.evaluation.audio_sets.inception_score`; paper Salimans and others
# 2016 (arXiv 1606.03498), section 4.
#
# The **paired KL** compares each generated clip $\hat x_i$ with the real clip $x_i$ of the same
# caption:
#
# $$\mathrm{KL} = \frac1n \sum_{i=1}^n \sum_c p(c \mid x_i) \ln
# \frac{p(c \mid x_i)}{p(c \mid \hat x_i)} \qquad (5)$$
#
# *Equation (5):* code `workbench.evaluation.audio_sets.paired_kl`; paper MusicLDM (arXiv
# 2308.01546), section 4.
#
# The **sliced Wasserstein distance** looks at both sets from many random directions $u$. Along one
# direction the points are numbers, and the cheapest way to move $n$ numbers onto $n$ others is in
# sorted order ($x_{(i)}$ is the $i$-th smallest):
#
# $$\mathrm{SW} = \Big(\mathbb E_u\, \frac1n \sum_{i=1}^n
# \big((u^\top x)_{(i)} - (u^\top y)_{(i)}\big)^2\Big)^{1/2} \qquad (6)$$
#
# *Equation (6):* code `workbench.evaluation.wasserstein.sliced_wasserstein`; paper Bonneel and
# others 2015, section 3.
#
# **Relevance** is the mean cosine of a sound and its caption in the space of a text–audio encoder
# (lesson 08).
#
# ## Exercise 4 · The inception score (15 minutes)
#
# *Level:* medium. *Goal:* equation (4) as papers report it. Cut the rows of `p` (n, classes) into
# `splits` parts of equal length, in order. Compute the score of each part, with $p(c)$ the mean of
# that part. Return the mean and the standard deviation of the scores, as a pair. A probability of 0
# adds 0.

# %% tags=["stub"]
def inception(p, splits):
    return None  # about ten lines


# %% tags=["check"]
from workbench.course.teaching import check_inception

check_inception(inception)

# %% tags=["solution"]
def inception(p, splits):
    scores = []
    for part in np.split(p, splits):
        mean = part.mean(axis=0)
        nats = 0.0
        for row in part:
            seen = row > 0
            nats += (row[seen] * np.log(row[seen] / mean[seen])).sum()
        scores.append(np.exp(nats / len(part)))
    return np.mean(scores), np.std(scores)


# %% [markdown]
# Now all seven measures, at each strength:

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
rise = {kind: row[-1]["Fréchet"] / at_zero["Fréchet"] for kind, row in swept.items()}
reveal("12.2", min(rise, key=rise.get), "times the value at strength 0: "
       + ", ".join(f"{kind} {value:.2f}" for kind, value in rise.items()))
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
# The lab below does the same to a few clips, as you choose: listen and measure.

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
# *What you should have noticed:* curves that stay flat mark what a measure does not notice. The
# judge learned to name genres, so what leaves the genre as it is hardly moves its measures. The
# log-spectral distance jumps at a small change of pitch, which few listeners would call a fault.
# Which embedding is used matters more than which formula.
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
    run.note(f"{name}: rises with the strength", float(np.nanmean(ranks)), floor="1 at best")

# %% [markdown]
# ## 7 · Measures that disagree
#
# *Predict:* of each genre that the judge names, we take the one clip of which it is surest, and
# repeat these few clips again and again. Will the inception score be lower or higher than for all
# the different real clips?

# %%
predict("12.3", ["lower", "higher"])

# %%
from workbench.evaluation.table import render

surest = [int(np.argmax(clean_chances[:, k])) for k in np.unique(clean_chances.argmax(1))]
cases = {
    "as it was": clean,
    "half as loud": clean / 2,
    "played backwards": clean[:, ::-1].copy(),
    "clips of other captions": np.roll(clean, count // 2, axis=0),
    "the surest clips, repeated": clean[np.resize(surest, count)],
    "noise 25 dB below": degrade(clean, rate, "noise", 0.5, seed=seed),
}
results = {name: measures(sounds) for name, sounds in cases.items()}
print(render("Six cases", ["", *at_zero], [[k, *v.values()] for k, v in results.items()]))
for name, row in list(results.items())[1:]:
    same = [m for m in row if abs(row[m] - at_zero[m]) <= 0.1 * abs(at_zero[m]) + 1e-9]
    print(f"{name}: within a tenth of the real clips' value: {', '.join(same) or 'none'}")

# %%
repeated = results["the surest clips, repeated"]["inception score"]
reveal("12.3", "higher" if repeated > at_zero["inception score"] else "lower",
       f"{repeated:.2f}, real clips {at_zero['inception score']:.2f}")

# %% [markdown]
# *What you should have noticed:* the printed lines say which measures did not notice a case.
#
# - **Played backwards:** the embedding keeps the mean and the maximum over time, so it hardly knows
#   a direction. Hear it below.
# - **Clips of other captions:** no request was followed, but the *set* of clips is the same. So
#   measures of sets (Fréchet, kernel, sliced Wasserstein, inception score) cannot change.
# - **The surest clips, repeated:** the inception score asks only whether the judge is certain and
#   whether all its classes occur. It does not ask whether a class has more than one clip.
# - **Half as loud:** a fixed number of decibels in the log-spectral distance, for a turn of a knob.
#
# No measure is wrong. Each answers its own question: are the sets alike, are the pairs alike, was
# the text followed, was the waveform kept? Report several, with a floor, and listen.

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
# *What you should have noticed:* few papers report what can be measured again. Where they do, their
# data and embeddings differ from ours, so that raw values cannot be compared. Compare instead where
# a system stands between real music and a trivial method; both are in the table. A figure that is
# *better* than that of real music is a warning: the system may play only what the judge knows best.
# And a judge that learned from few clips finds few differences.
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
# *One limitation heard:* nearly every number here depends on our judge, which cannot tell a wrong
# note or a dull melody. Whether it is good music, only people can say.
#
# *Terms:* perplexity · Fréchet audio distance · kernel distance · bias · extrapolated ·
# degradation · rank correlation · inception score · paired KL · sliced Wasserstein distance ·
# relevance
#
# *Next:* [lesson 13](13_listening_test.ipynb) asks people. Or take your own music,
# `dataset="groove+my-recordings"` above, and your own systems, `workbench evaluate systems
# --checkpoints my-music`.

# %%
from workbench import quiz

quiz("12")

# %%
run.finish()
