#!/usr/bin/env python3
"""A city as it could be elsewhere: both sides of a labelled set rewritten in one way, the noise of its queries kept.

Usage: transform_city.py PARCELS.csv QUERIES.csv OUTDIR KIND
KIND: post (directions behind the street), quad (quadrants), half (half numbers), range0 .. range5 (house numbers as ranges or
lists), rural (numbered roads in their spellings), noplace (queries without place), nocity (roll without city and ZIP),
zero (vacant land as 0 MAIN ST), small500, small3000 (a county of whole streets, other queries have no parcel).
Choices are made by hashes, so two runs give the same files. Then:
taptrace match evaluate --parcels OUTDIR/parcels.csv --queries OUTDIR/queries.csv --text-alone
"""
import collections
import csv
import hashlib
import os
import re
import sys

DIRECTIONS = {"NORTH": "N", "SOUTH": "S", "EAST": "E", "WEST": "W", "NORTHEAST": "NE", "NORTHWEST": "NW",
              "SOUTHEAST": "SE", "SOUTHWEST": "SW"} | {d: d for d in ("N", "S", "E", "W", "NE", "NW", "SE", "SW")}
TYPES = ("ST", "AVE", "RD", "DR", "STREET", "AVENUE")
TAIL = re.compile(r"(,.*$|\s+(?:#|APT|UNIT|STE|SUITE|BLDG|LOT|FL|RM|TRLR)\b.*$|\s+#.*$)", re.I)
NUMBER = re.compile(r"^\s*(\d[\w/\-]*(?:\s+1/2)?)\s+(.*)$")
RANGES = ["{a}-{c}", "{a} TO {c}", "{a}/{b}/{c}", "{a} - {c}", "{a} THRU {c}", "{a}-{s}"]
ROADS = {
    "COUNTY ROAD {k}": ["COUNTY ROAD {k}", "COUNTY RD {k}", "CO RD {k}", "CR {k}", "CR{k}", "CO ROAD {k}", "Cnty Rd {k}"],
    "N {g} RD": ["N {g} RD", "NORTH {g} ROAD", "N {g}", "N. {g} Rd."],
    "E {g} RD": ["E {g} RD", "EAST {g} ROAD", "E {g}"],
    "STATE HIGHWAY {s}": ["STATE HIGHWAY {s}", "STATE HWY {s}", "HWY {s}", "HIGHWAY {s}", "SH {s}", "ST HWY {s}"],
    "FM {k}": ["FM {k}", "FM RD {k}", "FM-{k}", "FARM ROAD {k}"],
}
HALVES = [" 1/2", ".5", "-1/2", " 1/2"]


def dice(n, *key):
    return int(hashlib.md5("|".join(map(str, key)).encode()).hexdigest()[:8], 16) % n


def pick(choices, *key):
    return choices[dice(len(choices), *key)]


def split(text):
    """Number, direction word, street, and what stands behind it."""
    found = NUMBER.match(text or "")
    if not found:
        return None
    number, rest = found.groups()
    tail = TAIL.search(rest)
    words = (rest[:tail.start()] if tail else rest).split()
    is_name = len(words) < 2 or (len(words) == 2 and words[1].upper() in TYPES)
    direction = words.pop(0) if not is_name and words[0].upper().strip(".") in DIRECTIONS else ""
    return number, direction, " ".join(words), tail.group(0) if tail else ""


def join(number, direction, street, tail, behind=""):
    return " ".join(x for x in (number, direction, street, behind) if x) + tail


class City:
    def __init__(self, parcels, kind):
        self.kind = kind
        self.numbers = collections.defaultdict(set)
        for parcel in parcels:
            read = split(parcel["situs_address"])
            if read and read[0].isdigit():
                self.numbers[self.street(parcel)].add(int(read[0]))
        self.order = {street: i for i, street in enumerate(sorted(self.numbers))}
        xs, ys = (sorted(float(p[c]) for p in parcels if p.get(c)) for c in ("lon", "lat"))
        self.middle = (xs[len(xs) // 2], ys[len(ys) // 2]) if xs else None

    @staticmethod
    def street(parcel):
        read = split(parcel["situs_address"])
        return (read[1].upper(), read[2].upper()) if read else None

    def quadrant(self, parcel):
        if self.middle and parcel.get("lon"):
            east, north = float(parcel["lon"]) >= self.middle[0], float(parcel["lat"]) >= self.middle[1]
        else:
            east, north = divmod(dice(4, "quadrant", self.street(parcel)), 2)
        return ("N" if north else "S") + ("E" if east else "W")

    def is_half(self, parcel):
        read = split(parcel["situs_address"])
        return bool(read and read[0].isdigit() and dice(100, "half", parcel["parcel_id"]) < 10)

    def range_from(self, parcel):
        read = split(parcel["situs_address"])
        if not (read and read[0].isdigit() and dice(100, "range", parcel["parcel_id"]) < 15):
            return None
        low = int(read[0])
        return None if {low + 2, low + 4} & self.numbers[self.street(parcel)] else low

    def road(self, street):
        at = self.order.get(street)
        if at is None or dice(100, "road", street) >= 40:
            return None
        return pick(list(ROADS), "form", street), {"k": 1000 + at, "g": 3000 + 10 * at % 4000 + at // 400, "s": 3 + at % 97}

    def parcel_text(self, parcel):
        text, read = parcel["situs_address"], split(parcel["situs_address"])
        if not read:
            return text
        number, direction, street, tail = read
        if self.kind == "post" and direction:
            return join(number, "", street, tail, direction)
        if self.kind == "quad":
            return join(number, "", street, tail, self.quadrant(parcel))
        if self.kind == "half" and self.is_half(parcel):
            return join(number + " 1/2", direction, street, tail)
        if self.kind.startswith("range") and self.range_from(parcel) is not None:
            a = self.range_from(parcel)
            return join(RANGES[int(self.kind[5:])].format(a=a, b=a + 2, c=a + 4, s=str(a + 4)[-2:]), direction, street, tail)
        if self.kind == "rural" and (road := self.road(self.street(parcel))):
            return number + " " + road[0].format(**road[1]) + tail
        return text

    def query_text(self, query, parcel):
        text, read, me = query["address_text"], split(query["address_text"]), query["query_id"]
        if self.kind == "noplace":
            return re.sub(r",.*$", "", text)
        if not read:
            return text
        number, direction, street, tail = read
        if self.kind == "post" and direction:
            return join(number, "", street, tail, direction)
        if self.kind == "quad":
            return self.with_quadrant(me, read, parcel)
        if parcel is None:
            return text
        if self.kind == "half" and self.is_half(parcel) and number.isdigit():
            return join(number + pick(HALVES, "style", me), direction, street, tail)
        if self.kind.startswith("range") and number.isdigit() and self.range_from(parcel) == int(number):
            return join(str(int(number) + 2 * dice(3, "one of", me)), direction, street, tail)
        if self.kind == "rural" and (road := self.road(self.street(parcel))):
            return number + " " + pick(ROADS[road[0]], "style", me).format(**road[1]) + tail
        return text

    def with_quadrant(self, me, read, parcel):
        """A wrong direction becomes a wrong quadrant, a missing one a missing one; some stand before the street."""
        number, direction, street, tail = read
        if parcel is None:
            return join(number, "", street, tail, pick(["NE", "NW", "SE", "SW"], "quadrant", me))
        true = split(parcel["situs_address"])
        asked, had = (DIRECTIONS.get(d.upper().strip("."), "") for d in (direction, true[1] if true else ""))
        behind = self.quadrant(parcel)
        if asked != had:
            behind = {"NE": "SE", "SE": "NE", "NW": "SW", "SW": "NW"}[behind] if asked else ""
        style = dice(100, "style", me)
        if behind and style < 8:
            return join(number, behind, street, tail)
        if behind and style < 12:
            return join(number, "", street, tail, f"{behind[0]}.{behind[1]}.")
        return join(number, "", street, tail, "" if style >= 95 else behind)


def streets_kept(parcels, n):
    counts = collections.Counter(City.street(p) for p in parcels if City.street(p))
    kept, total = set(), 0
    for street in sorted(counts, key=lambda s: dice(10**8, "small", s)):
        if total >= n:
            break
        kept.add(street)
        total += counts[street]
    return kept


def main():
    parcels_path, queries_path, out, kind = sys.argv[1:5]
    parcels = list(csv.DictReader(open(parcels_path, encoding="utf-8")))
    queries = list(csv.DictReader(open(queries_path, encoding="utf-8")))
    city, by_no = City(parcels, kind), {p["parcel_id"]: p for p in parcels}
    new_queries = [q | {"address_text": city.query_text(q, by_no.get(q["true_parcel_id"]))} for q in queries]
    kept = streets_kept(parcels, int(kind[5:])) if kind.startswith("small") else None
    new_parcels = []
    for parcel in parcels:
        if kept is not None and City.street(parcel) not in kept:
            continue
        new = parcel | {"situs_address": city.parcel_text(parcel)}
        if kind == "nocity":
            new |= {"situs_city": "", "situs_zip": ""}
        if kind == "zero" and not new["situs_address"] and dice(2, "zero", parcel["parcel_id"]):
            new["situs_address"] = "0 " + pick(["MAIN ST", "VACANT LAND", "COUNTY RD"], "zero", parcel["parcel_id"])
        new_parcels.append(new)
    if kept is not None:
        here = {p["parcel_id"] for p in new_parcels}
        inside = [q for q in new_queries if q["true_parcel_id"] in here]
        outside = [q | {"in_universe": "0"} for q in new_queries if q["true_parcel_id"] not in here]
        new_queries = inside + [q for q in outside if dice(100, "outside", q["query_id"]) < 3]
    os.makedirs(out, exist_ok=True)
    for name, rows in (("parcels.csv", new_parcels), ("queries.csv", new_queries)):
        with open(os.path.join(out, name), "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)


if __name__ == "__main__":
    main()
