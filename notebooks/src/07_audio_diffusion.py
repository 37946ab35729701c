# %% [markdown]
# # 07 · Diffusion of sound
#
# [06 VAE-GAN](06_vae_gan.ipynb) · [index](00_start_here.ipynb) ·
# [08 MusicLDM](08_musicldm.ipynb)
#
# **You will** draw music as sound out of noise, by genre, longer than it was trained, and measure
# how far it is from the real thing.
#
# **Needs** lessons 05 (diffusion) and 06 (the bottleneck); the shipped checkpoint.
# **Time and memory:** printed below. **Exercises:** 20 minutes.
# **Library:** `workbench.systems.ldmg`, `workbench.models.dit`, `workbench.models.diffusion`,
# `workbench.evaluation`.
# **Papers:** DiT (arXiv 2212.09748), rectified flow (2209.03003), MultiDiffusion (2302.08113),
# SDEdit (2108.01073), RePaint's way of filling in (2201.09865).

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop (minutes; to train, an hour), gpu, paper
dataset = "builtin-songs"  # names or folders of scores or sound, joined by "+"
seed = 0  # of everything random
train = False  # True trains a system here; False loads the shipped one

# %%
from workbench import LDMG, plots, predict, reveal, start

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
# *Predict:* lesson 05 walked on a curve from noise to music. What is the simplest path? And
# half-way along it, how large is the squared error of the network's guess, if the mean's is 1?

# %%
predict("07.1", [0.1, 0.3, 0.6, 0.9])

# %% [markdown]
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

# %%
reveal("07.1", float(np.interp(0.5, times, losses)))

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
# *Predict:* guidance exaggerates what the genre changes. How much is too much? At guidance 4, in
# how many sounds will the judge below name the genre that was requested?
#
# A judge of our own, trained on the training split and never part of the system, names the genre
# it hears.

# %%
predict("07.2", [25.0, 50.0, 75.0, 95.0], unit="%")

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
least = 100 * share["guidance 1"]
reveal("07.2", 100 * share["guidance 4"], f"At guidance 1 it is {least:.0f} %.")

# %%
compare(examples[:4], chosen[:4])

# %% [markdown]
# *What you should have noticed:* if the data here know one genre only, the judge cannot know the
# others either: run it with `dataset="groove+pop909+builtin-songs"`.
#
# ## 6 · How far from music?
#
# *Predict:* order these by their Fréchet distance to held-out music: decoded noise, drawn sound,
# reconstructions, other real music. What share of the distance of decoded noise will drawn sound
# have?

# %%
predict("07.3", [0.25, 0.5, 0.75, 1.0])

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

# %%
reveal("07.3", far["drawn"] / far["decoded noise"])

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
# ## Mini-project · How long does the pulse last? (an hour)
#
# Section 7 heard the pulse wander. Measure it: generate eight sounds of 16 seconds, find the beats
# in the first and in the last five seconds of each
# (`workbench.representations.beat_tracking.track`), and compare the two tempi. Do the same with
# real music, which is your floor. Do more steps help, or more guidance?
#
# ## You can now
#
# You drew music as sound out of noise, by genre, longer than it was trained, and measured how far
# it is from the real thing.
#
# *One limitation heard:* what is drawn has the sound of its genre, but hardly a pulse and no form:
# a window of a few seconds is all it knows.
#
# *Terms:* rectified flow · adaptive layer norm · gate · judge · MultiDiffusion
#
# *Next:* [lesson 08](08_musicldm.ipynb) asks for sound in words, and makes training data by mixing.

# %%
run.finish()
