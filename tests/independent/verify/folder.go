package main

import (
	"encoding/binary"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	height  = 8 // of tiles: 256 hashes
	width   = 1 << height
	entries = -1 // the level of entry bundles
)

// What is verified, each file by its name: the log's folder, receipts, and checkpoints seen before.
type files map[string][]byte

type input struct {
	folder, receipts, older files
}

// readFolder reads every file below a folder. Nothing there may be anything but folder or file.
func readFolder(dir string) (files, error) {
	all := files{}
	if dir == "" {
		return all, nil
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if !d.Type().IsRegular() {
			return refuse("name", name, "not a regular file")
		}
		all[filepath.ToSlash(name)], err = os.ReadFile(path)
		return err
	})
	return all, err
}

// tilePath is tlog-tiles' name of a tile, which has no height in it and says "entries", not "data".
func tilePath(t tlog.Tile) string {
	path := strings.TrimPrefix(t.Path(), "tile/8/")
	return "tile/" + strings.Replace(path, "data/", "entries/", 1)
}

func parseTilePath(path string) (tlog.Tile, bool) {
	rest := strings.TrimPrefix(path, "tile/")
	if rest == path || strings.HasPrefix(rest, "data/") {
		return tlog.Tile{}, false
	}
	theirs := "tile/8/" + strings.Replace(rest, "entries/", "data/", 1)
	t, err := tlog.ParseTilePath(theirs)
	return t, err == nil && tilePath(t) == path
}

// inLevel is how many hashes (or entries) a level holds in a log of this size.
func inLevel(level int, size int64) int64 {
	if level == entries {
		return size
	}
	return size >> (height * uint(level))
}

// widest lists a level's tiles: all that are full, then the partial one.
func widest(level int, size int64) []tlog.Tile {
	var tiles []tlog.Tile
	n := inLevel(level, size)
	for i := int64(0); i < n; i += width {
		w := n - i
		if w > width {
			w = width
		}
		tiles = append(tiles, tlog.Tile{H: height, L: level, N: i / width, W: int(w)})
	}
	return tiles
}

// checkNames: every file is one that a log of this size has, or had, and nothing is missing.
func checkNames(folder files, size int64, off without) error {
	for name := range folder {
		t, ok := parseTilePath(name)
		if name == "checkpoint" || ok && t.N*width+int64(t.W) <= inLevel(t.L, size) {
			continue
		}
		if !off["names"] {
			return refuse("name", name, "not a file of a log of %d entries", size)
		}
	}
	for level := entries; level <= 0 || inLevel(level, size) > 0; level++ {
		for _, t := range widest(level, size) {
			if _, ok := folder[tilePath(t)]; !ok {
				return refuse("missing", tilePath(t), "a log of %d entries has this file", size)
			}
		}
	}
	return nil
}

// splitBundle cuts a bundle into exactly n entries; ends[i] is where entry i ends.
func splitBundle(file string, b []byte, n int) (records [][]byte, ends []int, err error) {
	at := 0
	for i := 0; i < n; i++ {
		if len(b)-at < 2 || len(b)-at-2 < int(binary.BigEndian.Uint16(b[at:])) {
			return nil, nil, refuse("bundle", file, "ends within entry %d of %d", i, n)
		}
		end := at + 2 + int(binary.BigEndian.Uint16(b[at:]))
		records = append(records, b[at+2:end])
		ends = append(ends, end)
		at = end
	}
	if at != len(b) {
		return nil, nil, refuse("bundle", file, "%d bytes behind the last entry", len(b)-at)
	}
	return records, ends, nil
}

// A tileReader hands a folder's hash tiles to package tlog. A partial tile that gave way to a wider one is the
// beginning of that.
type tileReader struct{ folder files }

func (r tileReader) Height() int                     { return height }
func (r tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

func (r tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	all := make([][]byte, len(tiles))
	for i, t := range tiles {
		for w := t.W; w <= width && all[i] == nil; w++ {
			wider := tlog.Tile{H: t.H, L: t.L, N: t.N, W: w}
			if b := r.folder[tilePath(wider)]; len(b) >= t.W*tlog.HashSize {
				all[i] = b[:t.W*tlog.HashSize]
			}
		}
		if all[i] == nil {
			return nil, refuse("missing", tilePath(t), "no such tile, nor a wider one")
		}
	}
	return all, nil
}
