# %% [markdown]
# # Refresher: probability in three cells
#
# [Index of the course](../00_start_here.ipynb)
#
# **For** lessons 01, 02, 05, 06 and 09 to 13. **You need** sums and logarithms.
#
# **1 · To sample, and to estimate.** A **distribution** says how probable each value is. To
# **sample** is to pick a value by these probabilities. The mean of $n$ independent samples misses
# the true mean by about $\sigma/\sqrt n$, where $\sigma$ is the standard deviation: for half the
# error one needs four times as many.

# %%
from itertools import pairwise

import numpy as np

from workbench import plots

random = np.random.default_rng(0)
p = 0.3  # a drum is hit with this probability at each step
sizes = np.array([10, 40, 160, 640, 2560])
errors = [np.abs((random.random((400, n)) < p).mean(1) - p).mean() for n in sizes]
theory = (p * (1 - p)) ** 0.5 / np.sqrt(sizes) * (2 / np.pi) ** 0.5  # mean of |error|
ax = plots.lines(plots.axes(width=6), sizes, {"measured": errors, "σ/√n": theory},
                 xlabel="samples n", ylabel="mean error")
ax.set(xscale="log", yscale="log")
print("the error falls by", ", ".join(f"{a / b:.1f}" for a, b in pairwise(errors)),
      "times for four times as many samples")

# %% [markdown]
# **2 · Surprise, entropy, KL.** The probability of many events is a product, which soon is too
# small for a computer. So one adds logarithms. $-\ln p$ is the **surprise** of an event in nats
# (with $\log_2$: in bits). Its mean is the **entropy** $H(p) = -\sum_k p_k \ln p_k$. If $q$ is
# believed and $p$ is true, the mean surprise is larger, by the **KL** divergence
# $\sum_k p_k \ln (p_k/q_k)$. It is never negative, and it is not a distance: exchange $p$ and $q$,
# and it changes.

# %%
p = np.array([0.5, 0.25, 0.125, 0.125])
q = np.array([0.25, 0.25, 0.25, 0.25])


def kl(a, b):
    return float((a * np.log2(a / b)).sum())


entropy = -(p * np.log2(p)).sum()
believed = -(p * np.log2(q)).sum()
print(f"entropy {entropy:.2f} bits; if q is believed {believed:.2f} bits")
print(f"KL of q from p {kl(p, q):.3f}, of p from q {kl(q, p):.3f}")
print(f"0.3 to the power of 1000: {0.3**1000}; its logarithm: {1000 * np.log(0.3):.0f}")

# %% [markdown]
# **3 · The normal distribution.** Variances of independent parts add up; standard deviations do
# not. That is why diffusion mixes a signal of variance 1 as
# $\sqrt{\bar\alpha}\, x + \sqrt{1 - \bar\alpha}\, \varepsilon$: the variance stays
# $\bar\alpha + (1 - \bar\alpha) = 1$. Mixed without the roots, it sinks.

# %%
signal = random.choice([-1.0, 1.0], 20_000)  # mean 0, variance 1
noise = random.standard_normal(20_000)
shares = np.linspace(0, 1, 21)
with_roots = [(a**0.5 * signal + (1 - a) ** 0.5 * noise).var() for a in shares]
without = [(a * signal + (1 - a) * noise).var() for a in shares]
left, right = plots.axes(1, 2, width=10)
plots.lines(left, shares, {"with roots": with_roots, "without": without},
            xlabel="share of signal ᾱ", ylabel="variance")
left.set_ylim(0, 1.1)
groups = {f"ᾱ = {a}": a**0.5 * signal + (1 - a) ** 0.5 * noise for a in (0.99, 0.7, 0.1)}
plots.histogram(right, groups, bins=np.linspace(-3, 3, 61), xlabel="x")
print(f"half-way the variance is {with_roots[10]:.2f} with roots and {without[10]:.2f} without")

# %% [markdown]
# **Try:** which $q$ makes the KL infinite? What is the variance of the mean of four independent
# numbers of variance 1? Predict, then compute.
#
# **More:** Grinstead and Snell, *Introduction to Probability*, chapters 1, 6 and 9.
