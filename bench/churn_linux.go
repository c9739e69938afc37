package main

import (
	"fmt"
	"io"
	"net/netip"
	"os"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sys/unix"
)

// A churn is the loader for short connections: connect, send one message, receive it, close. A
// message of its tally is such a connection, its time that from connect to the last byte received.
type churn struct {
	poller
	addr  netip.AddrPort
	slots []slot // one for each connection in flight
	buf   []byte
	size  int

	opened uint32 // connections since the start
	tally  tally
	hist   *hdrhistogram.Histogram
	more   bool
	live   int
}

type slot struct {
	fd    int // -1 if none
	start uint64
	sent  bool
	got   int
	began time.Duration
}

func newChurn(addr netip.AddrPort, inFlight, size int) (*churn, error) {
	c := &churn{addr: addr, slots: make([]slot, inFlight), buf: make([]byte, patternSpan), size: size}
	for i := range c.slots {
		c.slots[i].fd = -1
	}
	return c, c.open()
}

func (c *churn) load(d time.Duration, h *hdrhistogram.Histogram) (tally, error) {
	c.tally, c.hist, c.more = tally{}, h, true
	begin := now()
	for i := range c.slots {
		if err := c.connect(i); err != nil {
			return c.tally, err
		}
	}
	var err error
	if c.tally.elapsed, err = until(begin, d, c.turn); err != nil {
		return c.tally, err
	}
	c.more = false
	c.tally.timely = c.tally.messages
	return c.tally, drain(&c.live, patience, "connections", c.turn)
}

func (c *churn) turn(d time.Duration) error {
	events, err := c.wait(d)
	if err != nil {
		return err
	}
	for i := range events {
		if err := c.handle(int(events[i].Fd), events[i].Events); err != nil {
			return err
		}
	}
	return nil
}

// source is the address to connect from. Each closed connection keeps its port for a minute
// (TIME_WAIT), and there are 28,000; another address of 127/8 has as many again.
func (c *churn) source() *unix.SockaddrInet4 {
	block := c.opened / 1000
	c.opened++
	return &unix.SockaddrInet4{Addr: [4]byte{127, 1, byte(block >> 8), byte(block)}}
}

// connect starts the next connection of a slot.
func (c *churn) connect(i int) error {
	s := &c.slots[i]
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	*s = slot{fd: fd, start: patternStart(int(c.opened)), began: now()}
	c.live++
	// The port is chosen at connect, where it needs to be unique with its peer's only.
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	if err := unix.Bind(fd, c.source()); err != nil {
		return os.NewSyscallError("bind", err)
	}
	if err := unix.Connect(fd, sockaddr(c.addr)); err != nil && err != unix.EINPROGRESS {
		return os.NewSyscallError("connect", err)
	}
	return c.add(fd, i)
}

func (c *churn) handle(i int, events uint32) error {
	s := &c.slots[i]
	if !s.sent && events&unix.EPOLLOUT != 0 {
		s.sent = true
		n, errno := rawWrite(s.fd, patternAt(s.start, c.size))
		if errno != 0 {
			return os.NewSyscallError("write", errno)
		}
		if n < c.size { // a new connection has room for a small message
			return fmt.Errorf("%d of %d bytes written: %w", n, c.size, io.ErrShortWrite)
		}
		return nil
	}
	if events&(unix.EPOLLIN|pastRead) == 0 {
		return nil
	}
	n, errno := rawRead(s.fd, c.buf)
	switch {
	case errno == unix.EAGAIN:
		return nil
	case errno != 0:
		return os.NewSyscallError("read", errno)
	case n == 0:
		return fmt.Errorf("closed by the server: %w", io.ErrUnexpectedEOF)
	}
	if !isPattern(c.buf[:n], s.start+uint64(s.got)) {
		c.tally.corrupt++
	}
	if s.got += n; s.got < c.size {
		return nil
	}
	return c.finish(i)
}

// finish closes a connection that got its answer, and starts the slot's next one.
func (c *churn) finish(i int) error {
	s := &c.slots[i]
	if c.hist != nil {
		if err := c.hist.RecordValue(int64(now() - s.began)); err != nil {
			return err
		}
	}
	unix.Close(s.fd)
	s.fd = -1
	c.live--
	c.tally.messages++
	if c.more {
		return c.connect(i)
	}
	return nil
}

func (c *churn) close() {
	for _, s := range c.slots {
		if s.fd >= 0 {
			unix.Close(s.fd)
		}
	}
	unix.Close(c.fd)
}
