package sock_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// A filter drops what it answers 0 to, until it is taken away; once locked it stays.
func TestAttachFilter(t *testing.T) {
	socktest.Check(t)
	a, b := socktest.UDP.Pair(t)
	socktest.Must(t, a.SetTimeout(socktest.Patience))
	if err := a.DetachFilter(); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("no filter to take away: %v", err)
	}
	// On a socket of UDP the header of 8 bytes comes first.
	program, err := new(sock.BPFAssembler).
		Load(1, 8).If(sock.BPF_JEQ, 'n', "drop", "").
		Ret(sock.BPF_MAXINSNS).Label("drop").Ret(0).Program()
	socktest.Must(t, err)
	hear := func(want ...string) {
		t.Helper()
		for _, text := range []string{"no", "yes"} {
			socktest.Must(t, wantN(len(text))(b.Send([]byte(text), 0)))
		}
		for _, text := range want {
			if p, err := a.Recv(10, 0); string(p) != text || err != nil {
				t.Fatalf("%q, %v, want %q", p, err, text)
			}
		}
	}
	hear("no", "yes")
	socktest.Must(t, a.AttachFilter(program))
	hear("yes")
	socktest.Must(t, a.DetachFilter())
	hear("no", "yes")
	socktest.Must(t, a.AttachFilter(program))
	socktest.Must(t, a.LockFilter())
	for what, err := range map[string]error{"attach": a.AttachFilter(program), "detach": a.DetachFilter()} {
		if !errors.Is(err, syscall.EPERM) {
			t.Errorf("%s what is locked: %v", what, err)
		}
	}
	hear("yes")
	var arg *sock.ArgError
	if err := a.AttachFilter(nil); !errors.As(err, &arg) {
		t.Errorf("no filter: %v", err)
	}
}

// A filter says which of the sockets that share a port gets a datagram.
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
	program := []sock.BPFInstruction{ // the first byte is the number of the socket
		sock.BPFStmt(sock.BPF_LD|sock.BPF_B|sock.BPF_ABS, 0),
		sock.BPFStmt(sock.BPF_RET|sock.BPF_A, 0),
	}
	if err := sockets[0].DetachReusePort(); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("no filter to take away: %v", err)
	}
	socktest.Must(t, sockets[1].AttachReusePort(program))
	from := socktest.UDP.New(t)
	for range 3 {
		for i, s := range sockets {
			socktest.Must(t, wantN(1)(from.Sendto([]byte{byte(i)}, 0, addr)))
			if p, err := s.Recv(10, 0); err != nil || p[0] != byte(i) {
				t.Errorf("socket %d: %v, %v", i, p, err)
			}
		}
	}
	socktest.Must(t, sockets[2].DetachReusePort())
	var arg *sock.ArgError
	if err := sockets[0].AttachReusePort(nil); !errors.As(err, &arg) {
		t.Errorf("no filter: %v", err)
	}
	if err := socktest.UDP.New(t).AttachReusePort(program); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("a socket that shares nothing: %v", err)
	}
}
