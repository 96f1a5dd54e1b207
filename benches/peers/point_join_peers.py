#!/usr/bin/env python3
"""Points in parcels beside geopandas, in one run on the same files: pairs found and CPU seconds, index included.

Usage: point_join_peers.py PARCELS.geojson POINTS.csv   (in the repository; POINTS.csv is made when it is not there)
Needs: pip install geopandas pyogrio   (in an environment of its own; not part of the gate)
"""
import json
import subprocess
import sys
import time


def main():
    parcels_path, points_path = sys.argv[1:3]
    command = ["cargo", "bench", "--quiet", "--profile", "quick", "--bench", "point_join", "--", parcels_path, points_path]
    runs = [json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]) for _ in range(3)]
    ours = sorted(runs, key=lambda r: r["cpu_s"])[1]
    print(json.dumps(ours), flush=True)

    import geopandas
    import pandas

    parcels = geopandas.read_file(parcels_path, columns=["parcel_id"])
    parcels = parcels[parcels.geometry.notna()]
    points = pandas.read_csv(points_path)
    seconds = []
    for _ in range(3):
        # New objects every time: a spatial index stays with the frame that built it.
        left = geopandas.GeoDataFrame(geometry=geopandas.points_from_xy(points.lon, points.lat), crs=4326)
        right = geopandas.GeoDataFrame(geometry=parcels.geometry.values.copy(), crs=4326)
        begin = time.process_time()
        pairs = geopandas.sjoin(left, right, predicate="intersects")
        seconds.append(time.process_time() - begin)
    n_within = len(geopandas.sjoin(left, right, predicate="within"))
    theirs = {"engine": f"geopandas {geopandas.__version__} sjoin", "n_parcels": len(parcels), "n_points": len(points),
              "n_pairs": len(pairs), "n_pairs_within": n_within, "cpu_s": round(sorted(seconds)[1], 3)}
    print(json.dumps(theirs))
    # A point on a boundary is in both lots for `intersects`, in none for `within`, and in one of them for us.
    is_equal = n_within <= ours["n_pairs"] <= len(pairs)
    print(f"ratio {theirs['cpu_s'] / ours['cpu_s']:.1f}; pairs {'agree' if is_equal else 'DIFFER'}")


if __name__ == "__main__":
    main()
