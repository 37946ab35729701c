# %% [markdown]
# # Refresher: sound and Fourier in three cells
#
# [Index of the course](../00_start_here.ipynb)
#
# **For** lessons 06 to 08 and 12. **You need** sine and logarithm.
#
# **1 · Samples and decibels.** Sound is the pressure of air over time. A file holds it as
# **samples**: numbers from −1 to 1, here 16,000 per second. It can hold frequencies up to half of
# that rate. Levels are counted in **decibels**: $20 \log_{10}$ of an amplitude ratio, or
# $10 \log_{10}$ of a power ratio. Half the amplitude is −6 dB.

# %%
import numpy as np

from workbench import Clip, plots

rate = 16_000
time = np.arange(2 * rate) / rate  # seconds
tone = 0.4 * np.sin(2 * np.pi * 220 * time)  # 220 Hz, the note A below middle C
softer = tone / 2
level = 20 * np.log10(np.abs(softer).max() / np.abs(tone).max())
print(f"{len(tone):,} samples; half the amplitude is {level:.1f} dB")
both = np.concatenate([tone, softer]).astype("float32")
Clip(audio=both[None], sample_rate=rate, caption="220 Hz, then half the amplitude")

# %% [markdown]
# **2 · The Fourier transform.** It says how much of each frequency is in a piece of sound. Its
# results are complex numbers: their length is the magnitude, their angle the **phase**, which says
# where the wave begins. A note is a sum of **partials** at multiples of its pitch. Each becomes a
# peak. A **window** fades the ends of the piece, so that the peaks stay narrow.

# %%
partials = {220: 1.0, 440: 0.5, 660: 0.25}  # frequency in Hz: amplitude
note = sum(a * np.sin(2 * np.pi * f * time) for f, a in partials.items())
piece = note[:4096]
magnitude = np.abs(np.fft.rfft(piece * np.hanning(4096)))
frequency = np.fft.rfftfreq(4096, 1 / rate)
shown = frequency < 1000
decibels = 20 * np.log10(magnitude / magnitude.max() + 1e-6)
plots.lines(plots.axes(width=7), frequency[shown], {"a note": decibels[shown]},
            xlabel="frequency (Hz)", ylabel="level (dB)")
peaks = [i for i in range(1, len(magnitude) - 1)
         if magnitude[i] > max(magnitude[i - 1], magnitude[i + 1], 0.05 * magnitude.max())]
print("peaks at", ", ".join(f"{frequency[i]:.0f} Hz" for i in peaks))

# %% [markdown]
# **3 · The spectrogram.** Music changes, so the transform is taken of many short, overlapping
# pieces: this is the STFT. Its picture is the **spectrogram**. A long piece distinguishes close
# frequencies and blurs time; a short one does the opposite. No choice has both. Below, a click
# every half second and a tone that rises.

# %%
rising = 0.3 * np.sin(2 * np.pi * (200 * time + 700 * time**2))  # from 200 to 3,000 Hz
clicks = (np.arange(len(time)) % (rate // 2) < 8) * 0.8
sound = (rising + clicks).astype("float32")
panels = plots.axes(1, 2, width=11, height=3.2)
for ax, size in zip(panels, (128, 2048), strict=True):
    ax.specgram(sound, NFFT=size, Fs=rate, noverlap=size * 3 // 4, cmap="magma_r", vmin=-140)
    width, step = 1000 * size / rate, rate / size
    ax.set(title=f"pieces of {width:.0f} ms: bands of {step:.0f} Hz", xlabel="seconds",
           ylabel="Hz", ylim=(0, 4000))
Clip(audio=sound[None], sample_rate=rate, caption="clicks and a rising tone")

# %% [markdown]
# **Try:** move two partials together until the long piece cannot distinguish them any more. Add a
# partial at 9,000 Hz: where does its peak appear, and why?
#
# **More:** the [FMP notebooks](https://www.audiolabs-erlangen.de/FMP), chapter 2.
