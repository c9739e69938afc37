package bpf_test

import (
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/bpf"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestClosed(t *testing.T) {
	drop := []bpf.Instruction{bpf.Stmt(bpf.BPF_RET, 0)}
	socktest.Closed(t, map[string]func(*sock.Socket) error{
		"Attach":          func(s *sock.Socket) error { return bpf.Attach(s, drop) },
		"AttachReusePort": func(s *sock.Socket) error { return bpf.AttachReusePort(s, drop) },
		"DetachReusePort": bpf.DetachReusePort,
		"Detach":          bpf.Detach,
		"Lock":            bpf.Lock,
	})
}
