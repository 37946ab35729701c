# %% [markdown]
# # 00 · Start here
#
# Index · next: [01 Exploring the data](01_eda.ipynb)
#
# **You will** generate drum loops from words, see how the system interprets them, and export the
# MIDI.
#
# **Needs** a little Python. The trained system comes with the workbench. **Time and memory:**
# printed by the second cell. **Exercises:** 20 minutes. **Library:** `workbench.systems.drum_ldm`.
# **Paper:** *Text Conditioned Symbolic Drumbeat Generation using Latent Diffusion Models*, arXiv
# 2408.02711.

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop (minutes), gpu, paper
dataset = "groove"  # "groove", "builtin", or a folder of MIDI files
seed = 0  # of everything random
train = False  # this notebook trains nothing

# %%
from workbench import predict, reveal, start

run = start("00", profile=profile, dataset=dataset, seed=seed, train=train)

# %% [markdown]
# ## 1 · Hear it first
#
# *Predict:* what will you see in the row of the snare drum for "slow funk with ghost notes"?
#
# Every part of the workbench takes or returns **clips**. A clip is a score or a sound, with its
# caption and tempo. If a clip is the last line of a cell, the notebook shows it with a player. Time
# runs to the right. Higher and darker bars are louder hits; the number behind this is the
# **velocity**.

# %%
from workbench import DrumLDM

system = DrumLDM.from_pretrained("drums-groove-bert")
takes = system.generate("slow funk with ghost notes, 92 bpm", n=run.size(2, 4), bars=4, seed=seed)
takes[0]

# %% [markdown]
# *What you should have noticed:* beside the loud snare on beats two and four there are low bars,
# soft hits between the beats. Drummers call them ghost notes. Nobody wrote a rule for them here.
#
# Each take starts from different random noise. Here is another take of the same words:

# %%
takes[1]

# %% [markdown]
# ## 2 · How fast was that?
#
# *Predict:* how long do four loops of eight bars take on this machine, sound included?

# %%
predict("00.1", [1.0, 3.0, 10.0, 30.0], unit="s")

# %% [markdown]
# Each lesson asks for such predictions. Choose an answer and say how sure you are. The run then
# shows the right one, and the end of the lesson shows how well you judged yourself.

# %%
import time

started = time.perf_counter()
four = system.generate("busy rock with crashes", n=4, bars=8, seed=seed)
generated = time.perf_counter()
sounds = [clip.waveform() for clip in four]
took = time.perf_counter() - started
reveal("00.1", took, f"generating {generated - started:.1f} s, the rest is the sound")
run.note("four loops, generated and rendered", took, unit="s")

# %% [markdown]
# *What you should have noticed:* to generate a loop, the system evaluates a network ten times.
# Lesson 05 shows what happens in these steps. The first run also loads the drum samples; run the
# cell again and that extra time is gone.
#
# ## 3 · What was understood?
#
# *Predict:* a system has learned from drummers. Which words of "a spooky xylophone waltz" can it
# know?
#
# The system accepts any text. A parser finds facts in five languages: the tempo, the metre, the
# feel, fills, and which drums are hit, where and how loud. A language model encodes the names of
# styles. The system lists the words that have no effect, and those that a drum kit cannot play.

# %%
odd = ("a spooky xylophone waltz", "sehr schneller Rock bitte")
for prompt in ("jazz on the ride, 140 bpm", "", *odd):
    reading = system.explain_prompt(prompt)
    print(f"{prompt!r}: tempo {reading.tempo or system.suggest_tempo(prompt):.0f} BPM")
    for message in reading.messages:
        print("   ", message)

# %% [markdown]
# *What you should have noticed:* if the prompt has no tempo, the system chooses one that suits the
# words. The waltz is understood as 3/4. The system names the words that it does not know, says that
# its kit has no xylophone, and generates anyway.
#
# ## Exercise 1 · How long does it last? (5 minutes)
#
# *Level:* easy. *Goal:* from a number of beats and a tempo in beats per minute (BPM), the length in
# seconds. A loop of four bars has 16 beats.

# %% tags=["stub"]
def seconds(beats, tempo):
    return None  # your line here


# %% tags=["check"]
from workbench.course.teaching import check_length

check_length(seconds)

# %% tags=["solution"]
def seconds(beats, tempo):
    return beats * 60 / tempo



# %% [markdown]
# ## 4 · Your turn
#
# *Predict:* leave one word out of the prompt. Will only what this word describes change, or more?
#
# The box below calls `system.generate`, as you did above. Type a prompt and press Enter. You can
# keep a loop, vary it, and download it as MIDI or sound. Everything works by keyboard.

# %%
from workbench.course.widgets import PromptBox

box = PromptBox(system, "slow funk with ghost notes, 92 bpm", takes=takes[:1])
box

# %% [markdown]
# ## 5 · Take the MIDI away
#
# *Predict:* is the size of the file closer to that of a photo or to that of a page of text?
#
# As MIDI, a drum loop is on **channel 10** and has the pitches of General MIDI, so any DAW can open
# it.

# %%
import tempfile
from pathlib import Path

from workbench import Clip

folder = Path(tempfile.mkdtemp())
takes[0].write_midi(folder / "funk.mid")
back = Clip.read(folder / "funk.mid")
print(f"{(folder / 'funk.mid').stat().st_size:,} bytes")
print(back)
print(back.notes[:4])

# %% [markdown]
# *What you should have noticed:* **MIDI** contains no sound. It says which drum is hit, when, and
# how hard.
#
# ## Exercise 2 · Density (5 minutes)
#
# *Level:* easy. *Goal:* measure how busy a loop is. A **drum roll** has a row for each sixteenth
# and a column for each of nine drums. Write a function that takes its hits, `(steps, 9)` of True
# and False, and returns the **hits per beat**. A beat has four steps.

# %% tags=["stub"]
def density(hits):
    return None  # your line here


# %% tags=["check"]
from workbench.course.teaching import check_density

check_density(density)

# %% tags=["solution"]
def density(hits):
    return hits.sum() / (len(hits) / 4)


# %% [markdown]
# ## 6 · Do words work?
#
# *Predict:* by what factor will a "busy" beat be denser than a "sparse" one?

# %%
predict("00.2", [1.2, 2.0, 3.0], unit="times")

# %% [markdown]
# One loop proves nothing. Here are several for each prompt, and several without a prompt.

# %%
import numpy as np

from workbench import plots
from workbench.representations.drum_roll import rolls_of

prompts = {"busy": "a busy beat", "no words": "", "sparse": "a sparse, simple beat"}
hits = {}
for name, prompt in prompts.items():
    clips = system.generate(prompt, n=run.size(8, 24), tempo=110, seed=seed + 1)
    rolls = rolls_of(clips)  # (n, steps, 27): the first 9 columns are the hits
    hits[name] = rolls[..., :9].sum((1, 2)) / (rolls.shape[1] / 4)  # per beat, as in exercise 2
mean = {name: float(np.mean(values)) for name, values in hits.items()}
plots.bars(plots.axes(width=5), mean, ylabel="density (hits per beat)")
reveal("00.2", mean["busy"] / mean["sparse"])
run.note("busy over sparse", mean["busy"] / mean["sparse"], floor=1.0)

# %% [markdown]
# *What you should have noticed:* the bar without a prompt lies between the others. If the words had
# no effect, all three would be about equal. This is the **floor** in the table below: what one gets
# without the effect.
#
# ## Exercise 3 · More than luck? (10 minutes)
#
# Two means do not show how much the two groups of loops overlap. The **probability of superiority**
# (McGraw and Wong 1992) compares *all* pairs of a loop of the first kind and a loop of the second.
# It is the share of pairs in which the first has more hits; a tie counts half.
#
# *Level:* medium. *Goal:* compute it from two arrays of numbers, which may differ in length.

# %% tags=["stub"]
def superiority(first, second):
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_superiority

check_superiority(superiority)

# %% tags=["solution"]
def superiority(first, second):
    apart = first[:, None] - second[None]
    return (apart > 0).mean() + (apart == 0).mean() / 2



# %% [markdown]
# A rank test, the Mann–Whitney U, gives the same number:

# %%
from scipy.stats import mannwhitneyu

pairs = len(hits["busy"]) * len(hits["sparse"])
more = mannwhitneyu(hits["busy"], hits["sparse"]).statistic / pairs
print(f"a busy loop is denser than a sparse one in {more:.0%} of {pairs} pairs")
run.note("busy denser than sparse, share of pairs", more, floor=0.5)

# %% [markdown]
# *What you should have noticed:* ½ would be chance. A word may change the mean although most loops
# of both kinds overlap. This number shows how much they overlap.
#
# ## Mini-project · Three words (an hour)
#
# Choose three words that you would expect to hear, such as "crashes", "toms" or "swing". For each,
# generate loops with it and without it, compute from `rolls_of(clips)` a number that should differ,
# and its probability of superiority. Which word has an effect, which has none? Listen to one loop
# that contradicts your number.
#
# ## The map of the course
#
# | lesson | question |
# |---|---|
# | 00 Start here | what can it do? |
# | [01 Exploring the data](01_eda.ipynb) | what do drummers play, and what do we call it? |
# | [02 Tokenisation](02_tokenisation.ipynb) | how is music written as words? |
# | [03 Contrastive pre-training](03_contrastive_pretraining.ipynb) | how do words and loops meet? |
# | [04 MRLSTM autoencoder](04_mrlstm_autoencoder.ipynb) | how few numbers hold a loop? |
# | [05 Latent diffusion](05_latent_diffusion.ipynb) | how does noise become a loop that obeys? |
# | [06 VAE-GAN](06_vae_gan.ipynb) | how few numbers hold sound? |
# | [07 Audio diffusion](07_audio_diffusion.ipynb) | how does noise become sound? |
# | [08 MusicLDM](08_musicldm.ipynb) | can words ask for sound, and does it copy? |
# | [09 Attention and a small GPT](09_attention_gpt.ipynb) | how does a network look back? |
# | [10 MidiGPT](10_midigpt_inpainting.ipynb) | what belongs into a hole in a song? |
# | [11 Diffusion-LM](11_diffusion_lm.ipynb) | can all words of a piece be generated at once? |
# | [12 Evaluation](12_evaluation.ipynb) | how far is it from music, and what can a measure hear? |
# | [13 The listening test](13_listening_test.ipynb) | what do people hear, and how sure are we? |
# | [14 People](14_people.ipynb) | whose music is it, and does it copy? |
#
# Four refreshers of one page each help where something is missing:
# [MIDI and metre](refreshers/midi.ipynb), [probability](refreshers/probability.ipynb),
# [PyTorch](refreshers/pytorch.ipynb), [sound and Fourier](refreshers/sound.ipynb).
#
# ## You can now
#
# You generated drum loops from words, saw how the system interpreted them, and exported the MIDI.
#
# *One limitation heard:* generate several takes of “rock”. They are more alike than loops of two
# drummers, and their bars repeat more often. Lesson 12 measures such differences.
#
# *Terms:* clip · tempo · velocity · ghost note · MIDI · channel 10 · drum roll · density · floor ·
# probability of superiority. The next cell explains all terms of the course:

# %%
from workbench.course.glossary import glossary

glossary()

# %% [markdown]
# *Next:* [01](01_eda.ipynb) looks at the performances from which the system learned.

# %%
from workbench import quiz

quiz("00")

# %%
run.finish()
