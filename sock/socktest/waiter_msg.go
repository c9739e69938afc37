package socktest

import "github.com/polluxio/pollux/sock"

// Operations with messages, for the two ways to wait that need a wrapper: inTask and byFuture.

func (o inTask) Recvmsg(bufsize, ancbufsize, flags int) (data []byte, ancillary []sock.Control, msgFlags int, from sock.Addr, err error) {
	o.do(func(s *sock.Socket) { data, ancillary, msgFlags, from, err = s.Recvmsg(bufsize, ancbufsize, flags) })
	return data, ancillary, msgFlags, from, err
}

func (o inTask) RecvmsgInto(buffers [][]byte, ancbufsize, flags int) (n int, ancillary []sock.Control, msgFlags int, from sock.Addr,
	err error) {
	o.do(func(s *sock.Socket) { n, ancillary, msgFlags, from, err = s.RecvmsgInto(buffers, ancbufsize, flags) })
	return n, ancillary, msgFlags, from, err
}

func (o inTask) Sendmsg(buffers [][]byte, ancillary []sock.Control, flags int, to sock.Addr) (n int, err error) {
	o.do(func(s *sock.Socket) { n, err = s.Sendmsg(buffers, ancillary, flags, to) })
	return n, err
}

func (o inTask) RecvError(p []byte) (m sock.QueuedMessage, err error) {
	o.do(func(s *sock.Socket) { m, err = s.RecvError(p) })
	return m, err
}

func (o byFuture) Recvmsg(bufsize, ancbufsize, flags int) ([]byte, []sock.Control, int, sock.Addr, error) {
	m, err := wait(o, o.s.Async().Recvmsg(bufsize, ancbufsize, flags))
	return m.Data, m.Ancillary, m.Flags, m.From, err
}

func (o byFuture) RecvmsgInto(buffers [][]byte, ancbufsize, flags int) (int, []sock.Control, int, sock.Addr, error) {
	m, err := wait(o, o.s.Async().RecvmsgInto(buffers, ancbufsize, flags))
	return m.N, m.Ancillary, m.Flags, m.From, err
}

func (o byFuture) Sendmsg(buffers [][]byte, ancillary []sock.Control, flags int, to sock.Addr) (int, error) {
	return wait(o, o.s.Async().Sendmsg(buffers, ancillary, flags, to))
}

func (o byFuture) RecvError(p []byte) (sock.QueuedMessage, error) {
	return wait(o, o.s.Async().RecvError(p))
}
