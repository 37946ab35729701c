# %% [markdown]
# # 06 · A VAE-GAN of sound
#
# [05 Latent diffusion](05_latent_diffusion.ipynb) · [index](00_start_here.ipynb) ·
# [07 Audio diffusion](07_audio_diffusion.ipynb)
#
# **You will** press sound into an eighth of its numbers and back, measure what is lost, and train
# two networks against each other.
#
# **Needs** lesson 04 (autoencoders); what a Fourier transform shows; the shipped checkpoint.
# **Time and memory:** printed below. **Exercises:** 15 minutes.
# **Library:** `workbench.models.spectral_vae`, `workbench.models.audio_vae`,
# `workbench.models.spectral`, `workbench.systems.ldmg`, `workbench.datasets.sounds`.
# **Papers:** VAE (arXiv 1312.6114), MelGAN's discriminator (1910.06711), multi-resolution STFT
# (1910.11480), Vocos (2306.00814), Stable Audio's recipe (2402.04825).

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop (minutes; to train, an hour), gpu, paper
dataset = "builtin-songs"  # names or folders of scores or sound, joined by "+"
seed = 0  # of everything random
train = False  # True trains a system here; False loads the shipped one

# %%
from workbench import LDMG, plots, start

run = start("06", profile=profile, dataset=dataset, seed=seed, train=train)

# %%
if run.train:
    system = LDMG.train(
        run.dataset, run.profile, out=f"runs/sound-{run.profile}", watch=plots.LivePlot()
    )
else:
    system = LDMG.from_pretrained("sound-ldmg")

# %% [markdown]
# ## 1 · Sound as numbers
#
# *Predict:* how many numbers is a second of sound? How many could it do with?
#
# Data sets of scores are rendered, so that we know every note; recordings are decoded. The shipped
# system never heard the songs of the test split.

# %%
import numpy as np

from workbench.datasets.sounds import collect
from workbench.music.clip import Clip

audio = collect(run.dataset, system.config.rate, limit=run.size(8, 100), quiet=True)
length = 4 * audio.rate
rows = [i for i in audio.split("test") if audio.lengths[i] >= length][: run.size(6, 40)]
pieces = [audio[i][:, :length] for i in rows]
config = system.config
print(audio)
print(f"{config.rate:,} numbers a second become {config.rate // config.vae.hop} frames of "
      f"{config.vae.latent}: {config.rate * config.vae.latent // config.vae.hop:,}")
song = Clip(audio=pieces[0], sample_rate=audio.rate, caption=audio.items[rows[0]].caption)
song

# %%
from collections import Counter

from workbench.datasets.audio import genre_of

minutes = Counter()
for item, samples in zip(audio.items, audio.lengths, strict=True):
    minutes[genre_of(item.labels) or "(none)"] += samples / audio.rate / 60
plots.ranking(plots.axes(width=7, height=0.6 + 0.25 * min(len(minutes), 16)),
              dict(minutes.most_common(16)), xlabel="minutes of sound");

# %%
from workbench.course.widgets import compare

again = system.reconstruct(song)
compare([song, again], ["the recording", "through the bottleneck"])

# %%
both = plots.axes(1, 2, width=11, height=3.4)
plots.spectrogram(both[0], song.audio[0], audio.rate, "the recording")
plots.spectrogram(both[1], again.audio[0], audio.rate, "through the bottleneck");

# %% [markdown]
# *What you should have noticed:* drums come back sharp, for a hit fills all frequencies of a few
# frames. Long notes come back with a rough edge: the fine lines of a chord are more than the few
# numbers of a frame can hold.
#
# ## 2 · How much is lost?
#
# *Predict:* one number for the loss of a picture as large as this. What should it count?
#
# The ear hears level in decibels, so the *log-spectral distance* compares decibels: the root mean
# square over frequencies, then the mean over frames.
#
# $$d = \frac1T\sum_t\sqrt{\frac1F\sum_f\left(10\log_{10}\frac{P_{ft}}{\hat P_{ft}}\right)^2}
# \qquad (1)$$
#
# *Equation (1):* code `workbench.evaluation.spectra.log_spectral_distance`; paper Gray and Markel
# 1976.
#
# ## Exercise 1 · Log-spectral distance (5 minutes)
#
# *Goal:* equation (1) for two power spectrograms (bins, frames).

# %% tags=["stub"]
def log_distance(real, made):
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_log_distance

check_log_distance(log_distance)

# %% tags=["solution"]
def log_distance(real, made):
    apart = 10 * np.log10(real / made)
    return np.sqrt((apart**2).mean(0)).mean()


# %%
from workbench.evaluation.spectra import blurred, log_spectral_distance, spectrogram

real = np.stack([piece[0] for piece in pieces])
there_and_back = [system.decode_sound(system.encode_sound(piece)) for piece in pieces]
decoded = np.stack([samples[0, :length] for samples in there_and_back])
before = spectrogram(real)
shuffled = np.roll(before, 1, axis=0)
found = {
    "this VAE-GAN": log_spectral_distance(before, spectrogram(decoded)),
    "half the size, stretched": log_spectral_distance(before, blurred(before)),
    "another song": log_spectral_distance(before, shuffled),
}
plots.bars(plots.axes(width=6), {k: float(v.mean()) for k, v in found.items()},
           ylabel="log-spectral distance, dB")
run.note("log-spectral distance", found["this VAE-GAN"].mean(), unit="dB",
         floor=f"stretched {found['half the size, stretched'].mean():.1f}")

# %% [markdown]
# *What you should have noticed:* the network is somewhat nearer than the blurred picture, though
# that keeps a quarter of all *magnitudes*, 8,000 numbers a second; here it is 2,000. And a blurred
# picture has no phase: it cannot be heard.
#
# ## 3 · Two ways to the bottleneck
#
# *Predict:* one network works on samples, one on Fourier frames. Which costs more, and why?
#
# The original shortens the waveform by strided convolutions, six times by two. The default here
# gives the Fourier transform the first and the last word (Vocos), so that all layers run at 62.5
# frames a second.

# %%
import time

import torch

from workbench.models.audio_vae import AudioVAE, AudioVAEConfig
from workbench.models.spectral import stft_loss
from workbench.models.spectral_vae import SpectralVAE, SpectralVAEConfig

networks = {
    "strided convolutions": AudioVAE(AudioVAEConfig(width=16, latent=16)),
    "Fourier frames": SpectralVAE(SpectralVAEConfig()),
}
sound = torch.from_numpy(real[:1, None, : run.size(4096, audio.rate)])
for name, network in networks.items():
    for _ in range(2):  # the first time is slower
        began = time.perf_counter()
        sum(stft_loss(sound, network(sound)[0])).backward()
        took = time.perf_counter() - began
    size = sum(p.numel() for p in network.parameters()) / 1e6
    seconds = sound.shape[-1] / audio.rate
    print(f"{name:22} {size:.1f} M parameters, {took / seconds:.2f} s for a second of sound")

# %% [markdown]
# *What you should have noticed:* the work of a convolution is its weights times how often it is
# applied. 16,000 times a second is a lot.
#
# ## 4 · V: a cloud, not a point
#
# *Predict:* the encoder says a mean and a variance for each number. What would happen without the
# variance?
#
# The decoder hears $z = \mu + \sigma\varepsilon$, and pays for being far from $N(0,1)$:
#
# $$\mathrm{KL} = \tfrac12\left(\mu^2 + \sigma^2 - 1 - \ln\sigma^2\right) \qquad (2)$$
#
# *Equation (2):* code `workbench.models.audio_vae.kl`; paper VAE (arXiv 1312.6114), appendix B.
#
# ## Exercise 2 · The price of a latent (5 minutes)
#
# *Goal:* the mean of equation (2) over all numbers, from means and *log variances*.

# %% tags=["stub"]
def kl_normal(mean, log_variance):
    return None  # your line here


# %% tags=["check"]
from workbench.course.teaching import check_kl_normal

check_kl_normal(kl_normal)

# %% tags=["solution"]
def kl_normal(mean, log_variance):
    return 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).mean()


# %%
vae = system.networks.vae
with torch.no_grad():
    mean, logvar = vae.encode(torch.from_numpy(real[:, None]))
sigma = (0.5 * logvar).exp().mean((0, 2)).numpy()
size = mean.std((0, 2)).numpy()
order = np.argsort(-size)
plots.lines(plots.axes(width=7), range(len(size)),
            {"spread of the means over music": size[order], "σ that is said": sigma[order]},
            xlabel="number of z, largest first", ylabel="standard deviation")
price = float(0.5 * (mean**2 + logvar.exp() - 1 - logvar).mean())
run.note("KL a number of z", price, unit="nats", floor="0: not used")

# %% [markdown]
# *What you should have noticed:* numbers whose means spread far and whose σ is small carry the
# music; where σ is 1 and the means do not move, a number is unused: it costs nothing and says
# nothing.
#
# *Predict:* if the cloud of all music were $N(0, 1)$, we could draw new music by decoding normal
# noise. Can we?

# %%
random = torch.Generator().manual_seed(seed)
noise = torch.randn(1, config.vae.latent, 125, generator=random)
with torch.no_grad():
    prior = Clip(audio=vae.decode(noise)[0].numpy(), sample_rate=audio.rate, caption="z ~ N(0, 1)")
prior

# %% [markdown]
# *What you should have noticed:* no. Each number alone looks fair, but music is in how they move
# together. [Lesson 07](07_audio_diffusion.ipynb) learns that.
#
# ## 5 · GAN: the other player
#
# *Predict:* a mean over all plausible waveforms minimises a squared error. How does it sound?
#
# A loss that compares spectrograms cannot tell a plausible hiss from a wrong one, and answers with
# the middle of all. A *discriminator* looks at patches of sound and scores them: real above 1, fake
# below −1. Beyond the margins it does not care (hinge):
#
# $$L_D = \mathrm{E}\max(0, 1 - D(x)) + \mathrm{E}\max(0, 1 + D(\hat x)) \qquad (3)$$
#
# *Equation (3):* code `workbench.models.audio_vae.hinge_discriminator`; paper Lim and Ye 2017
# (arXiv 1705.02894), and for sound MelGAN (arXiv 1910.06711), eq. 1.
#
# ## Exercise 3 · The hinge (5 minutes)
#
# *Goal:* equation (3) from arrays of scores.

# %% tags=["stub"]
def hinge(real, fake):
    return None  # your line here


# %% tags=["check"]
from workbench.course.teaching import check_hinge

check_hinge(hinge)

# %% tags=["solution"]
def hinge(real, fake):
    return np.maximum(0, 1 - real).mean() + np.maximum(0, 1 + fake).mean()


# %%
from workbench.systems.ldmg.coding import VAEGAN, gan_terms
from workbench.systems.ldmg.config import Weights

torch.manual_seed(seed)
small = SpectralVAEConfig(width=32, encoder=1, decoder=2, latent=8)
players = VAEGAN(SpectralVAE(small), width=8)
optimizer = torch.optim.AdamW(players.parameters(), 2e-3, betas=(0.8, 0.99))
history: dict[str, list[float]] = {}
for step in range(run.size(5, 150)):
    crops, _ = audio.crops(4, run.size(4096, 8192), seed=step, rows=audio.split("train"))
    terms = gan_terms(players, torch.from_numpy(crops), Weights())
    optimizer.zero_grad()
    torch.stack(list(terms.values())).sum().backward()
    optimizer.step()
    for name in ("spectrum", "adversarial", "matching", "discriminator"):
        history.setdefault(name, []).append(float(terms[name].detach()))
plots.lines(plots.axes(width=7), range(len(history["spectrum"])), history, xlabel="step",
            ylabel="term of the loss");

# %% [markdown]
# *What you should have noticed:* the discriminator's loss falls from 2 as it learns to tell them
# apart, and rises whenever the decoder catches up; it does not go to zero. *Matching* asks the
# decoder to look alike inside the discriminator, which steers better than the score alone. Each
# player learns from its own terms only, in the same step.
#
# **A trap we fell into:** with *matching* at a weight of 5 it drowned the spectrum; the encoder's
# KL went to zero, and $z$ was not used at all. Look at the KL before you look at the loss.
#
# **Does the other player pay?** In what is rebuilt it does not, at the size of a laptop: after as
# many steps the VAE alone is nearer to the sound by every measure on the card of `sound-ldmg` (5.97
# dB against 6.17, and 4.84 against 5.14 once the decoder is finished), and its steps are far
# cheaper. `workbench evaluate sound --only players --training-steps 6000` measures it anew. The
# measures are spectra; whether ears prefer the texture that a discriminator insists on, only a
# listening test could say.
#
# **What paid most in the end:** the encoder is frozen and the decoder goes on alone for some
# minutes, asked for the spectrum and for equation (1) itself
# (`workbench.systems.ldmg.coding.finish_decoder`). The latents stay the same, so that whatever was
# trained on them stays right.
#
# ## 6 · Any length, without seams
#
# *Predict:* a song of ten minutes does not fit into memory at once. What happens at the cuts if
# pieces are decoded one by one?

# %%
song_z = system.encode_sound(audio[rows[0]])
whole = system.decode_sound(song_z)
cut = song_z.shape[1] // 2
parts = np.concatenate(
    [system.decode_sound(part) for part in (song_z[:, :cut], song_z[:, cut:])], axis=1
)
apart = np.abs(whole - parts)[0]
at = cut * config.vae.hop
plots.lines(plots.axes(width=7), np.arange(-4000, 4000) / audio.rate,
            {"difference": apart[at - 4000 : at + 4000]}, xlabel="seconds from the cut",
            ylabel="|whole − parts|")
print(f"a frame depends on {vae.reach} frames on each side at most")

# %% [markdown]
# *What you should have noticed:* only the neighbourhood of the cut differs, as far as the
# convolutions reach. `encode` and `decode` give each piece that much of its neighbours and throw it
# away afterwards: exactly what the whole would give.
#
# ## 7 · Where sounds live
#
# *Predict:* mean and spread of a piece's latents, by t-SNE. Will genres fall apart?

# %%
from sklearn.manifold import TSNE

rows = [i for i in range(len(audio)) if audio.lengths[i] >= audio.rate][: run.size(12, 300)]
codes = [system.encode_sound(audio[i][:, :length]) for i in rows]
marks = torch.stack([torch.cat([z.mean(1), z.std(1)]) for z in codes]).numpy()
points = TSNE(perplexity=min(20, len(rows) // 3), random_state=seed).fit_transform(marks)
names = [str(audio.items[i].labels.get("style", "recording")) for i in rows]
plots.cloud(points, names, [audio.items[i].caption for i in rows], "pieces by their latents")

# %% [markdown]
# *What you should have noticed:* pieces of one genre lie near each other where they share their
# sounds. The autoencoder was never told a genre: it is in what has to be kept anyway.
#
# ## Mini-project · What does not fit (an hour)
#
# Take ten recordings of your own: `Clip.read("my.wav")`, then `system.reconstruct(clip)`. Order
# them by log-spectral distance, listen to both ends of the list, and find out which kind of sound
# the bottleneck cannot hold. Say how you could mend it, and what that would cost in numbers a
# second. With a GPU, train with `dataset` set to your folder, and order them again.
#
# ## You can now
#
# You pressed sound into an eighth of its numbers and back, measured what is lost, and trained two
# networks against each other.
#
# *One limitation heard:* this decoder is small and was trained on one core; chords have a veil. The
# `gpu` profile is there for more.
#
# *Terms:* bottleneck · spectrogram · decibel · log-spectral distance · strided convolution ·
# VAE-GAN · KL · discriminator · hinge · matching
#
# *Next:* [lesson 07](07_audio_diffusion.ipynb) draws new latents.

# %%
run.finish()
