package sock

import (
	"github.com/polluxio/pollux/loop"
)

// tryRecvmsg makes one call of recvmsg(2). With MSG_WAITALL each call receives the next part of the
// message. The system itself cannot wait for all bytes, because the descriptor is non-blocking.
//
// Ancillary data of a Unix socket belongs to the bytes that it came with. So these bytes are the
// last of the message, as in the system, where a new message begins there. On other sockets
// (timestamps) the ancillary data is that of the last part.
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
	out := loop.Outcome{Ops: o.s.taken()}
	if err == loop.ErrAgain {
		err = o.s.receiveEnd(&o.Call, o.flags, &out)
	}
	part := o.n
	o.n, o.seen = n+part, seen|o.seen
	if err != nil || n > 0 && part == 0 { // an error or the end has no sender: keep that of the parts before
		o.got, o.salen = got, salen
	}
	if err != nil {
		o.seen = seen
		return out, err
	}
	out.N = part
	if o.looksOn(sysfd) && len(skip(o.buffers, part)) > 0 {
		return looksAgain(out), loop.ErrAgain
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

// skip returns the buffers without their first n bytes, and without empty buffers in front. It does
// not change the caller's slice.
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
