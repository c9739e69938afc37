package main

import (
	"net"
	"net/netip"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/protocol"
)

const (
	// udpRoom is the receive buffer of each server's socket: the largest that a program may have,
	// unless net.core.rmem_max is raised. All that is in flight fits into it.
	udpRoom = 212992

	udpBatch   = 64
	udpLargest = 2048     // of a packet
	groLargest = 64 << 10 // of what the kernel joins
)

// A batch is packets that are received and sent back together.
type batch struct {
	in, out []sock.Datagram
	kept    int // of out, that could not be sent yet
}

// newBatch makes room for n messages of a size.
func newBatch(n, size int) *batch {
	b := &batch{in: make([]sock.Datagram, n), out: make([]sock.Datagram, n)}
	room := make([]byte, n*size)
	for i := range b.in {
		b.in[i].Buffers = [][]byte{room[i*size : (i+1)*size]}
		b.out[i].Buffers = make([][]byte, 1)
	}
	return b
}

// echo sends the first n messages back.
func (b *batch) echo(c *sock.Socket, n int) error {
	for i := range n {
		in, out := &b.in[i], &b.out[i]
		out.Buffers[0], out.Addr, out.Segment = in.Buffers[0][:in.N], in.Addr, in.Segment
	}
	return b.send(c, b.out[:n])
}

// send drops a packet that the system refuses. What it cannot take now it keeps.
func (b *batch) send(c *sock.Socket, ms []sock.Datagram) error {
	for len(ms) > 0 {
		n, err := c.SendBatch(ms, 0)
		if ms = ms[n:]; err == sock.ErrWouldBlock {
			b.kept = copy(b.out, ms)
			return err
		}
		if err != nil {
			ms = ms[1:]
		}
	}
	return nil
}

// bindUDP makes the socket of a server, on a loop if that is not nil.
func bindUDP(l *loop.Loop, gro bool) (*sock.Socket, error) {
	c, err := sock.New(sock.AF_INET, sock.SOCK_DGRAM, 0)
	if err != nil {
		return nil, err
	}
	if l != nil {
		err = c.Join(l)
	}
	if err == nil {
		err = c.Setsockopt(sock.SOL_SOCKET, sock.SO_RCVBUF, udpRoom)
	}
	if err == nil && gro {
		err = c.SetUDPGRO(true)
	}
	if err == nil {
		err = c.Bind(sock.Inet("127.0.0.1", 0))
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// startUDP makes a loop and a socket on it, has begin start its service, and never returns but with
// an error.
func startUDP(cfg serveConfig, gro bool, begin func(*loop.Loop, *sock.Socket) error) error {
	r, err := loop.NewReactor(&loop.Config{Loops: cfg.Procs})
	if err != nil {
		return err
	}
	l := r.Next()
	c, err := bindUDP(l, gro)
	if err != nil {
		return err
	}
	at, err := c.Getsockname()
	if err != nil {
		return err
	}
	if err := begin(l, c); err != nil {
		return err
	}
	cfg.Announce(at)
	select {}
}

// serveBatch echoes batches in a callback.
func serveBatch(gro bool) func(serveConfig) error {
	return func(cfg serveConfig) error {
		return startUDP(cfg, gro, func(_ *loop.Loop, c *sock.Socket) error {
			if gro {
				return c.Watch(nil, &batchEcho{newBatch(udpBatch, groLargest)})
			}
			return c.Watch(nil, &batchEcho{newBatch(udpBatch, udpLargest)})
		})
	}
}

type batchEcho struct{ *batch }

func (h *batchEcho) Readable(c *sock.Socket) {
	for h.kept == 0 {
		n, err := c.RecvBatch(h.in, 0)
		if err == sock.ErrWouldBlock || c.Fileno() < 0 {
			return
		}
		h.echo(c, n) // what could not be sent is kept
		if n < len(h.in) && err == nil {
			return // if there is more, Readable runs again
		}
	}
}

func (h *batchEcho) Writable(c *sock.Socket) {
	if h.kept == 0 {
		return
	}
	ms := h.out[:h.kept]
	h.kept = 0
	if h.send(c, ms) == nil {
		h.Readable(c)
	}
}

func (h *batchEcho) Closed(*sock.Socket, error) {}

// serveBatchTask echoes batches in a task.
func serveBatchTask(cfg serveConfig) error {
	return startUDP(cfg, false, func(l *loop.Loop, c *sock.Socket) error {
		l.Go(func(t *loop.Task) {
			b, c := newBatch(udpBatch, udpLargest), c.In(t)
			for {
				n, err := c.RecvBatch(b.in, 0)
				if n == 0 && err != nil {
					return
				}
				b.echo(c, n)
			}
		})
		return nil
	})
}

// serveDatagrams echoes with a datagram server of package protocol.
func serveDatagrams(cfg serveConfig) error {
	s, err := protocol.NewServer(&protocol.Config{Loops: cfg.Procs})
	if err != nil {
		return err
	}
	c, err := bindUDP(nil, false)
	if err != nil {
		return err
	}
	at, err := c.Getsockname()
	if err != nil {
		return err
	}
	if err := s.ServePacket(c, datagramEcho{}); err != nil {
		return err
	}
	cfg.Announce(at)
	select {}
}

type datagramEcho struct{ protocol.DatagramBase }

func (datagramEcho) Datagram(d *protocol.Datagrams, p []byte, from sock.Addr) { d.Send(p, from) }

// serveNetUDP echoes with package net in the way that does not allocate.
func serveNetUDP(cfg serveConfig) error {
	c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		return err
	}
	return echoUDP(c, cfg)
}

// A udpConn is a *net.UDPConn or a *netconn.PacketConn.
type udpConn interface {
	LocalAddr() net.Addr
	SetReadBuffer(bytes int) error
	ReadFromUDPAddrPort([]byte) (int, netip.AddrPort, error)
	WriteToUDPAddrPort([]byte, netip.AddrPort) (int, error)
}

func echoUDP[C udpConn](c C, cfg serveConfig) error {
	if err := c.SetReadBuffer(udpRoom); err != nil {
		return err
	}
	cfg.Announce(c.LocalAddr())
	buf := make([]byte, udpLargest)
	for {
		n, from, err := c.ReadFromUDPAddrPort(buf)
		if err != nil {
			return err
		}
		c.WriteToUDPAddrPort(buf[:n], from) // an error concerns one packet
	}
}
