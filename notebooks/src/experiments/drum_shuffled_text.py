# %% [markdown]
# # Experiment: shuffled text
#
# **For** lesson 05. **In short:** What does the denoiser learn from its text if every loop is
# trained with another loop's caption? *Predicted:* nothing: the style is right as often as by
# chance, and the loss hardly shows it.
#
# **Question.** In the drum paper (arXiv 2408.02711) listeners find loops from an empty prompt as
# apt as those from keywords. Does the denoiser learn anything from its text? What if every loop is
# trained with another loop's caption?
#
# **Prediction**, written before the run. Trained with its own captions, the system generates the
# requested style in half of the loops after this short training. Trained with shuffled captions it
# is at chance, one in six. The text hardly affects the held-out loss: own and swapped captions
# differ by less than two per cent, because most of a latent is not in its caption; but the sign is
# the same for every seed.
#
# **Method.** Only the diffusion stage is trained, on the shipped autoencoder and text encoder: a
# smaller transformer (width 96, depth 3), 300 steps of 64 loops, with each loop's *own* caption
# (style and kind: “funk beat”) or with that of *another* loop (one fixed shuffle). Both get the
# true tempo. Two things are measured on validation sessions: the loss (v-prediction, the same noise
# for all) with the loops' own captions and with swapped ones; and the style of twelve loops for
# each of six styles, according to a judge that was trained on people's loops only (extra trees).
# The same seed has the same initial weights, batches and noise. The shipped system, with far more
# training, follows nearly all such prompts; this experiment is about whether the text has an
# effect, not about how well. A point takes two minutes on a laptop.

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop, gpu
dataset = "groove"  # "groove", or a folder laid out like it
seed = 0  # first weights, batches, noise
captions = "own"  # whose text a loop is trained with: own, another

# %% tags=["grid"]
grid = {
    "smoke": {"captions": ["another"], "seed": [0]},
    "laptop": {"captions": ["own", "another"], "seed": [0, 1, 2]},
    "gpu": {"captions": ["own", "another"], "seed": [0, 1, 2, 3, 4]},
}

# %%
import tempfile
from dataclasses import replace

import numpy as np
import torch

from workbench import DrumLDM, plots, start
from workbench.benchmarks.bench import Bench
from workbench.benchmarks.drum_data import DrumData, beats_of
from workbench.evaluation.classifiers import candidates
from workbench.evaluation.table import Report
from workbench.models.denoisers import DrumConditioning, TransformerDenoiser
from workbench.representations.drum_roll import rolls_of
from workbench.systems.drum_ldm.training import PHRASES, Loops, encode_all, train_diffusion
from workbench.training import Plan

run = start("drum_shuffled_text", profile=profile, dataset=dataset, seed=seed)
data = DrumData(run.dataset, limit=run.size(24, 10_000))
system = DrumLDM.from_pretrained("drums-groove-bert")


def with_captions(clips):
    """Loops and their captions: style and kind, nothing else."""
    said = [f"{clip.labels['style']} {clip.labels['kind']}" for clip in clips]
    texts = sorted(set(said))
    rows = torch.tensor([[texts.index(text)] * PHRASES for text in said])
    tempo = torch.tensor([np.log2(clip.tempo / 120) for clip in clips], dtype=torch.float32)
    vectors = system.text_vectors(texts)
    rolls = rolls_of(clips, slots=system.config.autoencoder.slots)
    return Loops(torch.from_numpy(rolls), tempo, rows, texts, vectors)


train, held_out = (
    with_captions(loops.clips) for loops in (data.train, data.loops("validation"))
)
print(f"{len(train.rolls)} loops, {len(train.texts)} captions; {len(held_out.rolls)} held out")

# %%
large = run.profile in ("gpu", "paper")
torch.manual_seed(seed)
width, depth = (192, 5) if large else (96, 3)
features = system.config.contrastive.text_dim + system.config.contrastive.dim
latent = system.config.autoencoder.latent
system.networks.denoiser = TransformerDenoiser(latent, features, width, depth, 4, 8)
system.denoiser = system.networks.denoiser
system.config = system.networks.config = replace(system.config, chart=False)
mixed = torch.from_numpy(np.random.default_rng(seed).permutation(len(train.phrase)))
if captions == "another":
    train = replace(train, phrase=train.phrase[mixed])
steps = 10 if run.small else 4500 if large else 300
plan = Plan(steps=steps, batch=128 if large else 64, lr=1e-3, every=steps, ema=0.99, keep="last",
            precision="32-true")
with tempfile.TemporaryDirectory() as folder:
    train_diffusion(system.networks, train, held_out, plan, folder, seed=seed)

# %%
@torch.inference_mode()
def loss(phrase):
    """Held-out loss with these texts, the same noise each time."""
    system.networks.cpu().eval()
    z = system.networks.standardise(encode_all(system.networks, held_out.rolls))
    said = system.networks.text_features(held_out.vectors)[phrase]
    condition = DrumConditioning(said, held_out.tempo, torch.ones(len(z), 2))
    torch.manual_seed(seed)
    losses = [system.diffusion.loss(system.denoiser, z, *condition) for _ in range(run.size(1, 8))]
    return float(torch.stack(losses).mean())


phrase = held_out.phrase[:, 0]
swapped = phrase[torch.randperm(len(phrase), generator=torch.Generator().manual_seed(seed))]
run.note("loss, own captions", loss(phrase))
run.note("loss, captions swapped", loss(swapped))

# %%
styles = ["rock", "latin", "funk", "jazz", "hip hop", "Afrobeat"]
takes = run.size(2, 12)
wanted = np.repeat(styles, takes)
people = beats_of(data.train, styles)
judge = candidates(seed)["extra trees"].fit(people.styled, people.labels("style"))
bench = Bench({"short": system}, data, Report(), seed=seed)
made = bench.generate([f"{style} beat" for style in wanted], tempos=[110.0] * len(wanted))
heard = judge.predict(made.styled)
run.note("style as asked", (heard == wanted).mean(), floor=1 / 6, unit="share")
run.finish()

# %% [markdown]
# ## Result at laptop size

# %%
from workbench.course.experiments import committed

table = committed("drum_shuffled_text")
table

# %%
import matplotlib.pyplot as plt

left, right = plots.axes(1, 2, width=9, height=3.2)
plots.intervals(left, *table.series("style as asked", "captions"))
left.axhline(1 / 6, color=plots.COLOURS[6], ls=":", label="chance")
left.set(ylabel="share of loops with the style asked for", ylim=(0, 1))
left.legend(frameon=False, labelcolor=plots.INK, fontsize=9)
asked = ("own captions", "captions swapped")
for curve, kind in enumerate(("own", "another")):
    row = table.across([f"loss, {name}" for name in asked], captions=kind)
    plots.intervals(right, asked, *row[1:], label=f"trained with {kind}", curve=curve)
left.set_xlabel("trained with captions")
right.set(ylabel="held-out loss (v-prediction)", xlabel="asked with")
plt.show()
gap = table.difference("style as asked", {"captions": "another"}, {"captions": "own"})
print("style, own − another: {:.2f} ({:.2f} to {:.2f})".format(*gap))
gap = table.difference("loss, own captions", {"captions": "another"}, {"captions": "own"})
print("loss, own − another: {:.4f} ({:.4f} to {:.4f})".format(*gap))

# %% [markdown]
# **The text matters.** With its own captions the system generates the requested style in 62 % of
# loops after 300 steps, a little more than the half that was predicted; with those of another loop
# in 18 %, which is chance. Seed by seed the gap is 0.44 (0.34 to 0.55). So if listeners hear no
# difference between a prompt and none, as in the paper, this does not show that text has no effect.
#
# **The loss says the opposite, and this was not predicted.** In the system trained with its own
# captions, swapping them costs two per cent, with the right sign for every seed. But on held-out
# sessions this system is *worse* than the one that learned to ignore its text, even with the true
# captions: 0.771 against 0.761, at every seed. “Funk beat” in the training sessions means the funk
# of a handful of drummers, and not all that the system learns from it holds for other sessions.
# What makes a style recognisable to the judge, which was trained on the same sessions, need not
# make another drummer's bar more probable. Judged by the held-out loss alone, the text should be
# removed.

# %% [markdown]
# ## What a gpu run would add
#
# The shipped size and length of training, with phrases and captions (the lessons' recipe): does the
# loss with text fall below the loss without, or does the gap widen with over-fitting? The grid
# `gpu` contains it. More drummers would answer this better than more steps: this data set has ten.
