# %% [markdown]
# # 06 · A VAE-GAN of sound
#
# [05 Latent diffusion](05_latent_diffusion.ipynb) · [index](00_start_here.ipynb) ·
# [07 Audio diffusion](07_audio_diffusion.ipynb)
#
# **You will** compress sound by four models, each built on the one before: principal components, an
# autoencoder, a variational autoencoder (VAE), and a VAE that is trained against a second network.
# You hear each of them, and the autoencoder while it learns.
#
# **Needs** lesson 04 (autoencoders); what a Fourier transform shows
# ([sound and Fourier](refreshers/sound.ipynb)); the normal distribution
# ([probability](refreshers/probability.ipynb)); a training loop in
# [PyTorch](refreshers/pytorch.ipynb); the shipped checkpoint.
# Sections 1 to 5 take about 90 minutes with their exercises; 6 and 7 take another 45; 8 to 10 go
# further.
# **Time and memory:** printed below. **Exercises:** 65 minutes.
# **Library:** `workbench.models.spectral_vae`, `workbench.models.audio_vae`,
# `workbench.models.spectral`, `workbench.systems.ldmg`, `workbench.datasets.sounds`.
# **Papers:** VAE (arXiv 1312.6114), VAE-GAN (1512.09300), hinge (1705.02894), MelGAN's
# discriminator (1910.06711), multi-resolution STFT (1910.11480), feature matching (2210.13438),
# Vocos (2306.00814).

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop (minutes; to train, an hour), gpu, paper
dataset = "builtin-songs"  # names or folders of scores or sound, joined by "+"
seed = 0  # of everything random
train = False  # True trains a system here; False loads the shipped one

# %%
from workbench import LDMG, plots, predict, reveal, start

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
# *Think first:* how many numbers describe a second of sound in a file? With how few could you still
# recognise a song?
#
# The next cell renders scores as sound, or reads recordings if `dataset` names some. The shipped
# system was not trained on the songs of the test split.

# %%
import numpy as np
import torch

from workbench.datasets.sounds import collect
from workbench.music.clip import Clip

audio = collect(run.dataset, system.config.rate, limit=run.size(8, 100), quiet=True)
rate, seconds = audio.rate, 4
length = seconds * rate
test = [i for i in audio.split("test") if audio.lengths[i] >= length][: run.size(4, 12)]
real = np.stack([audio[i][0, :length] for i in test])
print(audio)


def clip_of(sound, caption):
    return Clip(audio=np.asarray(sound)[None], sample_rate=rate, caption=caption)


song = clip_of(real[0], audio.items[test[0]].caption)
song

# %% [markdown]
# A **spectrogram** contains the power at each frequency in each frame: here 513 frequencies, and a
# frame every 256 samples. People hear ratios of power, not differences. So all four models work on
# **decibels**: ten times the logarithm to base ten of the power, limited to at least −80. Networks
# are easier to train on numbers near 0, so the models receive **levels**,
# $x = (\text{decibels} + 40)/20$.

# %%
from workbench.evaluation.spectra import blurred, decibels, log_spectral_distance, spectrogram


def levels_of(sound):  # (n, samples) → (n, 513 frequencies, frames), from −2 to about 2
    return torch.from_numpy((decibels(spectrogram(sound)) + 40) / 20).float()


def sound_of(levels, rounds=32):  # (frequencies, frames) → samples
    window = torch.hann_window(1024)
    magnitude = 10 ** (levels - 2) * window.sum() / 2
    random = torch.Generator().manual_seed(0)
    phase = 2 * torch.pi * torch.rand(magnitude.shape, generator=random)
    for _ in range(rounds):
        spectrum = torch.polar(magnitude, phase)
        sound = torch.istft(spectrum, 1024, 256, window=window)
        phase = torch.stft(sound, 1024, 256, window=window, return_complex=True).angle()
    return sound.numpy()


test_levels = levels_of(real)
frames = rate / 256
print(f"{rate:,} samples per second become {frames:g} frames × 513 levels: {frames * 513:,.0f}")

# %% [markdown]
# Levels alone do not give a sound, because the phases are missing. `sound_of` estimates them: it
# starts with random phases, computes a sound, takes the phases of this sound, and repeats (Griffin
# and Lim 1984). All four models use it. The second player below has the exact levels and estimated
# phases. It is the best sound that any of the four models can reach.

# %%
from workbench.course.widgets import compare

ceiling = clip_of(sound_of(test_levels[0]), "its levels, phases guessed")
compare([song, ceiling], ["the recording", "its levels, with guessed phases"])

# %%
both = plots.axes(1, 2, width=11, height=3.4)
plots.spectrogram(both[0], song.audio[0], rate, "the recording")
plots.spectrogram(both[1], ceiling.audio[0], rate, "its levels, with guessed phases");

# %% [markdown]
# *What you should have noticed:* there are twice as many levels as samples, so nothing is
# compressed yet. With the estimated phases the sound is a little less sharp, but all notes are
# there. In the figures, drums are vertical lines and held notes are horizontal ones.
#
# ## 2 · How much is lost?
#
# *Think first:* one number should summarise how much a reconstruction lost. What should it measure?
#
# The **log-spectral distance** compares decibels: the root mean square of their differences over
# the $F$ frequencies, then the mean over the $T$ frames. $P_{ft}$ is the power of the recording at
# frequency $f$ in frame $t$, $\hat P_{ft}$ that of the reconstruction.
#
# $$d = \frac1T\sum_t\sqrt{\frac1F\sum_f\left(10\log_{10}\frac{P_{ft}}{\hat P_{ft}}\right)^2}
# \qquad (1)$$
#
# *Equation (1):* code `workbench.evaluation.spectra.log_spectral_distance`; paper Gray and Markel
# 1976.
#
# ## Exercise 1 · Log-spectral distance (5 minutes)
#
# *Level:* easy. *Goal:* equation (1) for two power spectrograms (frequencies, frames).

# %% tags=["stub"]
def log_distance(real, made):
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_log_distance

check_log_distance(log_distance)

# %% tags=["solution"]
def log_distance(real, made):
    difference = 10 * np.log10(real / made)
    return np.sqrt((difference**2).mean(0)).mean()


# %% [markdown]
# The next cell prints two distances for comparison. One is that of another song of the test split.
# The other is that of the same spectrogram at half its resolution in time and in frequency, with a
# quarter of the numbers.

# %%
def distance(levels, true=test_levels):  # mean over the pieces, in decibels
    power, true = (10 ** (2 * x.double().numpy() - 4) for x in (levels, true))
    return float(log_spectral_distance(true, power).mean())


half = blurred(10 ** (2 * test_levels.double().numpy() - 4))
distances = {
    "another song": distance(test_levels.roll(1, 0)),
    "half resolution": distance(torch.from_numpy(np.log10(half) / 2 + 2)),
}
for name, value in distances.items():
    print(f"{name}: {value:.1f} dB")

# %% [markdown]
# *What you should have noticed:* 0 dB is a perfect reconstruction. Another song is the floor: an
# output at that distance is no nearer to this song than another song is.
#
# ## 3 · The first model: principal components
#
# *Predict:* how many principal components per frame give a smaller distance than the spectrogram at
# half resolution?

# %%
predict("06.1", ["2", "4", "8", "16 or more"])

# %% [markdown]
# **Principal components** (lesson 01) are the directions in which the frames vary most. A frame $x$
# has 513 levels. The columns of $W$ are the first $k$ directions, and $m$ is the mean frame. The
# frame is encoded as $k$ numbers $z$ and decoded as $\hat x$:
#
# $$z = W^\top (x - m), \qquad \hat x = m + W z \qquad (2)$$
#
# Of all linear maps to $k$ numbers and back, this one has the smallest squared error on the
# training data. $W$ is computed directly, without steps of training.
#
# *Equation (2):* code `sklearn.decomposition.PCA`; paper Pearson 1901.

# %%
from sklearn.decomposition import PCA

crops, _ = audio.crops(run.size(10, 60), length, seed=seed, rows=audio.split("train"))
train_levels = levels_of(crops[:, 0])  # (pieces, 513, frames)
some = train_levels.mT.reshape(-1, 513)[::3].numpy()  # every third frame


def through_pca(levels, pca):  # (n, 513, frames) → the same, encoded and decoded
    rows = levels.mT.reshape(-1, 513).numpy()  # a row per frame
    decoded = pca.inverse_transform(pca.transform(rows))
    return torch.from_numpy(decoded).float().reshape(levels.mT.shape).mT


counts = (2, 4, 8, 16, 32)
by_count = {k: through_pca(test_levels, PCA(k, random_state=seed).fit(some)) for k in counts}
curve = [distance(levels) for levels in by_count.values()]
ax = plots.lines(plots.axes(width=6), counts, {"principal components": curve},
                 xlabel="numbers per frame", ylabel="log-spectral distance, dB")
ax.axhline(distances["half resolution"], color=plots.INK, ls=":")
ax.text(counts[-1], distances["half resolution"], "half resolution ", ha="right", va="bottom");

# %%
nearer = [n for n, value in zip(counts, curve, strict=True) if value < distances["half resolution"]]
reveal("06.1", str(nearer[0]) if nearer and nearer[0] < 16 else "16 or more")

# %%
k = 8  # numbers per frame, from here on
pca = PCA(k, random_state=seed).fit(some)
distances["PCA"] = distance(by_count[k])
print(f"{k} numbers per frame: {frames * k:g} per second, {rate / (frames * k):.0f} times fewer")
compare([ceiling, clip_of(sound_of(by_count[k][0]), "PCA")],
        ["all 513 levels", f"{k} principal components"])

# %% [markdown]
# *What you should have noticed:* a few directions are enough for much of the music, because the
# levels of neighbouring frequencies rise and fall together. Rhythm and loudness are kept. Chords
# sound blurred: each chord has its fine lines at other frequencies, and a few directions cannot
# describe all of them.
#
# ## 4 · The second model: an autoencoder
#
# *Predict:* an autoencoder with 8 numbers per frame, too, is trained for a short time. Which has
# the smaller distance (1) on held-out songs, PCA or the autoencoder?

# %%
predict("06.2", ["PCA", "the autoencoder"])

# %% [markdown]
# The **bottleneck** is the same: $k$ numbers per frame. But the encoder $f$ and the decoder $g$ are
# now networks. They are not linear, and they also receive neighbouring frames. Their loss is the
# squared error over all levels of real sounds $x$:
#
# $$L = \mathbb E_x\, \tfrac{1}{FT} \left\lVert x - g(f(x)) \right\rVert^2 \qquad (3)$$
#
# *Equation (3):* code `torch.nn.MSELoss`; paper Hinton and Salakhutdinov 2006. A linear autoencoder
# of single frames has the same smallest error as PCA, and its best solution spans the same
# directions (Baldi and Hornik 1989).

# %%
from workbench.course.diagrams import Arrow, diagram

boxes = {
    "sound": ("sound\nsamples", 0, 0), "levels": ("spectrogram\n513 × frames", 1, 0),
    "encoder": ("encoder\nConvNeXt", 2, 0), "mean": ("mean μ\nk × frames", 3, 0),
    "z": ("bottleneck z\nk × frames", 4, 0), "decoder": ("decoder\nConvNeXt", 5, 0),
    "out": ("levels\n513 × frames", 6, 0), "guessed": ("sound\nphases guessed", 7, 0),
    "logvar": ("log variance\nk × frames", 3, 1), "noise": ("noise ε\nGaussian", 4, 1),
}
arrows = [
    Arrow("sound", "levels"), Arrow("levels", "encoder"), Arrow("encoder", "mean"),
    Arrow("mean", "z"), Arrow("z", "decoder"), Arrow("decoder", "out"), Arrow("out", "guessed"),
    Arrow("encoder", "logvar", beside=True), Arrow("logvar", "noise", "σ"), Arrow("noise", "z"),
]
parts = ("sound", "levels", "encoder", "mean", "z", "decoder", "out", "guessed")
plain = [arrow for arrow in arrows if {arrow.start, arrow.end} <= set(parts)]
shown = {key: boxes[key] for key in parts}
diagram("The autoencoder", shown, plain, here=["encoder", "decoder"])

# %% [markdown]
# A ConvNeXt block (arXiv 2201.03545) has two parts: a convolution over time that treats each
# channel separately, then an MLP over the channels that treats each frame separately. The encoder
# has a second output, a log variance. Only the third and the fourth model use it.

# %%
from torch import nn

from workbench.course.listing import listing
from workbench.models.spectral_vae import ConvNeXt


class LevelVAE(nn.Module):
    def __init__(self, numbers=k, width=64):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv1d(513, width, 3, padding=1), ConvNeXt(width), nn.Conv1d(width, 2 * numbers, 1)
        )
        self.decoder = nn.Sequential(
            nn.Conv1d(numbers, width, 7, padding=3), ConvNeXt(width), ConvNeXt(width),
            nn.Conv1d(width, 513, 1),
        )
        with torch.no_grad():  # before training, the output is near the mean frame
            self.decoder[-1].bias.copy_(train_levels.mean((0, 2)))

    def encode(self, levels):  # (n, 513, frames) → mean and log variance, (n, numbers, frames)
        mean, logvar = self.encoder(levels).chunk(2, dim=1)
        return mean, logvar.clamp(-12, 4)


listing(ConvNeXt.forward)

# %% [markdown]
# The same training loop serves this model and the next ones. `loss_of` is the function that
# computes the loss of a batch; each model has its own.

# %%
def batch(n=8, width=32):
    piece = torch.randint(len(train_levels), (n,))
    start_at = torch.randint(train_levels.shape[-1] - width + 1, (n,))
    pairs = zip(piece, start_at, strict=True)
    return torch.stack([train_levels[p, :, s : s + width] for p, s in pairs])


def autoencoder_loss(net, x):
    mean, _ = net.encode(x)
    return ((net.decoder(mean) - x) ** 2).mean()  # equation (3)


def fit(net, loss_of, steps, watch=None, lr=2e-3):
    torch.manual_seed(seed)
    optimizer = torch.optim.AdamW(net.parameters(), lr=lr)
    for step in range(steps):
        if watch:
            watch(step)
        loss = loss_of(net, batch())
        optimizer.zero_grad()
        loss.backward()
        optimizer.param_groups[0]["lr"] = lr * min(1.0, 2 - 2 * step / steps)  # falls
        optimizer.step()
    return net.eval()


# %%
def rebuilt(net, levels=test_levels):
    with torch.no_grad():
        return net.decoder(net.encode(levels)[0])


steps = run.size(80, 1200)
stops = [0, steps // 40, steps // 8]
stages, outputs = [], []


def watch(step):
    if step in stops:
        outputs.append(rebuilt(autoencoder))
        stages.append(clip_of(sound_of(outputs[-1][0]), f"after {step} steps"))


torch.manual_seed(seed)
autoencoder = LevelVAE()
fit(autoencoder, autoencoder_loss, steps, watch)
outputs.append(rebuilt(autoencoder))
stages.append(clip_of(sound_of(outputs[-1][0]), f"after {steps} steps"))
print(f"{sum(p.numel() for p in autoencoder.parameters()):,} weights")

# %%
distances["autoencoder"] = distance(outputs[-1])
for clip, levels in zip(stages, outputs, strict=True):
    print(f"{clip.caption}: {distance(levels):.2f} dB; PCA {distances['PCA']:.2f}")
reveal("06.2", "PCA" if distances["PCA"] < distances["autoencoder"] else "the autoencoder")

# %%
compare(stages)

# %% [markdown]
# *What you should have noticed:* the untrained network outputs about the mean frame of all music at
# all times, which sounds like a steady hiss. Listen for what comes first: the loudness, the drums
# or the pitches. The printed distances show after how many steps, if at all, the network is better
# than PCA.
#
# ## 5 · The third model: a variational autoencoder
#
# A variational autoencoder adds noise to its latents while it is trained.
#
# *Predict:* which of the two has the smaller distance (1) on held-out songs, after the same number
# of steps?

# %%
predict("06.3", ["the autoencoder", "the variational autoencoder"])

# %% [markdown]
# The loss of the autoencoder does not say where its latents should lie, and a $z$ between them may
# decode to anything. To *generate* sound we need latents with a known distribution. A **VAE**
# (variational autoencoder) is a model of how sounds arise: first $z$ is sampled from
# $p(z) = \mathcal N(0, I)$, then a sound from $p(x \mid z)$, a normal distribution around $g(z)$.
# Its training makes the probability $p(x)$ of real sounds large. The derivation of its loss has
# four steps:
#
# 1. $p(x)$ is the mean of $p(x \mid z)$ over all $z$, weighted by $p(z)$. It cannot be estimated by
#    random $z$, because nearly all of them belong to other sounds.
# 2. So the encoder gives a normal distribution $q(z \mid x)$ of likely $z$ for each sound. For $z$
#    sampled from $q$, $p(x)$ is the mean of $p(x \mid z)\, p(z) / q(z \mid x)$: the quotient
#    corrects for sampling from $q$ instead of $p$.
# 3. The logarithm of a mean is at least the mean of the logarithms (Jensen's inequality). This mean
#    of logarithms is the sum of two terms and is called **ELBO** (evidence lower bound):
#
# $$\log p(x) \ \ge\ \mathbb E_{q(z \mid x)} \log p(x \mid z)
# \ -\ \mathrm{KL}\left(q(z \mid x) \,\Vert\, p(z)\right) \qquad (4)$$
#
# 4. The difference of the two sides is $\mathrm{KL}(q(z \mid x) \Vert p(z \mid x))$. It is 0 if
#    $q(z \mid x)$ is exactly the distribution of those $z$ from which $x$ may have come.
#
# *Equation (4):* code `workbench.systems.ldmg.coding.gan_terms` (its terms without a
# discriminator); paper VAE (arXiv 1312.6114), eq. 3.
#
# The first term is large if the sound is reconstructed well. The second term, the **KL**
# (Kullback–Leibler divergence), is the price of a latent. It grows as the mean of $q$ moves away
# from 0, and as its variance moves away from 1. For each of the $k$ numbers, with the encoder's
# mean $\mu$ and variance $\sigma^2$:
#
# $$\mathrm{KL} = \tfrac12\left(\mu^2 + \sigma^2 - 1 - \ln\sigma^2\right) \qquad (5)$$
#
# *Equation (5):* code `workbench.models.audio_vae.kl`; paper VAE (arXiv 1312.6114), appendix B.

# %% [markdown]
# The bound can be checked where $\log p(x)$ is known. In this example $z$ and $x$ are single
# numbers, $x = 2z + \text{noise}$, and the noise has variance ½. There are formulas for
# $\log p(x)$ and for the best $q$.

# %%
slope, variance, x = 2.0, 0.5, 1.5
exact = -0.5 * (np.log(2 * np.pi * (slope**2 + variance)) + x**2 / (slope**2 + variance))
best_mean = slope * x / (slope**2 + variance)
best_sigma = (variance / (slope**2 + variance)) ** 0.5
sigmas = np.linspace(0.05, 1.2, 200)


def toy_elbo(mean, sigma):
    error = (x - slope * mean) ** 2 + (slope * sigma) ** 2  # mean of (x − 2z)² over q
    likelihood = -0.5 * (np.log(2 * np.pi * variance) + error / variance)
    return likelihood - 0.5 * (mean**2 + sigma**2 - 1 - np.log(sigma**2))


curves = {f"ELBO, μ = {m:.2f}": toy_elbo(m, sigmas) for m in (best_mean, 0.3 * best_mean)}
ax = plots.lines(plots.axes(width=7), sigmas, curves, xlabel="σ of q", ylabel="nats")
ax.axhline(exact, color=plots.INK, ls=":")
ax.axvline(best_sigma, color=plots.INK, ls=":")
ax.set_ylim(exact - 3, exact + 0.3)
gap = exact - toy_elbo(best_mean, best_sigma)
print(f"log p(x) = {exact:.3f}; the best q has μ = {best_mean:.2f}, σ = {best_sigma:.2f}; "
      f"its gap is {abs(gap):.1e}")

# %% [markdown]
# *What you should have noticed:* the bound (curves) never exceeds the true $\log p(x)$ (dotted) and
# equals it at the best $q$. If $\sigma$ is too small, the KL is large. If $\sigma$ is too large,
# the reconstruction is worse.
#
# ## Exercise 2 · The price of a latent (10 minutes)
#
# *Level:* medium. *Goal:* the KL in a loss that leaves every number a little information. The
# arguments are the encoder's means and *log variances* for several frames, (frames, k). The price
# of each of the $k$ numbers is the mean of equation (5) over the frames. Training lowers the
# prices, and a number whose price is 0 says nothing about the sound. With **free bits** (arXiv
# 1606.04934) a price below `free` nats counts as `free`: to lower it further brings no gain. Return
# the sum of the $k$ prices. (The library's loss has no free bits.)

# %% tags=["stub"]
def kl_with_free_bits(mean, log_variance, free):
    return None  # about three lines


# %% tags=["check"]
from workbench.course.teaching import check_free_bits

check_free_bits(kl_with_free_bits)

# %% tags=["solution"]
def kl_with_free_bits(mean, log_variance, free):
    kl = 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance)
    prices = kl.mean(0)  # one per number, over the frames
    return np.maximum(prices, free).sum()


# %% [markdown]
# **The reparametrisation.** The mean over $q$ in equation (4) is estimated by one sample $z$. The
# gradient has to reach $\mu$ and $\sigma$ through this random number. So $z$ is written as a
# function of $\mu$, of $\sigma$ and of noise $\varepsilon$ that depends on neither:
#
# $$z = \mu + \sigma\varepsilon, \qquad \varepsilon \sim \mathcal N(0, 1) \qquad (6)$$
#
# *Equation (6):* code `workbench.models.spectral_vae.SpectralVAE.forward`; paper VAE
# (arXiv 1312.6114), section 2.4.

# %%
ways = {
    "sampled directly": torch.normal,
    "reparametrised": lambda mu, sigma: mu + sigma * torch.randn(4),
}
for name, sample in ways.items():
    mu, sigma = torch.zeros(4, requires_grad=True), torch.ones(4, requires_grad=True)
    sample(mu, sigma).sum().backward()
    print(f"{name}: gradient for μ {mu.grad.numpy()}, for σ {sigma.grad.numpy().round(2)}")

# %% [markdown]
# *What you should have noticed:* if $z$ is sampled directly, the gradients are 0, and the encoder
# would not learn. With the reparametrisation, the derivative of $z$ is 1 for $\mu$ and
# $\varepsilon$ for $\sigma$.
#
# ## Exercise 3 · The ELBO, twice (25 minutes)
#
# *Level:* hard. *Goal:* equation (4) for a batch, with the KL by its formula and by sampling. `x`
# has the shape (batch, n), `mean` and `logvar` have (batch, k), and `noise` ($\varepsilon$) has
# (samples, batch, k). The decoder is linear, $\hat x = z\,W$ with `weights` (k, n). $p(x \mid z)$
# is a normal distribution around $\hat x$ with the same `variance` $s^2$ for all numbers: $\log p(x
# \mid z) = -\frac12 \sum \left[(x - \hat x)^2/s^2 + \log 2\pi s^2\right]$. Take sums over the
# numbers of an example, and means over samples and examples. Return two numbers. The first is the
# bound with the KL of equation (5). In the second, the KL is replaced by the mean of $\log q(z \mid
# x) - \log p(z)$ at the sampled $z$. With many samples the two agree.

# %% tags=["stub"]
def elbo(x, mean, logvar, noise, weights, variance):
    return None  # about twelve lines


# %% tags=["check"]
from workbench.course.teaching import check_elbo

check_elbo(elbo)

# %% tags=["solution"]
def elbo(x, mean, logvar, noise, weights, variance):
    sigma = np.exp(0.5 * logvar)
    z = mean + sigma * noise  # equation (6)
    decoded = z @ weights
    square = (x - decoded) ** 2 / variance
    constant = np.log(2 * np.pi * variance)
    log_likelihood = -0.5 * (square + constant).sum(-1)
    cost = 0.5 * (mean**2 + np.exp(logvar) - 1 - logvar)  # equation (5)
    by_formula = log_likelihood.mean() - cost.sum(-1).mean()
    log_prior = -0.5 * (z**2 + np.log(2 * np.pi)).sum(-1)
    log_q = -0.5 * (noise**2 + np.log(2 * np.pi) + logvar).sum(-1)
    by_sampling = (log_likelihood + log_prior - log_q).mean()
    return by_formula, by_sampling


# %% [markdown]
# If $s^2$ is fixed, the ELBO is largest where the squared error plus $\beta$ times the KL is
# smallest. Here both are means over their numbers, so $\beta = 2 s^2 k / 513$. To choose $\beta$ is
# to choose $s$, the error that the decoder assumes of itself.

# %%
from workbench.models.audio_vae import kl

beta = 1e-3


def vae_loss(net, x, beta=beta):
    mean, logvar = net.encode(x)
    z = mean + (0.5 * logvar).exp() * torch.randn_like(mean)  # equation (6)
    return ((net.decoder(z) - x) ** 2).mean() + beta * kl(mean, logvar)


torch.manual_seed(seed)
vae = fit(LevelVAE(), vae_loss, steps)
distances["VAE"] = distance(rebuilt(vae))
assumed = (beta * 513 / (2 * k)) ** 0.5  # s
print(f"error that the decoder assumes: {20 * assumed:.1f} dB per level")
for name in ("PCA", "autoencoder", "VAE"):
    print(f"{name}: {distances[name]:.2f} dB")
better = "autoencoder" if distances["autoencoder"] < distances["VAE"] else "variational autoencoder"
reveal("06.3", f"the {better}")
title = "The VAE; the noise is there in training only"
diagram(title, boxes, arrows, here=["mean", "logvar", "noise", "z"])

# %% [markdown]
# **What the weight does.** If encoder and decoder are linear, there is a formula for the best VAE
# (arXiv 1911.02469). Take data of one dimension and variance 1, and a decoder that assumes the
# squared error $s^2 = 0.1$. Then the decoder multiplies by $w = \sqrt{1 - \beta s^2}$, and the
# encoder outputs the mean $w x$ and the variance $\beta s^2$. Move the weight $\beta$, with the
# mouse or the arrow keys. At which weight do all nine points have the same mean and variance?

# %%
from workbench.course.widgets import Slider, explore


def linear_vae(weight):
    variance = min(1.0, 0.1 * weight)  # βs²
    w = (1 - variance) ** 0.5
    points = np.linspace(-2, 2, 9)
    left, right = plots.axes(1, 2, width=10, height=3)
    left.errorbar(points, w * points, variance**0.5, fmt="o", color=plots.COLOURS[0], capsize=3)
    left.set(xlabel="x", ylabel="z: mean ± σ", ylim=(-3.2, 3.2))
    right.plot(points, points, ":", color=plots.INK, label="perfect")
    right.plot(points, w * w * points, "o", color=plots.COLOURS[1], label="decoded mean")
    right.set(xlabel="x", ylabel="decoded", ylim=(-2.2, 2.2))
    right.legend()
    return left


explore(linear_vae, Slider("weight β", [0.1, 0.5, 1, 2, 4, 6, 8, 9, 9.5, 10, 12], 1),
        still=(0.1, 4, 10))

# %% [markdown]
# *What you should have noticed:* a larger weight makes the distribution of each latent wider and
# all decoded values smaller. From $\beta s^2 = 1$ on, $q$ is $\mathcal N(0, 1)$ for every $x$, so
# the latent contains no information. This is **posterior collapse**; section 6 comes back to it.

# %% [markdown]
# Now decode random latents. For the two networks they are sampled from $\mathcal N(0, 1)$. For PCA
# they get the variances that its numbers have over music.

# %%
noise = torch.randn(1, k, 200, generator=torch.Generator().manual_seed(seed))
with torch.no_grad():
    from_noise = {"autoencoder": autoencoder.decoder(noise)[0], "VAE": vae.decoder(noise)[0]}
scores = noise[0].numpy().T * pca.explained_variance_**0.5
from_noise["PCA"] = torch.from_numpy(pca.inverse_transform(scores)).float().T
clips = [clip_of(sound_of(from_noise[name]), name) for name in ("PCA", "autoencoder", "VAE")]
compare(clips, [f"{clip.caption}: decoded noise" for clip in clips])

# %%
strict = 100 * beta
torch.manual_seed(seed)
strict_vae = fit(LevelVAE(), lambda net, x: vae_loss(net, x, strict), steps)
nets = {"untrained": LevelVAE(), "autoencoder": autoencoder, "VAE": vae,
        f"VAE, β = {strict:g}": strict_vae}
encoded = {}
for name, net in nets.items():
    with torch.no_grad():
        encoded[name] = mean, logvar = net.encode(test_levels)
    sigma = torch.zeros_like(mean)  # no noise in the autoencoder's latents
    if "VAE" in name:
        sigma = (0.5 * logvar).exp()
    middle = mean.mean((0, 2))  # of each number, over all music
    spread = (mean.var((0, 2)) + (sigma**2).mean((0, 2))).sqrt()
    price = kl(middle, 2 * spread.log())  # as if each number were normal
    print(f"{name:12} means up to {float(middle.abs().max()):.2f}, standard deviations "
          f"{float(spread.min()):.2f} to {float(spread.max()):.2f}: {float(price):.3f} nats from "
          "N(0, 1)")

# %%
for name in list(nets)[2:]:
    price, lost = float(kl(*encoded[name])), distance(rebuilt(nets[name]))
    print(f"{name}: KL {price:.2f} nats per number, distance {lost:.2f} dB")
run.note("KL per number, VAE trained here", float(kl(*encoded["VAE"])), unit="nats",
         floor="0: not used")

# %% [markdown]
# *What you should have noticed:* compare how far the latents of each network are from
# $\mathcal N(0, 1)$. Those of the autoencoder may be nearly as close as those of the VAE, although
# no term of its loss requires it. The reason is where training begins: an untrained encoder outputs
# latents of small variance (first line). A short training increases this variance only as far as it
# reduces the squared error. A small $\beta$ has little effect on the means. Its main effect is on
# $\sigma$: noise only increases the squared error, so without the KL in the loss $\sigma$ would go
# to 0. The last VAE was trained with a hundred times the weight. Compare how near its latents are
# to $\mathcal N(0, 1)$, and compare its KL and its distance with those of the other VAE. None of
# these models generates music from random latents. Each number by itself may have the right
# distribution, but the numbers and the frames of music depend on each other. [Lesson
# 07](07_audio_diffusion.ipynb) learns this dependence.
#
# **What one number does.** One of the $k$ numbers is set to the same value in all frames, and two
# seconds are decoded. Number 0 is the one that varies most over music. Move the sliders, with the
# mouse or the arrow keys.

# %%
one = encoded["VAE"][0][:1, :, :125]  # two seconds
widest = encoded["VAE"][0].std((0, 2)).argsort(descending=True)  # number 0 varies most


def decoded_with(number, value):
    z = one.clone()
    z[0, widest[number]] = value
    with torch.no_grad():
        return vae.decoder(z)[0]


def show(value, number):
    ax = plots.axes(width=6)
    ax.imshow(decoded_with(int(number), value), aspect="auto", origin="lower", cmap="magma_r",
              vmin=-2, vmax=2, extent=(0, 2, 0, rate / 2000))
    ax.set(xlabel="seconds", ylabel="kHz", title=f"number {number:g} at {value:g}")
    return ax


explore(show, Slider("value", np.linspace(-3, 3, 13), 0), Slider("number of z", range(k), 0),
        still=(-3, 0, 3))

# %% [markdown]
# *What you should have noticed:* a number changes a whole pattern of frequencies, such as the
# balance of low and high, not a single line. If a number has collapsed (its KL is 0), its slider
# changes nothing.
#
# ## 6 · The fourth model: a second network
#
# The mean of all plausible spectrograms minimises the squared error. How does such a mean look, and
# how does it sound? In a VAE-GAN a second network is trained to tell real spectrograms from
# generated ones. The VAE is trained so that it cannot.
#
# *Predict:* which will have the smaller distance (1), the VAE alone or the VAE-GAN?

# %%
predict("06.4", ["the VAE alone", "the VAE-GAN"])

# %% [markdown]
# For the squared error, plausible detail in a wrong place is worse than no detail. So the output
# with the smallest squared error is a mean, which is blurred. A **discriminator** $D$ gives a score
# to each patch of a spectrogram. It is trained to give real patches scores above 1 and generated
# patches scores below −1. Scores beyond these margins cost nothing; this loss is called **hinge**.
# $\hat x$ is the output of the VAE:
#
# $$L_D = \mathbb E \max(0, 1 - D(x)) + \mathbb E \max(0, 1 + D(\hat x)) \qquad (7)$$
#
# *Equation (7):* code `workbench.models.audio_vae.hinge_discriminator`; paper Lim and Ye 2017
# (arXiv 1705.02894), and for sound MelGAN (arXiv 1910.06711), eq. 1.
#
# ## Exercise 4 · The hinge (10 minutes)
#
# *Level:* medium. *Goal:* the loss of a discriminator that scores patches of several sizes, called
# **scales**. `real` and `fake` list the scores of each scale, arrays (patches,); a scale of larger
# patches has fewer of them. Return two numbers. The first is the mean over the scales of equation
# (7). The second is the share of scores that cost nothing, among all scores of all scales, real and
# fake. (If this share reaches 1, the discriminator has nothing left to learn.)

# %% tags=["stub"]
def hinge(real, fake):
    return None  # about six lines; return loss, share


# %% tags=["check"]
from workbench.course.teaching import check_hinge

check_hinge(hinge)

# %% tags=["solution"]
def hinge(real, fake):
    losses, costs = [], []
    for on_real, on_fake in zip(real, fake, strict=True):
        of_scale = np.maximum(0, 1 - on_real), np.maximum(0, 1 + on_fake)
        losses.append(of_scale[0].mean() + of_scale[1].mean())
        costs.extend(of_scale)
    return np.mean(losses), (np.concatenate(costs) == 0).mean()


# %% [markdown]
# The VAE is now called **generator**. Its loss has four terms. The squared error and the KL are
# those of the VAE. The third term is smaller if the discriminator gives higher scores to $\hat x$.
# The fourth, **matching**, compares real and generated spectrograms inside the discriminator: $D_l$
# are the features of layer $l$, one of $L$ layers. Each term has a weight:
#
# $$L_G = \lambda_1 L_{\text{error}} + \beta\,\mathrm{KL} - \lambda_2\, \mathbb E\, D(\hat x)
# + \frac{\lambda_3}{L} \sum_{l=1}^{L}
# \frac{\mathbb E\,|D_l(x) - D_l(\hat x)|}{\mathbb E\,|D_l(x)|} \qquad (8)$$
#
# *Equation (8):* code `workbench.systems.ldmg.coding.gan_terms`; paper VAE-GAN (arXiv 1512.09300),
# algorithm 1, with the matching of EnCodec (arXiv 2210.13438), eq. 2.
#
# ## Exercise 5 · The generator's loss (15 minutes)
#
# *Level:* hard. *Goal:* equation (8). `real` and `fake` list the outputs of the discriminator's
# layers for $x$ and $\hat x$, arrays of equal shapes; the last entry of each holds the scores, all
# others are features. `error` and `kl` are numbers. `weights` holds the four weights under "error",
# "kl", "adversarial" and "matching".

# %% tags=["stub"]
def generator_loss(real, fake, error, kl, weights):
    return None  # about ten lines


# %% tags=["check"]
from workbench.course.teaching import check_generator_loss

check_generator_loss(generator_loss)

# %% tags=["solution"]
def generator_loss(real, fake, error, kl, weights):
    adversarial = -fake[-1].mean()
    differences = []
    for a, b in zip(real[:-1], fake[:-1], strict=True):
        differences.append(np.abs(a - b).mean() / np.abs(a).mean())
    matching = np.mean(differences)
    loss = weights["error"] * error + weights["kl"] * kl
    loss += weights["adversarial"] * adversarial
    loss += weights["matching"] * matching
    return loss


# %%
players = {
    "x": ("real levels x\n513 × frames", 0, 0), "encoder": ("encoder\nmean, variance", 1, 1),
    "z": ("z = μ + σε\nk × frames", 2, 1), "decoder": ("decoder\n→ levels", 3, 1),
    "fake": ("generated x̂\n513 × frames", 4, 1), "d": ("discriminator\nlayers D_l", 5, 0),
    "score": ("scores\nreal or not?", 6, 0),
}
moves = [
    Arrow("x", "encoder", beside=True), Arrow("encoder", "z"), Arrow("z", "decoder"),
    Arrow("decoder", "fake"), Arrow("fake", "d"), Arrow("x", "d", "also matching"),
    Arrow("d", "score"),
]
diagram("Both networks: the VAE below, the discriminator above", players, moves,
        here=["d", "score"])

# %%
class Patches(nn.Module):
    """Scores patches of a spectrogram; returns the outputs of all layers, the scores last."""

    def __init__(self, width=8):
        super().__init__()
        sizes = ((1, width, (4, 1)), (width, 2 * width, (4, 2)), (2 * width, 4 * width, (4, 2)))
        self.layers = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, (9, 3), stride, (4, 1)), nn.LeakyReLU(0.2))
            for a, b, stride in sizes
        )
        self.layers.append(nn.Conv2d(4 * width, 1, 3, padding=1))

    def forward(self, levels):
        outputs, h = [], levels[:, None]
        for layer in self.layers:
            h = layer(h)
            outputs.append(h)
        return [outputs]  # a list, because others look at several scales


# %% [markdown]
# The two networks are trained in turn. In the discriminator's turn $\hat x$ is **detached**: no
# gradient reaches the VAE. In the VAE's turn the gradient passes *through* the discriminator, but
# only the weights of the VAE change.

# %%
from workbench.models.audio_vae import feature_matching, hinge_discriminator, hinge_generator


def play(net, discriminator, optimizers, x, weights=(1.0, beta, 0.02, 0.05)):
    mean, logvar = net.encode(x)
    z = mean + (0.5 * logvar).exp() * torch.randn_like(mean)
    fake = net.decoder(z)
    # the discriminator's turn, equation (7)
    loss_d = hinge_discriminator(discriminator(x), discriminator(fake.detach()))
    optimizers[1].zero_grad()
    loss_d.backward()
    optimizers[1].step()
    # the generator's turn, equation (8)
    with torch.no_grad():
        on_real = discriminator(x)
    on_fake = discriminator(fake)
    terms = (((fake - x) ** 2).mean(), kl(mean, logvar), hinge_generator(on_fake),
             feature_matching(on_real, on_fake))
    loss_g = sum(weight * term for weight, term in zip(weights, terms, strict=True))
    optimizers[0].zero_grad()
    loss_g.backward()
    optimizers[0].step()
    scores = [float(layers[0][-1].detach().mean()) for layers in (on_real, on_fake)]
    return scores, [float(term.detach()) for term in terms]


# %% [markdown]
# Two copies of the VAE are trained for the same number of further steps: one alone, one with a
# discriminator.

# %%
from copy import deepcopy

more = run.size(30, 300)
alone = fit(deepcopy(vae), vae_loss, more, lr=3e-4)
vae_gan, discriminator = deepcopy(vae).train(), Patches()
optimizers = (
    torch.optim.AdamW(vae_gan.parameters(), lr=3e-4),
    torch.optim.AdamW(discriminator.parameters(), lr=1e-3, betas=(0.5, 0.9)),
)
torch.manual_seed(seed)
games = [play(vae_gan, discriminator, optimizers, batch()) for _ in range(more)]
left, right = plots.axes(1, 2, width=10, height=3.2)
scores = np.array([score for score, _ in games]).T
plots.lines(left, range(more), {"real": scores[0], "generated": scores[1]}, xlabel="step",
            ylabel="mean score", title="scores of the discriminator")
terms = np.array([term for _, term in games]).T
plots.lines(right, range(more), {"squared error": terms[0], "matching": terms[3]}, xlabel="step",
            ylabel="term of the loss", title="two terms of the generator");

# %%
results = {"VAE": rebuilt(alone), "VAE-GAN": rebuilt(vae_gan.eval())}
panels = plots.axes(1, 3, width=12, height=3.2)
pictures = {"the recording": test_levels} | results
for ax, (name, levels) in zip(panels, pictures.items(), strict=True):
    ax.imshow(levels[0, :200, :120], aspect="auto", origin="lower", cmap="magma_r", vmin=-2, vmax=2)
    ax.set(title=name, xlabel="frame", ylabel="frequency bin")


def detail(levels):  # how much neighbouring frequencies differ, in decibels
    return float(20 * (levels[:, 2:] - 2 * levels[:, 1:-1] + levels[:, :-2]).abs().mean())


for name, levels in pictures.items():
    print(f"{name}: detail {detail(levels):.1f} dB, distance {distance(levels):.2f} dB")
distances |= {name: distance(levels) for name, levels in results.items()}
reveal("06.4", "the VAE alone" if distances["VAE"] < distances["VAE-GAN"] else "the VAE-GAN")

# %% [markdown]
# Now compare by ear. The players are in a random order: one has all 513 levels, the two others are
# the VAE alone and the VAE-GAN. Decide which is which before you unfold the answer.

# %%
takes = [clip_of(sound_of(levels[0]), name) for name, levels in results.items()]
compare([ceiling, *takes], ["all 513 levels", "VAE alone", "VAE-GAN"], blind=True)

# %% [markdown]
# *What you should have noticed:* a spectrogram that is smoother than that of the recording has less
# *detail* (printed above). Compare the VAE alone with the VAE-GAN, in detail and in distance. An
# invented line increases the distance twice: where it is, and where it should be. Could you tell
# the two apart, and which did you prefer? No number here decides that. A blind test with many
# people could (lesson 13).
#
# The library adds the terms of both networks to one loss. For the terms of the generator, the
# weights of the discriminator are frozen:

# %%
from workbench.models.audio_vae import adversarial_terms

listing(adversarial_terms)

# %% [markdown]
# **A mistake that we made:** in one training the weight of *matching* was so large that the other
# terms had no effect. The KL went to zero, and the decoder did not use $z$ at all (posterior
# collapse). Look at the KL before you look at the loss.
#
# ## 7 · The shipped system
#
# *Predict:* the shipped autoencoder has more numbers per frame than the models above. Which has the
# smaller distance (1): its sound, or that of PCA with equally many numbers and estimated phases?

# %%
predict("06.5", ["PCA's", "the shipped autoencoder's"])

# %% [markdown]
# The shipped network is built of the same blocks. Its decoder also outputs the **phases**, so an
# inverse Fourier transform gives the sound, as in Vocos. Its loss compares spectrograms of the
# sound at several window lengths instead of one. In a second stage only its decoder was trained,
# with equation (1) as a part of its loss. Such a network may also be trained with a discriminator
# that receives the samples of the sound. The line printed after the listings tells whether the
# shipped one was.

# %%
from IPython.display import display

from workbench.models.spectral import WINDOWS, stft_loss
from workbench.models.spectral_vae import SpectralVAE
from workbench.systems.storage import training_of

display(listing(SpectralVAE.encode, first="frames =", last="return"))
display(listing(SpectralVAE.decode, first="log_magnitude", last="return"))
display(listing(SpectralVAE.forward, last="return"))
listing(stft_loss, first="for window", last="return")

# %%
folder = f"runs/sound-{run.profile}" if run.train else "sound-ldmg"
record = training_of(folder)
kind, stage = next(iter(record["stages"].items()))  # the first stage: "VAE" or "VAE-GAN"
numbers = system.config.vae.latent
print(f"a {kind}, trained for {stage['steps']:,} steps on {record['minutes_of_sound']:.0f} minutes "
      f"of sound: {numbers / k:g} times the numbers per frame of the models above, and "
      f"{len(WINDOWS)} window lengths")

# %%
vae_shipped = system.networks.vae
with torch.no_grad():
    mean, logvar = vae_shipped.encode(torch.from_numpy(real[:, None]))  # (n, numbers, frames)
    decoded = vae_shipped.decode(mean)[:, 0, :length].numpy()
distances[f"shipped, {numbers} numbers"] = distance(levels_of(decoded))
by_pca = through_pca(test_levels, PCA(numbers, random_state=seed).fit(some))
distances[f"PCA, {numbers} numbers"] = distance(by_pca)
guessed = levels_of(np.stack([sound_of(levels) for levels in by_pca]))
known = test_levels[..., 2 : 2 + guessed.shape[-1]]  # `sound_of` leaves out the first 2 frames
distances["the same, as sound"] = distance(guessed, known)
pca_wins = distances["the same, as sound"] < distances[f"shipped, {numbers} numbers"]
reveal("06.5", "PCA's" if pca_wins else "the shipped autoencoder's")
plots.ranking(plots.axes(width=7, height=3.2), distances, xlabel="log-spectral distance, dB")
run.note("log-spectral distance, shipped", distances[f"shipped, {numbers} numbers"], unit="dB",
         floor=f"another song {distances['another song']:.1f}")
run.note("log-spectral distance, VAE-GAN trained here", distances["VAE-GAN"], unit="dB",
         floor=f"PCA {distances['PCA']:.1f}")

# %%
compare([song, clip_of(sound_of(by_pca[0]), "PCA"), clip_of(decoded[0], "shipped")],
        ["the recording", f"{numbers} principal components, phases guessed", f"shipped {kind}"])

# %%
sigma = (0.5 * logvar).exp().mean((0, 2)).numpy()
spread = mean.std((0, 2)).numpy()
order = np.argsort(-spread)
plots.lines(plots.axes(width=7), range(len(spread)),
            {"spread of the means over music": spread[order], "σ of the encoder": sigma[order]},
            xlabel="number of z, widest first", ylabel="standard deviation")
print(f"KL {float(kl(mean, logvar)):.2f} nats per number")

# %% [markdown]
# *What you should have noticed:* the distance (1) favours principal components. They minimise
# nearly this distance. And they store levels only, while the shipped network also stores what it
# needs for the phases. Compare the beginnings of drum strokes by ear. In the last figure, numbers
# of $z$ whose means vary much and whose $\sigma$ is small contain information. A number whose
# $\sigma$ is 1 and whose mean is constant contains none.
#
# **Is a discriminator worth its cost?** At laptop size it is not. After the same number of steps
# the VAE alone is nearer to the sound, and each of its steps takes far less time (`workbench
# evaluate sound --only players --training-steps 6000` measures both). So `sound-ldmg` was trained
# without one. This compares spectra: only a listening test can show whether people prefer the sound
# of the VAE-GAN. `experiments/ldmg_kl_weight.ipynb` measures how $\beta$ changes the system that
# generates from these latents.
#
# ## 8 · Going further: two ways to the bottleneck
#
# *Think first:* one network works on samples, one on frames of a Fourier transform. For which does
# a second of sound take more time in training, and why?
#
# The original LDMG shortens the waveform by six **strided convolutions**. Each moves in steps of
# two and so halves the length. The default here starts with a Fourier transform and ends with its
# inverse, so all its layers work on 62.5 frames per second.

# %%
import time

from workbench.models.audio_vae import AudioVAE, AudioVAEConfig
from workbench.models.spectral_vae import SpectralVAEConfig

networks = {
    "strided convolutions": AudioVAE(AudioVAEConfig(width=16, latent=16)),
    "Fourier frames": SpectralVAE(SpectralVAEConfig()),
}
sound = torch.from_numpy(real[:1, None, : run.size(4096, rate)])
for name, network in networks.items():
    for _ in range(2):  # the first time is slower
        began = time.perf_counter()
        sum(stft_loss(sound, network(sound)[0])).backward()
        took = time.perf_counter() - began
    size = sum(p.numel() for p in network.parameters()) / 1e6
    print(f"{name:22} {size:.1f} M weights, {took * rate / sound.shape[-1]:.2f} s of training per "
          "second of sound")

# %% [markdown]
# *What you should have noticed:* the work of a convolution is the number of its weights times the
# number of positions at which it is applied. The first layers of strided convolutions are applied
# at thousands of positions per second.
#
# ## 9 · Going further: any length, without seams
#
# *Think first:* a song of ten minutes does not fit into memory at once. What happens at the cuts if
# it is decoded part by part?

# %%
song_z = system.networks.encode_frames(audio[test[0]])[None]  # (1, numbers, frames)
cut = song_z.shape[2] // 2
with torch.no_grad():
    whole = vae_shipped.decode(song_z)[0].numpy()
    halves = [vae_shipped.decode(part)[0].numpy() for part in song_z.tensor_split([cut], dim=2)]
difference = np.abs(whole - np.concatenate(halves, axis=1))[0]
at = cut * system.config.vae.hop
plots.lines(plots.axes(width=7), np.arange(-4000, 4000) / rate,
            {"difference": difference[at - 4000 : at + 4000]}, xlabel="seconds from the cut",
            ylabel="|whole − parts|")
print(f"a frame depends on at most {vae_shipped.reach} frames on each side")

# %% [markdown]
# *What you should have noticed:* the two results differ only near the cut, as far as the
# convolutions reach. `system.encode` and `system.decode` add that many frames of the neighbours to
# each part and remove them afterwards. So their result is the same as without cuts.
#
# ## 10 · Going further: a map of pieces
#
# Built-in scores are arranged as six kinds of sound: band, chip, drums, orchestra, piano and
# strings. Each sound is described by the mean and the standard deviation of its latents.
#
# *Think first:* will sounds of the same kind be neighbours?

# %%
from sklearn.manifold import TSNE

from workbench.datasets.sound_kinds import built_in_kinds

sounds = built_in_kinds(run.size(3, 15), seconds=seconds, rate=rate, seed=seed)
latents = [system.networks.encode_frames(clip.audio) for clip in sounds]
marks = torch.stack([torch.cat([z.mean(1), z.std(1)]) for z in latents]).numpy()
perplexity = min(20, len(sounds) // 3)
points = TSNE(perplexity=perplexity, random_state=seed).fit_transform(marks)
kinds = [clip.labels["style"] for clip in sounds]
plots.cloud(points, kinds, [clip.caption for clip in sounds], "sounds by their latents")

# %%
apart = np.linalg.norm(marks[:, None] - marks[None], axis=2)
np.fill_diagonal(apart, np.inf)  # a sound is not its own neighbour
nearest = apart.argmin(1)
same_kind = np.mean([kinds[i] == kinds[j] for i, j in enumerate(nearest)])
by_chance = np.mean([kinds.count(kind) - 1 for kind in kinds]) / (len(kinds) - 1)
print(f"nearest neighbours of the same kind: {same_kind:.0%}; by chance {by_chance:.0%}")

# %% [markdown]
# *What you should have noticed:* compare the printed share with chance (at smoke size there are few
# sounds). The autoencoder never received the kind of a sound. But sounds of one kind have their
# instruments in common, and a reconstruction needs information on the instruments.
#
# ## Mini-project · What does not fit (an hour)
#
# Take ten recordings of your own: `Clip.read("my.wav")`, then `system.reconstruct(clip)`. Order
# them by log-spectral distance and listen to both ends of the list. Which kind of sound does the
# bottleneck lose? How could a system keep it, and how many numbers per second would that cost? With
# a GPU, train with `dataset` set to your folder, and order them again.
#
# ## You can now
#
# You compressed sound by four models and heard what each of them loses. You wrote the ELBO and
# trained two networks against each other.
#
# *A limitation to listen for:* the shipped network is small and was trained for a short time on a
# CPU, and chords sound blurred. The `gpu` profile trains a larger one.
#
# *Terms:* bottleneck · spectrogram · decibel · log-spectral distance · VAE · ELBO · KL ·
# reparametrisation · posterior collapse · discriminator · generator · hinge · matching · VAE-GAN ·
# strided convolution
#
# *Next:* [lesson 07](07_audio_diffusion.ipynb) generates new latents.

# %%
from workbench import quiz

quiz("06")

# %%
run.finish()
