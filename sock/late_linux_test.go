package sock_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

// The last data and the end may arrive together, after the EAGAIN of a receive and before its look
// at the socket's state. The data comes first.
func TestLastDataBeforeTheEnd(t *testing.T) {
	socktest.Check(t)
	for _, kind := range socktest.Kinds {
		t.Run(kind.Name, func(t *testing.T) {
			a, b := kind.Pair(t)
			lastDataBeforeTheEnd(t, a, b)
		})
	}
	for name, row := range map[string]struct {
		family   sock.Family
		typ      sock.Type
		proto    sock.Protocol
		bind, to sock.Addr
	}{
		"sctp":           {sock.AF_INET, sock.SOCK_STREAM, sock.IPPROTO_SCTP, sock.Inet("127.0.0.1", 20391), sock.Inet("127.0.0.1", 20391)},
		"tipc":           {sock.AF_TIPC, sock.SOCK_STREAM, 0, sock.TIPCNameseq(20391, 1, 1), sock.TIPCName(20391, 1, 0)},
		"tipc seqpacket": {sock.AF_TIPC, sock.SOCK_SEQPACKET, 0, sock.TIPCNameseq(20392, 1, 1), sock.TIPCName(20392, 1, 0)},
		"vsock":          {sock.AF_VSOCK, sock.SOCK_STREAM, 0, sock.Vsock(sock.VMADDR_CID_LOCAL, 20391), sock.Vsock(sock.VMADDR_CID_LOCAL, 20391)},
	} {
		t.Run(name, func(t *testing.T) {
			listener, err := sock.New(row.family, row.typ, row.proto)
			if err == nil {
				defer listener.Close()
				err = listener.Bind(row.bind)
			}
			for _, missing := range []error{syscall.EAFNOSUPPORT, syscall.EPROTONOSUPPORT, syscall.EADDRNOTAVAIL} {
				if errors.Is(err, missing) {
					t.Skipf("%v: internal/rigs/run has it", err)
				}
			}
			socktest.Must(t, err)
			socktest.Must(t, listener.Listen(1))
			b, err := sock.New(row.family, row.typ, row.proto)
			socktest.Must(t, err)
			defer b.Close()
			var a *sock.Socket
			accepted := socktest.Start(func() (err error) { // TIPC connects when the other side has accepted
				a, _, err = listener.Accept()
				return err
			})
			socktest.Must(t, b.Connect(row.to))
			socktest.Must(t, accepted.Wait(t))
			defer a.Close()
			lastDataBeforeTheEnd(t, a, b)
		})
	}
}

func lastDataBeforeTheEnd(t *testing.T, a, b *sock.Socket) {
	t.Helper()
	_, err := b.Send([]byte("last"), 0)
	socktest.Must(t, err)
	_, err = a.Recv(1, sock.MSG_PEEK) // it has arrived
	socktest.Must(t, err)
	ends := b
	if a.Type() == sock.SOCK_DGRAM {
		ends = a // the end of datagrams is the receiver's own
	}
	socktest.Must(t, ends.Shutdown(sock.SHUT_RDWR))
	if err := sock.EndAfterEAGAIN(a); err != loop.ErrAgain {
		t.Errorf("with data in the queue: %v, want %v", err, loop.ErrAgain)
	}
	if p, err := a.Recv(9, 0); string(p) != "last" || err != nil {
		t.Errorf("the data: %q, %v", p, err)
	}
}
