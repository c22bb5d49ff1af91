package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"sort"

	"golang.org/x/mod/sumdb/tlog"
)

// What was verified.
type summary struct {
	OK          bool   `json:"ok"`
	Origin      string `json:"origin"`
	Size        int64  `json:"size"`
	Root        string `json:"root"`
	Files       int    `json:"files"`
	Receipts    int    `json:"receipts"`
	Checkpoints int    `json:"checkpoints"`
	Pairs       int    `json:"pairs"` // of checkpoints, one proved to be a prefix of the other
}

// A tree is a log as its entries, and nothing else, say it is.
type tree struct {
	tlog.Tree
	hashes []tlog.Hash // of all levels, in the order of package tlog
	leaves []tlog.Hash
}

func (t *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		if at < 0 || at >= int64(len(t.hashes)) {
			return nil, errors.New("no such hash")
		}
		out[i] = t.hashes[at]
	}
	return out, nil
}

// rootAt is the root of the first n entries.
func (t *tree) rootAt(n int64) (tlog.Hash, error) {
	if n == 0 {
		return emptyRoot(), nil
	}
	return tlog.TreeHash(n, t)
}

func (t *tree) add(record []byte) error {
	leaf := tlog.RecordHash(record)
	more, err := tlog.StoredHashesForRecordHash(t.N, leaf, t)
	if err != nil {
		return err
	}
	t.hashes = append(t.hashes, more...)
	t.leaves = append(t.leaves, leaf)
	t.N++
	return nil
}

// checkPartials: each narrower form of a bundle is the beginning of the widest.
func checkPartials(folder files, t tlog.Tile, whole []byte, ends []int, off without) error {
	for w := 1; w < t.W && !off["partials"]; w++ {
		path := tilePath(tlog.Tile{H: height, L: t.L, N: t.N, W: w})
		if b, ok := folder[path]; ok && !bytes.Equal(b, whole[:ends[w-1]]) {
			return refuse("bundle", path, "not the beginning of %s", tilePath(t))
		}
	}
	return nil
}

// readEntries builds the tree of all entries and compares its root with the signed one.
func readEntries(folder files, signed tlog.Tree, off without) (*tree, error) {
	t := &tree{}
	for _, tile := range widest(entries, signed.N) {
		whole := folder[tilePath(tile)]
		records, ends, err := splitBundle(tilePath(tile), whole, tile.W)
		if err != nil {
			return nil, err
		}
		if err := checkPartials(folder, tile, whole, ends, off); err != nil {
			return nil, err
		}
		for _, record := range records {
			if err := t.add(record); err != nil {
				return nil, err
			}
		}
	}
	root, err := t.rootAt(signed.N)
	if err == nil && root != signed.Hash {
		err = refuse("root", "checkpoint", "the entries give another root than was signed")
	}
	t.Hash = root
	return t, err
}

// checkTiles compares every hash tile in the folder, partial ones too, with what the entries say.
func checkTiles(folder files, t *tree) error {
	for name, got := range folder {
		tile, ok := parseTilePath(name)
		if !ok || tile.L == entries {
			continue
		}
		want, err := tlog.ReadTileData(tile, t)
		if err != nil || !bytes.Equal(got, want) {
			return refuse("tile", name, "not the hashes of the entries")
		}
	}
	return nil
}

// checkOlder: a checkpoint seen before must be one of this log's past, proved from its published tiles.
func checkOlder(file string, old tlog.Tree, folder files, t *tree) error {
	if old.N > t.N {
		return refuse("rollback", file, "the log had %d entries and now has %d", old.N, t.N)
	}
	root, err := t.rootAt(old.N)
	if err != nil {
		return err
	}
	if root != old.Hash {
		return refuse("fork", file, "another history of %d entries was signed", old.N)
	}
	return checkGrowth(file, old, t.Tree, folder)
}

// checkGrowth makes the proof that one tree is a prefix of the other from the folder's tiles, and checks it.
func checkGrowth(file string, before, after tlog.Tree, folder files) error {
	if before.N == 0 {
		return nil // parseTree has seen its root; there is no proof from nothing
	}
	proof, err := tlog.ProveTree(after.N, before.N, tlog.TileHashReader(after, tileReader{folder}))
	if err != nil {
		return refuse("tile", file, "no proof of consistency: %v", err)
	}
	if err := tlog.CheckTree(proof, after.N, after.Hash, before.N, before.Hash); err != nil {
		return refuse("fork", file, "%d entries are not the beginning of %d", before.N, after.N)
	}
	return nil
}

// checkReceipt: it holds by itself for the entry in the bundles, and so does a new proof under today's root.
func checkReceipt(file string, r *receipt, at tlog.Tree, folder files, t *tree) error {
	if r.index >= at.N {
		return refuse("receipt", file, "entry %d of a log of %d", r.index, at.N)
	}
	if err := checkOlder(file, at, folder, t); err != nil {
		return err
	}
	if tlog.CheckRecord(r.path, at.N, at.Hash, r.index, t.leaves[r.index]) != nil {
		return refuse("receipt", file, "the path does not lead from entry %d to the root", r.index)
	}
	path, err := tlog.ProveRecord(t.N, r.index, tlog.TileHashReader(t.Tree, tileReader{folder}))
	if err != nil || tlog.CheckRecord(path, t.N, t.Hash, r.index, t.leaves[r.index]) != nil {
		return refuse("tile", file, "the tiles prove entry %d no longer", r.index)
	}
	return nil
}

// past verifies receipts and older checkpoints, and returns the checkpoints of both.
func past(in *input, k *keys, t *tree, off without) (seen []tlog.Tree, err error) {
	for name, b := range in.older {
		old, err := openCheckpoint(name, b, k.log, nil, off)
		if err == nil && !off["older"] {
			err = checkOlder(name, old, in.folder, t)
		}
		if err != nil {
			return nil, err
		}
		seen = append(seen, old)
	}
	for name, b := range in.receipts {
		if off["receipts"] {
			continue
		}
		r, err := parseReceipt(name, b)
		if err != nil {
			return nil, err
		}
		at, err := openCheckpoint(name, r.checkpoint, k.log, nil, off)
		if err != nil {
			return nil, err
		}
		if err := checkReceipt(name, r, at, in.folder, t); err != nil {
			return nil, err
		}
		seen = append(seen, at)
	}
	return seen, nil
}

// checkPairs proves each checkpoint to be a prefix of the next, by the tiles as the later one knew them.
func checkPairs(seen []tlog.Tree, folder files) (int, error) {
	sort.Slice(seen, func(i, j int) bool { return seen[i].N < seen[j].N })
	for i := 1; i < len(seen); i++ {
		if err := checkGrowth("checkpoint", seen[i-1], seen[i], folder); err != nil {
			return 0, err
		}
	}
	return len(seen) - 1, nil
}

// verify is the whole of it: names, signatures, bundles, root, tiles, the past, consistency.
func verify(in *input, k *keys, off without) (*summary, error) {
	signed, err := openCheckpoint("checkpoint", in.folder["checkpoint"], k.log, k.witnesses, off)
	if err != nil {
		return nil, err
	}
	if err := checkNames(in.folder, signed.N, off); err != nil {
		return nil, err
	}
	t, err := readEntries(in.folder, signed, off)
	if err != nil {
		return nil, err
	}
	if !off["tiles"] {
		if err := checkTiles(in.folder, t); err != nil {
			return nil, err
		}
	}
	seen, err := past(in, k, t, off)
	if err != nil {
		return nil, err
	}
	pairs := 0
	if !off["older"] {
		pairs, err = checkPairs(append(seen, t.Tree), in.folder)
	}
	return &summary{OK: true, Origin: k.log.Name(), Size: t.N,
		Root: base64.StdEncoding.EncodeToString(t.Hash[:]), Files: len(in.folder),
		Receipts: len(in.receipts), Checkpoints: len(in.older), Pairs: pairs}, err
}
