# %% [markdown]
# # Refresher: MIDI and metre in three cells
#
# [Index of the course](../00_start_here.ipynb)
#
# **For** lessons 00 to 05 and 09 to 11. **You need** no knowledge of notation.
#
# **1 · Notes as numbers.** MIDI stores no sound. A note is a **pitch** from 0 to 127, an **onset**,
# a **duration** and a **velocity** from 1 to 127, which says how hard it is struck. Pitch 60 is
# middle C. One more is a semitone higher, twelve more an octave, which doubles the frequency:
# $f = 440 \cdot 2^{(p-69)/12}$ Hz. On channel 10 a pitch is a drum: 36 is the bass drum.

# %%
from workbench import Clip, plots

scale = [60, 62, 64, 65, 67, 69, 71, 72]  # C major
rows = [(beat, 1, pitch, 60 + 8 * beat) for beat, pitch in enumerate(scale)]
clip = Clip.from_notes(rows, tempo=120, drums=False, caption="a scale that gets louder")
for pitch in (60, 69, 72):
    print(f"pitch {pitch}: {440 * 2 ** ((pitch - 69) / 12):.1f} Hz")
clip

# %% [markdown]
# **2 · Beat, bar, tempo.** Onsets are counted in **beats**, the pulse one taps. The **tempo** is
# beats per minute (BPM): at 120 BPM a beat lasts half a second. The **metre** groups beats in bars.
# In 4/4 a bar has four quarter notes; in 3/4, a waltz, three. In 6/8 it has six eighths, which are
# felt as two groups of three. The workbench counts quarter notes as beats in every metre.

# %%
BASS, SNARE, HAT = 36, 38, 42
patterns = {  # metre: (quarter note, drum) of a bar
    (4, 4): [(0, BASS), (1, SNARE), (2, BASS), (3, SNARE)],
    (3, 4): [(0, BASS), (1, SNARE), (2, SNARE)],
    (6, 8): [(0, BASS), (1.5, SNARE)],
}
grooves = {}
for (top, bottom), pattern in patterns.items():
    length = top * 4 / bottom  # quarter notes in a bar
    rows = [(bar * length + at, 0.25, drum, 100) for bar in range(2) for at, drum in pattern]
    rows += [(eighth / 2, 0.25, HAT, 60) for eighth in range(int(4 * length))]
    grooves[f"{top}/{bottom}"] = Clip.from_notes(
        rows, tempo=120, meter=(top, bottom), beats=2 * length
    )
for name, groove in grooves.items():
    seconds = groove.beats * 60 / groove.tempo
    print(f"{name}: a bar has {groove.beats / 2:g} quarter notes, two bars last {seconds:g} s")

# %%
from workbench.course.widgets import compare

compare(list(grooves.values()), list(grooves))

# %% [markdown]
# **3 · The grid.** A sixteenth is a quarter of a beat. Where the eighths between the beats come
# late, the music **swings**: at two thirds of the beat they are triplets. Each bar below has the
# same notes; only the place of the off-beats differs.

# %%
def ride(place):
    """Two bars whose off-beats fall at this place between the beats, from 0 to 1."""
    rows = [(beat, 0.25, HAT, 90) for beat in range(8)]
    rows += [(beat + place, 0.25, HAT, 60) for beat in range(8)]
    rows += [(beat, 0.25, SNARE if beat % 2 else BASS, 100) for beat in range(8)]
    return Clip.from_notes(rows, tempo=110, beats=8)


straight, swung = ride(1 / 2), ride(2 / 3)
panels = plots.axes(1, 2, width=11, height=2.4)
for ax, (name, groove) in zip(panels, {"straight": straight, "swung": swung}.items(), strict=True):
    plots.notes(ax, groove, name)
late = (2 / 3 - 1 / 2) * 60_000 / swung.tempo
print(f"the swung off-beats come {late:.0f} ms later")
compare([straight, swung], ["straight", "swung"])

# %% [markdown]
# **Try:** change the tempo and predict the length in seconds. Put the off-beats at 0.58: is it
# still straight to your ear? `clip.write_midi("scale.mid")` makes a file for your own program.
