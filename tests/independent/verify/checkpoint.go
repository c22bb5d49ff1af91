package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const cosignatureType = 4

// Who must have signed: the log everything, the witnesses the folder's own checkpoint.
type keys struct {
	log       note.Verifier
	witnesses []note.Verifier
}

// A cosigner verifies cosignature/v1, which package note does not know: eight bytes of time before the
// signature, which covers the time and the whole text.
type cosigner struct {
	name string
	id   uint32
	key  ed25519.PublicKey
}

func (c *cosigner) Name() string    { return c.name }
func (c *cosigner) KeyHash() uint32 { return c.id }

func (c *cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	head := fmt.Sprintf("cosignature/v1\ntime %d\n", binary.BigEndian.Uint64(sig))
	return ed25519.Verify(c.key, append([]byte(head), msg...), sig[8:])
}

func newCosigner(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 || parts[0] == "" {
		return nil, refuse("usage", "", "not a verifier key: %q", vkey)
	}
	key, err := decode64(parts[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != cosignatureType {
		return nil, refuse("usage", "", "not the key of a cosigner: %q", vkey)
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	if parts[1] != fmt.Sprintf("%x", sum[:4]) {
		return nil, refuse("usage", "", "the key id is not that of the key: %q", vkey)
	}
	return &cosigner{parts[0], binary.BigEndian.Uint32(sum[:4]), key[1:]}, nil
}

// decode64 takes the one encoding that an encoder makes: package base64 skips line ends, and ignores the
// bits that the last character has to spare.
func decode64(s string) ([]byte, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err == nil && base64.StdEncoding.EncodeToString(b) != s {
		err = base64.CorruptInputError(0)
	}
	return b, err
}

func parseSize(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n >= 0 && strconv.FormatInt(n, 10) == s
}

// emptyRoot is SHA-256 of nothing; tlog.TreeHash says zeros there.
func emptyRoot() tlog.Hash { return sha256.Sum256(nil) }

func parseTree(file, text, origin string) (tlog.Tree, error) {
	var tree tlog.Tree
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return tree, refuse("note", file, "a checkpoint has three lines, and this one %d", len(lines)-1)
	}
	if lines[0] != origin {
		return tree, refuse("origin", file, "the origin is %q, and the key's name %q", lines[0], origin)
	}
	size, ok := parseSize(lines[1])
	root, err := decode64(lines[2])
	if !ok || err != nil || len(root) != tlog.HashSize {
		return tree, refuse("note", file, "size or root is malformed")
	}
	tree.N = size
	copy(tree.Hash[:], root)
	if size == 0 && tree.Hash != emptyRoot() {
		return tree, refuse("root", file, "this is not the root of an empty log")
	}
	return tree, nil
}

// Every signature line once and in its one encoding. (Package note drops lines that come twice, and its
// base64 has several encodings of the same signature.)
func checkLines(file string, signed []byte) error {
	seen := map[string]bool{}
	at := bytes.LastIndex(signed, []byte("\n\n"))
	for _, line := range strings.Split(strings.TrimSuffix(string(signed[at+2:]), "\n"), "\n") {
		_, err := decode64(line[strings.LastIndex(line, " ")+1:])
		if err != nil || seen[line] {
			return refuse("note", file, "a signature line is not canonical, or comes twice")
		}
		seen[line] = true
	}
	return nil
}

func hasSigned(n *note.Note, v note.Verifier) bool {
	for _, s := range n.Sigs {
		if s.Name == v.Name() && s.Hash == v.KeyHash() {
			return true
		}
	}
	return false
}

// openCheckpoint verifies a signed checkpoint under the log's key and the given witnesses' keys, all of which
// must have signed. Lines of other keys are ignored, as the format asks.
func openCheckpoint(file string, signed []byte, log note.Verifier, witnesses []note.Verifier,
	off without) (tlog.Tree, error) {
	if off["cosignatures"] {
		witnesses = nil
	}
	all := append([]note.Verifier{log}, witnesses...)
	n, err := note.Open(signed, note.VerifierList(all...))
	if err != nil {
		return tlog.Tree{}, refuse("signature", file, "%v", err)
	}
	for _, v := range all {
		if !hasSigned(n, v) {
			return tlog.Tree{}, refuse("signature", file, "%s has not signed", v.Name())
		}
	}
	if err := checkLines(file, signed); err != nil && !off["canonical"] {
		return tlog.Tree{}, err
	}
	return parseTree(file, n.Text, log.Name())
}
