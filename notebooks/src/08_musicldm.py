# %% [markdown]
# # 08 · MusicLDM: sound from words
#
# [07 Audio diffusion](07_audio_diffusion.ipynb) · [index](00_start_here.ipynb) ·
# [10 MidiGPT](10_midigpt_inpainting.ipynb)
#
# **You will** generate sound from words with a network that was trained on sound, find beats, mix
# pieces beat by beat to make more training data, and search what was generated for copies.
#
# **Needs** lessons 03 (text and music in one space), 05 (diffusion) and 06 (spectrograms); the
# shipped checkpoint. **Time and memory:** printed below. **Exercises:** 20 minutes.
# **Library:** `workbench.systems.musicldm`, `workbench.representations.mixup`,
# `workbench.evaluation.audio_sets`.
# **Papers:** MusicLDM (arXiv 2308.01546), CLAP (2211.06687), between-class learning (1711.10282).

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop (minutes; to train, an hour), gpu, paper
dataset = "builtin-songs"  # names or folders of scores or sound, joined by "+"
seed = 0  # of everything random
train = False  # True trains a system here; False loads the shipped one

# %%
from workbench import MusicLDM, plots, start

run = start("08", profile=profile, dataset=dataset, seed=seed, train=train)

# %%
if run.train:
    music = MusicLDM.train(
        run.dataset, run.profile, out=f"runs/music-{run.profile}", watch=plots.LivePlot()
    )
else:
    music = MusicLDM.from_pretrained("music-ldm")

# %% [markdown]
# ## 1 · Conditioned on words, trained on sound
#
# *Predict:* good captions are rare, sound is not. How can a network learn from sound alone and yet
# follow words?
#
# Two encoders like those of lesson 03 map captions and *sounds* to one space. In training, the
# network is conditioned on the vector of the sound itself. At sampling time it receives the vector
# of a text, which lies near the vectors of the sounds that it describes.

# %%
import numpy as np
import torch

from workbench.datasets.sounds import collect

rate = music.config.rate
audio = collect(run.dataset, rate, limit=run.size(8, 100), quiet=True)
span = round(music.config.seconds * rate)
rows = [i for i in audio.split("test") or audio.split("train") if audio.items[i].caption]
rows = list({audio.items[i].caption: i for i in rows}.values())[: run.size(4, 12)]
captions = [audio.items[i].caption for i in rows]
sounds = torch.from_numpy(np.stack([np.resize(audio[i].mean(0), span) for i in rows]))
cosine = (music.embedder.embed_text(captions) @ music.embedder.embed_sound(sounds).T).numpy()
short = [c if len(c) < 40 else c[:37] + "…" for c in captions]
columns = [str(k + 1) for k in range(len(rows))]
plots.matrix(plots.axes(width=9, height=1 + 0.35 * len(rows)), cosine, "captions × sounds",
             rows=short, columns=columns, unit="cosine");

# %%
right = float((cosine.argmax(1) == np.arange(len(rows))).mean())
print(f"a caption finds its own among {len(rows)} sounds: {right:.0%}; chance {1 / len(rows):.0%}")
run.note("captions that find their sound", right, floor=f"{1 / len(rows):.2f}")

# %% [markdown]
# *What you should have noticed:* a caption that is not nearest to its own sound is often nearest to
# one whose caption says nearly the same. What two sounds share, no caption can tell apart.
#
# ## 2 · Where are the beats?
#
# *Predict:* two pieces shall be laid over each other so that the result could be music. What has
# to agree?
#
# Tempo, beats and the first beat of the bar. Rendered scores say where they are. For recordings, a
# tracker listens for onsets that come at a steady pace.

# %%
from mir_eval.beat import f_measure

from workbench.music.clip import Clip
from workbench.representations.beat_tracking import beats_of, track, with_clicks

piece = next((i for i in audio.split("test") if audio.items[i].labels.get("beats")), 0)
excerpt = audio[piece][:, : 8 * audio.rate]
known, found = beats_of(audio, piece), track(excerpt, audio.rate)
source = "known" if audio.items[piece].labels.get("beats") else "found in the whole piece"
score = f_measure(known.times[known.times < 8], found.times)
ax = plots.spectrogram(plots.axes(width=9), excerpt[0], audio.rate, audio.items[piece].caption)
ax.vlines(known.times[known.times < 8], 0, 4, color="white", lw=1.5, label=source)
ax.vlines(found.times, 4, 8, color="cyan", lw=1.5, ls="--", label="found")
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8, facecolor="#333333",
          labelcolor="white")
ax.set_xlim(0, 8)
print(f"{source} {known.tempo:.0f} BPM, found {found.tempo:.0f} BPM; F-measure {score:.2f}")
Clip(audio=with_clicks(excerpt, found, audio.rate), sample_rate=audio.rate, caption="found beats")

# %% [markdown]
# *What you should have noticed:* the tempo is nearly right, and yet the score can be 0: a bass that
# plays between the beats draws the tracker half a beat aside. Its other error is an octave, twice
# as fast or half. Bars agree all the same if one of two tempi is doubled or halved.
#
# ## Exercise 1 · The nearest octave (5 minutes)
#
# *Goal:* `tempo` doubled or halved, as often as it takes, until its *ratio* to `reference` is
# nearest to 1.

# %% tags=["stub"]
def octave(tempo, reference):
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_octave

check_octave(octave)

# %% tags=["solution"]
def octave(tempo, reference):
    return tempo * 2.0 ** round(np.log2(reference / tempo))


# %% [markdown]
# ## 3 · Mixup
#
# *Predict:* two independent pieces are averaged. Is the average as loud?
#
# Mixup makes new training pieces out of two: $x = \lambda x_1 + (1-\lambda) x_2$ with
# $\lambda \sim \mathrm{Beta}(5, 5)$. **BAM** does it on waveforms whose beats were aligned.
# **BLM** does it on their *latents*: what the decoder makes of a mixed latent need not sound like
# two players in one room. Independent parts lose power when they are averaged, so divide:
#
# $$x = \frac{\lambda x_1 + (1-\lambda)\, x_2}{\sqrt{\lambda^2 + (1-\lambda)^2}} \qquad (1)$$
#
# *Equation (1):* code `workbench.representations.mixup.mix`; paper MusicLDM (arXiv 2308.01546) has
# the sum alone; the divisor is that of between-class learning (arXiv 1711.10282).
#
# ## Exercise 2 · A mix that keeps its variance (5 minutes)
#
# *Goal:* equation (1).

# %% tags=["stub"]
def mixed(first, second, lam):
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_mix

check_mix(mixed)

# %% tags=["solution"]
def mixed(first, second, lam):
    return (lam * first + (1 - lam) * second) / np.sqrt(lam**2 + (1 - lam) ** 2)


# %%
from workbench.representations.mixup import mix

crops = audio.crops(2 * run.size(4, 32), span, seed=seed)[0].mean(1)
za, zb = music.encode_sound(torch.from_numpy(crops)).chunk(2)
shares, center = np.linspace(0, 1, 11), music.networks.latent_mean
ways = {
    "averaged": {"keep_variance": False}, "equation (1)": {},
    "equation (1) around their mean": {"mean": center},
}
spread = {name: [float((mix(za, zb, lam, **way) - center).std()) for lam in shares]
          for name, way in ways.items()}
plots.lines(plots.axes(width=7), shares, spread, xlabel="λ", ylabel="root mean square",
            title="latents of two pieces, mixed, from the mean of all");

# %% [markdown]
# *What you should have noticed:* averaged latents sink towards their mean in the middle, where Beta
# (5, 5) draws most: few real ones lie there.
#
# **A trap we fell into:** equation (1) is for what has the mean 0, as waveforms have. Latents have
# another one. Dividing blows it up too, and the mix lies where no latent is. What differs from the
# mean is what may be divided.
#
# **The mixup lab.** Move λ, and listen to the plain mix, BAM and BLM; switch the clicks on. In key,
# the second piece is transposed into the key of the first: the paper leaves that open.

# %%
from workbench.course.widgets import MixupLab
from workbench.representations.mixup import group_by_tempo

groups = group_by_tempo([beats_of(audio, i).tempo for i in range(min(len(audio), 40))])
two = max(groups, key=len)[:2]
clips = [
    Clip(audio=audio[i][:, : 10 * audio.rate], sample_rate=audio.rate,
         caption=audio.items[i].caption, labels=audio.items[i].labels)
    for i in two
]
lab = MixupLab(*clips, music)
lab

# %% [markdown]
# ## 4 · Drawn by words
#
# *Predict:* which of these will it know: an instrument, a style, a tempo, a mood?

# %%
from workbench.course.widgets import compare

prompts = [
    "rock 120 bpm beat busy crash", "pop song in C major, for acoustic grand piano, 80 bpm",
    "8-bit chiptune", "built-in dance song, 124 bpm",
]
drawn = [
    music.generate(prompt, steps=run.size(4, 50), candidates=run.size(1, 3), seed=seed)[0]
    for prompt in prompts[: run.size(2, 4)]
]
compare(drawn, prompts[: len(drawn)])

# %%
figures = np.atleast_1d(plots.axes(1, len(drawn), width=3.4 * len(drawn), height=2.6))
for ax, clip, prompt in zip(figures, drawn, prompts, strict=False):
    plots.spectrogram(ax, clip.audio[0], clip.sample_rate, prompt[:28])

# %% [markdown]
# *What you should have noticed:* instrument and style are in the spectrum: cymbals to the top, a
# piano below 2 kHz. Ask for 80 BPM in place of 120, and the same seed gives nearly the same sound:
# the encoder of sound hears colour, not tempo, and what it does not hear no caption can ask for.
# Words that were in no caption, such as moods, still lead somewhere: to whatever lies nearest.
#
# Ask in your own words; below, drag over half seconds of a sound and have them filled.

# %%
from workbench.course.widgets import InpaintingWidget, PromptBox

PromptBox(music, "rock 120 bpm", n=2, takes=drawn[:1])

# %%
InpaintingWidget(music, drawn[0], n=2)

# %% [markdown]
# A sound is as good a question as a text: both are vectors of one space.

# %%
alike = music.generate(like=clips[0], steps=run.size(4, 50), seed=seed)[0]
compare([clips[0], alike], ["a recording", "drawn to be like it"])

# %% [markdown]
# ## 5 · Does it copy?
#
# *Predict:* a network that saw each piece many times may give it back. How would you notice?
#
# Look for the training window that is most similar to each generated sound, and do the same for
# real music that was kept out. **SIM_AA** is the share of sounds whose nearest training window has
# a cosine above a threshold. Generated music should not be nearer to the training set than new
# music is. The vectors come from a judge: a network that is trained here to name genres, and is no
# part of the system.
#
# ## Exercise 3 · How many are copies? (10 minutes)
#
# *Goal:* SIM_AA from the vectors `generated` (n, d) and `training` (m, d), and a `threshold`.

# %% tags=["stub"]
def share_of_copies(generated, training, threshold):
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_copies

check_copies(share_of_copies)

# %% tags=["solution"]
def share_of_copies(generated, training, threshold):
    a = generated / np.linalg.norm(generated, axis=1, keepdims=True)
    b = training / np.linalg.norm(training, axis=1, keepdims=True)
    return ((a @ b.T).max(axis=1) > threshold).mean()


# %%
from workbench.datasets.audio import genre_of
from workbench.evaluation.tagger import train_tagger

genres = sorted({genre_of(item.labels) for item in audio.items})
tagger = train_tagger(audio, genres, music.config.seconds, steps=run.size(3, 200), seed=seed)

# %%
from workbench.evaluation.audio_sets import nearest

vectors = music.embedder.embed_text([captions[k % len(captions)] for k in range(run.size(4, 60))])
made = music.generate_batch(vectors, range(len(vectors)), steps=run.size(4, 25))
seen = audio.crops(run.size(20, 600), span, seed=1, rows=audio.split("train"))[0].mean(1)
new = audio.crops(len(vectors), span, seed=2, rows=audio.split("test"))[0].mean(1)
train_heard = tagger.predict(seen)[0]
center = train_heard.mean(0)
near = {
    name: nearest(tagger.predict(np.asarray(sounds))[0] - center, train_heard - center)[0]
    for name, sounds in (("drawn", made), ("held-out music", new))
}
plots.histogram(plots.axes(width=6), near, bins=np.linspace(-1, 1, 41),
                xlabel="cosine to the most similar training window")
copied = {name: float((cosines > 0.9).mean()) for name, cosines in near.items()}
run.note("SIM_AA@90, drawn", copied["drawn"], floor=f"held out {copied['held-out music']:.2f}",
         paper="0.40")

# %% [markdown]
# *What you should have noticed:* held-out music too has a neighbour that is much alike: one genre
# sounds like itself. Only what exceeds that floor is copying. The card of `music-ldm` holds the
# paper's whole table, mixup by mixup, as `workbench evaluate music` measures it.
#
# ## Mini-project · Words that do something (an hour)
#
# Find three words that change what is drawn (`music.generate("busy fast rock")`), and three that do
# not. Use the judge instead of your hopes: draw eight sounds with each word and eight without, take
# `tagger.predict`, and compare how far the two groups lie apart with how far two groups of one
# prompt lie apart.
#
# ## You can now
#
# You generated sound from words, mixed pieces beat by beat, and looked for copies.
#
# *One limitation heard:* what is generated has the sound of its style, but keeps no tempo that
# words ask for, and has no form: a window of a few seconds is all it knows.
#
# *Terms:* F-measure · mixup · BAM · BLM · SIM_AA
#
# *Next:* [lesson 10](10_midigpt_inpainting.ipynb) leaves sound, and writes notes one after the
# other.

# %%
run.finish()
