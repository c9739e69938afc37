package netconn

import (
	"net"
	"sync"

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

// batches keeps the lists for package sock from one batch to the next.
var batches = sync.Pool{New: func() any { return new([]sock.Datagram) }}

// withDatagrams calls fn with n Datagrams.
func withDatagrams(n int, fn func([]sock.Datagram) (int, error)) (int, error) {
	list := batches.Get().(*[]sock.Datagram)
	if cap(*list) < n {
		*list = make([]sock.Datagram, n)
	}
	ds := (*list)[:n]
	defer func() {
		clear(ds) // they point to the caller's memory
		batches.Put(list)
	}()
	return fn(ds)
}

// ReadBatch receives messages into ms, one into each element. It waits for the first message, and
// takes more only if they are there already. It returns the number of messages. flags are MSG_* of
// recvmsg(2).
//
// The error is that of the first message. An error of a later message ends the batch before that
// message.
func (p *PacketConn) ReadBatch(ms []Message, flags int) (int, error) {
	return withDatagrams(len(ms), func(ds []sock.Datagram) (int, error) {
		for i := range ms {
			ds[i].Buffers, ds[i].Control = ms[i].Buffers, ms[i].OOB
		}
		cloexec := p.cloexec()
		n, err := p.socket().RecvBatch(ds, flags|cloexec)
		network := p.socket().Network()
		for i := range ds[:n] {
			d, m := &ds[i], &ms[i]
			m.N, m.NN, m.Flags, m.Addr = d.N, d.ControlN, d.Flags&^cloexec, netAddr(network, d.Addr)
		}
		if n > 0 {
			err = nil
		}
		return n, p.fail("read", err)
	})
}

// WriteBatch sends the messages in order, and waits for room. It returns the number of messages
// sent: all, or fewer with the error of the next one. flags are MSG_* of sendmsg(2).
func (p *PacketConn) WriteBatch(ms []Message, flags int) (int, error) {
	return withDatagrams(len(ms), func(ds []sock.Datagram) (int, error) {
		for i := range ms {
			ds[i].Buffers, ds[i].Control = ms[i].Buffers, ms[i].OOB
			if to := ms[i].Addr; to != nil {
				var err error
				if ds[i].Addr, err = p.target(to); err != nil {
					return 0, p.failTo("write", to, err)
				}
			}
		}
		n, err := p.socket().SendBatch(ds, flags)
		for i := range ds[:n] {
			ms[i].N, ms[i].NN = ds[i].N, len(ds[i].Control)
		}
		if n < len(ms) && ms[n].Addr != nil {
			return n, p.failTo("write", ms[n].Addr, err)
		}
		return n, p.fail("write", err)
	})
}
