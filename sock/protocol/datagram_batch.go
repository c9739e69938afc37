package protocol

import (
	"github.com/polluxio/pollux/sock"
)

// A batch is the memory in which a loop receives messages, and gathers those that a protocol sends
// while it is called.
type batch struct {
	in []sock.Datagram // loop only

	owner *Datagrams      // loop only; the one that gathers
	out   []sock.Datagram // mu of owner; gathered
	bytes []byte          // mu of owner; of out

	queued []sock.Datagram // loop only; a part of Datagrams.out as it is sent
}

const (
	// datagramBatch is how many messages are received by one system call: as many operations as a
	// descriptor has in a turn of its loop, see package loop.
	datagramBatch = 32
	// gatherCount is how many messages are gathered at most, gatherSize how many bytes they may
	// have, and gatherLargest the size of the largest. A larger one is sent by itself, without a
	// copy.
	gatherCount   = 64
	gatherSize    = 64 << 10
	gatherLargest = 4 << 10
)

// datagrams returns the batch of the loop, which the first socket of messages makes. Loop only.
func (h *home) datagrams() *batch {
	if h.batch == nil {
		size := h.cfg.DatagramSize
		h.batch = &batch{
			in:     emptyDatagrams(datagramBatch),
			out:    emptyDatagrams(gatherCount)[:0],
			bytes:  make([]byte, 0, gatherSize),
			queued: emptyDatagrams(gatherCount)[:0],
		}
		for i, room := 0, make([]byte, datagramBatch*size); i < datagramBatch; i++ {
			h.batch.in[i].Buffers[0] = room[i*size : (i+1)*size : (i+1)*size]
		}
	}
	return h.batch
}

// emptyDatagrams returns n messages with one buffer each, which is not set.
func emptyDatagrams(n int) []sock.Datagram {
	list, buffers := make([]sock.Datagram, n), make([][]byte, n)
	for i := range list {
		list[i].Buffers = buffers[i : i+1 : i+1]
	}
	return list
}

// push appends a message to a list that has room for it, and keeps p.
func push(list []sock.Datagram, p []byte, to sock.Addr) []sock.Datagram {
	list = list[:len(list)+1]
	m := &list[len(list)-1]
	m.Buffers[0], m.Addr = p, to
	return list
}

// hasRoom says whether n more bytes can be gathered. mu of owner is held.
func (b *batch) hasRoom(n int) bool {
	return len(b.out) < gatherCount && len(b.bytes)+n <= gatherSize
}

// gather keeps a copy of a message. mu of owner is held.
func (b *batch) gather(p []byte, to sock.Addr) {
	at := len(b.bytes)
	b.bytes = append(b.bytes, p...)
	b.out = push(b.out, b.bytes[at:], to)
}

// forget drops what is gathered. mu of owner is held.
func (b *batch) forget() { b.out, b.bytes = b.out[:0], b.bytes[:0] }
