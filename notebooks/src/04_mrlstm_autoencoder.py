# %% [markdown]
# # 04 · The MRLSTM autoencoder
#
# [03 Contrastive pre-training](03_contrastive_pretraining.ipynb) · [index](00_start_here.ipynb) ·
# [05 Latent diffusion](05_latent_diffusion.ipynb)
#
# **You will** read a loop at three resolutions, train an autoencoder that compresses it to a few
# numbers per beat, hear it learn, and mix two loops in their compressed form.
#
# **Needs** lesson 01; logarithms; what a layer of a network and a training loop are
# ([PyTorch](refreshers/pytorch.ipynb)); the shipped checkpoint.
# Sections 1 to 6 take about 90 minutes with their exercises; 7 and 8 go further.
# **Time and memory:** printed below. **Exercises:** 50 minutes.
# **Library:** `workbench.models.mrlstm`, `workbench.evaluation.drums`.
# **Papers:** arXiv 2408.02711; LSTM, Hochreiter and Schmidhuber 1997.

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop (minutes), gpu, paper
dataset = "groove"  # "groove", "builtin", or a folder of MIDI files
seed = 0  # of everything random
train = False  # True trains a system here; False loads the shipped one

# %%
from workbench import DrumLDM, load, plots, predict, reveal, start

run = start("04", profile=profile, dataset=dataset, seed=seed, train=train)

# %%
import numpy as np
import torch

from workbench.datasets import cut_loops
from workbench.representations.drum_roll import DrumRoll, rolls_of

if run.train:
    system = DrumLDM.train(
        run.dataset, run.profile, out=f"runs/drums-{run.profile}", watch=plots.LivePlot()
    )
else:
    system = DrumLDM.from_pretrained("drums-groove-bert")
shipped = system.autoencoder
held_out = cut_loops(load(run.dataset, split="test", limit=run.size(50, 190)), bars=8, hop_bars=8)
rolls = torch.from_numpy(rolls_of(held_out, slots=system.slots))
first = rolls[..., :27].numpy()  # the first hit of each cell; a second one is not counted here
print(f"{len(held_out)} loops of eight bars from the test split of {run.dataset}")

# %% [markdown]
# An **autoencoder** has two parts. The encoder compresses its input to a few numbers, the
# **latent**. The decoder reconstructs the input from them. This lesson is about both parts.

# %%
from workbench.course.diagrams import Arrow, diagram, pipeline

pipeline("encoder", "latent", "decoder")

# %% [markdown]
# ## 1 · Three resolutions, every phase
#
# A loop has patterns of sixteenths, of eighths and of beats at the same time. An LSTM (section 2)
# is a network that reads a sequence step by step. The **multi-resolution LSTM** consists of three
# LSTMs that read the same steps with the **strides** 1, 2 and 4. With stride 4 an LSTM reads every
# fourth step. It does so four times, beginning at each of the first four steps. What it reads in
# one of these passes is a **phase**: the first sixteenths of all beats, the second ones, and so on.
# All phases are read with the same weights, and no step is left out.
#
# *Predict:* a hi-hat is played in steady eighths. What does the LSTM of stride 4 receive in each
# phase?

# %%
predict("04.1", ["the same value again and again", "hit and no hit in turns"])

# %%
def eighths(clip):
    """Hits of the closed hi-hat on the eighths of the first bar, minus those between them."""
    hats = DrumRoll.from_clip(clip).hits[:16, 2].astype(int)
    return hats[::2].sum() - hats[1::2].sum()


loop = max((clip for clip in held_out if not clip.labels.get("tiled")), key=eighths)
hats = DrumRoll.from_clip(loop).hits[:16, 2].astype(int)
print("closed hi-hat, one bar:", *hats)
for stride in (2, 4):
    for phase in range(stride):
        print(f"  stride {stride}, phase {phase}:", *hats[phase::stride])

# %%
steady = np.tile([1, 0], 8)  # two eighths per beat
constant = all(len(set(steady[phase::4])) == 1 for phase in range(4))
reveal("04.1", "the same value again and again" if constant else "hit and no hit in turns")

# %% [markdown]
# *What you should have noticed:* a phase at stride 4 contains the same sixteenth of every beat. A
# pattern that is the same in every beat is constant in each phase. So the input of this LSTM
# changes only where beats differ.
#
# ## Exercise 1 · Phases (10 minutes)
#
# *Level:* medium. *Goal:* the phases of an array `x` (time, channels) of any length. If its length
# is not a multiple of the stride, steps of silence (zeros) are missing at its end, as few as
# possible. Return (stride, steps per phase, channels): row $i$ is the phase that begins at step
# $i$.

# %% tags=["stub"]
def phases(x, stride):
    return None  # about three lines


# %% tags=["check"]
from workbench.course.teaching import check_phases

check_phases(phases)

# %% tags=["solution"]
def phases(x, stride):
    missing = -len(x) % stride  # 0 if the length is a multiple
    x = np.concatenate([x, np.zeros((missing, x.shape[1]))])
    return x.reshape(-1, stride, x.shape[1]).swapaxes(0, 1)


# %% [markdown]
# ## 2 · The MRLSTM
#
# *Predict:* the LSTM of stride 4 reads four sequences, that of stride 1 reads one. How many weights
# does the LSTM of stride 4 have, compared with that of stride 1?

# %%
predict("04.2", ["as many", "2 times as many", "4 times as many", "16 times as many"])

# %% [markdown]
# An **LSTM** reads a sequence step by step. At step $t$ it receives the input $x_t$. It keeps a
# state $c_t$ and outputs a part $h_t$ of it. Three gates have values between 0 and 1: $f$
# multiplies the old state, $i$ the new values $g$, and $o$ the output. $\sigma$ is the logistic
# function (sigmoid), and $\odot$ multiplies vectors component by component. Each of $f$, $i$, $o$
# and $g$ has its own weights $W$, $U$ and $b$:
#
# $$f_t,\ i_t,\ o_t = \sigma(W x_t + U h_{t-1} + b), \qquad g_t = \tanh(W x_t + U h_{t-1} + b)$$
#
# $$c_t = f_t \odot c_{t-1} + i_t \odot g_t, \qquad h_t = o_t \odot \tanh(c_t) \qquad (1)$$
#
# *Equation (1):* code `workbench.models.mrlstm.MRLSTM` (through `torch.nn.LSTM`); paper Hochreiter
# and Schmidhuber 1997, with the forget gate of Gers and others 2000.
#
# ## Exercise 2 · An LSTM (20 minutes)
#
# *Level:* hard. *Goal:* equation (1) and the line above it, for a whole sequence. `weights` is a
# dict with (W, U, b) under "forget" ($f$), "input" ($i$), "output" ($o$) and "cell" ($g$). `x` has
# the shape (time, inputs). `h` and `c`, each (hidden,), are the values before the first step.
# Return all $h_t$ as (time, hidden).

# %% tags=["stub"]
def lstm(x, h, c, weights):
    return None  # about fifteen lines


# %% tags=["check"]
from workbench.course.teaching import check_lstm

check_lstm(lstm)

# %% tags=["solution"]
def lstm(x, h, c, weights):
    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    def gate(name, squash, x_t, h):
        W, U, b = weights[name]
        return squash(W @ x_t + U @ h + b)

    outputs = []
    for x_t in x:
        forget = gate("forget", sigmoid, x_t, h)
        write = gate("input", sigmoid, x_t, h)
        show = gate("output", sigmoid, x_t, h)
        new = gate("cell", np.tanh, x_t, h)
        c = forget * c + write * new
        h = show * np.tanh(c)
        outputs.append(h)
    return np.stack(outputs)


# %% [markdown]
# The MRLSTM has one LSTM per stride. Each LSTM reads all phases of its stride as rows of one batch:

# %%
from workbench.course.listing import listing
from workbench.models.mrlstm import DrumAutoencoder, read_at_stride

listing(read_at_stride)

# %%
batch, time, channels = rolls[:1].shape
for lstm, stride in zip(shipped.encoder.lstms, shipped.encoder.strides, strict=True):
    out = read_at_stride(lstm, rolls[:1], stride)
    size = sum(p.numel() for p in lstm.parameters())
    print(f"stride {stride}: {batch * stride} sequences of {time // stride} steps × {channels} "
          f"→ {tuple(out.shape)}, {size:,} weights")

# %%
sizes = [sum(p.numel() for p in lstm.parameters()) for lstm in shipped.encoder.lstms]
one, four = sizes[0], sizes[2]
reveal("04.2", "as many" if four == one else f"{four // one} times as many")

# %%
boxes = {
    "roll": ("drum roll\nsteps × cells", 0, 0), "one": ("LSTM\nstride 1", 1, 0),
    "two": ("LSTM\nstride 2", 1, 0.75), "four": ("LSTM\nstride 4", 1, 1.5),
    "join": ("joined\nsteps × features", 2, 0), "beat": ("linear\nper beat", 3, 0),
    "z": ("latent\nmean 0, var. 1", 4, 0), "back": ("linear\n→ steps", 5, 0),
    "decoder": ("MRLSTM\nas the encoder", 6, 0), "head": ("2 layers\nper step", 7, 0),
    "out": ("hits\nvelocity, offset", 8, 0),
}
arrows = [
    Arrow("roll", "one"), Arrow("roll", "two", beside=True), Arrow("roll", "four", beside=True),
    Arrow("one", "join"), Arrow("two", "join"), Arrow("four", "join"), Arrow("join", "beat"),
    Arrow("beat", "z"),
    Arrow("z", "back"), Arrow("back", "decoder"), Arrow("decoder", "head"), Arrow("head", "out"),
    Arrow("roll", "beat", "skip connection", over=True),
    Arrow("back", "head", "skip connection", over=True),
]
diagram("The autoencoder", boxes, arrows, here=["one", "two", "four", "decoder"])

# %%
from IPython.display import display

display(listing(DrumAutoencoder.encode, first="x = centred", last="return"))
listing(DrumAutoencoder.forward, first="h = F.layer_norm", last="return")

# %% [markdown]
# *What you should have noticed:* all strides have the same number of weights, because the phases of
# a stride share them. All outputs have the length of the input. The LSTMs read in both directions,
# so each output also depends on later steps. The **skip connections** pass the input on beside the
# LSTMs. Four steps (one beat) together become one latent vector, which is normalised to mean 0 and
# variance 1.
#
# ## 3 · "No hit" is not "a soft hit"
#
# *Predict:* a ghost note of velocity 0.3 is played in half of all cases. In the other half nothing
# is played (velocity 0). Which prediction of the velocity has the smallest mean squared error?

# %%
predict("04.3", ["0", "0.15", "0.3"])

# %% [markdown]
# The paper's autoencoder predicts velocities and is trained by the squared error. If a note is
# played in half of the cases, the best single prediction is half its velocity. A note of this
# velocity was never played. Our autoencoder has three outputs for each cell: the probability of a
# hit, its velocity, and its offset from the grid. The loss has a term for each, the **binary
# cross-entropy** for the probability and squared errors for the two others:
#
# $$L = -\tfrac{1}{H}\sum_{c} \left[h_c \log p_c + (1-h_c)\log(1-p_c)\right]
# + \tfrac{\lambda}{H}\sum_{c:\,h_c=1} \left[(v_c-\hat v_c)^2 + (o_c-\hat o_c)^2\right]
# \qquad (2)$$
#
# For each cell $c$ of the roll, $h_c$ is 1 if the cell has a hit and 0 otherwise. $p_c$ is the
# predicted probability of a hit. $v_c$ and $o_c$ are the velocity and the offset of a hit,
# $\hat v_c$ and $\hat o_c$ their predictions. $H$ is the number of true hits, and $\lambda = 20$.
#
# *Equation (2):* code `workbench.models.mrlstm.DrumAutoencoder.loss`; paper arXiv 2408.02711
# has the squared error alone (`PaperAutoencoder.loss`); a decoder that predicts probabilities is in
# arXiv 1312.6114, appendix C.1.

# %%
velocity = np.where(np.arange(1000) % 2 == 0, 0.3, 0.0)  # a ghost note, every other time
predictions = np.linspace(0, 0.4, 81)
error = [((velocity - prediction) ** 2).mean() for prediction in predictions]
best = predictions[int(np.argmin(error))]
plots.lines(plots.axes(width=6), predictions, {"squared error": error},
            xlabel="prediction (velocity)", ylabel="mean squared error")
print(f"smallest error at velocity {best:.2f}, which was never played")

# %%
reveal("04.3", f"{best:.2g}")

# %% [markdown]
# *What you should have noticed:* the squared error is smallest for a note that was never played.
# With two outputs the prediction can be "probability ½, velocity 0.3", and both numbers are right.
#
# ## Exercise 3 · The hit loss (10 minutes)
#
# *Level:* medium. *Goal:* the first term of equation (2), the binary cross-entropy divided by the
# number $H$ of true hits. The arguments are two torch tensors, the logits and the true hits (1 or
# 0). A **logit** $x$ stands for the probability $p = 1/(1+e^{-x})$. It may be as large as 40: what
# is $\log(1-p)$ then, in numbers of 32 bits?

# %% tags=["stub"]
def hit_loss(logits, hits):
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_hit_loss

check_hit_loss(hit_loss)

# %% tags=["solution"]
def hit_loss(logits, hits):
    softplus = torch.nn.functional.softplus  # log(1 + e^x), without overflow
    cost = hits * softplus(-logits) + (1 - hits) * softplus(logits)
    return cost.sum() / hits.sum()


# %% [markdown]
# ## 4 · Train it, hear it grow
#
# *Predict:* while the autoencoder learns, which drum has the best reconstruction (F1) after the
# first few steps?

# %%
predict("04.4", ["bass drum", "snare drum", "closed hi-hat", "another drum"])

# %% [markdown]
# How good is a reconstruction? **Precision** $P$ is the share of reconstructed hits that were
# played. **Recall** $R$ is the share of played hits that were reconstructed. **F1** is their
# harmonic mean, computed over the cells of all loops together:
#
# $$F_1 = \frac{2PR}{P+R} \qquad (3)$$
#
# *Equation (3):* code `workbench.evaluation.drums.reconstruction`; paper van Rijsbergen 1979,
# *Information retrieval*, chapter 7.
#
# ## Exercise 4 · F1 (10 minutes)
#
# *Level:* medium. *Goal:* two numbers from `true` and `rebuilt`, the played and the reconstructed
# hits, both (loops, steps, drums) of True and False. The first is equation (3). In it, a hi-hat
# with many hits hides a cowbell with few. The second is the mean of the F1 of each drum, so that
# each drum counts equally. A drum that is neither played nor reconstructed in any loop has no F1:
# leave it out. A drum without one right hit has the F1 0.

# %% tags=["stub"]
def f1(true, rebuilt):
    return None  # about five lines; return overall, mean of drums


# %% tags=["check"]
from workbench.course.teaching import check_f1

check_f1(f1)

# %% tags=["solution"]
def f1(true, rebuilt):
    both = (true & rebuilt).sum((0, 1))  # (drums,), right hits
    hits = true.sum((0, 1)) + rebuilt.sum((0, 1))
    occurs = hits > 0
    of_drums = 2 * both[occurs] / hits[occurs]
    return 2 * both.sum() / hits.sum(), of_drums.mean()


# %% [markdown]
# The next cell is the training loop; you can use it for the mini-project, too. It calls
# `watch(step)` at the steps in `stops` and ends with the last of them.

# %%
def train_autoencoder(autoencoder, rolls, stops, watch, lr=3e-3, batch=64):
    optimizer = torch.optim.AdamW(autoencoder.parameters(), lr=lr)
    for step in range(stops[-1] + 1):
        if step in stops:
            watch(step)
        pick = torch.randint(len(rolls), (batch,))
        loss = sum(autoencoder.loss(rolls[pick]).values())  # the three terms of equation (2)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(autoencoder.parameters(), 1.0)
        optimizer.param_groups[0]["lr"] = lr * min(1.0, 2 - 2 * step / stops[-1])  # falls
        optimizer.step()


# %%
from workbench.evaluation.drums import reconstruction
from workbench.models.mrlstm import AutoencoderConfig

songs = load(run.dataset, split="train", limit=run.size(40, 740))
train_rolls = torch.from_numpy(rolls_of(cut_loops(songs, bars=4, hop_bars=4)))
torch.manual_seed(seed)
autoencoder = DrumAutoencoder(AutoencoderConfig(hidden=32, width=64))
size = sum(p.numel() for p in autoencoder.parameters())
print(f"{len(train_rolls)} loops of four bars, {size:,} weights")

# %%
clips, curve, by_drum = [], {}, []


def watch(step):
    """Reconstruct 100 held-out loops and the loop above, and keep their F1 and the sound."""
    with torch.no_grad():
        rebuilt = autoencoder.decode(autoencoder.encode(rolls[:100, :64, :27])).numpy()
        own = autoencoder.decode(autoencoder.encode(torch.from_numpy(rolls_of([loop]))[:, :64]))
    true = first[:100, :64]
    curve[step] = reconstruction(true, rebuilt)["f1"]
    f1_of_drums = []
    for d in range(9):
        a, b = true[..., d] > 0, rebuilt[..., d] > 0
        f1_of_drums.append(2 * (a & b).sum() / max(1, a.sum() + b.sum()))
    by_drum.append(f1_of_drums)
    clips.append(DrumRoll.from_array(own[0].numpy(), tempo=loop.tempo).to_clip())
    print(f"{step:4} steps: F1 {curve[step]:.2f}")


# %%
from workbench.course.widgets import compare
from workbench.music.kit import DRUM_NAMES, DRUMS

stops = (0, 15, 70) if run.small else (0, 15, 50, 150, 400)
train_autoencoder(autoencoder, train_rolls, stops, watch)
names = [DRUM_NAMES[drum] for drum in DRUMS]
plots.matrix(plots.axes(width=7), np.array(by_drum).T, rows=names, unit="F1",
             columns=[f"{stop} steps" for stop in stops])
compare([loop.excerpt(0, 16), *clips], ["played", *(f"{stop} steps" for stop in stops)])

# %%
early = names[int(np.argmax(by_drum[1]))]  # at the second stop
reveal("04.4", early, f"This counts after {stops[1]} steps.")

# %% [markdown]
# *What you should have noticed:* frequent drums are learned first, because most of the loss comes
# from them. Rare ones may still be missing at the end. Compare the loops after each number of steps
# with the played one. The shipped autoencoder is of the same kind, but larger, and it was trained
# longer.
#
# ## 5 · The shipped autoencoder: what is lost?
#
# The floor is a reconstruction by chance: each cell has a hit with the frequency of its drum at
# this place in the bar.
#
# *Predict:* errors are measured as a share of the floor's error. Which share is largest?

# %%
predict("04.5", ["hits", "velocities", "offsets"])

# %%
from workbench.evaluation.baselines import independent_cells

with torch.inference_mode():
    latent = shipped.encode(rolls)
    rebuilt = shipped.decode(latent)
scores = reconstruction(first, rebuilt[..., :27].numpy())
floor = reconstruction(first, independent_cells(first, len(first), seed=seed))
print(f"latent: {latent.shape[1]} beats × {latent.shape[2]} numbers")
lost = {
    "hits": (1 - scores["f1"]) / (1 - floor["f1"]),
    "velocities": scores["velocity_error"] / floor["velocity_error"],
    "offsets": scores["offset_error"] / floor["offset_error"],
}
plots.bars(plots.axes(width=5), lost, ylabel="error, as a share of the floor's")
print(f"error of the velocities: {127 * scores['velocity_error']:.0f} of 127; "
      f"largest share of the floor's error: {max(lost, key=lost.get)}")
run.note("F1 of hits", scores["f1"], floor=floor["f1"])
run.note("F1 of hits after the training here", curve[stops[-1]], floor=floor["f1"])
run.note("velocity error (0 to 1)", scores["velocity_error"], floor=floor["velocity_error"])
run.note("offset error", scores["offset_error"], floor=floor["offset_error"], unit="steps")

# %%
reveal("04.5", max(lost, key=lost.get))

# %%
copy = system.decode(system.encode([loop]), tempo=loop.tempo, caption="reconstructed")[0]
compare([loop.excerpt(0, 16), copy.excerpt(0, 16)], ["played", "reconstructed"])

# %% [markdown]
# *What you should have noticed:* the latent keeps a property whose bar is small, and loses one
# whose bar is near 1. Do you hear a difference between the two loops?
#
# ## 6 · What does each resolution contribute?
#
# In the next cells the outputs of one stride are set to zero before the reconstruction. If the
# errors increase, this stride contributes something that the others do not. If all three are set to
# zero, only the skip connection is left.
#
# *Predict:* for which stride do the errors increase most, if it is set to zero in the encoder?

# %%
predict("04.6", ["stride 1", "stride 2", "stride 4"])

# %%
def errors(part, silent):
    """Hits missed or invented, 100 · (1 − F1), with some strides of a part set to zero."""

    def silence(network, inputs, output):  # PyTorch calls a hook after the module was evaluated
        output = output.clone()
        for i in silent:
            output.chunk(len(network.strides), dim=-1)[i].zero_()
        return output

    hook = getattr(shipped, part).register_forward_hook(silence)
    with torch.no_grad():
        rebuilt = shipped.decode(shipped.encode(rolls))
    hook.remove()
    return 100 * (1 - reconstruction(first, rebuilt[..., :27].numpy())["f1"])


# %%
needs = {}
silenced = {"none": (), "stride 1": (0,), "stride 2": (1,), "stride 4": (2,), "all": (0, 1, 2)}
for ax, part in zip(plots.axes(1, 2, width=9), ("encoder", "decoder"), strict=True):
    lost = {name: errors(part, silent) for name, silent in silenced.items()}
    plots.bars(ax, lost, ylabel="100 · (1 − F1 of hits)", title=f"set to zero in the {part}")
    worst = max(("stride 1", "stride 2", "stride 4"), key=lost.get)
    print(f"the {part} needs {worst} most: {lost[worst] - lost['none']:.1f} points more errors; "
          f"all three: {lost['all'] - lost['none']:.1f}")
    needs[part] = worst
    run.note(f"errors, {part} set to zero", lost["all"], unit="100 · (1 − F1)")

# %%
reveal("04.6", needs["encoder"], f"The decoder needs {needs['decoder']} most.")

# %% [markdown]
# *What you should have noticed:* the two figures have different scales. The bar "none" is the error
# with all strides. The increase over it shows what only the removed strides contribute. If the
# increase is small for each single stride but large for all three, the strides contribute much of
# the same information. The network was never trained with zeros, so this shows only how *this*
# network uses its strides. Only new trainings can show whether three strides are better than one
# LSTM of equal size: `workbench evaluate drums --only ablation`.
#
# ## 7 · Going further: how much noise the decoder tolerates
#
# Lesson 05 generates new latents, which have small errors. The decoder should tolerate them. For
# this reason noise is added to the latent in training. Here the amount of noise is measured in
# standard deviations of the latent's numbers.
#
# *Predict:* at which amount of noise does F1 fall to 0.9?

# %%
predict("04.7", [0.2, 0.5, 1.0])

# %%
levels = (0.0, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.4)
generator = torch.Generator().manual_seed(seed)
few = latent[:64]
spread = few.flatten(0, 1).std(0)
noisy_f1 = []
with torch.inference_mode():
    for level in levels:
        noise = torch.randn(few.shape, generator=generator)
        rebuilt = shipped.decode(few + level * spread * noise)
        noisy_f1.append(reconstruction(first[:64], rebuilt[..., :27].numpy())["f1"])
ax = plots.lines(plots.axes(width=6), levels, {"F1": noisy_f1}, ylabel="F1 of hits",
                 xlabel="noise on the latent (its standard deviation = 1)")
ax.axhline(0.9, color=plots.INK, ls=":")
ax.axvline(shipped.config.noise, color=plots.COLOURS[1], ls="--")
tenth = float(np.interp(-0.9, -np.array(noisy_f1), levels))  # F1 falls, −F1 rises
print(f"F1 falls to 0.9 at a noise of {tenth:.2f}; "
      f"training used up to {shipped.config.noise:g} (dashed)")
run.note("F1 under noise of 0.4", noisy_f1[3], floor=floor["f1"])

# %%
reveal("04.7", tenth)

# %% [markdown]
# *What you should have noticed:* F1 falls slowly at first and then faster. Training with noise may
# cost some accuracy without noise. How much noise is best? Change `noise` in `AutoencoderConfig`,
# train again and plot this curve of the first 64 loops.
#
# ## 8 · Going further: between two loops
#
# The latents of two loops can be mixed. But the decoded mixture need not sound like a beat. So the
# library **polishes** it: it adds a little noise to the mixed latent and removes it by the
# diffusion of lesson 05. Listen to the mixture with and without polishing.
#
# *Predict:* how many hits per beat does the mixture without polishing have, compared with the two
# loops?

# %%
predict("04.8", ["fewer hits than either", "between the two", "more hits than either"])

# %%
def in_cells(clip):
    """Four bars of a clip, with only those hits that a roll of this system can hold."""
    roll = DrumRoll.from_clip(clip.excerpt(0, 16), slots=system.slots)
    return roll.to_clip(clip.caption)


full = [clip for clip in held_out if not clip.labels.get("tiled") and len(clip.notes) > 100]
a, b = in_cells(full[0]), in_cells(full[len(full) // 2])
mixed = system.interpolate(a, b, n=3, polish=0, seed=seed)[1]
start_at, polished, end_at = system.interpolate(a, b, n=3, seed=seed)
between = {"start": start_at, "mixed": mixed, "mixed and polished": polished, "end": end_at}
density = {name: len(clip.notes) / clip.beats for name, clip in between.items()}
for name, hits in density.items():
    print(f"{name:18} {hits:.2f} hits per beat")
compare(list(between.values()), list(between))

# %%
ends = (density["start"], density["end"])
if density["mixed"] < min(ends):
    verdict = "fewer hits than either"
elif density["mixed"] > max(ends):
    verdict = "more hits than either"
else:
    verdict = "between the two"
reveal("04.8", verdict)

# %% [markdown]
# *What you should have noticed:* compare the two middle loops by ear, and compare their printed
# hits per beat with those of the two ends. Which of the two middle loops would a drummer play? The
# result depends on the pair: try another one.
#
# ## Mini-project · Find the size (an hour)
#
# How few numbers per beat are enough for a loop? Train autoencoders with a `latent` of 4, 8 and 16
# by the training loop of section 4: `train_autoencoder(DrumAutoencoder(AutoencoderConfig(latent=8,
# hidden=32, width=64)), train_rolls, stops, watch)`. Write your own `watch`. Each training takes
# about as long as section 4. Plot F1 against the size. Which size would you choose, and why: by F1,
# by ear, or because diffusion (lesson 05) is easier with fewer numbers?
#
# ## You can now
#
# You read a loop at three resolutions, trained an autoencoder that compresses it to a few numbers
# per beat, heard it learn, and mixed two loops in their compressed form.
#
# *A limitation to listen for:* a cell holds one or two hits of a drum, depending on
# `AutoencoderConfig(slots=…)`. If a drummer hits a drum more often within a sixteenth, as in a
# flam, some of these hits are lost before the network receives them.
#
# *Terms:* autoencoder · latent · LSTM · multi-resolution LSTM · stride · phase · skip connection ·
# precision · recall · F1 · logit · binary cross-entropy
#
# *Next:* [05](05_latent_diffusion.ipynb) generates new latents.

# %%
from workbench import quiz

quiz("04")

# %%
run.finish()
