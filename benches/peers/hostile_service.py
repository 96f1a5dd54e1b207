#!/usr/bin/env python3
"""Hostile ArcGIS services and assessor pages, one after the other, each with its time, memory and what taptrace said.

python3 benches/peers/hostile_service.py target/quick/taptrace [NAME ...]

A loopback server plays each service; taptrace fetches it into a database of its own with the limits below. Printed: wall seconds,
CPU seconds, largest resident memory, exit status, rows stored, the first lines of the error. Standard library and GNU time only.
"""
import gzip, json, os, socket, sqlite3, subprocess, sys, tempfile, threading

LIMITS = "[fetch]\npause_ms = 0\none_try_ms = 2000\ndeadline_ms = 6000\ntries = 3\nbackoff_ms = 100\nrequests_per_day = 100000\n"
N, PAGE = 600, 100
LAYER = {
    "name": "Lots", "type": "Feature Layer", "maxRecordCount": PAGE, "capabilities": "Query", "objectIdField": "OBJECTID",
    "advancedQueryCapabilities": {"supportsPagination": True, "supportsOrderBy": True, "supportsStatistics": True},
    "extent": {"spatialReference": {"wkid": 2267}},
    "fields": [{"name": "OBJECTID", "type": "esriFieldTypeOID"}, {"name": "parcel_id", "type": "esriFieldTypeString"},
               {"name": "owner", "type": "esriFieldTypeString"}, {"name": "situs_address", "type": "esriFieldTypeString"}],
}


def row(i, **more):
    x, y = 2500000 + i % 70 * 90, 400000 + i // 70 * 140
    ring = [[x, y], [x, y + 120], [x + 80, y + 120], [x + 80, y], [x, y]]
    attributes = {"OBJECTID": i, "parcel_id": f"P-{i:05}", "owner": f"OWNER {i} LLC", "situs_address": f"{100 + i} ELM ST"}
    return {"attributes": attributes | more.pop("attributes", {}), "geometry": more.pop("geometry", {"rings": [ring]})}


def page(rows, more=False, **extra):
    return {"spatialReference": {"wkid": 2267}, "features": rows, **({"exceededTransferLimit": True} if more else {}), **extra}


def head(status=200, length=None, kind="application/json", more=""):
    tail = f"Content-Length: {length}\r\n" if length is not None else ""
    return f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n{tail}{more}\r\n".encode()


class Case:
    """What a service does differently; each hook may return bytes to send or a generator of them."""

    def __init__(self, describe=None, count=None, ids=None, rows=None, change=None, send=None, per_request=None):
        self.count, self.ids, self.rows, self.change, self.send, self.per_request = (
            count, ids, rows, change, send, per_request)
        self.n = 0
        self.description = json.dumps(describe(dict(LAYER)) if describe else LAYER)

    def answer(self, path, query):
        q = dict(part.split("=", 1) for part in query.split("&") if "=" in part)
        if path.endswith("/robots.txt"):
            return head(404, 0)
        self.n += 1
        is_rows = "outFields" in q
        if "/query" not in path:
            body = self.description
        elif "returnCountOnly" in q:
            body = json.dumps({"count": self.count(self.n) if self.count else N})
        elif "returnIdsOnly" in q:
            body = json.dumps({"objectIdFieldName": "OBJECTID", "objectIds": self.ids() if self.ids else list(range(1, N + 1))})
        elif is_rows:
            first = int(q.get("resultOffset", 0)) + 1
            rows = [row(i) for i in range(first, min(first + PAGE, N + 1))]
            made = self.rows(first, rows, self.n) if self.rows else page(rows, first + PAGE <= N)
            body = made if isinstance(made, (str, bytes)) else json.dumps(made)
        else:
            body = '{"error":{"code":400,"message":"no"}}'
        body = body if isinstance(body, bytes) else body.encode()
        if is_rows and self.send and (self.per_request is None or self.n % self.per_request == 0):
            return self.send(body)
        if is_rows and self.change:
            body, more = self.change(body)
            return head(200, len(body), more=more) + body
        return head(200, len(body)) + body


def drip(first, piece, seconds, times=10**9):
    yield first
    for _ in range(times):
        yield piece
        threading.Event().wait(seconds)


def chunked(body, size):
    yield head(more="Transfer-Encoding: chunked\r\n")
    block = b""
    for at in range(0, len(body), size):
        piece = body[at:at + size]
        block += f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
        if len(block) > 1 << 16:
            yield block
            block = b""
    yield block + b"0\r\n\r\n"


def forever(first, piece):
    return drip(first, piece, 0)


def bomb(megabytes):
    out, packer = [], __import__("zlib").compressobj(9, 8, 31)
    for _ in range(megabytes):
        out.append(packer.compress(b" " * (1 << 20)))
    return b"".join(out) + packer.flush()


def geometry(text):
    return lambda first, rows, n: json.dumps(page(rows, first + PAGE <= N)).replace('"rings": [[[2500000', '"rings": [[[' + text, 3)


def mixed(change):
    def made(first, rows, n):
        return page([change(r, i) for i, r in enumerate(rows)], first + PAGE <= N)
    return made


def with_id(text):
    """The first row of each page has this object id; `{}` stands for its number."""
    return lambda first, rows, n: json.dumps(page(rows, first + PAGE <= N)).replace(
        f'"OBJECTID": {first},', f'"OBJECTID": {text.format(first)},', 1)


def large(rings):
    """Written once, before the clock runs."""
    text = json.dumps(page([row(i) for i in range(1, PAGE)] + [row(PAGE, geometry={"rings": rings})], True))
    return Case(rows=lambda first, rows, n: text if first == 1 else page(rows, first + PAGE <= N))


def describe(**more):
    return lambda layer: layer | more


CASES = {
    "good": lambda: Case(),
    "slow-loris headers": lambda: Case(send=lambda b: drip(b"HTTP/1.1 200 OK\r\nX: ", b"a", 0.1)),
    "one byte of body each 50 ms": lambda: Case(send=lambda b: drip(head(length=len(b)), b"{", 0.05)),
    "chunks of one byte": lambda: Case(send=lambda b: chunked(b, 1)),
    "chunk extension without end": lambda: Case(send=lambda b: forever(head(more="Transfer-Encoding: chunked\r\n") + b"5;", b"x" * 4096)),
    "trailer without end": lambda: Case(send=lambda b: forever(head(more="Transfer-Encoding: chunked\r\n") + b"0\r\n", b"X-A: b\r\n" * 512)),
    "one header without end": lambda: Case(send=lambda b: forever(b"HTTP/1.1 200 OK\r\nX: ", b"a" * 65536)),
    "headers without end": lambda: Case(send=lambda b: forever(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n" * 4096)),
    "1xx without end": lambda: Case(send=lambda b: forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 512)),
    "1xx now and then": lambda: Case(send=lambda b: drip(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 0.2)),
    "5,000 cookies": lambda: Case(send=lambda b: head(length=len(b), more="".join(f"Set-Cookie: c{i}={'v' * 20}\r\n" for i in range(5000))) + b),
    "90 cookies of 4 kB": lambda: Case(change=lambda b: (b, "".join(f"Set-Cookie: c{i}={'v' * 4000}\r\n" for i in range(90)))),
    "body without end": lambda: Case(send=lambda b: forever(head(), b" " * 65536)),
    "length of 8 exabytes": lambda: Case(send=lambda b: head(length=2**63) + b),
    "two lengths": lambda: Case(send=lambda b: head(length=len(b), more="Content-Length: 5\r\n") + b),
    "negative length": lambda: Case(send=lambda b: head(length=-5) + b),
    "cut off": lambda: Case(send=lambda b: iter([head(length=len(b)) + b[:-300], None])),
    "length too short": lambda: Case(send=lambda b: head(length=len(b) - 300) + b),
    "no HTTP at all": lambda: Case(send=lambda b: b"\x16\x03\x01\x02\x00\x01" * 1000),
    "gzip bomb of 1 GB": lambda: Case(change=lambda b: (BOMB, "Content-Encoding: gzip\r\n")),
    "gzip twice": lambda: Case(change=lambda b: (gzip.compress(gzip.compress(b)), "Content-Encoding: gzip, gzip\r\n")),
    "says gzip, is none": lambda: Case(change=lambda b: (b, "Content-Encoding: gzip\r\n")),
    "says brotli": lambda: Case(change=lambda b: (b, "Content-Encoding: br\r\n")),
    "gzip not said": lambda: Case(change=lambda b: (gzip.compress(b), "")),
    "429, come back in an hour": lambda: Case(send=lambda b: head(429, 0, more="Retry-After: 3600\r\n")),
    "503, come back in a second, always": lambda: Case(send=lambda b: head(503, 0, more="Retry-After: 1\r\n")),
    "503 each third time": lambda: Case(send=lambda b: head(503, 0, more="Retry-After: 0\r\n"), per_request=3),
    "redirects in a loop": lambda: Case(send=lambda b: head(302, 0, more="Location: ?outFields=*\r\n")),
    "redirect to the own network": lambda: Case(send=lambda b: head(302, 0, more="Location: http://169.254.169.254/latest/\r\n")),
    "redirect target of 1 MB": lambda: Case(send=lambda b: head(302, 0, more="Location: /" + "a" * 300000 + "\r\n")),
    "pages without end": lambda: Case(rows=lambda first, rows, n: page([row(i) for i in range(first, first + PAGE)], True)),
    "empty pages, more to come": lambda: Case(rows=lambda first, rows, n: page([], True)),
    "always page 1": lambda: Case(rows=lambda first, rows, n: page([row(i) for i in range(1, PAGE + 1)], True)),
    "count grows": lambda: Case(count=lambda n: N + n),
    "count negative": lambda: Case(count=lambda n: -1),
    "count 10^15": lambda: Case(count=lambda n: 10**15),
    "a page that shrinks": lambda: Case(rows=lambda first, rows, n: page(rows[: max(1, PAGE - 7 * n)], first + PAGE <= N)),
    "object id twice in a page": lambda: Case(rows=lambda first, rows, n: page(rows + rows[:1], first + PAGE <= N)),
    "object id twice in the list": lambda: Case(describe=describe(advancedQueryCapabilities={}), ids=lambda: [1, 1] + list(range(2, N + 1))),
    "3 million ids for 600 rows": lambda: Case(describe=describe(advancedQueryCapabilities={}), ids=lambda: list(range(1, 3000001))),
    "object ids beyond 2^53": lambda: Case(rows=with_id("9007199254741{:03}")),
    "object ids beyond 2^63": lambda: Case(rows=with_id("18446744073709551{:03}")),
    "object id of 5 MB of digits": lambda: Case(rows=with_id("1" * 5000000)),
    "object id is null": lambda: Case(rows=with_id("null")),
    "coordinates NaN": lambda: Case(rows=geometry("NaN")),
    'coordinates "NaN"': lambda: Case(rows=geometry('"NaN"')),
    "coordinates 1e999": lambda: Case(rows=geometry("1e999")),
    "coordinates null": lambda: Case(rows=geometry("null")),
    "coordinate of 5 MB of digits": lambda: Case(rows=geometry("2" * 5000000)),
    "a million points in one lot": lambda: large([[[2500000 + i % 977, 400000 + i % 1009] for i in range(1000000)]]),
    "300,000 rings in one lot": lambda: large([[[i, 0], [i, 1], [i + 1, 1], [i, 0]] for i in range(2500000, 2800000)]),
    "10 million brackets": lambda: Case(rows=lambda first, rows, n: '{"features":' + "[" * 10000000),
    "60 MB of white space": lambda: Case(rows=lambda first, rows, n: " " * 60000000 + json.dumps(page(rows, first + PAGE <= N))),
    "an owner of 10 MB": lambda: Case(rows=mixed(lambda r, i: r if i != 3 else r | {"attributes": r["attributes"] | {"owner": "A" * 10000000}})),
    "a row with 100,000 columns": lambda: Case(rows=mixed(lambda r, i: r if i != 3 else r | {"attributes": r["attributes"] | {f"C{k}": 1 for k in range(100000)}})),
    "each row its own 100 columns": lambda: Case(rows=mixed(lambda r, i: r | {"attributes": r["attributes"] | {f"C{r['attributes']['OBJECTID']}_{k}": k for k in range(100)}})),
    "a code list of a million": lambda: Case(describe=lambda l: l | {"fields": l["fields"][:2] + [{"name": "owner", "domain": {"codedValues": [{"code": i, "name": f"n{i}"} for i in range(1000000)]}}]}),
    "a description of 100,000 fields": lambda: Case(describe=lambda l: l | {"fields": l["fields"] + [{"name": f"F{i}", "type": "esriFieldTypeString"} for i in range(100000)]}),
    "more behind the page": lambda: Case(rows=lambda first, rows, n: json.dumps(page(rows)) + "{}"),
    "control characters": lambda: Case(rows=mixed(lambda r, i: r | {"attributes": r["attributes"] | {"owner": "A\u0000\u001b[31m\u202eB LLC"}})),
    "script in the owner": lambda: Case(rows=mixed(lambda r, i: r | {"attributes": r["attributes"] | {"owner": "<script>alert(1)</script>"}})),
    "says UTF-8, is windows-1252": lambda: Case(rows=lambda first, rows, n: json.dumps(page([r | {"attributes": r["attributes"] | {"owner": "PE\u00d1A LLC"}} for r in rows], first + PAGE <= N), ensure_ascii=False).encode("cp1252")),
    "HTML with status 200": lambda: Case(rows=lambda first, rows, n: "<!doctype html><title>Down</title>" + "<div>" * 1000000),
    "coordinate system changes": lambda: Case(rows=lambda first, rows, n: page(rows, first + PAGE <= N, spatialReference={"wkid": 2267 if first == 1 else 2268})),
}
BOMB = b""


def serve(connection, cases):
    with connection:
        data = b""
        try:
            while True:
                while b"\r\n\r\n" not in data:
                    piece = connection.recv(65536)
                    if not piece:
                        return
                    data += piece
                request, data = data.split(b"\r\n\r\n", 1)
                target = request.split(b" ", 2)[1].decode()
                path, _, query = target.partition("?")
                answer = cases["now"].answer(path, query)
                for piece in [answer] if isinstance(answer, bytes) else answer:
                    if piece is None:
                        return
                    connection.sendall(piece)
        except (OSError, IndexError):
            return


def listen(cases):
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(16)

    def accept():
        while True:
            threading.Thread(target=serve, args=(server.accept()[0], cases), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return server.getsockname()[1]


def run(program, arguments, folder):
    # A small process in between: else the memory of this one would count as that of its child.
    figures = os.path.join(folder, "figures")
    done = subprocess.run(["/usr/bin/time", "-q", "-o", figures, "-f", "%e %U %S %M", program, *arguments],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    wall, user, system, memory = map(float, open(figures).read().split()[-4:])
    return wall, user + system, memory / 1024, done.returncode, done.stdout.decode(errors="replace")


def main():
    global BOMB
    program, names = os.path.abspath(sys.argv[1]), sys.argv[2:] or list(CASES)
    cases = {}
    port = listen(cases)
    print("| service | s | CPU s | MB | exit | rows | said |\n|---|---|---|---|---|---|---|")
    for name in names:
        if "bomb" in name and not BOMB:
            BOMB = bomb(1024)
        cases["now"] = CASES[name]()
        with tempfile.TemporaryDirectory() as folder:
            config, db = os.path.join(folder, "taptrace.toml"), os.path.join(folder, "city.db")
            open(config, "w").write(LIMITS)
            url = f"http://127.0.0.1:{port}/arcgis/rest/services/Lots/MapServer/0"
            arguments = ["--db", db, "fetch", "parcels", url, "--contact", "a@b.example", "--allow-private", "127.0.0.1", "--config", config]
            wall, cpu, memory, code, said = run(program, arguments, folder)
            rows = sqlite3.connect(db).execute("SELECT COUNT(*) FROM parcel").fetchone()[0] if os.path.exists(db) else 0
            lines = [l for l in said.splitlines() if l.strip()]
            at = next((i for i, l in enumerate(lines) if l.startswith(("error", "thread"))), None)
            told = " ".join(l.strip() for l in lines[at:at + 2]) if at is not None else ""
            told = told.replace(url, "URL").replace("|", "\\|")[:150]
            print(f"| {name} | {wall:.2f} | {cpu:.2f} | {memory:.0f} | {code} | {rows} | {told} |", flush=True)


if __name__ == "__main__":
    main()
