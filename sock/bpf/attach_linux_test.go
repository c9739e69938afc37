package bpf_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/bpf"
	"github.com/polluxio/pollux/sock/socktest"
)

// A packet for which the filter returns 0 is dropped, until the filter is removed. A locked filter
// stays.
func TestAttach(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.UDP.Pair(t)
	socktest.Must(t, a.SetTimeout(socktest.Patience))
	if err := bpf.Detach(a); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("no filter to take away: %v", err)
	}
	// On a UDP socket the packet begins with the header of 8 bytes.
	program, err := new(bpf.Assembler).
		Load(1, 8).If(bpf.BPF_JEQ, 'n', "drop", "").
		Ret(bpf.BPF_MAXINSNS).Label("drop").Ret(0).Program()
	socktest.Must(t, err)
	hear := func(want ...string) {
		t.Helper()
		for _, text := range []string{"no", "yes"} {
			if n, err := b.Send([]byte(text), 0); n != len(text) || err != nil {
				t.Fatalf("sent %d bytes of %q, %v", n, text, err)
			}
		}
		for _, text := range want {
			if p, err := a.Recv(10, 0); string(p) != text || err != nil {
				t.Fatalf("%q, %v, want %q", p, err, text)
			}
		}
	}
	hear("no", "yes")
	socktest.Must(t, bpf.Attach(a, program))
	hear("yes")
	socktest.Must(t, bpf.Detach(a))
	hear("no", "yes")
	socktest.Must(t, bpf.Attach(a, program))
	socktest.Must(t, bpf.Lock(a))
	for what, err := range map[string]error{"attach": bpf.Attach(a, program), "detach": bpf.Detach(a)} {
		if !errors.Is(err, syscall.EPERM) {
			t.Errorf("%s what is locked: %v", what, err)
		}
	}
	hear("yes")
	var arg *sock.ArgError
	if err := bpf.Attach(a, nil); !errors.As(err, &arg) {
		t.Errorf("no filter: %v", err)
	}
}

// A filter selects which of the sockets that share a port gets a datagram.
func TestAttachReusePort(t *testing.T) {
	socktest.Check(t)
	var sockets []*sock.Socket
	addr := sock.Inet("127.0.0.1", 0)
	for range 3 {
		s := socktest.UDP.New(t)
		socktest.Must(t, s.Setsockopt(sock.SOL_SOCKET, sock.SO_REUSEPORT, 1))
		socktest.Must(t, s.Bind(addr))
		socktest.Must(t, s.SetTimeout(socktest.Patience))
		addr = socktest.Name(t, s)
		sockets = append(sockets, s)
	}
	program := []bpf.Instruction{ // the first byte is the number of the socket
		bpf.Stmt(bpf.BPF_LD|bpf.BPF_B|bpf.BPF_ABS, 0),
		bpf.Stmt(bpf.BPF_RET|bpf.BPF_A, 0),
	}
	if err := bpf.DetachReusePort(sockets[0]); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("no filter to take away: %v", err)
	}
	socktest.Must(t, bpf.AttachReusePort(sockets[1], program))
	from := socktest.UDP.New(t)
	for range 3 {
		for i, s := range sockets {
			if n, err := from.Sendto([]byte{byte(i)}, 0, addr); n != 1 || err != nil {
				t.Fatalf("sent %d bytes, %v", n, err)
			}
			if p, err := s.Recv(10, 0); err != nil || p[0] != byte(i) {
				t.Errorf("socket %d: %v, %v", i, p, err)
			}
		}
	}
	socktest.Must(t, bpf.DetachReusePort(sockets[2]))
	var arg *sock.ArgError
	if err := bpf.AttachReusePort(sockets[0], nil); !errors.As(err, &arg) {
		t.Errorf("no filter: %v", err)
	}
	if err := bpf.AttachReusePort(socktest.UDP.New(t), program); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("a socket that shares nothing: %v", err)
	}
}
