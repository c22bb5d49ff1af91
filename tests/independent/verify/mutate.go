package main

import (
	"bytes"
	"math/rand"
	"sort"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
)

// A change of one file: what kind, and the file's new bytes; nil when the kind does not apply to it.
type change struct {
	kind string
	make func(r *rand.Rand, b []byte) []byte
}

func clone(b []byte) []byte { return append([]byte{}, b...) }

// The first is what most mutants are.
var changes = []change{
	{"byte", func(r *rand.Rand, b []byte) []byte {
		b = clone(b)
		b[r.Intn(len(b))] ^= byte(1 + r.Intn(255))
		return b
	}},
	{"bit", func(r *rand.Rand, b []byte) []byte {
		b = clone(b)
		b[r.Intn(len(b))] ^= byte(1) << r.Intn(8)
		return b
	}},
	{"insert", func(r *rand.Rand, b []byte) []byte {
		at := r.Intn(len(b) + 1)
		return append(append(clone(b[:at]), byte(r.Intn(256))), b[at:]...)
	}},
	{"delete", func(r *rand.Rand, b []byte) []byte {
		at := r.Intn(len(b))
		return append(clone(b[:at]), b[at+1:]...)
	}},
	{"cut", func(r *rand.Rand, b []byte) []byte { return clone(b[:r.Intn(len(b))]) }},
}

// A place is one file of one of the three maps.
type place struct {
	group int
	name  string
}

func (in *input) groups() []files { return []files{in.folder, in.receipts, in.older} }

func places(in *input) []place {
	var all []place
	for g, group := range in.groups() {
		for name, b := range group {
			if len(b) > 0 {
				all = append(all, place{g, name})
			}
		}
	}
	sort.Slice(all, func(i, j int) bool {
		a, b := all[i], all[j]
		return a.group < b.group || a.group == b.group && a.name < b.name
	})
	return all
}

// with returns a copy of the input in which one file is another. The original is not touched.
func (in *input) with(p place, b []byte) *input {
	out := *in
	for g, group := range []*files{&out.folder, &out.receipts, &out.older} {
		if g != p.group {
			continue
		}
		copied := make(files, len(*group))
		for name, old := range *group {
			copied[name] = old
		}
		copied[p.name] = b
		*group = copied
	}
	return &out
}

// A mutant is an input that differs, and how.
type mutant struct {
	Kind   string `json:"kind"`
	File   string `json:"file"`
	Seed   int64  `json:"seed"`
	input  *input
	single bool // one byte was replaced by another
}

// changed makes a mutant by one of the changes: two of three replace a single byte. One file in eight is the
// checkpoint, because most folders have hundreds of others.
func changed(in *input, all []place, r *rand.Rand) *mutant {
	p := all[r.Intn(len(all))]
	if r.Intn(8) == 0 {
		p = place{0, "checkpoint"}
	}
	c := changes[0]
	if r.Intn(3) == 0 {
		c = changes[r.Intn(len(changes))]
	}
	old := in.groups()[p.group][p.name]
	b := c.make(r, old)
	if bytes.Equal(old, b) { // an inserted byte may stand beside its like at the end
		return nil
	}
	return &mutant{Kind: c.kind, File: p.name, input: in.with(p, b), single: len(b) == len(old)}
}

// swapped exchanges two entries of a bundle, two hashes of a tile, or the contents of two files. (Names of
// receipts and of older checkpoints mean nothing, so these are left where they are.)
func swapped(in *input, all []place, r *rand.Rand) *mutant {
	n := sort.Search(len(all), func(i int) bool { return all[i].group > 0 })
	a, b := all[r.Intn(n)], all[r.Intn(n)]
	x, y := in.folder[a.name], in.folder[b.name]
	tile, ok := parseTilePath(a.name)
	if ok && r.Intn(2) == 0 {
		return reordered(in, a, tile, r)
	}
	if bytes.Equal(x, y) {
		return nil
	}
	return &mutant{Kind: "swap-files", File: a.name + " " + b.name, input: in.with(a, y).with(b, x)}
}

func reordered(in *input, p place, t tlog.Tile, r *rand.Rand) *mutant {
	old := in.folder[p.name]
	parts := partsOf(old, t)
	i, j := r.Intn(len(parts)), r.Intn(len(parts))
	parts[i], parts[j] = parts[j], parts[i]
	b := bytes.Join(parts, nil)
	if bytes.Equal(old, b) {
		return nil
	}
	return &mutant{Kind: "swap-parts", File: p.name, input: in.with(p, b)}
}

// partsOf cuts a tile into its hashes and a bundle into its entries, lengths included.
func partsOf(b []byte, t tlog.Tile) (parts [][]byte) {
	at := 0
	if t.L == entries {
		_, ends, _ := splitBundle("", b, t.W)
		for _, end := range ends {
			parts = append(parts, b[at:end])
			at = end
		}
		return parts
	}
	for ; at < len(b); at += tlog.HashSize {
		parts = append(parts, b[at:at+tlog.HashSize])
	}
	return parts
}

// What became of the mutants. None may survive.
type campaign struct {
	OK        bool           `json:"ok"`
	Mutants   int            `json:"mutants"`
	Single    int            `json:"single"` // of these, one byte was replaced
	Kinds     map[string]int `json:"kinds"`
	Codes     map[string]int `json:"codes"` // what they were refused for
	Survivors []*mutant      `json:"survivors"`
}

func (c *campaign) count(m *mutant, err error) {
	c.Mutants++
	c.Kinds[m.Kind]++
	if m.single {
		c.Single++
	}
	if f, ok := err.(*fault); ok {
		c.Codes[f.Code]++
	} else if err != nil {
		c.Codes["other"]++
	} else {
		c.Survivors = append(c.Survivors, m)
	}
}

// mutantOf: the mutant with this seed; the same for the same input, whatever the others are.
func mutantOf(in *input, all []place, seed int64) *mutant {
	for r := rand.New(rand.NewSource(seed)); ; {
		make := changed
		if r.Intn(10) == 0 {
			make = swapped
		}
		if m := make(in, all, r); m != nil {
			m.Seed = seed
			return m
		}
	}
}

// mutate verifies n mutants, two at a time, each as a whole and from nothing.
func mutate(in *input, k *keys, off without, n int, seed int64) *campaign {
	c := &campaign{Kinds: map[string]int{}, Codes: map[string]int{}, Survivors: []*mutant{}}
	all := places(in)
	var lock sync.Mutex
	var group sync.WaitGroup
	const workers = 2
	for w := 0; w < workers; w++ {
		group.Add(1)
		go func(w int) {
			defer group.Done()
			for i := w; i < n; i += workers {
				m := mutantOf(in, all, seed+int64(i))
				_, err := verify(m.input, k, off)
				lock.Lock()
				c.count(m, err)
				lock.Unlock()
			}
		}(w)
	}
	group.Wait()
	c.OK = len(c.Survivors) == 0
	return c
}
