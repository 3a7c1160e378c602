// SPDX-License-Identifier: ISC
// The transparency log checked by code that is not ours: golang.org/x/mod/sumdb, which Go's checksum database is verified with.
//
//	verify_log KEY proof ENTRY <PROOF       a .tlog-proof of the entry whose bytes are in the file ENTRY
//	verify_log KEY tree CHECKPOINT <HASHES  that the hashes of the leaves, 32 bytes each, are the tree of the checkpoint
//	verify_log KEY prefix CHECKPOINT OLDER <HASHES  that the tree of the older checkpoint is the beginning of the newer one's
package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type checkpoint struct {
	size int64
	root tlog.Hash
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "DOES NOT HOLD:", err)
		os.Exit(1)
	}
}

// A signed note, whose text is an origin, a size, a root and lines that only its log understands (C2SP tlog-checkpoint).
func open(text []byte, verifier note.Verifier) checkpoint {
	n, err := note.Open(text, note.VerifierList(verifier))
	check(err)
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		check(errors.New("this is no checkpoint of " + verifier.Name()))
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	root, err := tlog.ParseHash(lines[2])
	check(err)
	return checkpoint{size, root}
}

func read(name string) []byte {
	text, err := os.ReadFile(name)
	check(err)
	return text
}

// Every hash of the tree over these leaves, as tlog stores them.
func stored(leaves []byte) tlog.HashReaderFunc {
	var all []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, i := range indexes {
			if i >= int64(len(all)) {
				return nil, errors.New("too few leaves")
			}
			out = append(out, all[i])
		}
		return out, nil
	})
	for n := 0; n+tlog.HashSize <= len(leaves); n += tlog.HashSize {
		var leaf tlog.Hash
		copy(leaf[:], leaves[n:])
		hashes, err := tlog.StoredHashesForRecordHash(int64(n/tlog.HashSize), leaf, reader)
		check(err)
		all = append(all, hashes...)
	}
	return reader
}

func main() {
	verifier, err := note.NewVerifier(os.Args[1])
	check(err)
	input, err := io.ReadAll(os.Stdin)
	check(err)
	switch os.Args[2] {
	case "proof":
		parts := strings.SplitN(string(input), "\n\n", 2)
		lines := strings.Split(parts[0], "\n")
		if len(parts) != 2 || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
			check(errors.New("this is no proof"))
		}
		index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
		check(err)
		var path tlog.RecordProof
		for _, line := range lines[2:] {
			raw, err := base64.StdEncoding.DecodeString(line)
			check(err)
			var hash tlog.Hash
			copy(hash[:], raw)
			path = append(path, hash)
		}
		under := open([]byte(parts[1]), verifier)
		check(tlog.CheckRecord(path, under.size, under.root, index, tlog.RecordHash(read(os.Args[3]))))
		fmt.Println("holds: entry", index, "of", under.size)
	case "tree", "prefix":
		reader, newer := stored(input), open(read(os.Args[3]), verifier)
		root, err := tlog.TreeHash(newer.size, reader)
		check(err)
		if root != newer.root {
			check(errors.New("the leaves are not those of the checkpoint"))
		}
		if os.Args[2] == "prefix" {
			older := open(read(os.Args[4]), verifier)
			proof, err := tlog.ProveTree(newer.size, older.size, reader)
			check(err)
			check(tlog.CheckTree(proof, newer.size, newer.root, older.size, older.root))
		}
		fmt.Println("holds: a tree of", newer.size)
	}
}
