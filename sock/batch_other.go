//go:build !linux

package sock

import "github.com/polluxio/pollux/loop"

// A batchVec holds the message that is being sent or received.
type batchVec struct{ o *msgOp }

func (v *batchVec) release() {
	if v.o != nil {
		v.o.done()
		v.o = nil
	}
}

// message returns an operation on message i, for this attempt alone.
func (b *batch) message(s *core, i int, d loop.Direction) *msgOp {
	if b.vec.o == nil {
		b.vec.o = msgOps.Get().(*msgOp)
	}
	o, m := b.vec.o, &b.ms[i]
	o.prepare(s, d, nil)
	o.buffers, o.control, o.flags, o.salen = m.Buffers, m.Control, b.flags, 0
	return o
}

// receiveSome receives messages one by one, until the queue is empty.
func (b *batch) receiveSome(s *core, sysfd int) (loop.Outcome, error) {
	var out loop.Outcome
	for b.done < min(len(b.ms), batchCall) {
		m := &b.ms[b.done]
		o := b.message(s, b.done, loop.Read)
		o.salen = uint32(len(o.sa))
		err := sysRecvmsg(sysfd, o)
		if err != nil {
			if b.done > 0 {
				return out, nil // the next call returns an error of the socket again
			}
			return loop.Outcome{Ops: s.taken()}, err
		}
		m.N, m.ControlN, m.Flags, m.Segment = o.n, o.got, o.seen, 0
		b.done++
		out.N, out.Ops = out.N+o.n, out.Ops+1
		if m.Addr, err = o.sender(); err != nil {
			m.ControlN = 0
			return out, err
		}
	}
	return out, nil
}

// sendSome sends the next datagram.
func (b *batch) sendSome(s *core, sysfd int) (int, error) {
	m := &b.ms[b.done]
	o := b.message(s, b.done, loop.Write)
	o.sa, o.salen = b.names[b.done], b.namelen[b.done]
	total := length(m.Buffers)
	end := total
	if m.Segment > 0 {
		end = min(b.off+m.Segment, total)
		o.buffers = part(m.Buffers, b.off, end)
	}
	if err := sysSendmsg(sysfd, o); err != nil {
		return 0, err
	}
	if end == total {
		b.sent(b.done+1, 0)
	} else {
		b.sent(b.done, end)
	}
	return o.n, nil
}

// part returns bytes from (included) to to (excluded) of the buffers.
func part(buffers [][]byte, from, to int) (list [][]byte) {
	for _, p := range buffers {
		if from < len(p) && to > 0 {
			list = append(list, p[max(from, 0):min(to, len(p))])
		}
		from, to = from-len(p), to-len(p)
	}
	return list
}
