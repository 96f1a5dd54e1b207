#!/usr/bin/env python3
"""Import and export of a parcel layer beside ogr2ogr, in one run: CPU seconds, peak memory, ratios.

Usage: layer_peers.py TAPTRACE PARCELS.geojson [PROFILE]   (profile: generic)
Needs: ogr2ogr (Debian package gdal-bin; not part of the gate)
"""
import json
import os
import subprocess
import sys
import tempfile

RUNS = 3


def measure(command):
    """CPU seconds (user and system) and peak memory in MB of one run."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    # 1 means "done, and there is something to look at".
    if code not in (0, 1):
        sys.exit(f"{' '.join(command)}: exit status {code}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def compare(job, ours, theirs, clear):
    """Runs both in turn, so that a busy minute hits both; prints the medians."""
    runs = {"taptrace": [], "ogr2ogr": []}
    for _ in range(RUNS):
        for name, command in (("taptrace", ours), ("ogr2ogr", theirs)):
            clear(name)
            runs[name].append(measure(command))
    middle = {name: sorted(r)[RUNS // 2] for name, r in runs.items()}
    print(json.dumps({
        "job": job,
        **{f"{name}_cpu_s": round(cpu, 2) for name, (cpu, _) in middle.items()},
        **{f"{name}_mb": round(memory) for name, (_, memory) in middle.items()},
        "ratio": round(middle["ogr2ogr"][0] / middle["taptrace"][0], 1),
    }), flush=True)


def main():
    taptrace, parcels = sys.argv[1:3]
    profile = sys.argv[3] if len(sys.argv) > 3 else "generic"
    with tempfile.TemporaryDirectory() as folder:
        path = {name: os.path.join(folder, name) for name in ("t.db", "p.gpkg", "ours.geojson", "theirs.geojson")}

        def clear(*names):
            for name in os.listdir(folder):
                if name.startswith(names):
                    os.remove(os.path.join(folder, name))

        compare("import",
                [taptrace, "--db", path["t.db"], "import", "parcels", parcels, "--profile", profile],
                ["ogr2ogr", "-f", "GPKG", path["p.gpkg"], parcels],
                lambda name: clear("t.db" if name == "taptrace" else "p.gpkg"))
        compare("export",
                [taptrace, "--db", path["t.db"], "export", "parcels", "-o", path["ours.geojson"]],
                ["ogr2ogr", "-f", "GeoJSON", "-lco", "RFC7946=YES", path["theirs.geojson"], path["p.gpkg"]],
                lambda name: clear("ours.geojson" if name == "taptrace" else "theirs.geojson"))


if __name__ == "__main__":
    main()
