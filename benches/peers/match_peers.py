#!/usr/bin/env python3
"""Address matching beside its peers, in one run on one file: recall, precision and CPU seconds a query.

Usage: match_peers.py TAPTRACE PARCELS.csv QUERIES.csv   (columns as in docs/matching.md)
Needs: pip install usaddress rapidfuzz splink pandas   (in an environment of its own; not part of the gate)
"""
import csv
import json
import re
import resource
import subprocess
import sys
import time


ABBREVIATIONS = {"STREET": "ST", "AVENUE": "AVE", "ROAD": "RD", "DRIVE": "DR", "LANE": "LN", "COURT": "CT",
                 "PLACE": "PL", "BOULEVARD": "BLVD", "CIRCLE": "CIR", "PARKWAY": "PKWY", "TERRACE": "TER"}


def cpu():
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def read(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def report(name, answers, queries, build_s, ask_s):
    inside = [q for q in queries if q["in_universe"] != "0"]
    right = sum(1 for q in queries if q["in_universe"] != "0" and answers.get(q["query_id"]) in q["true_parcel_id"].split("|"))
    given = sum(1 for q in queries if answers.get(q["query_id"]))
    print(json.dumps({
        "engine": name,
        "recall": round(right / max(1, len(inside)), 4),
        "precision": round(right / max(1, given), 4),
        "build_cpu_s": round(build_s, 3),
        "ask_cpu_s": round(ask_s, 3),
        "us_per_query": round(ask_s / len(queries) * 1e6, 2),
    }), flush=True)


def only(parcels_by_key, key):
    found = parcels_by_key.get(key, ())
    return next(iter(found)) if len(found) == 1 else None


def usaddress_keys(parcels, queries):
    import usaddress

    def key(text):
        try:
            tags = usaddress.tag(text)[0]
        except usaddress.RepeatedLabelError:
            return None
        words = []
        for part in ("AddressNumber", "StreetNamePreDirectional", "StreetName", "StreetNamePostType",
                     "StreetNamePostDirectional", "OccupancyIdentifier"):
            word = re.sub(r"[^A-Z0-9 ]", "", tags.get(part, "").upper()).strip()
            word = re.sub(r"^(\d+)(ST|ND|RD|TH)$", r"\1", word)
            words.append(ABBREVIATIONS.get(word, word))
        return tuple(words)

    start = cpu()
    table = {}
    for p in parcels:
        table.setdefault(key(p["situs_address"]), set()).add(p["parcel_id"])
    table.pop(None, None)
    built = cpu()
    answers = {q["query_id"]: only(table, key(q["address_text"])) for q in queries}
    report("usaddress + hash look-up", answers, queries, built - start, cpu() - built)


def rapidfuzz_blocked(parcels, queries):
    from rapidfuzz import fuzz, process, utils

    start = cpu()
    blocks = {}
    for p in parcels:
        number = re.match(r"\d+", p["situs_address"])
        if number:
            line = f'{p["situs_address"]}, {p["situs_city"]} {p["situs_state"]} {p["situs_zip"]}'
            blocks.setdefault(number.group(), []).append((utils.default_process(line), p["parcel_id"]))
    built = cpu()
    answers = {}
    for q in queries:
        number = re.match(r"\d+", q["address_text"])
        block = blocks.get(number.group(), ()) if number else ()
        best = process.extractOne(utils.default_process(q["address_text"]), [b[0] for b in block],
                                  scorer=fuzz.token_sort_ratio, score_cutoff=80)
        answers[q["query_id"]] = block[best[2]][1] if best else None
    report("rapidfuzz token sort, blocked by number", answers, queries, built - start, cpu() - built)


def splink_linker(parcels, queries):
    """Elements by usaddress, six comparisons, EM, term frequency; the prior from rows that agree in number, street and ZIP."""
    import pandas as pd
    import splink.comparison_library as cl
    import usaddress
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    directions = {"NORTH": "N", "SOUTH": "S", "EAST": "E", "WEST": "W", "NORTHWEST": "NW", "NORTHEAST": "NE",
                  "SOUTHWEST": "SW", "SOUTHEAST": "SE"}

    def record(id_, line):
        try:
            tags = usaddress.tag(line.upper())[0]
        except usaddress.RepeatedLabelError:
            return None
        word = lambda part: re.sub(r"[^A-Z0-9 /-]", "", tags.get(part, "")).strip() or None
        name = re.sub(r"\b(\d+)(ST|ND|RD|TH)\b", r"\1", word("StreetName") or "") or None
        kind = word("StreetNamePostType")
        way = word("StreetNamePreDirectional") or word("StreetNamePostDirectional")
        return {"unique_id": id_, "number": word("AddressNumber"), "name": name, "kind": ABBREVIATIONS.get(kind, kind),
                "way": directions.get(way, way), "unit": word("OccupancyIdentifier"), "zip": (word("ZipCode") or "")[:5] or None}

    def frame(rows):
        return pd.DataFrame([r for r in rows if r and r["number"]]).drop_duplicates("unique_id")

    start = cpu()
    left = frame(record(p["parcel_id"], f'{p["situs_address"]}, {p["situs_city"]} {p["situs_state"]} {p["situs_zip"]}')
                 for p in parcels)
    parsed = cpu()
    right = frame(record(q["query_id"], q["address_text"]) for q in queries)
    parse_s = cpu() - parsed
    settings = SettingsCreator(
        link_type="link_only",
        blocking_rules_to_generate_predictions=[block_on("number", "zip"), block_on("number", "substr(name, 1, 3)")],
        comparisons=[
            cl.JaroWinklerAtThresholds("name", [0.97, 0.9, 0.8]).configure(term_frequency_adjustments=True),
            cl.ExactMatch("kind"), cl.ExactMatch("way"), cl.ExactMatch("unit"), cl.ExactMatch("zip"),
            cl.ExactMatch("number"),
        ],
    )
    database = DuckDBAPI()
    linker = Linker([database.register(left), database.register(right)], settings)
    linker.training.estimate_probability_two_random_records_match([block_on("number", "name", "zip")], recall=0.9)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("number", "zip"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("name", "zip"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("number", "name"))
    built = cpu()
    pairs = linker.inference.predict(threshold_match_probability=0.5).as_pandas_dataframe()
    # Two parcels that are equally likely are no answer.
    best = {}
    for left_id, right_id, weight in zip(pairs["unique_id_l"], pairs["unique_id_r"], pairs["match_weight"]):
        best.setdefault(right_id, []).append((round(weight, 6), left_id))
    answers = {}
    for right_id, found in best.items():
        found.sort(reverse=True)
        if len(found) == 1 or found[0][0] > found[1][0]:
            answers[right_id] = found[0][1]
    report("Splink (usaddress elements, EM, term frequency)", answers, queries, built - start - parse_s,
           cpu() - built + parse_s)


def taptrace(program, parcels_path, queries_path, queries):
    command = [program, "match", "file", queries_path, "--parcels", parcels_path, "--address-column", "address_text",
               "--id-column", "query_id", "--format", "ndjson"]
    start = cpu()
    # One row: what it costs to read the parcels and learn the county.
    header = "query_id,address_text\n1,1 MAIN ST\n"
    subprocess.run([*command[:3], "-", *command[4:]], input=header.encode(), capture_output=True, check=True)
    built = cpu()
    output = subprocess.run(command, capture_output=True, check=True).stdout
    asked = cpu()
    lines = [json.loads(line) for line in output.splitlines()]
    answers = {o["id"]: o["parcels"][0] for o in lines if o["decision"] == "accepted"}
    report("taptrace match file, accepted", answers, queries, built - start, max(asked - built - (built - start), 1e-3))


def main():
    program, parcels_path, queries_path = sys.argv[1:4]
    parcels, queries = read(parcels_path), read(queries_path)
    queries = [q for q in queries if q["true_parcel_id"] or q["in_universe"] == "0"]
    taptrace(program, parcels_path, queries_path, queries)
    for peer in (usaddress_keys, rapidfuzz_blocked, splink_linker):
        started = time.time()
        try:
            peer(parcels, queries)
        except ImportError as error:
            print(f"{peer.__name__}: {error}", file=sys.stderr)
        print(f"{peer.__name__}: {time.time() - started:.0f} s on the clock", file=sys.stderr)


if __name__ == "__main__":
    main()
