// Sha256sum is sha256sum(1) with the kernel's cryptography: AF_ALG, on Linux. Without arguments,
// and for -, it reads standard input.
//
//	go run ./examples/sha256sum README.md
//
// If the kernel lacks it, the error says what is missing.
//
// Needs: Linux with af_alg and algif_hash.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/polluxio/pollux/sock/alg"
)

func main() {
	names := os.Args[1:]
	if len(names) == 0 {
		names = []string{"-"}
	}
	sha256, err := alg.NewHash("sha256")
	check(err)
	for _, name := range names {
		file := os.Stdin
		if name != "-" {
			file, err = os.Open(name)
			check(err)
		}
		digest, err := sum(sha256, file)
		check(err)
		fmt.Printf("%x  %s\n", digest, name)
		file.Close()
	}
}

// sum returns the digest of everything that r returns.
func sum(sha256 *alg.Algorithm, r io.Reader) ([]byte, error) {
	op, err := sha256.Operation()
	if err != nil {
		return nil, err
	}
	defer op.Close()
	if _, err := io.Copy(op, r); err != nil {
		return nil, err
	}
	return op.Recv(32, 0)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "sha256sum:", err)
		os.Exit(1)
	}
}
