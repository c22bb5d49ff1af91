#!/usr/bin/env python3
"""The platforms beside the domain, for real: a reference server that plays the city's and the district's platform,
well, badly or not at all, and a whole domain that tells it of its catalogue and reads its announcements."""
import contextlib
import ctypes
import http.server
import os
import signal
import threading
import time
import urllib.parse

import msgpack

import domain
import kill
import tlog

KINDS = ("catalogue", "registration", "product", "withdrawal")
WAIT_S = 60  # a sanitized domain on a busy machine, after some failures
SECTION = """
scheme:
  catalogue:
    ticket_days: 10
    cycles:
      - {{code: yearly, days: 400}}
      - {{code: monthly, days: 40}}
  sync:
    platforms:
      - {{code: city, title: 全市公共数据授权运营平台, url: "{city}", key: {key}, push: [{kinds}]}}
      - {{code: district, title: 全区一体化大数据平台, url: "{district}/", key: {key}, pull_every: 1s}}
"""
def canonical(record):
    """Canonical msgpack as the domain writes it: keys ascending, nothing that is zero or empty."""
    if isinstance(record, dict):
        return {k: canonical(v) for k, v in sorted(record.items()) if v or k in ("entry",)}
    return [canonical(v) for v in record] if isinstance(record, list) else record


class Platform:
    """Keeps what it is told, once each; signs receipts and pages. `mode` says how it behaves."""

    def __init__(self):
        self.public = ctypes.create_string_buffer(32)
        self.secret = ctypes.create_string_buffer(64)
        tlog.SODIUM.crypto_sign_keypair(self.public, self.secret)
        self.mode = "good"
        self.items = {}      # (entry, kind) -> (item bytes, receipt bytes)
        self.order = []
        self.asked = 0
        self.news = []       # announcements, number i + 1
        self.paged = []      # when it was asked for them
        self.lock = threading.Lock()
        platform = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                platform.answer(self, platform.take(self.path, body))

            def do_GET(self):
                platform.answer(self, platform.page(self.path))

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def sign(self, record):
        message = msgpack.packb(canonical(record))
        signature = ctypes.create_string_buffer(64)
        tlog.SODIUM.crypto_sign_detached(signature, None, message, ctypes.c_ulonglong(len(message)),
                                         self.secret)
        return msgpack.packb(canonical({**record, "sig": signature.raw}))

    def take(self, path, body):
        """The answer to an item; None: the connection is cut."""
        with self.lock:
            self.asked += 1
            item = msgpack.unpackb(body, raw=False)
            name = (item["entry"], item["kind"])
            if path != "/items" or self.mode == "down":
                return 503, b"later"
            if self.mode == "garbage":
                return 200, b"\x81\xa3ctx\xa1x"
            if name not in self.items:
                receipt = {"ctx": "shuyu-sync-receipt-1", "digest": tlog.sha256(body),
                           "domain": item["domain"], "entry": item["entry"], "kind": item["kind"],
                           "number": f"济数登{len(self.items) + 1}号", "time": int(time.time())}
                self.items[name] = (body, self.sign(receipt))
                self.order.append(name)
            assert self.items[name][0] == body, "the same item is the same bytes"
            if self.mode == "cut":
                return None
            receipt = self.items[name][1]
            return 200, receipt[:-8] + bytes(8) if self.mode == "forged" else receipt

    def page(self, path):
        with self.lock:
            query = urllib.parse.parse_qs(urllib.parse.urlparse(path).query)
            after = int(query["after"][0])
            self.paged.append(time.monotonic())
            news = self.news[after:after + 2]
            return 200, self.sign({"after": after, "ctx": "shuyu-sync-page-1", "news": news,
                                   "domain": bytes.fromhex(query["domain"][0]),
                                   "next": after + len(news)})

    @staticmethod
    def answer(handler, what):
        if what is None:
            handler.connection.close()
            return
        handler.send_response(what[0])
        handler.send_header("Content-Length", str(len(what[1])))
        handler.end_headers()
        with contextlib.suppress(OSError):
            handler.wfile.write(what[1])

    def announce(self, code, version):
        with self.lock:
            self.news.append({"digest": bytes([version]) * 32, "provider": "区民政局",
                              "res_code": code, "time": int(time.time()), "title": "婚姻登记",
                              "version": version})


def items(d):
    return d.shuyu("agency", "sync", "list")


def delivered(d, n):
    return domain.wait_until(lambda: sum(i["taken"] for i in items(d)) >= n, WAIT_S, 0.2)


def approve(d):
    """Another version of the entry, in the catalogue."""
    d.shuyu("health", "catalog", "describe", domain.PACKS / "scheme/entry-persons.yaml")
    d.shuyu("agency", "catalog", "approve", "nafld.persons")


def check_outbox(tap, d, city):
    city.mode = "down"
    approve(d)
    tap.check("an approved entry waits while the platform is away",
              domain.wait_until(lambda: city.asked > 0, WAIT_S) and
              [i["taken"] for i in items(d)] == [False], items(d))
    for mode in ("garbage", "forged"):
        city.mode, seen = mode, city.asked
        tap.check(f"{mode}: it waits on",
                  domain.wait_until(lambda s=seen: city.asked > s, WAIT_S) and
                  not items(d)[0]["taken"], items(d))
    city.mode = "good"
    tap.check("it is taken when the platform answers well", delivered(d, 1), items(d))
    done = items(d)[0]
    tap.check("its receipt's number is shown", done["number"] == "济数登1号", done)


def check_once(tap, d, city):
    city.mode, seen = "cut", city.asked
    d.shuyu("health", "catalog", "withdraw", "nafld.persons", "--text", "重新编制")
    domain.wait_until(lambda: city.asked > seen, WAIT_S)
    tap.check("taken, but the receipt was lost: it waits on", not all(i["taken"] for i in items(d)))
    os.kill(d.pid("warden"), signal.SIGKILL)
    tap.check("the domain starts again", kill.revive(d, "warden") is None)
    city.mode = "good"
    approve(d)
    tap.check("after a kill it is told again, and taken once", delivered(d, 3), items(d))
    entries = [e for e, _ in city.order]
    tap.check("oldest first, each once", entries == sorted(set(entries)) and len(entries) == 3,
              city.order)


def check_news(tap, d, district):
    for i in range(5):
        district.announce(f"307-1/{i:06}", 1)
    district.announce("307-1/000002", 2)

    def known():
        return {n["res_code"]: n["version"] for n in d.shuyu("health", "sync", "district")}

    tap.check("announcements are read, page after page, the newest version last",
              domain.wait_until(lambda: known() == {f"307-1/{i:06}": 2 if i == 2 else 1
                                                    for i in range(5)}, WAIT_S, 0.3), known())
    gaps = [b - a for a, b in zip(district.paged, district.paged[1:])]
    tap.check("however much there is to tell, it is asked as often as the pack says", min(gaps) > 0.9,
              gaps)
    time.sleep(2.5)  # the sign of life tells the size once a second
    before = d.entries()
    time.sleep(2.5)
    after = d.entries()
    tap.check("reading nothing new leaves no entry", after == before, (before, after))


def body(tap):
    city, district = Platform(), Platform()
    with domain.Domain() as d:
        d.birth()
        d.start()
        path = d.pack()
        with open(path, "a", encoding="utf-8") as out:
            out.write(SECTION.format(city=city.url, district=district.url, kinds=", ".join(KINDS),
                                   key=city.public.raw.hex()))
        district.public, district.secret = city.public, city.secret
        d.shuyu("agency", "pack", "adopt", path)
        d.enrol("health", "department")
        d.enrol("auditor", "auditor")
        d.shuyu("health", "dataset", "define", domain.PACKS / "persons.yaml")
        check_outbox(tap, d, city)
        check_once(tap, d, city)
        check_news(tap, d, district)
        d.audit()  # raises when the log does not verify or replay
        acts = [e for e in domain.read_entries(d.export()) if b"\xa4sync" in e["leaf"]]
        tap.check("the log replays, and has three receipts and three pages", len(acts) == 6, len(acts))


if __name__ == "__main__":
    domain.run_tests(body)
