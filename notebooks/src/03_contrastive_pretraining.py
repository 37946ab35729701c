# %% [markdown]
# # 03 · Contrastive pre-training
#
# [02 Tokenisation](02_tokenisation.ipynb) · [index](00_start_here.ipynb) ·
# [04 MRLSTM autoencoder](04_mrlstm_autoencoder.ipynb)
#
# **You will** write the contrastive loss, train two networks that map texts and loops to the same
# space, hear which loops they retrieve, and search loops by words.
#
# **Needs** lesson 01; dot products and the softmax; a training loop in
# [PyTorch](refreshers/pytorch.ipynb); the shipped checkpoint.
# Sections 1 to 8 take about 75 minutes with their exercises; 9 to 11 go further and take another
# 25.
# **Time and memory:** printed below. **Exercises:** 45 minutes.
# **Library:** `workbench.models.contrastive`, `workbench.representations.text`,
# `workbench.evaluation.retrieval`.
# **Papers:** arXiv 2408.02711; CLIP, arXiv 2103.00020; InfoNCE, arXiv 1807.03748;
# several positives, arXiv 2004.11362; the modality gap, arXiv 2203.02053; Robertson 1977, *The
# probability ranking principle in IR*.

# %% tags=["parameters"]
profile = "laptop"  # smoke (a few minutes at most), laptop (minutes), gpu, paper
dataset = "groove"  # "groove", "builtin", or a folder of MIDI files
seed = 0  # of everything random
train = False  # True trains a system here; False loads the shipped one

# %%
from workbench import DrumLDM, load, plots, predict, reveal, start

run = start("03", profile=profile, dataset=dataset, seed=seed, train=train)

# %%
if run.train:
    system = DrumLDM.train(
        run.dataset, run.profile, out=f"runs/drums-{run.profile}", watch=plots.LivePlot()
    )
else:
    system = DrumLDM.from_pretrained("drums-groove-bert")

# %% [markdown]
# This lesson is about the part of the system that compares words and loops.

# %%
from workbench.course.diagrams import Arrow, diagram, pipeline

pipeline("prompt", "bert", "towers")

# %% [markdown]
# ## 1 · Words for loops
#
# *Think first:* which facts about a loop would you put into a caption?
#
# There is no large collection of drum loops with descriptions. The paper uses the words of file
# names as captions. Here a caption also contains **traits**, which rules assign from the notes
# (lesson 01). People do not write like file names, so the same facts are also written in other
# words, called **phrasings**.

# %%
import numpy as np

from workbench.datasets import cut_loops
from workbench.datasets.captions import facts_of
from workbench.datasets.phrases import phrases
from workbench.representations.drum_roll import rolls_of

every = cut_loops(load(run.dataset, split="test", limit=run.size(80, 190)), bars=8, hop_bars=16)
picks = np.random.default_rng(seed).permutation(len(every))[: run.size(60, 200)]
clips = [every[i] for i in picks]
print(clips[0].caption)
for phrase in phrases(facts_of(clips[0]), 5, seed=seed):
    print("   ", phrase)
clips[0]

# %% [markdown]
# *What you should have noticed:* the first line is the caption. A phrasing leaves some facts out,
# and it may use words that no caption contains. A system that was trained on captions alone has
# never received these words.
#
# ## 2 · From words to a vector
#
# **BERT** is a transformer that was trained on much text. Here it is frozen: its weights are not
# trained further. For each **word piece**, a word or a part of one, it returns a vector. The vector
# also depends on the other words of the text. The mean of these vectors is the vector of the text.
# If texts of different lengths are computed together, **padding** is appended to the shorter ones,
# and BERT returns vectors for the padding, too. The code of the drum paper includes them in the
# mean.
#
# *Predict:* a short and a long prompt are computed together. If its mean includes the padding, how
# far does the vector of the short prompt move, as a share of its length?

# %%
predict("03.1", [5.0, 25.0, 75.0], unit="%")

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

# %%
moved = 100 * float((hidden[0].mean(0) - alone).norm() / alone.norm())
reveal("03.1", moved, "With the mask it does not move.")

# %% [markdown]
# *What you should have noticed:* with padding in the mean, the vector of a text depends on the
# other texts of the batch. The same prompt would give other loops in another batch.
#
# ## Exercise 1 · Masked mean (5 minutes)
#
# *Level:* easy. *Goal:* the mean over the real word pieces of each text, (texts, dim). `hidden` has
# the shape (texts, pieces, dim). `mask` (texts, pieces) is 1 for real pieces and 0 for padding.

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
# ## 3 · Two towers
#
# *Predict:* the vector of a text has a few hundred numbers, a drum roll of eight bars has a few
# thousand. What has to be done before a dot product can compare them?

# %%
predict("03.2", ["the shorter one is padded", "both are mapped to equally many numbers",
                 "their means are compared"])

# %% [markdown]
# Two networks, the **towers**, map both to vectors of the same dimension. The text tower is small,
# because BERT does most of the work. The shipped text tower also receives facts that a parser finds
# in the text (lesson 00), because the means of BERT's vectors for "no snare" and for "snare" hardly
# differ. The loop tower is a transformer with one vector per beat; lesson 05 explains its
# attention. Both towers return vectors of length one, so the dot product of two of them is their
# **cosine**.

# %%
c = system.contrastive.config
cells = 27 * c.steps_per_beat  # numbers per beat
boxes = {
    "text": (f"text vector\n{c.text_dim} + {c.facts} facts", 0, 0), "norm": ("LayerNorm", 1, 0),
    "hidden": (f"linear, GELU\n→ {2 * c.width}", 2, 0),
    "text_out": (f"linear\n→ {c.dim}", 3, 0), "t": ("t\nlength 1", 4, 0),
    "roll": (f"drum roll\n{c.max_beats} beats × {cells}", 0, 1),
    "beat": (f"linear\nper beat → {c.width}", 1, 1),
    "layers": (f"transformer\n{c.depth} layers", 2, 1),
    "mean": (f"mean, linear\n→ {c.dim}", 3, 1), "m": ("m\nlength 1", 4, 1),
}
arrows = [
    Arrow("text", "norm"), Arrow("norm", "hidden"), Arrow("hidden", "text_out"),
    Arrow("text_out", "t"), Arrow("roll", "beat"), Arrow("beat", "layers"),
    Arrow("layers", "mean"), Arrow("mean", "m"), Arrow("m", "t", "cosine", both=True),
]
diagram("The two towers, as shipped", boxes, arrows, here=["t", "m"])

# %%
from IPython.display import display

from workbench.course.listing import listing
from workbench.models.contrastive import Contrastive, ContrastiveConfig, info_nce

display(listing(Contrastive.embed_text, first="return"))
listing(Contrastive.embed_roll, first="beats =", last="return")

# %%
sizes = system.embed_text(["rock"]).shape[1], system.embed_clips(clips[:1]).shape[1]
same = "both are mapped to equally many numbers" if sizes[0] == sizes[1] else ""
reveal("03.2", same, f"The towers end in {sizes[0]} and {sizes[1]} numbers.")

# %% [markdown]
# *What you should have noticed:* each tower is a few lines. Nothing in them connects a text with
# its loop; only the loss does.
#
# ## 4 · The loss: which text belongs to which loop?
#
# *Predict:* in a batch of 32 pairs, what is the contrastive loss (1) of untrained towers, if the
# cosines are multiplied by 14.3 as in CLIP?

# %%
predict("03.3", [2.0, 3.0, 4.0, 5.0])

# %% [markdown]
# In a batch of $N$ pairs, $m_i$ is the vector of loop $i$ and $t_i$ that of its text. The
# **contrastive loss** is the mean loss of two classifications with $N$ classes. One finds the text
# of each loop among the $N$ texts, the other the loop of each text among the $N$ loops. The logits
# are the cosines multiplied by a **scale** $s$; $\tau = 1/s$ is called **temperature**.
#
# $$L = -\frac{1}{2N}\sum_{i=1}^N \log\frac{e^{s\,m_i\cdot t_i}}{\sum_{j=1}^N e^{s\,m_i\cdot t_j}}
# -\frac{1}{2N}\sum_{i=1}^N \log\frac{e^{s\,m_i\cdot t_i}}{\sum_{j=1}^N e^{s\,m_j\cdot t_i}}
# \qquad (1)$$
#
# In the first sum each loop $i$ chooses a text $j$, in the second each text $i$ chooses a loop $j$.
# Each fraction is the probability of the right choice.
#
# *Equation (1):* code `workbench.models.contrastive.info_nce`; paper CLIP (arXiv 2103.00020),
# figure 3, after InfoNCE (arXiv 1807.03748), eq. 4.
#
# ## Exercise 2 · InfoNCE (10 minutes)
#
# *Level:* medium. *Goal:* equation (1) for `a` and `b`, both (n, dim) with rows of length one.
# `torch.nn.functional.cross_entropy(logits, targets)` computes the softmax of each row of the
# logits itself. It returns the mean of $-\log$ of the probability of the target column.

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
# If all $N$ choices were equally likely, the loss would be $\log N$. The next cell computes the
# loss of untrained towers, for loops and captions of the test split:

# %%
texts = [clip.caption for clip in clips]
test_vectors = system.text.embed(texts)
test_rolls = torch.from_numpy(rolls_of(clips))


def untrained(number):
    torch.manual_seed(number)
    towers = Contrastive(ContrastiveConfig(text_dim=test_vectors.shape[1])).eval()
    with torch.no_grad():
        return towers.embed_roll(test_rolls[:32]), towers.embed_text(test_vectors[:32])


pairs = [untrained(number) for number in range(5)]
print(f"log 32 = {np.log(32):.2f}")
for scale in (1, 1 / 0.07):
    values = [float(info_nce(m, t, scale)) for m, t in pairs]
    print(f"scale {scale:4.1f}: {', '.join(f'{value:.2f}' for value in values)}")

# %%
reveal("03.3", float(np.mean(values)), "This is the mean of five untrained pairs of towers.")

# %% [markdown]
# *What you should have noticed:* at scale 1 the loss is close to $\log N$. At CLIP's initial scale,
# $1/0.07 = 14.3$, it can be larger. The cosines of untrained towers differ at random, and a large
# scale turns small differences into very different probabilities. Where the right choice gets much
# less than $1/N$, the loss is large.
#
# ## 5 · Temperature
#
# A cosine is at most 1, so the scale limits the probabilities of the softmax. The drum paper fixed
# the scale at $e^{0.07}$, perhaps instead of CLIP's $1/0.07$. The next cell computes the loss of 32
# perfect pairs: each text has the vector of its loop, and all loops are as far apart as possible.
#
# *Predict:* what is the loss of these 32 perfect pairs at a scale of 1?

# %%
predict("03.4", [0.5, 1.5, 3.0])

# %%
perfect = torch.nn.functional.normalize(torch.eye(32) - 1 / 32, dim=-1)
scales = np.geomspace(0.5, 50, 40)
floors = [float(info_nce(perfect, perfect, s)) for s in scales]
ax = plots.lines(plots.axes(width=7), scales, {"least possible loss": floors},
                 xlabel="scale s = 1/τ", ylabel="loss of perfect pairs")
marks = {"e^0.07, fixed": np.exp(0.07), "learned": float(system.contrastive.scale.detach())}
for name, scale in marks.items():
    ax.plot(scale, float(info_nce(perfect, perfect, scale)), "o", label=f"{name}: s = {scale:.2f}")
ax.axhline(np.log(32), color=plots.INK, ls=":", label="log 32, chance")
ax.set_xscale("log")
ax.legend();

# %%
lowest = float(info_nce(perfect, perfect, np.exp(0.07)))
print(f"at the fixed scale the loss cannot fall below {lowest:.2f}: a loop gives its own text "
      f"a probability of at most {np.exp(-lowest):.2f}")
print(f"gradient at a perfect pair: {1 - np.exp(-lowest):.2f}, at chance: {1 - 1 / 32:.2f}")

# %%
reveal("03.4", float(info_nce(perfect, perfect, 1.0)), f"By chance it is {np.log(32):.2f}.")

# %% [markdown]
# *What you should have noticed:* at the fixed scale the loss of perfect embeddings is nearer to
# chance than to 0. The gradient for the logit of the right choice has the size $1 - p$, where $p$
# is the probability of this choice. For a perfect pair this is hardly smaller than at chance
# (printed above). So training changes perfect pairs nearly as much as others. CLIP learns the
# scale.
#
# ## 6 · Train the towers
#
# The next cells train towers like the shipped ones from the beginning, on captions alone and
# without the facts. In a batch of 64 pairs, the texts of the 63 other loops serve as wrong choices
# for a loop. Their vectors are computed anyway. So large batches are useful in contrastive
# learning. How will the matrix of cosines look before training, and after some steps? **Recall at
# ten** is the share of texts of the test split whose own loop is among the ten nearest loops.
#
# *Predict:* what is the recall at ten at the end of the training?

# %%
predict("03.5", [0.1, 0.3, 0.6, 0.9])

# %%
from workbench.evaluation.retrieval import WordModel, chance, retrieval

every = cut_loops(load(run.dataset, split="train", limit=run.size(100, 740)), bars=8, hop_bars=16)
train_rolls = torch.from_numpy(rolls_of(every))
captions = sorted({clip.caption for clip in every})
vectors = system.text.embed(captions).clone()
own = torch.tensor([captions.index(clip.caption) for clip in every])
torch.manual_seed(seed)
towers = Contrastive(ContrastiveConfig(text_dim=vectors.shape[1]))
optimizer = torch.optim.AdamW(towers.parameters(), lr=1e-3, weight_decay=0.1)
print(f"{len(every)} loops with {len(captions)} captions")


def training_step(towers, optimizer, rolls, vectors, own, batch=64):
    pick = torch.randint(len(rolls), (batch,))
    m = towers.embed_roll(rolls[pick])
    t = towers.embed_text(vectors[own[pick]])
    loss = info_nce(m, t, towers.scale)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


# %%
prompt = "jazz with a ride cymbal"
prompt_vector = system.text.embed([prompt]).clone()


def embed(towers, texts):
    """The loops of the test split and texts as vectors of the towers, and a search."""
    towers.eval()
    with torch.no_grad():
        m = towers.embed_roll(test_rolls).numpy()
        t = towers.embed_text(texts).numpy()
        query = towers.embed_text(prompt_vector).numpy()[0]
    towers.train()
    return m, t, np.argsort(-(m @ query))  # the nearest loop first


# %%
stops = (0, 10, 30) if run.small else (0, 25, 200)
history = []  # losses
recalls = {}  # by step
retrieved = []  # one loop per stop, each only once
jazz = np.array(["jazz" in text for text in texts])
panels = plots.axes(1, len(stops), width=11, height=3.2)
for ax, stop in zip(panels, stops, strict=True):
    while len(history) < stop:
        history.append(training_step(towers, optimizer, train_rolls, vectors, own))
    m, t, nearest = embed(towers, test_vectors)
    recalls[stop] = retrieval(t, m)["R@10"]
    plots.matrix(ax, m[:40] @ t[:40].T, f"{stop} steps: recall {recalls[stop]:.2f}", diverging=True)
    ax.set(xlabel="text", ylabel="loop")
    retrieved.append(next(i for i in nearest if i not in retrieved))
    print(f"{stop:3} steps: {jazz[nearest[:10]].sum()} of the ten nearest loops are jazz; "
          f"heard below: {clips[retrieved[-1]].caption}")
trained = recalls[stops[-1]]

# %% [markdown]
# The players below have what the towers retrieve for the same words at each of these steps. It is
# the nearest loop that no earlier step has retrieved.

# %%
from workbench.course.widgets import compare

compare([clips[i].excerpt(0, 16) for i in retrieved], [f"{stop} steps" for stop in stops])

# %%
mine = {"loss": np.array(history)}
plots.lines(plots.axes(width=6), range(len(history)), mine, xlabel="step", ylabel="loss, 64 pairs")
free = [phrases(facts_of(clip), 1, seed=1000 + i)[0] for i, clip in enumerate(clips)]
guess = chance(len(clips))["R@10"]
here, shipped = {}, {}
m_shipped = system.embed_clips(clips).numpy()
for kind, queries in {"captions": texts, "phrasings": free}.items():
    m, t, _ = embed(towers, system.text.embed(queries).clone())
    here[kind] = retrieval(t, m)["R@10"]
    shipped[kind] = retrieval(system.embed_text(queries).numpy(), m_shipped)["R@10"]
    better = "here" if here[kind] > shipped[kind] else "shipped"
    print(f"{kind}: recall at ten {guess:.2f} by chance, {here[kind]:.2f} here, "
          f"{shipped[kind]:.2f} shipped; higher: {better}")
run.note("recall at ten after the training here", trained, floor=guess)
t = system.embed_text(texts).numpy()  # from here on the shipped towers
m = m_shipped

# %%
reveal("03.5", trained, f"By chance it is {guess:.2f}.")

# %% [markdown]
# *What you should have noticed:* before training there are stripes: some loops are near to all
# texts, whatever the texts say. With training (at laptop size) the diagonal becomes bright, and
# some other cells, too. Listen again: does the loop of the last step suit the words better than
# that of step 0?
#
# The shipped towers are of the same size, but they were trained for another task. Each loop had
# several texts: its caption, the name of its style and phrasings. Transformed loops and loops
# written by rules were added, and the text tower also received the facts. The towers here were
# trained on captions alone. So they may be better for captions and worse for phrasings: compare the
# two printed lines. The rest of the lesson uses the shipped towers.
#
# ## 7 · The similarity matrix
#
# In the matrix of all cosines, where should the large values be?
#
# Three means can be compared: the mean cosine of a loop and its own text (100 %), of a loop and the
# text of a loop of another style (0 %), and of a loop and the text of another loop of the same
# style.
#
# *Predict:* where between 0 % and 100 % is the mean for another loop of the same style?

# %%
predict("03.6", [10.0, 40.0, 70.0], unit="%")

# %%
styles = np.array([clip.labels.get("style") or "?" for clip in clips])
frequent = [style for style in sorted(set(styles), key=lambda s: -(styles == s).sum())][:6]
order = np.concatenate([np.flatnonzero(styles == style)[:8] for style in frequent])
ax = plots.matrix(plots.axes(width=6.5, height=5), (m @ t.T)[order][:, order], unit="cosine",
                  diverging=True)
edges = np.cumsum([0, *(min(8, (styles == style).sum()) for style in frequent)])
for edge in edges[1:-1]:
    ax.axhline(edge - 0.5, color=plots.INK, lw=1)
    ax.axvline(edge - 0.5, color=plots.INK, lw=1)
middles = (edges[1:] + edges[:-1] - 1) / 2
ax.set_yticks(middles, frequent)
ax.set_xticks(middles, frequent, rotation=30)
ax.set(xlabel="text", ylabel="loop");

# %%
alike = (styles[:, None] == styles) & ~np.eye(len(styles), dtype=bool)
scores = m @ t.T
own = np.diag(scores).mean()
same_style = scores[alike].mean()
other_style = scores[styles[:, None] != styles].mean()
reveal("03.6", 100 * float((same_style - other_style) / (own - other_style)))
nearest = scores.argmax(1)  # the text of each loop with the largest cosine
right = (nearest == np.arange(len(nearest))).mean()
print(f"nearest text: the own one for {right:.0%} of the loops, one of the same style for "
      f"{(styles[nearest] == styles).mean():.0%}")

# %% [markdown]
# *What you should have noticed:* besides the diagonal there are blocks. Loops of one style share a
# part of their captions, so the text of another loop may suit, too. But the loss (1) counts it as
# wrong. Such a text is a **false negative**.
#
# ## Exercise 3 · Several right answers (20 minutes)
#
# *Level:* hard. *Goal:* a loss without false negatives, and the accuracy of the choices. `alike`
# (n, n) is 1 where text $j$ suits loop $i$, its own text included. The probabilities $p$ of a row
# are the softmax over *all* texts. The loss of a row is the mean of $-\log p$ over the texts that
# suit. Take the mean over all rows, then the same for the columns, and the mean of both numbers
# (arXiv 2004.11362, eq. 2). The *accuracy* of the rows is the share of rows whose most probable
# text suits; take the mean of it and of the accuracy of the columns. Return the loss and the
# accuracy.

# %% tags=["stub"]
def loss_of_several(a, b, scale, alike):
    return None  # about ten lines


# %% tags=["check"]
from workbench.course.teaching import check_several_positives

check_several_positives(loss_of_several)

# %% tags=["solution"]
def loss_of_several(a, b, scale, alike):
    logits = scale * a @ b.T
    losses, shares = [], []
    for scores, mates in ((logits, alike), (logits.T, alike.T)):
        log_p = torch.log_softmax(scores, dim=1)
        of_row = -(log_p * mates).sum(1) / mates.sum(1)
        losses.append(of_row.mean())
        choice = scores.argmax(1)
        suits = mates[torch.arange(len(mates)), choice]
        shares.append(suits.mean())
    loss = (losses[0] + losses[1]) / 2
    accuracy = (shares[0] + shares[1]) / 2
    return loss, accuracy


# %% [markdown]
# ## 8 · Search
#
# Captions contain the word "soft", but not "gentle". Will "gentle" find soft loops?
#
# *Predict:* how loud are the first ten loops for "a rock beat that is not loud", by their mean
# velocity (0 to 127)?

# %%
predict("03.7", ["softer than the average loop", "as loud, within 3",
                 "louder than the average loop"])

# %%
from workbench.evaluation.rhythm import velocity

touch = 127 * velocity(rolls_of(clips))[0]  # mean velocity of each loop
found = {}
print(f"mean velocity of all loops: {touch.mean():.0f}")
rock = ("a gentle rock beat", "a rock beat", "a rock beat that is not loud", "a loud rock beat")
for query in rock:
    scores = (system.embed_text([query]).numpy() @ m.T)[0]
    found[query] = np.argsort(-scores)
    print(f"{query}: the first ten have {touch[found[query][:10]].mean():.0f}")
    for i in found[query][:2]:
        print(f"    {scores[i]:.2f}  {clips[i].caption}")
clips[found["a gentle rock beat"][0]].excerpt(0, 16)

# %%
ten = touch[found["a rock beat that is not loud"][:10]].mean() - touch.mean()
side = "softer than the average loop" if ten < 0 else "louder than the average loop"
reveal("03.7", "as loud, within 3" if abs(ten) < 3 else side, f"The difference is {ten:+.0f}.")

# %% [markdown]
# The other direction: the three captions that are nearest to the loop above.

# %%
loop = found["a gentle rock beat"][0]
for i in np.argsort(-(m[loop] @ t.T))[:3]:
    print(f"{m[loop] @ t[i]:.2f}  {texts[i]}" + ("   (its own)" if i == loop else ""))

# %% [markdown]
# *What you should have noticed:* compare each mean with that of all loops, and with that of "a rock
# beat", which names no loudness. At laptop size, with Groove and the shipped towers, rock is louder
# than the average, "loud" finds still louder loops, and "gentle" finds softer ones than rock alone.
# The loops for "not loud" are about as loud as those for rock alone: the "not" removes the effect
# of "loud", but does not mean "soft". (The shipped towers were not trained on the built-in corpus.)
#
# ## 9 · Going further: better than counting words?
#
# The towers are compared with a baseline, linear regression on counted words. Which of the two is
# better for phrasings?
#
# *Predict:* which of the two has the higher recall at ten for captions?

# %%
predict("03.8", ["the towers", "counting words", "neither: the intervals overlap"])

# %% [markdown]
# The **baseline** counts the words of a text and predicts from them, by linear regression,
# statistics of the loop such as the hits per beat of each drum. It is trained on captions and
# phrasings, as the shipped towers were. It retrieves the loops whose measured statistics are
# nearest to the predicted ones.
#
# ## Exercise 4 · Recall at k (10 minutes)
#
# *Level:* medium. *Goal:* the share of texts whose own loop is among the `k` nearest. `scores`
# (texts, loops) has the cosine of each pair; text $i$ belongs to loop $i$.

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

four_texts = [[c.caption, *phrases(facts_of(c), 3, seed=i)] for i, c in enumerate(every)]
statistics = np.repeat(style_features(rolls_of(every))[0], 4, axis=0)  # for each of the four
words = WordModel([text for four in four_texts for text in four], statistics)
measured = words.embed_loops(style_features(rolls_of(clips))[0])
bars = {}
for kind, queries in {"captions": texts, "phrasings": free}.items():
    bars[f"{kind}, towers"] = retrieval(system.embed_text(queries).numpy(), m)["R@10"]
    bars[f"{kind}, words"] = retrieval(words.embed_text(queries), measured)["R@10"]
    run.note(f"{kind} → loop, recall at 10", bars[f"{kind}, towers"], floor=guess)
    run.note(f"{kind} → loop, recall at 10, bag of words", bars[f"{kind}, words"], floor=guess)
ax = plots.bars(plots.axes(width=7), bars, ylabel="recall at ten", floor=guess)
heights = np.array(list(bars.values()))
half = 1.96 * np.sqrt(heights * (1 - heights) / len(clips))
ax.errorbar(range(len(bars)), heights, half, fmt="none", color=plots.INK, capsize=4)
run.note("loop → caption, recall at 10", retrieval(m, t)["R@10"], floor=guess)

# %%
better = "the towers" if heights[0] > heights[1] else "counting words"  # on captions
apart = abs(heights[0] - heights[1]) > half[0] + half[1]
reveal("03.8", better if apart else "neither: the intervals overlap")

# %% [markdown]
# *What you should have noticed:* where the intervals overlap, neither method is shown to be better.
# Captions are made by rules from statistics like those that the baseline predicts, so the task
# favours the baseline. Without a baseline one could think that only a network reaches such a
# recall.
#
# ## 10 · Going further: one space or two?
#
# *Predict:* is a text nearer to its own loop or to other *texts*, by the mean cosine?

# %%
predict("03.9", ["nearer to its loop", "nearer to other texts"])

# %%
def cosines(a, b):
    return (a @ b.T)[~np.eye(len(a), dtype=bool)]


kinds = {
    "a text and its loop": (t * m).sum(1), "a text and another loop": cosines(t, m),
    "two texts": cosines(t, t), "two loops": cosines(m, m),
}
ax = plots.axes(width=7)
for i, (name, values) in enumerate(kinds.items()):
    label = f"{name}: {values.mean():.2f}"
    style = {"ls": plots.LINES[i], "color": plots.COLOURS[i], "lw": 1.8}
    ax.hist(values, 40, range=(-1, 1), density=True, histtype="step", label=label, **style)
ax.set(xlabel="cosine", ylabel="density")
ax.legend()
gap = float(np.linalg.norm(t.mean(0) - m.mean(0)))
run.note("distance of the mean text from the mean loop", gap, floor=0.0)

# %%
loop, text = kinds["a text and its loop"].mean(), kinds["two texts"].mean()
reveal("03.9", "nearer to its loop" if loop > text else "nearer to other texts")

# %%
from sklearn.manifold import TSNE

both = np.concatenate([m, t])
points = TSNE(perplexity=min(len(m) - 1, 25) / 2, random_state=seed, init="pca").fit_transform(both)
kind = ["loop"] * len(m) + ["text"] * len(t)
plots.cloud(points, kind, texts * 2, "Loops and texts in one space (t-SNE)")

# %%
points = TSNE(perplexity=min(len(m) - 1, 25) / 2, random_state=seed, init="pca").fit_transform(m)
names = [style if style in frequent else "other" for style in styles]
plots.cloud(points, names, texts, "Loops by style (t-SNE)")

# %% [markdown]
# *What you should have noticed:* a **modality gap** means that texts and loops lie in two separate
# regions of their space. Look for it in the map and in the distance of the two means (in the table
# at the end; 0 is no gap, 2 the largest possible). The loss allows such a gap, because it compares
# a loop with texts only, never with other loops. Hover over the points. **t-SNE** keeps neighbours,
# not distances: groups of neighbours have a meaning, but the distances between groups do not.
#
# ## 11 · Going further: the most that a text can find
#
# A text such as "a jazz fill" names only the style of its loop, and whether it is a beat or a fill.
# The next cells use built-in loops of 19 styles (250 loops; 60 at smoke size).
#
# *Predict:* for such texts, what is the recall at ten of a *perfect* retriever, which knows all
# probabilities?

# %%
predict("03.10", [0.3, 0.6, 0.9])

# %% [markdown]
# A text can find its own loop only by what it says. If three loops suit it equally well, nobody can
# know which of them is meant. The best ranking is by the probability that a loop is the right one.
# Without the text all $n$ loops are equally likely. So by Bayes' rule this probability follows from
# the probabilities $p(t \mid m_j)$ of the text $t$ given each loop $m_j$. The expected recall at
# $k$ of the perfect retriever is the sum of the $k$ largest probabilities:
#
# $$p(j \mid t) = \frac{p(t \mid m_j)}{\sum_{l=1}^n p(t \mid m_l)}, \qquad
# \mathrm{R@}k = \sum_{j \,\in\, k \text{ largest}} p(j \mid t) \qquad (2)$$
#
# *Equation (2):* code `workbench.evaluation.retrieval.ceiling`; paper Robertson 1977, *The
# probability ranking principle in IR*.
#
# For real drummers nobody knows $p(t \mid m_j)$. For built-in loops the grammar knows it. Traits
# are measured on the notes, so they are certain. The style was chosen before the notes. Its
# probability given the notes follows from the grammar, again by Bayes' rule.

# %%
from dataclasses import replace

from workbench.datasets import builtin
from workbench.datasets.captions import caption_of
from workbench.evaluation.retrieval import ceiling
from workbench.representations.drum_roll import tile

written = builtin.load_builtin("test", limit=run.size(60, 250)).clips
posterior = np.array([builtin.style_posterior(clip) for clip in written])  # (loops, styles)
names = list(builtin.STYLES)
style = np.array([names.index(clip.labels["style"]) for clip in written])
facts = [facts_of(clip) for clip in written]
rest = np.array([caption_of(replace(f, style="", substyle="", tempo=None)) for f in facts])
of_style = posterior[:, style].T  # p(text i | loop j), where text i names its style only
kind = np.array([f.kind for f in facts])
likelihood = {"style only": of_style * (kind[:, None] == kind),
              "whole caption": of_style * (rest[:, None] == rest)}
best = {name: ceiling(p, range(1, 31)) for name, p in likelihood.items()}

# %%
print(f"{len(set(rest))} different captions of {len(rest)} loops, without style and tempo")
sure, vague = posterior.max(1), int(posterior.max(1).argmin())
for k in ("beat", "fill"):
    print(f"{k}: the best guess of the style is right in {sure[kind == k].mean():.1%}")
three = posterior[vague].argsort()[:-4:-1]
print(f"the least certain loop, in truth {names[style[vague]]}:",
      ", ".join(f"{names[j]} {posterior[vague, j]:.0%}" for j in three))
written[vague]

# %%
reveal("03.10", float(best["style only"][9]), f"among {len(written)} loops")

# %% [markdown]
# How near to this ceiling do towers come? The next cells train towers on such loops and texts, as
# in section 6.

# %%
corpus = builtin.load_builtin("train", limit=run.size(100, 800)).clips


def both_texts(clips):
    """The two texts of each clip, without tempo, which the loop tower does not receive."""
    known = [replace(facts_of(clip), substyle="", tempo=None) for clip in clips]
    return [f"{f.style} {f.kind}" for f in known] + [caption_of(f) for f in known]


def eight_bars(clips):
    return torch.from_numpy(np.stack([tile(rolls_of([clip])[0], 128) for clip in clips]))


twice = eight_bars(corpus).repeat(2, 1, 1)  # each loop with its two texts
vectors = system.text.embed(both_texts(corpus)).clone()
torch.manual_seed(seed)
towers = Contrastive(ContrastiveConfig(text_dim=vectors.shape[1]))
optimizer = torch.optim.AdamW(towers.parameters(), lr=1e-3, weight_decay=0.1)
for _ in range(run.size(30, 250)):
    training_step(towers, optimizer, twice, vectors, torch.arange(len(twice)))

# %%
towers.eval()
with torch.no_grad():
    m = towers.embed_roll(eight_bars(written)).numpy()
    t = towers.embed_text(system.text.embed(both_texts(written)).clone()).numpy()
panels = plots.axes(1, 2, width=10, height=3.4)
ks = range(1, 31)
for ax, (name, queries) in zip(panels, zip(best, np.split(t, 2), strict=True), strict=True):
    recalls = retrieval(queries, m, ks)
    reached = [recalls[f"R@{k}"] for k in ks]
    curves = {"perfect": best[name], "towers": reached, "chance": [k / len(m) for k in ks]}
    plots.lines(ax, ks, curves, xlabel="k", ylabel="recall at k", title=name)
    print(f"{name}: recall at ten {best[name][9]:.2f} at most, {reached[9]:.2f} with these towers")
    run.note(f"built-in loops, {name}: recall at 10", reached[9],
             floor=f"at most {best[name][9]:.2f}")

# %% [markdown]
# *What you should have noticed:* if the text names only style and kind, even the perfect retriever
# is often wrong at $k = 1$, because it can only guess among the loops of that style and kind. Some
# fills may belong to several styles (see the printed shares). Some loops have the same whole
# caption, so the ceiling for whole captions is below 1 at $k = 1$, too. The distance from a curve
# of the towers to its ceiling is what better towers could still gain. So a recall of 0.7 may be
# poor or nearly perfect: only the ceiling shows which. If the probabilities are unknown, at least
# count how many loops have the same text.
#
# ## Mini-project · A word that moves (an hour)
#
# Find one word that changes the style of a prompt's nearest loops, and one that changes nothing.
# Use `system.embed_text` and show both lists. Then measure the effect: by how much does the mean
# rank of that style's loops change, and how much does it change for ten random words?
#
# ## You can now
#
# You wrote the contrastive loss, trained two towers, and searched loops by words.
#
# *A limitation to listen for:* "not loud" does not mean "soft" to the towers. Below is the first
# loop that they find.
#
# *Terms:* tower · BERT · padding · contrastive loss · temperature · cosine · false negative ·
# recall at ten · baseline · modality gap · t-SNE
#
# *Next:* [04](04_mrlstm_autoencoder.ipynb) compresses loops to latents.

# %%
clips[found["a rock beat that is not loud"][0]].excerpt(0, 16)

# %%
from workbench import quiz

quiz("03")

# %%
run.finish()
