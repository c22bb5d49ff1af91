"""Transparency logs for the tests, written after RFC 6962, signed-note and tlog-witness and nothing of
our code: Merkle trees, keys, notes, and a log that signs whatever it is told to."""
import base64
import ctypes
import ctypes.util
import hashlib

SODIUM = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")
SODIUM.sodium_init()
PLAIN, COSIGNATURE = 1, 4


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def b64(data):
    return base64.b64encode(data).decode()


# --- trees ------------------------------------------------------------------------------------------

def split(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def root(leaves):
    if not leaves:
        return sha256()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return sha256(b"\1", root(leaves[:k]), root(leaves[k:]))


def consistency(old, leaves, whole=True):
    """SUBPROOF of RFC 6962 section 2.1.2."""
    if old == len(leaves):
        return [] if whole else [root(leaves)]
    k = split(len(leaves))
    if old <= k:
        return consistency(old, leaves[:k], whole) + [root(leaves[k:])]
    return consistency(old - k, leaves[k:], False) + [root(leaves[:k])]


# --- keys and notes -----------------------------------------------------------------------------------

def vkey(name, kind, public):
    key_id = sha256(name.encode(), b"\n", bytes([kind]), public)[:4]
    return f"{name}+{key_id.hex()}+{b64(bytes([kind]) + public)}"


def parse_vkey(text):
    """(name, kind, public, id)"""
    name, key_id, key = text.split("+", 2)
    typed = base64.b64decode(key)
    assert vkey(name, typed[0], typed[1:]) == text
    return name, typed[0], typed[1:], bytes.fromhex(key_id)


def verifies(public, message, signature):
    return SODIUM.crypto_sign_verify_detached(signature, message, ctypes.c_ulonglong(len(message)),
                                              public) == 0


def times(text, lines, witness):
    """The times that valid cosignatures of this witness state, in their order."""
    name, kind, public, key_id = parse_vkey(witness)
    found = []
    for line in lines.splitlines():
        dash, who, blob = line.split(" ")
        blob = base64.b64decode(blob)
        if dash == "\u2014" and who == name and blob[:4] == key_id and kind == COSIGNATURE:
            time_s = int.from_bytes(blob[4:12], "big")
            message = f"cosignature/v1\ntime {time_s}\n{text}".encode()
            if verifies(public, message, blob[12:]):
                found.append(time_s)
    return found


def signed_by(note, key):
    """Has this log key signed the note?"""
    name, _, public, key_id = parse_vkey(key)
    text, _, lines = note.partition("\n\n")
    blobs = [base64.b64decode(line.split(" ")[2]) for line in lines.splitlines()
             if line.startswith(f"\u2014 {name} ")]
    return any(b[:4] == key_id and verifies(public, (text + "\n").encode(), b[4:]) for b in blobs)


class Log:
    """Entry i is its number; in a history that differs from `fork` on, another text."""

    def __init__(self, origin):
        self.origin = origin
        self.public = ctypes.create_string_buffer(32)
        self.secret = ctypes.create_string_buffer(64)
        SODIUM.crypto_sign_keypair(self.public, self.secret)
        self.vkey = vkey(origin, PLAIN, self.public.raw)
        self.hex = sha256(origin.encode()).hex()

    def leaves(self, size, fork=1 << 62):
        return [sha256(b"\0", f"{i}{'!' if i >= fork else ''}".encode()) for i in range(size)]

    def text(self, size, fork=1 << 62):
        return f"{self.origin}\n{size}\n{b64(root(self.leaves(size, fork)))}\n"

    def sign(self, text):
        signature = ctypes.create_string_buffer(64)
        message = text.encode()
        SODIUM.crypto_sign_detached(signature, None, message, ctypes.c_ulonglong(len(message)),
                                    self.secret)
        key_id = parse_vkey(self.vkey)[3]
        return f"{text}\n\u2014 {self.origin} {b64(key_id + signature.raw)}\n"

    def request(self, old, size, fork=1 << 62):
        """The body of add-checkpoint, as this log would ask."""
        proof = consistency(old, self.leaves(size, fork)) if 0 < old < size else []
        return body(old, proof, self.sign(self.text(size, fork)))


def body(old, proof, checkpoint):
    return (f"old {old}\n" + "".join(b64(h) + "\n" for h in proof) + "\n" + checkpoint).encode()


# --- what a log publishes -----------------------------------------------------------------------------

def published_leaves(folder, size):
    """Leaf hashes 0..size of a folder of tiles (c2sp.org/tlog-tiles) of at most 256 entries."""
    assert size <= 256
    name = "tile/0/000" if size == 256 else f"tile/0/000.p/{size}"
    data = (folder / name).read_bytes()
    return [data[i:i + 32] for i in range(0, 32 * size, 32)]
