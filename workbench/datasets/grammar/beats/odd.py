"""Beats in other metres than 4/4: waltzes, 6/8, 12/8, 5/4, 7/8, 2/4 (letters: `cells.CELLS`)."""

from workbench.datasets.grammar.beats.beat import Beat, Pattern

P = Pattern
JAZZ, ROCK = ("jazz",), ("rock", "pop", "soul", "country")
LATIN, AFRO = ("latin", "Afro-Cuban"), ("Afro-Cuban", "latin", "Afrobeat")

BEATS = (
    Beat(("waltz", "pop waltz", "slow waltz", "3/4 beat"), "waltz", (3, 4), (84, 150), (
        P({"HH": "x.x.x.x.x.x.", "SD": "....A...A...", "BD": "X..........."}),
        P({"HH": "x...x...x...", "SD": "........A...", "BD": "X.....l....."}),
        P({"RD": "x.x.x.x.x.x.", "SD": "....a...A..q", "BD": "X.....h.....", "PH": "....y...y..."}),
        P({"HH": "X.x.x.x.x.x.", "SD": "........A... | ....A.......", "BD": "X......... h. | X.......x..."}),
        P({"HH": "x.y.x.y.x.y.", "XS": "....A...A...", "BD": "X.........l."}, "cross-stick"),
    ), players=ROCK),
    Beat(("rock waltz", "3/4 rock", "rock in 3/4"), "rock", (3, 4), (90, 170), (
        P({"HH": "X.x.X.x.X.x.", "SD": "....A.......", "BD": "X.....h.x..."}),
        P({"RD": "X.x.X.x.X.x.", "SD": "........A...", "BD": "X...x.h....."}),
        P({"HH": "X.x.x.X.x.x.", "SD": "......A.....", "BD": "X...h....... | X.x........."}),
        P({"HH": "xyxyxyxyxyxy", "SD": "....A..g..A.", "BD": "X..h..x....."}),
    ), substyle="waltz", players=ROCK),
    Beat(("jazz waltz", "swing waltz", "jazz in 3"), "jazz", (3, 4), (100, 190), (
        P({"RD": "x..x.nx..", "PH": "...y.....", "SD": "..q.g...g", "BD": "n......g."}),
        P({"RD": "x..x.nx.n", "PH": "...y..y..", "SD": "...g.h..q", "BD": "n.....l.."}),
        P({"RD": "x.nx..x.n", "PH": "...y..y..", "XS": "...h..... | ......h..", "BD": "n........ | n....g..."}),
    ), substyle="waltz", triplets=True, players=JAZZ, fill=0.4, crash=0.3, fixed_kick=True),
    Beat(("country waltz", "waltz with brushes"), "country", (3, 4), (84, 140), (
        P({"SD": "y.y.x.y.x.y.", "BD": "X...........", "PH": "....x...x..."}),
        P({"HH": "x.y.x.y.x.y.", "XS": "....A...A...", "BD": "X..........."}),
        P({"SD": "x.yyA.yyA.yy", "BD": "X.......h..."}, "train"),
    ), substyle="waltz", players=("country", "soul", "jazz"), soft=0.8, fixed_kick=True),
    Beat(("6/8 ballad", "6/8", "slow 6/8", "six-eight", "six eight groove"), "ballad", (6, 8), (78, 130), (
        P({"HH": "xxxxxx", "SD": "...A..", "BD": "X....h"}),
        P({"HH": "x.x.x.x.x.x.", "SD": "......A....q", "BD": "X...l.....h."}),
        P({"RD": "Xxxxxx", "SD": "...A..", "BD": "X.h..h | X....x"}),
        P({"HH": "xyxyxyxyxyxy", "SD": "......A..g..", "BD": "X.........x."}, "sixteenth hats"),
        P({"HH": "XxxXxx", "XS": "...A..", "BD": "X....l | X.x..l"}, "cross-stick"),
    ), triplets=True, players=("soul", "rock", "gospel", "blues")),
    Beat(("6/8 rock", "rock in 6/8", "fast 6/8"), "rock", (6, 8), (140, 240), (
        P({"HH": "X.xX.x", "SD": "...A..", "BD": "X....x"}),
        P({"RD": "XxxXxx", "SD": "...A..", "BD": "X.x..h"}),
        P({"HH": "XxxXxx", "SD": "...A.g", "BD": "X.h..x | X..h.x"}),
        P({"LT": "X.xX.x", "SD": "...A..", "BD": "X..x.."}, "toms"),
    ), substyle="6/8", triplets=True, players=("rock", "blues")),
    Beat(("afro 6/8", "afro 6/8 bell", "6/8 bell", "bembe", "Afro-Cuban 6/8"), "Afro-Cuban", (6, 8), (140, 240), (
        P({"BL": "X.X.XX | .X.X.X", "BD": "x..... | ...x..", "XS": "...h.. | h.....", "PH": "y..y.."}),
        P({"BL": "X.X.XX | .X.X.X", "BD": "..l..x | ..l..x", "HT": "....h. | ......", "LT": "...... | ..hh..", "PH": "y..y.."}),
        P({"RD": "X.X.XX | .X.X.X", "SD": ".g.g.. | A..g..", "BD": "x....h | ..h..x", "PH": "...y.."}),
        P({"BL": "XxX.XX | .XxX.X", "XS": "..A..A | ..A..A", "BD": "x..x.."}),
    ), substyle="6/8", triplets=True, players=AFRO, fill=0.35, crash=0.3, fixed_kick=True),
    Beat(("afro 12/8", "12/8 bell", "12/8 bembe", "Afro-Cuban 12/8"), "Afro-Cuban", (12, 8), (140, 240), (
        P({"BL": "X.X.XX.X.X.X", "BD": "x.....x..h..", "XS": "...h..h.....", "PH": "y..y..y..y.."}),
        P({"BL": "X.X.XX.X.X.X", "BD": "..l..x..l..x", "HT": "....h.......", "LT": "........hh..", "PH": "y..y..y..y.."}),
        P({"RD": "X.X.XX.X.X.X", "SD": ".g.g..A..g.g", "BD": "x....h..h..x", "PH": "...y.....y.."}),
    ), substyle="12/8", triplets=True, players=AFRO, fill=0.35, crash=0.3, fixed_kick=True),
    Beat(("12/8 blues", "slow blues", "12/8", "twelve-eight blues"), "blues", (12, 8), (78, 135), (
        P({"HH": "XxxXxxXxxXxx", "SD": "...A.....A..", "BD": "X....hX....."}),
        P({"RD": "XxxXxxXxxXxx", "SD": "...A.....A.q", "BD": "X.....X....h", "PH": "...y.....y.."}),
        P({"HH": "x.xx.xx.xx.x", "SD": "...A..g..A..", "BD": "X....xX....h | X.h..xX....."}),
        P({"HH": "xxxxxxxxxxxx", "SD": "...A.....A..", "BD": "X....xX.x..."}, "doo-wop"),
    ), substyle="12/8", triplets=True, players=("blues", "soul", "rock", "gospel")),
    Beat(("12/8 gospel", "12/8 ballad", "12/8 soul", "doo-wop"), "gospel", (12, 8), (80, 140), (
        P({"HH": "XxxXxxXxxXxx", "SD": "......A.....", "BD": "X....h...h.x"}, "half-time"),
        P({"HH": "xxxxxxxxxxxx", "SD": "...A.....A.g", "BD": "X.h..xX....x"}),
        P({"RD": "XxxXxxXxxXxx", "SD": "...A..g..A..", "BD": "X....xx....h", "PH": "...y.....y.."}),
    ), substyle="12/8", triplets=True, players=("gospel", "soul", "blues")),
    Beat(("5/4", "five four", "rock in 5/4", "5/4 groove", "odd metre in 5"), "rock", (5, 4), (84, 170), (
        P({"HH": "x.x.x.x.x.x.x.x.x.x.", "SD": "....A.......A.......", "BD": "X.....h.X.......x..."}),
        P({"HH": "X.x.X.x.X.x.X.x.X.x.", "SD": "....A.......A.......", "BD": "X...........x...h.x."}),
        P({"RD": "X.x.X.x.X.x.X.x.X.x.", "SD": "....A..g....A..g....", "BD": "X.....x...x.....X..."}),
        P({"HH": "x.x.x.x.x.x.x.x.x.x.", "SD": "........A.......A...", "BD": "X..x........X.x....."}),
        P({"HH": "xyxyxyxyxyxyxyxyxyxy", "SD": "....A..g.g..A..g....", "BD": "X..x......x.....x.h."}, "funk"),
    ), substyle="5/4", players=("rock", "funk")),
    Beat(("jazz in 5", "5/4 jazz", "5/4 swing", "take five"), "jazz", (5, 4), (120, 190), (
        P({"RD": "x..x.nx..x..x..", "PH": "...y........y..", "SD": "..g.....q.....g", "BD": "n.......gn....."}),
        P({"RD": "x..x.nx.nx..x.n", "PH": "...y.....y.....", "SD": "..q..h......g..", "BD": "n........x....."}),
        P({"RD": "x.nx..x..x.nx..", "PH": "...y..y........", "XS": "......... A.....", "BD": "n.....h..n....."}),
    ), substyle="5/4", triplets=True, players=JAZZ, fill=0.4, crash=0.3, fixed_kick=True),
    Beat(("7/8", "seven eight", "7/8 groove", "prog rock in 7/8", "odd metre in 7"), "rock", (7, 8), (120, 230), (
        P({"HH": "x.x.x.x.x.x.x.", "SD": "....A.......A.", "BD": "X.......x....."}),
        P({"HH": "X.x.X.x.X.x.x.", "SD": "....A.....A...", "BD": "X.....h.X....."}),
        P({"RD": "X.x.X.x.X.x.x.", "SD": "....A.....A...", "BD": "X..x....X...h."}),
        P({"HH": "x.x.x.x.x.x.x.", "SD": "........A.....", "BD": "X...x.......x. | X.....x......."}),
        P({"HH": "X.x.x.X.x.X.x.", "SD": "......A...A...", "BD": "X...h.....x..."}, "3+2+2"),
        P({"HH": "xyxyxyxyxyxyxy", "SD": "....A..g..A..g", "BD": "X..h....x....."}, "funk"),
    ), substyle="7/8", players=("rock", "funk", "Middle Eastern")),
    Beat(("Balkan 7/8", "rachenitsa", "7/8 folk"), "Balkan", (7, 8), (180, 260), (
        P({"BD": "X...x...x.....", "SD": "..g.A...A...A.", "HH": "x.x.x.x.x.x.x."}),
        P({"LT": "X.......X.....", "HT": "....A.......A.", "SD": "..y...y...y...", "BD": "X............."}),
        P({"BD": "X.....x...x...", "SD": "..g.A...A.g.A.", "PH": "....y...y...y."}),
    ), substyle="7/8", players=("Middle Eastern", "latin", "rock"), fill=0.3, fixed_kick=True),
    Beat(("march", "2/4 march", "marching band", "military march"), "march", (2, 4), (96, 132), (
        P({"SD": "X.yyX.yy", "BD": "X...X..."}),
        P({"SD": "A.xxX.x. | X.xxXxxx", "BD": "X...x..."}),
        P({"SD": "XyyXyyXy | X.xxX...", "BD": "X...X...", "CR": "l......."}),
        P({"SD": "..X...X. | ..X.xxX.", "BD": "X...X..."}),
    ), players=("New Orleans", "rock"), fill=0.3, fixed_kick=True),
    Beat(("polka", "2/4 polka", "oom-pah"), "polka", (2, 4), (100, 136), (
        P({"BD": "X...X...", "SD": "..A...A.", "HH": "x.x.x.x."}),
        P({"BD": "X...X...", "SD": "..A...A. | ..A.g.A.", "HH": "..x...x."}),
        P({"BD": "X...X...", "SD": "..A...Ag", "RD": "x.x.x.x."}),
    ), players=("country", "latin", "rock"), fixed_kick=True),
    Beat(("samba in 2/4", "2/4 samba", "batucada"), "latin", (2, 4), (88, 124), (
        P({"HH": "xyyxxyyx", "SD": "aGGaGgaG | GaGGaGGa", "BD": "n..nA..n"}),
        P({"RD": "x.xxx.xx", "PH": "....y...", "XS": "a..h..a. | .h..a.h.", "BD": "n..nA..n"}),
        P({"SD": "XyyXyyXy", "BD": "....A...", "LT": "h......."}),
    ), substyle="Brazilian samba", players=LATIN, fill=0.3, crash=0.3, fixed_kick=True),
    Beat(("baião", "baiao", "2/4 baião"), "latin", (2, 4), (92, 124), (
        P({"HH": "x.x.x.x.", "BD": "X..X....", "SD": "....g.A."}),
        P({"HH": "xyxyxyxy", "BD": "X..X..h.", "XS": "......A. | ..A...A."}),
        P({"BL": "x.x.x.x.", "BD": "X..X....", "SD": "..g.g.A."}),
    ), substyle="Brazilian baião", players=LATIN, fill=0.3, crash=0.3, fixed_kick=True),
    Beat(("tango", "milonga", "2/4 tango"), "tango", (2, 4), (56, 68), (
        P({"SD": "X..yX.yx", "BD": "X...X..."}),
        P({"SD": "X..X..X.", "BD": "X..x..x.", "PH": "..y...y."}),
        P({"SD": "A.y.A.yA | A.y.x.xx", "BD": "X...x..."}),
    ), players=LATIN, fill=0.3, crash=0.2, soft=0.85, fixed_kick=True),
)  # fmt: skip
