# %% [markdown]
# # 04 · The MRLSTM autoencoder
#
# [03 Contrastive pre-training](03_contrastive_pretraining.ipynb) · [index](00_start_here.ipynb) ·
# [05 Latent diffusion](05_latent_diffusion.ipynb)
#
# **You will** read a loop at three resolutions, press it into a few numbers a beat, and walk from
# one loop to another.
#
# **Needs** lesson 01; what a layer of a network is, and logarithms; the shipped checkpoint.
# **Time and memory:** printed below. **Exercises:** 20 minutes.
# **Library:** `workbench.models.mrlstm`, `workbench.evaluation.drums`.
# **Paper:** arXiv 2408.02711, section 4.2.

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop (minutes), gpu, paper
dataset = "groove"  # "groove", "builtin", or a folder of MIDI files
seed = 0  # of everything random
train = False  # True trains a system here; False loads the shipped one

# %%
from workbench import DrumLDM, load, plots, start

run = start("04", profile=profile, dataset=dataset, seed=seed, train=train)

# %%
import torch

from workbench.datasets import cut_loops
from workbench.representations.drum_roll import DrumRoll, rolls_of

if run.train:
    system = DrumLDM.train(
        run.dataset, run.profile, out=f"runs/drums-{run.profile}", watch=plots.LivePlot()
    )
else:
    system = DrumLDM.from_pretrained("drums-groove-bert")
autoencoder = system.autoencoder
held_out = cut_loops(load(run.dataset, split="test", limit=run.size(50, 190)), bars=8, hop_bars=8)
rolls = torch.from_numpy(rolls_of(held_out, slots=system.slots))
first = rolls[..., :27].numpy()  # a cell may hold a second hit; what follows counts the first
print(f"{len(held_out)} loops of eight bars from the test split of {run.dataset}")

# %% [markdown]
# ## 1 · Three resolutions, every phase
#
# *Predict:* at stride 4 on sixteenths, what does an LSTM hear of a steady eighth-note hi-hat?
#
# Rhythm lives on several levels at once: sixteenths, eighths, beats. The **multi-resolution LSTM**
# reads the same steps at strides 1, 2 and 4. At stride 4 the sequence falls apart into four
# *phases*: all first sixteenths of the beats, all second ones, and so on. The same weights read
# each phase, so no step is dropped and the outputs can be laid side by side.

# %%
def eighths(clip):
    first = DrumRoll.from_clip(clip).hits[:16, 2].astype(int)
    return first[::2].sum() - first[1::2].sum()


loop = max((clip for clip in held_out if not clip.labels.get("tiled")), key=eighths)
hats = DrumRoll.from_clip(loop).hits[:16, 2].astype(int)
print("closed hi-hat, one bar:", *hats)
for stride in (2, 4):
    for phase in range(stride):
        print(f"  stride {stride}, phase {phase}:", *hats[phase::stride])

# %% [markdown]
# *What you should have noticed:* a phase at stride 4 holds one place in the beat. A steady pattern
# is constant in each phase: what is left for this LSTM to hear is what changes from beat to beat.
#
# ## Exercise 1 · Phases (5 minutes)
#
# *Goal:* from an array `(time, channels)` make `(stride, time/stride, channels)`, one phase each.

# %% tags=["stub"]
def phases(x, stride):
    return None  # your line here


# %% tags=["check"]
from workbench.course.teaching import check_phases

check_phases(phases)

# %% tags=["solution"]
def phases(x, stride):
    return x.reshape(-1, stride, x.shape[1]).swapaxes(0, 1)


# %% [markdown]
# ## 2 · Rebuilt: what survives?
#
# *Predict:* which will suffer more, the hits or their velocities?
#
# A loop of eight bars has 128 × 9 cells, each with a hit, a velocity and an offset. The encoder of
# the **autoencoder** leaves a latent of a few numbers a beat; the decoder rebuilds the loop.
#
# **Precision** $P$ is the share of rebuilt hits that were played, **recall** $R$ the share of
# played hits that were rebuilt, and F1 their harmonic mean, over the cells of all loops together:
#
# $$F_1 = \frac{2PR}{P+R} \qquad (1)$$
#
# *Equation (1):* code `workbench.evaluation.drums.reconstruction`; paper van Rijsbergen 1979,
# *Information retrieval*, chapter 7.
#
# ## Exercise 2 · How many hits survive (5 minutes)
#
# *Goal:* equation (1) from `true` and `rebuilt`, hits of one shape, True and False.

# %% tags=["stub"]
def f1(true, rebuilt):
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_f1

check_f1(f1)

# %% tags=["solution"]
def f1(true, rebuilt):
    both = (true & rebuilt).sum()
    return 2 * both / (true.sum() + rebuilt.sum())



# %%
from workbench.course.widgets import compare
from workbench.evaluation.drums import reconstruction

with torch.inference_mode():
    latent = autoencoder.encode(rolls)
    rebuilt = autoencoder.decode(latent)
scores = reconstruction(first, rebuilt[..., :27].numpy())
print(f"latent: {latent.shape[1]} beats × {latent.shape[2]} numbers")
print({name: round(value, 4) for name, value in scores.items()})
print(f"velocities are off by {127 * scores['velocity_error']:.0f} of 127")
heard = system.decode(system.encode([loop]), tempo=loop.tempo, caption="rebuilt")[0]
compare([loop.excerpt(0, 16), heard.excerpt(0, 16)], ["played", "rebuilt"])

# %%
from workbench.evaluation.baselines import independent_cells

chance = independent_cells(first, len(first), seed=seed)
floor = reconstruction(first, chance)
run.note("F1 of hits", scores["f1"], floor=floor["f1"])
run.note("velocity error (0 to 1)", scores["velocity_error"], floor=floor["velocity_error"])
run.note("offset error", scores["offset_error"], floor=floor["offset_error"], unit="steps")

# %% [markdown]
# *What you should have noticed:* with the shipped checkpoint hardly a hit is lost, and velocities
# move little. The floor draws each cell at random with the right probability for its place in the
# bar.
#
# ## 3 · What does each resolution see?
#
# *Predict:* which stride can the encoder least do without? And the decoder?
#
# Silence the features of one stride and rebuild: what is lost now, the other two do not provide.
# Both networks also hand their input on *past* the LSTMs, so silence all three strides as well:
# what is left then came by that way.

# %%
def errors(part, silent):
    """Hits missed or invented, 100 · (1 − F1), with some strides of a part silenced."""

    def silence(network, inputs, output):
        output = output.clone()
        for i in silent:
            output.chunk(len(network.strides), dim=-1)[i].zero_()
        return output

    hook = getattr(autoencoder, part).register_forward_hook(silence)
    with torch.no_grad():
        heard = autoencoder.decode(autoencoder.encode(rolls))
    hook.remove()
    return 100 * (1 - reconstruction(first, heard[..., :27].numpy())["f1"])


# %%
silenced = {"none": (), "stride 1": (0,), "stride 2": (1,), "stride 4": (2,), "all": (0, 1, 2)}
for ax, part in zip(plots.axes(1, 2, width=9), ("encoder", "decoder"), strict=True):
    lost = {name: errors(part, silent) for name, silent in silenced.items()}
    plots.bars(ax, lost, ylabel="100 · (1 − F1 of hits)", title=f"silenced in the {part}")
    run.note(f"errors, {part} silenced", lost["all"], unit="100 · (1 − F1)")

# %% [markdown]
# *What you should have noticed:* mind the two scales. The bar of "none" is the error without any
# silencing; what a stride costs is the difference from it. With the shipped checkpoint that is
# about a point and a half at most, and most for stride 1: the resolutions know much of the same.
# Without its LSTMs the encoder still passes on most hits (about 7 points are lost); the decoder
# cannot do without its own (about 34). And a zero is an input that the network never met, so this
# shows what *this* network relies on, no more. Whether three strides beat one of equal size needs
# new trainings: `workbench evaluate drums --only ablation` (the card says: in two seeds of three,
# and by half a point).
#
# ## 4 · "No hit" is not "a soft hit"
#
# *Predict:* a network is unsure whether a ghost note of velocity 0.3 is there. What does the mean
# squared error make it say?
#
# The paper's autoencoder predicts velocities and is trained by the squared error. If a note is
# there half of the time, the best answer is half its velocity, every time: a note nobody played.
# Ours predicts separately how probable a hit is (binary cross-entropy), its velocity and its offset
# from the grid:
#
# $$L = -\tfrac{1}{H}\sum_{c} \left[h_c \log p_c + (1-h_c)\log(1-p_c)\right]
# + \tfrac{\lambda}{H}\sum_{c:\,h_c=1} \left[(v_c-\hat v_c)^2 + (o_c-\hat o_c)^2\right]
# \qquad (2)$$
#
# For each cell $c$ of the roll, $h_c$ is 1 if it is hit, and $p_c$ is the predicted probability of
# that; $v_c$ and $o_c$ are velocity and offset of a hit, $\hat v_c$ and $\hat o_c$ the predicted
# ones. $H$ is the number of true hits and $\lambda = 20$.
#
# *Equation (2):* code `workbench.models.mrlstm.DrumAutoencoder.loss`; paper arXiv 2408.02711,
# section 4.2, has the squared error alone (`PaperAutoencoder.loss`); a decoder that says
# probabilities is in arXiv 1312.6114, appendix C.1.

# %%
import numpy as np

velocity = np.where(np.arange(1000) % 2 == 0, 0.3, 0.0)  # a ghost note, every other time
answers = np.linspace(0, 0.4, 81)
error = [((velocity - a) ** 2).mean() for a in answers]
plots.lines(plots.axes(width=6), answers, {"squared error": error}, xlabel="answer (velocity)",
            ylabel="mean squared error")
print(f"least error at velocity {answers[int(np.argmin(error))]:.2f}, which was never played")

# %% [markdown]
# *What you should have noticed:* the squared error is least for a note that nobody played. With two
# outputs the answer is "half of the time, at 0.3", and both are true.
#
# ## Exercise 3 · The hit loss (10 minutes)
#
# *Goal:* the first sum of equation (2), the **binary cross-entropy**, from logits $x$ (with
# $p = 1/(1+e^{-x})$) and true hits, both torch tensors. $H$ is the number of true hits.

# %% tags=["stub"]
def hit_loss(logits, hits):
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_hit_loss

check_hit_loss(hit_loss)

# %% tags=["solution"]
def hit_loss(logits, hits):
    p = torch.sigmoid(logits)
    cost = -(hits * torch.log(p) + (1 - hits) * torch.log(1 - p))
    return cost.sum() / hits.sum()


# %% [markdown]
# ## 5 · What the decoder forgives
#
# *Predict:* how much noise on the latent until a tenth of the hits are wrong?
#
# Diffusion will hand the decoder latents that are almost right. In training the latent is noised by
# up to 0.6, so that the decoder learns to forgive. Each number of the latent has a spread of one;
# the noise is measured in the same unit.

# %%
levels = (0.0, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
generator = torch.Generator().manual_seed(seed)
spread = latent[:64].flatten(0, 1).std(0)
f1 = []
with torch.inference_mode():
    for level in levels:
        noise = torch.randn(latent[:64].shape, generator=generator)
        noisy = autoencoder.decode(latent[:64] + level * spread * noise)
        f1.append(reconstruction(first[:64], noisy[..., :27].numpy())["f1"])
plots.lines(plots.axes(width=6), levels, {"F1": f1}, xlabel="noise on the latent (its spread = 1)",
            ylabel="F1 of hits")
run.note("F1 under noise of 0.4", f1[3], floor=floor["f1"])

# %% [markdown]
# *What you should have noticed:* no cliff, but a slope that steepens from about 0.4 on, a little
# before the training noise ended; a tenth of the hits are wrong at 0.7. A decoder that forgives
# noise is a little less exact without it. How much noise is best is an open question: change
# `noise` in `AutoencoderConfig` and draw this curve again. (The curve is of the first 64 loops; the
# F1 of section 2 is of all.)
#
# ## 6 · A walk from loop to loop
#
# *Predict:* what is halfway between two beats?
#
# Latents can be mixed. But the mixture of two beats need not be a beat, so the walk is polished:
# a little noise, and drawn back by the diffusion of lesson 05. Hear the middle both ways.

# %%
steady = [clip for clip in held_out if not clip.labels.get("tiled") and len(clip.notes) > 100]
a, b = steady[0].excerpt(0, 16), steady[len(steady) // 2].excerpt(0, 16)
plain = system.interpolate(a, b, n=3, polish=0, seed=seed)[1]
start_at, polished, end_at = system.interpolate(a, b, n=3, seed=seed)
names = ["start", "mixed", "mixed and polished", "end"]
walk = [start_at, plain, polished, end_at]
for name, clip in zip(names, walk, strict=True):
    print(f"{name:18} {len(clip.notes) / clip.beats:.2f} hits per beat")
compare(walk, names)

# %% [markdown]
# *What you should have noticed:* compare the middle loops by ear, and count their hits above. Which
# would a drummer play? Try another pair: the answer depends on how far apart the two ends are.
#
# ## Mini-project · Find the size (an hour and a half, most of it training)
#
# How few numbers a beat hold a loop? Train autoencoders with `latent` of 4, 8 and 16
# (`workbench.models.mrlstm.AutoencoderConfig`, `workbench.training.fit`) and plot F1 over size.
# Show your curve, and say where you would stop, and by what: F1, your ears, or what diffusion
# needs?
#
# ## You can now
#
# You read a loop at three resolutions, pressed it into a few numbers a beat, and walked from one
# loop to another.
#
# *One limitation:* with one slot per cell, as in the shipped checkpoint, two hits of one drum
# within a sixteenth become one, so that rolls and flams lose notes before the network receives
# them. With `AutoencoderConfig(slots=2)` a cell holds two.
#
# *Terms:* autoencoder · latent · LSTM · multi-resolution LSTM · stride · phase · precision · recall
# · F1 · logit · binary cross-entropy
#
# *Next:* [05](05_latent_diffusion.ipynb) draws new latents.

# %%
run.finish()
