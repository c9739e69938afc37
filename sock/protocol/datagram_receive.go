package protocol

import (
	"errors"
	"net"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/sock"
)

// largestUDP is the largest payload of a UDP datagram, and of several that the kernel hands over as
// one, in bytes (udp(7), UDP_GRO).
const largestUDP = 1<<16 - 1

// mostErrors is how many errors in a row are received before others have their turn.
const mostErrors = 64

// Ready is for the loop, which calls it as a loop.Watcher.
func (d *Datagrams) Ready(r pollux.Ready) {
	d.enter()
	if !d.made {
		d.made = true
		d.protocol.Made(d)
	}
	d.flush()
	if r&^pollux.Writable != 0 {
		d.receive()
	}
	d.leave()
}

// enter begins calls of the protocol: what it sends is gathered. Loop only.
func (d *Datagrams) enter() {
	b := d.home.datagrams()
	if last := b.owner; last != nil { // its protocol has panicked
		last.stopGathering(b)
	}
	d.mu.Lock()
	d.gathering, b.owner = !d.over, d
	d.mu.Unlock()
}

// stopGathering drops what is gathered. Loop only.
func (d *Datagrams) stopGathering(b *batch) {
	d.mu.Lock()
	d.gathering, b.owner = false, nil
	b.forget()
	d.mu.Unlock()
}

// leave ends calls of the protocol: it sends what was gathered, and reports errors. Loop only.
func (d *Datagrams) leave() {
	for {
		d.mu.Lock()
		d.sendGathered()
		errs := d.errs
		if d.errs = nil; len(errs) == 0 || d.over {
			d.gathering, d.home.batch.owner = false, nil
			d.mu.Unlock()
			return
		}
		d.mu.Unlock()
		for _, err := range errs {
			d.protocol.Error(d, err)
		}
	}
}

// receive gives the protocol what has arrived, until nothing is left or this turn's share is used.
// Loop only.
func (d *Datagrams) receive() {
	b := d.home.batch
	for failed := 0; failed < mostErrors; {
		n, err := d.socket.RecvBatch(b.in, 0)
		for i := range n {
			if !d.deliver(&b.in[i]) {
				return
			}
		}
		switch {
		case err == nil:
			failed = 0
		case err == sock.ErrWouldBlock || errors.Is(err, net.ErrClosed):
			return
		default:
			failed++
			d.protocol.Error(d, err)
		}
		if d.socket.Fileno() < 0 {
			return
		}
	}
	d.socket.CallWatcher()
}

// deliver gives the protocol a message, or the messages that the kernel has received as one. It
// returns false once the socket is closed.
func (d *Datagrams) deliver(m *sock.Datagram) bool {
	if m.Flags&sock.MSG_TRUNC != 0 {
		d.protocol.Error(d, &LimitError{"DatagramSize", m.N + 1, d.home.cfg.DatagramSize})
		return d.socket.Fileno() >= 0
	}
	d.home.received.Add(uint64(m.N))
	p := m.Buffers[0][:m.N]
	size := m.Segment
	if size <= 0 || size > len(p) {
		size = len(p)
	}
	for {
		d.protocol.Datagram(d, p[:size:size], m.Addr)
		if d.socket.Fileno() < 0 {
			return false
		}
		if p = p[size:]; len(p) == 0 {
			return true
		}
		size = min(size, len(p))
	}
}

// Closed is for the loop, which calls it as a loop.Watcher.
func (d *Datagrams) Closed(err error) {
	h := d.home
	if b := h.batch; b != nil && b.owner == d { // its protocol has panicked
		d.stopGathering(b)
	}
	d.mu.Lock()
	if d.quiet {
		err = nil
	}
	d.over = true
	for _, m := range d.out[d.next:] {
		putBlock(m.p)
	}
	h.buffered.Add(-int64(d.size))
	d.out, d.next, d.size, d.errs = nil, 0, 0, nil
	d.mu.Unlock()
	s := d.server
	s.lmu.Lock()
	delete(s.packets, d)
	s.lmu.Unlock()
	defer s.finished()
	if d.made {
		d.protocol.Lost(d, err)
	}
}
