// An independent verifier of logs in the form of tlog-tiles: nothing of it is the project's own code, all
// cryptography and all trees are those of golang.org/x/mod/sumdb.
//
//	verify -log VKEY [-witness VKEY] [-receipts DIR] [-older DIR] FOLDER
//	    the folder (checkpoint, tile/...) as it was exported or served, at rest: every signature, every hash
//	    tile, every bundle, partial ones too, the root, each receipt, and that each older checkpoint is one
//	    of this log's past. A file that a log of that size does not have is refused.
//	verify ... -mutate N -seed S
//	    then N mutants of all that: each must be refused.
//	verify ... -without CHECK
//	    leaves one check out: the control of the mutants.
//
// One line of JSON; 0 = all is well, 1 = it is not, 2 = it could not be looked at.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"sort"

	"golang.org/x/mod/sumdb/note"
)

type options struct {
	keys
	in     input
	off    without
	mutate int
	seed   int64
}

func readInput(folder, receipts, older string) (in input, err error) {
	if in.folder, err = readFolder(folder); err != nil {
		return in, err
	}
	if in.receipts, err = readFolder(receipts); err != nil {
		return in, err
	}
	in.older, err = readFolder(older)
	return in, err
}

func parseOptions() (o options, err error) {
	log := flag.String("log", "", "the log's verifier key")
	witness := flag.String("witness", "", "verifier key of a witness that must have cosigned")
	receipts := flag.String("receipts", "", "folder of receipts")
	older := flag.String("older", "", "folder of checkpoints seen before")
	off := flag.String("without", "", "leave this check out")
	flag.IntVar(&o.mutate, "mutate", 0, "number of mutants")
	flag.Int64Var(&o.seed, "seed", 1, "seed of the mutants")
	flag.Parse()
	if flag.NArg() != 1 {
		return o, refuse("usage", "", "one folder is wanted")
	}
	if at := sort.SearchStrings(switches, *off); *off != "" && (at == len(switches) || switches[at] != *off) {
		return o, refuse("usage", "", "no check %q; there are %v", *off, switches)
	}
	o.off = without{*off: true}
	if o.log, err = note.NewVerifier(*log); err != nil {
		return o, refuse("usage", "", "%v", err)
	}
	if *witness != "" {
		w, err := newCosigner(*witness)
		if err != nil {
			return o, err
		}
		o.witnesses = append(o.witnesses, w)
	}
	o.in, err = readInput(flag.Arg(0), *receipts, *older)
	return o, err
}

func show(v any) {
	line, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}

// fail says why, and ends with the status that goes with it.
func fail(err error, status int) {
	var f *fault
	if !errors.As(err, &f) {
		f = &fault{"other", "", err.Error()}
	}
	show(struct {
		OK bool `json:"ok"`
		*fault
	}{false, f})
	os.Exit(status)
}

func main() {
	o, err := parseOptions()
	if err != nil {
		fail(err, 2)
	}
	s, err := verify(&o.in, &o.keys, o.off)
	if err != nil {
		fail(err, 1)
	}
	if o.mutate == 0 {
		show(s)
		return
	}
	c := mutate(&o.in, &o.keys, o.off, o.mutate, o.seed)
	show(c)
	if !c.OK {
		os.Exit(1)
	}
}
