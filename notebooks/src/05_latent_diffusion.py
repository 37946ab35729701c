# %% [markdown]
# # 05 · Latent diffusion
#
# [04 MRLSTM autoencoder](04_mrlstm_autoencoder.ipynb) · [index](00_start_here.ipynb) ·
# [06 VAE-GAN](06_vae_gan.ipynb)
#
# **You will** add noise to a loop and remove it, write the loss and two samplers, train a diffusion
# model and hear it learn, and steer a trained one with words.
#
# **Needs** lessons 03 and 04; variance and the normal distribution; the shipped checkpoints.
# Sections 1 to 8 take about 90 minutes with their exercises; 9 to 11 go further.
# **Time and memory:** printed below. **Exercises:** 55 minutes.
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
# *Predict:* at which share of noise will you no longer recognise the beat? How many of the loop's
# hits are still there at 60 % noise?

# %%
predict("05.1", [40.0, 60.0, 80.0, 95.0], unit="%")

# %% [markdown]
# The autoencoder of lesson 04 turns a loop into a latent $x_0$. The forward process mixes it with
# Gaussian noise $\varepsilon$ (DDPM, eq. 4):
#
# $$x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \varepsilon \qquad (1)$$
#
# $\bar\alpha_t$ is the share of the variance that is signal at step $t$: 1 is no noise, 0 is noise
# only. The latents are standardised to variance 1, so $x_t$ has variance 1 at every step.
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
    x = (1 - level**2) ** 0.5 * x0 + level * noise
    frames.append((level, DrumRoll.from_clip(system.decode(x, tempo=loop.tempo)[0])))
plots.strip(frames);

# %%
clean, noisy = (frames[i][1].hits for i in (0, 2))  # 60 % noise
reveal("05.1", 100 * float((clean & noisy).sum() / clean.sum()))

# %%
from workbench.course.widgets import Slider, explore


def noised(level):
    x = (1 - level**2) ** 0.5 * x0 + level * noise
    ax = plots.axes(width=9, height=2.6)
    return plots.roll(ax, DrumRoll.from_clip(system.decode(x, tempo=loop.tempo)[0]))


explore(noised, Slider("noise level", np.linspace(0, 1, 21), 0.6))

# %% [markdown]
# *What you should have noticed:* the decoder still outputs a plausible beat until noise dominates.
# By ear, at 60 %:

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
# *Predict:* a network sees a noisy $x_t$ and must say which noise was added. What should it answer
# when $x_t$ is nearly pure noise? And when it is nearly clean? Where is its error largest?

# %%
predict("05.2", ["nearly pure noise", "half signal, half noise", "nearly clean"])

# %% [markdown]
# A network with weights $\theta$ predicts the noise. Its loss is the mean squared error over real
# latents $x_0$, noise $\varepsilon \sim \mathcal N(0, I)$ and steps $t$ from 1 to $T$, all equally
# likely:
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
# One step of training (DDPM, algorithm 1) is: take real latents, a random step $t$ and random noise
# for each; mix them by equation (1); predict; go down the gradient. Below it runs in two
# dimensions, where everything can be seen: each point is a stroke on the snare drum, its timing and
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
    level = torch.cat([bar.sqrt(), (1 - bar).sqrt()], dim=-1)  # tells the network t
    return small(torch.cat([x, level], dim=-1))


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
# The **score** is the direction in which the density of $x_t$ grows. The best prediction of the
# noise is the score, up to a factor: $\nabla \log p(x_t) = -\varepsilon/\sqrt{1-\bar\alpha_t}$
# (arXiv 2011.13456). A network that predicts noise knows where the data are dense.

# %%
from workbench.models.samplers import ddim


def denoise(x, t):
    """x₀ and ε, as samplers want them."""
    bar = bars_2d[t].expand(len(x), 1)
    with torch.no_grad():
        eps = predict_noise(x, bar)
    return (x - (1 - bar).sqrt() * eps) / bar.sqrt(), eps


# %%
*fields, last = plots.axes(1, 4, width=12, height=3.2)
some = strokes[torch.randperm(len(strokes))[:400]]
places = torch.cartesian_prod(torch.linspace(-3, 3, 15), torch.linspace(-3, 3, 15))
for ax, t in zip(fields, (800, 400, 50), strict=True):
    signal, sigma = bars_2d[t].sqrt(), (1 - bars_2d[t]).sqrt()
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
    bar, eps = bars_2d[t].expand(len(strokes), 1), torch.randn(strokes.shape)
    with torch.no_grad():
        answer = predict_noise(bar.sqrt() * strokes + (1 - bar).sqrt() * eps, bar)
    wrong[name] = float(((answer - eps) ** 2).mean())
reveal("05.2", max(wrong, key=wrong.get),
       f"Errors: {', '.join(f'{name} {value:.2f}' for name, value in wrong.items())}.")

# %% [markdown]
# *What you should have noticed:* nearly pure noise is the easy case: $x_t$ itself is the answer.
# Where little was added, it can hardly be told from the data. With much noise all arrows point to
# the middle: there the network can only predict the mean. With less noise they point to the groups,
# the accents above and the soft ghost notes below. The sampled strokes (section 4 explains how) lie
# roughly where played ones do; longer training brings them nearer.
#
# **How good can it get?** The loss above stays far from 0. Is that the network's fault? For
# drummers nobody knows. So take a toy grammar whose every loop is known: the bass drum of the
# built-in style rock, in the first two beats of a bar. Each of eight sixteenths is hit ($+1$) or
# not ($-1$), and the grammar says how probable each pattern $s$ is. By Bayes' rule, the best
# prediction of $x_0$ is the mean of all patterns, weighted by how well they explain $x_t$:
#
# $$\hat x_0(x_t) = \sum_s p(s \mid x_t)\, s, \qquad
# p(s \mid x_t) \propto p(s)\, \exp\left(-\frac{\lVert x_t - \sqrt{\bar\alpha_t}\, s\rVert^2}
# {2\,(1-\bar\alpha_t)}\right) \qquad (3)$$
#
# *Equation (3):* code `workbench.models.mixture.denoised_discrete`; paper EDM (arXiv 2206.00364),
# appendix B.3, with a probability for each pattern.
#
# *Predict:* at which noise level will a trained network be farthest from this best prediction?

# %%
from workbench.datasets.grammar import STYLES
from workbench.datasets.grammar.cells import LANE
from workbench.models.mixture import denoised_discrete

rock = STYLES["rock"]
patterns = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 8)  # all 256, 1 is a hit
chances = torch.zeros(len(patterns))
for feel, weight in zip(rock.feels, rock.weights, strict=True):
    silent = torch.tensor(feel.table[0, :8, LANE["BD"], 0]).float()  # of each sixteenth
    of_cell = torch.where(patterns > 0, 1 - silent, silent)
    chances += weight * of_cell.prod(1)  # within a feel, cells are independent
patterns, chances = 2 * patterns[chances > 0] - 1, chances[chances > 0]
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
    real = patterns[torch.multinomial(chances, len(bar), replacement=True)]
    return real, bar.sqrt() * real + (1 - bar).sqrt() * torch.randn(real.shape)


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
# pattern was played. The more noise, the less the best prediction is a pattern: it is a mean of
# several, with values between $-1$ and $1$. The network's error is that of the best prediction plus
# what the network is away from it (the third curve), up to chance. Only this second part falls
# with training. Where there is little noise, all of the network's error is its own.
#
# ## Exercise 2 · The training step (15 minutes)
#
# *Level:* hard. *Goal:* the loss of one batch, with text dropout. `network(x_t, t, text)` predicts;
# `x0`, `noise` and `text` are (batch, n), `t` is (batch,), `alphas_bar` is (T,). In rows where
# `drop` (batch,) is true, the network receives zeros for a text. `target` names what the network
# predicts: "epsilon" ($\varepsilon$), "x0" ($x_0$) or "v"
# ($\sqrt{\bar\alpha_t}\,\varepsilon - \sqrt{1-\bar\alpha_t}\,x_0$). Return the mean of the squares.

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
# *Predict:* the drum paper's schedule ends at step 999. How much signal is left there?
#
# A **schedule** says how $\bar\alpha_t$ falls. Sampling starts from pure noise. If training never
# shows pure noise, because some signal is left at the last step, the two do not match. A rescaled
# schedule has **zero terminal SNR** (arXiv 2305.08891): $\bar\alpha_T = 0$.

# %%
predict("05.3", [0.1, 1.0, 10.0], unit="%")

# %%
from workbench.models.diffusion import SCHEDULES, Diffusion

names = ("linear", "linear-zero-snr", "cosine", "cosine-zero-snr")
curves = {name: SCHEDULES[name](1000).sqrt().clamp(min=1e-5).numpy() for name in names}
whole, end = plots.axes(1, 2, width=9)
plots.lines(whole, range(1000), curves, xlabel="step t", ylabel="share of signal √ᾱ")
last_steps = {name: curve[-100:] for name, curve in curves.items()}
plots.lines(end, range(900, 1000), last_steps, xlabel="step t", ylabel="√ᾱ (log)", title="end")
end.set_yscale("log")
for name in names:
    print(f"{name}: at the last step {SCHEDULES[name](1000)[-1].sqrt():.3%} of √ᾱ is left")

# %%
reveal("05.3", 100 * float(SCHEDULES["linear"](1000)[-1].sqrt()))

# %% [markdown]
# *What you should have noticed:* the plain schedules end above zero (the linear one at 0.6 %). Even
# a little leftover signal reveals how dense and loud a loop is. The network learns to rely on it in
# training. At sampling time the start is pure noise, but the network trusts it anyway.
#
# With zero terminal SNR, $\varepsilon$ is a bad thing to predict: at the last step $x_t$ *is*
# $\varepsilon$, so predicting it is trivial and says nothing about $x_0$. A network may predict any
# of three things, each of which gives the others. Here $\alpha = \sqrt{\bar\alpha_t}$ and
# $\sigma = \sqrt{1-\bar\alpha_t}$; the velocity (arXiv 2202.00512) is
# $v = \alpha\varepsilon - \sigma x_0$. The last column is the weight that the
# squared error of the implied $\hat x_0$ has in the loss. At pure noise it is 0 for
# $\varepsilon$ and 1 for the others:
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
# predicts $v$, which means something at every noise level.
#
# ## 4 · Backwards: from noise to data
#
# *Predict:* two samplers start from the same noise, nine times. One adds fresh noise on the way.
# How will their paths differ, and how many end on different sides?
#
# A **sampler** calls the network again and again. Here the data are single numbers near −1 (30 %)
# or near +1 (70 %): a toy world whose *best possible* denoiser is a formula
# (`workbench.models.mixture`), so that nothing is left to learn and only the sampler is to blame.

# %%
predict("05.4", [1, 3, 6], unit="paths")

# %%
from workbench.models import mixture
from workbench.models.samplers import SAMPLERS

odds = torch.logit(torch.tensor(0.7))


def best(x, t, path=None):
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
# *Level:* medium. *Goal:* one step back. From $x_t$ and the predicted $\varepsilon$, first the
# prediction of the clean data, then noise it again to the next, lower level $s$:
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
# DDIM takes each prediction as if it stayed the same until the next step. **DPM-Solver++** assumes
# that $\hat x_0$ changes along a line, which it draws through the last two predictions. It measures
# progress by $\lambda = \log(\alpha/\sigma)$, half the logarithm of the signal-to-noise ratio:
#
# $$D = \left(1 + \tfrac{1}{2r}\right)\hat x_0^{(i)} - \tfrac{1}{2r}\,\hat x_0^{(i-1)}, \qquad
# x_{i+1} = \frac{\sigma_{i+1}}{\sigma_i}\,x_i - \alpha_{i+1}\left(e^{-h} - 1\right) D
# \qquad (5)$$
#
# with $h = \lambda_{i+1} - \lambda_i$ and $r = (\lambda_i - \lambda_{i-1})/h$. Each step needs one
# evaluation of the network ("2M": second order, multistep).
#
# *Equation (5):* code `workbench.models.samplers.dpm_solver`; paper DPM-Solver++
# (arXiv 2211.01095), algorithm 2.
#
# ## Exercise 4 · A step of DPM-Solver++ (20 minutes)
#
# *Level:* hard. *Goal:* equation (5). `before`, `now`, `then` are $\bar\alpha_{i-1}$,
# $\bar\alpha_i$, $\bar\alpha_{i+1}$; `x0` is the prediction now, `x0_before` the one before.

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
# *Predict:* how many steps does each sampler need until more make no difference? DPM-Solver++ in
# the toy world, for an error within 0.01 of its best?
#
# On the left the toy world, where the truth is known: how far the sampled numbers are from it, in
# the mean. On the right loops, by the Fréchet distance between contrastive embeddings of generated
# and held-out loops. All samplers get the same steps and the same initial noise; the bars span two
# seeds. The floor is the distance between two sets of held-out loops of the same size.

# %%
predict("05.5", [6, 15, 40], unit="steps")

# %%
from workbench.evaluation.distances import frechet_distance

counts = (3, 10, 30) if run.small else (3, 5, 10, 20, 50, 100)
fine = torch.linspace(-2, 2, 40_001, dtype=torch.float64)
shares = mixture.density(fine, torch.ones((), dtype=torch.float64), odds).cumsum(0)
levels = (torch.arange(1000) + 0.5) / 1000
truth = np.interp(levels, shares / shares[-1], fine)  # 1000 quantiles of the true numbers
quantiles = torch.special.ndtri(levels)  # and of pure noise


def toy_error(name, count):
    """How far 1000 sampled numbers, in order, are from the true ones."""
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
# *What you should have noticed:* in the toy world, from ten steps on, twice as many steps halve the
# error of DDIM and quarter that of DPM-Solver++, as first and second order promise. DDPM's stops
# falling, because fresh noise makes 1000 samples differ from the truth by chance. For loops the
# differences between samplers are small beside those between seeds and beside the floor (the
# figures are printed above): a few steps are enough here, and this number of loops gives no
# ranking. The same towers embed the loops and steer the system, which favours the system.
#
# ## 6 · The network
#
# *Predict:* the noise level, the text and the tempo all have to reach the network, and so does a
# request for one bar only, such as "a fill in bar 4". Where would you feed them in? And how many of
# all weights will be in the blocks?
#
# The denoiser is a transformer with one token per beat (DiT, arXiv 2212.09748). Each **block**
# first lets the beats exchange information (**attention**), then transforms each beat by itself (an
# MLP with one hidden layer). Both add to what is there. Step, text and tempo become one vector,
# which sets a scale, a shift and a gate for each half of each block (adaLN-Zero): at first all
# gates are zero, and each block is the identity.
#
# The text vector comes from the text tower of lesson 03. The parser, whose answers lesson 00 shows,
# also writes the request as a **chart**: for each beat the metre, the form, how dense and loud its
# bar is, and which drums play, as far as the request says so. It is added to the beats at the
# input.

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
# **Attention:** each beat $i$ sends a query $q_i$, offers a key $k_i$ and holds a value $v_i$, all
# three linear maps of its vector. It receives $\sum_j a_{ij} v_j$, where the weights
# $a_{ij} \propto e^{q_i \cdot k_j/\sqrt d}$ add up to 1 over the beats $j$: beats whose keys suit
# its query count most (arXiv 1706.03762, eq. 1; $d$ is the length of a key). Several heads do this
# side by side. The snare of bar 4 can follow that of bar 2 in this way.

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
# *What you should have noticed:* most weights are in the blocks. The skip connections ("added")
# carry the input past each block, so a block only has to learn what to change.
#
# ## 7 · Train it, hear it grow
#
# *Predict:* what will you hear after 0 steps of training? And after 100? How far from real loops
# will the generated ones be at the end, where two sets of real loops are 1 apart?
#
# A small network of the same kind learns here from scratch, on latents of the shipped autoencoder.
# Its text is only the name of a style, and it has no chart. This is section 2's loop with $v$ as
# the target, and with text dropout.

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
alphas_bar, shape, width = system.diffusion.alphas_bar, latents.shape[1:], run.size(64, 128)
net = TransformerDenoiser(shape[-1], features.shape[1], width, depth=2, heads=4, bars=4)
optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3)
size = sum(p.numel() for p in net.parameters())
print(f"{len(latents)} loops, {len(words)} styles, {size:,} weights")


# %%
def training_step(batch=64):
    pick = torch.randint(len(latents), (batch,))
    x0, noise = latents[pick], torch.randn(batch, *shape)
    t = torch.randint(len(alphas_bar), (batch,))
    bar = alphas_bar[t][:, None, None]
    x_t = bar.sqrt() * x0 + (1 - bar).sqrt() * noise
    v = bar.sqrt() * noise - (1 - bar).sqrt() * x0
    known = torch.zeros(batch, 2)  # (text, tempo): the tempo is never given
    known[:, 0] = torch.rand(batch) > 0.15  # the text in 85 %
    loss = ((net(x_t, t, features[style_of[pick]], torch.zeros(batch), known) - v) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


# %%
from workbench.models.diffusion import guided
from workbench.models.samplers import dpm_solver


def sample(names, seed):
    """Latents for names of styles, always from the same noise."""
    text, rows = features[[words.index(name) for name in names]], len(names)
    no_tempo = torch.zeros(rows)

    def denoise_texts(x, t):
        t = torch.full((rows,), t)
        with torch.no_grad():
            with_text = net(x, t, text, no_tempo, torch.tensor([[1.0, 0.0]] * rows))
            without = net(x, t, text, no_tempo, torch.zeros(rows, 2))
        return system.diffusion.split(guided(with_text, without, 1.5), x, t)

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
# *What you should have noticed:* the untrained network predicts 0 for everything, so that the
# initial noise is decoded. Listen for the step from which a pulse stands out, and bars repeat. The
# loss falls slowly and stays high: at much noise nobody can know $x_0$. The distance tells more,
# though with few loops it jumps. The shipped system is the same kind of network, with more weights,
# whole requests for a text, a chart, and more hours of training.
#
# ## 8 · Guidance: the dial
#
# *Predict:* what does guidance 0 do? And in how many loops will the ride cymbal lead at the highest
# guidance, if the prompt requests it?

# %%
predict("05.8", [25.0, 50.0, 75.0, 95.0], unit="%")

# %% [markdown]
# The network is evaluated twice, with the text and without, and the difference is exaggerated
# (arXiv 2207.12598). Both work because of text dropout in training. What the text requests in
# the chart is left out together with the text: only the first evaluation receives it. `generate`
# guides in the noisier half of the schedule only; this saves a quarter of the evaluations
# (arXiv 2404.07724).
#
# $$\hat v = v_\varnothing + s\,(v_{\text{text}} - v_\varnothing) \qquad (6)$$
#
# *Equation (6):* code `workbench.models.diffusion.guided`; paper classifier-free guidance
# (arXiv 2207.12598), eq. 6, whose $w$ is $s - 1$.
#
# ## Exercise 5 · Guidance (5 minutes)
#
# *Level:* easy. *Goal:* equation (6). At scale 1 only the prediction with text is left, at 0 the
# one without.

# %% tags=["stub"]
def guidance(with_text, without, scale):
    return None  # your line here


# %% tags=["check"]
from workbench.course.teaching import check_guidance

check_guidance(guidance)

# %% tags=["solution"]
def guidance(with_text, without, scale):
    return without + scale * (with_text - without)


# %% [markdown]
# The measure: in how many loops does the ride cymbal lead, if the prompt requests it?

# %%
from workbench.datasets.captions import facts_of


def share(trait, prompt, guidance):
    n = run.size(8, 24)
    clips = system.generate(prompt, n=n, bars=8, guidance=guidance, tempo=120, seed=seed)
    return float(np.mean([trait in facts_of(clip).traits for clip in clips]))


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
# *What you should have noticed:* at 0 the text has no effect: the ride leads about as often as
# without words, which section 9 counts. Then the dial works. The lines above say from which scale
# on nearly all loops obey; for the shipped system it is a small one, because its chart requests the
# ride in every bar. What more guidance costs, the mini-project asks.
#
# ## 9 · Going further: does it obey, or is it luck?
#
# *Predict:* which of these traits follows its request least often?
#
# Three columns: the trait is requested; nothing is requested; another trait is requested (a
# shuffled prompt). A model that ignores text has three equal columns.

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
    rows.append([requested, without_words, share(trait, ask[other], 2)])
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
# *What you should have noticed:* where the first column is far above the other two, the model reads
# the text. The line above names the trait that follows its request least often, and the one that is
# there anyway. These prompts name no style; beside one ("a busy rock beat") a trait has
# competition.
#
# ## 10 · Going further: the denoising film
#
# *Predict:* what is decided first, the loud strokes or the ghost notes?
#
# Each frame is the prediction of $x_0$ at one step. The decoder counts a cell as hit if its
# probability is above ½, so every frame looks complete. The probabilities below show more.

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
# *What you should have noticed:* the cells that end as strokes are less probable at first and grow
# more certain; those that stay empty fall. The early prediction is an average over all loops that
# the noise, the text and the chart allow, and the threshold hides that. Compare the curves of loud
# and of soft strokes with your prediction: which is higher after one step, and which after three?
#
# ## 11 · Going further: keywords, and keeping a part
#
# *Predict:* which of the two prompts below will the keyword system understand less of?
#
# The paper's other text encoder sees only 57 keywords. Both are shipped.

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
# *What you should have noticed:* keywords work as long as one uses them. Of a sentence this encoder
# sees the words that it knows, and nothing of what stands between them. The parser, which both
# systems have, reads more of it: "gentle" and "soft" are not keywords, but reach the network as
# facts.
#
# **Inpainting** keeps a part and regenerates the rest. At each step the prediction is decoded, the
# kept cells are put in, and the result is encoded again. The kept cells come back exactly.

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
# *What you should have noticed:* what is kept is kept to the last velocity. Whether the rest fits
# it is for the ear: no figure here measures it.
#
# ## Mini-project · What guidance costs (an hour)
#
# Guidance makes loops obey, and makes them alike. Generate 32 loops at each of five scales, and
# measure both: how many have the trait that you request, and how far apart two of them are on
# average (cells of `rolls_of(clips)[..., :9]` that differ). Plot one over the other. Where do real
# loops with that trait lie, and which scale would you ship?
#
# ## You can now
#
# You noised a loop and undid it, wrote the loss and two samplers, heard a model learn, and steered
# another with words.
#
# *One limitation heard:* bars are more alike than a drummer's, and fills stand out less; listen to
# the last bar of the loops above.
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
