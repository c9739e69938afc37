package main

import (
	"fmt"
	"time"

	"github.com/polluxio/pollux/sock"
)

// A stream is a connection of a stream socket.
//
//	0 ───── received ───── sent ───── allowed      bytes; allowed is the end of a message
type stream struct {
	member
	received int64
	sent     int64
	allowed  int64

	marks []mark // from head on: one for each part in flight
	head  int
}

// A mark says when the bytes between the mark before it and end were sent.
type mark struct {
	end int64
	at  time.Time
}

var _ connection = (*stream)(nil)

func (c *stream) begin(ph phase) {
	c.resting = false
	if c.over {
		c.settle()
		return
	}
	size := int64(c.w.o.size)
	switch ph {
	case greeting:
		c.allowed = size
	case driving:
		c.allow()
	case finishing:
		c.allowed = (c.sent + size - 1) / size * size
	case parting:
		if err := c.s.Shutdown(sock.SHUT_WR); err != nil {
			c.fail(err)
		}
		return
	}
	c.send()
}

// allow lets depth messages be in flight.
func (c *stream) allow() {
	o := c.w.o
	c.allowed = (c.received/int64(o.size) + int64(o.depth)) * int64(o.size)
}

// Readable checks the bytes that came back, and sends the next.
func (c *stream) Readable(s *sock.Socket) {
	buf := c.w.loop.Buffer()
	for !c.over {
		n, err := s.RecvInto(buf, 0)
		switch {
		case err == sock.ErrWouldBlock:
			return
		case err == nil && n == 0:
			c.end()
			return
		case err == nil:
			err = c.take(buf[:n])
		}
		if err != nil {
			c.fail(err)
			return
		}
		c.send()
	}
}

// Writable sends the bytes that found no room. After the connect it may have nothing to send.
func (c *stream) Writable(*sock.Socket) {
	if c.sent < c.allowed {
		c.send()
	}
}

// end handles the end of the stream. It is an error unless this side has ended its stream first.
func (c *stream) end() {
	if c.w.round == nil || c.w.round.phase != parting {
		c.fail(fmt.Errorf("the server ended it after %d of %d bytes", c.received, c.sent))
		return
	}
	c.close()
}

// take checks the bytes that came back.
func (c *stream) take(p []byte) error {
	if extra := c.received + int64(len(p)) - c.sent; extra > 0 {
		return fmt.Errorf("%d bytes came back that were not sent", extra)
	}
	size := int64(c.w.o.size)
	if i := wrongByte(p, c.id, c.received); i >= 0 {
		pos := c.received + int64(i)
		return fmt.Errorf("message %d, byte %d: %#02x came back, not %#02x", pos/size, pos%size, p[i], patternAt(c.id, pos, 1)[0])
	}
	next := c.received / size
	c.received += int64(len(p))
	c.w.received.Add(int64(len(p)))
	if now := time.Now(); next < c.received/size {
		for ; next < c.received/size; next++ {
			c.w.record(now.Sub(c.sentAt(next * size)))
		}
	}
	if c.w.round.phase == driving {
		c.allow()
	}
	return nil
}

// send sends the allowed bytes, as many as the socket accepts.
func (c *stream) send() {
	for c.sent < c.allowed && !c.over {
		n, err := c.s.Sendall(patternAt(c.id, c.sent, int(min(c.allowed-c.sent, patternSpan))), 0)
		if n > 0 {
			c.sent += int64(n)
			c.marks = append(c.marks, mark{c.sent, time.Now()})
		}
		if err == sock.ErrWouldBlock {
			return
		}
		if err != nil {
			c.fail(err)
		}
	}
	if c.received == c.allowed && c.w.round.phase != parting {
		c.settle()
	}
}

// sentAt returns when the byte at pos was sent. Each pos must be at least the one before.
func (c *stream) sentAt(pos int64) time.Time {
	for c.marks[c.head].end <= pos {
		c.head++
	}
	if c.head > len(c.marks)/2 {
		c.marks = append(c.marks[:0], c.marks[c.head:]...)
		c.head = 0
	}
	return c.marks[c.head].at
}
