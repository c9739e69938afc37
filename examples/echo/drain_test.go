package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/internal/echo"
	"github.com/polluxio/pollux/sock"
)

// TestDrainTCP ends the server after all answers have arrived and none has been read.
func TestDrainTCP(t *testing.T) {
	for _, mode := range echo.Modes {
		t.Run(mode, func(t *testing.T) {
			p, _, addr := startServing(t, "-mode", mode)
			at, err := parseEndpoint(addr)
			if err != nil {
				t.Fatal(err)
			}
			s := connected(t, at)
			data := random(50_000) // less than what a new connection may have in flight: 65,535
			if _, err := s.Sendall(data, 0); err != nil {
				t.Fatal(err)
			}
			for n := 0; n < len(data); {
				seen, err := s.Recv(len(data), sock.MSG_PEEK)
				if n = len(seen); n == 0 || err != nil {
					t.Fatalf("%d bytes, %v", n, err)
				}
			}
			p.Process.Signal(syscall.SIGTERM)
			p.endWell()
			wantAll(t, s, data)
		})
	}
}

// TestDrainUnix ends the server after it has received everything. The answer is longer than the
// socket has room for.
func TestDrainUnix(t *testing.T) {
	for _, mode := range echo.Modes {
		t.Run(mode, func(t *testing.T) {
			p, _, addr := startServing(t, "-mode", mode, "-listen", "unix:"+filepath.Join(t.TempDir(), "s"))
			s := connected(t, endpoint{addr: sock.Unix(addr)})
			if err := s.SetTimeout(0); err != nil {
				t.Fatal(err)
			}
			// A Unix socket delivers at once: sent bytes are already received.
			data := random(1 << 20)
			n, err := s.Sendall(data, 0)
			if err != nil && err != sock.ErrWouldBlock {
				t.Fatal(err)
			}
			awaitAnswer(t, s)
			p.Process.Signal(syscall.SIGTERM)
			wantAll(t, s, data[:n])
			p.endWell()
		})
	}
}

// awaitAnswer waits until the server has accepted s and begun to answer, and makes s blocking. It
// receives nothing.
func awaitAnswer(t *testing.T, s *sock.Socket) {
	t.Helper()
	if err := s.SetTimeout(long); err != nil {
		t.Fatal(err)
	}
	if seen, err := s.Recv(1, sock.MSG_PEEK); len(seen) != 1 || err != nil {
		t.Fatalf("no answer: %d bytes, %v", len(seen), err)
	}
}

// TestDrainClosesIdle has connections without pending bytes: they end at once.
func TestDrainClosesIdle(t *testing.T) {
	for _, mode := range echo.Modes {
		t.Run(mode, func(t *testing.T) {
			p, network, addr := startServing(t, "-mode", mode)
			c := dial(t, network, addr)
			c.Write([]byte("x"))
			if _, err := io.ReadFull(c, make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			p.Process.Signal(syscall.SIGINT)
			if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("read %d bytes and %v, want the end", n, err)
			}
			p.endWell()
			if d := time.Since(begin); d > drainPatience/2 {
				t.Errorf("it took %v", d)
			}
		})
	}
}

func connected(t *testing.T, to endpoint) *sock.Socket {
	family := sock.AF_INET
	if to.addr.Path() != "" {
		family = sock.AF_UNIX
	}
	s, err := sock.New(family, sock.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	s.SetTimeout(long)
	if err := s.Connect(to.addr); err != nil {
		t.Fatal(err)
	}
	return s
}

// wantAll receives want and then the end.
func wantAll(t *testing.T, s *sock.Socket, want []byte) {
	t.Helper()
	var got []byte
	for {
		p, err := s.Recv(64<<10, 0)
		if got = append(got, p...); err != nil {
			t.Errorf("%v after %d of %d bytes", err, len(got), len(want))
			return
		}
		if len(p) == 0 {
			break
		}
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%d bytes came before the end, of %d", len(got), len(want))
	}
}

// TestDrainCutsOff has a peer that never receives its answer. The server ends all the same and
// reports it; this is not an error of the server.
func TestDrainCutsOff(t *testing.T) {
	for _, mode := range echo.Modes {
		t.Run(mode, func(t *testing.T) {
			o, err := parseOptions([]string{"-serve", "-mode", mode, "-listen", "unix:" + filepath.Join(t.TempDir(), "s")})
			if err != nil {
				t.Fatal(err)
			}
			o.patience = 50 * time.Millisecond
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			out, listening := io.Pipe()
			var said bytes.Buffer
			ended := make(chan error, 1)
			go func() { ended <- serve(ctx, o, listening, &said) }()
			line, err := bufio.NewReader(out).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			s := connected(t, o.listen)
			if err := s.SetTimeout(0); err != nil {
				t.Fatal(err, line)
			}
			for err == nil { // until neither side has room for more
				_, err = s.Sendall(make([]byte, 1<<20), 0)
			}
			awaitAnswer(t, s)
			cancel()
			select {
			case err := <-ended:
				if err != nil {
					t.Errorf("it ended with %v", err)
				}
			case <-time.After(long):
				t.Fatal("it does not end")
			}
			if !strings.Contains(said.String(), "cut off") {
				t.Errorf("it said %q, and not that it has cut a connection off", said.String())
			}
		})
	}
}
