package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
)

// modes are the ways of pollux to wait, in the order of the report.
var modes = []string{"callback", "task", "goroutine", "future"}

// serveTraffic starts the echo server that the load generator keeps busy.
func serveTraffic(t trafficKind, mode string, loops int, failed chan<- error) (net.Addr, error) {
	listening := make(chan net.Addr, 1)
	ended := make(chan error, 1)
	cfg := serveConfig{
		Procs:    loops,
		Buffer:   max(defaultBuffer, min(t.Size, 16<<10)),
		Announce: func(a net.Addr) { listening <- a },
	}
	go func() {
		var err error
		switch mode {
		case peerNet:
			err = serveNet(cfg)
		case "future":
			err = serveFuture(cfg)
		default:
			err = servePollux(mode)(cfg)
		}
		ended <- err
		failed <- err
	}()
	select {
	case a := <-listening:
		return a, nil
	case err := <-ended:
		return nil, err
	}
}

// serveFuture echoes with futures: the result of each receive begins a send, and of each send a
// receive.
func serveFuture(cfg serveConfig) error {
	r, err := loop.NewReactor(&loop.Config{Loops: cfg.Procs})
	if err != nil {
		return err
	}
	ln, err := sock.CreateServer(sock.Inet("127.0.0.1", 0), nil)
	if err != nil {
		return err
	}
	if err := ln.Join(r.Next()); err != nil {
		return err
	}
	addr, err := ln.Getsockname()
	if err != nil {
		return err
	}
	cfg.Announce(addr)
	for {
		s, _, err := ln.Accept()
		if err != nil {
			return err
		}
		if err := s.Join(r.Next()); err != nil {
			return err
		}
		echoFuture(s, make([]byte, cfg.Buffer), func() {})
	}
}

// echoFuture serves a connection by futures, and calls sent after each answer.
func echoFuture(s *sock.Socket, buf []byte, sent func()) {
	s.Async().RecvInto(buf, 0).Then(func(n int, err error) {
		if n == 0 || err != nil {
			s.Close()
			return
		}
		s.Async().Sendall(buf[:n], 0).Then(func(_ int, err error) {
			if err != nil {
				s.Close()
				return
			}
			sent()
			echoFuture(s, buf, sent)
		})
	})
}

// A circle is a UDP socket that sends what it receives to itself: while it runs, its queue is never
// empty. Its gaps are the times between two datagrams.
type circle struct {
	addr    netip.AddrPort
	gaps    *series
	stopped atomic.Bool // what comes is dropped
	feed    *net.UDPConn
}

const (
	// circleDatagrams is how many are under way. They fit into the socket's buffer by far, so no
	// send has to wait and none is lost.
	circleDatagrams = 8
	circleSize      = 64
)

func newCircle(mode string, gaps *series, failed chan<- error) (*circle, error) {
	c := &circle{gaps: gaps}
	c.stopped.Store(true)
	var err error
	if mode == peerNet {
		err = c.openNet(failed)
	} else {
		err = c.openPollux(mode, failed)
	}
	if err == nil {
		c.feed, err = net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(c.addr))
	}
	return c, err
}

func (c *circle) start() {
	c.stopped.Store(false)
	for range circleDatagrams {
		c.feed.Write(make([]byte, circleSize)) // one that fails shows in the rate
	}
}

func (c *circle) stop() { c.stopped.Store(true) }

// goesOn notes a datagram, and reports whether it is to be sent on.
func (c *circle) goesOn() bool {
	if c.stopped.Load() {
		return false
	}
	c.gaps.tick(time.Now())
	return true
}

func (c *circle) openNet(failed chan<- error) error {
	s, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	c.addr = s.LocalAddr().(*net.UDPAddr).AddrPort()
	go func() {
		buf := make([]byte, 2048)
		for {
			n, _, err := s.ReadFromUDPAddrPort(buf)
			if err == nil && c.goesOn() {
				_, err = s.WriteToUDPAddrPort(buf[:n], c.addr)
			}
			if err != nil {
				failed <- err
				return
			}
		}
	}()
	return nil
}

func (c *circle) openPollux(mode string, failed chan<- error) error {
	s, err := sock.New(sock.AF_INET, sock.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	if err := s.Bind(sock.Inet("127.0.0.1", 0)); err != nil {
		return err
	}
	self, err := s.Getsockname()
	if err != nil {
		return err
	}
	if c.addr, err = netip.ParseAddrPort(self.String()); err != nil {
		return err
	}
	r, err := loop.NewReactor(nil)
	if err != nil {
		return err
	}
	l := r.Next()
	buf := make([]byte, 2048)
	round := func(s *sock.Socket) error {
		n, _, err := s.RecvfromInto(buf, 0)
		if err == nil && c.goesOn() {
			_, err = s.Sendto(buf[:n], 0, self)
		}
		return err
	}
	switch mode {
	case "callback":
		return s.Watch(l, watcher(func(s *sock.Socket) {
			var err error
			for err == nil {
				err = round(s) // after its share of a turn it gets ErrWouldBlock
			}
			if !errors.Is(err, sock.ErrWouldBlock) {
				failed <- err
				s.Close()
			}
		}))
	case "task":
		l.Go(func(t *loop.Task) { failed <- forever(round, s.In(t)) })
	case "goroutine":
		if err := s.Join(l); err != nil {
			return err
		}
		go func() { failed <- forever(round, s) }()
	case "future":
		if err := s.Join(l); err != nil {
			return err
		}
		c.future(s, self, buf, failed)
	default:
		return fmt.Errorf("circle: unknown mode %q", mode)
	}
	return nil
}

func forever(round func(*sock.Socket) error, s *sock.Socket) error {
	for {
		if err := round(s); err != nil {
			return err
		}
	}
}

func (c *circle) future(s *sock.Socket, self sock.Addr, buf []byte, failed chan<- error) {
	s.Async().RecvfromInto(buf, 0).Then(func(got sock.ReceivedInto, err error) {
		switch {
		case err != nil:
			failed <- err
		case !c.goesOn():
			c.future(s, self, buf, failed)
		default:
			s.Async().Sendto(buf[:got.N], 0, self).Then(func(_ int, err error) {
				if err != nil {
					failed <- err
					return
				}
				c.future(s, self, buf, failed)
			})
		}
	})
}

// A watcher is a Handler that only receives.
type watcher func(*sock.Socket)

func (w watcher) Readable(s *sock.Socket)      { w(s) }
func (watcher) Writable(*sock.Socket)          {}
func (watcher) Closed(s *sock.Socket, _ error) {}
