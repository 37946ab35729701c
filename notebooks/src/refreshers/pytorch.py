# %% [markdown]
# # Refresher: PyTorch in three cells
#
# [Index of the course](../00_start_here.ipynb)
#
# **For** lessons 03 to 11. **You need** NumPy arrays and what a derivative is.
#
# **1 · Tensors.** A tensor is an array with a shape. Most errors are wrong shapes, so write the
# shape beside each line. A sum over an axis removes that axis. **Broadcasting** repeats an axis of
# length 1 to fit: `(4, 1)` against `(9,)` gives `(4, 9)`.

# %%
import numpy as np
import torch

from workbench import plots

torch.manual_seed(0)
hits = (torch.rand(4, 128, 9) < 0.1).float()  # 4 loops, 128 steps, 9 drums
density = hits.sum((1, 2)) / 32  # (4,): hits per beat, because 128 steps are 32 beats
share = hits.mean(1)  # (4, 9): how often each drum is hit
loud = torch.tensor([0.5, 1.0, 1.5, 2.0])[:, None]  # (4, 1), one factor per loop
print("density", tuple(density.shape), "share", tuple(share.shape))
print("factor times share", tuple((loud * share).shape))

# %% [markdown]
# **2 · Gradients.** PyTorch records what is computed from a tensor with `requires_grad=True`.
# `backward()` then gives the derivative of one number with respect to each such tensor. It *adds*
# to `.grad`, which is why each training step begins with zeros. Below, the same derivative by a
# small difference.

# %%
weight = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)


def loss_of(w):
    return (torch.sin(3 * w) - 0.5) ** 2


loss_of(weight).backward()
small = 1e-6
difference = (loss_of(weight + small) - loss_of(weight - small)) / (2 * small)
print(f"backward {float(weight.grad):.6f}, by a difference {difference.item():.6f}")
loss_of(weight).backward()  # without setting the gradient to zero
print(f"after a second backward: {float(weight.grad):.6f}")

# %% [markdown]
# **3 · The training loop.** Five lines that every lesson repeats: predict, compute the loss, set
# the gradients to zero, `backward`, step. Here a network with one hidden layer learns a curve from
# noisy points.

# %%
x = torch.linspace(-3, 3, 80)[:, None]  # (80, 1)
y = torch.sin(2 * x) + 0.1 * torch.randn(80, 1)
network = torch.nn.Sequential(torch.nn.Linear(1, 64), torch.nn.Tanh(), torch.nn.Linear(64, 1))
optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
losses = []
for _ in range(400):
    loss = ((network(x) - y) ** 2).mean()  # predict, and compare
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
with torch.no_grad():  # no record is needed to predict
    curve = network(x)[:, 0].numpy()
left, right = plots.axes(1, 2, width=10)
plots.lines(left, range(400), {"loss": np.array(losses)}, xlabel="step", ylabel="squared error")
plots.lines(right, x[:, 0].numpy(), {"network": curve, "points": y[:, 0].numpy()}, xlabel="x",
            ylabel="y")
print(f"loss {losses[0]:.2f} at first, {np.mean(losses[-20:]):.3f} at the end")

# %% [markdown]
# **Try:** leave `optimizer.zero_grad()` out. Use `lr=1`. Use one hidden unit instead of 64. Predict
# each result before you run it.
#
# **More:** [the tutorials of PyTorch](https://pytorch.org/tutorials/beginner/basics/intro.html).
