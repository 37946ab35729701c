# %% [markdown]
# # Experiment: played or generated?
#
# **For** lesson 13. **In short:** From how short a clip can generated sound be distinguished from
# real music? *Predicted:* half a second is enough, because the judge detects the decoder, not the
# music.
#
# **Question.** MusicLDM's authors leave a blind comparison with human music open. How well, and
# from how short a clip, can generated sound be distinguished from real music?
#
# **Prediction**, written before the run. A judge trained for this purpose distinguishes both
# systems' clips from real ones almost always (accuracy above 0.95) at four seconds, and hardly less
# well at half a second (above 0.9): it detects the decoder, not the music. Real windows that were
# only encoded and decoded by a system are recognised nearly as well, above 0.85; so the composition
# matters little. LDMG, whose decoder audibly veils the sound, is easier to recognise than
# MusicLDM's vocoder.
#
# **Method.** 48 held-out windows, the clips that the system generates for their captions (10
# steps), and the same windows encoded and decoded. They are cut to their first 0.5 or 4 s, set to
# the same level, and embedded by our tagger (128 numbers, trained to classify genre, tempo and key,
# never on generated sound). The judge is a classifier as a two-sample test (Lopez-Paz and Oquab
# 2017, arXiv 1610.06545): the mean vote of a linear model, extra trees and boosted trees, each on
# clips that it was not trained on; windows of one piece, and the clips generated for it, are in the
# same fold. Accuracy is balanced: 0.5 is chance, guessing is right for 0.6 of 96 clips once in
# forty times, and the accuracy for two sets of real windows is the floor. The judge is a machine
# that was trained with the right answers for other clips. It shows what *can* be distinguished with
# an embedder of 128 numbers, not what people hear or like. Only people can answer that: the last
# section makes a test for them. A point takes a minute.

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop
dataset = "groove+builtin-songs+pop909+openscore-lieder+cc-music-clips"
seed = 0  # which windows, the noise, the folds
system = "sound-ldmg"  # or "music-ldm"

# %% tags=["grid"]
grid = {
    "smoke": {"system": ["sound-ldmg"], "seed": [0]},
    "laptop": {"system": ["sound-ldmg", "music-ldm"], "seed": [0, 1, 2, 3, 4]},
}

# %%
import numpy as np
import torch

from workbench import LDMG, MusicLDM, plots, start
from workbench.datasets.sounds import collect
from workbench.evaluation.classifiers import separability
from workbench.evaluation.tagger import tagger_of

run = start("human_or_machine", profile=profile, dataset=dataset, seed=seed)
made_by = (LDMG if system == "sound-ldmg" else MusicLDM).from_pretrained(system)
rate, n, steps = 16_000, run.size(12, 48), run.size(2, 10)
audio = collect(run.dataset, rate, limit=8 if run.small else None, quiet=True)
length = round(made_by.config.seconds * rate)  # 4.1 s and 5.1 s
told = [i for i in audio.split("test") if audio.items[i].caption.strip()]
(real, pieces), (other, others) = (
    audio.crops(n, length, seed=2 * seed + k, rows=told) for k in (0, 1)
)
real, other = real[:, 0], other[:, 0]
captions = [audio.items[int(i)].caption for i in pieces]

# %%
if system == "sound-ldmg":
    noises = [1000 * seed + k for k in range(n)]
    clips = made_by.generate_batch(captions, [None] * n, noises, steps=steps)
    drawn = np.stack([clip.audio[0] for clip in clips])
    both = [made_by.decode_sound(made_by.encode_sound(samples[None])) for samples in real]
    coded = np.stack([samples[0, :length] for samples in both])
else:
    with torch.inference_mode():
        vectors = made_by.embedder.embed_text(captions)
        noises = [1000 * seed + k for k in range(n)]
        drawn = made_by.generate_batch(vectors, noises, steps=steps).numpy()
        parts = torch.from_numpy(real).split(16)
        both = [made_by.decode_sound(made_by.encode_sound(part)) for part in parts]
        coded = torch.cat(both).numpy()
coded = coded[:, :length]

# %%
tagger = tagger_of(audio, 65_536, steps=run.size(5, 600))


def heard(sounds, seconds):
    """The tagger's vectors of the beginnings, all at one level."""
    cut = sounds[:, : round(seconds * rate)]
    return tagger.predict(0.1 * cut / np.maximum(np.sqrt((cut**2).mean(1, keepdims=True)), 1e-4))[0]


for seconds in (0.5, 4.0):
    known = heard(real, seconds)
    floor = separability(known, heard(other, seconds), pieces, others, seed=seed).accuracy
    for name, sounds in (("drawn", drawn), ("coded", coded)):
        found = separability(known, heard(sounds, seconds), pieces, pieces, seed=seed)
        run.note(f"{name}, {seconds:g} s", found.accuracy, floor=floor, unit="accuracy")
run.finish()

# %% [markdown]
# ## Result at laptop size

# %%
from workbench.course.experiments import committed

table = committed("human_or_machine")
table

# %%
figures = ["coded, 0.5 s", "coded, 4 s", "drawn, 0.5 s", "drawn, 4 s"]
ax = plots.axes(width=7, height=3.6)
for curve, name in enumerate(("sound-ldmg", "music-ldm")):
    plots.intervals(ax, *table.across(figures, system=name), curve=curve, label=name)
floors = [table.floor(figure) for figure in figures]
ax.plot(range(len(figures)), floors, "_", ms=24, color=plots.COLOURS[5], label="real from real")
ax.axhline(0.5, color=plots.INK, ls=":", lw=1)
ax.set_ylabel("accuracy of the judge")
ax.legend(frameon=False, labelcolor=plots.INK, fontsize=9)

# %%
for figure in figures:
    gap = table.difference(figure, {"system": "sound-ldmg"}, {"system": "music-ldm"})
    print(f"{figure}: MusicLDM − LDMG: {gap[0]:.3f} ({gap[1]:.3f} to {gap[2]:.3f}); "
          f"real from real {table.floor(figure):.3f}")

# %% [markdown]
# **The prediction is wrong in all its numbers.** For generated clips of four seconds, the accuracy
# of this judge is 0.76 (LDMG) and 0.81 (MusicLDM), not 0.95; for half a second 0.68 and 0.73, not
# 0.9. All are above the value for two sets of real windows (0.51). For windows that were only
# encoded and decoded it is 0.60 to 0.66, not 0.85: an interval or two above chance. So this
# classifier does not recognise a clip mainly by the decoder, but more by four seconds of
# composition. Longer clips are easier to recognise if they were generated, and hardly if they were
# only coded. The two systems do not differ visibly: MusicLDM − LDMG is 0.05 at four seconds, with
# an interval from −0.05 to 0.15, and the sign is not the predicted one.
#
# **What this judge is not.** It is not a person and not a measure of quality. Its embedder was
# trained to classify genre, tempo and key, and to ignore level; a veil over the sound, which people
# notice at once, may hardly change its 128 numbers. It learns from about 40 clips of each kind, and
# coded windows resemble their own originals, which are in the same fold. So its accuracies are
# lower bounds: another classifier, or ten times the clips, could distinguish more, and people
# might, too. On the other hand it can be right for reasons that have nothing to do with music, such
# as another share of genres among the generated clips.

# %% [markdown]
# ## Ask people
#
# A class can answer what the machine cannot. `workbench listen make` needs only a folder of clips
# for each source, with one clip each for the same prompts. It gives the clips equal loudness and
# length and random names, adds the practice clip, the check and a repeated clip, and stores the
# sources in a key. Serve the page (`workbench listen serve`), and read lesson 13 on how to analyse
# the answers and how many raters are needed. The cell below makes the page from the windows of this
# point. **No one has rated it yet**: this notebook contains no people's opinions.

# %%
import tempfile
from pathlib import Path

from workbench.music.clip import Clip
from workbench.tools.listening.command import main

folder = Path(tempfile.mkdtemp())
named = {words[:80].replace("/", " "): i for i, words in enumerate(captions)}  # one a caption
for source, sounds in (("human", real), ("human, coded", coded), (system, drawn)):
    (folder / "clips" / source).mkdir(parents=True)
    for words, i in list(named.items())[:6]:
        clip = Clip(audio=sounds[i][None], sample_rate=rate)
        clip.write_audio(folder / "clips" / source / f"{words.replace(' ', '_')}.wav", rate)
code = main(["make", "--out", str(folder / "test"), "--clips", str(folder / "clips"),
             "--title", "Played or drawn?", "--seconds", "4", "--seed", str(seed)])

# %% [markdown]
# ## What a gpu run would add
#
# 2,000 clips of each source, and embedders that were not trained here (CLAP, VGGish) or a network
# trained on the spectrograms themselves: then an accuracy near 0.5 would mean something. It would
# not add raters; for those the page above is enough.
