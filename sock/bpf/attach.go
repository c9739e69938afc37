package bpf

import (
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/internal/linux"
)

// Attach makes the kernel run a filter on each packet that the socket gets: SO_ATTACH_FILTER. The
// filter returns the number of bytes to keep; the kernel drops a packet if it returns 0. Attach
// replaces an earlier filter. Packets that arrived earlier stay in the queue. To avoid them, make
// an AF_PACKET socket with protocol 0, attach the filter, then bind.
//
// Errors: a *sock.ArgError for a program without a BPF_RET at its end, or with a jump out of it;
// EINVAL for another mistake in the program; EPERM after Lock; errors.ErrUnsupported on a system
// other than Linux.
func Attach(s *sock.Socket, program []Instruction) error {
	return attach(s, "SO_ATTACH_FILTER", soAttachFilter, program)
}

// AttachReusePort attaches a filter to the sockets that share an address by SO_REUSEPORT:
// SO_ATTACH_REUSEPORT_CBPF of socket(7). The filter reads the data behind the header of UDP or TCP.
// It returns the index of the socket that gets the datagram or the connection, from 0 in the order
// in which the sockets were bound or, for TCP, began to listen. If the index is too large, the
// kernel's hash decides. The filter is for all of the sockets, whichever it is attached to, and
// replaces an earlier one.
//
// Errors: a *sock.ArgError as of Attach; EINVAL for a socket that is neither bound nor has
// SO_REUSEPORT set, and for another mistake in the program; errors.ErrUnsupported on a system other
// than Linux.
func AttachReusePort(s *sock.Socket, program []Instruction) error {
	return attach(s, "SO_ATTACH_REUSEPORT_CBPF", soAttachReusePort, program)
}

func attach(s *sock.Socket, what string, name int, program []Instruction) error {
	if err := check(program); err != nil {
		return s.OpError("setsockopt", sock.Addr{}, err)
	}
	return linux.Call(s, "setsockopt", what, func(sysfd int) error { return attachProgram(sysfd, name, program) })
}

// DetachReusePort removes the filter of AttachReusePort: SO_DETACH_REUSEPORT_BPF. The kernel's hash
// decides again.
//
// Errors: ENOENT without a filter; errors.ErrUnsupported on a system other than Linux.
func DetachReusePort(s *sock.Socket) error {
	return linux.SetInt(s, "SO_DETACH_REUSEPORT_BPF", sock.SOL_SOCKET, soDetachReusePort, 0)
}

// Detach removes the filter: SO_DETACH_FILTER.
//
// Errors: ENOENT without a filter; EPERM after Lock; errors.ErrUnsupported on a system other than
// Linux.
func Detach(s *sock.Socket) error {
	return linux.SetInt(s, "SO_DETACH_FILTER", sock.SOL_SOCKET, soDetachFilter, 0)
}

// Lock forbids to change or to remove the filter, forever: SO_LOCK_FILTER. A program can then drop
// its privileges and keep the socket.
//
// Error: errors.ErrUnsupported on a system other than Linux.
func Lock(s *sock.Socket) error {
	return linux.SetInt(s, "SO_LOCK_FILTER", sock.SOL_SOCKET, soLockFilter, 1)
}
