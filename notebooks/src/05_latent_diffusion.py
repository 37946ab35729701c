# %% [markdown]
# # 05 · Latent diffusion
#
# [04 MRLSTM autoencoder](04_mrlstm_autoencoder.ipynb) · [index](00_start_here.ipynb) ·
# [06 VAE-GAN](06_vae_gan.ipynb)
#
# **You will** add noise to a loop and remove it, write the loss and two samplers, train a diffusion
# model and hear it learn, and steer a trained one with words.
#
# **Needs** lessons 03 and 04; variance and the normal distribution
# ([probability](refreshers/probability.ipynb)); a training loop in
# [PyTorch](refreshers/pytorch.ipynb); the shipped checkpoints.
# Sections 1 to 5 take about 90 minutes with their exercises; 6 to 8 take another 35; 9 to 11 go
# further.
# **Time and memory:** printed below. **Exercises:** 60 minutes.
# **Library:** `workbench.models.diffusion`, `workbench.models.samplers`,
# `workbench.models.denoisers`, `workbench.systems.drum_ldm`.
# **Papers:** arXiv 2408.02711 (drums), 2006.11239 (DDPM), 2010.02502 (DDIM), 2211.01095
# (DPM-Solver++), 2207.12598 (guidance), 2202.00512 (v), 2305.08891 (zero terminal SNR), 2212.09748
# (DiT).

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop (minutes), gpu, paper
dataset = "groove"  # "groove", "builtin", or a folder of MIDI files
seed = 0  # of everything random
train = False  # True trains a system here; False loads the shipped one

# %%
from workbench import DrumLDM, Region, load, plots, predict, reveal, start

run = start("05", profile=profile, dataset=dataset, seed=seed, train=train)

# %%
if run.train:
    system = DrumLDM.train(
        run.dataset, run.profile, out=f"runs/drums-{run.profile}", watch=plots.LivePlot()
    )
else:
    system = DrumLDM.from_pretrained("drums-groove-bert")

# %% [markdown]
# This lesson is about the middle of the system: the network that turns noise into a latent, and the
# sampler that calls it again and again.

# %%
from workbench.course.diagrams import Arrow, diagram, pipeline

pipeline("noise", "denoiser")

# %% [markdown]
# ## 1 · Forwards: a loop drowns in noise
#
# The **noise level** is the factor of the noise in a mixture of signal and noise: at 0 % there is
# only signal, at 100 % only noise. At which noise level will you no longer recognise the beat?
#
# *Predict:* which share of the loop's hits is still there at a noise level of 60 %?

# %%
predict("05.1", [40.0, 60.0, 80.0, 95.0], unit="%")

# %% [markdown]
# The autoencoder of lesson 04 turns a loop into a latent $x_0$. The forward process mixes it with
# Gaussian noise $\varepsilon$ (DDPM, eq. 4):
#
# $$x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \varepsilon \qquad (1)$$
#
# $\bar\alpha_t$ is the share of the variance that is signal at step $t$: 1 is no noise, 0 is noise
# only. The latents are standardised to variance 1, so $x_t$ has variance 1 at every step. The noise
# level is $\sqrt{1 - \bar\alpha_t}$. The squares of the two factors add up to 1, not the factors
# themselves. So at 60 % noise $\bar\alpha_t = 1 - 0.6^2 = 0.64$, and the factor of the signal is
# 80 %.
#
# *Equation (1):* code `workbench.models.diffusion.Diffusion.add_noise`; paper DDPM
# (arXiv 2006.11239), eq. 4.

# %%
import numpy as np
import torch

from workbench.datasets import cut_loops
from workbench.representations.drum_roll import DrumRoll

held_out = cut_loops(load(run.dataset, split="test", limit=run.size(40, 160)), bars=4, hop_bars=4)
loop = next(clip for clip in held_out if not clip.labels.get("tiled") and len(clip.notes) > 60)
x0 = system.encode([loop])
noise = torch.randn(x0.shape, generator=torch.Generator().manual_seed(seed))
frames = []
for level in (0.0, 0.3, 0.6, 0.9):
    x = (1 - level**2) ** 0.5 * x0 + level * noise  # equation (1)
    decoded = system.decode(x, tempo=loop.tempo)[0]
    frames.append((level, DrumRoll.from_clip(decoded)))
plots.strip(frames);

# %%
clean, noisy = frames[0][1].hits, frames[2][1].hits  # at 0 and at 60 % noise
reveal("05.1", 100 * float((clean & noisy).sum() / clean.sum()))

# %%
from workbench.course.widgets import Slider, explore


def noised(level):
    x = (1 - level**2) ** 0.5 * x0 + level * noise
    decoded = system.decode(x, tempo=loop.tempo)[0]
    ax = plots.axes(width=9, height=2.6)
    return plots.roll(ax, DrumRoll.from_clip(decoded))


explore(noised, Slider("noise level", np.linspace(0, 1, 21), 0.6))

# %% [markdown]
# *What you should have noticed:* the decoder outputs a beat at every noise level. With more noise
# it has less in common with the loop. Listen to the decoded loop at 60 % noise:

# %%
frames[2][1].to_clip(f"60 % noise on: {loop.caption}")

# %% [markdown]
# ## Exercise 1 · The forward process (5 minutes)
#
# *Level:* easy. *Goal:* equation (1). `alpha_bar` is $\bar\alpha_t$, a number from 0 to 1.

# %% tags=["stub"]
def add_noise(x0, noise, alpha_bar):
    return None  # your line here


# %% tags=["check"]
from workbench.course.teaching import check_add_noise

check_add_noise(add_noise)

# %% tags=["solution"]
def add_noise(x0, noise, alpha_bar):
    return alpha_bar**0.5 * x0 + (1 - alpha_bar) ** 0.5 * noise


# %% [markdown]
# ## 2 · What is learned
#
# A network receives a noisy $x_t$ and predicts the noise that was added. What should it predict
# when $x_t$ is nearly pure noise, and what when $x_t$ is nearly clean?
#
# *Predict:* at which amount of noise is the error of this prediction largest?

# %%
predict("05.2", ["nearly pure noise", "half signal, half noise", "nearly clean"])

# %% [markdown]
# The network has weights $\theta$. Its loss is the mean squared error over real latents $x_0$,
# noise $\varepsilon \sim \mathcal N(0, I)$ and steps $t$. All $T$ steps are equally likely; the
# paper numbers them from 1 to $T$, the code from 0 to $T - 1$:
#
# $$L_{\text{simple}}(\theta) = \mathbb E_{x_0,\, \varepsilon,\, t}
# \left\lVert \varepsilon - \varepsilon_\theta(x_t, t, c) \right\rVert^2 \qquad (2)$$
#
# $c$ is the condition, here a text. In 15 % of the examples it is left out ($c = \varnothing$), so
# that one network learns to predict with and without a text. Section 8 needs both.
#
# *Equation (2):* code `workbench.models.diffusion.Diffusion.loss`; paper DDPM (arXiv 2006.11239),
# eq. 14.
#
# One step of training (DDPM, algorithm 1) has four parts. Take real latents, and for each a random
# step $t$ and random noise. Mix them by equation (1). Predict the noise. Move the weights a little
# against the gradient of the loss. The cells below train such a network on data of two dimensions,
# because a figure can show them. Each point is a stroke on the snare drum, given by its timing and
# its velocity.

# %%
from workbench.models.diffusion import linear_schedule
from workbench.representations.drum_roll import rolls_of

loops = cut_loops(load(run.dataset, split="train", limit=run.size(60, 740)), bars=4, hop_bars=4)
rolls = rolls_of(loops)
snare = rolls[..., 1] > 0  # 27 columns: hits of nine drums, then velocities, then offsets
strokes = np.stack([rolls[snare][:, 18 + 1], rolls[snare][:, 9 + 1]], axis=1)
strokes = torch.from_numpy((strokes - strokes.mean(0)) / strokes.std(0)).float()
bars_2d = linear_schedule(1000).float()  # ᾱ at steps 0 to 999
print(f"{len(strokes)} strokes on the snare drum, in {len(loops)} loops")

# %%
small = torch.nn.Sequential(
    torch.nn.Linear(4, 96), torch.nn.SiLU(), torch.nn.Linear(96, 96), torch.nn.SiLU(),
    torch.nn.Linear(96, 2),
)
optimizer = torch.optim.AdamW(small.parameters(), lr=3e-3)


def predict_noise(x, bar):
    factors = torch.cat([bar.sqrt(), (1 - bar).sqrt()], dim=-1)  # they tell the network t
    return small(torch.cat([x, factors], dim=-1))


losses = []
for _ in range(run.size(300, 1500)):
    real = strokes[torch.randint(len(strokes), (256,))]  # real data x₀
    bar = bars_2d[torch.randint(1000, (256, 1))]  # a random step for each
    eps = torch.randn(256, 2)  # random noise
    x_t = bar.sqrt() * real + (1 - bar).sqrt() * eps  # equation (1)
    loss = ((eps - predict_noise(x_t, bar)) ** 2).mean()  # equation (2)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
print(f"loss {np.mean(losses[:10]):.2f} at first, {np.mean(losses[-100:]):.2f} at the end")

# %% [markdown]
# The **score** is $\nabla \log p(x_t)$, the direction in which the density $p$ of noisy data grows.
# Let $\hat\varepsilon$ be the best possible prediction of the noise, its mean given $x_t$. The
# score is this prediction times a negative factor (arXiv 2011.13456):
# $\nabla \log p(x_t) = -\hat\varepsilon/\sqrt{1-\bar\alpha_t}$. So a network that predicts the
# noise well also tells in which direction the data are denser.

# %%
from workbench.models.samplers import ddim


def denoise(x, t):
    """Predictions of x₀ and ε, which the samplers of section 4 need."""
    bar = bars_2d[t].expand(len(x), 1)
    with torch.no_grad():
        eps = predict_noise(x, bar)
    return (x - (1 - bar).sqrt() * eps) / bar.sqrt(), eps


# %%
*fields, last = plots.axes(1, 4, width=12, height=3.2)
some = strokes[torch.randperm(len(strokes))[:400]]
places = torch.cartesian_prod(torch.linspace(-3, 3, 15), torch.linspace(-3, 3, 15))
for ax, t in zip(fields, (800, 400, 50), strict=True):
    signal = bars_2d[t].sqrt()
    sigma = (1 - bars_2d[t]).sqrt()
    noisy = signal * some + sigma * torch.randn(some.shape)
    score = -denoise(places, t)[1] / sigma
    ax.plot(*noisy.T, ".", ms=3, alpha=0.4, color=plots.COLOURS[1])
    arrows = score / score.norm(dim=1, keepdim=True).sqrt()  # long ones are shortened
    ax.quiver(*places.T, *arrows.T, color=plots.COLOURS[0], width=0.008, angles="xy",
              scale_units="xy", scale=6)
    ax.set(title=f"noise {sigma:.0%}: data and score", xlim=(-3, 3), ylim=(-3, 3))
sampled = ddim(denoise, torch.randn(400, 2), bars_2d, 50)
last.plot(*some.T, ".", ms=4, alpha=0.4, color=plots.COLOURS[1], label="played")
last.plot(*sampled.T, "x", ms=4, alpha=0.6, color=plots.COLOURS[0], label="sampled")
last.set(title="strokes", xlim=(-3, 3), ylim=(-3, 3))
last.legend(loc="upper right")
fields[0].set(xlabel="timing", ylabel="velocity");

# %%
wrong = {}
for name, t in (("nearly clean", 20), ("half signal, half noise", 260), ("nearly pure noise", 950)):
    bar = bars_2d[t].expand(len(strokes), 1)
    eps = torch.randn(strokes.shape)
    x_t = bar.sqrt() * strokes + (1 - bar).sqrt() * eps
    with torch.no_grad():
        prediction = predict_noise(x_t, bar)
    wrong[name] = float(((prediction - eps) ** 2).mean())
reveal("05.2", max(wrong, key=wrong.get),
       f"Errors: {', '.join(f'{name} {value:.2f}' for name, value in wrong.items())}.")

# %% [markdown]
# *What you should have noticed:* nearly pure noise is the easy case, because $x_t$ is almost the
# noise itself. A little noise is the hard case, because it can hardly be told from the variation of
# the data. In the figures with much noise, the arrows point to the middle: the best prediction of
# $x_0$ is near the mean of all strokes. With less noise they point to groups of strokes, the
# accents above and the soft ghost notes below. The last figure shows strokes that the network
# generated; section 4 explains how. They lie roughly where the played ones do.
#
# **How small can the error become?** The loss above stays far from 0. Could a better network reach
# 0? For the strokes of drummers nobody knows. So take data whose distribution is known: the bass
# drum of rock in the built-in grammar, in the first two beats of a bar. Each of eight sixteenths is
# hit ($+1$) or not ($-1$), and the grammar gives the probability $p(s)$ of each pattern $s$. The
# best prediction of $x_0$ is the mean of all patterns, each weighted by its probability given
# $x_t$. This probability follows from Bayes' rule:
#
# $$\hat x_0(x_t) = \sum_s p(s \mid x_t)\, s, \qquad
# p(s \mid x_t) \propto p(s)\, \exp\left(-\frac{\lVert x_t - \sqrt{\bar\alpha_t}\, s\rVert^2}
# {2\,(1-\bar\alpha_t)}\right) \qquad (3)$$
#
# *Equation (3):* code `workbench.models.mixture.denoised_discrete`; paper EDM (arXiv 2206.00364),
# appendix B.3, with a probability for each pattern.
#
# *Think first:* at which noise level will a trained network be farthest from this best prediction?

# %%
from workbench.datasets.grammar import STYLES
from workbench.datasets.grammar.cells import LANE
from workbench.models.mixture import denoised_discrete

rock = STYLES["rock"]
patterns = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 8)  # all 256, 1 is a hit
chances = torch.zeros(len(patterns))
for feel, weight in zip(rock.feels, rock.weights, strict=True):
    silent = torch.tensor(feel.table[0, :8, LANE["BD"], 0]).float()  # P(no hit), per sixteenth
    of_cell = torch.where(patterns > 0, 1 - silent, silent)
    chances += weight * of_cell.prod(1)  # within a feel, cells are independent
possible = chances > 0
patterns, chances = 2 * patterns[possible] - 1, chances[possible]
print(f"{len(patterns)} patterns are possible; the most frequent:")
for i in chances.argsort(descending=True)[:4]:
    print("   ", "".join("X" if hit > 0 else "." for hit in patterns[i]), f"{chances[i]:.0%}")

# %%
toy = torch.nn.Sequential(
    torch.nn.Linear(10, 64), torch.nn.SiLU(), torch.nn.Linear(64, 64), torch.nn.SiLU(),
    torch.nn.Linear(64, 8),
)
optimizer = torch.optim.AdamW(toy.parameters(), lr=3e-3)


def predict_clean(x, bar):  # x₀ this time; section 3 shows that x₀ and ε give each other
    return toy(torch.cat([x, bar.sqrt(), (1 - bar).sqrt()], dim=-1))


def noisy_patterns(bar):
    chosen = torch.multinomial(chances, len(bar), replacement=True)
    real = patterns[chosen]
    x_t = bar.sqrt() * real + (1 - bar).sqrt() * torch.randn(real.shape)
    return real, x_t


# %%
steps = run.size(200, 1000)
for step in range(steps):
    bar = bars_2d[torch.randint(1000, (256, 1))]
    real, x_t = noisy_patterns(bar)
    loss = ((predict_clean(x_t, bar) - real) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.param_groups[0]["lr"] = 3e-3 * min(1.0, 2 - 2 * step / steps)  # falls
    optimizer.step()

# %%
noises = (0.1, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99)
errors = {"network": [], "best possible": [], "network, from the best": []}
for noise_level in noises:
    bar = torch.full((4000, 1), 1 - noise_level**2)
    real, x_t = noisy_patterns(bar)
    ideal = denoised_discrete(x_t, bar, patterns, chances)
    with torch.no_grad():
        learned = predict_clean(x_t, bar)
    pairs = ((learned, real), (ideal, real), (learned, ideal))
    for row, (a, b) in zip(errors.values(), pairs, strict=True):
        row.append(float(((a - b) ** 2).mean()))
    if noise_level == 0.8:
        example = torch.stack([real[0], x_t[0], ideal[0], learned[0]])
left, right = plots.axes(1, 2, width=11, height=3.2)
plots.lines(left, noises, errors, xlabel="noise level √(1 − ᾱ)", ylabel="mean squared error of x₀")
plots.matrix(right, example, "one pattern at 80 % noise", diverging=True,
             rows=["pattern", "noisy", "best", "network"])
right.set(xlabel="sixteenth")
worst = noises[int(np.argmax(errors["network, from the best"]))]
print(f"mean over the noise levels: network {np.mean(errors['network']):.3f}, best possible "
      f"{np.mean(errors['best possible']):.3f}; farthest from the best at {worst:.0%} noise")
run.note("toy grammar, error of x₀", np.mean(errors["network"]),
         floor=f"at least {np.mean(errors['best possible']):.3f}")

# %% [markdown]
# *What you should have noticed:* a part of the error cannot be avoided, because noise hides which
# pattern was played. With much noise the best prediction is not one of the patterns: it is a mean
# of several, with values between $-1$ and $1$. Up to chance, the error of the network is the sum of
# two parts. The first is the error of the best prediction. The second is the squared distance
# between the network and the best prediction (the third curve). Only the second falls with
# training. At the lowest noise level the first part is nearly 0, so the second part is almost the
# whole error. The printed line names the level at which the second part is largest.
#
# ## Exercise 2 · The training step (15 minutes)
#
# *Level:* hard. *Goal:* the loss of one batch, with text dropout. `network(x_t, t, text)` returns
# the prediction. `x0`, `noise` and `text` have the shape (batch, n), `t` has (batch,), and
# `alphas_bar` has (T,). In rows where `drop` (batch,) is true, the network receives zeros instead
# of the text. `target` names what the network predicts: "epsilon" ($\varepsilon$), "x0" ($x_0$) or
# "v" ($\sqrt{\bar\alpha_t}\,\varepsilon - \sqrt{1-\bar\alpha_t}\,x_0$). Return the mean of the
# squared errors.

# %% tags=["stub"]
def training_loss(network, x0, text, t, noise, drop, alphas_bar, target):
    return None  # about ten lines


# %% tags=["check"]
from workbench.course.teaching import check_training_loss

check_training_loss(training_loss)

# %% tags=["solution"]
def training_loss(network, x0, text, t, noise, drop, alphas_bar, target):
    bar = alphas_bar[t][:, None]
    signal, sigma = bar.sqrt(), (1 - bar).sqrt()
    x_t = signal * x0 + sigma * noise
    text = torch.where(drop[:, None], 0.0, text)
    prediction = network(x_t, t, text)
    if target == "epsilon":
        wanted = noise
    elif target == "x0":
        wanted = x0
    else:
        wanted = signal * noise - sigma * x0
    return ((prediction - wanted) ** 2).mean()


# %% [markdown]
# ## 3 · Schedules, and three things to predict
#
# A **schedule** gives $\bar\alpha_t$ for each step $t$. Some schedules leave a little signal at the
# last step. Then training never shows pure noise, although sampling starts from pure noise. Such a
# schedule can be rescaled so that $\bar\alpha_T = 0$. It then has **zero terminal SNR**
# (arXiv 2305.08891): the signal-to-noise ratio of the last step is 0.
#
# *Predict:* the drum paper uses the linear schedule. Which factor of the signal,
# $\sqrt{\bar\alpha_t}$, is left at its last step?

# %%
predict("05.3", [0.1, 1.0, 10.0], unit="%")

# %%
from workbench.models.diffusion import SCHEDULES, Diffusion

names = ("linear", "linear-zero-snr", "cosine", "cosine-zero-snr")
curves = {name: SCHEDULES[name](1000).sqrt().clamp(min=1e-5).numpy() for name in names}
whole, end = plots.axes(1, 2, width=9)
plots.lines(whole, range(1000), curves, xlabel="step t", ylabel="factor of the signal √ᾱ")
last_steps = {name: curve[-100:] for name, curve in curves.items()}
plots.lines(end, range(900, 1000), last_steps, xlabel="step t", ylabel="√ᾱ (log)", title="end")
end.set_yscale("log")

# %%
some_latents = system.encode(held_out[:80]).flatten(1)
centred = some_latents - some_latents.mean(0)
widest = float(torch.linalg.svdvals(centred)[0]) / len(centred) ** 0.5
print(f"loops differ most along one direction; their standard deviation there is {widest:.1f}")
for name in names:
    left_over = float(SCHEDULES[name](1000)[-1].sqrt())
    print(f"{name}: √ᾱ at the last step is {left_over:.3%}; along that direction the signal "
          f"has {left_over * widest:.1%} of the noise's amplitude")

# %%
reveal("05.3", 100 * float(SCHEDULES["linear"](1000)[-1].sqrt()))

# %% [markdown]
# *What you should have noticed:* the schedules that are not rescaled end above zero. In images, the
# signal that is left reveals the mean brightness. A network learns to rely on this signal. At
# sampling time there is only noise, of mean 0, so the network generates images of medium brightness
# (arXiv 2305.08891). For these loops the signal that is left is small, even along the direction in
# which they differ most (printed above). So expect little benefit here; the rescaled schedule costs
# nothing.
#
# With zero terminal SNR, $\varepsilon$ is a bad target: at the last step $x_t$ *is* $\varepsilon$,
# so the best prediction is $x_t$ itself, and it contains nothing about $x_0$. There are three usual
# targets. Apart from this case, each of them can be computed from any other one and $x_t$. Let
# $\alpha = \sqrt{\bar\alpha_t}$ and $\sigma = \sqrt{1-\bar\alpha_t}$. The **velocity** (arXiv
# 2202.00512) is $v = \alpha\varepsilon - \sigma x_0$. Any error of the prediction is also an error
# of $\hat x_0$. The last column of the table is the weight of the squared error of $\hat x_0$ in
# the loss: at pure noise it is 0 for $\varepsilon$ and 1 for the two others.
#
# | predicted | $\hat x_0$ | $\hat\varepsilon$ | weight |
# |---|---|---|---|
# | $\varepsilon$ | $(x_t - \sigma\varepsilon)/\alpha$ | $\varepsilon$ | $\alpha^2/\sigma^2$ |
# | $x_0$ | $x_0$ | $(x_t - \alpha x_0)/\sigma$ | 1 |
# | $v$ | $\alpha x_t - \sigma v$ | $\sigma x_t + \alpha v$ | $1/\sigma^2$ |

# %%
clean, eps = torch.randn(6, 3), torch.randn(6, 3)
t = torch.tensor([10, 200, 400, 600, 800, 990])
for prediction in ("epsilon", "x0", "v"):
    process = Diffusion("cosine", prediction=prediction)
    x_t = process.add_noise(clean, eps, t)
    back_x0, back_eps = process.split(process.target(clean, eps, t), x_t, t)
    wrong = max(float((back_x0 - clean).abs().max()), float((back_eps - eps).abs().max()))
    print(f"{prediction:8} converted to x₀ and ε: wrong by {wrong:.1e} at most")

# %% [markdown]
# *What you should have noticed:* the conversions are exact, up to rounding. The shipped system
# predicts $v$, because $\hat x_0$ follows from it at every noise level, pure noise included.
#
# ## 4 · Backwards: from noise to data
#
# A **sampler** starts from noise and evaluates the network at each of its steps. In this section
# the data are single numbers near −1 (30 %) or near +1 (70 %). For these data there is a formula
# for the *best possible* denoiser (`workbench.models.mixture`). No network is trained, so all
# errors come from the sampler. This lesson calls these data the **toy world**.
#
# *Predict:* two samplers start from the same nine values of noise. One of the samplers adds fresh
# noise at its steps. For how many of the nine do the two samplers end at numbers of different sign?

# %%
predict("05.4", [1, 3, 6], unit="paths")

# %%
from workbench.models import mixture
from workbench.models.samplers import SAMPLERS

odds = torch.logit(torch.tensor(0.7))


def best(x, t, path=None):
    """The best predictions of x₀ and ε; x is appended to `path`."""
    bar = mixture.SCHEDULE[t]
    x0 = mixture.denoised(x, bar, odds)
    if path is not None:
        path.append(x.numpy())
    return x0, (x - bar.sqrt() * x0) / (1 - bar).sqrt()


# %%
steps = torch.linspace(999, 0, 101).long()
heights = torch.linspace(-3, 3, 200)
shown = torch.stack([mixture.density(heights, mixture.SCHEDULE[t], odds) for t in steps])
begin, ends = torch.linspace(-2, 2, 9), {}  # the same noise for both
for ax, name in zip(plots.axes(1, 2, width=10), ("ddim", "ddpm"), strict=True):
    path = []
    random = torch.Generator().manual_seed(seed)
    SAMPLERS[name](lambda x, t, path=path: best(x, t, path), begin, mixture.SCHEDULE, 100, random)
    ax.imshow(shown.T.sqrt(), aspect="auto", origin="lower", extent=(0, 100, -3, 3), cmap="Blues")
    ax.plot(range(100), np.array(path), color=plots.COLOURS[5], lw=1)
    ax.set(xlabel="step of the sampler", ylabel="x", ylim=(-3, 3), title=f"{name}: nine paths")
    ends[name] = path[-1]

# %%
reveal("05.4", int(np.sum(np.sign(ends["ddim"]) != np.sign(ends["ddpm"]))))

# %% [markdown]
# *What you should have noticed:* the density (blue) splits into two groups. **DDIM** adds no noise:
# its paths are smooth and do not cross, and the initial noise decides where each one ends.
# **DDPM** adds fresh noise at every step, and a path may change sides.
#
# ## Exercise 3 · A DDIM step (10 minutes)
#
# *Level:* medium. *Goal:* one step of DDIM. From $x_t$ and the predicted $\varepsilon$, compute the
# prediction of the clean data. Then add noise to it again, for the next, less noisy step $s$:
#
# $$\hat x_0 = \frac{x_t - \sqrt{1-\bar\alpha_t}\,\varepsilon}{\sqrt{\bar\alpha_t}}, \qquad
# x_s = \sqrt{\bar\alpha_s}\,\hat x_0 + \sqrt{1-\bar\alpha_s}\,\varepsilon \qquad (4)$$
#
# *Equation (4):* code `workbench.models.samplers.ddim`; paper DDIM (arXiv 2010.02502), eq. 12 with
# its σ at 0.

# %% tags=["stub"]
def ddim_step(x, eps, now, then):  # now: ᾱ_t, then: ᾱ_s
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_ddim_step

check_ddim_step(ddim_step)

# %% tags=["solution"]
def ddim_step(x, eps, now, then):
    x0 = (x - (1 - now) ** 0.5 * eps) / now**0.5
    return then**0.5 * x0 + (1 - then) ** 0.5 * eps


# %% [markdown]
# DDIM assumes that the prediction $\hat x_0$ stays the same until the next step. **DPM-Solver++**
# assumes that $\hat x_0$ changes linearly, along the line through the last two predictions. The
# variable of this line is $\lambda = \log(\alpha/\sigma)$, half of the logarithm of the
# signal-to-noise ratio. Step $i$ leads from $x_i$ to $x_{i+1}$:
#
# $$D = \left(1 + \tfrac{1}{2r}\right)\hat x_0^{(i)} - \tfrac{1}{2r}\,\hat x_0^{(i-1)}, \qquad
# x_{i+1} = \frac{\sigma_{i+1}}{\sigma_i}\,x_i - \alpha_{i+1}\left(e^{-h} - 1\right) D
# \qquad (5)$$
#
# with $h = \lambda_{i+1} - \lambda_i$ and $r = (\lambda_i - \lambda_{i-1})/h$. The name of this
# variant is 2M: second order, multistep (it uses predictions of several steps). Each step needs one
# evaluation of the network. The first step has no earlier prediction and is a step of DDIM; in the
# library the last step is one, too.
#
# *Equation (5):* code `workbench.models.samplers.dpm_solver`; paper DPM-Solver++
# (arXiv 2211.01095), algorithm 2.
#
# ## Exercise 4 · A step of DPM-Solver++ (20 minutes)
#
# *Level:* hard. *Goal:* equation (5). `before`, `now` and `then` are the numbers
# $\bar\alpha_{i-1}$, $\bar\alpha_i$ and $\bar\alpha_{i+1}$. `x0` is the prediction
# $\hat x_0^{(i)}$, and `x0_before` is $\hat x_0^{(i-1)}$.

# %% tags=["stub"]
def dpm_step(x, x0, x0_before, before, now, then):
    return None  # about ten lines


# %% tags=["check"]
from workbench.course.teaching import check_dpm_step

check_dpm_step(dpm_step)

# %% tags=["solution"]
def dpm_step(x, x0, x0_before, before, now, then):
    def lam(bar):
        return 0.5 * np.log(bar / (1 - bar))

    h = lam(then) - lam(now)
    r = (lam(now) - lam(before)) / h
    line = (1 + 1 / (2 * r)) * x0 - 1 / (2 * r) * x0_before
    alpha = then**0.5
    shrink = ((1 - then) / (1 - now)) ** 0.5
    return shrink * x - alpha * np.expm1(-h) * line


# %% [markdown]
# ## 5 · Samplers: how many steps?
#
# *Predict:* with how many steps does DPM-Solver++ come within 0.01 of its smallest error in the toy
# world?
#
# The left figure shows the toy world, where the true distribution is known. It plots the mean
# distance between the sampled numbers and the true ones, both sorted. The right figure plots the
# **Fréchet distance** between generated and held-out loops. This distance models each set of
# embeddings (lesson 03) as a Gaussian, and is 0 if both Gaussians are equal (lesson 12). All
# samplers get the same steps and the same initial noise. The vertical bars span two seeds. The
# floor is the distance between two sets of held-out loops of the same size.

# %%
predict("05.5", [6, 15, 40], unit="steps")

# %%
from workbench.evaluation.distances import frechet_distance

counts = (3, 10, 30) if run.small else (3, 5, 10, 20, 50, 100)
fine = torch.linspace(-2, 2, 40_001, dtype=torch.float64)
shares = mixture.density(fine, torch.ones((), dtype=torch.float64), odds).cumsum(0)
levels = (torch.arange(1000) + 0.5) / 1000
truth = np.interp(levels, shares / shares[-1], fine)  # 1000 quantiles of the true numbers
quantiles = torch.special.ndtri(levels)  # 1000 quantiles of pure noise


def toy_error(name, count):
    """The mean distance between 1000 sampled numbers and the true ones, both sorted."""
    random = torch.Generator().manual_seed(seed)
    start_at = quantiles[torch.randperm(1000, generator=random)]
    sampled = SAMPLERS[name](best, start_at, mixture.SCHEDULE, count, random)
    distance = np.abs(np.sort(sampled.numpy()) - truth)
    return float(distance.mean())


error = {}
for name in SAMPLERS:
    error[name] = [toy_error(name, count) for count in counts]

# %%
n = run.size(24, 64)
order = np.random.default_rng(seed).permutation(len(held_out))
first = [held_out[i] for i in order[:n]]
second = [held_out[i] for i in order[n : 2 * n]]
prompts = [clip.caption for clip in first]
real = system.embed_clips(first).numpy()
floor = float(frechet_distance(real, system.embed_clips(second).numpy()))


def loop_distance(name, count, seed):
    """How far loops of a sampler are from held-out ones."""
    clips = system.generate(prompts, bars=4, steps=count, sampler=name, seed=seed)
    embedded = system.embed_clips(clips).numpy()
    return float(frechet_distance(real, embedded))


grid = (5, 20) if run.small else (5, 10, 20, 50)
seeds = (seed, seed + 1)
table = np.zeros((len(SAMPLERS), len(grid), len(seeds)))
for i, name in enumerate(SAMPLERS):
    for j, count in enumerate(grid):
        for k, s in enumerate(seeds):
            table[i, j, k] = loop_distance(name, count, s)

# %%
left, right = plots.axes(1, 2, width=10, height=3.4)
plots.lines(left, counts, error, xlabel="steps", ylabel="mean error", title="toy world")
left.set_yscale("log")
for ax, ticks in ((left, counts), (right, grid)):
    ax.set_xscale("log")
    ax.set_xticks(ticks, ticks)
    ax.minorticks_off()
for i, name in enumerate(SAMPLERS):
    mean, half = table[i].mean(1), np.ptp(table[i], axis=1) / 2
    right.errorbar(grid, mean, half, label=name, marker=plots.MARKERS[i], color=plots.COLOURS[i])
right.axhline(floor, color=plots.INK, ls=":", label="floor: two real sets")
right.set(xlabel="steps", ylabel="Fréchet distance", title=f"{n} loops")
right.legend();

# %%
best_error = min(error["dpm++"])
enough = next(c for c, e in zip(counts, error["dpm++"], strict=True) if e < best_error + 0.01)
reveal("05.5", enough, "This is DPM-Solver++ in the toy world.")

# %%
samplers, between_seeds = np.ptp(table.mean(2), axis=0).max(), np.ptp(table, axis=2).mean()
print(f"loops: samplers differ by up to {samplers:.3f} at equal steps, "
      f"seeds by {between_seeds:.3f}, and two real sets by {floor:.3f}")
for name, row in error.items():
    print(f"toy world, {name}: {row[0]:.3f} at {counts[0]} steps, {row[-1]:.4f} at {counts[-1]}")
run.note("Fréchet distance, dpm++ 20", table[2, grid.index(20)].mean(), floor=floor)

# %% [markdown]
# *What you should have noticed:* in the toy world DPM-Solver++ needs fewer steps than DDIM. If the
# number of steps doubles, the error of a method of first order, such as DDIM, should be halved.
# That of a method of second order, such as DPM-Solver++, should be divided by four. Compare the
# lines of the figure (at laptop size, from ten steps on). The error of DDPM stops falling, because
# fresh noise makes 1000 samples differ from the truth by chance. For loops, compare the printed
# differences between samplers with those between seeds and with the floor: samplers that differ
# less than seeds cannot be ranked by this number of loops. The same towers embed the loops for the
# distance and steer the system. This favours the system.
#
# ## 6 · The network
#
# The denoiser is a transformer with one vector per beat (DiT, arXiv 2212.09748). It consists of
# **blocks** of the same form. Each block has two halves. In the first, **attention**, the beats
# exchange information. The second, an MLP with one hidden layer, transforms each beat by itself.
# The output of each half is added to its input (a skip connection).
#
# The network also receives the step, the text and the tempo. They become one vector. It sets three
# things for each half of each block: a scale and a shift of the input, and a **gate**, a factor of
# the output (adaLN-Zero). Before training all gates are zero, and each block is the identity.
#
# The text vector comes from the text tower of lesson 03. The parser, whose output lesson 00 shows,
# also writes the request as a **chart**. For each beat the chart contains what the request says
# about it: the metre, the form, the drums, and how dense and loud the bar is. So a request for one
# bar, such as "a fill in bar 4", reaches the beats of this bar. The chart is added to the vectors
# of the beats at the input.
#
# *Predict:* which share of all weights of the network is in the blocks?

# %%
predict("05.6", [50.0, 75.0, 90.0], unit="%")

# %%
boxes = {
    "x": ("x_t\nbeats × latent", 0, 0), "embed": ("linear\n→ width", 1, 0),
    "attend": ("attention\nbeat ↔ beat", 2, 0), "mlp": ("MLP\neach beat", 3, 0),
    "out": ("linear\n→ latent", 4, 0), "v": ("prediction\nv", 5, 0),
    "chart": ("chart\nfacts per beat", 0, 1), "t": ("step t\nsines, cosines", 0, 2),
    "text": ("text, tempo\nor nothing", 0, 3), "c": ("one vector\n→ width", 1, 2),
    "mod": ("modulation\nscale shift gate", 2, 2),
}
arrows = [
    Arrow("x", "embed"), Arrow("embed", "attend"), Arrow("attend", "mlp"), Arrow("mlp", "out"),
    Arrow("out", "v"), Arrow("chart", "embed", "added"), Arrow("t", "c"), Arrow("text", "c"),
    Arrow("c", "mod"), Arrow("mod", "attend"), Arrow("mod", "mlp"),
    Arrow("embed", "mlp", "added", over=True), Arrow("attend", "out", "added", over=True),
]
title = f"The denoiser; attention and MLP are one block, {len(system.denoiser.blocks)} in a row"
diagram(title, boxes, arrows, here=["attend", "mlp"])

# %% [markdown]
# **Attention:** each beat $i$ has three vectors, a query $q_i$, a key $k_i$ and a value $v_i$. All
# three are linear maps of the beat's own vector. Beat $i$ receives $\sum_j a_{ij} v_j$, a weighted
# mean of the values of all beats $j$. The weights $a_{ij} \propto e^{q_i \cdot k_j/\sqrt d}$ add up
# to 1 over $j$: a beat counts more if the dot product of its key with the query is larger (arXiv
# 1706.03762, eq. 1; $d$ is the number of components of a key). Several heads do this in parallel,
# each with its own maps. In this way the snare of bar 4 can depend on that of bar 2. Lesson 09
# builds attention step by step.

# %%
from IPython.display import display

from workbench.course.listing import listing
from workbench.models.denoisers import Block

display(listing(Block.attend, first="q, k, v = (", last="return"))
listing(Block.forward, first="m = (", last="return")

# %%
parts = {name: sum(p.numel() for p in part.parameters())
         for name, part in system.denoiser.named_children()}
for name, size in parts.items():
    print(f"{name:18} {size:9,} weights")

# %%
reveal("05.6", 100 * parts["blocks"] / sum(parts.values()))

# %% [markdown]
# *What you should have noticed:* most weights are in the blocks. The skip connections ("added" in
# the diagram) pass the input on beside each half, so a block only has to learn what to change.
#
# ## 7 · Train it, hear it grow
#
# In this section you train a small network of the same kind, on latents of the shipped autoencoder.
# Its text is only the name of a style, and it receives no chart. The training loop is that of
# section 2, with $v$ as the target and with text dropout. What will you hear before training, and
# what after some steps?
#
# *Predict:* at the end, how large is the Fréchet distance between generated and real loops, as a
# multiple of the floor, the distance between two sets of real loops (section 5)?

# %%
predict("05.7", [2.0, 4.0, 8.0], unit="times the floor")

# %%
from workbench.models.denoisers import TransformerDenoiser

latents = system.encode(loops).clone()  # (loops, 16 beats, numbers)
styles = [clip.labels.get("style") or "drums" for clip in loops]
words = sorted(set(styles))
with torch.no_grad():
    features = system.networks.text_features(system.text_vectors(words))
style_of = torch.tensor([words.index(style) for style in styles])
alphas_bar = system.diffusion.alphas_bar
shape = latents.shape[1:]  # (16 beats, numbers)
width = run.size(64, 128)
net = TransformerDenoiser(shape[-1], features.shape[1], width, depth=2, heads=4, bars=4)
optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3)
size = sum(p.numel() for p in net.parameters())
print(f"{len(latents)} loops, {len(words)} styles, {size:,} weights")


# %%
def training_step(batch=64):
    pick = torch.randint(len(latents), (batch,))
    x0 = latents[pick]
    noise = torch.randn(batch, *shape)
    t = torch.randint(len(alphas_bar), (batch,))
    bar = alphas_bar[t][:, None, None]
    x_t = bar.sqrt() * x0 + (1 - bar).sqrt() * noise
    v = bar.sqrt() * noise - (1 - bar).sqrt() * x0
    known = torch.zeros(batch, 2)  # (text, tempo): the tempo is never given
    known[:, 0] = torch.rand(batch) > 0.15  # the text in 85 %
    prediction = net(x_t, t, features[style_of[pick]], torch.zeros(batch), known)
    loss = ((prediction - v) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


# %%
from workbench.models.diffusion import guided
from workbench.models.samplers import dpm_solver


def sample(names, seed):
    """Latents for names of styles. The same seed gives the same initial noise."""
    rows = len(names)
    text = features[[words.index(name) for name in names]]
    no_tempo = torch.zeros(rows)
    text_known = torch.tensor([[1.0, 0.0]] * rows)
    nothing_known = torch.zeros(rows, 2)

    def denoise_texts(x, t):
        t = torch.full((rows,), t)
        with torch.no_grad():
            with_text = net(x, t, text, no_tempo, text_known)
            without = net(x, t, text, no_tempo, nothing_known)
        v = guided(with_text, without, 1.5)  # section 8 explains this line
        return system.diffusion.split(v, x, t)

    noise = torch.randn(rows, *shape, generator=torch.Generator().manual_seed(seed))
    return dpm_solver(denoise_texts, noise, alphas_bar, 20)


# %%
stops = (0, 20, 60) if run.small else (0, 50, 150, 500)
wanted = [clip.labels.get("style") for clip in first]
wanted = [style if style in words else words[0] for style in wanted]
style = "funk" if "funk" in words else words[0]
history, heard, away = [], [], []
for stop in stops:
    for group in optimizer.param_groups:
        group["lr"] = 2e-3 * (1 if stop < stops[-1] else 0.5)  # smaller steps at the end
    while len(history) < stop:
        history.append(training_step())
    heard.append(system.decode(sample([style], seed), tempo=100)[0])
    embedded = system.embed_clips(system.decode(sample(wanted, seed)))
    away.append(float(frechet_distance(real, embedded.numpy())))
    loss = f"loss {np.mean(history[-20:]):.2f}, " if history else ""
    print(f"{stop:4} steps: {loss}distance {away[-1]:.2f}")
left, right = plots.axes(1, 2, width=9)
plots.lines(left, range(len(history)), {"each step": history}, xlabel="step", ylabel="loss")
plots.lines(right, stops, {"generated": away}, xlabel="step", ylabel="Fréchet distance")
right.axhline(floor, color=plots.INK, ls=":")
run.note("distance after the training here", away[-1], floor=floor)

# %%
reveal("05.7", away[-1] / floor, f"Before training it is {away[0] / floor:.1f} times.")

# %%
from workbench.course.widgets import compare

shipped = system.generate(style, bars=4, tempo=100, seed=seed)[0]
titles = [f"{style}, {stop} steps" for stop in stops]
compare([*heard, shipped], [*titles, "the shipped system"])

# %% [markdown]
# *What you should have noticed:* the untrained network predicts $v = 0$ for every input. Then the
# sampler hardly changes the initial noise, and what you hear is decoded noise. Listen for the step
# of training from which you hear a pulse, and from which bars repeat. The loss falls slowly and
# stays high, because at much noise $x_0$ cannot be known. The distance shows more, but with few
# loops it varies by chance. The shipped system has the same kind of network, with more weights. Its
# texts are whole requests, it receives a chart, and it was trained longer.
#
# ## 8 · Guidance: the strength of the text
#
# **Guidance** is a number that sets how strongly the text acts. What does guidance 0 do?
#
# *Predict:* the prompt requests a ride pattern. In which share of the loops does the ride cymbal
# lead, at the highest guidance of the figure below?

# %%
predict("05.8", [25.0, 50.0, 75.0, 95.0], unit="%")

# %% [markdown]
# The network is evaluated twice, with the text and without it. The difference of the two
# predictions is multiplied by the guidance scale $s$ (arXiv 2207.12598). The network can do both
# because of text dropout in training. In the second evaluation the chart contains no requests
# either.
#
# $$\hat v = v_\varnothing + s\,(v_{\text{text}} - v_\varnothing) \qquad (6)$$
#
# *Equation (6):* code `workbench.models.diffusion.guided`; paper classifier-free guidance
# (arXiv 2207.12598), eq. 6, whose $w$ is $s - 1$.
#
# `generate` uses guidance only in the noisier half of the schedule. In the other half one
# evaluation per step is enough, so a quarter of all evaluations is saved. Guidance in a limited
# range of noise levels was proposed in arXiv 2404.07724.
#
# ## Exercise 5 · Guidance where it is needed (10 minutes)
#
# *Level:* medium. *Goal:* the prediction of a batch for a sampler. `network(x, t, text)` is that of
# exercise 2: for a row of zeros it predicts without a text. `x` and `text` have the shape
# (batch, n), `t` has (batch,). Rows at the noisier steps, from step `first` on, follow equation (6)
# with the given scale. All other rows get the prediction with the text. Return (batch, n).

# %% tags=["stub"]
def guidance(network, x, t, text, scale, first):
    return None  # about four lines


# %% tags=["check"]
from workbench.course.teaching import check_guidance

check_guidance(guidance)

# %% tags=["solution"]
def guidance(network, x, t, text, scale, first):
    with_text = network(x, t, text)
    without = network(x, t, torch.zeros_like(text))
    of_row = torch.where(t >= first, scale, 1.0)[:, None]  # scale 1 is the prediction with text
    return without + of_row * (with_text - without)


# %% [markdown]
# The next cell measures the share of loops that have a trait, here "ride": the ride cymbal leads.

# %%
from workbench.datasets.captions import facts_of


def share(trait, prompt, guidance):
    """The share of loops generated for a prompt that have the trait."""
    n = run.size(8, 24)
    clips = system.generate(prompt, n=n, bars=8, guidance=guidance, tempo=120, seed=seed)
    has_trait = [trait in facts_of(clip).traits for clip in clips]
    return float(np.mean(has_trait))


dial = [0, 1, 2] if run.small else [0, 0.5, 1, 2, 4, 6]
with_ride = [share("ride", "jazz with a ride pattern", s) for s in dial]
plots.lines(plots.axes(width=6), dial, {"ride, requested": with_ride}, xlabel="guidance scale",
            ylabel="share of loops with the trait")
for scale, value in zip(dial, with_ride, strict=True):
    print(f"guidance {scale}: {value:.0%}")

# %%
reveal("05.8", 100 * with_ride[-1], f"At guidance 0 it is {100 * with_ride[0]:.0f} %.")

# %%
jazz = {s: system.generate("jazz with a ride pattern", bars=4, guidance=s, tempo=120, seed=seed)[0]
        for s in dial}


def steered(scale):
    return plots.roll(plots.axes(width=9, height=2.6), DrumRoll.from_clip(jazz[scale]))


explore(steered, Slider("guidance", dial, dial[-1]))

# %%
compare(
    [system.generate("jazz with a ride pattern", bars=4, guidance=s, tempo=120, seed=seed)[0]
     for s in (0, 2, 6)],
    ["guidance 0: ignores the text", "guidance 2, the default", "guidance 6: exaggerated"],
)

# %% [markdown]
# *What you should have noticed:* at 0 the text has no effect. The ride leads about as often as
# without words; section 9 counts how often that is. With a larger scale it leads more often. The
# lines above show from which scale on nearly all loops fulfil the request. For the shipped system a
# small scale is enough, because its chart requests the ride in every bar. The mini-project asks
# what a larger scale costs.
#
# ## 9 · Going further: does it follow the request, or is it chance?
#
# The table has a row per trait and three columns: loops for a prompt that requests the trait; loops
# for an empty prompt; loops for a prompt that requests another trait (a shuffled prompt). A system
# that ignores the text has about the same values in all three columns.
#
# *Predict:* which of these traits is least often present when it is requested?

# %%
predict("05.9", ["busy", "sparse", "ghost notes", "ride", "toms", "open hats"])

# %%
ask = {
    "busy": "a busy beat", "sparse": "a sparse beat with few notes",
    "ghost notes": "groove with ghost notes", "ride": "a ride cymbal pattern",
    "toms": "a beat on the toms", "open hats": "open hi-hats",
}
traits = list(ask)
rows = []
for i, trait in enumerate(traits):
    other = traits[i - 1]
    requested = share(trait, ask[trait], 2)
    without_words = share(trait, "", 1)
    other_requested = share(trait, ask[other], 2)
    rows.append([requested, without_words, other_requested])
table = np.array(rows)
ax = plots.matrix(plots.axes(width=6, height=3), table, rows=traits, unit="share of loops",
                  columns=["requested", "no words", "another requested"])
for (row, column), value in np.ndenumerate(table):
    shade = "white" if value < 0.6 * table.max() else "black"
    ax.text(column, row, f"{value:.2f}", ha="center", va="center", color=shade)
obeyed, empty, shuffled = table.mean(0)
hardest, common = traits[int(table[:, 0].argmin())], traits[int(table[:, 1].argmax())]
print(f"least often obeyed: {hardest} ({table[:, 0].min():.0%}); "
      f"most frequent without words: {common} ({table[:, 1].max():.0%})")
run.note("trait present when requested", obeyed, floor=f"no words {empty:.2f}")
run.note("the same, shuffled prompts", shuffled)

# %%
reveal("05.9", hardest)

# %% [markdown]
# *What you should have noticed:* where the first column is far above the other two, the system
# follows the text. The printed line names the trait that is least often present when it is
# requested, and the trait that is most frequent without words. These prompts name no style. In a
# prompt such as "a busy rock beat" the style may contradict the trait.
#
# ## 10 · Going further: the denoising film
#
# Each frame of the film is the prediction of $x_0$ at one step of the sampler. The decoder outputs
# a hit if its probability is above ½, so every frame looks complete. The figures below show the
# probabilities themselves.
#
# *Predict:* which strokes have the higher mean probability after three steps, the loud ones or the
# ghost notes?

# %%
predict("05.10", ["the loud strokes", "the ghost notes"])

# %%
from workbench.course.widgets import FilmWidget

prompt = "funk with ghost notes, 96 bpm"
film = system.film(prompt, bars=4, steps=20, seed=seed)
FilmWidget(film, prompt)

# %%
from workbench.music.kit import DRUM_NAMES, DRUMS
from workbench.systems.sampling import SamplingSettings

seen = []
settings = SamplingSettings(steps=20, guidance=2, seed=seed)
seeds = settings.seeds(1)  # the film's
charts = system.charts_for([prompt], 4, seeds)
system.sample(
    system.chart_noise(charts, seeds), system.conditioning([prompt], [96], charts), settings,
    callback=lambda step, steps, x0: seen.append(x0),
)
with torch.no_grad():
    parts = [system.autoencoder(system.networks.destandardise(x0)) for x0 in seen]
chance = torch.stack([part[0][0, :, :9].sigmoid() for part in parts])  # (frames, steps, drums)
velocity = parts[-1][1][0, :, :9]
final = chance[-1] > 0.5
loud, soft = final & (velocity > 0.5), final & (velocity <= 0.5)
curves = {
    f"{name} strokes ({int(cells.sum())})": chance[:, cells].mean(1).numpy()
    for name, cells in (("loud", loud), ("soft", soft), ("no", ~final)) if cells.any()
}
plots.lines(plots.axes(width=6), range(1, len(seen) + 1), curves, xlabel="step of the sampler",
            ylabel="mean probability of a hit");

# %%
third = {"the loud strokes": chance[2, loud], "the ghost notes": chance[2, soft]}
third = {name: float(values.mean()) for name, values in third.items() if len(values)}
reveal("05.10", max(third, key=third.get), "This compares the probabilities after three steps.")

# %%
panels = plots.axes(1, 4, width=12, height=2.6)
for ax, frame in zip(panels, (0, 2, 5, 19), strict=True):
    names = [DRUM_NAMES[drum] for drum in DRUMS] if ax is panels[0] else ()
    plots.matrix(ax, chance[frame].T, f"step {frame + 1}: probabilities", rows=names)
    ax.set_xlabel("sixteenth")

# %% [markdown]
# *What you should have noticed:* for cells that end as strokes, the probability is lower at first
# and rises. For cells that end empty it falls. An early prediction is an average over all loops
# that suit the noise, the text and the chart; the decoder's threshold hides this. Compare the
# curves of loud and of soft strokes with your prediction: which is higher after one step, and which
# after three?
#
# ## 11 · Going further: keywords, and keeping a part
#
# The paper has two text encoders. One is BERT, the other receives only 57 keywords. A system with
# each of them is shipped.
#
# *Predict:* of which of these two prompts does the keyword encoder know the smaller share of words?

# %%
predict("05.11", ["jazz swing ride", "something gentle with lots of soft snare in between"])

# %%
keywords = DrumLDM.from_pretrained("drums-groove-keywords")
both = ("jazz swing ride", "something gentle with lots of soft snare in between")
for prompt in both:
    reading = keywords.explain_prompt(prompt)
    print(f"{prompt!r}\n    keywords: {', '.join(reading.keywords) or 'none'}")
    for message in reading.messages:
        print("   ", message)
prompt = "fast punk rock, crash, 170 bpm"
clips = [s.generate(prompt, bars=4, seed=seed)[0] for s in (system, keywords)]
compare(clips, ["BERT", "keywords"])

# %%
shares = {p: len(keywords.explain_prompt(p).keywords) / len(p.split()) for p in both}
reveal("05.11", min(shares, key=shares.get), "This compares keywords per word of the prompt.")

# %% [markdown]
# *What you should have noticed:* the encoder receives only those words of a sentence that are
# keywords. Both systems have the parser, which understands more: "gentle" and "soft" are not
# keywords, but the parser passes them to the network as facts.
#
# **Inpainting** keeps a part of a loop and regenerates the rest. At each step the prediction is
# decoded, the kept cells are inserted, and the result is encoded again. The kept cells of the final
# loop are exactly those of the original.

# %%
keep = np.zeros((64, 9), dtype=bool)
keep[:, 0] = True  # the bass drum
filled = system.inpaint(loop, Region(cells=~keep), prompt="busy funk with open hats", seed=seed)[0]
own, new = DrumRoll.from_clip(loop), DrumRoll.from_clip(filled)
kept = float((own.to_array()[:, [0, 9, 18]] == new.to_array()[:, [0, 9, 18]]).mean())
print(f"bass drum kept: {kept:.0%} of its cells, hit, velocity and offset")
run.note("kept cells unchanged", kept, floor=1.0)
compare([loop, filled], ["original", "bass drum kept, the rest regenerated"])

# %%
from workbench.course.widgets import DrumGrid

DrumGrid(loop, system)

# %% [markdown]
# *What you should have noticed:* the kept cells have the same hits, velocities and offsets as
# before. No number here measures whether the rest fits them: listen.
#
# ## Mini-project · What guidance costs (an hour)
#
# With more guidance more loops have the requested trait, and loops become more alike. Generate 32
# loops at each of five scales and measure both. For each scale, compute the share of loops that
# have the trait, and the mean distance of two loops (the share of cells of
# `rolls_of(clips)[..., :9]` that differ). Plot one over the other. Add a point for real loops with
# that trait. Which scale would you choose as the default?
#
# ## You can now
#
# You added noise to a loop and removed it, wrote the loss and two samplers, trained a diffusion
# model and heard it learn, and steered a trained one with words.
#
# *A limitation to listen for:* are the bars of the generated loops more alike than those of a
# drummer, and do fills stand out less? Listen to the last bars of the loops above.
#
# *Terms:* forward process · schedule · zero terminal SNR · score · text dropout · sampler · DDPM ·
# DDIM · DPM-Solver++ · attention · chart · Fréchet distance · guidance
#
# *Next:* train your own with `train = True`, or `workbench train drums --dataset your/folder`.

# %%
from workbench import quiz

quiz("05")

# %%
run.finish()
