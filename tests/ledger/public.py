"""The public folder of a ledger, read as a stranger would: checkpoint, bundles, tiles. The tree is
computed from the bundles alone, by the definition of RFC 6962; nothing of ours is asked."""
import base64
import hashlib
import pathlib

WIDTH = 256


def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def root_of(hashes):
    """MTH of RFC 6962 2.1: pairs level by level; an odd one goes up as it is."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    while len(hashes) > 1:
        pairs = [node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes) - 1, 2)]
        hashes = pairs + hashes[len(pairs) * 2:]
    return hashes[0]


def number_path(n):
    groups = [f"{n % 1000:03}"]
    while n >= 1000:
        n //= 1000
        groups.insert(0, f"x{n % 1000:03}")
    return "/".join(groups)


def read_tile(public, level, number, width):
    """The first `width` of a tile; a partial one may have given way to the full one."""
    path = pathlib.Path(public) / f"tile/{level}/{number_path(number)}"
    partial = path.with_name(f"{path.name}.p") / str(width)
    if width < WIDTH and partial.exists():
        return partial.read_bytes()
    return path.read_bytes()


def bundle_entries(data, width):
    entries, at = [], 0
    for _ in range(width):
        n = int.from_bytes(data[at:at + 2], "big")
        entries.append(data[at + 2:at + 2 + n])
        assert n > 0 and len(entries[-1]) == n, "a bundle ends inside an entry"
        at += 2 + n
    return entries


def tiles_of(size):
    """(number, width) of the tiles over `size` hashes."""
    return [(n, min(WIDTH, size - n * WIDTH)) for n in range((size + WIDTH - 1) // WIDTH)]


def check_tiles(public, hashes):
    """Every hash tile of every level is what the leaves say."""
    level = 0
    while hashes:
        for number, width in tiles_of(len(hashes)):
            want = b"".join(hashes[number * WIDTH:number * WIDTH + width])
            data = read_tile(public, level, number, width)
            assert data[:len(want)] == want, f"tile/{level}/{number}: other hashes"
        full = len(hashes) // WIDTH
        hashes = [root_of(hashes[i * WIDTH:(i + 1) * WIDTH]) for i in range(full)]
        level += 1


def read_checkpoint(public):
    """(size, root, signed note); None when there is none yet."""
    path = pathlib.Path(public) / "checkpoint"
    if not path.exists():
        return None
    note = path.read_bytes()
    lines = note.split(b"\n")
    return int(lines[1]), base64.b64decode(lines[2]), note


def verify(public):
    """Everything that the checkpoint in the folder needs is there and fits it; (size, root), or None
    when there is no checkpoint. AssertionError or OSError says what does not."""
    found = read_checkpoint(public)
    if found is None:
        return None
    size, root, _ = found
    hashes = []
    for number, width in tiles_of(size):
        data = read_tile(public, "entries", number, width)
        hashes += [leaf_hash(e) for e in bundle_entries(data, width)]
    assert root_of(hashes) == root, f"the {size} entries are not those of the checkpoint"
    check_tiles(public, hashes)
    return size, root
