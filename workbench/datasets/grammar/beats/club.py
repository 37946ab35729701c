"""Club music, hip hop and breaks in 4/4 (letters: `cells.CELLS`)."""

from workbench.datasets.grammar.beats.beat import Beat, Pattern

P = Pattern
FOUR = (4, 4)
HIP_HOP, FUNK = ("hip hop", "funk", "soul"), ("funk", "soul", "hip hop")
DANCE = ("dance", "rock", "funk")

BEATS = (
    Beat(("disco", "disco beat", "four on the floor disco", "70s disco"), "disco", FOUR, (108, 128), (
        P({"HH": "y.O.x.O.y.O.x.O.", "SD": "....A.......A...", "BD": "X...X...X...X..."}, "open hats off the beat"),
        P({"HH": "xxOxxxOxxxOxxxOx", "SD": "....A.......A..s", "BD": "X...X...X...X..."}, "sixteenth hats"),
        P({"HH": "x.o.x.O.x.o.x.O.", "SD": "....A.......A..g", "BD": "X...X...X...X..l"}),
        P({"HH": "..O...O...O...O.", "SD": "....A.......A...", "BD": "X...X...X...X...", "RD": "x...x...x...x..."}),
        P({"HH": "xyOyxyOyxyOyxyOy", "SD": "....A..g....A...", "BD": "X...X...X...X..."}),
    ), players=DANCE, fixed_kick=True),
    Beat(("house", "house beat", "deep house", "four to the floor house"), "house", FOUR, (118, 128), (
        P({"HH": "..O...O...O...O.", "SD": "....A.......A...", "BD": "X...X...X...X..."}),
        P({"HH": "y.O.y.Oyy.O.y.Oy", "SD": "....A..g....A...", "BD": "X...X...X...X..."}),
        P({"HH": "xyOyxyOyxyOyxyOy", "XS": "...A..A....A..A.", "SD": "....A.......A...", "BD": "X...X...X...X..."}),
    ), players=DANCE, fill=0.3, fixed_kick=True),
    Beat(("techno", "techno beat", "minimal techno"), "techno", FOUR, (126, 142), (
        P({"HH": "..x...x...x...x.", "BD": "X...X...X...X...", "SD": "....h.......h..."}),
        P({"HH": "yxxyyxxyyxxyyxxy", "BD": "X...X...X...X...", "RD": "..x...x...x...x."}),
        P({"HH": "..O...O...O...O.", "BD": "X...X...X...X..l", "LT": "...l..h....l..h."}),
    ), players=DANCE, fill=0.25, fixed_kick=True),
    Beat(("drum and bass", "DnB", "d&b", "jungle"), "drum and bass", FOUR, (165, 178), (
        P({"HH": "x.x.x.x.x.x.x.x.", "SD": "....A.......A...", "BD": "X.........X....."}, "two-step"),
        P({"HH": "x.x.x.x.x.x.x.x.", "SD": "....A..g.g..A..g", "BD": "X.........X..... | X.....l...X....."}),
        P({"RD": "x.x.x.x.x.x.x.x.", "SD": "....A..G.G..A..G", "BD": "X.x.......x....."}, "break"),
        P({"HH": "xyxyxyxyxyxyxyxy", "SD": "....A..g....A... | ....A..g.g....A.", "BD": "X.X.......XX.... | X.X.......X....."}, "amen"),
        P({"HH": "x.x.x.xox.x.x.xo", "SD": "....A.......A..g", "BD": "X.....h...X....."}),
    ), players=("funk", "rock", "dance")),
    Beat(("breakbeat", "break", "amen break", "funk break", "breaks"), "breakbeat", FOUR, (90, 138), (
        P({"RD": "x.x.x.x.x.x.x.x.", "SD": "....A..g.g..A..g | ....A..g.g....A.", "BD": "X.X.......XX.... | X.X.......X....."}, "amen"),
        P({"HH": "xxxxxxxoxxxxxoxx", "SD": "....A..g.g.gA..g", "BD": "X.X...X...X..X.."}, "funky drummer"),
        P({"HH": "x.x.x.x.x.x.x.x.", "SD": "....A..g....A..g", "BD": "X..x..x...x....."}),
        P({"HH": "x.x.x.xox.x.x.x.", "SD": "....A.......A... | ....A..g.g..A...", "BD": "X.x....x..x....."}),
        P({"HH": "X.x.X.x.X.x.X.x.", "SD": "....A..A.g..A...", "BD": "X.x..x....x..x.."}),
    ), players=FUNK),
    Beat(("big beat", "rock break", "when the levee breaks"), "breakbeat", FOUR, (70, 128), (
        P({"HH": "x.x.x.x.x.x.x.x.", "SD": "....A.......A...", "BD": "XX.....x..xx...."}),
        P({"HH": "O.o.O.o.O.o.O.o.", "SD": "....A.......A..g", "BD": "X..x...x..X....."}),
        P({"CR": "h...............", "RD": "X.x.X.x.X.x.X.x.", "SD": "....A..g....A...", "BD": "X.x...x...X..x.."}),
    ), players=("rock", "funk")),
    Beat(("trap", "trap hats", "trap beat", "drill"), "trap", FOUR, (128, 160), (
        P({"HH": "xyxyxyxyxyxyxyxy", "SD": "........A.......", "BD": "X.....x.......x."}),
        P({"HH": "x.y.x.y.x.y.x.y.x.y.xyxyx.y.x.y. | x.y.x.y.x.y.x.y.x.y.x.y.xyxyxyxy", "SD": "........A.......", "BD": "X.........x..... | X..x......x...x."}, "hat rolls"),
        P({"HH": "xyxyxyxyxyxyxyxy | xyxyxy xyxyxyxyxyxyxyxyxy", "SD": "........A.......", "BD": "X......x..x....."}, "triplet rolls"),
        P({"HH": "xyxyxyxyxyxyxyxy | x.y.x.y.xyxyxyxyx.y.x.y.x.y.xyxy", "SD": "........A......h", "BD": "X..x...........x"}),
        P({"HH": "xyxyxyxoxyxyxyxy", "SD": "........A.......", "BD": "X.......h.x..x.. | X..x..x........."}),
    ), players=("hip hop", "dance", "rock"), fill=0.15, crash=0.3),
    Beat(("boom bap", "90s hip hop", "old school hip hop"), "hip hop", FOUR, (82, 98), (
        P({"HH": "x.x.x.x.x.x.x.x.", "SD": "....A.......A...", "BD": "X......x..X....."}),
        P({"HH": "x.x.x.x.x.x.x.xo", "SD": "....A..g....A...", "BD": "X..x...x.xx....."}),
        P({"HH": "x.xyx.x.x.xyx.x.", "SD": "....A.......A..g", "BD": "X.x....x..x..h.."}),
    ), substyle="boom bap", swing=0.2, players=HIP_HOP, fill=0.2, crash=0.3),
    Beat(("reggaeton", "dembow", "reggaeton beat"), "reggaeton", FOUR, (88, 102), (
        P({"BD": "X...X...X...X...", "SD": "...A..A....A..A.", "HH": "y.y.y.y.y.y.y.y."}),
        P({"BD": "X...x...X...x...", "XS": "...A..A....A..A.", "HH": "yyyyyyyyyyyyyyyy"}),
        P({"BD": "X...X...X...X...", "SD": "...A..A....A..A.", "RD": "x.x.x.x.x.x.x.x."}),
    ), players=("latin", "dance", "hip hop"), fill=0.3, fixed_kick=True),
    Beat(("electro", "808 beat", "electro funk"), "electronic", FOUR, (105, 130), (
        P({"HH": "x.x.x.x.x.x.x.x.", "SD": "....A.......A...", "BD": "X.....x...x....."}),
        P({"HH": "xyxyxyxyxyxyxyxy", "SD": "....A.......A..h", "BD": "X..x..x...x....."}),
        P({"BL": "x..x..x..x..x.x.", "HH": "..x...x...x...x.", "SD": "....A.......A...", "BD": "X.....x...X..x.."}, "cowbell"),
    ), players=DANCE, fill=0.25),
)  # fmt: skip
