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

// A loader puts load on one server. Before and after load nothing is in flight, so that a server
// that does not have its turn is idle.
type loader interface {
	// load keeps the server busy for d and then waits for the answers still due. It records the
	// time of each message in nanoseconds, unless h is nil. With d = 0 each connection sends once.
	load(d time.Duration, h *hdrhistogram.Histogram) (tally, error)
	close()
}

// A tally is what one load came to.
type tally struct {
	messages int64         // answered, those after the end of d too
	timely   int64         // answered before that
	elapsed  time.Duration // d, as exactly as the loader could keep it
	corrupt  int64         // reads with bytes that were never sent
	lost     int64         // datagrams without an answer
}

// A client is the loader for open connections: on each of them depth messages are in flight, and
// each answer sends the next message.
type client struct {
	poller
	talk
	conns []conn
	buf   []byte
	depth int
	limit time.Duration // of a silence with messages in flight

	// Of the load at work:
	tally    tally
	hist     *hdrhistogram.Histogram
	more     bool // answers send the next message
	inFlight int
}

// A talk is what a client says, and what it has to hear.
type talk struct {
	request, answer int // bytes of each

	// say returns bytes to send, from cn.sent on: at least one, at most n.
	say func(cn *conn, n int) []byte
	// right reports whether p, which was received at cn.got, is what has to come there.
	right func(cn *conn, p []byte) bool

	// waves: the next depth messages are sent together, once all answers are there. Otherwise each
	// answer sends one.
	waves bool
}

// echoTalk has messages of size bytes of the pattern, which come back.
func echoTalk(size int) talk {
	return talk{request: size, answer: size,
		say:   func(cn *conn, n int) []byte { return patternAt(cn.start+cn.sent, min(n, patternSpan)) },
		right: func(cn *conn, p []byte) bool { return isPattern(p, cn.start+cn.got) }}
}

// A conn is one connection: a stream of requests out, a stream of answers back.
type conn struct {
	fd    int
	start uint64 // where in the pattern its stream begins
	sent  uint64 // bytes
	owed  int    // bytes to send that the socket has not taken yet
	got   uint64 // bytes
	whole uint64 // messages that were answered

	// When the messages in flight were sent, oldest first: a ring, because they come back in order.
	asked []asked
	first int // of the ring's entries in use
	used  int
}

// asked is some messages that were sent at once.
type asked struct {
	at time.Duration
	n  int
}

// newClient connects to a server.
func newClient(addr netip.AddrPort, conns, depth int, t talk) (*client, error) {
	c := &client{talk: t, conns: make([]conn, 0, conns), buf: make([]byte, patternSpan), depth: depth, limit: patience}
	if err := c.open(); err != nil {
		return nil, err
	}
	rings := make([]asked, conns*depth)
	for i := range conns {
		fd, err := connect(addr)
		if err != nil {
			c.close()
			return nil, fmt.Errorf("connection %d: %w", i+1, err)
		}
		c.conns = append(c.conns, conn{fd: fd, start: patternStart(i), asked: rings[i*depth : (i+1)*depth]})
		if err := c.add(fd, i); err != nil {
			c.close()
			return nil, err
		}
	}
	return c, nil
}

// connect opens one connection, and makes it non-blocking once it is there.
func connect(addr netip.AddrPort) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	if err := unix.Connect(fd, sockaddr(addr)); err != nil {
		unix.Close(fd)
		return -1, os.NewSyscallError("connect", err)
	}
	// Without TCP_NODELAY a second small write would wait for the answer to the first one.
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		unix.Close(fd)
		return -1, os.NewSyscallError("setsockopt", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return -1, os.NewSyscallError("fcntl", err)
	}
	return fd, nil
}

func sockaddr(addr netip.AddrPort) *unix.SockaddrInet4 {
	return &unix.SockaddrInet4{Addr: addr.Addr().As4(), Port: int(addr.Port())}
}

func (c *client) load(d time.Duration, h *hdrhistogram.Histogram) (tally, error) {
	c.tally, c.hist, c.more = tally{}, h, true
	begin := now()
	for i := range c.conns {
		if err := c.ask(&c.conns[i], c.depth, now()); err != nil {
			return c.tally, err
		}
	}
	var err error
	if c.tally.elapsed, err = until(begin, d, c.turn); err != nil {
		return c.tally, err
	}
	c.more = false
	c.tally.timely = c.tally.messages
	return c.tally, drain(&c.inFlight, c.limit, "messages", c.turn)
}

// until takes turns until d has passed since begin. It returns the time that has passed.
func until(begin, d time.Duration, turn func(left time.Duration) error) (elapsed time.Duration, err error) {
	for left := d - (now() - begin); left > 0; left = d - (now() - begin) {
		if err := turn(left); err != nil {
			return 0, err
		}
	}
	return now() - begin, nil
}

// drain takes turns until nothing is in flight. It returns an error if inFlight does not decrease
// for the time of limit.
func drain(inFlight *int, limit time.Duration, what string, turn func(time.Duration) error) error {
	for heard := now(); *inFlight > 0; {
		before := *inFlight
		if err := turn(napMax); err != nil {
			return err
		}
		if *inFlight < before {
			heard = now()
		} else if now()-heard > limit {
			return fmt.Errorf("%d %s in flight and no answer for %v", *inFlight, what, limit)
		}
	}
	return nil
}

// turn waits once and handles what came.
func (c *client) turn(d time.Duration) error {
	events, err := c.wait(d)
	if err != nil {
		return err
	}
	for i := range events {
		cn := &c.conns[events[i].Fd]
		if events[i].Events&(unix.EPOLLIN|pastRead) != 0 {
			err = c.receive(cn, events[i].Events&pastRead != 0)
		}
		if err == nil && cn.owed > 0 && events[i].Events&unix.EPOLLOUT != 0 {
			err = c.flush(cn)
		}
		if err != nil {
			return fmt.Errorf("connection %d: %w", events[i].Fd+1, err)
		}
	}
	return nil
}

// ask sends n messages.
func (c *client) ask(cn *conn, n int, at time.Duration) error {
	cn.asked[(cn.first+cn.used)%len(cn.asked)] = asked{at, n}
	cn.used++
	cn.owed += n * c.request
	c.inFlight += n
	return c.flush(cn)
}

func (c *client) flush(cn *conn) error {
	for cn.owed > 0 {
		n, errno := rawWrite(cn.fd, c.say(cn, cn.owed))
		switch errno {
		case 0:
			cn.sent += uint64(n)
			cn.owed -= n
		case unix.EAGAIN:
			return nil // EPOLLOUT will come
		case unix.EINTR:
		default:
			return os.NewSyscallError("write", errno)
		}
	}
	return nil
}

// receive takes in what is there, and answers each message that is complete with a new one.
func (c *client) receive(cn *conn, toEnd bool) error {
	for {
		n, errno := rawRead(cn.fd, c.buf)
		switch {
		case errno == unix.EAGAIN:
			return c.complete(cn)
		case errno == unix.EINTR:
			continue
		case errno != 0:
			return os.NewSyscallError("read", errno)
		case n == 0:
			return fmt.Errorf("closed by the server: %w", io.ErrUnexpectedEOF)
		}
		if !c.right(cn, c.buf[:n]) {
			c.tally.corrupt++
		}
		cn.got += uint64(n)
		// Of echo each byte may come back at once; an answer has to wait for its whole request.
		if most := cn.sent / uint64(c.request) * uint64(c.answer); cn.got > most && (c.request != c.answer || cn.got > cn.sent) {
			return fmt.Errorf("%d bytes came back, and %d were sent", cn.got, cn.sent)
		}
		if n < len(c.buf) && !toEnd {
			return c.complete(cn)
		}
	}
}

// complete accounts for the messages that have come back in full.
func (c *client) complete(cn *conn) error {
	n := int(cn.got/uint64(c.answer) - cn.whole)
	if n == 0 {
		return nil
	}
	at := now()
	cn.whole += uint64(n)
	c.inFlight -= n
	c.tally.messages += int64(n)
	for left := n; left > 0; {
		a := &cn.asked[cn.first]
		k := min(left, a.n)
		if c.hist != nil {
			if err := c.hist.RecordValues(int64(at-a.at), int64(k)); err != nil {
				return err
			}
		}
		left -= k
		if a.n -= k; a.n == 0 {
			cn.first = (cn.first + 1) % len(cn.asked)
			cn.used--
		}
	}
	switch {
	case !c.more:
	case !c.waves:
		return c.ask(cn, n, at)
	case cn.used == 0:
		return c.ask(cn, c.depth, at)
	}
	return nil
}

func (c *client) close() {
	for _, cn := range c.conns {
		unix.Close(cn.fd)
	}
	unix.Close(c.fd)
}
