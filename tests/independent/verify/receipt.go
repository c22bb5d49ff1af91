package main

import (
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const receiptHead = "c2sp.org/tlog-proof@v1\n"

// A receipt says that an entry is number index of the log whose signed checkpoint it carries.
type receipt struct {
	index      int64
	path       tlog.RecordProof
	checkpoint []byte
}

func parsePath(file string, lines []string) (tlog.RecordProof, error) {
	var path tlog.RecordProof
	for _, line := range lines {
		b, err := decode64(line)
		if err != nil || len(b) != tlog.HashSize {
			return nil, refuse("receipt", file, "a hash of the path is malformed")
		}
		var h tlog.Hash
		copy(h[:], b)
		path = append(path, h)
	}
	return path, nil
}

func parseReceipt(file string, text []byte) (*receipt, error) {
	body := strings.TrimPrefix(string(text), receiptHead)
	head, checkpoint, found := strings.Cut(body, "\n\n")
	if len(body) == len(text) || !found {
		return nil, refuse("receipt", file, "not a tlog-proof of version 1")
	}
	lines := strings.Split(head, "\n")
	if extra := strings.TrimPrefix(lines[0], "extra "); extra != lines[0] && len(lines) > 1 {
		if _, err := decode64(extra); err != nil { // not authenticated: only its form counts
			return nil, refuse("receipt", file, "the extra line is malformed")
		}
		lines = lines[1:]
	}
	index, ok := parseSize(strings.TrimPrefix(lines[0], "index "))
	if !ok || !strings.HasPrefix(lines[0], "index ") {
		return nil, refuse("receipt", file, "no index")
	}
	path, err := parsePath(file, lines[1:])
	return &receipt{index, path, []byte(checkpoint)}, err
}
