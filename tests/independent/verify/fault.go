package main

import "fmt"

// A fault is why something is refused: what kind, which file, in a sentence.
type fault struct {
	Code   string `json:"code"`
	File   string `json:"file"`
	Reason string `json:"reason"`
}

func (f *fault) Error() string { return f.Code + ": " + f.File + ": " + f.Reason }

func refuse(code, file, format string, args ...any) error {
	return &fault{code, file, fmt.Sprintf(format, args...)}
}

// Checks that the negative controls switch off, one at a time, to see that mutants notice it.
type without map[string]bool

var switches = []string{"canonical", "cosignatures", "names", "older", "partials", "receipts", "tiles"}
