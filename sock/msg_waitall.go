package sock

import (
	"github.com/polluxio/pollux/loop"
)

// tryRecvmsg is one recvmsg(2), and with MSG_WAITALL the next part of one. The system cannot wait for all, since to it every call is
// one that must not wait.
//
// Ancillary data of a Unix socket belongs to the bytes it came with, so they are the last: as the system has it, which begins a new
// message there. Of another socket (timestamps) the last part's is given.
func (o *msgOp) tryRecvmsg(sysfd int) (loop.Outcome, error) {
	if out, over, err := o.ahead(sysfd); over {
		return out, err
	}
	if o.s.holdsReads(o.flags) {
		return loop.Outcome{}, loop.ErrAgain
	}
	n, got, seen, salen := o.n, o.got, o.seen, o.salen // of the parts before
	o.salen = uint32(len(o.sa))
	err := sysRecvmsg(sysfd, o)
	if o.s.noMore(&o.Call, err) {
		err = nil
	}
	part := o.n
	o.n, o.seen = n+part, seen|o.seen
	if err != nil || n > 0 && part == 0 { // the end has no sender, and an error says nothing of one
		o.got, o.salen = got, salen
	}
	if err != nil {
		o.seen = seen
		return loop.Outcome{Ops: o.s.taken()}, err
	}
	out := loop.Outcome{N: part, Ops: o.s.taken()}
	if o.looksOn(sysfd) && len(skip(o.buffers, part)) > 0 {
		return out, loop.ErrAgain
	}
	all := o.s.fillsAll(o.flags) && !o.Blind && o.Timeout != 0
	if !all || part == 0 || o.got > 0 && o.s.inFamily(AF_UNIX) {
		return out, nil
	}
	if o.buffers = skip(o.buffers, part); len(o.buffers) == 0 {
		return out, nil
	}
	out.More = true
	return out, loop.ErrAgain
}

// skip is the buffers without their first n bytes, and without empty ones in front. The caller's own slice stays as it is.
func skip(buffers [][]byte, n int) [][]byte {
	for len(buffers) > 0 && n >= len(buffers[0]) {
		n -= len(buffers[0])
		buffers = buffers[1:]
	}
	if n > 0 {
		buffers = append([][]byte{buffers[0][n:]}, buffers[1:]...)
	}
	return buffers
}
