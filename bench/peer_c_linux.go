package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// errCannotBuild is why a server is left out: a compiler, a module or the source is missing.
var errCannotBuild = errors.New("it cannot be built here")

// build builds a server that is a program of its own into dir. It returns its path and, of one in
// C, the compiler.
func (i impl) build(dir string) (program, compiler string, err error) {
	if i.Package == "" {
		return compilePeer(dir, i.Name, i.C)
	}
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/polluxio/pollux").Output()
	if err != nil {
		return "", "", fmt.Errorf("%w: this is not the folder of its source, or there is no go: %w", errCannotBuild, err)
	}
	program = filepath.Join(dir, strings.ReplaceAll(i.Package, "/", "-"))
	cmd := exec.Command("go", "build", "-o", program, ".")
	cmd.Dir = filepath.Join(strings.TrimSpace(string(root)), filepath.FromSlash(i.Package))
	if out, err := cmd.CombinedOutput(); err != nil {
		first, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
		return "", "", fmt.Errorf("%w: go build: %w: %s", errCannotBuild, err, first)
	}
	return program, "", nil
}

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
	return "", "", fmt.Errorf("%w: none of cc, gcc and clang is there", errCannotBuild)
}
