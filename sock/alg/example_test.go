package alg_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"log"
	"os"
	"syscall"

	"github.com/polluxio/pollux/sock/alg"
)

// kernelSum returns the SHA-256 of text, made by the kernel.
func kernelSum(text []byte) ([]byte, error) {
	hash, err := alg.NewHash("sha256")
	if err != nil {
		return nil, err
	}
	defer hash.Close()
	op, err := hash.Operation()
	if err != nil {
		return nil, err
	}
	defer op.Close()
	if _, err := op.Send(text, 0); err != nil {
		return nil, err
	}
	return op.Recv(sha256.Size, 0)
}

// A program that must run on every system has another implementation for a kernel without AF_ALG.
func ExampleNewHash() {
	text := []byte("hello")
	sum, err := kernelSum(text)
	switch {
	case errors.Is(err, errors.ErrUnsupported), errors.Is(err, syscall.ENOENT), errors.Is(err, os.ErrPermission):
		own := sha256.Sum256(text)
		sum = own[:]
	case err != nil:
		log.Fatal(err)
	}
	fmt.Printf("%x\n", sum[:8])
	// Output: 2cf24dba5fb0a30e
}
