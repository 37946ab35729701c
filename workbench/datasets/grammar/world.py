"""Jazz, blues, Latin and Caribbean styles, as patterns of letters (see `cells.CELLS`)."""

from workbench.datasets.grammar.style import Feel, Style

JAZZ = Style(
    "jazz", (120, 220),
    (
        Feel("swing", {
            "RD": "x..X.n x..X.n",
            "PH": "...X.. ...X..",
            "SD": "..q.ql ..g..l",
            "BD": "g..g.s g..g.l",
        }, weight=3),
        Feel("two-beat", {
            "HH": "x..x.h x..x.h",
            "SD": "..q..q ..g..g",
            "BD": "n..... n.....",
        }),
    ),
    repeat=0.45, spread=9.0, behind={"RD": -2.0}, fill=(0.85, 0.7, 0.7),
)  # fmt: skip

BLUES = Style(
    "blues", (84, 132),
    (
        Feel("shuffle", {
            "HH": "x.nX.n x.nX.n",
            "SD": "..gA.g ..gA.g",
            "BD": "A..l.h A..l.l",
        }, weight=2),
        Feel("slow twelve-eight", {
            "RD": "xnnXnn xnnXnn",
            "SD": "...A.. ...A.q",
            "BD": "A....h a....l",
        }),
    ),
    repeat=0.78, spread=8.0, behind={"SD": 5.0}, fill=(0.9, 0.8, 0.8),
)  # fmt: skip

BOSSA_NOVA = Style(
    "bossa nova", (112, 150),
    (
        Feel("", {
            "HH": "xyxyxyxy xyxyxyxy",
            "XS": "A.....A. ....A... | ..A...A. ....A..s",
            "BD": "A.....n. A.....n.",
        }, weight=2),
        Feel("ride", {
            "RD": "y.y.y.y. y.y.y.y.",
            "PH": "....y... ....y...",
            "XS": "..A...A. ....A..s | A.....A. ....A...",
            "BD": "A.....n. A.....n.",
        }),
    ),
    repeat=0.86, spread=6.0, fill=(0.7, 0.6, 0.3),
)  # fmt: skip

SAMBA = Style(
    "samba", (92, 128),
    (
        Feel("", {
            "HH": "xyyxxyyx xyyxxyyx",
            "SD": "aGGaGgaG GaGGaGGa",
            "BD": "n..nA..n n..nA..n",
        }, swing=-16),
        Feel("ride", {
            "RD": "x.xxx.xx x.xxx.xx",
            "PH": "....y... ....y...",
            "XS": "a..h..a. .h..a.h. | .a..h..a ..h.a..l",
            "BD": "n..nA..n n..nA..n",
        }, swing=-12),
    ),
    repeat=0.72, spread=7.0, fill=(0.9, 0.85, 0.8),
)  # fmt: skip

REGGAE = Style(
    "reggae", (66, 92),
    (
        Feel("one drop", {
            "HH": "h.X.h.X. h.X.h.X.",
            "XS": "........ A......q",
            "BD": "........ A.......",
        }, swing=20, weight=2),
        Feel("steppers", {
            "HH": "X.y.X.y. X.y.X.o.",
            "XS": "..l..... A..l.h..",
            "BD": "A...X... A...A...",
        }, swing=20),
    ),
    repeat=0.82, spread=8.0, behind={"XS": 7.0}, fill=(0.8, 0.7, 0.6),
)  # fmt: skip

AFRO_CUBAN = Style(
    "Afro-Cuban", (92, 132),
    (
        Feel("mambo", {
            "BL": "X.xXX.Xx .X.xX.xx",
            "XS": "....A... ........ | ........ A.......",
            "HT": "........ ......a. | ........ ......A.",
            "LT": "........ ....... a",
            "BD": "...a..A. ...a..A.",
        }),
        Feel("cha-cha", {
            "BL": "A...X... A...X...",
            "RD": "..y...y. ..y...y.",
            "SD": "....h... ....h..q",
            "BD": "...l..A. ...l..A.",
            "MT": "........ ....A.A.",
        }),
        Feel("bembe", {
            "BL": "X.X.XX .X.X.X",
            "PH": "y..y.. y..y..",
            "XS": "...h.. h..h..",
            "BD": "..l..a ..l..h",
            "MT": "...... ..h..h",
        }),
    ),
    repeat=0.82, spread=7.0, fill=(0.9, 0.85, 0.7),
)  # fmt: skip

STYLES = (JAZZ, BLUES, BOSSA_NOVA, SAMBA, REGGAE, AFRO_CUBAN)
