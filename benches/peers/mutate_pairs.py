#!/usr/bin/env python3
"""Mutilates the addresses of the made-up counties of tests/corpus/match_pairs.txt and counts what `taptrace match file` says.

mutate_pairs.py TAPTRACE [SEED]    one line a kind: texts, right, wrong, review, none; then up to five wrong accepts each
"""
import csv, json, os, random, re, subprocess, sys, tempfile

TYPES = {"ST": ["STREET", "STR"], "AVE": ["AV", "AVENUE"], "RD": ["ROAD"], "DR": ["DRIVE"], "BLVD": ["BOULEVARD", "BL"],
         "LN": ["LANE"], "CT": ["COURT"], "PL": ["PLACE"], "HWY": ["HIGHWAY"], "CIR": ["CIRCLE"], "TER": ["TERRACE"]}
DIRECTIONS = {"N": ["NORTH", "NO"], "S": ["SOUTH", "SO"], "E": ["EAST"], "W": ["WEST"], "NW": ["N W", "NORTHWEST"],
              "SE": ["S E", "SOUTHEAST"], "NE": ["N E", "NORTHEAST"], "SW": ["S W", "SOUTHWEST"]}
pick = random.choice


def each(text, change):
    return " ".join(w for w in (change(i, w) for i, w in enumerate(text.split(" "))) if w)


def typo(text):
    words = text.split(" ")
    at = [i for i, w in enumerate(words) if i and len(w) > 3 and w.isalpha() and w not in TYPES]
    if not at:
        return text
    i = pick(at)
    letters = list(words[i])
    k = random.randrange(len(letters))
    kind = random.randrange(4)
    if kind == 0:
        letters[k] = pick("ABCDEFGHIJKLMNOPRSTUVWXYZ")
    elif kind == 1:
        del letters[k]
    elif kind == 2:
        letters.insert(k, pick("AEIOUNRST"))
    elif k + 1 < len(letters):
        letters[k], letters[k + 1] = letters[k + 1], letters[k]
    words[i] = "".join(letters)
    return " ".join(words)


def number(text, change):
    return re.sub(r"\d+", lambda m: change(m[0]), text, count=1)


def swap(figures):
    k = random.randrange(max(1, len(figures) - 1))
    return figures[:k] + figures[k:k + 2][::-1] + figures[k + 2:]


def digit(figures):
    k = random.randrange(len(figures))
    return figures[:k] + pick("0123456789") + figures[k + 1:]


def glue(text):
    words = text.split(" ")
    if len(words) < 4:
        return text
    i = random.randrange(1, len(words) - 1)
    return " ".join(words[:i] + [words[i] + words[i + 1]] + words[i + 2:])


KINDS = {
    "type written otherwise": lambda t: each(t, lambda i, w: pick(TYPES[w]) if i > 1 and w in TYPES else w),
    "direction written otherwise": lambda t: each(t, lambda i, w: pick(DIRECTIONS[w]) if i and w in DIRECTIONS else w),
    "direction dropped": lambda t: each(t, lambda i, w: "" if i and w in DIRECTIONS else w),
    "direction wrong": lambda t: each(t, lambda i, w: pick(list(DIRECTIONS)) if i and w in DIRECTIONS else w),
    "type dropped": lambda t: each(t, lambda i, w: "" if i > 1 and w in TYPES else w),
    "type wrong": lambda t: each(t, lambda i, w: pick(list(TYPES)) if i > 1 and w in TYPES else w),
    "letter wrong": typo,
    "words glued": glue,
    "unit added": lambda t: t + pick([" APT 3", " #B", " UNIT 12", " STE 200", " REAR", " LOT 4", " BSMT"]),
    "half added": lambda t: re.sub(r"^(\d+)", r"\1 1/2", t),
    "digit wrong": lambda t: number(t, digit),
    "digits swapped": lambda t: number(t, swap),
    "number one or two off": lambda t: number(t, lambda n: str(int(n) + pick([1, 2, -1, -2]))),
}


def lots(section):
    for line in section.splitlines():
        if "\t" in line:
            street, spans = line.split("\t")
            street, place = street.split(" @ ")
            for span in spans.split(" "):
                m = re.match(r"(\d+)\.\.(\d+)/(\d+)", span)
                for n in range(int(m[1]), int(m[2]) + 1, int(m[3])) if m else [int(span)]:
                    yield street.replace("#", str(n), 1), *place.rsplit(" ", 1)
        elif line.startswith("= "):
            situs, place = line[2:].split(" @ ")
            yield situs, *place.rsplit(" ", 1)


def main():
    program, seed = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 7
    random.seed(seed)
    corpus = open(os.path.join(os.path.dirname(__file__), "../../tests/corpus/match_pairs.txt")).read()
    counts, wrong = {kind: [0] * 5 for kind in KINDS}, {kind: [] for kind in KINDS}
    for section in corpus.split("\n== ")[1:]:
        rows = list(lots(section))
        known = {situs for situs, _, _ in rows}
        asked = []
        for situs in random.sample(sorted(s for s in known if re.match(r"\S*\d", s)), min(250, len(known) // 2)):
            for kind, change in KINDS.items():
                text = change(situs)
                if text not in known:
                    asked.append((kind, situs, text))
        with tempfile.TemporaryDirectory() as folder:
            parcels, queries = os.path.join(folder, "p.csv"), os.path.join(folder, "q.csv")
            with open(parcels, "w", newline="") as f:
                csv.writer(f).writerows([["parcel_id", "situs_address", "situs_city", "situs_zip"]]
                                        + [[i, s, c, z] for i, (s, c, z) in enumerate(rows)])
            with open(queries, "w", newline="") as f:
                csv.writer(f).writerows([["id", "a"]] + [[i, text] for i, (_, _, text) in enumerate(asked)])
            args = [program, "match", "file", queries, "--parcels", parcels, "--address-column", "a", "--id-column", "id"]
            told = subprocess.run(args, capture_output=True, text=True, check=True).stdout
        for line in told.splitlines():
            answer = json.loads(line)
            kind, situs, text = asked[int(answer["id"])]
            found = [rows[int(p)][0] for p in answer["parcels"]]
            is_right = situs in found
            at = {"accepted": 1 if is_right else 2, "review": 3, "none": 4}[answer["decision"]]
            counts[kind][0] += 1
            counts[kind][at] += 1
            if at == 2:
                wrong[kind].append((text, situs, found[0]))
    print("%-28s %7s %7s %7s %7s %7s" % ("kind", "texts", "right", "wrong", "review", "none"))
    for kind, row in counts.items():
        print("%-28s %7d %7d %7d %7d %7d" % (kind, *row))
    for kind, all_wrong in wrong.items():
        for text, situs, found in random.sample(all_wrong, min(5, len(all_wrong))):
            print(f"{kind}: {text!r} for {situs!r} was accepted as {found!r}")


if __name__ == "__main__":
    main()
