# %% [markdown]
# # 08 · MusicLDM: sound from words
#
# [07 Audio diffusion](07_audio_diffusion.ipynb) · [index](00_start_here.ipynb) ·
# [09 Attention and a small GPT](09_attention_gpt.ipynb)
#
# **You will** take MusicLDM apart (mel spectrogram, VAE, vocoder, CLAP, transformer), compare its
# VAE with principal components, train a small transformer and hear it learn, generate sound from
# words, mix pieces whose beats are aligned to make more training data, and search for copies.
#
# **Needs** lessons 03 (text and music in one space), 05 (diffusion), 06 (spectrograms, principal
# components) and 07 (a transformer with gates); samples, frames and the Fourier transform
# ([sound and Fourier](refreshers/sound.ipynb)); a training loop in
# [PyTorch](refreshers/pytorch.ipynb); the shipped checkpoint.
# About 90 minutes for sections 1 to 8 with their exercises; 9 and 10 go further.
# **Time and memory:** printed below. **Exercises:** 45 minutes.
# **Library:** `workbench.systems.musicldm`, `workbench.representations.mixup`,
# `workbench.evaluation.audio_sets`.
# **Papers:** MusicLDM (arXiv 2308.01546), CLAP (2211.06687), Vocos (2306.00814), FiLM (1709.07871),
# DiT (2212.09748), U-Net (1505.04597), between-class learning (1711.10282).

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop (minutes; to train, an hour), gpu, paper
dataset = "builtin-songs"  # names or folders of scores or sound, joined by "+"
seed = 0  # of everything random
train = False  # True trains a system here; False loads the shipped one

# %%
from workbench import MusicLDM, plots, predict, reveal, start

run = start("08", profile=profile, dataset=dataset, seed=seed, train=train)

# %%
if run.train:
    music = MusicLDM.train(
        run.dataset, run.profile, out=f"runs/music-{run.profile}", watch=plots.LivePlot()
    )
else:
    music = MusicLDM.from_pretrained("music-ldm")

# %% [markdown]
# ## 1 · Six networks
#
# *Think first:* there is much recorded sound, but few recordings have a good caption. How can a
# network be trained on sound alone and still follow words? (Section 2 gives the answer.)
#
# MusicLDM generates a latent by diffusion and decodes it, as the system of lesson 05 does. There a
# latent stands for a drum loop; here it stands for a spectrogram, a picture of a sound. The six
# networks are CLAP's text tower and sound tower, the VAE's encoder and decoder, a transformer, and
# the vocoder. Solid arrows lead from words to sound. Dashed arrows are used in training. (Section 9
# also uses some of them, to generate from a sound or to change it.)

# %%
from workbench.course.diagrams import Arrow, diagram

PARTS = {
    "text": ("text\nwords", 0, 0), "text_tower": ("text tower\nCLAP", 1, 0),
    "vector": ("vector\n128 numbers", 2, 0), "denoiser": ("transformer\n⇄ sampler", 3, 0),
    "decoder": ("VAE decoder\nz → patch", 4, 0), "vocoder": ("vocoder\nmel → sound", 5, 0),
    "sound": ("sound\n16 kHz", 0, 1), "sound_tower": ("sound tower\nCLAP", 1, 1),
    "noise": ("noise\nGaussian", 4, 1), "mel": ("log mel\nframes × bands", 1, 2),
    "encoder": ("VAE encoder\npatch → z", 2, 2), "latent": ("latent\none z per patch", 3, 2),
}
FLOW = [
    Arrow("text", "text_tower"), Arrow("text_tower", "vector"), Arrow("vector", "denoiser"),
    Arrow("denoiser", "decoder"), Arrow("decoder", "vocoder"), Arrow("noise", "denoiser"),
    Arrow("sound", "sound_tower", dashed=True), Arrow("sound_tower", "vector", dashed=True),
    Arrow("sound", "mel", dashed=True, beside=True), Arrow("mel", "encoder", dashed=True),
    Arrow("encoder", "latent", dashed=True), Arrow("latent", "denoiser", dashed=True),
]


def pipeline(*here):
    return diagram("The parts of MusicLDM; dashed arrows: training", PARTS, FLOW, here=here)


pipeline("denoiser")

# %% [markdown]
# ## 2 · CLAP: words and sounds in one space
#
# *Predict:* there are twelve captions and their sounds (four at `smoke` size). Which share of the
# captions will be nearer to their own sound than to every other sound?

# %%
predict("08.1", [25.0, 50.0, 75.0], unit="%")

# %% [markdown]
# **CLAP** does with sound what lesson 03 did with loops. A text tower and a sound tower are trained
# so that a caption and its sound get similar vectors. Let the rows of $T$ and $S$, both (n, 128),
# be the vectors of $n$ captions and of their sounds; each vector has length one. Let $s$ be a
# learned scale, as in lesson 03:
#
# $$L_{\text{CLAP}} = \tfrac12 \left(H(s\, T S^\top) + H(s\, S T^\top)\right), \qquad
# H(M) = -\frac1n \sum_{i} \ln \frac{e^{M_{ii}}}{\sum_j e^{M_{ij}}} \qquad (1)$$
#
# $H$ is the cross-entropy of choosing, in each row, the right one of $n$. CLAP answers the question
# of section 1. In training, the transformer is conditioned on the vector of the *sound* itself,
# which needs no caption. At sampling time it receives the vector of a *text*. This works as far as
# CLAP puts a text near the sounds that it describes.
#
# *Equation (1):* code `workbench.models.contrastive.info_nce`; paper CLAP (arXiv 2211.06687), after
# InfoNCE (lesson 03).

# %%
pipeline("text_tower", "sound_tower", "vector")

# %%
from workbench.course.listing import listing
from workbench.models.text_audio import TextAudio

listing(TextAudio.loss)

# %%
import numpy as np
import torch

from workbench.datasets.sounds import collect

rate = music.config.rate
audio = collect(run.dataset, rate, limit=run.size(8, 100), quiet=True)
span = round(music.config.seconds * rate)
rows = [i for i in audio.split("test") or audio.split("train") if audio.items[i].caption]
rows = list({audio.items[i].caption: i for i in rows}.values())[: run.size(4, 12)]
captions = [audio.items[i].caption for i in rows]
sounds = torch.from_numpy(np.stack([np.resize(audio[i].mean(0), span) for i in rows]))
of_captions = music.embedder.embed_text(captions)
of_sounds = music.embedder.embed_sound(sounds)
cosine = (of_captions @ of_sounds.T).numpy()
short = [c if len(c) < 40 else c[:37] + "…" for c in captions]
columns = [str(k + 1) for k in range(len(rows))]
plots.matrix(plots.axes(width=9, height=1 + 0.35 * len(rows)), cosine, "captions × sounds",
             rows=short, columns=columns, unit="cosine");

# %%
right = float((cosine.argmax(1) == np.arange(len(rows))).mean())
print(f"a caption finds its own among {len(rows)} sounds: {right:.0%}; chance {1 / len(rows):.0%}")
reveal("08.1", 100 * right)
run.note("captions that find their sound", right, floor=f"{1 / len(rows):.2f}")

# %% [markdown]
# *What you should have noticed:* compare the printed share with chance. Then look at a row whose
# largest cosine is not that of its own sound. Does the caption of the other sound say nearly the
# same? A caption can distinguish two sounds only if it names something in which they differ.
#
# ## 3 · The mel spectrogram: sound as a picture
#
# *Think first:* people distinguish 200 Hz from 300 Hz much more easily than 7,200 Hz from 7,300 Hz.
# How should the frequency bands of a spectrogram be spaced?
#
# A short-time Fourier transform gives the magnitude $|X_{fk}|$ of each frame $f$ at each frequency
# $k$. A band $b$ is a weighted sum of these magnitudes, with triangular weights $H_{kb}$. The bands
# are narrow at low frequencies, where we distinguish small differences. The logarithm turns equal
# ratios of magnitude into equal differences, because people hear loudness in this way:
#
# $$M_{fb} = \ln \max\Big(10^{-5},\; \sum_k |X_{fk}|\, H_{kb}\Big) \qquad (2)$$
#
# This **mel spectrogram** has 100 frames per second and 64 bands, and no phases. The second cell
# below compares its size with that of the full spectrogram.
#
# *Equation (2):* code `workbench.representations.mel.Mel`; paper MusicLDM (arXiv 2308.01546),
# section 3.1.

# %%
from workbench.representations.mel import filters

pipeline("mel")

# %%
left, right = plots.axes(1, 2, width=11, height=3)
hertz = np.linspace(0, rate / 2, music.mel.window // 2 + 1)
bank = filters(music.mel).numpy()
for band in range(4, 64, 12):
    left.plot(hertz, bank[:, band] / bank[:, band].max(), label=f"band {band}")
left.set(xlabel="Hz", ylabel="weight", title="five of the 64 filters")
left.legend(loc="upper right", fontsize=8)
picture = music.mel(sounds[:1])[0]
image = right.imshow(picture.T, origin="lower", aspect="auto", cmap="magma")
right.set(xlabel="frame", ylabel="band", title=short[0])
right.figure.colorbar(image, label="log magnitude")
spectrum = (music.mel.window // 2 + 1) * len(picture)
print(f"{len(picture)} × {picture.shape[1]} = {picture.numel():,} numbers, 1 / "
      f"{spectrum / picture.numel():.0f} of the full spectrogram's {spectrum:,}; the sound has "
      f"{span:,} samples");

# %% [markdown]
# ## Exercise 1 · Mel filters (20 minutes)
#
# *Level:* hard. *Goal:* a table (bins, bands) of triangular filters for frequencies evenly spaced
# from 0 to `rate` / 2. Use the scale $\text{mel}(f) = 2595 \log_{10}(1 + f/700)$. Take `bands` + 2
# edges, evenly spaced in mel. Band $b$ rises from 0 at edge $b$ to 1 at edge $b + 1$, and falls to
# 0 at edge $b + 2$. (The library uses Slaney's scale, and triangles of equal area.)

# %% tags=["stub"]
def mel_filters(bins, bands, rate):
    return None  # about ten lines


# %% tags=["check"]
from workbench.course.teaching import check_mel_filters

check_mel_filters(mel_filters)

# %% tags=["solution"]
def mel_filters(bins, bands, rate):
    top = 2595 * np.log10(1 + rate / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, bands + 2) / 2595) - 1)  # in Hz
    f = np.linspace(0, rate / 2, bins)
    table = np.zeros((bins, bands))
    for band in range(bands):
        low, centre, high = edges[band : band + 3]
        rising = (f - low) / (centre - low)
        falling = (high - f) / (high - centre)
        table[:, band] = np.minimum(rising, falling).clip(0)
    return table


# %% [markdown]
# ## 4 · VAE and vocoder: there and back
#
# Two parts of the system make errors: the VAE, which compresses a mel spectrogram, and the vocoder,
# which turns a mel spectrogram back into sound. Whose errors will you hear more?
#
# *Predict:* which of the two changes the log mel spectrogram more, by the mean absolute difference?

# %%
predict("08.2", ["the VAE", "the vocoder", "about the same (within a tenth)"])

# %% [markdown]
# The **VAE** (lesson 06) cuts the mel spectrogram into patches of 8 frames. A patch lasts 80 ms
# and has all 64 bands: 512 numbers. The encoder is one linear layer. From each patch it computes
# the mean $\mu$ of 64 numbers, the latent $z$ of this patch. The variances $\sigma^2$ of the 64
# numbers are learned, too; they are the same for all patches. The decoder is a linear layer back to
# a patch, plus convolutions over neighbouring patches (the ConvNeXt blocks of lesson 06). $m$ is
# the mel spectrogram, scaled so that training music has mean 0 and variance 1. The loss has two
# terms. One is the error of the decoded spectrogram $D(z)$. The other keeps the latents near a
# standard normal distribution:
#
# $$L_{\text{VAE}} = \lVert m - D(z) \rVert_1
# + \beta\, \tfrac12 \left(\mu^2 + \sigma^2 - 1 - \ln \sigma^2\right), \qquad
# z = \mu + \sigma\,\varepsilon,\ \varepsilon \sim \mathcal N(0, I) \qquad (3)$$
#
# Both terms are means over all numbers; $\beta$ is small. Before training, the linear layers are
# set to the **principal components** of training patches (lesson 06, equation (2)). Each component
# is divided by the square root of its standard deviation. So components that vary more remain
# larger. Noise hides small numbers first, so the diffusion generates the important components first
# and the details last.
#
# The **vocoder** turns the mel spectrogram back into sound. A mel spectrogram contains no phases,
# so the vocoder has to supply them. For each frame and frequency it predicts a log magnitude $a$
# and a phase $\varphi$. An inverse short-time Fourier transform (ISTFT) turns each frame into sound
# and adds the overlapping frames:
#
# $$x = \operatorname{ISTFT}\left(e^{a} (\cos\varphi + i \sin\varphi)\right) \qquad (4)$$
#
# *Equation (3):* code `workbench.systems.musicldm.coding.fit_vae`; paper VAE (arXiv 1312.6114),
# eq. 10 and appendix B.
#
# *Equation (4):* code `workbench.models.music_ldm.Vocos`; paper Vocos (arXiv 2306.00814).

# %%
pipeline("encoder", "latent", "decoder", "vocoder")

# %%
from IPython.display import display

from workbench.models.music_ldm import Vocos
from workbench.models.patch_vae import PatchVAE

display(listing(PatchVAE.begin))
listing(Vocos.forward)

# %%
from workbench.course.widgets import compare
from workbench.music.clip import Clip

mel = music.mel(sounds)
z = music.encode_sound(sounds)
back = music.decode_mel(z)
stages = {"the sound": sounds, "mel, then vocoder": music.vocode(mel),
          "mel, VAE, vocoder": music.vocode(back)}
size = {"sound": span, "mel": mel[0].numel(), "latent": z[0].numel()}
print(", ".join(f"{name} {count:,} numbers" for name, count in size.items()))
again, both = (music.mel(stages[name]) for name in list(stages)[1:])
off = {}
for name, other in (("the VAE", back), ("the vocoder", again), ("both", both)):
    frames = min(mel.shape[1], other.shape[1])
    off[name] = float((other[:, :frames] - mel[:, :frames]).abs().mean())
parts = {name: off[name] for name in ("the VAE", "the vocoder")}
same = max(parts.values()) < 1.1 * min(parts.values())
verdict = "about the same (within a tenth)" if same else max(parts, key=parts.get)
reveal("08.2", verdict, "mean change of the natural logarithm: "
       + ", ".join(f"{name} {value:.2f}" for name, value in off.items()))
compare([Clip(audio=wave[:1].numpy(), sample_rate=rate) for wave in stages.values()], list(stages),
        blind=True)

# %%
both = plots.axes(1, 2, width=11, height=3)
for ax, image, title in zip(both, (mel, back), ("log mel", "through the VAE"), strict=True):
    ax.imshow(image[0].T, origin="lower", aspect="auto", cmap="magma")
    ax.set(xlabel="frame", ylabel="band", title=title)

# %% [markdown]
# *What you should have noticed:* the players above are shuffled. Put them in order before you show
# their names. A typical error of a vocoder is roughness. A typical error of a VAE is blur. But the
# decoder of the shipped VAE adds a fine regular ripple, which the left figure does not have. Can
# you hear it? Compare the printed changes: through the VAE *and* the vocoder the spectrogram
# changes less than through the VAE alone, so the vocoder undoes a part of what the VAE changed (the
# end of this section says why). Such a figure shows how large a change is, but not what it sounds
# like. What is lost here is also missing in all generated sound, because every generated latent
# passes through the VAE's decoder and the vocoder.
#
# **The strongest simple baseline first.** The first VAE of this system was another one: a small
# network of two-dimensional convolutions, like that of the paper, which is much larger. It
# compressed 80 ms to 128 numbers. After 20 minutes of training its mean absolute error on held-out
# music was 0.25, where the mel spectrogram is scaled as in equation (3). Is this a good result?
#
# *Predict:* principal components are computed from patches of the training songs. How many of them
# are enough for an error below 0.25 on the sounds above, which are held out?

# %%
predict("08.3", [8, 32, 128], unit="components")

# %%
def patches(waves):
    """(n · patches, 512): 8 frames × 64 bands each, scaled as for the VAE."""
    scaled = (music.mel(waves) - music.networks.mel_mean) / music.networks.mel_std
    return scaled.unflatten(1, (-1, 8)).flatten(2).flatten(0, 1).numpy()


def error_of(k):
    """The mean absolute error of the first k components."""
    return float(np.abs(codes[:, :k] @ pca.components_[:k] + pca.mean_ - held_out).mean())


# %%
import time

from sklearn.decomposition import PCA

from workbench.systems.storage import training_of

crops = audio.crops(run.size(10, 100), span, seed=seed, rows=audio.split("train"))[0].mean(1)
of_training, held_out = patches(torch.from_numpy(crops)), patches(sounds)
began = time.perf_counter()
pca = PCA(256).fit(of_training)
codes = pca.transform(held_out)
print(f"{len(of_training):,} training patches, {len(held_out)} held-out ones; principal components "
      f"computed in {time.perf_counter() - began:.1f} s")
record = training_of(f"runs/music-{run.profile}" if run.train else "music-ldm")
first_stage = record["stages"]["vae"]["best"]["distance"]  # of the VAE, on validation music

# %%
counts = [1, 2, 4, 8, 16, 32, 64, 128, 256]
curve = {"principal components": [error_of(k) for k in counts]}
ax = plots.lines(plots.axes(width=7), counts, curve, xlabel="numbers per 80 ms",
                 ylabel="mean absolute error")
numbers = z[0].numel() // z.shape[2]  # of the VAE, per patch
vae_error = off["the VAE"] / float(music.networks.mel_std)
ax.plot(128, 0.25, "s", color=plots.COLOURS[5], label="first VAE, on its own held-out music")
ax.plot(numbers, vae_error, "o", color=plots.COLOURS[2], label="shipped VAE")
ax.plot(numbers, first_stage, "^", color=plots.COLOURS[2],
        label="the same before its last stage, on its own held-out music")
ax.set(xscale="log", yscale="log")
ax.minorticks_off()
ax.set_xticks(counts, counts)
ax.set_yticks([0.03, 0.1, 0.3], ["0.03", "0.1", "0.3"])
ax.legend(frameon=False)
enough = next(k for k in range(1, 257) if error_of(k) < 0.25)
few = ", ".join(f"{k} components {error_of(k):.3f}" for k in (32, numbers, 128))
reveal("08.3", enough, f"errors: {few}; the shipped VAE with {numbers} numbers {vae_error:.3f}, "
       f"before its last stage {first_stage:.3f}")
run.note("error of the VAE", vae_error, floor=f"PCA {error_of(numbers):.3f}")

# %% [markdown]
# *What you should have noticed:* a few components have as small an error as the first VAE with its
# 128 numbers. That error was measured on other music. On the sounds above, the error of the first
# VAE was even larger: 0.34. And on its own held-out music, 32 components had an error of 0.15, 64
# had 0.09, and 128 had less than 0.05.
#
# **A mistake that we made:** we compared the first VAE with smaller spectrograms and with codecs,
# but not with principal components. This baseline takes seconds, and of all *linear* autoencoders
# it has the smallest squared error (lesson 06). So compute it before you train a network. A network
# that is worse has the wrong form, was trained too little, or was trained for another goal. Of the
# first VAE the first two are probable. A note sounds in many bands at once, and a convolution sees
# only a few of them.
#
# The shipped VAE *begins* as principal components, so its training starts on a curve like this one,
# and it ended near it (the triangle). Why is its point now above the curve? In a last stage the
# decoder was trained together with the vocoder, for the level and the *texture* of the sound that
# comes out. The spectrogram with the smallest error is a mean, and a mean is blurred (lesson 06):
# attacks are dull, and noise fills the gaps between the partials of a note. The encoder was not
# changed, so the latents contain as much as before. But the decoder now passes on whatever makes
# the *sound* better, and the vocoder has learned to expect it. An error in the middle of a system
# says little about what comes out at its end.
#
# ## 5 · A transformer with FiLM
#
# *Predict:* the denoiser predicts clean latents from noisy ones. It receives the vector of the
# sound, the vector of the caption, or no vector; each of the three gives a mean error. Is the error
# with the caption nearer to the error with the sound's own vector, or to the error with no vector?

# %%
predict("08.4", ["nearer to the sound's own", "nearer to no vector"])

# %% [markdown]
# The latent of a sound is a sequence: one vector for each patch of 80 ms. The denoiser is therefore
# a transformer like that of lesson 07, and each patch is one token.
#
# The paper uses another network. Its latents still have bands, as a picture has rows. A **U-Net**
# halves the size of such a picture level by level and doubles it again, and skip connections pass
# details from each level on the way down to the same level on the way up. Its many layers can learn
# from much music which bands belong together. Our small U-Net could not. The onset of a piano note
# is one vertical line in a mel spectrogram, but this U-Net generated it in pieces, at different
# times in different bands, and the piano sounded like an orchestra. A patch contains all bands, so
# an onset is part of one vector. (The networks of the paper run in the library, too: see
# `MusicLDM.from_diffusers`.)
#
# The transformer is trained as in lesson 05: it predicts the velocity $v$ from the noisy latent
# $z_t$, the step $t$ and the vector $c$ of the sound. In some of the examples $c$ is left out
# ($c = \varnothing$), and the vector of the empty text takes its place:
#
# $$L = \mathbb E_{z,\,\varepsilon,\,t} \left\lVert v - v_\theta(z_t, t, c) \right\rVert^2, \qquad
# z_t = \sqrt{\bar\alpha_t}\, z + \sqrt{1 - \bar\alpha_t}\, \varepsilon, \quad
# v = \sqrt{\bar\alpha_t}\, \varepsilon - \sqrt{1 - \bar\alpha_t}\, z \qquad (5)$$
#
# Step and vector condition every block by **FiLM**: they scale and shift its channels $h$. After a
# layer norm LN this is the adaptive layer norm of lesson 07. $e(t)$ is an embedding of the step:
# sines and cosines, passed through two layers. $P c$ is a linear map of the vector. Their sum is
# passed through the activation SiLU and a linear layer $W, b$, which computes a shift $\beta$, a
# scale $\gamma$ and a gate $\alpha$ for each branch $F$ (attention or convolutions):
#
# $$h \leftarrow h + \alpha\, F\big(\mathrm{LN}(h)\,(1 + \gamma) + \beta\big), \qquad
# [\,\beta;\; \gamma;\; \alpha\,] = W\, \mathrm{SiLU}\big(e(t) + P c\big) + b \qquad (6)$$
#
# *Equation (5):* code `workbench.models.diffusion.Diffusion.loss`; paper MusicLDM (arXiv
# 2308.01546), section 3.1, with the velocity of arXiv 2202.00512.
#
# *Equation (6):* code `workbench.models.dit.modulate`; paper FiLM (arXiv 1709.07871), eq. 2, in the
# form of DiT (arXiv 2212.09748), section 3.2. The blocks of MusicLDM's U-Net only shift.

# %%
boxes = {
    "x": ("z_t\nnoisy latent", 0, 0), "emb": ("linear\n→ tokens", 1, 0),
    "blocks": ("blocks\nattention, conv", 2, 0), "out": ("adaLN, linear\n→ patches", 3, 0),
    "v": ("velocity\nv", 4, 0), "beat": ("beat\nin each patch", 0, 1),
    "film": ("FiLM\nβ, γ, α", 2, 1), "step": ("step\nt", 1, 2), "c": ("vector\nc", 3, 2),
}
arrows = [
    Arrow("x", "emb"), Arrow("emb", "blocks"), Arrow("blocks", "out"), Arrow("out", "v"),
    Arrow("beat", "emb", "added"), Arrow("step", "film"), Arrow("c", "film"),
    Arrow("film", "blocks"), Arrow("film", "out"),
]
diagram("The transformer; lesson 07 shows a block", boxes, arrows, here=["film"])

# %%
from workbench.models.dit import modulate
from workbench.models.music_ldm import FiLMTransformer

display(listing(FiLMTransformer.forward))
listing(modulate)

# %% [markdown]
# Does the transformer use the vector? The figure shows the error of the predicted latent (upwards)
# at several amounts of noise (to the right, as the share of the signal's amplitude that is lost).
# The network receives the vector of the sound, that of its caption, that of another sound, or none.

# %%
latents = music.encode_sound(sounds)
given = {"its sound": (of_sounds, True), "its caption": (of_captions, True),
         "another sound": (of_sounds.roll(1, 0), True), "nothing": (of_sounds, False)}
noise = torch.randn(latents.shape, generator=torch.Generator().manual_seed(seed))
amplitudes = music.diffusion.alphas_bar.sqrt()  # of the signal, at each step; they fall
lost = np.linspace(0.1, 0.99, run.size(3, 8))
error = {name: [] for name in given}
for share in lost:
    step = int((amplitudes > 1 - share).sum()) - 1  # the last step with more signal than that
    t = torch.full((len(latents),), step)
    noisy = music.diffusion.add_noise(latents, noise, t)
    for name, (vectors, used) in given.items():
        with torch.inference_mode():
            mask = torch.full((len(t),), used)
            output = music.networks.denoiser(noisy, t, vectors, mask)
            guess, _ = music.diffusion.split(output, noisy, t)
        error[name].append(float((guess - latents).square().mean()))
plots.lines(plots.axes(width=7), lost, error, xlabel="1 − √ᾱ: share of the amplitude lost",
            ylabel="squared error");

# %%
means = {name: np.mean(errors[1:]) for name, errors in error.items()}  # without the least noise
own, caption, none = means["its sound"], means["its caption"], means["nothing"]
like_own = abs(caption - own) < abs(caption - none)
reveal("08.4", "nearer to the sound's own" if like_own else "nearer to no vector",
       f"mean errors: own {own:.3f}, caption {caption:.3f}, none {none:.3f}")

# %% [markdown]
# *What you should have noticed:* with little noise the vectors make no difference, because the
# noisy latent itself contains almost everything. Only with much noise can the sound's own vector
# help. The vector of the caption helps only if CLAP puts the caption near its sound. Where the
# error with the caption is larger than that with no vector, the words mislead the network. Look at
# the line of another sound, too: if it is below that of no vector, these songs are so alike that
# even the vector of a wrong one says something true. `music-ldm` was trained on `sound-classes` and
# `cc-music-clips`; the captions of the built-in songs are new to it.
#
# ## 6 · Train it, hear it grow
#
# You train a small transformer for about a minute on built-in sounds of six kinds. It is
# conditioned on the vectors of the *sounds*; no text is used. Then it generates a sound for each of
# six *texts*, one per kind.
#
# *Predict:* for how many of the six texts is the generated sound nearer to its own text than to the
# five others? (By chance, about one.)

# %%
predict("08.5", [2, 4], unit="prompts")

# %% [markdown]
# VAE, vocoder and CLAP are not trained here. A training window is a few seconds of sound. From each
# window the transformer needs three things: the latent, the vector, and the position in the beat
# and in the bar at each patch. A linear map of these positions is added to the tokens.

# %%
from workbench.datasets.sound_kinds import built_in_kinds
from workbench.representations.beat_channels import CHANNELS, beat_channels, regular_beats

seconds = music.config.seconds
windows = built_in_kinds(run.size(4, 30), seconds=seconds, rate=rate, seed=seed)
waves = torch.from_numpy(np.concatenate([clip.audio for clip in windows]))
z = music.encode_sound(waves).clone()
vectors = music.embedder.embed_sound(waves).clone()


def beats_at(tempo, meter=(4, 4)):
    """(channels, patches): the position in beat and bar, from a downbeat on."""
    times = regular_beats(seconds, tempo, meter)
    return beat_channels(times, z.shape[2], music.hop / rate)


beats = torch.stack([beats_at(clip.tempo, clip.meter) for clip in windows])
of_component = z.std((0, 2, 3))
print(f"{len(z)} windows: latents {(*z.shape[1:],)}, vectors {vectors.shape[1]}, beats {CHANNELS} "
      f"× {beats.shape[2]}; standard deviation of the first number of z {of_component[0]:.1f}, "
      f"of the last {of_component[-1]:.1f}")

# %% [markdown]
# The training step computes equation (5). The learning rate rises for 20 steps and falls in the
# second half of the training:

# %%
from dataclasses import replace

torch.manual_seed(seed)  # width 96, 3 blocks of 4 attention heads
small = FiLMTransformer(replace(music.config.sizes, transformer=(96, 3, 4), beat=CHANNELS))
small.null_text.copy_(music.embedder.embed_text([""])[0])  # what stands for "no vector"
total = run.size(20, 300)
diffusion = music.diffusion
optimizer = torch.optim.AdamW(small.parameters(), 3e-3)


# %%
def training_step(step, batch=10):
    rows = torch.randint(len(z), (batch,))
    used = torch.rand(batch) > 0.1  # one in ten is trained without its vector, for guidance
    t = torch.randint(diffusion.steps, (batch,))
    noise = torch.randn(batch, *z.shape[1:])
    signal, sigma = diffusion.scales(t, noise)  # √ᾱ and √(1 − ᾱ)
    z_t = signal * z[rows] + sigma * noise
    v = signal * noise - sigma * z[rows]
    prediction = small(z_t, t, vectors[rows], used, beats[rows])
    loss = ((v - prediction) ** 2).mean()  # equation (5)
    optimizer.zero_grad()
    loss.backward()
    optimizer.param_groups[0]["lr"] = 3e-3 * min(1, (step + 1) / 20, 2.01 - 2 * step / total)
    optimizer.step()
    return loss.item()


# %% [markdown]
# Before the training, twice during it and after it, the network generates sounds for the same six
# texts from the same noise. The sampler is DDIM with guidance, as in lesson 05. Guidance makes the
# predicted velocity larger, and larger latents are louder sounds. So `guided` multiplies it by
# $\sigma / \sigma_g$, where $\sigma_g$ is its standard deviation and $\sigma$ that of the
# prediction with the text. (Lin et al., arXiv 2305.08891, eq. 15 and 16, multiply by
# $\varphi\,\sigma / \sigma_g + 1 - \varphi$ with $\varphi = 0.7$. In the code $\varphi$ is called
# `rescale`; here it is 1.)

# %%
from workbench.models.diffusion import guided

texts = ["rock drums, 100 bpm", "solo piano, pop", "string quartet, classical", "8-bit chiptune",
         "symphony orchestra, brass", "pop band with voice, piano, bass, drums"]
of_text = music.embedder.embed_text(texts).clone()
yes = torch.ones(6, dtype=torch.bool)
no = torch.zeros(6, dtype=torch.bool)
same_noise = torch.randn(1, *z.shape[1:], generator=torch.Generator().manual_seed(seed))


@torch.no_grad()
def sample(steps, scale=2.0, rescale=1.0):
    x = same_noise.repeat(6, 1, 1, 1)
    beat = beats_at(100.0).repeat(6, 1, 1)
    times = torch.linspace(diffusion.steps - 1, 0, steps + 1).long()
    for now, then in zip(times[:-1].tolist(), times[1:].tolist(), strict=True):
        t = torch.full((6,), now)
        without = small(x, t, of_text, no, beat)
        with_text = small(x, t, of_text, yes, beat)
        v = guided(with_text, without, scale, rescale)
        clean, noise = diffusion.split(v, x, t)
        signal, sigma = diffusion.scales(torch.full((6,), then), x)
        x = signal * clean + sigma * noise
    return x


# %%
stops = (0, total // 10, total // 3, total)
history, results, nearest_own = [], [], []
began = time.perf_counter()
for stop in stops:
    while len(history) < stop:
        history.append(training_step(len(history)))
    small.eval()
    results.append(music.decode_sound(sample(run.size(3, 20))))
    small.train()
    cosines = music.embedder.embed_sound(results[-1]) @ of_text.T
    nearest_own.append(int((cosines.argmax(1) == torch.arange(6)).sum()))
print(f"{total} steps in {time.perf_counter() - began:.0f} s, sampling included")
smooth = np.convolve(history, np.ones(10) / 10, "valid")
plots.lines(plots.axes(width=7), range(len(smooth)), {"loss, mean of 10": smooth}, xlabel="step",
            ylabel="squared error of the velocity")
for stop, count in zip(stops, nearest_own, strict=True):
    print(f"after {stop:3} steps {count} of 6 results are nearest to their own text")
run.note("prompts of 6 that the small transformer follows", nearest_own[-1], floor="chance 1")

# %%
reveal("08.5", nearest_own[-1])
grown = [Clip(audio=sounds_now[:1].numpy(), sample_rate=rate) for sounds_now in results]
compare(grown, [f"{texts[0]}: {stop} steps" for stop in stops])

# %%
last = [Clip(audio=sound[None].numpy(), sample_rate=rate) for sound in results[-1][1:4]]
compare(last, texts[1:4])

# %%
small.eval()
scales = run.size([1.0, 4.0], [1.0, 2.0, 4.0])
loudness = {
    name: [
        float(music.decode_sound(sample(run.size(3, 20), scale, rescale)).square().mean().sqrt())
        for scale in scales
    ]
    for name, rescale in (("not rescaled", 0.0), ("rescaled", 1.0))
}
ax = plots.lines(plots.axes(width=6), scales, loudness, xlabel="guidance",
                 ylabel="root mean square of the sound")
ax.axhline(float(waves.square().mean().sqrt()), ls=":", color=plots.COLOURS[6]);

# %% [markdown]
# *What you should have noticed:* before training you hear little more than decoded noise. At laptop
# size the **timbre** of the requested kind comes first. (Timbre is what distinguishes two
# instruments that play the same note.) Single strokes and notes come last, if at all. The training
# used no caption: a text works only if CLAP puts it near the sounds that it describes. But the same
# CLAP conditions the network and counts its successes, so the count favours the network. Check the
# count by listening.
#
# In the last figure (dotted: the training sounds), compare the two curves. If guidance is not
# rescaled, each step to a larger scale makes the sounds louder; rescaled, their level hardly
# changes. A network of ours, sampled at guidance 3 without rescaling, made bands four times as loud
# as they should be, and the samples were clipped. With $\varphi = 0.7$ strong guidance still
# clipped some sounds, so our systems use $\varphi = 1$.
#
# ## 7 · Where are the beats?
#
# *Think first:* two pieces are to be mixed so that the result could be music. What has to agree?
#
# The tempo, the beats and the first beat of the bar have to agree. For sound that was rendered from
# a score they are known. For recordings, a beat tracker estimates them: it searches for a tempo and
# a phase at which onsets are frequent. The **F-measure** compares two sets of beats. It is the F1
# (lesson 04) of the beats, where a beat within 70 ms of a true one counts as correct.

# %%
from mir_eval.beat import f_measure

from workbench.representations.beat_tracking import beats_of, track, with_clicks

piece = next((i for i in audio.split("test") if audio.items[i].labels.get("beats")), 0)
excerpt = audio[piece][:, : 8 * audio.rate]
known = beats_of(audio, piece)
found = track(excerpt, audio.rate)
source = "known" if audio.items[piece].labels.get("beats") else "found in the whole piece"
score = f_measure(known.times[known.times < 8], found.times)
ax = plots.spectrogram(plots.axes(width=9), excerpt[0], audio.rate, audio.items[piece].caption)
ax.vlines(known.times[known.times < 8], 0, 4, color="white", lw=1.5, label=source)
ax.vlines(found.times, 4, 8, color="cyan", lw=1.5, ls="--", label="found")
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8, facecolor="#333333",
          labelcolor="white")
ax.set_xlim(0, 8)
print(f"{source} {known.tempo:.0f} BPM, found {found.tempo:.0f} BPM; F-measure {score:.2f}")
Clip(audio=with_clicks(excerpt, found, audio.rate), sample_rate=audio.rate, caption="found beats")

# %% [markdown]
# *What you should have noticed:* compare the two tempi and the two rows of lines. A tracker makes
# two typical errors. It may find the right tempo but place all beats between the true ones; then
# the F-measure is 0. Or it may find twice or half the tempo. This is called an **octave** error,
# because an octave doubles a frequency. The first error spoils a mixture. The second does not:
# before two pieces are mixed, one tempo is doubled or halved until the two are as near as possible.
#
# ## Exercise 2 · The nearest octave (5 minutes)
#
# *Level:* easy. *Goal:* double or halve `tempo`, as often as necessary, until its *ratio* to
# `reference` is as near to 1 as possible (compare ratios by their logarithms).

# %% tags=["stub"]
def octave(tempo, reference):
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_octave

check_octave(octave)

# %% tags=["solution"]
def octave(tempo, reference):
    return tempo * 2.0 ** round(np.log2(reference / tempo))


# %% [markdown]
# ## 8 · Mixup: BAM and BLM
#
# *Predict:* pairs of latents of two different pieces are averaged. Which share of the standard
# deviation of the latents is left?

# %%
predict("08.6", [0.6, 0.8, 0.95])

# %% [markdown]
# **Mixup** makes a new training example out of two. The share of the first piece is a random number
# $\lambda \sim \mathrm{Beta}(5, 5)$, between 0 and 1 and mostly near ½. Before they are mixed, both
# pieces are *aligned*: they are stretched to one tempo and cut so that both begin at a downbeat.
# **BAM** (beat-synchronous audio mixup) mixes their waveforms $x$ and encodes the mixture. **BLM**
# (beat-synchronous latent mixup) encodes both with the VAE's encoder $E$ and mixes the *latents*. A
# decoded mixture of latents need not sound like two pieces played at once: our encoder is linear,
# so it mixes the *logarithms* of magnitudes.
#
# $$z_{\text{BAM}} = E\left(\operatorname{mix}_\lambda(x_1, x_2)\right), \qquad
# z_{\text{BLM}} = \operatorname{mix}_\lambda\left(E(x_1), E(x_2)\right), \qquad
# \operatorname{mix}_\lambda(a, b) = \frac{\lambda a + (1-\lambda)\, b}
# {\sqrt{\lambda^2 + (1-\lambda)^2}} \qquad (7)$$
#
# The average of two independent signals has less variance than each of them; the divisor
# compensates for this.
#
# *Equation (7):* code `workbench.representations.mixup.mix`; paper MusicLDM (arXiv 2308.01546),
# section 3.2, has the sum alone; the divisor is that of between-class learning (arXiv 1711.10282).

# %%
boxes = {
    "one": ("piece 1\nsound, beats", 0, 0), "two": ("piece 2\nsound, beats", 0, 1),
    "align": ("align\ntempo, downbeat", 1, 1), "bam": ("BAM\nmix sounds", 2, 0),
    "encode": ("encoder\nof the mixture", 3, 0), "each": ("encoder\nof each piece", 2, 2),
    "blm": ("BLM\nmix latents", 3, 2), "z": ("training\nlatent", 4, 1),
}
arrows = [
    Arrow("one", "align"), Arrow("two", "align"), Arrow("align", "bam"), Arrow("align", "each"),
    Arrow("bam", "encode"), Arrow("encode", "z"), Arrow("each", "blm"), Arrow("blm", "z"),
]
diagram("Two ways to mix two pieces", boxes, arrows, here=["bam", "blm"])

# %% [markdown]
# ## Exercise 3 · Mix two sounds at their downbeats (10 minutes)
#
# *Level:* medium. *Goal:* BAM for two waveforms (n,) and (m,) of one tempo, without the encoder.
# `starts` has the first downbeat of each, counted in samples. Let both sounds begin at their
# downbeats, and cut the longer one at its end to the length of the other. Mix them by equation (7);
# `lam` is $\lambda$, the share of the first. The mixture may exceed the range from $-1$ to 1, and a
# file would clip it. In this case, and only then, divide the whole mixture so that its largest
# magnitude is 1. (The library's `bam` also brings both sounds to one tempo.)

# %% tags=["stub"]
def mixed(first, second, starts, lam):
    return None  # about five lines


# %% tags=["check"]
from workbench.course.teaching import check_mix

check_mix(mixed)

# %% tags=["solution"]
def mixed(first, second, starts, lam):
    first, second = first[starts[0] :], second[starts[1] :]
    length = min(len(first), len(second))
    total = lam * first[:length] + (1 - lam) * second[:length]
    mixture = total / np.sqrt(lam**2 + (1 - lam) ** 2)
    return mixture / max(1, np.abs(mixture).max())


# %%
from workbench.representations.mixup import mix

crops = audio.crops(2 * run.size(4, 32), span, seed=seed)[0].mean(1)
za, zb = music.encode_sound(torch.from_numpy(crops)).chunk(2)
shares = np.linspace(0, 1, 11)
center = music.networks.latent_mean
ways = {
    "averaged": {"keep_variance": False}, "equation (7)": {},
    "equation (7) around their mean": {"mean": center},
}
spread = {name: [float((mix(za, zb, lam, **way) - center).std()) for lam in shares]
          for name, way in ways.items()}
plots.lines(plots.axes(width=7), shares, spread, xlabel="λ", ylabel="standard deviation",
            title="mixed latents of two pieces, minus the mean of all latents");

# %%
averaged = spread["averaged"]
reveal("08.6", averaged[5] / np.mean([averaged[0], averaged[-1]]), "half and half")

# %% [markdown]
# *What you should have noticed:* averaged latents are nearer to the mean of all latents than real
# ones are. They are nearest at λ = ½, which is also the most probable λ of Beta(5, 5). With
# equation (7) they are a little further from it than real ones, because two pieces of one data set
# are a little alike and not independent.
#
# **A mistake that we made:** equation (7) is for data of mean 0, such as waveforms. The latents of
# our first VAE had another mean. If such a mixture is divided, its mean is enlarged too, and the
# mixture lies where no real latents are. So only the differences from the mean may be divided. For
# the shipped VAE the two curves nearly agree, because principal components are differences from a
# mean.
#
# **The mixup lab.** Move λ, and listen to the plain mix, BAM and BLM. You can add clicks at the
# beats. With "in key" the second piece is transposed to the key of the first, which the paper does
# not do.

# %%
from workbench.course.widgets import MixupLab
from workbench.representations.mixup import group_by_tempo

groups = group_by_tempo([beats_of(audio, i).tempo for i in range(min(len(audio), 40))])
two = max(groups, key=len)[:2]
clips = [
    Clip(audio=audio[i][:, : 10 * audio.rate], sample_rate=audio.rate,
         caption=audio.items[i].caption, labels=audio.items[i].labels)
    for i in two
]
lab = MixupLab(*clips, music)
lab

# %% [markdown]
# ## 9 · The shipped system: generated from words
#
# *Think first:* the shipped transformer is larger than yours. It was trained longer, on more sound,
# and in a last stage on captions, too. Which of these requests will it follow: an instrument, a
# style, a tempo, a mood?

# %%
prompts = [
    "rock drums, 120 bpm", "solo piano, pop, 80 bpm", "strings, classical, 90 bpm",
    "8-bit chiptune",
]
takes = [
    music.generate(prompt, steps=run.size(4, 30), candidates=run.size(1, 2), seed=seed)[0]
    for prompt in prompts[: run.size(2, 4)]
]
weights = [sum(p.numel() for p in net.parameters()) for net in (small, music.networks.denoiser)]
print(f"small transformer {weights[0]:,} weights, shipped {weights[1]:,}")
compare([grown[-1], *takes], ["small one, rock drums", *prompts[: len(takes)]])

# %%
figures = np.atleast_1d(plots.axes(1, len(takes), width=3.4 * len(takes), height=2.6))
for ax, clip, prompt in zip(figures, takes, prompts, strict=False):
    plots.spectrogram(ax, clip.audio[0], clip.sample_rate, prompt[:28])

# %% [markdown]
# *What you should have noticed:* look for cymbals at the top of the spectrograms of drums, and for
# the pitches of a piano in the lower part. (Smoke size has too few steps to judge.) The card of
# `music-ldm` counts how often two judges recognise each kind of sound. It also counts this for real
# music after the VAE and the vocoder. If a kind is rarely recognised even then, a better
# transformer alone would hardly help. The tempo of a prompt reaches the transformer in two ways: as
# a part of the prompt's vector, and as the position in the beat and in the bar at each patch.
#
# Words that were in no caption also get a vector from CLAP, but the transformer has not learned
# their meaning. `generate` helps where a prompt names a kind of sound: it adds the mean vector of
# the captions of this kind to the vector of the prompt. So the kind becomes clear, and the words
# still have an effect. There is one exception: a prompt for drums that names a tempo and uses known
# words only. It keeps its own vector, because with the sum the sound would have the requested tempo
# less often. (CLIP's authors average the vectors of several prompts in the same way: Radford et al.
# 2021, arXiv 2103.00020.)
#
# Write your own prompts below. In the second widget, drag over half seconds of a sound to have them
# regenerated.

# %%
from workbench.course.widgets import InpaintingWidget, PromptBox

PromptBox(music, "rock drums, 120 bpm", n=2, takes=takes[:1])

# %%
InpaintingWidget(music, takes[0], n=2)

# %% [markdown]
# A sound can replace the text, because both are vectors of the same space.

# %%
alike = music.generate(like=clips[0], steps=run.size(4, 50), seed=seed)[0]
compare([clips[0], alike], ["a recording", "generated to be like it"])

# %% [markdown]
# ## 10 · Does it copy?
#
# *Think first:* a network that was trained on each piece many times may reproduce a piece. How
# would you notice?
#
# Search for the training window that is most similar to each generated sound. Do the same for
# held-out music. **SIM_AA** is the share of sounds whose nearest training window has a cosine above
# a threshold. Generated music should not be nearer to the training set than held-out music is. The
# paper computes the cosines with CLAP. Here CLAP is a part of the system, so its cosines may favour
# the system. The cells below use a simple description instead: the mean, the standard deviation and
# the mean change of each band of the mel spectrogram. This describes the timbre of a sound and how
# much it varies in time, but not which notes are played.
#
# ## Exercise 4 · How many are copies? (10 minutes)
#
# *Level:* medium. *Goal:* SIM_AA from the vectors `generated` (n, d) and `training` (m, d), and a
# `threshold`.

# %% tags=["stub"]
def share_of_copies(generated, training, threshold):
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_copies

check_copies(share_of_copies)

# %% tags=["solution"]
def share_of_copies(generated, training, threshold):
    a = generated / np.linalg.norm(generated, axis=1, keepdims=True)
    b = training / np.linalg.norm(training, axis=1, keepdims=True)
    return ((a @ b.T).max(axis=1) > threshold).mean()


# %%
from workbench.evaluation.audio_sets import nearest


def described(sounds):
    """(n, 192): mean, spread and mean change of each of 64 bands."""
    rows = []
    for some in torch.as_tensor(np.asarray(sounds)).split(50):  # all at once would fill the memory
        picture = music.mel(some)
        parts = picture.mean(1), picture.std(1), picture.diff(dim=1).abs().mean(1)
        rows.append(torch.cat(parts, dim=1))
    return torch.cat(rows).double().numpy()


# %%
count = run.size(4, 40)
requests = music.embedder.embed_text([captions[k % len(captions)] for k in range(count)])
generated = music.generate_batch(requests, range(count), steps=run.size(4, 20))
seen = audio.crops(run.size(20, 600), span, seed=1, rows=audio.split("train"))[0].mean(1)
new = audio.crops(count, span, seed=2, rows=audio.split("test"))[0].mean(1)
training = described(seen)
center, scale = training.mean(0), training.std(0)
near = {}
for name, compared in (("generated", generated), ("held-out music", new)):
    standardised = (described(compared) - center) / scale
    near[name] = nearest(standardised, (training - center) / scale)[0]
plots.histogram(plots.axes(width=6), near, bins=np.linspace(-1, 1, 41),
                xlabel="cosine to the most similar training window")
copied = {name: float((cosines > 0.9).mean()) for name, cosines in near.items()}
print("nearest training window above 0.9: "
      + ", ".join(f"{share:.0%} of {name}" for name, share in copied.items()))
run.note("SIM_AA@90, generated", copied["generated"],
         floor=f"held out {copied['held-out music']:.2f}")

# %% [markdown]
# *What you should have noticed:* held-out music, too, has similar training windows, because music
# of one style sounds alike. So a high cosine alone is no evidence of copying; a share above that of
# held-out music is a reason to look closer. This description misses a melody that is copied on
# another instrument, and it finds copies where new pieces have a common timbre. So listen before
# you decide. The training windows here are those of the lesson's data set. The shipped system was
# not trained on the built-in songs, so with them the cells show the method, not whether this system
# copies. The card of `music-ldm` has such shares for 128 captions, against the music on which it
# was trained. They are computed with a trained classifier. `workbench evaluate music --only
# ablation` trains a transformer for each kind of mixup and for each way of conditioning, and
# compares them.
#
# ## Mini-project · Words that do something (an hour)
#
# Find three words that change what is generated (`music.generate("busy fast rock")`), and three
# that do not. Decide by numbers: generate eight sounds with each word and eight without it, and
# describe them (`described`). Compare the distance between the two groups with the distance between
# two groups of the same prompt.
#
# ## You can now
#
# You took MusicLDM apart, compared its VAE with principal components, trained a small transformer
# and heard it learn, generated sound from words, mixed pieces with aligned beats, and searched for
# copies.
#
# *A limitation to listen for:* no result has a form, because the transformer generates windows of a
# few seconds; a longer sound is made of overlapping windows.
#
# *Terms:* CLAP · mel spectrogram · vocoder · U-Net · FiLM · F-measure · mixup · BAM · BLM · SIM_AA
#
# *Next:* [lesson 09](09_attention_gpt.ipynb) leaves sound: its network generates notes, one after
# the other.

# %%
from workbench import quiz

quiz("08")

# %%
run.finish()
