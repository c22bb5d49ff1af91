#!/usr/bin/env python3
"""Products over HTTP: shuyu-bridge between Python's http.client and a live domain. What it lists and documents is what
the domain published; calls are verified, billed, made once for one key, and refused as the domain refuses; it outlives a
restart of the domain, gives up what it may not do, writes nothing, and stops in order."""
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import sys
import threading
import time

import jsonschema

import domain
import product as products

BRIDGE = domain.BUILD / "sdk/bridge/shuyu-bridge"
NAME = "burden-api"

# What of OpenAPI 3.1.0 these documents use, typed by hand from the specification.
OPENAPI = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object", "required": ["openapi", "info", "paths"],
    "properties": {
        "openapi": {"type": "string", "pattern": r"^3\.1\.\d+$"},
        "jsonSchemaDialect": {"type": "string"},
        "info": {"type": "object", "required": ["title", "version"],
                 "properties": {k: {"type": "string"} for k in ("title", "version", "description")},
                 "additionalProperties": False},
        "servers": {"type": "array", "items": {"type": "object", "required": ["url"],
                                               "properties": {"url": {"type": "string"}}}},
        "security": {"type": "array", "items": {
            "type": "object", "additionalProperties": {"type": "array",
                                                       "items": {"type": "string"}}}},
        "paths": {"type": "object", "patternProperties": {"^/": {"$ref": "#/$defs/item"}},
                  "additionalProperties": False},
        "components": {"type": "object", "additionalProperties": False, "properties": {
            "schemas": {"type": "object", "additionalProperties": {"$ref": "#/$defs/schema"}},
            "responses": {"type": "object", "additionalProperties": {"$ref": "#/$defs/response"}},
            "parameters": {"type": "object", "additionalProperties": {"$ref": "#/$defs/parameter"}},
            "securitySchemes": {"type": "object", "additionalProperties": {
                "type": "object", "required": ["type", "scheme"],
                "properties": {"type": {"const": "http"}, "scheme": {"const": "bearer"}}}}}}},
    "additionalProperties": False,
    "$defs": {
        "item": {"type": "object", "additionalProperties": False,
                 "properties": {m: {"$ref": "#/$defs/operation"} for m in ("get", "post")}},
        "operation": {
            "type": "object", "required": ["operationId", "responses"],
            "properties": {
                "operationId": {"type": "string"}, "summary": {"type": "string"},
                "description": {"type": "string"},
                "parameters": {"type": "array", "items": {"$ref": "#/$defs/parameter"}},
                "requestBody": {"type": "object", "required": ["content"],
                                "properties": {"required": {"type": "boolean"},
                                               "content": {"$ref": "#/$defs/content"}},
                                "additionalProperties": False},
                "responses": {"type": "object", "minProperties": 1, "patternProperties": {
                    "^[1-5]([0-9][0-9]|XX)$": {"$ref": "#/$defs/response"}},
                              "additionalProperties": False}},
            "patternProperties": {"^x-": {}}, "additionalProperties": False},
        "reference": {"type": "object", "required": ["$ref"],
                      "properties": {"$ref": {"type": "string", "pattern": "^#/components/"}}},
        "parameter": {"anyOf": [{"$ref": "#/$defs/reference"}, {
            "type": "object", "required": ["name", "in", "schema"],
            "properties": {"name": {"type": "string"},
                           "in": {"enum": ["query", "header", "path", "cookie"]},
                           "required": {"type": "boolean"}, "description": {"type": "string"},
                           "schema": {"$ref": "#/$defs/schema"}},
            "additionalProperties": False}]},
        "response": {"anyOf": [{"$ref": "#/$defs/reference"}, {
            "type": "object", "required": ["description"],
            "properties": {"description": {"type": "string"},
                           "content": {"$ref": "#/$defs/content"}},
            "additionalProperties": False}]},
        "content": {"type": "object", "additionalProperties": {
            "type": "object", "required": ["schema"],
            "properties": {"schema": {"$ref": "#/$defs/schema"}}, "additionalProperties": False}},
        "schema": {"$ref": "https://json-schema.org/draft/2020-12/schema"}}}


# --- the bridge -----------------------------------------------------------------------------------

class Bridge:
    """A process, and one way to ask it. wait: seconds a request waits for its outcome."""

    def __init__(self, d, buyer, wait=60, arguments=()):
        self.home = d.work / buyer
        self.log = d.work / f"bridge-{buyer}.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(BRIDGE), "--home", str(self.home), "--listen", "127.0.0.1:0", "--wait",
                 str(wait), *map(str, arguments)], stdout=subprocess.PIPE, stderr=log,
                stdin=subprocess.DEVNULL, env=domain.environment(),
                preexec_fn=domain.die_with_parent)
        ready, _, _ = select.select([self.process.stdout], [], [], domain.START_S)
        line = self.process.stdout.readline().decode() if ready else ""
        if not line.startswith("ready 127.0.0.1:"):
            raise AssertionError(f"not ready: {line} {self.log.read_text()}")
        self.port = int(line.rpartition(":")[2])
        self.token = (self.home / "bridge.token").read_text().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=30)
        self.process.stdout.close()

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=domain.CALL_S)

    def ask(self, method, path, body=None, connection=None, **headers):
        """Status, JSON, headers."""
        own = connection or self.connect()
        head = {"Authorization": f"Bearer {self.token}",
                **({"Content-Type": "application/json"} if body is not None else {}),
                **{k.replace("_", "-"): v for k, v in headers.items()}}
        text = json.dumps(body) if isinstance(body, (dict, list)) else body
        own.request(method, path, body=text, headers={k: v for k, v in head.items() if v})
        answer = own.getresponse()
        data = answer.read()
        if connection is None:
            own.close()
        return answer.status, json.loads(data), answer.headers

    def get(self, path):
        return self.ask("GET", path)[1]

    def call(self, age=18, purpose="planning", **headers):
        return self.ask("POST", f"/products/{NAME}",
                        {"purpose": purpose, "params": {"min_age": age}}, **headers)


def stop(bridge):
    bridge.process.send_signal(signal.SIGTERM)
    return bridge.process.wait(timeout=30)


# --- what is documented ---------------------------------------------------------------------------

def validator(document, schema):
    """Of a schema inside the document, whose references point into it."""
    resolver = jsonschema.RefResolver("", document)
    return jsonschema.Draft202012Validator(schema, resolver=resolver)


def post_of(document):
    return document["paths"][f"/products/{NAME}"]["post"]


def fails(check, value):
    return any(True for _ in check.iter_errors(value))


def check_documents(tap, bridge, product):
    listed = bridge.get("/products")["products"]
    tap.check("the subscribed product is listed, and no other", [p["path"] for p in listed] == [NAME]
              and listed[0]["id"] == product and listed[0]["price_fen"] == products.PRICE
              and listed[0]["purpose"] == "planning", listed)
    one, every = bridge.get(f"/products/{NAME}/openapi.json"), bridge.get("/openapi.json")
    for what, document in (("its document", one), ("the document of all", every)):
        errors = [e.message for e in jsonschema.Draft202012Validator(OPENAPI).iter_errors(document)]
        tap.check(f"{what} is of OpenAPI 3.1", not errors, errors)
    spoilt = json.loads(json.dumps(one))
    del spoilt["info"]["version"]
    post_of(spoilt)["responses"]["abc"] = {}
    tap.check("which a spoilt one is not", fails(jsonschema.Draft202012Validator(OPENAPI), spoilt))
    call = validator(one, post_of(one)["requestBody"]["content"]["application/json"]["schema"])
    good = {"purpose": "planning", "params": {"min_age": 18}}
    bad = [{**good, "purpose": "research"}, {**good, "params": {"min_age": "18"}},
           {**good, "params": {"min_age": 19}}, {**good, "params": {}}, {**good, "more": 1}]
    tap.check("its schema takes the calls that the product takes, and no others",
              not fails(call, good) and all(fails(call, b) for b in bad))
    return one


# --- calls ----------------------------------------------------------------------------------------

def on_sale(d, model):
    """A product of the model, published and registered; its id."""
    d.shuyu("agency", "pack", "adopt", products.pack(d, 2))
    product = d.shuyu("acme", "product", "submit", products.FILE, "--model", model)["product"]
    report = d.shuyu("agency", "product", "report", product)["report"]
    for party in ("guard", "agency"):
        d.shuyu(party, "product", "review", product, "--approve", "--report", report)
    d.shuyu("agency", "product", "publish", product)
    d.shuyu("agency", "product", "register", product, "--exchange", "SD-2026-0017")
    d.shuyu("operator", "product", "register", product, "--registration", "370812-2026-0003")
    return product


def bills(d, product):
    said = d.shuyu("shop", "product", "statement", product, "--month", products.month())
    return sum(l["calls"] for l in said["lines"]), said.get("fen", 0)


def check_call(tap, d, bridge, product, document):
    status, answer, headers = bridge.call()
    tap.check("a call is answered", status == 200 and headers["Cache-Control"] == "no-store", answer)
    schema = post_of(document)["responses"]["200"]["content"]["application/json"]["schema"]
    errors = [e.message for e in validator(document, schema).iter_errors(answer)]
    tap.check("with what the document promises", not errors, errors)
    told = d.shuyu("shop", "product", "call", product, "min_age=18", "--purpose", "planning")
    keys, figures = [c for c in told["columns"] if c["kind"] == "key"], \
        [c for c in told["columns"] if c["kind"] == "figure"]
    same = all(row[k["name"]] == k["texts"][i] for i, row in enumerate(answer["rows"])
               for k in keys)
    for c in figures:
        unit = 10 ** c.get("scale", 0)
        for i, row in enumerate(answer["rows"]):
            cell = row[c["name"]]
            held = i in c.get("withheld", [])
            same = same and cell["withheld"] == held and (held or all(
                round(cell[k] * unit) == c[v][i] for k, v in
                (("value", "values"), ("lo", "lo"), ("hi", "hi"))))
    tap.check("and with the figures that the command line is told", same and answer["rows"],
              (answer["rows"], told["columns"]))
    tap.check("billed at its price", answer["price_fen"] == products.PRICE and
              answer["purpose"] == "planning" and answer["no_redistribution"], answer)
    path = d.work / "entry.tlog-proof"
    path.write_text(answer["receipt"]["text"], encoding="utf-8")
    tap.check("its receipt is the answer's entry", f"index {answer['receipt']['entry']}\n" in
              answer["receipt"]["text"], answer["receipt"])


def check_refusals(tap, bridge):
    for name, want, code, field, ask in (
            ("another purpose is disguised use", 403, "disguised", "purpose",
             lambda: bridge.call(purpose="research")),
            ("a value that is not declared", 422, "field", "params.min_age", lambda: bridge.call(19)),
            ("an unknown member", 422, "field", "note", lambda: bridge.ask(
                "POST", f"/products/{NAME}", {"purpose": "planning", "note": 1})),
            ("no JSON", 400, "usage", "", lambda: bridge.ask("POST", f"/products/{NAME}", "{")),
            ("an unknown product", 404, "not_found", "product", lambda: bridge.ask(
                "POST", "/products/other", {"purpose": "planning"})),
            ("no token", 401, "denied", "Authorization",
             lambda: bridge.ask("GET", "/products", Authorization="")),
            ("a name that was rebound", 400, "usage", "Host",
             lambda: bridge.ask("GET", "/products", Host="evil.example")),
            ("a page", 403, "denied", "Origin",
             lambda: bridge.ask("GET", "/products", Origin="http://localhost"))):
        status, problem, headers = ask()
        tap.check(f"refused: {name}", (status, problem["code"], problem["field"]) ==
                  (want, code, field) and problem["status"] == want and
                  headers["Content-Type"] == "application/problem+json", problem)
        if code == "disguised":
            tap.check("which the domain has recorded", problem["logged"] and problem["entry"] > 0,
                      problem)


def check_keys(tap, d, bridge, product):
    before = bills(d, product)
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: bridge.call(40, Idempotency_Key="k-1"), range(6)))
    answers.append(bridge.call(40, Idempotency_Key="k-1"))
    after = bills(d, product)
    tap.check("one key has one outcome", all(a[0] == 200 and a[1] == answers[0][1] for a in answers),
              [a[0] for a in answers])
    tap.check("and is called and billed once", after[0] == before[0] + 1 and
              after[1] - before[1] == answers[0][1]["price_fen"], (before, after))
    tap.check("a repetition says so", answers[-1][2]["Idempotency-Replayed"] == "true")
    status, problem, _ = bridge.call(18, Idempotency_Key="k-1")
    tap.check("another question under that key is refused", (status, problem["field"]) ==
              (422, "Idempotency-Key"), problem)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        many = list(pool.map(lambda i: bridge.call(18, Idempotency_Key=f"p-{i}")[0], range(8)))
    tap.check("parallel calls are all answered", many == [200] * 8, many)


def check_keep_alive(tap, bridge):
    connection = bridge.connect()
    statuses = [bridge.ask("GET", "/products", connection=connection)[0]]
    own = connection.sock
    statuses.append(bridge.ask("POST", f"/products/{NAME}", {
        "purpose": "planning", "params": {"min_age": 18}}, connection=connection)[0])
    statuses.append(bridge.ask("GET", "/none", connection=connection)[0])
    tap.check("one connection serves them all", statuses == [200, 200, 404] and
              connection.sock is own, statuses)
    connection.close()


# --- restarts, and the end --------------------------------------------------------------------------

def check_restart(tap, d, bridge):
    d.stop()
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(bridge.call(18, Idempotency_Key="r")))
    waiting.start()
    time.sleep(1)
    d.start()
    waiting.join(timeout=domain.CALL_S)
    tap.check("a call waits for a domain that starts again", [a[0] for a in answers] == [200],
              answers)
    tap.check("and the next one is answered too", bridge.call()[0] == 200)


def check_away(tap, d):
    """Nothing to connect to: it says so in time, and stops."""
    d.stop()
    with Bridge(d, "shop", wait=3) as bridge:
        status, problem, headers = bridge.ask("GET", "/products")
        tap.check("without a domain the list is 503", status == 503 and problem["retryable"] and
                  headers["Retry-After"], problem)
        tap.check("and the bridge stops in order", stop(bridge) == 0)
    d.start()


def listeners(pid):
    """Local addresses, in hex, of the process's listening sockets."""
    inodes = set()
    for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        target = os.readlink(fd)
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = []
    for table in ("tcp", "tcp6"):
        for line in pathlib.Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                found.append(fields[1])
    return found


def check_confined(tap, d, bridge, before):
    status = pathlib.Path(f"/proc/{bridge.process.pid}/status").read_text()
    tap.check("it is under a filter of system calls", "Seccomp:\t2" in status and
              "NoNewPrivs:\t1" in status, status)
    tap.check("and not root", "Uid:\t0\t" not in status)
    tap.check("it listens on the loopback alone", listeners(bridge.process.pid) ==
              [f"0100007F:{bridge.port:04X}"], listeners(bridge.process.pid))
    token = bridge.home / "bridge.token"
    tap.check("the token is for its owner alone", token.stat().st_mode & 0o777 == 0o600)
    names = {p.name for p in bridge.home.iterdir()}
    tap.check("it wrote its token and nothing else", names - before == {"bridge.token"},
              names - before)
    told = bridge.log.read_text()
    tap.check("nothing secret is logged", bridge.token not in told and "min_age" not in told, told)


def check_withdrawn(tap, d, bridge, product):
    d.shuyu("guard", "product", "withdraw", product, "--ground", "incident")
    status, problem, _ = bridge.call(18, Idempotency_Key="late")
    tap.check("a withdrawn product answers nothing", status in (404, 409), problem)
    tap.check("and is not listed any more", domain.wait_until(
        lambda: bridge.get("/products")["products"] == [], 10, 0.5))
    status, again, _ = bridge.call(40, Idempotency_Key="k-1")
    tap.check("what it answered before is still the outcome of its key", status == 200, again)


def check_addresses(tap, d):
    d.shuyu("nobody", "party", "new", "--party", "nobody")
    done = subprocess.run([str(BRIDGE), "--home", str(d.work / "nobody")], capture_output=True,
                          text=True, timeout=30, check=False, env=domain.environment())
    tap.check("it does not start for a profile of no domain", done.returncode == 70 and
              "enrol" in done.stderr, done.stderr)
    for address in ("0.0.0.0:0", "192.168.1.1:0", "[::]:0", "localhost:0"):
        done = subprocess.run([str(BRIDGE), "--home", str(d.work / "shop"), "--listen", address],
                              capture_output=True, text=True, timeout=30, check=False,
                              env=domain.environment())
        tap.check(f"it does not listen on {address}", done.returncode == 70 and
                  "listen" in done.stderr, done.stderr)


def open_socket(bridge, text):
    s = socket.create_connection(("127.0.0.1", bridge.port), timeout=20)
    s.sendall(text)
    return s


def check_hostile(tap, bridge):
    """What http.client would not send."""
    head = f"Host: localhost\r\nAuthorization: Bearer {bridge.token}\r\n".encode()
    smuggled = b"POST /products/x HTTP/1.1\r\n" + head + \
        b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /products HTTP/1.1\r\n" + \
        head + b"\r\n"
    with open_socket(bridge, smuggled) as s:
        data = b""
        with contextlib.suppress(OSError):
            while chunk := s.recv(65536):
                data += chunk
    tap.check("two lengths are one refusal, and the end", data.startswith(b"HTTP/1.1 400") and
              data.count(b"HTTP/1.1 ") == 1, data)
    slow = [open_socket(bridge, b"POST /products/x HTTP/1.1\r\n" + head) for _ in range(60)]
    tap.check("sixty that never finish keep nobody waiting", bridge.ask("GET", "/products")[0] == 200)
    begin = time.monotonic()
    slow[0].settimeout(30)
    ended = slow[0].recv(1) == b""
    tap.check("and are ended", ended and time.monotonic() - begin < 20)
    for s in slow:
        s.close()


def body(tap):
    with domain.Domain() as d:
        d.birth()
        d.start()
        d.populate()
        for party, role in (("guard", "security"), ("shop", "buyer"), ("store", "buyer")):
            d.enrol(party, role)
        model = d.model(d.grant(d.scene()))
        product = on_sale(d, model)
        d.shuyu("shop", "product", "subscribe", product, "--purpose", "planning",
                "--no-redistribution")
        check_addresses(tap, d)
        before = {p.name for p in (d.work / "shop").iterdir()}
        with Bridge(d, "store") as other:
            tap.check("a buyer without a subscription has no products",
                      other.get("/products") == {"products": []})
        with Bridge(d, "shop") as bridge:
            document = check_documents(tap, bridge, product)
            check_call(tap, d, bridge, product, document)
            check_refusals(tap, bridge)
            check_keys(tap, d, bridge, product)
            check_keep_alive(tap, bridge)
            check_hostile(tap, bridge)
            check_restart(tap, d, bridge)
            check_confined(tap, d, bridge, before)
            check_withdrawn(tap, d, bridge, product)
            tap.check("it stops in order", stop(bridge) == 0)
        check_away(tap, d)
        tap.check("the log verifies and replays", len(d.audit()) == 2)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    os.environ.setdefault("NO_PROXY", "127.0.0.1")
    domain.run_tests(body)
