# %% [markdown]
# # 03 · Contrastive pre-training
#
# [02 Tokenisation](02_tokenisation.ipynb) · [index](00_start_here.ipynb) ·
# [04 MRLSTM autoencoder](04_mrlstm_autoencoder.ipynb)
#
# **You will** write the contrastive loss, read a similarity matrix, and search loops by words.
#
# **Needs** lesson 01; dot products and the softmax; the shipped checkpoint.
# **Time and memory:** printed below. **Exercises:** 25 minutes.
# **Library:** `workbench.models.contrastive`, `workbench.representations.text`,
# `workbench.evaluation.retrieval`.
# **Papers:** arXiv 2408.02711, section 4.1; CLIP, arXiv 2103.00020.

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop (minutes), gpu, paper
dataset = "groove"  # "groove", "builtin", or a folder of MIDI files
seed = 0  # of everything random
train = False  # True trains a system here; False loads the shipped one

# %%
from workbench import DrumLDM, load, plots, start

run = start("03", profile=profile, dataset=dataset, seed=seed, train=train)

# %%
if run.train:
    system = DrumLDM.train(
        run.dataset, run.profile, out=f"runs/drums-{run.profile}", watch=plots.LivePlot()
    )
else:
    system = DrumLDM.from_pretrained("drums-groove-bert")

# %% [markdown]
# ## 1 · Words for loops
#
# *Predict:* which facts about a loop would you put into a caption?
#
# There is no large collection of drum loops with descriptions. The paper takes the words of file
# names. Here the labels are joined by **traits** measured on the notes, and the same facts are
# said in many ways, since people do not write like file names.

# %%
import numpy as np

from workbench.datasets import cut_loops
from workbench.datasets.captions import facts_of
from workbench.datasets.phrases import phrases

every = cut_loops(load(run.dataset, split="test", limit=run.size(80, 190)), bars=8, hop_bars=16)
picks = np.random.default_rng(seed).permutation(len(every))[: run.size(60, 200)]
clips = [every[i] for i in picks]
print(clips[0].caption)
for phrase in phrases(facts_of(clips[0]), 5, seed=seed):
    print("   ", phrase)
clips[0]

# %% [markdown]
# *What you should have noticed:* each phrasing leaves something out, and some say it in words that
# no caption has. Trained on captions alone, a system would be at home in captions only.
#
# ## 2 · From words to a vector
#
# *Predict:* two prompts go through BERT together, and the shorter one is padded. Should its vector
# depend on how long the other is?
#
# A frozen BERT gives a vector for each word piece. Their mean is the text's vector. In the
# original the mean runs over the padding, too.

# %%
import torch

short, long = "slow funk", "a loud and busy rock beat with toms, open hats and many crashes, please"
tokenizer, bert = system.text._model
tokens = tokenizer([short, long], padding=True, return_tensors="pt")
with torch.inference_mode():
    hidden = bert(**tokens).last_hidden_state
    alone = bert(**tokenizer(short, return_tensors="pt")).last_hidden_state[0].mean(0)
masked = system.text.embed([short, long])[0]
print(f"mean over padding moves it by {float((hidden[0].mean(0) - alone).norm()):.2f}")
print(f"masked mean moves it by {float((masked - alone).norm()):.5f}")

# %% [markdown]
# *What you should have noticed:* with padding in the mean, a text's meaning depends on the company
# it is asked in. The same prompt would draw other loops in another batch.
#
# ## Exercise 1 · Masked mean (5 minutes)
#
# *Goal:* `hidden` is (texts, pieces, dim), `mask` (texts, pieces) is 1 for real pieces and 0 for
# padding. Return the mean over the real ones, (texts, dim).

# %% tags=["stub"]
def masked_mean(hidden, mask):
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_masked_mean

check_masked_mean(masked_mean)

# %% tags=["solution"]
def masked_mean(hidden, mask):
    weight = mask.unsqueeze(-1)
    return (hidden * weight).sum(1) / weight.sum(1)


# %% [markdown]
# ## 3 · The loss: who belongs to whom?
#
# *Predict:* in a batch of 32 pairs, what does the loss start at, before anything is learned?
#
# Two towers end in unit vectors: $m_i$ for a loop, $t_i$ for its text. In a batch every loop is
# asked which text is its own, and every text which loop (CLIP, figure 3), with a scale $s$:
#
# $$L = -\frac{1}{2N}\sum_i \log\frac{e^{s\,m_i\cdot t_i}}{\sum_j e^{s\,m_i\cdot t_j}}
# -\frac{1}{2N}\sum_i \log\frac{e^{s\,m_i\cdot t_i}}{\sum_j e^{s\,m_j\cdot t_i}} \qquad (1)$$
#
# *Equation (1):* code `workbench.models.contrastive.info_nce`; paper CLIP (arXiv 2103.00020),
# figure 3, after InfoNCE (arXiv 1807.03748), eq. 4.
#
# ## Exercise 2 · InfoNCE (10 minutes)
#
# *Goal:* equation (1) for `a`, `b` of (n, dim), unit length. `torch.nn.functional.cross_entropy`
# does a softmax and takes the logarithm of the right entry.

# %% tags=["stub"]
def contrastive_loss(a, b, scale):
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_info_nce

check_info_nce(contrastive_loss)

# %% tags=["solution"]
def contrastive_loss(a, b, scale):
    logits = scale * a @ b.T
    own = torch.arange(len(a))
    cross_entropy = torch.nn.functional.cross_entropy
    return (cross_entropy(logits, own) + cross_entropy(logits.T, own)) / 2


# %% [markdown]
# ## 4 · Temperature
#
# *Predict:* with a scale of 1, how low can the loss get when all pairs are perfect?
#
# Cosines end at 1, so the scale decides how sure a softmax can be. The original fixed it at
# $e^{0.07}$, perhaps for CLIP's $1/0.07$. Below, 32 perfect pairs, as far apart as can be.

# %%
from workbench.models.contrastive import info_nce

perfect = torch.nn.functional.normalize(torch.eye(32) - 1 / 32, dim=-1)
scales = np.geomspace(0.5, 50, 40)
floors = [float(info_nce(perfect, perfect, s)) for s in scales]
ax = plots.lines(plots.axes(width=6), scales, {"least loss": floors}, xlabel="scale s = 1/τ",
                 ylabel="loss of perfect pairs")
ax.set_xscale("log")
print(f"chance: {np.log(32):.2f}")
print(f"fixed e^0.07: not below {float(info_nce(perfect, perfect, np.exp(0.07))):.2f}")
print(f"learned here: s = {float(system.contrastive.scale.detach()):.1f}")

# %% [markdown]
# *What you should have noticed:* at the fixed scale even perfect embeddings stay most of the way up
# to chance: a loss of 2.42 means that each loop gives its own text a probability of
# $e^{-2.42} = 0.09$. A perfect pair is still pushed at 0.91 of full force; one at chance, at 0.97.
#
# ## 5 · The similarity matrix
#
# *Predict:* where are the large values, if all is well? And if two loops share a caption?

# %%
texts = [clip.caption for clip in clips]
t, m = system.embed_text(texts).numpy(), system.embed_clips(clips).numpy()
order = np.argsort([clip.labels.get("style", "") for clip in clips], kind="stable")
ax = plots.matrix(plots.axes(width=6, height=5), (m @ t.T)[order][:, order], unit="cosine",
                  diverging=True)
ax.set(xlabel="text, sorted by style", ylabel="loop, sorted by style");

# %% [markdown]
# *What you should have noticed:* beside the diagonal there are blocks. Loops of one style share
# most of their caption; "its own" is not the only right answer.
#
# ## 6 · Search
#
# *Predict:* does "gentle" find soft loops, though captions only say "soft"? And "not loud"?

# %%
from workbench.evaluation.rhythm import velocity
from workbench.representations.drum_roll import rolls_of

touch = 127 * velocity(rolls_of(clips))[0]  # mean velocity of each loop
found = {}
print(f"mean velocity of all loops: {touch.mean():.0f}")
for query in ("a gentle rock beat", "a loud rock beat", "a rock beat that is not loud"):
    scores = (system.embed_text([query]).numpy() @ m.T)[0]
    found[query] = np.argsort(-scores)
    print(f"{query}: the first ten have {touch[found[query][:10]].mean():.0f}")
    for i in found[query][:2]:
        print(f"    {scores[i]:.2f}  {clips[i].caption}")
clips[found["a gentle rock beat"][0]].excerpt(0, 16)

# %% [markdown]
# Now the other way: the loop above asks for texts.

# %%
asked = found["a gentle rock beat"][0]
for i in np.argsort(-(m[asked] @ t.T))[:3]:
    print(f"{m[asked] @ t[i]:.2f}  {texts[i]}" + ("   (its own)" if i == asked else ""))

# %% [markdown]
# *What you should have noticed:* on Groove at laptop size "loud" finds hard hitters and "gentle"
# softer loops than "loud": in its training texts "gentle" was one of several words for soft. "Not
# loud" finds nearly what "loud" finds: it hears the word, not the "not". At smoke size there are
# too few loops to choose from, and on the built-in corpus the shipped towers are not at home.
#
# ## 7 · Better than counting words?
#
# *Predict:* will a network beat linear regression on captions? And on texts in other words?
#
# *Recall at ten* is the share of texts whose own loop is among the ten nearest. The baseline counts
# words and predicts a loop's statistics from them by linear regression. It learns from captions and
# phrasings, as the towers did.
#
# ## Exercise 3 · Recall at k (10 minutes)
#
# *Goal:* `scores` is (texts, loops), the cosine of each pair; text $i$ belongs to loop $i$. Return
# the share of texts whose own loop is among the `k` nearest.

# %% tags=["stub"]
def recall_at(scores, k):
    return None  # your lines here


# %% tags=["check"]
from workbench.course.teaching import check_recall

check_recall(recall_at)

# %% tags=["solution"]
def recall_at(scores, k):
    own = np.diag(scores)[:, None]
    return ((scores > own).sum(1) < k).mean()



# %%
from workbench.evaluation.features import style_features
from workbench.evaluation.retrieval import WordModel, chance, retrieval

heard = cut_loops(load(run.dataset, split="train", limit=run.size(200, 740)), 8, 16)
said = [[c.caption, *phrases(facts_of(c), 3, seed=i)] for i, c in enumerate(heard)]
statistics = np.repeat(style_features(rolls_of(heard))[0], 4, axis=0)
words = WordModel([text for four in said for text in four], statistics)
measured = words.embed_loops(style_features(rolls_of(clips))[0])
free = [phrases(facts_of(clip), 1, seed=1000 + i)[0] for i, clip in enumerate(clips)]
guess = chance(len(clips))["R@10"]
for kind, asked_in in {"captions": texts, "phrasings": free}.items():
    towers = retrieval(system.embed_text(asked_in).numpy(), m)["R@10"]
    counted = retrieval(words.embed_text(asked_in), measured)["R@10"]
    print(f"{kind:9}  towers {towers:.2f}   bag of words {counted:.2f}   chance {guess:.2f}")
    run.note(f"{kind} → loop, recall at 10", towers, floor=guess)
    run.note(f"{kind} → loop, recall at 10, bag of words", counted, floor=guess)
run.note("loop → caption, recall at 10", retrieval(m, t)["R@10"], floor=guess)

# %% [markdown]
# *What you should have noticed:* both are far above chance, and the network is no clear winner. At
# laptop size on Groove, counting words does as well on captions, or a little better, and the two
# are close on phrasings; with 200 loops a recall is only known to within 0.07. Captions are made by
# rules from such statistics as the baseline predicts: this game suits it. On the built-in corpus,
# which the shipped towers never heard, it wins clearly. Without it, the towers would look splendid.
#
# ## 8 · The space
#
# *Predict:* which styles will lie together?

# %%
from sklearn.manifold import TSNE

few = min(len(m) - 1, 25)
points = TSNE(perplexity=few / 2, random_state=seed, init="pca").fit_transform(m)
styles = [clip.labels.get("style") or "?" for clip in clips]
common = [s for s in dict.fromkeys(sorted(styles, key=styles.count, reverse=True))][:6]
names = [style if style in common else "other" for style in styles]
plots.cloud(points, names, texts, "Loops in the contrastive space (t-SNE)")

# %% [markdown]
# *What you should have noticed:* hover over the points. t-SNE keeps neighbours, not distances:
# which loops lie together is worth reading, how far apart two groups are is not.
#
# ## Mini-project · A word that moves (an hour)
#
# Find one word that moves a prompt's nearest loops from one style to another, and one that changes
# nothing. Use `system.embed_text`; show both lists. Then put a number on it: by how much does the
# mean rank of that style's loops change, and how much does it change for ten words taken at random?
#
# ## You can now
#
# You wrote the contrastive loss, read a similarity matrix, and searched loops by words.
#
# *One limitation heard:* "not loud" finds loud loops; below is the first of them.
#
# *Terms:* tower · BERT · padding · contrastive loss · temperature · cosine · recall at ten ·
# baseline · t-SNE
#
# *Next:* [04](04_mrlstm_autoencoder.ipynb) presses loops into latents.

# %%
clips[found["a rock beat that is not loud"][0]].excerpt(0, 16)

# %%
run.finish()
