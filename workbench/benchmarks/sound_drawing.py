"""What LDMG generates: distance to real music, samplers, and whether it follows genre and text."""

from __future__ import annotations

import time

import numpy as np
import torch

from workbench.benchmarks import audio_judge
from workbench.benchmarks.sound_data import SoundBench
from workbench.evaluation.audio_sets import inception_score, paired_kl, sim_aa
from workbench.evaluation.distances import diversity, frechet_distance
from workbench.evaluation.intervals import share_interval
from workbench.evaluation.summary import halves
from workbench.evaluation.wasserstein import sliced_wasserstein, standardised
from workbench.systems.sampling import SamplingSettings


def frechet(bench: SoundBench) -> None:
    """Generated clips against decoded noise (the VAE's prior), reconstructions and real music."""
    config, n = bench.system.config, len(bench.real[0])
    real = bench.real_latents
    noise = torch.randn(real.shape, generator=torch.Generator().manual_seed(bench.seed))
    matched = bench.decode(noise * real.std((0, 2))[:, None] + real.mean((0, 2))[:, None])
    made = {
        "VAE's prior: z ~ N(0, 1), decoded": bench.prior,
        "z with the mean and variance of real latents, decoded": matched,
        "diffusion, unconditional": bench.free,
        "diffusion, genre and caption of each window": bench.matched,
        "reconstructions": bench.reconstructions,
        "floor: training windows": bench.windows("train", 1)[0],
    }
    rows = [[name, *bench.distances(sounds)] for name, sounds in made.items()]
    ids = {
        "own": "diffusion, unconditional",
        "real": "floor: training windows",
        "trivial": "VAE's prior: z ~ N(0, 1), decoded",
    }
    far = {name: row[1] for name, row in zip(made, rows, strict=True)}
    share = far[ids["own"]] / far[ids["trivial"]]
    bench.report.table(
        "frechet",
        f"Distance to {n} held-out windows of {config.seconds:.1f} s",
        ["", "Fréchet", "95 %", "kernel × 1,000"],
        rows,
        [
            f"Embedding: our tagger's 128 numbers, trained on the training split; N {n} on both "
            f"sides, {bench.steps} steps. Diffusion has {share:.2f} of the prior's distance; the "
            "original reports 385,721 / 720,143 = 0.54 under VGGish."
        ],
        ids=ids,
        share=share,
    )


def public(bench: SoundBench) -> None:
    """Distances by a judge that was trained elsewhere, with codecs as a scale."""
    prior = "VAE's prior: z ~ N(0, 1), decoded"
    audio_judge.public(
        bench,
        {
            "diffusion, genre and caption of each window": bench.matched,
            "diffusion, unconditional": bench.free,
            "reconstructions": bench.reconstructions,
            prior: bench.prior,
        },
        trivial=prior,
    )


@torch.inference_mode()
def wasserstein(bench: SoundBench) -> None:
    """Sliced Wasserstein distance of latent frames: generated, noise, held-out music."""
    config = bench.system.config
    real = _frames(bench.real_latents)
    train = _frames(bench.latents(bench.windows("train", 1)[0]))
    drawn = []
    for start in range(0, bench.n, 16):
        seeds = [90_000 + i for i in range(start, min(bench.n, start + 16))]
        noise = bench.system.noise(seeds, bench.system.frames_of(config.seconds))
        asked = bench.system.conditioning([""] * len(seeds), [None] * len(seeds))
        drawn.append(bench.system.sample(noise, asked, SamplingSettings(bench.steps, 1.0)))
    made = _frames(torch.cat(drawn))
    random = np.random.default_rng(bench.seed)
    normal = random.normal(real.mean(0), real.std(0), made.shape)
    scale = bench.system.networks.latent_std.numpy()  # the distance ignores means and rotations
    rows = []
    for name, values in (
        ("generated", made),
        ("normal noise of the same variance", normal),
        ("training music", train),
    ):
        raw = sliced_wasserstein(values * scale, real * scale, seed=bench.seed)
        _, scaled = standardised(real, values)
        rows.append([name, raw, sliced_wasserstein(scaled, standardised(real)[0], seed=bench.seed)])
    floors = [halves(sliced_wasserstein, x, times=5) for x in (real * scale, real)]
    rows.append(["floor: halves of the held-out music", *floors])
    bench.report.table(
        "wasserstein",
        f"Sliced Wasserstein distance of latent frames, {len(real):,} each",
        ["", "raw", "standardised"],
        rows,
        [
            "512 directions. Frames of one window resemble each other, so the floor of random "
            "halves is lower than two sets of different songs can reach. Training music is the "
            "fair reference. The original reports 0.0775, standardised."
        ],
        ids={
            "own": "generated",
            "real": "training music",
            "trivial": "normal noise of the same variance",
        },
    )


def _frames(latents: torch.Tensor, most: int = 20_000) -> np.ndarray:
    """(n, latent, frames) → at most `most` frames (m, latent)."""
    flat = latents.transpose(1, 2).flatten(0, 1).double().numpy()
    return flat[:: max(1, len(flat) // most)]


def samplers(bench: SoundBench) -> None:
    """Few-step samplers against the ancestral sampler with many steps."""
    n = min(bench.n, 8 if bench.quick else 64)
    plans = [
        ("dpm++", 10),
        ("dpm++", 25),
        ("dpm++", 50),
        ("ddim", 25),
        ("ddpm", 20 if bench.quick else 500),
    ]
    rows = []
    for name, steps in plans:
        started = time.perf_counter()
        made = bench.generate(n=n, steps=steps, sampler=name)
        speed = made.size / bench.audio.rate / (time.perf_counter() - started)
        far = frechet_distance(bench.predict(made)[0], bench.real_predictions[0])
        rows.append([f"{name}, {steps} steps", far, speed])
    bench.report.table(
        "samplers",
        f"Samplers: {n} clips, unconditional",
        ["", "Fréchet", "× real time"],
        rows,
        [
            f"Against {len(bench.real[0])} held-out windows; {torch.get_num_threads()} threads. "
            "Fewer clips than in the other tables, so the distances here are larger."
        ],
    )


def asked(bench: SoundBench) -> None:
    """Whether the tagger recognises the requested genre; variety, similarity, copies."""
    genres = [g for g in bench.system.config.genres if g in bench.tagger.genres]
    each = 2 if bench.quick else max(4, bench.n // len(genres))
    wanted = [g for g in genres for _ in range(each)]
    truth = np.array([bench.tagger.genres.index(g) for g in wanted])
    real, real_p = bench.real_predictions
    _, names = bench.requests(bench.real[1])
    known = np.array([bench.tagger.genres.index(n) if n else -1 for n in names])
    rows = []
    right, all_of = int((real_p.argmax(1) == known)[known >= 0].sum()), int((known >= 0).sum())
    rows.append(
        [
            "held-out music",
            right / all_of,
            share_interval(right, all_of),
            inception_score(real_p),
            1.0,
        ]
    )
    usual = diversity(real[known >= 0], known[known >= 0])
    for guidance in (1.0, 2.0, 4.0):
        made = bench.generate([""] * len(wanted), list(wanted), n=len(wanted), guidance=guidance)
        heard, p = bench.predict(made)
        right = int((p.argmax(1) == truth).sum())
        rows.append(
            [
                f"generated, guidance {guidance:g}",
                right / len(truth),
                share_interval(right, len(truth)),
                inception_score(p),
                diversity(heard, truth) / usual,
            ]
        )
    _, free = bench.predict(bench.free)
    rows.append(["unconditional", None, None, inception_score(free), None])
    vectors, mine = bench.predict(bench.matched)
    train, _ = bench.predict(bench.windows("train", 1)[0])
    center = train.mean(0)
    near = sim_aa(vectors - center, train - center)
    floor = sim_aa(real - center, train - center)
    order = np.random.default_rng(bench.seed).permutation(len(mine))
    bench.report.table(
        "asked",
        f"{len(genres)} requested genres, {each} clips each",
        ["", "requested genre recognised", "95 %", "inception score", "spread"],
        rows,
        [
            "Spread: root mean square distance of two clips of one genre in the tagger's "
            "embedding, over that of held-out windows. The classifier is our tagger. Chance "
            f"{1 / len(genres):.3f}. Paired KL to the held-out window whose genre and caption were "
            f"requested: {paired_kl(real_p, mine):.2f} nats, {paired_kl(real_p[order], mine):.2f} "
            "with the pairs shuffled. Clips whose nearest training window has a cosine above 0.90 "
            f"/ 0.95 (embeddings centred): {near['SIM_AA@90']:.3f} / {near['SIM_AA@95']:.3f}; "
            f"held-out music: {floor['SIM_AA@90']:.3f} / {floor['SIM_AA@95']:.3f}."
        ],
    )
