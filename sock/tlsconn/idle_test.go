//go:build linux && !race

package tlsconn_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"runtime"
	"syscall"
	"testing"

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
		c.Write(p[:n])
	}
}

// What an idle connection in callback mode holds of the heap, after the echo of a message. The
// peers are descriptors without memory.
func TestIdleMemory(t *testing.T) {
	const conns = 200
	for _, tt := range []struct {
		layer tlsconn.Layer
		size  int
		most  int64
	}{
		{tlsconn.Compact, 64, 600},
		{tlsconn.Compact, 64 << 10, 600},
		{tlsconn.Standard, 64, 8 << 10},
	} {
		socktest.Check(t)
		l := newLoop(t)
		h := &sharedEcho{l}
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
			text := bytes.Repeat([]byte("x"), tt.size)
			wrote := socktest.Start(func() error { _, err := tc.Write(text); return err })
			_, err = io.ReadFull(tc, text)
			socktest.Must(t, errors.Join(err, wrote.Wait(t)))
			raw, err := c.(*net.TCPConn).SyscallConn()
			socktest.Must(t, err)
			socktest.Must(t, raw.Control(func(n uintptr) { fd, err = syscall.Dup(int(n)) }))
			socktest.Must(t, err)
			return fd, s
		}
		heap := func() int64 {
			var m runtime.MemStats
			for range 4 {
				runtime.GC()
			}
			runtime.ReadMemStats(&m)
			return int64(m.HeapAlloc)
		}
		var open1 []*sock.Socket
		for range 50 { // tables and pools grow
			fd, s := open()
			fds, open1 = append(fds, fd), append(open1, s)
		}
		open1 = append(make([]*sock.Socket, 0, conns+50), open1...)
		fds = append(make([]int, 0, conns+50), fds...)
		before := heap()
		for range conns {
			fd, s := open()
			fds, open1 = append(fds, fd), append(open1, s)
		}
		each := (heap() - before) / conns
		t.Logf("%v, after a message of %d bytes: %d bytes a connection", tt.layer, tt.size, each)
		if each > tt.most {
			t.Errorf("%v, after a message of %d bytes: %d bytes of heap, at most %d", tt.layer, tt.size, each, tt.most)
		}
		for i := range fds {
			syscall.Close(fds[i])
			open1[i].Close()
		}
	}
}
