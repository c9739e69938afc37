// Package sock is Python's socket module for Go, on an event loop: all its functions and methods,
// with the same behaviour, for every address family.
//
//	s, err := sock.New(sock.AF_INET, sock.SOCK_STREAM, 0)
//	err = s.Connect(sock.Inet("localhost", 7))
//	_, err = s.Sendall([]byte("Hello"), 0)
//	data, err := s.Recv(1024, 0)
//
// A [Socket] is blocking, non-blocking, or has a timeout, as in Python. The descriptor itself is
// always non-blocking: a blocking call waits for an event of the loop. The caller chooses what
// waits, with the same methods:
//
//	s.Recv(1024, 0)              the calling goroutine
//	s.With(ctx).Recv(1024, 0)    the calling goroutine, until ctx ends
//	s.In(task).Recv(1024, 0)     a coroutine on the loop; the loop goes on with others
//	s.Async().Recv(1024, 0)      nothing waits: the result is a future
//	s.Watch(l, handler)          a callback on the loop, each time the socket may be ready
//
// With and In return views of a socket. Accept and Dup of a view return sockets in the same view.
// [View] has New, Pair, CreateServer and CreateConnection for a task or a context.
//
// A timeout, or the end of a context or a task, ends the operation and never the socket. It loses
// no byte: the next call receives what is still there. Only Sendall and Sendfile can stop in the
// middle; they return the number of bytes sent.
//
// # Families
//
// Package sock has the addresses of every family and everything that Python documents. Further
// operations of a family are functions that take a Socket, in a package of their own: sock/can,
// sock/netlink, sock/packet, sock/bpf, sock/bluetooth, sock/tipc, sock/rds, sock/qrtr, sock/alg. A
// program adds a missing operation with [Socket.Attempt] or [Socket.SyscallConn].
//
// # Errors
//
// A failed call returns a *net.OpError with the name of the operation, the network ("tcp") and the
// addresses of both ends. It wraps the error of the system, so errors.Is(err, syscall.ECONNREFUSED)
// works. Other errors to test for:
//
//	os.ErrDeadlineExceeded    a timeout or a deadline has passed
//	net.ErrClosed             the socket is closed (EBADF in Python)
//	ErrWouldBlock             a call that must not wait would have to wait
//	the cause of the context  the context has ended
package sock
