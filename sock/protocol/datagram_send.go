package protocol

import (
	"errors"
	"net"
	"slices"
	"syscall"

	"github.com/polluxio/pollux/sock"
)

type message struct {
	p  []byte // a block
	to sock.Addr
}

// Send sends a message to an address. The zero Addr is the peer of a connected socket. Send never
// waits, and the caller may use p again when it returns. Within a call of the protocol, Send
// gathers small messages. They go by few system calls once the protocol has got all messages that
// arrived together. Messages that the system does not take then are kept, up to Config.WriteLimit
// bytes. The address must have a numeric host.
//
// Errors: net.ErrClosed; sock.ErrWouldBlock beyond that limit: the message is dropped, and Dropped
// counts it; the system's error for this message or an earlier one. DatagramProtocol.Error gets the
// errors of messages that were gathered or kept.
func (d *Datagrams) Send(p []byte, to sock.Addr) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over {
		return errClosed
	}
	if d.gathering {
		b := d.home.batch
		small := len(p) <= gatherLargest && !to.NeedsHost()
		if !small || !b.hasRoom(len(p)) || !d.mayKeep(len(b.bytes)+len(p)) {
			d.sendGathered()
		}
		if small && d.mayKeep(len(p)) {
			b.gather(p, to)
			return nil
		}
	}
	if d.unsent() == 0 {
		err := d.send(p, to)
		if err != sock.ErrWouldBlock {
			return err
		}
	}
	return d.keep(p, to)
}

// unsent is how many messages are kept. mu is held.
func (d *Datagrams) unsent() int { return len(d.out) - d.next }

// mayKeep says whether n more bytes may be unsent. mu is held.
func (d *Datagrams) mayKeep(n int) bool { return d.size+n <= d.home.cfg.WriteLimit }

// keep keeps a copy of a message until the socket is writable. mu is held.
//
// Error: ErrWouldBlock beyond the limit.
func (d *Datagrams) keep(p []byte, to sock.Addr) error {
	if !d.mayKeep(len(p)) {
		d.drops.Add(1)
		return sock.ErrWouldBlock
	}
	if d.next > 0 && len(d.out) == cap(d.out) {
		n := copy(d.out, d.out[d.next:])
		clear(d.out[n:])
		d.out, d.next = d.out[:n], 0
	}
	d.out = append(d.out, message{append(getBlock(len(p)), p...), to})
	d.size += len(p)
	d.home.buffered.Add(int64(len(p)))
	return nil
}

// send gives a message to the system. mu is held.
func (d *Datagrams) send(p []byte, to sock.Addr) error {
	var err error
	if to.IsZero() {
		_, err = d.socket.Send(p, 0)
	} else {
		_, err = d.socket.Sendto(p, 0, to)
	}
	if err == nil {
		d.home.sent.Add(uint64(len(p)))
	}
	return err
}

// sendAll gives messages to the system, and returns how many of them are done with: all but those
// for which the socket has no room now. What the system refuses is dropped, and noted for Error. mu
// is held.
func (d *Datagrams) sendAll(ms []sock.Datagram) (done int) {
	for done < len(ms) {
		n, err := d.socket.SendBatch(ms[done:], 0)
		for _, m := range ms[done : done+n] {
			d.home.sent.Add(uint64(len(m.Buffers[0])))
		}
		if done += n; err == nil {
			continue
		}
		if err == sock.ErrWouldBlock || errors.Is(err, net.ErrClosed) {
			return done
		}
		// The error may be that of this message, of one that was sent earlier, or of an address in
		// the rest. So this message is tried alone.
		m := &ms[done]
		alone := d.send(m.Buffers[0], m.Addr)
		switch {
		case alone == sock.ErrWouldBlock:
			d.failed(err)
			return done
		case alone != nil:
			d.failed(alone)
		case isErrno(err):
			d.failed(err)
		}
		done++
	}
	return done
}

func isErrno(err error) bool {
	_, ok := errors.AsType[syscall.Errno](err)
	return ok
}

// mostNoted is how many errors wait for the loop. It reports no more of a protocol that goes on
// sending to a network that refuses all.
const mostNoted = 64

// failed notes an error for Error. mu is held.
func (d *Datagrams) failed(err error) {
	if len(d.errs) < mostNoted {
		d.errs = append(d.errs, err)
	}
	if !d.gathering {
		d.socket.CallWatcher()
	}
}

// sendGathered sends what was gathered, and keeps what the system does not take. mu is held.
func (d *Datagrams) sendGathered() {
	if !d.gathering {
		return
	}
	b, done := d.home.batch, 0
	if d.unsent() == 0 {
		done = d.sendAll(b.out)
	}
	for _, m := range b.out[done:] {
		d.keep(m.Buffers[0], m.Addr)
	}
	b.forget()
}

// flush sends what is kept. Loop only.
func (d *Datagrams) flush() {
	d.mu.Lock()
	defer d.mu.Unlock()
	b := d.home.batch
	for d.unsent() > 0 && !d.over {
		b.queued = b.queued[:0]
		for _, m := range d.out[d.next:min(d.next+gatherCount, len(d.out))] {
			b.queued = push(b.queued, m.p, m.to)
		}
		done := d.sendAll(b.queued)
		for i := range done {
			m := &d.out[d.next+i]
			d.size -= len(m.p)
			d.home.buffered.Add(-int64(len(m.p)))
			putBlock(m.p)
			*m = message{}
		}
		d.next += done
		if d.unsent() == 0 {
			d.out, d.next = shrunk(d.out), 0
			return
		}
		if done < len(b.queued) {
			return
		}
	}
}

// shrunk returns an empty list, with the room of a short one only.
func shrunk(list []message) []message {
	if cap(list) > 4*gatherCount {
		return nil
	}
	return slices.Delete(list, 0, len(list))
}
