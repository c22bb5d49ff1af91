#!/usr/bin/env python3
"""The courier, for real: the program between this test, which plays the warden, and servers that answer well,
badly, slowly, endlessly or not at all, in clear and over TLS. Then a whole domain whose courier is killed
again and again."""
import contextlib
import os
import pathlib
import random
import socket
import ssl
import subprocess
import tempfile
import threading
import time

import msgpack

import domain

COURIER = domain.BUILD / "gateway/courier/shuyu-courier"
START_S = 30
BODY_MAX = 256 << 10
AT_ONCE = 32
UID = 65532


# --- the courier ---------------------------------------------------------------------------------------

class Courier:
    """The program; this end of its edges is the warden's and the supervisor's."""

    def __init__(self, ca, before=()):
        self.edge, edge = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.control, control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.said = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [*before, COURIER, "--fd", f"warden={edge.fileno()}", "--fd", f"control={control.fileno()}",
             "--ca", ca], pass_fds=[edge.fileno(), control.fileno()], stderr=self.said,
            stdin=subprocess.DEVNULL, env=domain.environment(), preexec_fn=domain.die_with_parent)
        edge.close()
        control.close()
        self.edge.settimeout(START_S)
        self.control.settimeout(START_S)
        self.unpacker = msgpack.Unpacker(raw=False, max_buffer_size=1 << 20)
        self.last = 0
        self.ready = self.control.recv(10) == b"r"

    def send(self, verb, url, body=b"", kind="text/plain", timeout_ms=20000):
        """Ask; the request's number."""
        self.last += 1
        self.edge.sendall(msgpack.packb([0, self.last, "http", [verb, url, kind, body, timeout_ms]]))
        return self.last

    def receive(self):
        """The next answer: (number, error or None, [status, type, body] or None)."""
        while True:
            for kind, number, error, result in self.unpacker:
                assert kind == 1
                return number, error, result
            data = self.edge.recv(65536)
            if not data:
                raise EOFError
            self.unpacker.feed(data)

    def ask(self, *args, **kwargs):
        """(status, body) or (code of the error, reason)."""
        number = self.send(*args, **kwargs)
        got, error, result = self.receive()
        assert got == number, (got, number)
        return (error["code"], f"{error['field']}: {error['reason']}") if error else (result[0],
                                                                                     result[2])

    def wait(self):
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(START_S)
        return None

    def end(self):
        """What it wrote to standard error."""
        self.process.kill()
        self.process.wait()
        self.edge.close()
        self.control.close()
        self.said.seek(0)
        return self.said.read().decode(errors="replace")


# --- servers ---------------------------------------------------------------------------------------------

class Server:
    """A listener whose connections `serve(connection, request)` answers, each in a thread of its own."""

    def __init__(self, serve, context=None, reads=True, host="127.0.0.1"):
        self.serve, self.context, self.reads = serve, context, reads
        self.listener = socket.create_server((host, 0))
        self.port = self.listener.getsockname()[1]
        self.seen = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(connection,), daemon=True).start()

    def one(self, connection):
        with contextlib.suppress(OSError, ssl.SSLError, ValueError), connection:
            connection.settimeout(START_S)
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            request = read_request(connection) if self.reads else b""
            self.seen.append(request)
            self.serve(connection, request)

    def url(self, path="/", scheme=None, host="127.0.0.1"):
        return f"{scheme or ('https' if self.context else 'http')}://{host}:{self.port}{path}"

    def close(self):
        self.listener.close()


def read_request(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return data
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    want = [int(line.split(b":")[1]) for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")]
    while len(body) < sum(want):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def respond(body, status="200 OK", kind="text/plain", more=b""):
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + more + b"\r\n" + body


def sends(*pieces, pause=0.0):
    """A server that sends these bytes, and closes."""
    def serve(connection, _):
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(pause)
        if hasattr(connection, "unwrap"):
            connection.unwrap()
    return serve


def echo(connection, request):
    sends(respond(request.partition(b"\r\n\r\n")[2]))(connection, request)


# --- certificates ----------------------------------------------------------------------------------------

def openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)


def authority(folder, name):
    key, cert = folder / f"{name}.key", folder / f"{name}.pem"
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", key, "-out", cert, "-subj", f"/CN={name}", "-days", "2", "-addext",
            "basicConstraints=critical,CA:TRUE")
    return key, cert


def certificate(folder, name, ca, names, days="1"):
    """A server's context, with a certificate by this authority for these names."""
    key, cert = folder / f"{name}.key", folder / f"{name}.pem"
    request, more = folder / f"{name}.csr", folder / f"{name}.ext"
    more.write_text(f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n")
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-keyout", key, "-out", request, "-subj", f"/CN={name}")
    openssl("x509", "-req", "-in", request, "-CA", ca[1], "-CAkey", ca[0], "-CAcreateserial",
            "-out", cert, "-days", days, "-extfile", more)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


# --- cases -----------------------------------------------------------------------------------------------

def test_process(tap, c):
    tap.check("says that it is ready", c.ready)
    tasks = list(pathlib.Path(f"/proc/{c.process.pid}/task").iterdir())
    texts = [(t / "status").read_text() for t in tasks]
    tap.check("has the threads of libuv's pool from the start", len(tasks) > 4, len(tasks))
    for line in (f"Uid:\t{UID}\t{UID}\t{UID}\t{UID}\n", "CapEff:\t0000000000000000\n",
                 "NoNewPrivs:\t1\n", "Seccomp:\t2\n"):
        tap.check(f"each of them: {line.strip()}", all(line in text for text in texts), texts[-1])


def test_plain(tap, c, rng):
    server = Server(echo)
    body = rng.randbytes(1000)
    tap.check("POST: the body there and back", c.ask("POST", server.url("/x?y=1"), body) ==
              (200, body))
    head = server.seen[-1].partition(b"\r\n\r\n")[0].split(b"\r\n")
    tap.check("the request, line by line", head == [
        b"POST /x?y=1 HTTP/1.1", b"Host: 127.0.0.1:%d" % server.port, b"User-Agent: shuyu-courier",
        b"Accept-Encoding: identity", b"Connection: close", b"Content-Type: text/plain",
        b"Content-Length: 1000"], head)
    tap.check("the largest body, both ways", c.ask("POST", server.url(), bytes(BODY_MAX)) ==
              (200, bytes(BODY_MAX)))
    tap.check("by name", c.ask("GET", server.url(host="localhost"), kind="") == (200, b""))
    tap.check("GET has no body and no length", b"Content-" not in server.seen[-1], server.seen[-1])
    slow = Server(sends(*[bytes([b]) for b in respond(b"by drops")], pause=0.002))
    tap.check("a response byte by byte", c.ask("GET", slow.url()) == (200, b"by drops"))
    for name, raw, want in (
            ("404 is an answer", respond(b"none", "404 Not Found"), (404, b"none")),
            ("in chunks", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
             (200, b"abc")),
            ("until the end", b"HTTP/1.1 200 OK\r\n\r\nabc", (200, b"abc")),
            ("after hints", b"HTTP/1.1 103 Early Hints\r\n\r\n" + respond(b"abc"), (200, b"abc"))):
        tap.check(name, c.ask("GET", Server(sends(raw)).url()) == want)


def test_redirect(tap, c):
    other = Server(echo)
    server = Server(sends(respond(b"go", "302 Found", more=f"Location: {other.url()}\r\n".encode())))
    tap.check("a redirect is an answer", c.ask("GET", server.url()) == (302, b"go"))
    tap.check("... and nobody follows it", not other.seen, other.seen)


def refused(tap, c, name, code, url, verb="GET", **kwargs):
    begun = time.monotonic()
    got = c.ask(verb, url, **kwargs)
    codes = (code,) if isinstance(code, str) else code
    tap.check(f"{name}: {got[0]}", got[0] in codes, got)
    return time.monotonic() - begun


def test_hostile(tap, c):
    rows = [
        ("cut off", "closed", sends(respond(b"x" * 100)[:-1])),
        ("cut off in a chunk", "closed",
         sends(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")),
        ("nothing at all", "closed", sends()),
        ("too large, announced", "limit", sends(b"HTTP/1.1 200 OK\r\nContent-Length: 262145\r\n\r\n")),
        ("too large, until the end", "limit", sends(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(BODY_MAX + 1))),
        ("a head without end", "limit",
         sends(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 20000)),
        ("no HTTP", "io", sends(b"220 mail.example ESMTP\r\n")),
        ("two lengths", "io",
         sends(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")),
        ("a switch of protocols", "io",
         sends(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")),
    ]
    for name, code, serve in rows:
        refused(tap, c, name, code, Server(serve).url())
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        refused(tap, c, "nobody listens", "io", f"http://127.0.0.1:{s.getsockname()[1]}/")
    refused(tap, c, "no such name", ("not_found", "timeout"), "http://no-such-host.invalid/",
            timeout_ms=30000)


def test_time(tap, c):
    silent = Server(lambda s, _: time.sleep(START_S), reads=False)
    took = refused(tap, c, "silence", "timeout", silent.url(), timeout_ms=700)
    tap.check("... after the time that was asked for", 0.6 < took < 5, took)
    drops = Server(sends(*[b"x"] * 200, pause=0.05), reads=False)
    took = refused(tap, c, "one byte now and then", ("timeout", "io"), drops.url(), timeout_ms=700)
    tap.check("... does not stretch it", took < 5, took)
    endless = Server(sends(b"HTTP/1.1 200 OK\r\n\r\n", *[b"x"] * 200, pause=0.05))
    took = refused(tap, c, "a body in drops", "timeout", endless.url(), timeout_ms=700)
    tap.check("... does not stretch it either", 0.6 < took < 5, took)


def test_bad_requests(tap, c):
    server = Server(echo)
    for url in ("ftp://127.0.0.1/", "http://user@127.0.0.1/", "http://127.0.0.1/\r\nX: y",
                "http://127.0.0.1:0/", "http://127.0.0.1/#x", "http://0x7f.1/", "file:///etc/hosts",
                "http://127.0.0.1/\u00e9", "", "http://" + "a" * 3000):
        refused(tap, c, f"{url[:40]!r}", "field", url)
    refused(tap, c, "PUT", "field", server.url(), verb="PUT")
    refused(tap, c, "no time", "field", server.url(), timeout_ms=0)
    refused(tap, c, "too much time", "field", server.url(), timeout_ms=30001)
    refused(tap, c, "a type with a line's end", "field", server.url(), kind="a\r\nb: c")
    refused(tap, c, "a GET with a body", "limit", server.url(), body=b"x")
    c.edge.sendall(msgpack.packb([0, 1 << 31, "exec", []]))
    tap.check("another method", c.receive()[1]["code"] == "method")
    tap.check("nothing of it was sent", not server.seen, server.seen)


def test_tls(tap, c, folder, ca):
    good = certificate(folder, "good", ca, "DNS:localhost,IP:127.0.0.1")
    server = Server(echo, good)
    body = os.urandom(200000)
    tap.check("https by name", c.ask("POST", server.url(host="localhost"), body) == (200, body))
    tap.check("https by address", c.ask("POST", server.url(), body) == (200, body))
    seen = len(server.seen)
    strange = authority(folder, "strange")
    old = certificate(folder, "old", ca, "DNS:localhost", days="-1") \
        if subprocess.run(["openssl", "version"], capture_output=True, text=True,
                          check=True).stdout.startswith("OpenSSL 3.") else None
    rows = [
        ("for another name", certificate(folder, "other", ca, "DNS:other.example"), "mismatch"),
        ("for an address, asked by name", certificate(folder, "byip", ca, "IP:127.0.0.1"),
         "mismatch"),
        ("by an unknown authority", certificate(folder, "unknown", strange, "DNS:localhost"),
         "issuer"),
    ]
    for name, context, word in rows:
        stranger = Server(echo, context)
        got = c.ask("POST", stranger.url(host="localhost"), b"secret")
        tap.check(f"a certificate {name}: {got[0]}", got[0] == "tls" and word in got[1], got)
        tap.check("... and not a byte of the request was said", not stranger.seen, stranger.seen)
    if old is not None:
        got = c.ask("POST", Server(echo, old).url(host="localhost"), b"secret")
        tap.check("a certificate that is over", got[0] == "tls" and "expired" in got[1], got)
    refused(tap, c, "no TLS there", ("tls", "closed", "io"),
            Server(sends(b"HTTP/1.1 400 Bad Request\r\n\r\n"), reads=False).url(scheme="https"))
    cut = Server(lambda s, _: s.sendall(b"HTTP/1.1 200 OK\r\n\r\nabc"), good)
    refused(tap, c, "an end that anybody between could forge", "closed", cut.url())
    whole = Server(sends(b"HTTP/1.1 200 OK\r\n\r\nabc"), good)
    tap.check("an end that the server says", c.ask("GET", whole.url()) == (200, b"abc"))
    old_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    old_tls.load_cert_chain(folder / "good.pem", folder / "good.key")
    old_tls.maximum_version = ssl.TLSVersion.TLSv1_2
    tap.check("TLS 1.2 is taken", c.ask("GET", Server(echo, old_tls).url()) == (200, b""))
    tap.check("the first server saw no more", len(server.seen) == seen)


def test_many(tap, c):
    gate = threading.Event()

    def held(connection, request):
        gate.wait(START_S)
        echo(connection, request)

    server = Server(held)
    numbers = {c.send("POST", server.url(), b"%d" % i): b"%d" % i for i in range(AT_ONCE)}
    tap.check("all are under way at once",
              domain.wait_until(lambda: len(server.seen) == AT_ONCE, START_S), len(server.seen))
    refused_number = c.send("GET", server.url())
    number, error, _ = c.receive()
    tap.check("one more is refused, and at once", number == refused_number and
              error["code"] == "busy", (number, error))
    gate.set()
    got = {}
    for _ in numbers:
        number, _, result = c.receive()
        got[number] = result[2]
    tap.check("each has its own answer", got == numbers, got)
    tap.check("and there is room again", c.ask("POST", server.url(), b"x") == (200, b"x"))


def test_ends(tap, ca, rng):
    def after(name, want, what):
        c = Courier(ca)
        what(c)
        status = c.wait()
        tap.check(f"{name}: ends with {want}", status == want, (status, c.end()))

    after("the control edge is closed", 0, lambda c: c.control.close())
    after("SIGTERM", 0, lambda c: c.process.terminate())
    after("the warden is gone", 1, lambda c: c.edge.close())
    after("a response from the warden", 1,
          lambda c: c.edge.sendall(msgpack.packb([1, 1, None, None])))
    after("a frame that is too large", 1, lambda c: c.edge.sendall(b"\xc6\x00\x10\x00\x00"))
    silent = Server(lambda s, _: time.sleep(START_S), reads=False)

    def leave_under_way(c):
        for _ in range(8):
            c.send("GET", silent.url())
        c.send("GET", "http://no-such-host.invalid/")
        time.sleep(0.2)
        c.control.close()

    after("with requests under way", 0, leave_under_way)
    good = msgpack.packb([0, 5, "http", ["GET", "http://127.0.0.1:1/", "", b"", 100]])
    statuses = []
    for _ in range(20):
        c = Courier(ca)
        data = bytearray(good * 3)
        for _ in range(rng.randrange(1, 8)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        c.edge.sendall(bytes(data))
        c.edge.shutdown(socket.SHUT_WR)
        statuses.append(c.wait())
        said = c.end()
        if "Sanitizer" in said or "runtime error" in said:
            statuses.append(said[-2000:])
    tap.check("20 damaged conversations: each ends with 1", set(statuses) == {1}, statuses)


def test_names(tap, folder, ca):
    """With a hosts file of its own: every address is tried, and a file that was replaced is noticed."""
    if subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode != 0:
        tap.note("SKIPPED names: there are no mount namespaces to be had")
        return
    servers = [Server(echo, host=f"127.0.0.{i}") for i in (1, 2)]  # whatever the order of addresses
    first, second, multi = folder / "hosts", folder / "other-hosts", folder / "host.conf"
    multi.write_text("multi on\n")
    first.write_text("127.0.0.2 two.test\n127.0.0.1 two.test\n127.0.0.3 none.test\n")
    second.write_text("127.0.0.1 other.test\n")
    c = Courier(ca, ["unshare", "-m", "sh", "-c",
                     f"mount --bind {first} /etc/hosts && mount --bind {multi} /etc/host.conf && exec \"$@\"", "sh"])
    for server in servers:
        tap.check("one of two addresses serves", c.ask(
            "GET", server.url(host="two.test")) == (200, b""))
    refused(tap, c, "a name none of whose addresses serves", "io", server.url(host="none.test"))
    subprocess.run(["nsenter", "-t", str(c.process.pid), "-m", "mount", "--bind", second, "/etc/hosts"],
                   check=True)
    status = c.wait()
    tap.check("another hosts file: it ends, to be started afresh", status == 0, (status, c.end()))


def test_domain(tap):
    """A courier that is killed again and again costs the domain nothing."""
    with domain.Domain() as d:
        d.birth()
        d.start()
        pids = {role: d.pid(role) for role in ("warden", "gateway", "courier")}
        tap.check("a domain has a courier", pids["courier"] is not None)
        failed, stop, served = [], threading.Event(), []

        def load():
            while not stop.wait(0.05):  # below what the gateway lets one party ask
                try:
                    served.append(d.entries())
                except domain.Refused as e:
                    failed.append(str(e))

        loads = [threading.Thread(target=load, daemon=True) for _ in range(2)]
        for t in loads:
            t.start()
        born = []
        for _ in range(4):
            before = d.pid("courier")
            os.kill(before, 9)
            came = domain.wait_until(lambda b=before: d.pid("courier") not in (None, b), START_S)
            born.append(came and d.pid("courier"))
            if came:
                domain.wait_until(lambda: domain.birth_of(d.pid("courier")) is not None, 5)
        os.kill(d.pid("courier"), 9)  # the delay is long by now: a while without one
        n = len(served)
        domain.wait_until(lambda: len(served) > n + 3, START_S)
        stop.set()
        for t in loads:
            t.join()
        tap.check("killed four times it is started four times", len(set(born)) == 4 and all(born),
                  born)
        tap.check("the warden and the gateway are the same", pids["warden"] == d.pid("warden") and
                  pids["gateway"] == d.pid("gateway"))
        tap.check("every request meanwhile was served", served and not failed, failed[:2])
        d.enrol("acme", "developer")
        tap.check("an orderly stop", d.stop() == 0)


def body(tap):
    rng = random.Random(domain.seed())
    with tempfile.TemporaryDirectory(prefix="shuyu-courier-") as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        ca = authority(folder, "authority")
        c = Courier(ca[1])
        try:
            test_process(tap, c)
            test_plain(tap, c, rng)
            test_redirect(tap, c)
            test_bad_requests(tap, c)
            test_hostile(tap, c)
            test_time(tap, c)
            test_tls(tap, c, folder, ca)
            test_many(tap, c)
            tap.check("one process for all of it", c.process.poll() is None, c.process.poll())
        finally:
            said = c.end()
        tap.check("no sanitizer complained", "Sanitizer" not in said and "runtime error" not in said,
                  said[-3000:])
        none = Courier(folder / "no-such-file.pem")
        server = Server(echo, certificate(folder, "again", ca, "DNS:localhost"))
        refused(tap, none, "without authorities nobody is trusted", "tls",
                server.url(host="localhost"))
        tap.check("... but http works", none.ask("GET", Server(echo).url()) == (200, b""))
        none.end()
        test_names(tap, folder, ca[1])
        test_ends(tap, ca[1], rng)
    test_domain(tap)


if __name__ == "__main__":
    domain.run_tests(body)
