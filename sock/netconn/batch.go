package netconn

import (
	"errors"
	"net"

	"github.com/polluxio/pollux/sock"
)

// A Message is one of several that ReadBatch receives or WriteBatch sends. It has the fields of
// golang.org/x/net/ipv4.Message, in their order, so that one can be converted to the other.
type Message struct {
	Buffers [][]byte // filled in turn, or gathered
	OOB     []byte   // ancillary data, or room for it

	Addr net.Addr // ReadBatch sets the sender, WriteBatch sends there; nil is the peer

	N     int // ReadBatch and WriteBatch set the bytes of Buffers
	NN    int // and of OOB
	Flags int // ReadBatch sets the MSG_* flags of the system
}

// ReadBatch receives at least one message, which it waits for, and those that are there with it, at
// most one into each of ms. It reports how many. flags are MSG_* of recvmsg(2).
//
// The error is that of the first message. One behind it ends the batch early.
func (p *PacketConn) ReadBatch(ms []Message, flags int) (int, error) {
	if len(ms) == 0 {
		return 0, p.fail("read", p.closed())
	}
	network := networkOf(p.s)
	for i := range ms {
		m := &ms[i]
		n, nn, got, from, err := p.s.RecvmsgBuffers(m.Buffers, m.OOB, flags|closeOnExec)
		switch {
		case err != nil && i > 0: // mostly sock.ErrWouldBlock
			return i, nil
		case err != nil:
			return 0, p.fail("read", err)
		}
		m.N, m.NN, m.Flags, m.Addr = n, nn, got&^closeOnExec, netAddr(network, from)
		if flags |= dontWait; dontWait == 0 { // the next one might wait
			return i + 1, nil
		}
	}
	return len(ms), nil
}

// WriteBatch sends the messages one after the other, and waits for room. It reports how many went:
// all, or less and the error of the next one. flags are MSG_* of sendmsg(2).
func (p *PacketConn) WriteBatch(ms []Message, flags int) (int, error) {
	for i := range ms {
		m := &ms[i]
		var to sock.Addr
		if m.Addr != nil {
			var err error
			if to, err = sockAddr(p.s.Family(), m.Addr); err != nil {
				return i, p.fail("write", err)
			}
		}
		n, err := p.s.SendmsgBuffers(m.Buffers, m.OOB, flags, to)
		if err != nil {
			if i > 0 && errors.Is(err, sock.ErrWouldBlock) { // of MSG_DONTWAIT
				return i, nil
			}
			return i, p.fail("write", err)
		}
		m.N, m.NN = n, len(m.OOB)
	}
	return len(ms), nil
}
