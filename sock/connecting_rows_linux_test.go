package sock

import (
	"errors"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux"
)

// Each kind of socket gets its row.
func TestConnectRuleOf(t *testing.T) {
	for _, tt := range []struct {
		system             string
		family, typ, proto int32
		proof              connectProof
		conclude           bool
		reset              connectReset
	}{
		{"linux", 2, 1, 0, proofNone, true, resetUnspec},
		{"linux", 10, 1, 6, proofNone, true, resetUnspec},
		{"linux", 2, 1, 262, proofPeer, true, resetUnspec}, // MPTCP
		{"linux", 2, 1, 132, proofNone, false, resetNone},
		{"linux", 10, 5, 132, proofAssoc, false, resetNone},
		{"linux", 40, 1, 0, proofPeer, false, resetVsock},
		{"linux", 40, 5, 0, proofPeer, false, resetVsock},
		{"linux", 30, 5, 0, proofNone, false, resetNone},
		{"linux", 31, 1, 3, proofOpen, false, resetNone},
		{"linux", 1, 1, 0, proofPeer, false, resetNone},
		{"windows", 2, 1, 0, proofPeer, false, resetNone},
		{"freebsd", 2, 1, 0, proofPeer, false, resetNone},
	} {
		r := connectRuleOf(tt.system, tt.family, tt.typ, tt.proto)
		if r.proof != tt.proof || r.conclude != tt.conclude || r.reset != tt.reset {
			t.Errorf("%s (%d, %d, %d): %+v", tt.system, tt.family, tt.typ, tt.proto, *r)
		}
	}
}

// A connect of TCP and MPTCP on its way to each of its ends.
func TestConnectEnds(t *testing.T) {
	kinds := []struct {
		name   string
		family Family
		proto  Protocol
		host   string
	}{{"tcp", AF_INET, 0, "127.0.0.1"}, {"tcp6", AF_INET6, 0, "::1"}, {"mptcp", AF_INET, 262, "127.0.0.1"}}
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			addr := func(port int) Addr {
				if k.family == AF_INET6 {
					return Inet6(k.host, port)
				}
				return Inet(k.host, port)
			}
			ln, err := net.Listen("tcp", net.JoinHostPort(k.host, "0"))
			if err != nil {
				t.Skip("run this on a host with the address:", err)
			}
			defer ln.Close()
			there := addr(ln.Addr().(*net.TCPAddr).Port)
			// An address that refuses, and stays refused: a socket is bound to it and does not
			// listen.
			idle, err := New(k.family, SOCK_STREAM, 0)
			if err == nil {
				defer idle.Close()
				err = idle.Bind(addr(0))
			}
			if err != nil {
				t.Fatal(err)
			}
			refuses, err := idle.Getsockname()
			if err != nil {
				t.Fatal(err)
			}
			open := func(timeout time.Duration) *Socket {
				s, err := New(k.family, SOCK_STREAM, k.proto)
				if errors.Is(err, syscall.EPROTONOSUPPORT) {
					t.Skip("run this on a kernel with CONFIG_MPTCP:", err)
				}
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { s.Close() })
				s.SetTimeout(timeout)
				return s
			}
			// end connects, and waits without taking the end.
			end := func(s *Socket, to Addr) {
				t.Helper()
				if err := s.Connect(to); !errors.Is(err, syscall.EINPROGRESS) {
					t.Fatalf("connect: %v, want EINPROGRESS", err)
				}
				for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
					if over, _ := sysConnectOver(s.Fileno()); over {
						return
					}
					if time.Now().After(deadline) {
						t.Fatal("the connect does not end")
					}
				}
			}
			want := func(what string, err error, errno syscall.Errno) {
				t.Helper()
				if errno == 0 && err != nil || errno != 0 && !errors.Is(err, errno) {
					t.Errorf("%s: %v, want %v", what, err, errno)
				}
			}

			s := open(0)
			end(s, there)
			want("success", s.Connect(there), 0)
			want("success told", s.Connect(there), syscall.EISCONN)

			s = open(0)
			end(s, refuses)
			want("refused", s.Connect(refuses), syscall.ECONNREFUSED)
			end(s, there)
			want("connected after a refusal", s.Connect(there), 0)

			s = open(5 * time.Second)
			want("blocking, refused", s.Connect(refuses), syscall.ECONNREFUSED)
			want("blocking, connected after a refusal", s.Connect(there), 0)
			want("blocking, told", s.Connect(there), syscall.EISCONN)

			s = open(0)
			end(s, refuses)
			if errno, err := s.Getsockopt(SOL_SOCKET, SO_ERROR); err != nil || syscall.Errno(errno) != syscall.ECONNREFUSED {
				t.Errorf("SO_ERROR: %v, %v", errno, err)
			}
			want("refused, and SO_ERROR has it", s.Connect(refuses), syscall.ECONNABORTED)
			if k.proto == 0 {
				end(s, there)
				want("connected after that", s.Connect(there), 0)
			}
		})
	}
}

// A handler gets no call before a connect has ended, whatever the poller reports: an event for the
// state before may come after the connect has begun.
func TestNothingIsToldBeforeTheConnectEnds(t *testing.T) {
	open := func() *Socket {
		s, err := New(AF_INET, SOCK_STREAM, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		s.SetTimeout(0)
		return s
	}
	tells := func(what string, s *Socket, something, ended bool) {
		t.Helper()
		if gotSomething, gotEnded := s.tellable(); gotSomething != something || gotEnded != ended {
			t.Errorf("%s: %v, %v; want %v, %v", what, gotSomething, gotEnded, something, ended)
		}
	}
	begin := func(s *Socket, to Addr) {
		t.Helper()
		if err := s.Connect(to); !errors.Is(err, syscall.EINPROGRESS) {
			t.Fatalf("connect: %v, want EINPROGRESS", err)
		}
	}
	listen := func() Addr {
		ln := open()
		err := ln.Bind(Inet("127.0.0.1", 0))
		if err == nil {
			err = ln.Listen(1)
		}
		at, failed := ln.Getsockname()
		if err = errors.Join(err, failed); err != nil {
			t.Fatal(err)
		}
		return at
	}

	full := listen()
	for range 2 {
		begin(open(), full)
	}
	s := open()
	tells("a fresh socket", s, false, false)
	ready := pollux.Readable | pollux.Writable | pollux.Hangup // what epoll reports for it
	(&watcher{handler: neverCalled{t}, socket: s}).Ready(ready)
	begin(s, full) // the backlog has no room for a third
	if over, _ := sysConnectOver(s.Fileno()); over {
		t.Fatal("the backlog is not full")
	}
	tells("a connect that goes on", s, false, false)

	s = open()
	begin(s, listen())
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		if over, _ := sysConnectOver(s.Fileno()); over {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the connect does not end")
		}
	}
	tells("its end", s, true, true)
	tells("after its end", s, true, false)
}

// neverCalled is a Handler that must get no call.
type neverCalled struct{ t *testing.T }

func (h neverCalled) Readable(*Socket)      { h.t.Error("Readable is called") }
func (h neverCalled) Writable(*Socket)      { h.t.Error("Writable is called") }
func (h neverCalled) Closed(*Socket, error) { h.t.Error("Closed is called") }
