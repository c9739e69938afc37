package socktest

import "github.com/polluxio/pollux/sock"

// Operations on several messages or sockets, for the two ways to wait that need a wrapper: inTask
// and byFuture.

func (o inTask) RecvBatch(ms []sock.Datagram, flags int) (n int, err error) {
	o.do(func(s *sock.Socket) { n, err = s.RecvBatch(ms, flags) })
	return n, err
}

func (o inTask) SendBatch(ms []sock.Datagram, flags int) (n int, err error) {
	o.do(func(s *sock.Socket) { n, err = s.SendBatch(ms, flags) })
	return n, err
}

func (o byFuture) RecvBatch(ms []sock.Datagram, flags int) (int, error) {
	return wait(o, o.s.Async().RecvBatch(ms, flags))
}

func (o byFuture) SendBatch(ms []sock.Datagram, flags int) (int, error) {
	return wait(o, o.s.Async().SendBatch(ms, flags))
}

func (o inTask) Splice(from *sock.Socket, count int64) (n int64, err error) {
	o.do(func(s *sock.Socket) { n, err = s.Splice(from, count) })
	return n, err
}

func (o byFuture) Splice(from *sock.Socket, count int64) (int64, error) {
	return wait(o, o.s.Async().Splice(from, count))
}
