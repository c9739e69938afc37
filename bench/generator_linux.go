package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A generator drives the connections of a host: the traffic's and the neighbour's. It is one
// goroutine on bare epoll, as client is, so that neither disturbs the other more than the kernel
// does.
type generator struct {
	poller
	streams []*stream
	buf     []byte
}

// A stream is a connection with at most one request in flight. The next one follows the answer, or
// waits until pause has passed since.
type stream struct {
	fd      int
	request []byte
	size    int  // bytes of an answer
	echo    bool // the answer is the request; otherwise it is one of HTTP
	quick   bool // acknowledge at once what comes
	pause   time.Duration
	waits   *series // from request to answer

	due   time.Duration // when the next request goes out, while none is in flight
	asked time.Duration
	sent  int
	got   int
	busy  bool
}

func newGenerator() (*generator, error) {
	g := &generator{buf: make([]byte, patternSpan)}
	return g, g.open()
}

func (g *generator) close() {
	g.drop(0)
	unix.Close(g.fd)
}

// connect adds a connection whose requests are size bytes that come back.
func (g *generator) connect(addr netip.AddrPort, size int, pause time.Duration, waits *series) error {
	request := make([]byte, 0, size)
	for len(request) < size {
		at := patternStart(len(g.streams)) + uint64(len(request))
		request = append(request, patternAt(at, min(size-len(request), patternSpan))...)
	}
	// A server that leaves Nagle's algorithm on, as internal/echo does, holds the last part of a
	// long answer back until the part before is acknowledged. That takes 40 ms if it may, and is no
	// wait of ours.
	quick := size > patternSpan
	return g.join(addr, &stream{request: request, size: size, echo: true, quick: quick, pause: pause, waits: waits})
}

// drop closes all connections but the first n.
func (g *generator) drop(n int) {
	for _, s := range g.streams[n:] {
		unix.Close(s.fd)
	}
	g.streams = g.streams[:n]
}

// httpRequest is one; Go's server keeps the connection.
const httpRequest = "GET / HTTP/1.1\r\nHost: bench\r\n\r\n"

// connectHTTP adds a connection to a web server. A first request tells how long the answer is.
func (g *generator) connectHTTP(addr netip.AddrPort, waits *series) error {
	s := &stream{request: []byte(httpRequest), waits: waits}
	if err := g.join(addr, s); err != nil {
		return err
	}
	if err := unix.SetNonblock(s.fd, false); err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	if _, err := unix.Write(s.fd, s.request); err != nil {
		return os.NewSyscallError("write", err)
	}
	for !bytes.HasSuffix(g.buf[:s.size], []byte(httpBody)) {
		n, err := unix.Read(s.fd, g.buf[s.size:])
		if err == unix.EINTR {
			continue
		}
		if n <= 0 || err != nil {
			return fmt.Errorf("the first answer of HTTP, after %d bytes: %w", s.size, errors.Join(err, io.ErrUnexpectedEOF))
		}
		s.size += n
	}
	return os.NewSyscallError("fcntl", unix.SetNonblock(s.fd, true))
}

func (g *generator) join(addr netip.AddrPort, s *stream) error {
	fd, err := connect(addr)
	if err != nil {
		return err
	}
	s.fd = fd
	g.streams = append(g.streams, s)
	return g.add(fd, len(g.streams)-1)
}

// load drives every stream for d, and then waits for the answers still due.
func (g *generator) load(d time.Duration) error {
	begin := now()
	end := begin + d
	for _, s := range g.streams {
		s.due = begin
	}
	for {
		at := now()
		more := at < end
		wake := end
		inFlight := 0
		for i, s := range g.streams {
			if !s.busy && more {
				if s.due > at {
					wake = min(wake, s.due)
					continue
				}
				if err := s.ask(at); err != nil {
					return fmt.Errorf("connection %d: %w", i+1, err)
				}
			}
			if s.busy {
				inFlight++
			}
		}
		switch {
		case !more && inFlight == 0:
			return nil
		case at-end > patience:
			return fmt.Errorf("%d requests in flight and no answer %v after the end", inFlight, patience)
		case !more:
			wake = at + napMax
		}
		if err := g.turn(wake - at); err != nil {
			return err
		}
	}
}

// turn waits for at most d, and handles what came.
func (g *generator) turn(d time.Duration) error {
	if d = min(d, napMax); d%time.Millisecond != 0 || d == 0 {
		if err := g.nap(d); err != nil {
			return err
		}
		d = 0
	}
	events, err := g.wait(d)
	if err != nil {
		return err
	}
	for i := range events {
		s := g.streams[events[i].Fd]
		if events[i].Events&(unix.EPOLLIN|pastRead) != 0 {
			err = s.receive(g.buf)
		}
		if err == nil && s.busy && s.sent < len(s.request) && events[i].Events&unix.EPOLLOUT != 0 {
			err = s.flush()
		}
		if err != nil {
			return fmt.Errorf("connection %d: %w", events[i].Fd+1, err)
		}
	}
	return nil
}

// nap waits for an event of epoll, or until d has passed, to the microsecond.
func (g *generator) nap(d time.Duration) error {
	fds := [1]unix.PollFd{{Fd: int32(g.fd), Events: unix.POLLIN}}
	ts := unix.NsecToTimespec(int64(d))
	_, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&fds[0])), 1, uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
	if errno != 0 && errno != unix.EINTR {
		return os.NewSyscallError("ppoll", errno)
	}
	return nil
}

func (s *stream) ask(at time.Duration) error {
	s.busy, s.asked, s.sent, s.got = true, at, 0, 0
	return s.flush()
}

func (s *stream) flush() error {
	for s.sent < len(s.request) {
		n, errno := rawWrite(s.fd, s.request[s.sent:])
		switch errno {
		case 0:
			s.sent += n
		case unix.EAGAIN:
			return nil // EPOLLOUT will come
		case unix.EINTR:
		default:
			return os.NewSyscallError("write", errno)
		}
	}
	return nil
}

// receive takes what is there until the answer is complete; then nothing more can come.
func (s *stream) receive(buf []byte) error {
	for s.busy {
		n, errno := rawRead(s.fd, buf)
		switch {
		case errno == unix.EAGAIN:
			return nil
		case errno == unix.EINTR:
			continue
		case errno != 0:
			return os.NewSyscallError("read", errno)
		case n == 0:
			return fmt.Errorf("closed by the host: %w", io.ErrUnexpectedEOF)
		}
		if err := s.check(buf[:n]); err != nil {
			return err
		}
		if s.quick { // the kernel forgets it again and again
			rawSetsockoptInt(s.fd, unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1)
		}
		if s.got += n; s.got == s.size {
			at := now()
			s.busy, s.due = false, at+s.pause
			s.waits.add(epoch.Add(at), at-s.asked)
		}
	}
	return nil
}

// check compares an answer with what it has to be. Of HTTP's the status is enough.
func (s *stream) check(p []byte) error {
	switch {
	case s.got+len(p) > s.size:
		return fmt.Errorf("%d bytes of an answer of %d", s.got+len(p), s.size)
	case s.echo && !bytes.Equal(p, s.request[s.got:s.got+len(p)]):
		return errors.New("bytes that were never sent")
	case !s.echo && s.got == 0 && !bytes.HasPrefix(p, []byte("HTTP/1.1 200")):
		return fmt.Errorf("answer %q", p[:min(len(p), 32)])
	}
	return nil
}
