//go:build !linux

package bpf

import "github.com/polluxio/pollux/sock/internal/linux"

const (
	soAttachFilter    = 0
	soDetachFilter    = 0
	soLockFilter      = 0
	soAttachReusePort = 0
	soDetachReusePort = 0
)

func attachProgram(int, int, []Instruction) error { return linux.Only("SO_ATTACH_FILTER") }
