# %% [markdown]
# # 05 · Latent diffusion
#
# [04 MRLSTM autoencoder](04_mrlstm_autoencoder.ipynb) · [index](00_start_here.ipynb) ·
# [06 VAE-GAN](06_vae_gan.ipynb)
#
# **You will** noise a loop and undo it, steer the drawing with words, and fill in what is missing.
#
# **Needs** lessons 03 and 04; what a variance is; the shipped checkpoints.
# **Time and memory:** printed below. **Exercises:** 20 minutes.
# **Library:** `workbench.models.diffusion`, `workbench.models.samplers`,
# `workbench.systems.drum_ldm`.
# **Papers:** arXiv 2408.02711 (drums), 2006.11239 (DDPM), 2010.02502 (DDIM), 2211.01095
# (DPM-Solver++), 2207.12598 (guidance), 2305.08891 (zero terminal SNR).

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop (minutes), gpu, paper
dataset = "groove"  # "groove", "builtin", or a folder of MIDI files
seed = 0  # of everything random
train = False  # True trains a system here; False loads the shipped one

# %%
from workbench import DrumLDM, Region, load, plots, start

run = start("05", profile=profile, dataset=dataset, seed=seed, train=train)

# %%
if run.train:
    system = DrumLDM.train(
        run.dataset, run.profile, out=f"runs/drums-{run.profile}", watch=plots.LivePlot()
    )
else:
    system = DrumLDM.from_pretrained("drums-groove-bert")

# %% [markdown]
# ## 1 · Forwards: a loop drowns in noise
#
# *Predict:* at which share of noise will you no longer recognise the beat?
#
# The autoencoder of lesson 04 turns a loop into a latent $x_0$. The forward process mixes it with
# Gaussian noise $\varepsilon$ (DDPM, eq. 4):
#
# $$x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \varepsilon \qquad (1)$$
#
# The weights' squares add up to one, so the variance stays where it was.
#
# *Equation (1):* code `workbench.models.diffusion.Diffusion.add_noise`; paper DDPM
# (arXiv 2006.11239), eq. 4.

# %%
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

# %% [markdown]
# *What you should have noticed:* the decoder forgives a good deal. Its notion of a plausible beat
# holds until the noise is most of the signal. By ear, at 60 %:

# %%
frames[2][1].to_clip(f"60 % noise on: {loop.caption}")

# %% [markdown]
# ## Exercise 1 · The forward process (5 minutes)
#
# *Goal:* equation (1). `alpha_bar` is $\bar\alpha_t$, a number from 0 to 1.

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
# ## 2 · Schedules: how fast it drowns
#
# *Predict:* the drum paper's schedule ends at step 999. How much signal is left there?
#
# Training never shows pure noise if some signal is left at the end, yet drawing starts from pure
# noise. Rescaling the schedule mends it (arXiv 2305.08891): zero terminal SNR. Then the network
# cannot predict $\varepsilon$ at the last step, where $x_t$ *is* $\varepsilon$; it predicts the
# velocity $v = \sqrt{\bar\alpha_t}\,\varepsilon - \sqrt{1-\bar\alpha_t}\,x_0$ instead.

# %%
from workbench.models.diffusion import SCHEDULES

curves = {name: make(1000).sqrt().numpy() for name, make in SCHEDULES.items()}
plots.lines(plots.axes(width=7), range(1000), curves, xlabel="step t", ylabel="share of signal √ᾱ")
for name, curve in curves.items():
    print(f"{name}: at the last step {curve[-1]:.2%} of the amplitude is signal")

# %% [markdown]
# *What you should have noticed:* some schedules end above zero, and a little signal tells a network
# a lot: how many hits there are, how loud. In training it learns to rely on that; in drawing the
# start says nothing, and it believes it all the same.
#
# ## 3 · Backwards: the denoising film
#
# *Predict:* what is decided first, the pulse or the ghost notes?
#
# From pure noise, the network guesses $x_0$, the sampler goes a step towards it, and again. Each
# frame is the guess at one step.

# %%
from workbench.course.widgets import FilmWidget

film = system.film("funk with ghost notes, 96 bpm", bars=4, steps=20, seed=seed)
plots.strip(film, most=4);

# %%
FilmWidget(film, "funk with ghost notes, 96 bpm")

# %%
import numpy as np

hits = np.array([frame.hits for _, frame in film])
settled = {
    name: float((hits[:, :, drum] == hits[-1, :, drum]).mean(1)[5])
    for name, drum in (("bass drum", 0), ("snare", 1), ("closed hi-hat", 2))
}
plots.bars(plots.axes(width=5), settled, ylabel="cells settled after 6 of 20 steps");

# %% [markdown]
# *What you should have noticed:* the outline comes at once, from noise alone. After 6 of 20 steps,
# with the noise still at 93 %, 94 % of the cells of bass drum and hi-hat are as at the end, and
# 86 % of those of the snare, which has the ghost notes (most are empty and agree by themselves).
# Once the noise is down to half, no hit of these three moves any more.
#
# ## Exercise 2 · A DDIM step (10 minutes)
#
# *Goal:* one step back (arXiv 2010.02502, eq. 12 with no fresh noise). From $x_t$ and the guessed
# $\varepsilon$, first the clean guess, then noise it again to the next, lower level:
#
# $$\hat x_0 = \frac{x_t - \sqrt{1-\bar\alpha_t}\,\varepsilon}{\sqrt{\bar\alpha_t}}, \qquad
# x_s = \sqrt{\bar\alpha_s}\,\hat x_0 + \sqrt{1-\bar\alpha_s}\,\varepsilon \qquad (2)$$
#
# *Equation (2):* code `workbench.models.samplers.ddim`; paper DDIM (arXiv 2010.02502), eq. 12 with
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
# ## 4 · Samplers: how many questions?
#
# *Predict:* how many steps does each sampler need until more make no difference?
#
# DDPM adds fresh noise on the way, DDIM none, DPM-Solver++ uses the last two guesses to go a
# curved step. The distance is Fréchet's between contrastive embeddings of drawn and held-out
# loops, from few samples: read it as a ranking, not as a value. The floor is the distance between
# two halves of the held-out loops.

# %%
import time

from workbench.evaluation.distances import frechet_distance

n = run.size(24, 96)
real = system.embed_clips(held_out[:: max(1, len(held_out) // n)][:n]).numpy()
prompts = [clip.caption for clip in held_out[:: max(1, len(held_out) // n)][:n]]
floor = frechet_distance(real[::2], real[1::2])
rows = {}
for name, steps in (("dpm++", 5), ("dpm++", 20), ("ddim", 20), ("ddpm", run.size(40, 200))):
    began = time.perf_counter()
    clips = system.generate(prompts, bars=4, steps=steps, sampler=name, seed=seed)
    spent = time.perf_counter() - began
    rows[f"{name} {steps}"] = float(frechet_distance(real, system.embed_clips(clips).numpy()))
    print(f"{name}, {steps} steps: {spent:.1f} s for {n} loops")
plots.bars(plots.axes(width=6), rows, ylabel="Fréchet distance", floor=float(floor))
run.note("Fréchet distance, dpm++ 20", rows["dpm++ 20"], floor=float(floor))

# %% [markdown]
# *What you should have noticed:* more steps cost time and hardly lower the distance. At laptop
# size five steps of DPM-Solver++ came to 0.22, twenty to 0.25, and 200 steps of DDPM, in over ten
# times the time of twenty, to 0.23: with 96 loops this is no ranking, because two halves of the
# same music differ by 0.15. All four lie above that floor, but so would other people's loops: with
# 300 loops of eight bars the card has 0.09 for generated ones and 0.11 for those of the training
# drummers. The tower that embeds also steers the system, which flatters the system.
#
# ## 5 · Guidance: the dial
#
# *Predict:* what does guidance 0 do? And 6?
#
# The network is asked twice, with the text and without, and the difference is exaggerated
# (arXiv 2207.12598):
#
# $$\hat v = v_\varnothing + s\,(v_{\text{text}} - v_\varnothing) \qquad (3)$$
#
# *Equation (3):* code `workbench.models.diffusion.guided`; paper classifier-free guidance
# (arXiv 2207.12598), eq. 6, whose $w$ is $s - 1$.
#
# The measure: in how many loops does the ride cymbal lead, if it is asked for?

# %%
from workbench.datasets.captions import facts_of


def share(trait, prompt, guidance):
    n = run.size(8, 32)
    clips = system.generate(prompt, n=n, bars=8, guidance=guidance, tempo=120, seed=seed)
    return float(np.mean([trait in facts_of(clip).traits for clip in clips]))


dial = [0, 1, 2, 4] if run.small else [0, 0.5, 1, 1.5, 2, 3, 4, 6]
asked = [share("ride", "jazz with a ride pattern", s) for s in dial]
plots.lines(plots.axes(width=6), dial, {"ride, asked for": asked}, xlabel="guidance scale",
            ylabel="share of loops with the trait")
for scale, value in zip(dial, asked, strict=True):
    print(f"guidance {scale}: {value:.0%}")

# %%
from workbench.course.widgets import compare

compare(
    [system.generate("jazz with a ride pattern", bars=4, guidance=s, tempo=120, seed=seed)[0]
     for s in (0, 1.5, 6)],
    ["guidance 0: deaf to the text", "guidance 1.5", "guidance 6: exaggerated"],
)

# %% [markdown]
# *What you should have noticed:* at 0 the text has no effect; the ride leads in a quarter of the
# loops, as without words. Then the dial works: at laptop size three loops in four have the trait at
# 0.5, and all of them from 1 on. What more guidance does beyond that, the mini-project asks.
#
# ## Exercise 3 · Guidance (5 minutes)
#
# *Goal:* equation (3). At scale 1 the text's answer alone is left, at 0 the one without.

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
# ## 6 · Does it obey, or is it luck?
#
# *Predict:* which of these traits is hardest to ask for?
#
# Three columns: the trait is asked for; nothing is asked for; another trait is asked for (a
# shuffled prompt). A model that ignores text has three equal columns.

# %%
ask = {
    "busy": "a busy beat", "sparse": "a sparse beat with few notes",
    "ghost notes": "groove with ghost notes", "ride": "a ride cymbal pattern",
    "toms": "a beat on the toms", "open hats": "open hi-hats",
}
traits = list(ask)
table = np.array([
    [share(t, ask[t], 1.5), share(t, "", 1.0), share(t, ask[traits[i - 1]], 1.5)]
    for i, t in enumerate(traits)
])
plots.matrix(plots.axes(width=6, height=3), table, rows=traits, unit="share of loops",
             columns=["asked", "no words", "something else asked"])
asked, empty, shuffled = table.mean(0)
run.note("trait present when asked for", asked, floor=f"no words {empty:.2f}")
run.note("the same, shuffled prompts", shuffled)

# %% [markdown]
# *What you should have noticed:* at laptop size each trait is there in 75 to 100 % of loops when it
# is asked for (busy least, ride always) and in 6 to 28 % without words. Asking for something else
# mostly takes it below that: the model does read the text. These prompts name no style. Beside one
# ("a busy rock beat") the traits are obeyed less: the card has 44 % to 100 %.
#
# ## 7 · Keywords or sentences?
#
# *Predict:* which of the two prompts below will the keyword system understand less of?
#
# The paper's other text encoder sees only 57 keywords. Both are shipped.

# %%
keywords = DrumLDM.from_pretrained("drums-groove-keywords")
for prompt in ("jazz swing ride", "something gentle with lots of soft snare in between"):
    found = keywords.explain_prompt(prompt).keywords
    print(f"{prompt!r}\n    keywords: {', '.join(found) or 'none'}")
prompt = "fast punk rock, crash, 170 bpm"
clips = [s.generate(prompt, bars=4, seed=seed)[0] for s in (system, keywords)]
compare(clips, ["BERT", "keywords"])

# %% [markdown]
# *What you should have noticed:* a list of keywords does well while one speaks its language. Of a
# sentence it sees the words it knows, and nothing of what stands between them.
#
# ## 8 · Keep this, draw the rest
#
# *Predict:* keep only the bass drum. Will the rest fit it?
#
# At each step the guess is decoded, the kept cells are put in, and the result is encoded again: so
# the rest is drawn around them. The kept cells come back exactly.

# %%
keep = np.zeros((64, 9), dtype=bool)
keep[:, 0] = True  # the bass drum
filled = system.inpaint(loop, Region(cells=~keep), prompt="busy funk with open hats", seed=seed)[0]
own, new = DrumRoll.from_clip(loop), DrumRoll.from_clip(filled)
kept = float((own.to_array()[:, [0, 9, 18]] == new.to_array()[:, [0, 9, 18]]).mean())
print(f"bass drum kept: {kept:.0%} of its cells, hit, velocity and offset")
run.note("kept cells unchanged", kept, floor=1.0)
compare([loop, filled], ["original", "bass drum kept, the rest drawn"])

# %%
from workbench.course.widgets import DrumGrid

DrumGrid(loop, system)

# %% [markdown]
# *What you should have noticed:* what is kept is kept to the last velocity. Whether the rest, drawn
# around it, fits is for the ear: no figure here measures it.
#
# ## Mini-project · What guidance costs (an hour)
#
# Guidance makes loops obey, and makes them alike. Draw 32 loops at each of five scales, and measure
# both: how many have the trait you asked for, and how far apart two of them are in the mean (cells
# of `rolls_of(clips)[..., :9]` that differ). Draw the one over the other. Where do real loops with
# that trait lie, and which scale would you ship?
#
# ## You can now
#
# You noised a loop and undid it, steered the drawing with words, and filled in what was missing.
#
# *One limitation heard:* bars repeat less exactly than a drummer's; listen to the small hits that
# come once and never again.
#
# *Terms:* forward process · schedule · zero terminal SNR · sampler · DDPM · DDIM · DPM-Solver++ ·
# Fréchet distance · guidance
#
# *Next:* train your own with `train = True`, or `workbench train drums --dataset your/folder`.

# %%
run.finish()
