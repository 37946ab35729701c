"""Funk, soul and club music, as patterns of letters (see `cells.CELLS`)."""

from workbench.datasets.grammar.style import Feel, Style

FUNK = Style(
    "funk", (88, 116),
    (
        Feel("ghost", {
            "HH": "x.n.X.n. x.o.X.n.",
            "SD": "..GgA..G .GqGA.gG",
            "BD": "A..l..hl ..a..l.s",
        }, weight=2),
        Feel("16ths", {
            "HH": "XxnxXxnx XxnxXxox",
            "SD": "....A..g .g..A..g",
            "BD": "A.l...a. .la..l..",
        }, weight=2),
        Feel("ride", {
            "BL": "X.h.X.h. X.h.X.h.",
            "SD": "...gA..G .G.gA..G",
            "BD": "A..a..h. ..a..l..",
        }),
    ),
    repeat=0.72, spread=6.0, behind={"SD": 4.0}, fill=(0.9, 0.8, 0.75),
)  # fmt: skip

SOUL = Style(
    "soul", (92, 126),
    (
        Feel("", {
            "HH": "x.n.x.n. x.n.x.o.",
            "SD": "....A..q .g..A..q",
            "BD": "A.....h. ..A..l..",
        }),
        Feel("Motown", {
            "HH": "X.n.X.n. X.n.X.n.",
            "SD": "X...X... X...X...",
            "BD": "A.....a. A.h.....",
        }),
    ),
    repeat=0.82, spread=7.0, behind={"SD": 5.0, "HH": 2.0},
)  # fmt: skip

HIP_HOP = Style(
    "hip hop", (76, 98),
    (
        Feel("", {
            "HH": "x.n.x.n. x.n.x.u.",
            "SD": "....A..q .q..A..q",
            "BD": "A..l..l. .ha..l..",
        }, swing=24, weight=2),
        Feel("16ths", {
            "HH": "xynyxyny xynyxyoy",
            "SD": "....A... .g..A..g",
            "BD": "A..h...l .la..h..",
        }, swing=36),
    ),
    repeat=0.82, spread=6.0, behind={"SD": 9.0, "HH": 3.0}, fill=(0.8, 0.6, 0.35),
)  # fmt: skip

HOUSE = Style(
    "house", (118, 128),
    (
        Feel("", {
            "HH": "y.O.x.O. y.O.x.O.",
            "SD": "....A..s ....A.s.",
            "BD": "X...X... X...X...",
        }, weight=2),
        Feel("ride", {
            "RD": "h.X.h.X. h.X.h.X.",
            "SD": "....A... ....A..l",
            "BD": "X...X... X...X...",
            "PH": ".l.l.l.l",
        }),
    ),
    repeat=0.93, spread=2.5, fill=(0.85, 0.6, 0.5),
)  # fmt: skip

TECHNO = Style(
    "techno", (126, 142),
    (
        Feel("", {
            "HH": "hgOghgOg hgOgygOg",
            "RD": "..x...x. ..x...x.",
            "BD": "X...X... X...X...",
            "LT": "...l..l. .l....l.",
        }),
        Feel("16ths", {
            "HH": "yxxyyxxy yxxyyxxy",
            "SD": "....A... ....A...",
            "BD": "X...X... X...X..l",
        }),
    ),
    repeat=0.95, spread=2.0, fill=(0.85, 0.7, 0.6),
)  # fmt: skip

DRUM_AND_BASS = Style(
    "drum and bass", (165, 178),
    (
        Feel("", {
            "HH": "x.n.x.n. x.n.x.n.",
            "SD": "....A..g .g..A..g",
            "BD": "A.l..... ..A.....",
        }, weight=2),
        Feel("break", {
            "RD": "x.n.x.n. x.n.x.n.",
            "SD": "....A..G .GhgA.hG",
            "BD": "A.a...l. ..a.....",
        }),
    ),
    repeat=0.8, spread=4.0, fill=(0.9, 0.8, 0.7),
)  # fmt: skip

DISCO = Style(
    "disco", (112, 126),
    (
        Feel("", {
            "HH": "x.O.x.O. x.O.x.O.",
            "SD": "....A... ....A..q",
            "BD": "X...X... X...X...",
        }),
        Feel("16ths", {
            "HH": "xyXyxyXy xyXyxyXy",
            "SD": "....A... ....A..q",
            "BD": "X...X... X...X.l.",
        }),
    ),
    repeat=0.92, spread=4.0, fill=(0.9, 0.8, 0.6),
)  # fmt: skip

STYLES = (FUNK, SOUL, HIP_HOP, HOUSE, TECHNO, DRUM_AND_BASS, DISCO)
