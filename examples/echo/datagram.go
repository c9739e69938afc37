package main

import (
	"errors"
	"time"

	"github.com/polluxio/pollux/sock"
)

// lostAfter is the time after which a datagram counts as lost. On a loopback none should be lost.
const lostAfter = 2 * time.Second

// A datagram is a connection of UDP: a socket whose messages stay separate and may come back in
// another order.
type datagram struct {
	member
	next    int64    // the number of the next message
	flights []flight // the messages that have not come back yet
	queued  bool     // waits for its turn
}

// A flight is a message in flight.
type flight struct {
	message int64
	at      time.Time
}

var _ connection = (*datagram)(nil)

// turns hands out the room for datagrams in flight.
type turns struct {
	room    int // how many more may be sent
	waiting []*datagram
}

// roomFor returns how many datagrams of a size the server's socket holds, with the default buffer.
// The socket drops datagrams for which it has no room.
func roomFor(size int) (int, error) {
	s, err := sock.New(sock.AF_INET, sock.SOCK_DGRAM, 0)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	total, err := s.Getsockopt(sock.SOL_SOCKET, sock.SO_RCVBUF)
	// The limit counts the memory that a datagram takes: its bytes and a header, rounded up to a
	// power of two, and a record. It may count a received datagram for a while, up to a quarter of
	// the room: udp_rmem_release.
	return max(1, total/2/(2*size+1024)), err
}

func (t *turns) queue(c *datagram) {
	if !c.queued {
		c.queued = true
		t.waiting = append(t.waiting, c)
	}
}

// next lets the waiting connections send, in turn, as long as there is room.
func (t *turns) next() {
	for t.room > 0 && len(t.waiting) > 0 {
		c := t.waiting[0]
		t.waiting = t.waiting[1:]
		c.queued = false
		c.send()
	}
}

func (c *datagram) begin(ph phase) {
	c.resting = false
	if c.over {
		c.settle()
		return
	}
	if ph == parting {
		c.close() // UDP has no end of stream to wait for
		return
	}
	c.proceed()
}

// proceed asks for a turn if another message may go, and rests if nothing is left to do.
func (c *datagram) proceed() {
	if c.wants() {
		c.w.turns.queue(c)
	} else if len(c.flights) == 0 && c.w.round.phase != driving {
		c.settle()
	}
	c.w.turns.next()
}

func (c *datagram) wants() bool {
	switch c.w.round.phase {
	case greeting:
		return c.next == 0 && !c.over
	case driving:
		return len(c.flights) < c.w.o.depth && !c.over
	}
	return false
}

// send sends one message and queues for the next turn.
func (c *datagram) send() {
	if !c.wants() {
		return
	}
	_, err := c.s.Send(c.message(c.next), 0)
	if err == sock.ErrWouldBlock {
		return // Writable will be called
	}
	if err != nil {
		c.fail(err)
		return
	}
	c.w.turns.room--
	c.flights = append(c.flights, flight{c.next, time.Now()})
	c.next++
	if c.wants() {
		c.w.turns.queue(c)
	}
}

func (c *datagram) message(n int64) []byte {
	size := c.w.o.size
	return patternAt(c.id, n*int64(size), size)
}

// Readable checks the messages that came back.
func (c *datagram) Readable(s *sock.Socket) {
	buf := c.w.loop.Buffer()
	for !c.over {
		n, err := s.RecvInto(buf, 0)
		if err == sock.ErrWouldBlock {
			return
		}
		if err != nil {
			c.fail(err)
			return
		}
		c.take(buf[:n])
		c.proceed()
	}
}

func (c *datagram) Writable(*sock.Socket) { c.proceed() }

var errStrange = errors.New("a datagram came that is none of those in flight: it was changed, doubled, or late")

// take finds the flight that p belongs to, and checks p.
func (c *datagram) take(p []byte) {
	for i, f := range c.flights {
		if len(p) == c.w.o.size && wrongByte(p, c.id, f.message*int64(c.w.o.size)) < 0 {
			c.w.received.Add(int64(len(p)))
			c.w.record(time.Since(f.at))
			c.land(i)
			return
		}
	}
	c.tell(errStrange)
}

// land ends a flight.
func (c *datagram) land(i int) {
	c.flights = append(c.flights[:i], c.flights[i+1:]...)
	c.w.turns.room++
}

var errLost = errors.New("a datagram did not come back: lost")

// expire gives up messages that are in flight too long, and sends others.
func (c *datagram) expire(now time.Time) {
	for !c.over && len(c.flights) > 0 && now.Sub(c.flights[0].at) > lostAfter {
		c.tell(errLost)
		c.land(0)
		c.proceed()
	}
}

// Closed returns the room.
func (c *datagram) Closed(s *sock.Socket, err error) {
	c.member.Closed(s, err)
	for len(c.flights) > 0 {
		c.land(0)
	}
	c.w.turns.next()
}
