# %% [markdown]
# # 00 · Start here
#
# Index · next: [01 Exploring the data](01_eda.ipynb)
#
# **You will** generate drum loops from words, see how the system interprets the words, and export a
# loop as MIDI.
#
# **Needs** a little Python. The trained system comes with the workbench. If you do not know what a
# beat, a bar and a sixteenth are, read the refresher [MIDI and metre](refreshers/midi.ipynb) first.
# **Time and memory:** printed by the second cell. **Exercises:** 20 minutes.
# The lesson takes about 40 minutes with its exercises. **Library:**
# `workbench.systems.drum_ldm`. **Paper:** *Text Conditioned Symbolic Drumbeat Generation using
# Latent Diffusion Models*, arXiv 2408.02711.

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
# *Think first:* what will you see in the row of the snare drum for "slow funk with ghost notes"?
#
# Every part of the workbench takes or returns **clips**. A clip is a score or a sound, with its
# caption and tempo. If a clip is the last line of a cell, the notebook shows it with a player. Time
# runs to the right, and each drum has a row. A hit is a small box: the higher and darker the box,
# the louder the hit. A number from 1 to 127 stores the loudness: the **velocity**.

# %%
from workbench import DrumLDM

system = DrumLDM.from_pretrained("drums-groove-bert")
takes = system.generate("slow funk with ghost notes, 92 bpm", n=run.size(2, 4), bars=4, seed=seed)
takes[0]

# %% [markdown]
# *What you should have noticed:* beside the loud snare hits on beats two and four there are low
# boxes: soft hits between the beats. Drummers call them ghost notes. No rule makes them: the system
# learned them from drummers.
#
# One call generates several loops, the *takes*. Each take starts from its own random noise. Here is
# another take for the same words:

# %%
takes[1]

# %% [markdown]
# ## 2 · How fast was that?
#
# *Predict:* how long does this machine need to generate four loops of eight bars and their sound?

# %%
predict("00.1", [1.0, 3.0, 10.0, 30.0], unit="s")

# %% [markdown]
# Each lesson asks for such predictions. Choose an answer and say how sure you are. The cell with
# the measurement then shows the right answer. The end of the lesson compares how sure you were with
# how often you were right. A question with *Think first* has no such cell: answer it for yourself
# before you read on.

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
# *What you should have noticed:* the system generates a loop in ten steps, and evaluates a network
# in each. Lesson 05 shows what happens in these steps. The first run also loads the recorded drum
# sounds. If you run the cell again, it is faster.
#
# ## 3 · What was understood?
#
# *Think first:* a system has learned from drummers. Which words of "a spooky xylophone waltz" will
# have an effect?
#
# The system accepts any text. A parser finds facts in five languages: the tempo, the metre, the
# feel, fills, and which drums are hit, where and how loud. A language model encodes the names of
# styles. The system lists the words that have no effect, and those that its drum kit cannot play.

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
# *Level:* easy. *Goal:* compute the length of a loop in seconds, from its number of beats and its
# tempo in beats per minute (BPM). A loop of four bars has 16 beats.

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
# *Think first:* you leave one word out of the prompt. Will the loop change only in what this word
# describes, or in more than that?
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
# *Think first:* is the size of the file closer to that of a photo or to that of a page of text?
#
# In a MIDI file, the drums are on **channel 10**. There the pitch of a note says which drum is hit,
# as the standard General MIDI defines it. So every music program can open the loop.

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
# *What you should have noticed:* the file is small, because **MIDI** contains no sound. It says
# which drum is hit, when, and how hard.
#
# ## Exercise 2 · Density (5 minutes)
#
# *Level:* easy. *Goal:* measure how busy a loop is. A **drum roll** is a table with a row for each
# sixteenth (a *step*) and a column for each of nine drums. Write a function that takes the hits of
# a loop, `(steps, 9)` of True and False, and returns the **hits per beat**. A beat has four steps.

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
# ## 6 · Do words have an effect?
#
# *Predict:* the density of a loop is its number of hits per beat. By what factor will "busy" loops
# be denser than "sparse" ones?

# %%
predict("00.2", [1.2, 2.0, 3.0], unit="times")

# %% [markdown]
# One loop proves nothing. So we generate several loops for each prompt, and several without a
# prompt.

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
# *What you should have noticed:* the density without a prompt lies between the two others. If the
# words had no effect, all three would be about equal, and the ratio of "busy" to "sparse" would be
# about 1. This 1 is the **floor** in the table at the end of the lesson: the value that is reached
# without the effect.
#
# ## Exercise 3 · More than luck? (10 minutes)
#
# Two means do not show how much two groups of loops overlap. The **probability of superiority**
# (McGraw and Wong 1992) pairs *each* loop of the first group with *each* loop of the second. It is
# the share of pairs in which the first loop has more hits; a tie counts half.
#
# *Level:* medium. *Goal:* compute this share from two arrays of numbers, which may differ in
# length.

# %% tags=["stub"]
def superiority(first, second):
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_superiority

check_superiority(superiority)

# %% tags=["solution"]
def superiority(first, second):
    difference = first[:, None] - second[None]
    return (difference > 0).mean() + (difference == 0).mean() / 2



# %% [markdown]
# A well-known rank test uses the same number: the statistic U of Mann and Whitney, divided by the
# number of pairs.

# %%
from scipy.stats import mannwhitneyu

pairs = len(hits["busy"]) * len(hits["sparse"])
more = mannwhitneyu(hits["busy"], hits["sparse"]).statistic / pairs
print(f"a busy loop is denser than a sparse one in {more:.0%} of {pairs} pairs")
run.note("busy denser than sparse, share of pairs", more, floor=0.5)

# %% [markdown]
# *What you should have noticed:* by chance the share would be ½. Two means can differ although the
# two groups overlap almost completely. The share shows how much they overlap: at 1, or at 0, they
# do not.
#
# ## Mini-project · Three words (an hour)
#
# Choose three words whose effect one should hear, such as "crashes", "toms" or "swing". For each
# word, generate loops with it and without it. From `rolls_of(clips)`, compute a number that should
# differ, and its probability of superiority. Which word has an effect, and which has none? Listen
# to one loop that contradicts your number.
#
# ## The map of the course
#
# | lesson | question |
# |---|---|
# | 00 Start here | what can it do? |
# | [01 Exploring the data](01_eda.ipynb) | what do drummers play, and what do we call it? |
# | [02 Tokenisation](02_tokenisation.ipynb) | how is music written as a sequence of words? |
# | [03 Contrastive pre-training](03_contrastive_pretraining.ipynb) | which words suit a loop? |
# | [04 MRLSTM autoencoder](04_mrlstm_autoencoder.ipynb) | how few numbers can describe a loop? |
# | [05 Latent diffusion](05_latent_diffusion.ipynb) | how does noise become a loop for a text? |
# | [06 VAE-GAN](06_vae_gan.ipynb) | how few numbers can describe a sound? |
# | [07 Audio diffusion](07_audio_diffusion.ipynb) | how does noise become sound? |
# | [08 MusicLDM](08_musicldm.ipynb) | how do words become sound, and does the system copy? |
# | [09 Attention and a small GPT](09_attention_gpt.ipynb) | how does a network look back? |
# | [10 MidiGPT](10_midigpt_inpainting.ipynb) | what fits into a hole in a song? |
# | [11 Diffusion-LM](11_diffusion_lm.ipynb) | can all words of a piece be generated at once? |
# | [12 Evaluation](12_evaluation.ipynb) | what does a measure notice, and what not? |
# | [13 The listening test](13_listening_test.ipynb) | what do people hear, and how sure are we? |
# | [14 People](14_people.ipynb) | whose music is it, and does a system copy it? |
#
# If you miss some basics, read a refresher. There are four, of one page each: [MIDI and
# metre](refreshers/midi.ipynb), [probability](refreshers/probability.ipynb),
# [PyTorch](refreshers/pytorch.ipynb), [sound and Fourier](refreshers/sound.ipynb).
#
# ## You can now
#
# You generated drum loops from words, saw how the system interpreted the words, and exported a loop
# as MIDI.
#
# *One limitation heard:* generate several takes of "rock". They are more alike than loops of two
# drummers, and their bars repeat more often. The table at the end of lesson 12 shows how much takes
# differ.
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
