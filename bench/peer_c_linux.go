package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

var errNoCompiler = errors.New("no C compiler: none of cc, gcc and clang is there")

// compilePeer builds a program in C into dir, with the first compiler there is. It returns the
// program and the first line of the compiler's version.
func compilePeer(dir, name string, text []byte) (program, compiler string, err error) {
	for _, cc := range []string{"cc", "gcc", "clang"} {
		if _, err := exec.LookPath(cc); err != nil {
			continue
		}
		source, program := filepath.Join(dir, name+".c"), filepath.Join(dir, name)
		if err := os.WriteFile(source, text, 0o666); err != nil {
			return "", "", err
		}
		if out, err := exec.Command(cc, "-O2", "-o", program, source).CombinedOutput(); err != nil {
			return "", "", fmt.Errorf("%s: %w: %s", cc, err, out)
		}
		version, err := exec.Command(cc, "--version").Output()
		if err != nil {
			return "", "", fmt.Errorf("%s --version: %w", cc, err)
		}
		first, _, _ := strings.Cut(string(version), "\n")
		return program, first + " -O2", nil
	}
	return "", "", errNoCompiler
}
