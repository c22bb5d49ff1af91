"""Writing tables: one CSV a catalogue table, columns as the catalogue names them."""
import pathlib

CHUNK = 200_000


class Sheet:
    """One table. Rows are finished lines; `bad` rows, which ingest must reject, come last."""

    def __init__(self, folder, name, columns, clean):
        self.path = pathlib.Path(folder) / f"health.{name}.csv"
        self.clean, self.rows, self.rejected = clean, 0, 0
        self.n_columns = columns.count(",") + 1
        self.out = open(self.path, "w", encoding="utf-8", newline="")
        self.out.write(columns + "\n")

    def add(self, lines):
        for at in range(0, len(lines), CHUNK):
            self.out.write("\n".join(lines[at:at + CHUNK]) + "\n")
        self.rows += len(lines)

    def reject(self, lines):
        if not self.clean:
            self.out.write("".join(line + "\n" for line in lines))
            self.rejected += len(lines)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.out.close()


class Pool:
    """A fixed stock of row ends with flags: drawing from it is fast, and what was drawn is counted."""

    def __init__(self, rng, lines, flags=None):
        self.rng, self.lines, self.flags = rng, lines, flags

    def draw(self, n):
        """(lines, sums of their flags)."""
        picked = self.rng.choices(range(len(self.lines)), k=n)
        lines = self.lines
        if self.flags is None:
            return [lines[i] for i in picked], ()
        sums = [sum(map(f.__getitem__, picked)) for f in self.flags]
        return [lines[i] for i in picked], sums


def quota(rng, n, k):
    """n flags, exactly k of them set."""
    flags = bytearray(n)
    for i in rng.sample(range(n), k):
        flags[i] = 1
    return flags


def text(flag):
    return "true" if flag else "false"


BOOL = ("false", "true")
