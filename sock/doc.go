// Package sock is Python's socket module for Go, on an event loop: every call of it, with the same
// behaviour, for every address family.
//
//	s, err := sock.New(sock.AF_INET, sock.SOCK_STREAM, 0)
//	err = s.Connect(sock.Inet("localhost", 7))
//	_, err = s.Sendall([]byte("Hello"), 0)
//	data, err := s.Recv(1024, 0)
//
// A [Socket] is blocking, non-blocking, or has a timeout, as in Python; but the descriptor itself
// is always non-blocking, and "blocking" is a wait for the loop. Who waits is chosen by the caller,
// with the same methods:
//
//	s.Recv(1024, 0)              the calling goroutine
//	s.With(ctx).Recv(1024, 0)    the calling goroutine, until ctx ends
//	s.In(task).Recv(1024, 0)     a coroutine on the loop; the loop goes on with others
//	s.Async().Recv(1024, 0)      nobody: the result is a future
//	s.Watch(l, handler)          a callback on the loop, each time the socket may be ready
//
// With and In return views of a socket. What Accept and Dup of a view make is in the same view;
// [View] has New, Pair, CreateServer and CreateConnection for a task or a context.
//
// A timeout, a canceled context or task ends the operation, never the socket, and loses no byte:
// what has not been received is still there for the next call. Only Sendall and Sendfile can end in
// the middle, and say how much went.
//
// # Families
//
// Addresses of every family are here, and all that Python documents. A package of its own has what
// stands above the sockets of a family, as functions that take a Socket: sock/can, sock/netlink,
// sock/packet, sock/bpf, sock/bluetooth, sock/tipc, sock/rds, sock/qrtr, sock/alg. A program adds
// an operation that is missing by [Socket.Attempt] or [Socket.SyscallConn].
//
// # Errors
//
// A failed call is a *net.OpError that names the operation, the family and the address, around the
// system's error, so that errors.Is(err, unix.ECONNREFUSED) and the like work. A timeout that has
// passed is os.ErrDeadlineExceeded, a closed socket net.ErrClosed (EBADF in Python), a canceled
// context its cause, and what must not wait and would have to, [ErrWouldBlock].
package sock
