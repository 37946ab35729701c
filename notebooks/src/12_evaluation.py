# %% [markdown]
# # 12 · Evaluation: maps, distances, and what they cannot hear
#
# [11 Diffusion-LM](11_diffusion_lm.ipynb) · [index](00_start_here.ipynb) ·
# [13 The listening test](13_listening_test.ipynb)
#
# **You will** look at all five systems on one map and hear its points, spoil music on purpose to
# see what each measure notices, compare measures with a distance that is known exactly, and read a
# table of results without being fooled.
#
# **Needs** variances and matrices; the shipped checkpoints. Lessons 00 to 11 help, but none is
# required. Sections 1 to 5 take about 60 minutes with their exercises; 6 to 9 take another 45.
# **Time and memory:** printed below. **Exercises:** 45 minutes. **Library:**
# `workbench.evaluation.distances`, `workbench.evaluation.degradations`,
# `workbench.evaluation.extrapolation`, `workbench.systems.figures`. **Papers:** t-SNE (van der
# Maaten and Hinton 2008), Fréchet audio distance (arXiv 1812.08466), its bias (1911.07023), the
# kernel distance (1801.01401, 2502.15602), inception score (1606.03498), sliced Wasserstein
# distance (Bonneel et al. 2015), total variation (Levin, Peres and Wilmer 2009).

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop (minutes), gpu, paper
dataset = "groove+pop909+builtin-songs"  # names or folders of scores or sound, joined by "+"
seed = 0  # of everything random
train = False  # this notebook trains its judge only

# %%
from workbench import plots, predict, reveal, start

run = start("12", profile=profile, dataset=dataset, seed=seed, train=train)

# %% [markdown]
# ## 1 · Sounds as numbers
#
# *Think first:* to compare two sets of sounds, what must a machine know about sound?
#
# Most measures below do not receive the sound. They receive its **embedding**: 128 numbers that a
# network computes from the sound. A measure cannot notice what the embedding leaves out. Our
# network, the *judge*, was trained on the training part of the data to name genre, tempo and key.
# The embedding is the output of its second-to-last layer. Published tables use other networks, such
# as VGGish, PANNs or CLAP.

# %%
import numpy as np

from workbench.datasets.audio import genre_of
from workbench.datasets.sounds import collect
from workbench.evaluation.tagger import tagger_of

rate = 16_000
audio = collect(run.dataset, rate, limit=run.size(8, 100), quiet=True)
length = round(run.size(1, 4) * 1.024 * rate)
tagger = tagger_of(audio, length, steps=run.size(3, 100))
known = [i for i in audio.split("test") if genre_of(audio.items[i].labels) in tagger.genres]
sounds, pieces = audio.crops(run.size(12, 160), length, seed=seed, rows=known)
vectors, chances = tagger.predict(sounds.mean(1))
genres = np.array([genre_of(audio.items[i].labels) for i in pieces])
accuracy = float((np.array(tagger.genres)[chances.argmax(1)] == genres).mean())
majority = max(float((genres == g).mean()) for g in set(genres))
print(f"{vectors.shape[1]} numbers per sound; genre of held-out clips named correctly: "
      f"{accuracy:.0%}; naming the most frequent of {len(tagger.genres)} genres: {majority:.0%}")
run.note("genre named by the judge", accuracy, floor=f"the most frequent genre {majority:.2f}")

# %% [markdown]
# ## 2 · A map that can be heard
#
# *Think first:* one map shows clips of five systems and clips of the music that they were trained
# on. Which points will lie together: those of one system, or those of one style?

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
captions = [words[i % len(words)] for i in range(0, 3 * n, 3)]
beats = [clip.caption for name, clip in shown if "groove" in name or name == "data: builtin"]
music = MusicLDM.from_pretrained("music-ldm")

# %%
from workbench.course.widgets import SoundMap

drums = DrumLDM.from_pretrained("drums-groove-bert")
beats = (beats or words)[:n]
loops = drums.generate_batch(beats, [None] * len(beats), range(len(beats)), bars=2,
                             steps=run.size(5, 20))
songs = MidiGPT.from_pretrained("songs-gpt").generate(n=n, bars=run.size(1, 2), seed=seed)
piano = DiffusionLM.from_pretrained("piano-masked").generate(n=n, steps=steps, seed=seed)
sound = LDMG.from_pretrained("sound-ldmg")
by_genre = sound.generate_batch(captions, [None] * n, range(n), steps=steps)
by_text = music.generate_batch(music.embedder.embed_text(captions), range(n), steps=steps)
generated = {
    "DrumLDM": loops, "MidiGPT": songs, "DiffusionLM": piano, "LDMG": by_genre,
    "MusicLDM": [Clip(audio=s[None].numpy(), sample_rate=rate, caption=text)
                 for s, text in zip(by_text, captions, strict=True)],
}
shown += [(name, clip) for name, some in generated.items() for clip in some]
groups, clips = [name for name, _ in shown], [clip for _, clip in shown]


def wave(clip):
    return np.resize(clip.waveform(rate, loop=False).mean(0), length)  # a short one is repeated


embeddings = tagger.predict(np.stack([wave(clip) for clip in clips]))[0]

# %% [markdown]
# **PCA** (lesson 01) shows the two directions in which the points vary most. It is linear and gives
# the same map each time.
#
# **t-SNE** keeps neighbours together and ignores large distances. From the embeddings $x_i$ and
# $x_j$ of two points it computes a probability $p_{ij}$ that they are neighbours. From their places
# $y_i$ and $y_j$ on the map it computes another probability, $q_{ij}$. The places are random at
# first, or those of PCA. Then t-SNE moves them until the KL divergence between $p$ and $q$ is
# small:
#
# $$p_{j|i} = \frac{e^{-|x_i-x_j|^2/2\sigma_i^2}}{\sum_{k \ne i} e^{-|x_i-x_k|^2/2\sigma_i^2}},
# \quad p_{ij} = \frac{p_{j|i}+p_{i|j}}{2n}, \quad
# q_{ij} = \frac{(1+|y_i-y_j|^2)^{-1}}{\sum_{k \ne l}(1+|y_k-y_l|^2)^{-1}}, \quad
# \min_y \sum_{i \ne j} p_{ij}\ln\frac{p_{ij}}{q_{ij}} \qquad (1)$$
#
# *Equation (1):* code `sklearn.manifold.TSNE`; paper van der Maaten and Hinton 2008, equations 1, 2
# and 4.
#
# $n$ is the number of points. The **perplexity** is about the number of neighbours that each point
# should have; t-SNE chooses each $\sigma_i$ accordingly. If the map separates two neighbours ($p$
# large), the cost is high. Pairs of distant points ($p$ small) hardly add to the cost, wherever the
# map puts them. That is why the map keeps neighbours together, and why its large distances cannot
# be trusted. Hover over a point to read its caption, and click to hear it. The list below the map
# can be used by keyboard.

# %%
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE


def tsne(points, perplexity, seed, init="random"):
    method = TSNE(perplexity=perplexity, init=init, random_state=seed, method="exact")
    return method.fit_transform(points)


pca = PCA(2).fit(embeddings)
planes = {
    f"PCA, {pca.explained_variance_ratio_.sum():.0%} of the variance": pca.transform(embeddings),
    "t-SNE": tsne(embeddings, run.size(5, 15), seed, init="pca"),
}
SoundMap(planes, clips, groups)

# %% [markdown]
# *What you should have noticed:* the points lie together mainly by what is played (drums, bands,
# piano), not by who played it. Is each system close to the data that it was trained on? Listen to a
# point between two groups: is it a band or a piano?
#
# ## 3 · The same points, nine maps
#
# *Think first:* six of the maps below show the same points with different settings. Three show
# random numbers. Will you see the difference?

# %%
from scipy.stats import spearmanr
from sklearn.manifold import trustworthiness
from sklearn.metrics import pairwise_distances

names = list(dict.fromkeys(groups))
perplexities = 2, run.size(5, 15), run.size(8, 45)
noise = random.normal(size=embeddings.shape)
pictures = plots.axes(3, 3, width=10, height=9.5)
for column, perplexity in enumerate(perplexities):
    rows = (embeddings, seed), (embeddings, seed + 1), (noise, seed)
    for row, (points, start_seed) in enumerate(rows):
        plane = tsne(points, perplexity, start_seed)
        near = trustworthiness(points, plane, n_neighbors=5)
        far = spearmanr(pairwise_distances(points).ravel(), pairwise_distances(plane).ravel())[0]
        kind = "random numbers" if row == 2 else f"seed {start_seed}"
        plots.points(pictures[row, column], plane, groups,
                     f"perplexity {perplexity}, {kind}\nneighbours {near:.2f}, distances {far:.2f}")
pictures[0, 0].figure.legend(*pictures[0, 0].get_legend_handles_labels(), ncols=4, frameon=False,
                             loc="outside lower center")
flat = pca.transform(embeddings)
far = spearmanr(pairwise_distances(embeddings).ravel(), pairwise_distances(flat).ravel())[0]
near = trustworthiness(embeddings, flat, n_neighbors=5)
print(f"PCA: neighbours {near:.2f}, distances {far:.2f}")

# %% [markdown]
# *Neighbours* is 1 if all neighbours on the map are also neighbours among the embeddings.
# *Distances* is the **rank correlation** between the distances on the map and those of the
# embeddings: 1 if both put all pairs of points in the same order, 0 if the orders have nothing in
# common.
#
# *What you should have noticed:* t-SNE keeps more neighbours than PCA, but its distances agree less
# well; PCA's two numbers are printed below the maps. A different seed rotates and moves the groups.
# So neither the distance between two groups nor their size can be trusted. At perplexity 2 the map
# consists of small clumps, even for random numbers. Look at several maps, and do not claim what
# only one of them shows.
#
# ## 4 · How far are two sets from each other?
#
# *Think first:* two systems have the same mean embedding. Can one of them still be bad?
#
# The **Fréchet audio distance** describes each set by a normal distribution with the set's mean
# $\mu$ and covariance $\Sigma$. It is the square of the *Fréchet distance* between these two
# distributions (tr is the trace, the sum of the diagonal):
#
# $$F = |\mu_1 - \mu_2|^2 + \mathrm{tr}\,\Sigma_1 + \mathrm{tr}\,\Sigma_2
# - 2\,\mathrm{tr}\,(\Sigma_1^{1/2}\,\Sigma_2\,\Sigma_1^{1/2})^{1/2} \qquad (2)$$
#
# *Equation (2):* code `workbench.evaluation.distances.frechet_distance`; paper Dowson and Landau
# 1982, for sound Fréchet audio distance (arXiv 1812.08466).
#
# Suppose that the columns of the embedding are independent. Then both $\Sigma$ are diagonal: they
# contain the variances $v_1$ and $v_2$ of the columns, and the last trace is
# $\sum \sqrt{v_1 v_2}$. Of what is $v_1 + v_2 - 2\sqrt{v_1 v_2}$ the square?
#
# ## Exercise 1 · Independent columns (10 minutes)
#
# *Level:* easy. *Goal:* compute equation (2) for independent columns. You are given the means and
# the *variances* of the columns: `m1`, `v1`, `m2`, `v2`, all (columns,).

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

members = {name: np.array([group == name for group in groups]) for name in names}
distances = {name: frechet_distance(embeddings[who], vectors) for name, who in members.items()}
ax = plots.ranking(plots.axes(width=8, height=3.2), distances,
                   xlabel=f"Fréchet distance to held-out music, N {n} against {len(vectors)}")

# %% [markdown]
# *What you should have noticed:* even the data sets themselves are far from the held-out music,
# because that music is a mixture of all data sets. The distance also depends on the mixture: a
# perfect drummer is far from a set of songs, and a system that receives captions of all data sets
# has an advantage. So compare like with like, for example one generated clip for each held-out
# caption. And use more clips, as the next section shows.
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
    parts = []
    for part in range(0, count, 100):
        crop_seed = 1000 * seed + 10 * number + part
        crops, _ = audio.crops(min(100, count - part), length, seed=crop_seed,
                               rows=audio.split("train"))
        mono = crops.mean(1)
        parts.append(tagger.predict(degrade(mono, rate, *spoil) if spoil else mono)[0])
    return np.concatenate(parts)


most = run.size(40, 500)
pool, same, muffled = embedded(most, 1), embedded(most, 2), embedded(most, 3, ("low-pass", 0.3))
sizes = np.unique(np.geomspace(run.size(8, 20), most, 7).astype(int))
curves = {"Fréchet distance": {}, "kernel distance × 1,000": {}}
for name, other in (("same music", same), ("treble cut off", muffled)):
    picks = [[random.permutation(most)[:k] for _ in range(run.size(2, 5))] for k in sizes]
    curves["Fréchet distance"][name] = [
        np.mean([frechet_distance(pool[p], other[p]) for p in some]) for some in picks]
    curves["kernel distance × 1,000"][name] = [
        np.mean([1000 * kernel_distance(pool[p], other[p]) for p in some]) for some in picks]

# %%
for ax, (name, both) in zip(plots.axes(1, 2, width=10), curves.items(), strict=True):
    plots.lines(ax, sizes, both, xlabel="clips in each set, N", ylabel=name)
    ax.set_xscale("log")
    ax.set_xticks(sizes, sizes)
    ax.minorticks_off()
few, many = (curves["Fréchet distance"]["same music"][i] for i in (0, -1))
print(f"same music: {few:.1f} with {sizes[0]} clips, {many:.1f} with {sizes[-1]}")
reveal("12.1", few / many, f"{sizes[0]} clips against {sizes[-1]}")
run.note(f"Fréchet distance of the same music, N {sizes[-1]}", many, floor="true value 0")

# %% [markdown]
# *What you should have noticed:* with few clips, the Fréchet distance depends mainly on their
# number. This is its **bias**. 20 points span at most 19 of the 128 dimensions, so the last trace
# of equation (2) comes out too small and the distance too large. The **kernel distance** has no
# such bias at any N; it is only noisier at small N. Never compare Fréchet distances that were
# measured with different N.
#
# The kernel distance compares the similarity of clips within each set with the similarity between
# the sets. $x_1 \dots x_n$ and $y_1 \dots y_m$ are the embeddings of the two sets. The similarity
# is a Gaussian kernel, $k(a, b) = e^{-|a-b|^2/2h^2}$, where $h$ is the median of the distances
# between two $y$:
#
# $$K = \frac{\sum_{i \ne j} k(x_i, x_j)}{n(n-1)} + \frac{\sum_{i \ne j} k(y_i, y_j)}{m(m-1)}
# - \frac{2}{nm}\sum_{i,j} k(x_i, y_j) \qquad (3)$$
#
# *Equation (3):* code `workbench.evaluation.distances.kernel_distance`; paper Gretton and others
# 2012, eq. 3.
#
# ## Exercise 2 · Without the bias (10 minutes)
#
# *Level:* medium. *Goal:* compute equation (3) from three tables of similarities: `kxx` (n, n)
# between the clips of the first set, `kyy` (m, m) between those of the second, and `kxy` (n, m)
# between the sets.

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
# The bias of the Fréchet distance is about $C/N$, where $C$ differs from system to system. So we
# can measure the distance at several N, plot the values over $1/N$, fit a line, and read its value
# at $1/N = 0$: the distance is **extrapolated** to infinitely many clips.
#
# ## Exercise 3 · At infinity (10 minutes)
#
# *Level:* easy. *Goal:* estimate the distance for infinitely many clips. `sizes` is an array of
# several N, and `distances` has the value measured with each N. `np.polyfit` fits lines.

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
# The values lie on a straight line only if there are several clips per dimension. So the cell first
# reduces the 128 numbers to their 32 principal components.

# %%
from workbench.evaluation.extrapolation import frechet_extrapolated

reduce = PCA(run.size(4, 32), random_state=seed).fit(np.concatenate([pool, muffled]))
ax, ends = plots.axes(width=7), {}
for i, (name, other) in enumerate((("same music", same), ("treble cut off", muffled))):
    fit = frechet_extrapolated(reduce.transform(pool), reduce.transform(other), seed=seed)
    inverse, ends[name] = 1 / np.array(fit.sizes), fit
    ax.plot(inverse, fit.values, "os"[i], color=plots.COLOURS[i], label=f"{name}, measured")
    line = np.array([0, inverse.max()])
    ax.plot(line, fit.value + fit.slope * line, ("-", "--")[i], color=plots.COLOURS[i],
            label=f"to infinity: {fit.value:.2f}, R² {fit.r2:.3f}")
ax.set(xlabel="1 / N", ylabel=f"Fréchet distance, {reduce.n_components_} numbers", xlim=(0, None))
ax.legend(frameon=False)
run.note("the same, extrapolated to infinite N", ends["same music"].value, floor="true value 0")

# %% [markdown]
# *What you should have noticed:* at $1/N = 0$ each line is below all measured values. For two
# samples of the same music it comes close to 0, which is the true value. For the music without
# treble (high frequencies) it stays above 0. Some libraries (fadtk's FAD-∞) sample the smaller sets
# *with* repetition. Then the line ends at the biased value of the whole set.
#
# ## 6 · Spoil the music and see who notices
#
# *Predict:* we spoil sounds in five ways: with noise, without high frequencies (low-pass), with the
# echo of a room (reverb), at a higher pitch, and with gaps of silence. Which of these will raise
# the Fréchet distance least, at full strength?

# %%
predict("12.2", ["noise", "low-pass", "reverb", "pitch", "silence"])

# %% [markdown]
# Which faults of music does each measure notice? We take held-out music, apply each **degradation**
# with increasing strength, and compare the result with *other* held-out music. At strength 0 the
# music is unchanged. Four measures are new; the log-spectral distance is that of lesson 06.
#
# The **inception score** needs no reference. $p(c \mid x)$ is the judge's probability of class $c$
# for clip $x$, and $p(c)$ is its mean over the clips. The score is high if the judge is certain
# about each clip ($p(c \mid x)$ is large for one class) and if all classes occur equally often
# ($p(c)$ is about equal for all):
#
# $$\mathrm{IS} = \exp\Big(\mathbb E_x \sum_c p(c \mid x) \ln \frac{p(c \mid x)}{p(c)}\Big)
# \qquad (4)$$
#
# *Equation (4):* code `workbench.evaluation.audio_sets.inception_score`; paper Salimans and others
# 2016 (arXiv 1606.03498), section 4.
#
# The **paired KL** compares each generated clip $\hat x_i$ with the real clip $x_i$ of the same
# caption. (Below we compare each clip with its spoiled version.)
#
# $$\mathrm{KL} = \frac1n \sum_{i=1}^n \sum_c p(c \mid x_i) \ln
# \frac{p(c \mid x_i)}{p(c \mid \hat x_i)} \qquad (5)$$
#
# *Equation (5):* code `workbench.evaluation.audio_sets.paired_kl`; paper MusicLDM (arXiv
# 2308.01546), section 4.
#
# The **sliced Wasserstein distance** projects both sets onto many random directions $u$. Each
# projection gives $n$ numbers per set. The cheapest way to move one set's numbers onto the other's
# is to move the smallest onto the smallest, the second smallest onto the second smallest, and so
# on. $x_{(i)}$ is the $i$-th smallest number:
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
# *Level:* medium. *Goal:* compute equation (4) as papers report it. A row of `p` (n, classes) has
# the class probabilities of one clip. Cut the rows into `splits` parts of equal length, in order.
# Compute the score of each part; $p(c)$ is the mean over this part. Return the mean and the
# standard deviation of the scores as a pair. A probability of 0 adds 0 to the sum.

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
# Now we compute all seven measures at each strength:

# %%
import torch

from workbench.evaluation.audio_sets import inception_score, paired_kl, relevance
from workbench.evaluation.spectra import log_spectral_distance, spectrogram
from workbench.evaluation.wasserstein import sliced_wasserstein

count = run.size(6, 64)
captioned = [i for i in known if audio.items[i].caption]
crops, which = audio.crops(count, length, seed=seed + 5, rows=captioned)
clean = crops.mean(1)
rows = audio.split("validation") or audio.split("train")
others = tagger.predict(audio.crops(run.size(12, 160), length, seed=seed, rows=rows)[0].mean(1))[0]
clean_chances, clean_power = tagger.predict(clean)[1], spectrogram(clean)
text = music.embedder.embed_text([audio.items[i].caption for i in which]).numpy()


# %%
def measures(sounds):
    points, probabilities = tagger.predict(sounds)
    vector = music.embedder.embed_sound(torch.from_numpy(sounds)).numpy()
    return {
        "Fréchet": frechet_distance(points, others),
        "kernel × 1,000": 1000 * kernel_distance(points, others),
        "sliced Wasserstein": sliced_wasserstein(points, others, seed=seed),
        "inception score": inception_score(probabilities),
        "paired KL, nats": paired_kl(clean_chances, probabilities),
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
# In the lab below you choose the degradation and its strength for a few clips, listen, and measure.

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
# *What you should have noticed:* where a curve is flat, the measure does not notice the
# degradation. The judge was trained to name genre, tempo and key. So measures of its embedding
# hardly change as long as these can be recognised. The log-spectral distance is large even for a
# small change of pitch, which few listeners would call a fault. So what a measure notices
# depends on its formula and on its input.
#
# Does each measure at least get worse with increasing strength? The rank correlation between
# strength and measure answers this, because it depends on the order of the values only, not on
# their size.

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
    run.note(f"{name}: gets worse with the strength", float(np.nanmean(ranks)), floor="1 at best")

# %% [markdown]
# ## 7 · Measures that disagree
#
# *Predict:* for each genre we take the one clip about which the judge is most certain. We repeat
# these few clips many times. How will the inception score of this set differ from that of the real
# clips, which are all different?

# %%
predict("12.3", ["lower by more than a tenth", "about the same", "higher by more than a tenth"])

# %%
from workbench.evaluation.table import render

surest = [int(np.argmax(clean_chances[:, k])) for k in np.unique(clean_chances.argmax(1))]
cases = {
    "as it was": clean,
    "half as loud": clean / 2,
    "played backwards": clean[:, ::-1].copy(),
    "clips of other captions": np.roll(clean, count // 2, axis=0),
    "the most certain clips, repeated": clean[np.resize(surest, count)],
    "noise, 25 dB softer": degrade(clean, rate, "noise", 0.5, seed=seed),
}
results = {name: measures(sounds) for name, sounds in cases.items()}
print(render("Six cases", ["", *at_zero], [[k, *v.values()] for k, v in results.items()]))
for name, row in list(results.items())[1:]:
    same = [m for m in row if abs(row[m] - at_zero[m]) <= 0.1 * abs(at_zero[m]) + 1e-9]
    print(f"{name}: hardly changed (by less than a tenth): {', '.join(same) or 'none'}")

# %%
repeated = results["the most certain clips, repeated"]["inception score"]
ratio = repeated / at_zero["inception score"]
far = "higher by more than a tenth" if ratio > 1 else "lower by more than a tenth"
reveal("12.3", far if abs(ratio - 1) > 0.1 else "about the same",
       f"{repeated:.2f}, real clips {at_zero['inception score']:.2f}")

# %% [markdown]
# *What you should have noticed:* the printed lines list the measures that did not notice a case.
#
# - **Played backwards:** the embedding contains means and maxima over time, so it hardly depends on
#   the direction. Listen below.
# - **Clips of other captions:** no request was followed, but the *set* of clips is the same. So
#   measures of sets (Fréchet, kernel, sliced Wasserstein, inception score) cannot change.
# - **The most certain clips, repeated:** the inception score measures whether the judge is certain
#   and whether all classes occur. It does not measure whether a class has more than one clip.
# - **Half as loud:** the log-spectral distance rises from 0 to several decibels, although only the
#   volume has changed.
#
# No measure is wrong. Each answers its own question: are the sets alike, are the pairs alike, was
# the text followed, is the spectrum the same? Report several measures, each with a floor, and
# listen.

# %%
backwards = Clip(audio=cases["played backwards"][:1], sample_rate=rate, caption="played backwards")
compare([first, backwards], ["as it was", "played backwards"])

# %% [markdown]
# ## 8 · Compared with a true distance
#
# *Predict:* the reference is house music. One set is techno; in another set, half of the loops are
# house and half are techno. The true distance of this mixed set from the reference is half of that
# of the techno set. If the *kernel distance* of the techno set is scaled to 1, what is that of the
# mixed set?

# %%
predict("12.4", [0.35, 0.65, 0.9])

# %% [markdown]
# For real music nobody knows the true distance between two sets. For the built-in loops (lesson 01)
# the probabilities $p(x)$ and $q(x)$ of every loop $x$ are known. The **total variation** is the
# largest difference between the probabilities that the two distributions give to the same event
# $A$:
#
# $$D = \max_A |P(A) - Q(A)| = \mathbb E_{x \sim q} \max\Big(0, 1 - \frac{p(x)}{q(x)}\Big)
# \qquad (7)$$
#
# *Equation (7):* code `workbench.evaluation.distances.total_variation`; paper Levin, Peres and
# Wilmer 2009, *Markov Chains and Mixing Times*, section 4.1.
#
# It is 0 for equal distributions and 1 for distributions that have no loop in common. It also
# limits every listener and every classifier. Suppose that half of the loops come from $p$ and half
# from $q$. Then nobody can name their origin correctly in more than a share $(1 + D)/2$ of cases.
# If a share $\lambda$ of house is replaced with techno, then $D(\lambda) = \lambda\,D(1)$.

# %%
from workbench.datasets import builtin
from workbench.evaluation.distances import total_variation
from workbench.evaluation.features import style_features
from workbench.representations.drum_roll import rolls_of, tile

count = run.size(40, 300)
house, more_house, techno = (builtin.sample(count, seed + i, style)
                         for i, style in enumerate(("house", "house", "techno")))
log_p = {style: np.array([builtin.log_prob_notes(clip, style) for clip in more_house + techno])
         for style in ("house", "techno")}
loops = house + more_house + techno
rolls = np.stack([tile(rolls_of([clip])[0], 128) for clip in loops])  # eight bars each
columns = style_features(rolls)[0]
columns = (columns - columns.mean(0)) / (columns.std(0) + 1e-6)
points = PCA(run.size(4, 16), random_state=seed).fit_transform(columns)

# %%
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

shares = np.linspace(0, 1, run.size(3, 5))
curves = {name: [] for name in ("truth", "Fréchet", "kernel", "trained classifier")}
for share in shares:
    swapped = round(share * count)
    mixed = np.r_[swapped:count, count : count + swapped]  # rows of house, then rows of techno
    with np.errstate(divide="ignore"):
        log_q = np.logaddexp(log_p["house"] + np.log(1 - share), log_p["techno"] + np.log(share))
    first, second = points[:count], points[count:][mixed]
    both, which = np.concatenate([first, second]), np.repeat([0, 1], count)
    accuracy = cross_val_score(LogisticRegression(max_iter=1000), both, which, cv=5).mean()
    values = (total_variation(log_p["house"][mixed], log_q[mixed]), frechet_distance(second, first),
              kernel_distance(second, first), 2 * accuracy - 1)
    for curve, value in zip(curves.values(), values, strict=True):
        curve.append(value)

# %%
truth, learned = np.array(curves["truth"]), np.array(curves["trained classifier"])
scaled = {name: np.array(curves[name]) / curves[name][-1] for name in ("Fréchet", "kernel")}
ax = plots.lines(plots.axes(width=7), shares, {**scaled, "classifier, 2 · accuracy − 1": learned},
                 xlabel="share of techno λ", ylabel="distances: techno alone = 1")
ax.plot(shares, truth, ":", color=plots.INK, label="truth, D(λ)")
ax.legend(frameon=False)
print("true distance D(λ):", ", ".join(f"{value:.2f}" for value in truth))
run.note("total variation of house and techno", truth[-1], floor="1 at most")
run.note("house or techno: accuracy of the trained classifier", (1 + learned[-1]) / 2,
         floor=f"at most {(1 + truth[-1]) / 2:.2f}")

# %%
half = len(shares) // 2
reveal("12.4", float(scaled["kernel"][half]), f"at λ = {shares[half]:.1f}")

# %% [markdown]
# *What you should have noticed:* all curves rise with the true distance, but only a distance that
# is proportional to it gives a straight line. The kernel distance is a square: its value is about
# $\lambda^2$ times the largest, so small differences look smaller than they are. Its square root is
# proportional to the truth. The trained classifier stays below the dotted line, except by chance,
# because no classifier can do better. One that stays far below the line has not learned all
# differences. At $\lambda = 0$ you see the floor: what a measure gives for two samples of the same
# loops.
#
# ## 9 · Five systems, one table
#
# *Think first:* which of the numbers in the systems' papers can be compared with ours?

# %%
from html import escape

from IPython.display import HTML

from workbench.course.accessible import table
from workbench.evaluation.table import show
from workbench.systems.figures import COLUMNS, NOTES, rows_of

lines = [[escape(show(cell)) for cell in row] for row in rows_of()]
notes = "".join(f"<p>{note}</p>" for note in NOTES)
HTML(table(COLUMNS, lines, "Measurements of the five systems") + notes)

# %% [markdown]
# *What you should have noticed:* few papers report numbers that others can measure. Even these
# cannot be compared directly with ours, because data and embeddings differ. The table also has the
# values of real music and of a trivial method. Compare where each system stands between them. A
# number that is *better* than that of real music is a warning: the system may generate only what
# the judge recognises most easily. And a judge that was trained on few clips finds few differences.
#
# ## Mini-project · What no measure hears (an hour)
#
# Spoil music in a way that people hear at once, but that does not change the Fréchet distance.
# Write a function that takes sounds (n, samples) and returns the spoiled ones. Call `measures` on
# its result, and add the function, as a `Degradation`, to `DEGRADATIONS`. Then find a degradation
# that makes the measures worse although nobody hears it. Could a system get a good score by using
# such a weakness?
#
# ## You can now
#
# You looked at all five systems on one map and heard its points, spoiled music on purpose to see
# what each measure notices, compared measures with a distance that is known exactly, and read a
# table of results without being fooled.
#
# *One limitation heard:* nearly every number here depends on our judge, which was not trained to
# recognise a wrong note or a dull melody. Only people can say whether music is good.
#
# *Terms:* perplexity · Fréchet audio distance · kernel distance · bias · extrapolated ·
# degradation · rank correlation · inception score · paired KL · sliced Wasserstein distance ·
# relevance · total variation
#
# *Next:* [lesson 13](13_listening_test.ipynb) asks people. You can also use your own music
# (`dataset="groove+my-recordings"` above) and your own systems (`workbench evaluate systems
# --checkpoints my-music`).

# %%
from workbench import quiz

quiz("12")

# %%
run.finish()
