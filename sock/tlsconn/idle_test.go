//go:build linux && !race

package tlsconn_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
	"github.com/polluxio/pollux/sock/tlsconn"
)

// sharedEcho is one echo handler for all connections of a loop. It keeps nothing of a connection.
type sharedEcho struct{ l *loop.Loop }

func (h *sharedEcho) Handshaked(*tlsconn.Conn)    {}
func (h *sharedEcho) Writable(*tlsconn.Conn)      {}
func (h *sharedEcho) Closed(*tlsconn.Conn, error) {}
func (h *sharedEcho) Readable(c *tlsconn.Conn) {
	p := h.l.Buffer()
	for {
		n, err := c.Read(p)
		if err != nil {
			if err != sock.ErrWouldBlock {
				c.Close()
			}
			return
		}
		if _, err := c.Write(p[:n]); err != nil {
			c.Close() // the test sees the end
			return
		}
	}
}

// plainEcho is an echo handler of plain sockets. The kernel makes the records of their connections,
// and the Conn is dropped after the handshake.
type plainEcho struct{ l *loop.Loop }

func (h *plainEcho) Handshaked(c *tlsconn.Conn) {
	c.Unwatch()
	c.Socket().Watch(h.l, (*plainSockets)(h))
}
func (h *plainEcho) Readable(*tlsconn.Conn)      {}
func (h *plainEcho) Writable(*tlsconn.Conn)      {}
func (h *plainEcho) Closed(*tlsconn.Conn, error) {}

type plainSockets plainEcho

func (h *plainSockets) Writable(*sock.Socket)      {}
func (h *plainSockets) Closed(*sock.Socket, error) {}
func (h *plainSockets) Readable(s *sock.Socket) {
	p := h.l.Buffer()
	for {
		n, err := s.RecvInto(p, 0)
		if err == sock.ErrWouldBlock {
			return
		}
		if err == nil && n > 0 {
			_, err = s.Sendall(p[:n], 0)
		}
		if err != nil || n == 0 {
			s.Close() // also if the socket does not take it all: the test then sees the end
			return
		}
	}
}

// What an idle connection in callback mode holds of the heap, after the echo of a message. The
// peers are descriptors without memory.
//
// The rows of the kernel make fewer connections: a handshake takes long in internal/rigs. They send
// a large message in parts, and wait for the echo of each: the handlers keep nothing that the
// socket does not take at once.
func TestIdleMemory(t *testing.T) {
	for _, tt := range []struct {
		name  string
		layer tlsconn.Layer
		size  int
		most  int
	}{
		{"compact", tlsconn.Compact, 64, 600},
		{"compact", tlsconn.Compact, 64 << 10, 600},
		{"standard", tlsconn.Standard, 64, 8 << 10},
		{"kernel", tlsconn.Kernel, 64, 600},
		{"kernel, the socket alone", tlsconn.Kernel, 64, 300},
		{"kernel, the socket alone", tlsconn.Kernel, 64 << 10, 300},
	} {
		t.Run(fmt.Sprintf("%s, %d bytes", tt.name, tt.size), func(t *testing.T) {
			need(t, tt.layer)
			socktest.Check(t)
			conns, warm, part := 200, 50, tt.size
			if tt.layer == tlsconn.Kernel {
				conns, warm, part = 100, 20, min(tt.size, 8<<10)
			}
			l := newLoop(t)
			var h tlsconn.Handler = &sharedEcho{l}
			if strings.Contains(tt.name, "alone") {
				h = &plainEcho{l}
			}
			cfg := &tlsconn.Config{TLS: serverTLS(), Layer: tt.layer}
			ln, addr := socktest.TCP.Listener(t)
			client := clientTLS()
			client.CurvePreferences = []tls.CurveID{tls.X25519}
			var fds []int
			open := func() (fd int, s *sock.Socket) {
				c, err := net.Dial("tcp", addr.String())
				socktest.Must(t, err)
				defer c.Close()
				s, _, err = ln.Accept()
				socktest.Must(t, err)
				conn, err := tlsconn.Server(s, cfg)
				socktest.Must(t, err)
				socktest.Must(t, conn.Watch(l, h))
				tc := tls.Client(c, client)
				socktest.Must(t, c.SetDeadline(time.Now().Add(2*socktest.Patience)))
				text, got := bytes.Repeat([]byte("x"), part), make([]byte, part)
				for range tt.size / part {
					wrote := socktest.Start(func() error { _, err := tc.Write(text); return err })
					_, err = io.ReadFull(tc, got)
					socktest.Must(t, errors.Join(err, wrote.Wait(t)))
				}
				raw, err := c.(*net.TCPConn).SyscallConn()
				socktest.Must(t, err)
				socktest.Must(t, raw.Control(func(n uintptr) { fd, err = syscall.Dup(int(n)) }))
				socktest.Must(t, err)
				return fd, s
			}
			var open1 []*sock.Socket
			for range warm { // tables and pools grow
				fd, s := open()
				fds, open1 = append(fds, fd), append(open1, s)
			}
			open1 = append(make([]*sock.Socket, 0, conns+warm), open1...)
			fds = append(make([]int, 0, conns+warm), fds...)
			before := socktest.Heap()
			for range conns {
				fd, s := open()
				fds, open1 = append(fds, fd), append(open1, s)
			}
			each := (socktest.Heap() - before) / conns
			t.Logf("%d bytes a connection", each)
			if each > tt.most {
				t.Errorf("%d bytes of heap a connection, at most %d", each, tt.most)
			}
			for i := range fds {
				syscall.Close(fds[i])
				open1[i].Close()
			}
		})
	}
}
