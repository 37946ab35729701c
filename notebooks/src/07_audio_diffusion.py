# %% [markdown]
# # 07 · Diffusion of sound
#
# [06 VAE-GAN](06_vae_gan.ipynb) · [index](00_start_here.ipynb) ·
# [08 Diffusion-LM](08_diffusion_lm.ipynb)
#
# **You will** draw music as sound out of noise, by genre and by words, longer than it was trained,
# and measure how far it is from the real thing. Then you will lay pieces over each other beat by
# beat, and see why that may keep a network from copying.
#
# **Needs** lessons 03 (text and music in one space), 05 (diffusion) and 06 (the bottleneck); the
# shipped checkpoints. **Time and memory:** printed below. **Exercises:** 30 minutes.
# **Library:** `workbench.systems.ldmg`, `workbench.models.dit`, `workbench.models.diffusion`,
# `workbench.evaluation`; part two: `workbench.systems.musicldm`, `workbench.representations.mixup`.
# **Papers:** DiT (arXiv 2212.09748), rectified flow (2209.03003), MultiDiffusion (2302.08113),
# SDEdit (2108.01073), RePaint's way of filling in (2201.09865), MusicLDM (2308.01546).

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop (minutes; to train, an hour), gpu, paper
dataset = "builtin-songs"  # names or folders of scores or sound, joined by "+"
seed = 0  # of everything random
train = False  # True trains a system here; False loads the shipped one

# %%
from workbench import LDMG, plots, start

run = start("07", profile=profile, dataset=dataset, seed=seed, train=train)

# %%
if run.train:
    system = LDMG.train(
        run.dataset, run.profile, out=f"runs/sound-{run.profile}", watch=plots.LivePlot()
    )
else:
    system = LDMG.from_pretrained("sound-ldmg")
config = system.config
print(f"{config.seconds:.1f} s a window; genres: {', '.join(config.genres)}")

# %% [markdown]
# ## 1 · Out of nothing
#
# *Predict:* lesson 06 decoded normal noise. What will be different now?

# %%
from workbench.course.widgets import compare

steps = run.size(5, 50)
takes = system.generate(n=2, steps=steps, seed=seed)
compare(takes, ["nothing asked, take 1", "take 2"])

# %%
import numpy as np
import torch

from workbench.music.clip import Clip

random = torch.Generator().manual_seed(seed)
noise = torch.randn(config.vae.latent, takes[0].audio.shape[1] // config.vae.hop, generator=random)
prior = Clip(audio=system.decode_sound(noise), sample_rate=config.rate)
both = plots.axes(1, 2, width=11, height=3.4)
plots.spectrogram(both[0], prior.audio[0], config.rate, "normal noise, decoded")
plots.spectrogram(both[1], takes[0].audio[0], config.rate, "drawn by diffusion");

# %% [markdown]
# *What you should have noticed:* noise, decoded, has the colour of music but neither beats nor
# notes: each frame is alone. The diffusion knows which frame follows which.
#
# ## 2 · Straight lines
#
# *Predict:* lesson 05 walked on a curve from noise to music. What is the simplest path?
#
# Rectified flow: mix music and noise in a straight line, and learn the velocity.
#
# $$x_t = (1-t)\,x_0 + t\,\varepsilon, \qquad v = \frac{dx_t}{dt} = \varepsilon - x_0 \qquad (1)$$
#
# *Equation (1):* code `workbench.models.diffusion.Diffusion.target` (its "flow"); paper rectified
# flow (arXiv 2209.03003), eq. 1, where time runs the other way.
#
# ## Exercise 1 · Point and velocity (5 minutes)
#
# *Goal:* both lines of equation (1), as a pair, from `x0`, `noise` and `t` in 0…1.

# %% tags=["stub"]
def flow(x0, noise, t):
    return None  # return point, velocity


# %% tags=["check"]
from workbench.course.teaching import check_flow

check_flow(flow)

# %% tags=["solution"]
def flow(x0, noise, t):
    return (1 - t) * x0 + t * noise, noise - x0


# %%
from workbench.datasets.sounds import collect

audio = collect(run.dataset, config.rate, limit=run.size(8, 100), quiet=True)
length = round(config.seconds * audio.rate)
held = [audio[i][:, :length] for i in audio.split("test") if audio.lengths[i] >= length]
held = held[: run.size(4, 60)]
z = torch.stack([system.encode_sound(sound) for sound in held])
empty = torch.full((len(z),), -1), *system.text.pieces([""] * len(z))
times, losses = np.linspace(0.05, 0.999, run.size(6, 20)), []
for at in times:
    t = torch.full((len(z),), int(at * (config.steps - 1)))
    e = torch.randn(z.shape, generator=random)
    with torch.inference_mode():
        noisy = system.diffusion.add_noise(z, e, t)
        guess, _ = system.diffusion.split(system.networks.dit(noisy, t, *empty), noisy, t)
    losses.append(float((guess - z).square().mean()))
plots.lines(plots.axes(width=7), times, {"guess of the music": losses,
            "always the mean": np.ones(len(times))}, xlabel="t, from music to noise",
            ylabel="squared error");

# %% [markdown]
# *What you should have noticed:* with little noise the guess is nearly right; at the end, where
# nothing of the music is left, the best guess is the mean of all music, and its error is 1. What
# the network knows lies between.
#
# ## 3 · How a transformer is told the time
#
# *Predict:* step and genre are vectors. Where do they enter?
#
# In every block, through the layer norms (adaLN): scale and shift are computed from them. And each
# branch passes a *gate* that begins at zero, so the untrained network changes nothing.
#
# $$\mathrm{adaLN}(h) = \mathrm{LN}(h)\,(1 + \gamma(c)) + \beta(c) \qquad (2)$$
#
# *Equation (2):* code `workbench.models.dit.modulate`; paper DiT (arXiv 2212.09748), section 3.2,
# adaLN-Zero.
#
# ## Exercise 2 · Adaptive layer norm (5 minutes)
#
# *Goal:* equation (2) for `h` (time, width), `shift` β and `scale` γ (width,); add 1e-5 to the
# variance.

# %% tags=["stub"]
def modulate(h, shift, scale):
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_modulate

check_modulate(modulate)

# %% tags=["solution"]
def modulate(h, shift, scale):
    normal = (h - h.mean(-1, keepdims=True)) / np.sqrt(h.var(-1, keepdims=True) + 1e-5)
    return normal * (1 + scale) + shift


# %%
from workbench.models.dit import DiT, DiTConfig

fresh = DiT(DiTConfig(latent=8, width=48, depth=2, heads=4))
x = torch.randn(1, 8, 20)
print("an untrained network predicts", float(fresh(x, torch.tensor([500])).detach().abs().max()))
gates = [float(block.adaLN_modulation[1].weight.detach().chunk(6)[2].norm())
         for block in system.networks.dit.blocks]
print("gates of the attention after training:", ", ".join(f"{gate:.2f}" for gate in gates))

# %% [markdown]
# *What you should have noticed:* untrained, the network answers with zeros to everything: a calm
# beginning. After training no gate is shut.
#
# ## 4 · How many steps?
#
# *Predict:* the straighter the path, the fewer steps. Are ten enough?

# %%
import time

sounds, labels = [], []
for name, count in (("dpm++", 5), ("dpm++", run.size(6, 20)), ("ddpm", run.size(7, 200))):
    began = time.perf_counter()
    sounds.append(system.generate(steps=count, sampler=name, seed=seed + 1)[0])
    took = time.perf_counter() - began
    labels.append(f"{name}, {count} steps")
    print(f"{labels[-1]:18} {took:5.1f} s for {config.seconds:.1f} s of sound")
compare(sounds, labels)

# %% [markdown]
# *What you should have noticed:* the path is nearly straight, so a few steps that use the last two
# guesses already sound like music. Fresh noise at each step (ddpm) needs far more of them.
#
# ## 5 · Asking for a genre
#
# *Predict:* guidance exaggerates what the genre changes. How much is too much?
#
# A judge of our own, trained on the training split and never part of the system, names the genre
# it hears.

# %%
from workbench.evaluation.tagger import train_tagger

genres = [g for g in config.genres if g] or [""]
tagger = train_tagger(audio, genres, config.seconds, steps=run.size(3, 200), seed=seed)
each = run.size(1, 4)
common = ("rock", "pop piano", "jazz", "band", "art song", "funk")
chosen = ([g for g in common if g in genres] or genres)[: run.size(2, 6)]
wanted = [genre for genre in chosen for _ in range(each)]
share = {}
for guidance in (1.0, 2.0, 4.0):
    drawn = system.generate_batch([""] * len(wanted), wanted, range(len(wanted)),
                                  steps=run.size(4, 25), guidance=guidance)
    waves = np.stack([clip.audio[0] for clip in drawn])
    heard = tagger.predict(waves)[1].argmax(1)
    share[f"guidance {guidance:g}"] = float(np.mean([genres[h] == w for h, w in
                                                     zip(heard, wanted, strict=True)]))
    if guidance == 2.0:
        examples = drawn[::each]
plots.bars(plots.axes(width=6), share, ylabel="heard as asked", floor=1 / len(genres))
run.note("genre heard as asked, guidance 2", share["guidance 2"], floor=f"{1 / len(genres):.2f}")

# %%
compare(examples[:4], chosen[:4])

# %% [markdown]
# *What you should have noticed:* if the data here know one genre only, the judge cannot know the
# others either: run it with `dataset="groove+pop909+builtin-songs"`.
#
# ## 6 · How far from music?
#
# *Predict:* order these by their Fréchet distance to held-out music: decoded noise, drawn sound,
# reconstructions, other real music.

# %%
from workbench.evaluation.distances import frechet_distance

n = len(held)
drawn = system.generate(n=n, steps=run.size(6, 25), seed=seed + 2)
train = [audio.crops(1, length, seed=i, rows=audio.split("train"))[0][0] for i in range(n)]
sets = {
    "decoded noise": [system.decode_sound(torch.randn(z.shape[1:], generator=random))
                      for _ in range(n)],
    "drawn": [clip.audio for clip in drawn],
    "reconstructed": [system.decode_sound(row) for row in z],
    "other real": train,
}
reference = tagger.predict(np.stack([sound[0] for sound in held]))[0]
far = {
    name: frechet_distance(tagger.predict(np.stack([s[0, :length] for s in some]))[0], reference)
    for name, some in sets.items()
}
plots.bars(plots.axes(width=6), far, ylabel=f"Fréchet distance, N {n}", floor=far["other real"])
run.note("Fréchet distance, drawn", far["drawn"], floor=f"other real {far['other real']:.1f}")
run.note("drawn / decoded noise", far["drawn"] / far["decoded noise"], paper="0.54")

# %% [markdown]
# *What you should have noticed:* the distance of *other real* music is not zero: so few clips
# differ by chance. Only what is above that floor can be blamed on the system. The paper divides
# 385,721 by 720,143 under another embedding: ratios travel, raw values do not.
#
# ## 7 · Longer than it was trained
#
# *Predict:* the network knows windows of a few seconds. How can it draw ten?
#
# Ask it about overlapping windows at *every step* and average what it says, with weights that rise
# and fall (MultiDiffusion). The windows then agree where they overlap.
#
# ## Exercise 3 · Blending windows (10 minutes)
#
# *Goal:* windows `parts` (n, frames) at `starts`, averaged into an array of `length`. A window's
# weights are triangular: `1 - |x|` for x = `np.linspace(-1, 1, frames + 2)[1:-1]`.

# %% tags=["stub"]
def blend(parts, starts, length):
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_blend

check_blend(blend)

# %% tags=["solution"]
def blend(parts, starts, length):
    weight = 1 - np.abs(np.linspace(-1, 1, parts.shape[1] + 2)[1:-1])
    total, share = np.zeros(length), np.zeros(length)
    for part, first in zip(parts, starts, strict=True):
        total[first : first + len(part)] += weight * part
        share[first : first + len(part)] += weight
    return total / share


# %%
genre = chosen[0] or None
long = system.generate(genre=genre, seconds=run.size(6, 16), steps=run.size(4, 25), seed=seed)[0]
plots.spectrogram(plots.axes(width=9), long.audio[0], config.rate, f"{genre}, longer than a window")
long

# %% [markdown]
# *What you should have noticed:* there is no seam, for neighbours were drawn together. But
# beginning and end never met: the instruments stay those of the genre, and the pulse wanders.
# Agreement has a range, and it is one window.
#
# ## 8 · Variation, and a hole filled
#
# *Predict:* noise a recording half-way and draw back: what stays?

# %%
own = Clip(audio=held[0], sample_rate=audio.rate, caption="held-out music")
varied = [system.vary(own, strength=s, steps=run.size(4, 25), seed=seed)[0] for s in (0.3, 0.7)]
compare([own, *varied], ["the recording", "strength 0.3", "strength 0.7"])

# %%
from workbench import Region

hole = (0.3 * config.seconds, 0.6 * config.seconds)
filled = system.inpaint(own, Region(seconds=hole), steps=run.size(4, 50), seed=seed)[0]
same = np.array_equal(filled.audio[:, : int(hole[0] * audio.rate)],
                      own.audio[:, : int(hole[0] * audio.rate)])
print(f"drawn anew from {hole[0]:.1f} to {hole[1]:.1f} s; before it every sample is kept: {same}")
compare([own, filled], ["the recording", "with its middle drawn anew"])

# %% [markdown]
# *What you should have noticed:* even at 0.7 the strokes lie where they lay, and the colour is the
# same: noise takes the details first, and what is large and slow survives in the latent for
# longest. The middle drawn anew joins on to both sides, yet it knows the piece from these four
# seconds only.
#
# # Part two: MusicLDM
#
# ## 9 · Asked by words, taught by sound
#
# *Predict:* good captions are rare, sound is not. How can a network learn from sound alone and yet
# obey words?
#
# An encoder like that of lesson 03 puts captions and *sounds* into one space. The network learns
# to draw what has the vector of a sound. Asked by the vector of a text, it finds itself nearby.

# %%
from workbench import MusicLDM

if run.train:
    music = MusicLDM.train(
        run.dataset, run.profile, out=f"runs/music-{run.profile}", watch=plots.LivePlot()
    )
else:
    music = MusicLDM.from_pretrained("music-ldm")
span = round(music.config.seconds * audio.rate)
told = [i for i in audio.split("test") or audio.split("train") if audio.items[i].caption]
told = list({audio.items[i].caption: i for i in told}.values())[: run.size(4, 12)]
captions = [audio.items[i].caption for i in told]
heard = torch.from_numpy(np.stack([np.resize(audio[i].mean(0), span) for i in told]))
likeness = (music.embedder.embed_text(captions) @ music.embedder.embed_sound(heard).T).numpy()
short = [c if len(c) < 40 else c[:37] + "…" for c in captions]
columns = [str(k + 1) for k in range(len(told))]
plots.matrix(plots.axes(width=9, height=1 + 0.35 * len(told)), likeness, "captions × sounds",
             rows=short, columns=columns, unit="cosine");

# %%
right = float((likeness.argmax(1) == np.arange(len(told))).mean())
print(f"a caption finds its own among {len(told)} sounds: {right:.0%}; chance {1 / len(told):.0%}")
run.note("captions that find their sound", right, floor=f"{1 / len(told):.2f}")

# %% [markdown]
# *What you should have noticed:* a caption that is not nearest to its own sound is often nearest to
# one whose caption says nearly the same. What two sounds share, no caption can tell apart.
#
# ## 10 · Where are the beats?
#
# *Predict:* two pieces shall be laid over each other so that the result could be music. What has
# to agree?
#
# Tempo, beats and the first beat of the bar. Rendered scores say where they are. For recordings, a
# tracker listens for onsets that come at a steady pace.

# %%
from mir_eval.beat import f_measure

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
# ## Exercise 4 · The nearest octave (5 minutes)
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
# ## 11 · Mixup
#
# *Predict:* two independent pieces are averaged. Is the average as loud?
#
# Mixup makes new training pieces out of two: $x = \lambda x_1 + (1-\lambda) x_2$ with
# $\lambda \sim \mathrm{Beta}(5, 5)$. **BAM** does it on waveforms whose beats were aligned.
# **BLM** does it on their *latents*: what the decoder makes of a mixed latent need not sound like
# two players in one room. Independent parts lose power when they are averaged, so divide:
#
# $$x = \frac{\lambda x_1 + (1-\lambda)\, x_2}{\sqrt{\lambda^2 + (1-\lambda)^2}} \qquad (3)$$
#
# *Equation (3):* code `workbench.representations.mixup.mix`; paper MusicLDM (arXiv 2308.01546) has
# the sum alone; the divisor is that of between-class learning (arXiv 1711.10282).
#
# ## Exercise 5 · A mix that keeps its variance (5 minutes)
#
# *Goal:* equation (3).

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
    "averaged": {"keep_variance": False}, "equation (3)": {},
    "equation (3) around their mean": {"mean": center},
}
spread = {name: [float((mix(za, zb, lam, **way) - center).std()) for lam in shares]
          for name, way in ways.items()}
plots.lines(plots.axes(width=7), shares, spread, xlabel="λ", ylabel="root mean square",
            title="latents of two pieces, mixed, from the mean of all");

# %% [markdown]
# *What you should have noticed:* averaged latents sink towards their mean in the middle, where Beta
# (5, 5) draws most: few real ones lie there.
#
# **A trap we fell into:** equation (3) is for what has the mean 0, as waveforms have. Latents have
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
# ## 12 · Drawn by words
#
# *Predict:* which of these will it know: an instrument, a style, a tempo, a mood?

# %%
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
# Ask in your own words; below, drag over half seconds of a sound and have them filled, as in
# section 8.

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
# ## 13 · Does it copy?
#
# *Predict:* a network that saw each piece many times may give it back. How would you notice?
#
# Look for the training window that sounds most alike, by the judge's vectors, for what was drawn,
# and for real music that was kept out (**SIM_AA**). Drawn music should not be nearer to the
# training set than new music is.

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
# You drew music as sound out of noise, by genre and by words, longer than it was trained, measured
# how far it is from the real thing, mixed pieces beat by beat, and looked for copies.
#
# *One limitation heard:* what is drawn has the sound of its genre, but hardly a pulse, keeps no
# tempo that words ask for, and has no form: a window of a few seconds is all it knows.
#
# *Terms:* rectified flow · adaptive layer norm · gate · judge · MultiDiffusion · F-measure · mixup
# · BAM · BLM · SIM_AA
#
# *Next:* [lesson 08](08_diffusion_lm.ipynb) does diffusion on words.

# %%
run.finish()
