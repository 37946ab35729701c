"""Latin, Caribbean and African beats in 4/4 (letters: `cells.CELLS`)."""

from workbench.datasets.grammar.beats.beat import Beat, Pattern

P = Pattern
FOUR = (4, 4)
LATIN, REGGAE = ("latin", "Afro-Cuban"), ("reggae", "latin", "funk")
AFRO = ("Afrobeat", "funk", "latin")

BEATS = (
    Beat(("one drop", "reggae one drop", "one-drop reggae"), "reggae", FOUR, (66, 88), (
        P({"HH": "x.x.x.x.x.x.x.x.", "XS": "........A.......", "BD": "........X......."}),
        P({"HH": "..X...X...X...X.", "XS": "........A......q", "BD": "........X......."}),
        P({"HH": "x.X.x.X.x.X.x.Xo", "SD": "........A.......", "BD": "........X......."}),
        P({"HH": "xyxyxyxyxyxyxyxy", "XS": "........A..l....", "BD": "........X......."}),
        P({"HH": "x.x.x.x.x.x.x.x.", "XS": "..l.....A.....h.", "BD": "........X......."}),
    ), substyle="one drop", swing=0.15, players=REGGAE, fixed_kick=True),
    Beat(("steppers", "reggae steppers", "steppers reggae", "dub steppers"), "reggae", FOUR, (68, 96), (
        P({"HH": "x.x.x.x.x.x.x.x.", "XS": "........A.......", "BD": "X...X...X...X..."}),
        P({"HH": "..X...X...X...X.", "SD": "........A.......", "BD": "X...X...X...X..."}),
        P({"HH": "X.y.X.y.X.y.X.o.", "XS": "..l.....A..l.h..", "BD": "X...X...X...X..."}),
    ), substyle="steppers", swing=0.15, players=REGGAE, fixed_kick=True),
    Beat(("rockers reggae", "reggae rockers", "reggae"), "reggae", FOUR, (66, 92), (
        P({"HH": "x.X.x.X.x.X.x.X.", "XS": "........A.......", "BD": "X.......X......."}),
        P({"HH": "x.x.x.x.x.x.x.xo", "SD": "........A..h....", "BD": "X.....h.X......."}),
        P({"HH": "..X...X...X...X.", "XS": "....A.......A...", "BD": "X.......X.x....."}),
    ), substyle="rockers", swing=0.1, players=REGGAE, fixed_kick=True),
    Beat(("ska", "ska beat", "two-tone ska"), "ska", FOUR, (120, 170), (
        P({"HH": "..X...X...X...X.", "SD": "....A.......A...", "BD": "....X.......X..."}),
        P({"HH": "x.X.x.X.x.X.x.X.", "SD": "....A.......A...", "BD": "X...X...X...X..."}),
        P({"HH": "..X...X...X...X.", "XS": "....A.......A...", "BD": "X.......X......."}),
    ), players=("reggae", "rock", "punk"), fixed_kick=True),
    Beat(("samba", "samba groove", "Brazilian samba"), "latin", FOUR, (92, 128), (
        P({"HH": "xyyxxyyxxyyxxyyx", "SD": "aGGaGgaGGaGGaGGa", "BD": "n..XX..xn..XX..x"}),
        P({"RD": "x.xxx.xxx.xxx.xx", "PH": "....y.......y...", "XS": "A..h..A..h..A.h.", "BD": "n..XX..xn..XX..x"}),
        P({"HH": "x.xxx.xxx.xxx.xx", "XS": "A.A.A..A.A.A..A.", "BD": "X..xX..xX..xX..x"}, "telecoteco"),
        P({"SD": "XyyXyyXyXyyXyyXy", "LT": "....A.......A...", "BD": "x..xx..xx..xx..x"}, "batucada"),
    ), substyle="Brazilian samba", players=LATIN, fill=0.35, crash=0.3, fixed_kick=True),
    Beat(("bossa nova", "bossa", "bossa groove"), "bossa nova", FOUR, (108, 152), (
        P({"HH": "x.x.x.x.x.x.x.x.", "XS": "A.....A.....A... | ....A.....A.....", "BD": "X.....xxX.....xx"}),
        P({"HH": "xyxyxyxyxyxyxyxy", "XS": "A.....A.....A... | ....A.....A.....", "BD": "X.....x.X.....x."}),
        P({"RD": "x.x.x.x.x.x.x.x.", "PH": "....y.......y...", "XS": "....A.....A..... | A.....A.....A...", "BD": "X.....x.X.....x."}),
        P({"HH": "x.x.x.x.x.x.x.x.", "XS": "A..A..A...A..A..", "BD": "X..xX..xX..xX..x"}),
    ), players=LATIN, fill=0.25, crash=0.2, soft=0.8, fixed_kick=True),
    Beat(("songo", "songo groove", "Cuban songo"), "Afro-Cuban", FOUR, (88, 118), (
        P({"BL": "x...x...x...x...", "SD": "..g.A..g.gg..g.. | ..g.A..g..h..gg.", "BD": "......X.....X...", "HT": "..............h."}),
        P({"HH": "x.x.x.x.x.x.x.x.", "SD": "..gAg.g..gA..g..", "BD": "...X..X....X..X."}),
        P({"RD": "X.xx.xX.x.X.xx.x", "XS": "....A.......A...", "BD": "......X......X..", "LT": "..............hh"}),
    ), substyle="songo", players=("Afro-Cuban", "latin"), fill=0.35, crash=0.3, fixed_kick=True),
    Beat(("mambo", "cascara", "salsa", "son montuno"), "Afro-Cuban", FOUR, (88, 116), (
        P({"BL": "X.X.XX.XX.XX.XX. ", "XS": "....A...........", "BD": "......X.....x...", "HT": "............x.x."}),
        P({"RD": "X.xX.xx.X.xX.xX. ", "XS": "....A.......A...", "BD": "......X.......x."}),
        P({"LT": "X.XX.XX.XX.X.XX.", "XS": "A.....A.....A... | ....A...A.......", "BD": "......X.....x..."}, "cascara"),
    ), substyle="salsa", players=("Afro-Cuban", "latin"), fill=0.35, crash=0.3, fixed_kick=True),
    Beat(("cha-cha", "cha cha", "chachacha"), "Afro-Cuban", FOUR, (104, 128), (
        P({"BL": "A...x...A...x...", "XS": "....h...........", "BD": "X.....x.X.......", "MT": "............A.A."}),
        P({"HH": "x.x.x.x.x.x.x.x.", "BL": "A...A...A...A...", "XS": "....A...........", "BD": "......X.....x...", "LT": "............x.x."}),
    ), substyle="cha-cha", players=("Afro-Cuban", "latin"), fill=0.3, crash=0.3, fixed_kick=True),
    Beat(("afrobeat", "Afrobeat groove", "Tony Allen groove"), "Afrobeat", FOUR, (96, 122), (
        P({"HH": "x.xxx.x.x.xxx.xo", "SD": "....g..A.g..g..A", "BD": "X..x..x...x..x.."}),
        P({"HH": "x.x.x.xox.x.x.xo", "SD": "..g.A..g.gA..g..", "BD": "X.....x.x..x...."}),
        P({"BL": "x.x.xx.x.x.x.xx.", "SD": "....A..g....g.A.", "BD": "X..x......x..x.."}),
    ), players=AFRO, fill=0.35, crash=0.3),
    Beat(("calypso", "soca", "calypso groove"), "calypso", FOUR, (104, 130), (
        P({"HH": "x.x.x.x.x.x.x.x.", "SD": "...A..A....A..A.", "BD": "X...X...X...X..."}),
        P({"HH": "..O...O...O...O.", "SD": "...A..Ag...A..A.", "BD": "X...X...X...X..."}),
        P({"BL": "x..x..x.x..x..x.", "XS": "...A..A....A..A.", "BD": "X...x...X...x..."}),
    ), players=("latin", "reggae"), fill=0.35, crash=0.4, fixed_kick=True),
)  # fmt: skip
