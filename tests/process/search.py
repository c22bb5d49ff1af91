"""Looking for byte strings in files, in folders and in the memory of processes (as root)."""
import contextlib
import os
import pathlib
import stat
import threading

CHUNK = 4 << 20
FILE_MOST = 256 << 20
KERNEL = ("[vvar]", "[vsyscall]", "[vvar_vclock]")  # mapped, but nobody's memory


def in_stream(read, patterns):
    """Names of the patterns that occur in the pieces that read() returns until b""."""
    found, tail = set(), b""
    longest = max(map(len, patterns.values()))
    while piece := read():
        piece = tail + piece
        found |= {name for name, p in patterns.items() if p in piece}
        tail = piece[-(longest - 1):]
    return found


def in_file(path, patterns):
    with open(path, "rb") as f:
        return in_stream(lambda: f.read(CHUNK), patterns)


def files_of(folder, since=0):
    """Regular files below a folder that were changed after `since`; what vanishes meanwhile, and
    what is another file system's (proc, sockets), is passed over."""
    for path, folders, names in os.walk(folder):
        folders[:] = [d for d in folders if not os.path.ismount(os.path.join(path, d))]
        for name in names:
            with contextlib.suppress(OSError):
                full = os.path.join(path, name)
                st = os.lstat(full)
                if stat.S_ISREG(st.st_mode) and st.st_mtime >= since and st.st_size < FILE_MOST:
                    yield full


def in_folder(folder, patterns, since=0):
    """{path: names} of the files with a pattern in them, in the name included; and how many were
    read."""
    found, n = {}, 0
    for path in files_of(folder, since):
        with contextlib.suppress(OSError):
            names = in_file(path, patterns) | {name for name, p in patterns.items()
                                               if p in os.fsencode(path)}
            n += 1
            if names:
                found[path] = names
    return found, n


def mappings(pid, rights_wanted):
    """(start, end) of those with these rights, "r" or "rw"."""
    for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
        span, rights = line.split()[:2]
        if rights.startswith(rights_wanted) and not line.endswith(KERNEL):
            start, end = (int(n, 16) for n in span.split("-"))
            yield start, end


def in_memory(pid, patterns, rights="r"):
    """Names of the patterns in a process's memory; empty when it has ended. With rights "rw" not in
    what is mapped read-only, which is program text and constants, and what the vault fed."""
    found = set()
    with contextlib.suppress(OSError), open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for start, end in mappings(pid, rights):
            with contextlib.suppress(OSError):
                mem.seek(start)
                left = [end - start]

                def read():
                    piece = mem.read(min(CHUNK, left[0])) if left[0] > 0 else b""
                    left[0] -= len(piece)
                    return piece
                found |= in_stream(read, patterns)
    return found


class Sampler:
    """Searches the memory of processes again and again, in a thread, until stopped."""

    def __init__(self, pids, patterns):
        self.pids, self.patterns = pids, patterns  # pids: function that gives {name: pid}
        self.found = {}
        self.rounds = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.ended.wait(0.03):
            for name, pid in self.pids().items():
                for hit in in_memory(pid, self.patterns, "rw"):
                    self.found.setdefault(name, set()).add(hit)
            self.rounds += 1

    def stop(self):
        self.ended.set()
        self.thread.join()
        return self.found
