"""Rock, metal, country, soul and shuffles in 4/4 (letters: `cells.CELLS`)."""

from workbench.datasets.grammar.beats.beat import Beat, Pattern

P = Pattern
FOUR = (4, 4)
ROCK, PUNK = ("rock",), ("punk", "rock")
SOUL = ("soul", "funk", "gospel")

BEATS = (
    Beat(("blast beat", "blast beats", "grindcore", "black metal blast"), "metal", FOUR, (160, 220), (
        P({"RD": "x.x.x.x.x.x.x.x.", "BD": "x.x.x.x.x.x.x.x.", "SD": ".x.x.x.x.x.x.x.x"}, "traditional"),
        P({"HH": "x.x.x.x.x.x.x.x.", "BD": "x.x.x.x.x.x.x.x.", "SD": ".x.x.x.x.x.x.x.x"}),
        P({"RD": "X.x.X.x.X.x.X.x.", "BD": "xxxxxxxxxxxxxxxx", "SD": "X.x.X.x.X.x.X.x."}, "bomb blast"),
        P({"CR": "X...X...X...X...", "BD": "x.x.x.x.x.x.x.x.", "SD": "x.x.x.x.x.x.x.x."}, "hammer blast"),
    ), substyle="blast beat", players=PUNK, fill=0.4, fixed_kick=True),
    Beat(("double kick", "double bass metal", "double bass drum", "heavy metal double kick"), "metal", FOUR, (100, 190), (
        P({"RD": "X...X...X...X...", "SD": "....A.......A...", "BD": "xxxxxxxxxxxxxxxx"}),
        P({"HH": "X.x.X.x.X.x.X.x.", "SD": "....A.......A...", "BD": "xxxxxxxxxxxxxxxx"}),
        P({"CR": "X...x...X...x...", "SD": "........A.......", "BD": "xxxxxxxxxxxxxxxx"}, "half-time"),
        P({"HH": "O...O...O...O...", "SD": "....A.......A...", "BD": "x.xxx.xxx.xxx.xx"}, "gallop"),
        P({"RD": "X.x.X.x.X.x.X.x.", "SD": "....A.......A...", "BD": "xxxx..x.xxxx..x."}),
    ), substyle="double kick", players=("rock", "punk"), fixed_kick=True),
    Beat(("metal", "heavy metal", "thrash metal", "thrash"), "metal", FOUR, (110, 200), (
        P({"HH": "O.O.O.O.O.O.O.O.", "SD": "....A.......A...", "BD": "X.xx..x.X.xx..x."}),
        P({"RD": "X.x.X.x.X.x.X.x.", "SD": "..A...A...A...A.", "BD": "X...X...X...X..."}, "thrash"),
        P({"CR": "X...X...X...X...", "SD": "....A.......A...", "BD": "X..x..x.X..x..x."}),
        P({"HH": "O...O...O...O...", "SD": "........A.......", "BD": "X.xx..xx....x.xx"}, "half-time"),
    ), players=PUNK),
    Beat(("doom metal", "doom", "sludge"), "metal", FOUR, (50, 75), (
        P({"CR": "X...x...X...x...", "SD": "........A.......", "BD": "X.....x.....x..."}),
        P({"RD": "X...x...x...x...", "SD": "....A.......A...", "BD": "X.....x.X......."}),
        P({"HH": "O...O...O...O...", "SD": "........A.......", "BD": "X..x......x....."}),
    ), substyle="doom", players=ROCK, fill=0.45),
    Beat(("d-beat", "hardcore punk", "fast punk"), "punk", FOUR, (160, 210), (
        P({"HH": "O.O.O.O.O.O.O.O.", "SD": "....A.......A...", "BD": "X..x..x.X..x..x."}),
        P({"RD": "X.x.X.x.X.x.X.x.", "SD": "....A.......A...", "BD": "X.....x.X.....x."}),
        P({"HH": "X...X...X...X...", "SD": "..A...A...A...A.", "BD": "X...X...X...X..."}, "double-time"),
    ), substyle="hardcore", players=PUNK),
    Beat(("surf", "surf rock", "surf beat"), "rock", FOUR, (140, 180), (
        P({"HH": "x.x.x.x.x.x.x.x.", "SD": "....A.A.....A...", "BD": "X.......X.x....."}),
        P({"LT": "x.x.x.x.x.x.x.x.", "SD": "....A.A.....A.A.", "BD": "X.......X......."}, "toms"),
        P({"RD": "x.x.x.x.x.x.x.x.", "SD": "....A.A.....A...", "BD": "X...x...X...x..."}),
    ), substyle="surf", players=PUNK, fixed_kick=True),
    Beat(("tribal toms", "tom groove", "toms only groove", "floor tom beat"), "rock", FOUR, (80, 150), (
        P({"LT": "X.x.X.x.X.x.X.x.", "SD": "....A.......A...", "BD": "X.....x.X......."}, "floor tom"),
        P({"LT": "X..x..x.X..x....", "HT": "............x.x.", "BD": "X...X...X...X..."}),
        P({"LT": "XyyxyyxyXyyxyy..", "MT": "..............xx", "BD": "X.......X.......", "PH": "..y...y...y...y."}),
        P({"LT": "X..x....X..x....", "MT": "....x.......x...", "HT": "......xx......xx", "BD": "X.......X......."}),
    ), substyle="toms", players=("rock", "Afrobeat", "latin"), fixed_kick=True),
    Beat(("Bo Diddley beat", "Bo Diddley"), "rock", FOUR, (96, 130), (
        P({"LT": "Xyyxyyx...x.x...", "SD": "....y.......y...", "BD": "X..x..x...x.x..."}),
        P({"LT": "XyyXyyXyyyXyXyyy", "BD": "X.......X......."}),
        P({"HH": "x.x.x.x.x.x.x.x.", "SD": "A..A..A...A.A...", "BD": "X...X...X...X..."}),
    ), substyle="Bo Diddley", players=("New Orleans", "rock", "latin"), fixed_kick=True),
    Beat(("train beat", "country train beat", "train groove"), "country", FOUR, (96, 132), (
        P({"SD": "yyAyyyAyyyAyyyAy", "BD": "X...X...X...X..."}),
        P({"SD": "yyyyAyyyyyyyAyyy", "BD": "X...X...X...X...", "PH": "....y.......y..."}),
        P({"SD": "yyAyyyAyyyAyAyAy", "BD": "X.......X......."}),
        P({"SD": "y.yyA.yyy.yyA.yy", "BD": "X...x...X...x...", "PH": "..y...y...y...y."}),
    ), substyle="train beat", players=("country", "New Orleans", "jazz"), soft=0.85, fill=0.35, fixed_kick=True),
    Beat(("country two-step", "country", "two-beat", "boom-chick"), "country", FOUR, (92, 136), (
        P({"HH": "x.x.x.x.x.x.x.x.", "XS": "....A.......A...", "BD": "X.......X......."}),
        P({"HH": "x.y.x.y.x.y.x.y.", "SD": "....A.......A...", "BD": "X.......X.....l."}),
        P({"HH": "x.x.x.x.x.x.x.x.", "SD": "....A.......A...", "BD": "X.....x.X......."}),
    ), players=("country", "soul", "rock")),
    Beat(("Motown", "Motown four snares", "snare on every beat", "Motown beat"), "soul", FOUR, (104, 136), (
        P({"HH": "x.x.x.x.x.x.x.x.", "SD": "A...A...A...A...", "BD": "X.....x.X.x....."}),
        P({"HH": "X.x.X.x.X.x.X.x.", "SD": "X...X...X...X...", "BD": "X.....x...x....."}),
        P({"RD": "x.x.x.x.x.x.x.x.", "SD": "A...A...A...A...", "BD": "X..x..x...x....."}),
        P({"HH": "x...x...x...x...", "SD": "A...A...A...A..g", "BD": "X.....x.x.....x."}),
    ), substyle="Motown", players=SOUL),
    Beat(("half-time shuffle", "Purdie shuffle", "halftime shuffle", "Rosanna shuffle"), "shuffle", FOUR, (110, 176), (
        P({"HH": "x.xx.xx.xx.x", "SD": ".g..g.Ag..g.", "BD": "X....x...... | X....x.....x"}),
        P({"HH": "X.xX.xX.xX.x", "SD": ".G..G.A...G.", "BD": "X.........x."}),
        P({"HH": "x.xx.xx.xx.x", "SD": ".G..G.AG..G.", "BD": "X....x..x... | X....x..h..x"}),
        P({"RD": "x.xx.xx.xx.x", "SD": ".g....A...g.", "BD": "X....h..x..."}),
    ), substyle="half-time", triplets=True, players=("rock", "blues", "funk", "soul")),
    Beat(("shuffle", "blues shuffle", "boogie", "Texas shuffle"), "blues", FOUR, (96, 150), (
        P({"HH": "X.xX.xX.xX.x", "SD": "...A.....A..", "BD": "X.....X....."}),
        P({"HH": "X.xX.xX.xX.x", "SD": "..gA.g..gA.g", "BD": "X..x..X..x.."}),
        P({"RD": "X.xX.xX.xX.x", "SD": "y.yA.yy.yA.y", "BD": "X..X..X..X..", "PH": "...y.....y.."}, "double shuffle"),
        P({"HH": "x.xx.xx.xx.x", "SD": "...A.....A..", "BD": "X....xX....."}),
    ), substyle="shuffle", triplets=True, players=("blues", "rock", "soul")),
    Beat(("pop ballad", "slow ballad", "soft ballad"), "ballad", FOUR, (56, 84), (
        P({"HH": "x.x.x.x.x.x.x.x.", "XS": "....A.......A...", "BD": "X......xX......."}),
        P({"HH": "x.x.x.x.x.x.x.x.", "SD": "....A.......A...", "BD": "X.......X.h....."}),
        P({"RD": "x.x.x.x.x.x.x.x.", "SD": "....A..q....A...", "BD": "X..x....X....x.."}),
    ), players=("soul", "pop", "rock", "gospel"), soft=0.85),
    Beat(("second line", "New Orleans second line", "street beat", "mardi gras"), "New Orleans", FOUR, (90, 120), (
        P({"SD": "AygXgyAygyXgXggy", "BD": "X.....x...x....."}),
        P({"SD": "XggAggAgggAgAggg | AggAggAgggAgggAg", "BD": "X.......x..... x. | X.......x......."}),
        P({"SD": "ygAygyAyygAyAgyA", "BD": "X..x..x...X.....", "PH": "....y.......y..."}),
        P({"HH": "x.x.x.x.x.x.x.x.", "SD": "..gA..Ag.gA.A.gg", "BD": "X..x..x...x....."}),
    ), substyle="second line", swing=0.15, players=("New Orleans",)),
)  # fmt: skip
