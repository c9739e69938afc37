package netconn

import (
	"io"
	"sync"

	"github.com/polluxio/pollux/sock"
)

// one has room for a list of one buffer. Package sock keeps the list until its call returns, so it
// cannot be on the stack.
var one = sync.Pool{New: func() any { return new([1][]byte) }}

// ReadMsg receives a message into b, and its ancillary data into oob. sock.ParseControl reads that
// data. The results are the numbers of bytes in b and oob, the MSG_* flags that the system has set
// (MSG_TRUNC and MSG_CTRUNC if something was cut), and the sender, which is the zero Addr if the
// system reports none. ReadMsg allocates nothing. Received descriptors are close-on-exec on Linux.
//
// Errors: io.EOF at the end of a stream; otherwise those of Read.
func (c *conn) ReadMsg(b, oob []byte) (n, oobn, flags int, from sock.Addr, err error) {
	buffers := one.Get().(*[1][]byte)
	buffers[0] = b
	cloexec := c.cloexec()
	n, oobn, flags, from, err = c.socket().RecvmsgBuffers(buffers[:], oob, cloexec)
	buffers[0] = nil
	one.Put(buffers)
	flags &^= cloexec // the system reports it back
	switch {
	case err != nil:
		return 0, 0, flags, from, c.fail("read", err)
	case n == 0 && oobn == 0 && len(b) > 0 && endsWithNothing(c.socket().Type()):
		return 0, 0, flags, from, io.EOF
	}
	return n, oobn, flags, from, nil
}

// cloexec is the flag that makes received descriptors close-on-exec. Only AF_UNIX carries them, and
// other families may refuse the flag with EINVAL: packet_recvmsg of net/packet/af_packet.c.
func (c *conn) cloexec() int {
	if c.socket().Family() == sock.AF_UNIX {
		return closeOnExec
	}
	return 0
}

// WriteMsg sends b, with ancillary data that sock.AppendControl has made, to an address, or to the
// peer if to is the zero Addr. It returns the numbers of bytes sent from b and oob. It allocates
// nothing. On a stream it may send a part of b, together with all of oob.
//
// Errors: those of Write; EISCONN for an address on a connected stream of a family other than TCP,
// which ignores it on Linux.
func (c *conn) WriteMsg(b, oob []byte, to sock.Addr) (n, oobn int, err error) {
	buffers := one.Get().(*[1][]byte)
	buffers[0] = b
	n, err = c.socket().SendmsgBuffers(buffers[:], oob, 0, fit(c.socket().Family(), to))
	buffers[0] = nil
	one.Put(buffers)
	if err != nil {
		return n, 0, c.fail("write", err)
	}
	return n, len(oob), nil
}
