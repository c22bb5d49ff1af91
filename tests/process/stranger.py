#!/usr/bin/env python3
"""A stranger's client: it knows docs/protocol.md and nothing of our code.

    stranger.py HOST:PORT INVITATION FOLDER      TAP

MessagePack-RPC by python3-msgpack over `openssl s_client`; keys, certificate and Ed25519 signatures
by the openssl command; sealed boxes by libsodium. FOLDER is made, for the keys. The invitation must
be for a developer and unused.
"""
import base64
import ctypes
import ctypes.util
import hashlib
import os
import pathlib
import select
import subprocess
import sys
import time

import msgpack

SPKI_ED25519 = bytes.fromhex("302a300506032b6570032100")
SODIUM = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")
TIMEOUT_S = 30


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def canonical(value):
    """Canonical msgpack of maps, lists, str, bytes, int, bool: keys sorted, optional zeros left out
    by the caller. python3-msgpack already takes the shortest forms."""
    if isinstance(value, dict):
        value = {k: value[k] for k in sorted(value, key=str.encode)}
    return msgpack.packb(value, use_bin_type=True)


def unpack(data):
    return msgpack.unpackb(data, raw=False, strict_map_key=False)


def openssl(*args, data=None):
    return subprocess.run(["openssl", *args], input=data, check=True, capture_output=True).stdout


# --- keys -------------------------------------------------------------------------------------------

class Keys:
    """Ed25519 and X25519 key pairs and a self-signed certificate, as files in a folder."""

    def __init__(self, folder, party):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.sign_pem = self.folder / "sign.pem"
        self.tls_key = self.folder / "tls.key"
        self.tls_cert = self.folder / "tls.pem"
        box_pem = self.folder / "box.pem"
        openssl("genpkey", "-algorithm", "ED25519", "-out", str(self.sign_pem))
        openssl("genpkey", "-algorithm", "X25519", "-out", str(box_pem))
        openssl("req", "-x509", "-newkey", "ed25519", "-nodes", "-days", "30", "-subj",
                f"/CN={party}", "-keyout", str(self.tls_key), "-out", str(self.tls_cert))
        self.sign = openssl("pkey", "-in", str(self.sign_pem), "-pubout", "-outform", "DER")[-32:]
        self.box = openssl("pkey", "-in", str(box_pem), "-pubout", "-outform", "DER")[-32:]
        self.box_secret = openssl("pkey", "-in", str(box_pem), "-outform", "DER")[-32:]
        self.tls = sha256(openssl("x509", "-in", str(self.tls_cert), "-outform", "DER"))

    def signature(self, message):
        path = self.folder / "message"  # pkeyutl -rawin wants a file it can measure
        path.write_bytes(message)
        return openssl("pkeyutl", "-sign", "-rawin", "-inkey", str(self.sign_pem), "-in", str(path))


def verifies(folder, key, message, signature):
    """Ed25519 by the openssl command."""
    files = [pathlib.Path(folder) / n for n in ("verify.der", "verify.msg", "verify.sig")]
    for path, data in zip(files, (SPKI_ED25519 + key, message, signature)):
        path.write_bytes(data)
    return subprocess.run(["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER",
                           "-inkey", str(files[0]), "-in", str(files[1]), "-sigfile",
                           str(files[2])], capture_output=True, check=False).returncode == 0


def seal(content, public):
    out = ctypes.create_string_buffer(len(content) + 48)
    if SODIUM.crypto_box_seal(out, content, ctypes.c_ulonglong(len(content)), public) != 0:
        raise ValueError("not sealed")
    return out.raw


def unseal(sealed, keys):
    out = ctypes.create_string_buffer(max(len(sealed) - 48, 1))
    if SODIUM.crypto_box_seal_open(out, sealed, ctypes.c_ulonglong(len(sealed)), keys.box,
                                   keys.box_secret) != 0:
        raise ValueError("does not open")
    return out.raw[:len(sealed) - 48]


def unpad(data):
    """A byte 0x80 and zeros, up to a multiple of 1024."""
    text = data.rstrip(b"\0")
    if len(data) % 1024 != 0 or text[-1:] != b"\x80":
        raise ValueError("padding")
    return text[:-1]


# --- envelopes and replies --------------------------------------------------------------------------

def envelope(keys, pins, party, method, args, **changes):
    """The bytes of an envelope, and its header's. changes: of header fields; secret, signed, spoil."""
    salt = os.urandom(32)
    secret = changes.pop("secret", b"")
    body = {"args": args, "salt": salt, **({"secret": secret} if secret else {})}
    header = {
        "body": sha256(b"shuyu-args-1", salt, sha256(args), sha256(secret)),
        "ctx": "shuyu-request-1",
        "domain": pins["domain"],
        "expiry": int(time.time()) + 300,
        "method": method,
        "nonce": os.urandom(16),
        "party": party,
        "suite": 1,
    }
    signed = changes.pop("signed", True)
    spoil = changes.pop("spoil", 0)
    header.update(changes)
    header_bytes = canonical(header)
    outer = {
        "body": seal(canonical(body), pins["box"]),
        "header": header_bytes,
    }
    if signed:
        signature = keys.signature(header_bytes)
        signature = bytes([signature[0] ^ spoil]) + signature[1:]
        outer["sigs"] = [{"key": keys.sign, "sig": signature}]
    return canonical(outer), header_bytes


def signed_reply(folder, sealed, keys, header, warden):
    """The reply in a sealed box, when the warden signed it as the answer to this header; else
    ValueError, and nothing of it is used."""
    reply = unpack(unpad(unseal(sealed, keys)))
    signature = reply.pop("sig", b"")
    message = b"shuyu-reply-1" + sha256(header) + sha256(canonical(reply))
    if len(signature) != 64 or not verifies(folder, warden, message, signature):
        raise ValueError("the reply is not the warden's answer to this request")
    return reply


def included(index, size, leaf_hash, path, root):
    """RFC 9162 section 2.1.3.2."""
    if index >= size:
        return False
    fn, sn, r = index, size - 1, leaf_hash
    for p in path:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = sha256(b"\1", p, r)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = sha256(b"\1", r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def check_receipt(folder, receipt, leaf, log):
    """Index of the entry that a c2sp.org/tlog-proof@v1 text proves under the log's vkey; None if it
    does not."""
    name, _, rest = log.partition("+")
    key_id, _, key = rest.partition("+")
    head, _, note = receipt.partition("\n\n")
    lines = head.split("\n")
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    origin, size, root = text.split("\n")[:3]
    blobs = [base64.b64decode(s.split(" ")[2]) for s in signatures.strip("\n").split("\n")
             if s.startswith(f"\u2014 {name} ")]
    good = [b for b in blobs if b[:4].hex() == key_id and
            verifies(folder, base64.b64decode(key)[1:], text.encode(), b[4:])]
    path = [base64.b64decode(h) for h in lines[2:]]
    index = int(lines[1].split(" ")[1])
    fine = (lines[0] == "c2sp.org/tlog-proof@v1" and origin == name and good and
            included(index, int(size), sha256(b"\0", leaf), path, base64.b64decode(root)))
    return index if fine else None


def proven(folder, reply, header, log):
    """(entry, event) of the proof that is about this very request; None if there is none that holds."""
    for p in reply.get("proofs", []):
        leaf = unpack(p["leaf"])
        event = unpack(p["body"])
        index = check_receipt(folder, p["receipt"], p["leaf"], log)
        if (index is not None and index == p.get("index", 0) and leaf[0] == 1 and
                leaf[1] == event["type"] and
                leaf[3] == sha256(b"shuyu-body-1", p["salt"], p["body"]) and
                event["request"]["header"] == header):
            return index, event
    return None


# --- the connection ---------------------------------------------------------------------------------

class Line:
    """One TLS connection, held by `openssl s_client`."""

    def __init__(self, address, keys=None):
        command = ["openssl", "s_client", "-connect", address, "-tls1_3", "-quiet"]
        if keys is not None:
            command += ["-cert", str(keys.tls_cert), "-key", str(keys.tls_key)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, bufsize=0)
        self.unpacker = msgpack.Unpacker(raw=False, strict_map_key=False,
                                         max_buffer_size=64 << 20)

    def receive(self):
        """The next frame; None when the other side has ended."""
        end = time.monotonic() + TIMEOUT_S
        while True:
            for frame in self.unpacker:
                return frame
            ready, _, _ = select.select([self.process.stdout], [], [],
                                        max(0, end - time.monotonic()))
            data = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not data:
                return None
            self.unpacker.feed(data)

    def raw(self, data):
        self.process.stdin.write(data)
        return self.receive()

    def call(self, number, method, params):
        """(error, result) of one request; notifications in between are passed over."""
        frame = self.raw(msgpack.packb([0, number, method, params], use_bin_type=True))
        while frame is not None and frame[0] == 2:
            frame = self.receive()
        if frame is None or frame[:2] != [1, number]:
            return {"code": f"no response: {frame!r}"}, None
        return frame[2], frame[3]

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


# --- the test ---------------------------------------------------------------------------------------

class Tap:
    def __init__(self):
        self.n = 0
        self.failed = 0

    def check(self, name, fine, detail=None):
        self.n += 1
        self.failed += not fine
        print(f"{'ok' if fine else 'not ok'} {self.n} - {name}")
        if not fine and detail is not None:
            print("# " + repr(detail)[:600])
        sys.stdout.flush()


class Stranger:
    """Its keys, what it trusts, and its connection."""

    def __init__(self, address, invitation, folder):
        self.address = address
        self.folder = folder
        outer = unpack(invitation)
        self.invite_bytes, self.invite_sig = outer["invite"], outer["sig"]
        self.pins = unpack(self.invite_bytes)
        self.party = self.pins["party"]
        self.keys = Keys(pathlib.Path(folder) / "own", self.party)
        self.number = 0
        self.sealed = b""  # the last reply that was believed, as it came

    def ask(self, method, args, keys="own", frame_method=None, **changes):
        """(code, reply or None, header): one request on a connection of its own."""
        name = changes.pop("name", self.party)
        packet, header = envelope(self.keys, self.pins, name, method, args, **changes)
        return (*self.send(frame_method or method, packet, keys), header)

    def send(self, method, packet, keys="own"):
        line = Line(self.address, self.keys if keys == "own" else keys)
        self.number += 1
        error, result = line.call(self.number, method, [packet])
        line.close()
        if error is not None:
            return error["code"], error
        try:
            reply = signed_reply(self.folder, result, self.keys, unpack(packet)["header"],
                                 self.pins["warden"])
        except ValueError as e:
            return f"not believed: {e}", {}
        self.sealed = result
        return reply.get("error", ""), reply

    def is_proven(self, reply, header):
        return proven(self.folder, reply, header, self.pins["log"])


def test_ping(s, tap):
    line = Line(s.address)
    error, pong = line.call(0, "status.ping", [])
    tap.check("ping without a certificate, message number 0", error is None, error)
    tap.check("the domain is the one of the invitation",
              error is None and all(pong[k] == s.pins[k] for k in ("domain", "box", "log", "warden")),
              pong)
    error, _ = line.call(1, b"status.ping", [])
    tap.check("a method name as bin", error is None, error)
    error, _ = line.call(2, "no.such.method", [b""])
    tap.check("unknown method: typed error", error is not None and error["code"] == "method" and
              error["category"] == "usage" and error["reason"], error)
    frame = line.raw(msgpack.packb([0, 7, "status.ping", "no array"]))
    tap.check("a request out of form: typed error under its number",
              frame is not None and frame[:2] == [1, 7] and frame[2]["code"] == "frame", frame)
    tap.check("half a request ends the connection",
              line.raw(msgpack.packb([0, 8, "status.ping"])) is None)
    line.close()


def test_before_enrolment(s, tap):
    code, reply, _ = s.ask("state.list", canonical({"prefix": "party/"}))
    tap.check("before enrolment a call is refused", code == "party", reply)


def test_enrol(s, tap):
    args = canonical({"box": s.keys.box, "invite": s.invite_bytes, "invite_sig": s.invite_sig,
                      "sign": s.keys.sign, "tls": s.keys.tls})
    other = Keys(pathlib.Path(s.folder) / "other", "other")
    code, reply, _ = s.ask("party.enrol", args, keys=other)
    tap.check("enrolment over another's certificate is refused", code == "party", reply)
    packet, header = envelope(s.keys, s.pins, s.party, "party.enrol", args)
    code, reply = s.send("party.enrol", packet)
    first = s.is_proven(reply, header) if code == "" else None
    tap.check("enrolment", code == "", reply)
    tap.check("its receipt verifies", first is not None and first[1]["type"] == "enrol", reply)
    code, reply = s.send("party.enrol", packet)
    again = s.is_proven(reply, header) if code == "" else None
    tap.check("the same envelope again gets the same entry",
              code == "" and first is not None and again is not None and again[0] == first[0],
              reply)


def test_reads(s, tap):
    code, reply, _ = s.ask("state.list", canonical({"prefix": "party/"}))
    rows = unpack(reply["result"]).get("rows", []) if code == "" else []
    mine = [unpack(r["value"]) for r in rows if r["key"] == "party/" + s.party]
    tap.check("a read: the own party's row", len(mine) == 1 and mine[0]["sign"] == s.keys.sign,
              reply)


def believed(s, sealed, header, warden):
    try:
        return bool(signed_reply(s.folder, sealed, s.keys, header, warden))
    except ValueError:
        return False


def test_signature(s, tap):
    """What a gateway could make of a genuine reply: it knows the party's box key, no key of the domain."""
    args, warden = canonical({"prefix": "party/"}), s.pins["warden"]
    _, _, header = s.ask("state.list", args)
    sealed = s.sealed
    tap.check("a reply is believed for its request", believed(s, sealed, header, warden))
    _, _, later = s.ask("state.list", args)
    tap.check("... not for a later one", not believed(s, sealed, later, warden))
    tap.check("... not under another key", not believed(s, sealed, header, s.keys.sign))
    reply = unpack(unpad(unseal(sealed, s.keys)))
    for name, forged in (("other rows", {**reply, "result": canonical({})}),
                         ("another nonce", {**reply, "nonce": bytes(16)}),
                         ("no signature", {k: v for k, v in reply.items() if k != "sig"})):
        content = canonical(forged) + b"\x80"
        box = seal(content + bytes(-len(content) % 1024), s.keys.box)
        tap.check(f"... not with {name}", not believed(s, box, header, warden))


def test_refused(s, tap):
    args = canonical({"prefix": "party/"})
    stranger = Keys(pathlib.Path(s.folder) / "third", "third")
    wrong = [
        ("unsigned", "unsigned", {"signed": False}),
        ("a spoilt signature", "signature", {"spoil": 1}),
        ("another's certificate", "party", {"keys": stranger}),
        ("no certificate", "party", {"keys": None}),
        ("another domain", "field", {"domain": bytes(32)}),
        ("another suite", "suite", {"suite": 9}),
        ("another party's name", "party", {"name": "nobody-of-this-name"}),
        ("header and frame name two methods", "field", {"frame_method": "log.entries"}),
    ]
    for name, want, how in wrong:
        code, reply, _ = s.ask("state.list", args, **how)
        tap.check(f"{name}: {want}", code == want, reply)
        tap.check("... with category and reason", reply.get("category") and reply.get("reason"),
                  reply)
    logged = [
        ("pack.adopt", "a role that may not", "role", {}),
        ("scene.apply", "out of date", "expired", {"expiry": int(time.time()) - 10}),
        ("scene.apply", "arguments that are no proposal", "field", {}),
    ]
    for method, name, want, how in logged:
        code, reply, header = s.ask(method, canonical({"pack": b"x"}), **how)
        tap.check(f"{name}: {want}", code == want, reply)
        entry = s.is_proven(reply, header) if "proofs" in reply else None
        tap.check("... and the refusal is in the log",
                  entry is not None and entry[1]["type"] == "refuse", reply)


def main():
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        return 2
    address, invitation, folder = sys.argv[1:]
    SODIUM.sodium_init()
    pathlib.Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
    s = Stranger(address, pathlib.Path(invitation).read_bytes(), folder)
    tap = Tap()
    for test in (test_ping, test_before_enrolment, test_enrol, test_reads, test_signature,
                 test_refused):
        test(s, tap)
    print(f"1..{tap.n}")
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
