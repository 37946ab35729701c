"""Rock and related styles, as patterns of letters (see `cells.CELLS`)."""

from workbench.datasets.grammar.style import Feel, Style

ROCK = Style(
    "rock", (88, 150),
    (
        Feel("", {
            "HH": "x.n.X.n. x.n.X.u.",
            "SD": "....A..q ....A..s",
            "BD": "A..sl.h. h.a...l.",
        }, weight=3),
        Feel("ride", {
            "RD": "X.n.X.n. X.n.X.n.",
            "SD": "....A... ....A..s",
            "BD": "A...l.a. ..h...l.",
        }, weight=2),
        Feel("half-time", {
            "HH": "X...X... X...X.o.",
            "SD": "........ X......q",
            "BD": "A.....h. ..l..l..",
        }),
    ),
    repeat=0.8, spread=7.0, behind={"SD": 3.0, "HH": -2.0},
)  # fmt: skip

PUNK = Style(
    "punk", (160, 210),
    (
        Feel("", {
            "HH": "X.x.X.x. X.x.X.x.",
            "SD": "....A... ....A...",
            "BD": "A.l.s.A. A.h.s.l.",
        }, weight=2),
        Feel("double-time", {
            "RD": "X...X... X...X...",
            "SD": "..A...A. ..A...A.",
            "BD": "A...A... A...A...",
        }),
    ),
    repeat=0.85, spread=9.0, behind={"HH": -3.0}, fill=(0.95, 0.9, 0.3),
)  # fmt: skip

METAL = Style(
    "metal", (120, 190),
    (
        Feel("", {
            "RD": "X...X... X...X...",
            "SD": "....A... ....A...",
            "BD": "AnnnAnnn AnnnAnnn",
        }, weight=2),
        Feel("half-time", {
            "HH": "....O... ....O...",
            "BL": "....X... ....X...",
            "SD": "........ A.......",
            "BD": "A.ha..nn ..a.nnll",
        }),
    ),
    repeat=0.9, spread=4.0, fill=(0.96, 0.92, 0.85),
)  # fmt: skip

POP = Style(
    "pop", (96, 128),
    (
        Feel("", {
            "HH": "x.n.x.n. x.n.x.o.",
            "SD": "....A... ....A...",
            "BD": "A.....l. A.h...l.",
        }, weight=2),
        Feel("four on the floor", {
            "RD": "n.X.x.X. n.X.x.X.",
            "SD": "....A... ....A...",
            "BD": "A...A... A...A...",
        }),
    ),
    repeat=0.88, spread=5.0, fill=(0.9, 0.7, 0.35),
)  # fmt: skip

BALLAD = Style(
    "ballad", (58, 80),
    (
        Feel("cross-stick", {
            "HH": "y.y.y.y. y.y.y.y.",
            "XS": "....A... ....A...",
            "BD": "A......h a.l.....",
        }, weight=2),
        Feel("", {
            "RD": "x.n.x.n. x.n.x.n.",
            "SD": "....A..q .q..A..q",
            "BD": "A..l..h. A..l..l.",
        }),
    ),
    repeat=0.85, spread=8.0, behind={"SD": 5.0, "XS": 5.0}, fill=(0.8, 0.6, 0.25),
)  # fmt: skip

COUNTRY = Style(
    "country", (100, 160),
    (
        Feel("train beat", {
            "PH": "....y... ....y...",
            "SD": "GGAGGGAG GGAGGGAG",
            "BD": "A...A... A...A...",
        }),
        Feel("", {
            "HH": "x.n.x.n. x.n.x.n.",
            "XS": "....A... ....A...",
            "BD": "A.....l. A.......",
        }),
    ),
    repeat=0.85, spread=6.0, fill=(0.9, 0.8, 0.4),
)  # fmt: skip

STYLES = (ROCK, PUNK, METAL, POP, BALLAD, COUNTRY)
