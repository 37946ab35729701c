# %% [markdown]
# # 04 · The MRLSTM autoencoder
#
# [03 Contrastive pre-training](03_contrastive_pretraining.ipynb) · [index](00_start_here.ipynb) ·
# [05 Latent diffusion](05_latent_diffusion.ipynb)
#
# **You will** read a loop at three resolutions, train an autoencoder that compresses it to a few
# numbers per beat, hear it learn, and walk from one loop to another.
#
# **Needs** lesson 01; what a layer of a network is, and logarithms; the shipped checkpoint.
# Sections 1 to 6 take about 90 minutes with their exercises; 7 and 8 go further.
# **Time and memory:** printed below. **Exercises:** 40 minutes.
# **Library:** `workbench.models.mrlstm`, `workbench.evaluation.drums`.
# **Papers:** arXiv 2408.02711, section 4.2; LSTM, Hochreiter and Schmidhuber 1997.

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
first = rolls[..., :27].numpy()  # a cell may hold a second hit; what follows counts the first
print(f"{len(held_out)} loops of eight bars from the test split of {run.dataset}")

# %% [markdown]
# This lesson is about both ends of the latent.

# %%
from workbench.course.diagrams import Arrow, diagram, pipeline

pipeline("encoder", "latent", "decoder")

# %% [markdown]
# ## 1 · Three resolutions, every phase
#
# *Predict:* at stride 4 on sixteenths, what does an LSTM receive of a steady eighth-note hi-hat?

# %%
predict("04.1", ["the same value again and again", "hit and no hit in turns"])

# %% [markdown]
# Rhythm lives on several levels at once: sixteenths, eighths, beats. The **multi-resolution LSTM**
# reads the same steps at strides 1, 2 and 4. At stride 4 the sequence falls into four *phases*: all
# first sixteenths of the beats, all second ones, and so on. The same weights read each phase, so no
# step is dropped and the outputs can be put side by side.

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

# %%
steady = np.tile([1, 0], 8)  # two eighths per beat
constant = all(len(set(steady[phase::4])) == 1 for phase in range(4))
reveal("04.1", "the same value again and again" if constant else "hit and no hit in turns")

# %% [markdown]
# *What you should have noticed:* a phase at stride 4 holds one place in the beat. A steady pattern
# is constant in each phase: this LSTM receives only what changes from beat to beat.
#
# ## Exercise 1 · Phases (5 minutes)
#
# *Level:* easy. *Goal:* from an array `(time, channels)` make `(stride, time/stride, channels)`,
# one phase each.

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
# ## 2 · The MRLSTM
#
# *Predict:* how many weights does an LSTM need more for stride 4, which has four sequences to read,
# than for stride 1?

# %%
predict("04.2", ["as many", "2 times as many", "4 times as many", "16 times as many"])

# %% [markdown]
# An **LSTM** reads a sequence step by step. It keeps a state $c_t$ and shows a part $h_t$ of it.
# Three gates between 0 and 1 decide what is forgotten ($f$), written ($i$) and shown ($o$); $g$ is
# what may be written. $x_t$ is the input, $\sigma$ the logistic function, $\odot$ the product
# number by number. Each of the four has weights $W$, $U$ and $b$ of its own:
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
# *Level:* hard. *Goal:* equation (1) and the line above it, for a whole sequence. `weights` holds
# (W, U, b) under "forget", "input", "output" and "cell" ($g$); `x` is (time, inputs), `h` and `c`
# are the state before its first step, each (hidden,). Return all $h_t$ as (time, hidden).

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
# The MRLSTM runs one LSTM per stride over all of its phases, as rows of a batch:

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
one, _, four = (sum(p.numel() for p in lstm.parameters()) for lstm in shipped.encoder.lstms)
reveal("04.2", "as many" if four == one else f"{four // one} times as many")

# %%
boxes = {
    "roll": ("drum roll\nsteps × cells", 0, 0), "one": ("LSTM\nstride 1", 1, 0),
    "two": ("LSTM\nstride 2", 1, 0.75), "four": ("LSTM\nstride 4", 1, 1.5),
    "join": ("side by side\nsteps × features", 2, 0), "beat": ("linear\nper beat", 3, 0),
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
# *What you should have noticed:* all strides have equally many weights, because the phases share
# them, and all outputs have the length of the input. The LSTMs read in both directions, so each
# step knows what comes after it. The **skip connections** pass the input on beside the LSTMs. Four
# steps (one beat) together become one latent vector, which is normalised to mean 0 and variance 1.
#
# ## 3 · "No hit" is not "a soft hit"
#
# *Predict:* a network is unsure whether a ghost note of velocity 0.3 is there. What does the mean
# squared error make it predict?

# %%
predict("04.3", ["0", "0.15", "0.3"])

# %% [markdown]
# The paper's autoencoder predicts velocities and is trained by the squared error. If a note is
# there half of the time, the best prediction is half its velocity, every time: a note nobody
# played. Ours predicts separately how probable a hit is (binary cross-entropy), its velocity and
# its offset from the grid:
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
# section 4.2, has the squared error alone (`PaperAutoencoder.loss`); a decoder that predicts
# probabilities is in arXiv 1312.6114, appendix C.1.

# %%
velocity = np.where(np.arange(1000) % 2 == 0, 0.3, 0.0)  # a ghost note, every other time
answers = np.linspace(0, 0.4, 81)
error = [((velocity - a) ** 2).mean() for a in answers]
plots.lines(plots.axes(width=6), answers, {"squared error": error}, xlabel="prediction (velocity)",
            ylabel="mean squared error")
print(f"least error at velocity {answers[int(np.argmin(error))]:.2f}, which was never played")

# %%
reveal("04.3", f"{answers[int(np.argmin(error))]:.2g}")

# %% [markdown]
# *What you should have noticed:* the squared error is least for a note that nobody played. With two
# outputs the prediction is "half of the time, at 0.3", and both are true.
#
# ## Exercise 3 · The hit loss (10 minutes)
#
# *Level:* medium. *Goal:* the first sum of equation (2), the **binary cross-entropy**, from logits
# $x$ (with $p = 1/(1+e^{-x})$) and true hits, both torch tensors. $H$ is the number of true hits. A
# **logit** may be as large as 40: what is $\log(1-p)$ then, in 32 bits?

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
# *Predict:* which drum is reconstructed well first, while it learns?

# %%
predict("04.4", ["bass drum", "snare drum", "closed hi-hat", "another drum"])

# %% [markdown]
# An **autoencoder** learns to reproduce its input through the few numbers of the **latent**.
# **Precision** $P$ is the share of reconstructed hits that were played, **recall** $R$ the share of
# played hits that were reconstructed, and F1 their harmonic mean, over the cells of all loops
# together:
#
# $$F_1 = \frac{2PR}{P+R} \qquad (3)$$
#
# *Equation (3):* code `workbench.evaluation.drums.reconstruction`; paper van Rijsbergen 1979,
# *Information retrieval*, chapter 7.
#
# ## Exercise 4 · How many hits survive (5 minutes)
#
# *Level:* easy. *Goal:* equation (3) from `true` and `rebuilt`, hits of one shape, True and False.

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


# %% [markdown]
# The training loop, which you may use for the mini-project. It calls `watch(step)` at the steps in
# `stops` and ends with the last of them.

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
heard, curve, by_drum = [], {}, []


def watch(step):
    with torch.no_grad():
        made = autoencoder.decode(autoencoder.encode(rolls[:100, :64, :27])).numpy()
        own = autoencoder.decode(autoencoder.encode(torch.from_numpy(rolls_of([loop]))[:, :64]))
    true = first[:100, :64]
    curve[step] = reconstruction(true, made)["f1"]
    hits = [(true[..., d] > 0, made[..., d] > 0) for d in range(9)]
    by_drum.append([2 * (a & b).sum() / max(1, a.sum() + b.sum()) for a, b in hits])
    heard.append(DrumRoll.from_array(own[0].numpy(), tempo=loop.tempo).to_clip())
    print(f"{step:4} steps: F1 {curve[step]:.2f}")


# %%
from workbench.course.widgets import compare
from workbench.music.kit import DRUM_NAMES, DRUMS

stops = (0, 15, 70) if run.small else (0, 15, 50, 150, 400)
train_autoencoder(autoencoder, train_rolls, stops, watch)
names = [DRUM_NAMES[drum] for drum in DRUMS]
plots.matrix(plots.axes(width=7), np.array(by_drum).T, rows=names, unit="F1",
             columns=[f"{stop} steps" for stop in stops])
compare([loop.excerpt(0, 16), *heard], ["played", *(f"{stop} steps" for stop in stops)])

# %%
early = names[int(np.argmax(by_drum[1]))]  # at the second stop
reveal("04.4", early, f"This counts after {stops[1]} steps.")

# %% [markdown]
# *What you should have noticed:* frequent drums come first, because most of the loss is theirs;
# rare ones may still be missing at the end. The same loop, heard at each stop, goes from silence or
# noise to the groove. The shipped autoencoder is the same, larger and trained longer.
#
# ## 5 · The shipped autoencoder: what survives?
#
# *Predict:* which suffers most, beside chance: the hits, their velocities or their offsets?
#
# The floor generates each cell at random, with the right probability for its place in the bar.

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
left = {
    "hits": (1 - scores["f1"]) / (1 - floor["f1"]),
    "velocities": scores["velocity_error"] / floor["velocity_error"],
    "offsets": scores["offset_error"] / floor["offset_error"],
}
plots.bars(plots.axes(width=5), left, ylabel="error, as a share of the floor's")
print(f"velocities are off by {127 * scores['velocity_error']:.0f} of 127; "
      f"what suffers most, beside chance: {max(left, key=left.get)}")
run.note("F1 of hits", scores["f1"], floor=floor["f1"])
run.note("F1 of hits after the training here", curve[stops[-1]], floor=floor["f1"])
run.note("velocity error (0 to 1)", scores["velocity_error"], floor=floor["velocity_error"])
run.note("offset error", scores["offset_error"], floor=floor["offset_error"], unit="steps")

# %%
reveal("04.5", max(left, key=left.get))

# %%
copy = system.decode(system.encode([loop]), tempo=loop.tempo, caption="reconstructed")[0]
compare([loop.excerpt(0, 16), copy.excerpt(0, 16)], ["played", "reconstructed"])

# %% [markdown]
# *What you should have noticed:* the bars answer the question: a small bar is a part that the
# latent keeps, a bar near 1 one that it loses. Whether you hear the difference is another question.
#
# ## 6 · What does each resolution see?
#
# *Predict:* which stride does the encoder need most? And the decoder?
#
# Silence the features of one stride and reconstruct: what is lost now, the other two do not
# provide. Silence all three as well: whatever survives came through the skip connection.

# %%
predict("04.6", ["stride 1", "stride 2", "stride 4"])

# %%
def errors(part, silent):
    """Hits missed or invented, 100 · (1 − F1), with some strides of a part silenced."""

    def silence(network, inputs, output):
        output = output.clone()
        for i in silent:
            output.chunk(len(network.strides), dim=-1)[i].zero_()
        return output

    hook = getattr(shipped, part).register_forward_hook(silence)
    with torch.no_grad():
        made = shipped.decode(shipped.encode(rolls))
    hook.remove()
    return 100 * (1 - reconstruction(first, made[..., :27].numpy())["f1"])


# %%
needs = {}
silenced = {"none": (), "stride 1": (0,), "stride 2": (1,), "stride 4": (2,), "all": (0, 1, 2)}
for ax, part in zip(plots.axes(1, 2, width=9), ("encoder", "decoder"), strict=True):
    lost = {name: errors(part, silent) for name, silent in silenced.items()}
    plots.bars(ax, lost, ylabel="100 · (1 − F1 of hits)", title=f"silenced in the {part}")
    worst = max(("stride 1", "stride 2", "stride 4"), key=lost.get)
    print(f"the {part} needs {worst} most: {lost[worst] - lost['none']:.1f} points more errors; "
          f"all three: {lost['all'] - lost['none']:.1f}")
    needs[part] = worst
    run.note(f"errors, {part} silenced", lost["all"], unit="100 · (1 − F1)")

# %%
reveal("04.6", needs["encoder"], f"The decoder needs {needs['decoder']} most.")

# %% [markdown]
# *What you should have noticed:* mind the two scales. The bar of "none" is the error without any
# silencing; what a stride costs is the difference from it. If one stride costs much less than all
# three, the resolutions know much of the same. A zero is an input that the network never met in
# training, so this shows what *this* network relies on, no more. Whether three strides beat one of
# equal size needs new trainings: `workbench evaluate drums --only ablation`.
#
# ## 7 · Going further: how much noise the decoder tolerates
#
# *Predict:* how much noise on the latent until a tenth of the hits are wrong?
#
# Lesson 05 generates new latents, which are almost right. The decoder should tolerate small errors;
# for this reason the latent is noised in training. Each number of the latent has a standard
# deviation of one; the noise is measured in the same unit.

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
        made = shipped.decode(few + level * spread * noise)
        noisy_f1.append(reconstruction(first[:64], made[..., :27].numpy())["f1"])
ax = plots.lines(plots.axes(width=6), levels, {"F1": noisy_f1}, ylabel="F1 of hits",
                 xlabel="noise on the latent (its standard deviation = 1)")
ax.axhline(0.9, color=plots.INK, ls=":")
ax.axvline(shipped.config.noise, color=plots.COLOURS[1], ls="--")
tenth = float(np.interp(-0.9, -np.array(noisy_f1), levels))
print(f"a tenth of the hits are wrong at a noise of {tenth:.2f}; "
      f"training used up to {shipped.config.noise:g} (dashed)")
run.note("F1 under noise of 0.4", noisy_f1[3], floor=floor["f1"])

# %%
reveal("04.7", tenth)

# %% [markdown]
# *What you should have noticed:* there is no cliff, but a slope that steepens. Robustness costs
# some accuracy on clean latents. How much noise is best is an open question: change `noise` in
# `AutoencoderConfig`, train again and plot this curve. (It shows the first 64 loops.)
#
# ## 8 · Going further: a walk from loop to loop
#
# *Predict:* what is halfway between two beats? How many hits has the mixture?
#
# Latents can be mixed. But the mixture of two beats need not be a beat, so the walk is polished: a
# little noise is added, and the diffusion of lesson 05 removes it. Hear the middle both ways.

# %%
predict("04.8", ["fewer hits than either", "between the two", "more hits than either"])

# %%
steady = [clip for clip in held_out if not clip.labels.get("tiled") and len(clip.notes) > 100]
a, b = steady[0].excerpt(0, 16), steady[len(steady) // 2].excerpt(0, 16)
mixed = system.interpolate(a, b, n=3, polish=0, seed=seed)[1]
start_at, polished, end_at = system.interpolate(a, b, n=3, seed=seed)
names = ["start", "mixed", "mixed and polished", "end"]
walk = [start_at, mixed, polished, end_at]
for name, clip in zip(names, walk, strict=True):
    print(f"{name:18} {len(clip.notes) / clip.beats:.2f} hits per beat")
compare(walk, names)

# %%
begun, middle, ended = (len(clip.notes) / clip.beats for clip in (start_at, mixed, end_at))
low, high = min(begun, ended), max(begun, ended)
more = "more hits than either" if middle > high else "between the two"
reveal("04.8", "fewer hits than either" if middle < low else more)

# %% [markdown]
# *What you should have noticed:* compare the middle loops by ear, and their hits above with those
# of the two ends. Which would a drummer play? Try another pair: the answer depends on how far apart
# the two ends are.
#
# ## Mini-project · Find the size (an hour)
#
# How few numbers per beat hold a loop? Train autoencoders with a `latent` of 4, 8 and 16 by section
# 4's loop, `train_autoencoder(DrumAutoencoder(AutoencoderConfig(latent=8, hidden=32, width=64)),
# train_rolls, stops, watch)` with a `watch` of your own; each takes about as long as section 4.
# Plot F1 over size. Where would you stop, and by what: F1, your ears, or what diffusion needs?
#
# ## You can now
#
# You read a loop at three resolutions, trained an autoencoder that compresses it to a few numbers
# per beat, heard it learn, and walked from one loop to another.
#
# *One limitation:* with one slot per cell, two hits of one drum within a sixteenth become one, so
# that rolls and flams lose notes before the network receives them. With
# `AutoencoderConfig(slots=2)` a cell holds two.
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
