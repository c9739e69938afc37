package sock

import (
	"encoding/binary"
	"math"
)

// Rights are descriptors that a message on an AF_UNIX socket carries: SCM_RIGHTS. The receiver gets
// duplicates, with numbers of its own. Data: C ints.
//
// Whoever receives them must close them; a message that is dropped with them inside leaks them,
// unless CloseRights is told. They are close-on-exec only if MSG_CMSG_CLOEXEC was among the flags,
// as in Python; on a system without that flag, macOS, never at once.
type Rights []int

// Control is the item that sendmsg(2) takes: at most 253 of them, SCM_MAX_FD of <net/scm.h> on
// Linux. A number beyond a C int becomes -1, which the system refuses with EBADF.
func (r Rights) Control() Control {
	c := IntsControl(SOL_SOCKET, scmRights, r...)
	for i, fd := range r {
		if cInt("fd", fd) != nil {
			binary.NativeEndian.PutUint32(c.Data[4*i:], math.MaxUint32)
		}
	}
	return c
}

// Rights reads an item of the type SCM_RIGHTS. Alone among the readers it allocates; AppendRights
// does not.
func (c Control) Rights() (Rights, bool) {
	if !c.is(SOL_SOCKET, scmRights) {
		return nil, false
	}
	return c.AppendRights(make([]int, 0, len(c.Data)/4)), true
}

// AppendRights appends the descriptors in c to fds: none if c is of another type. What is left of a
// partial one at the end is dropped.
func (c Control) AppendRights(fds []int) []int {
	if c.is(SOL_SOCKET, scmRights) {
		for b := c.Data; len(b) >= 4; b = b[4:] {
			fds = append(fds, int(int32(binary.NativeEndian.Uint32(b))))
		}
	}
	return fds
}

// PidFD reads an item of the type SCM_PIDFD: a descriptor of the process that sent, which is the
// receiver's to close. It comes if SO_PASSPIDFD is set, on Linux 6.5. Data: a C int.
func (c Control) PidFD() (fd int, ok bool) {
	v, ok := c.uint32(SOL_SOCKET, numbers.pidfd)
	return int(int32(v)), ok
}

// CloseRights closes the descriptors that came in received ancillary data, as the system left it:
// for a message that is dropped.
func CloseRights(control []byte) {
	for c := range ControlMessages(control) {
		if !c.is(SOL_SOCKET, scmRights) && !c.is(SOL_SOCKET, numbers.pidfd) {
			continue
		}
		for b := c.Data; len(b) >= 4; b = b[4:] {
			if fd := int(int32(binary.NativeEndian.Uint32(b))); fd >= 0 { // the system says -1 of a process that is gone
				sysClose(fd)
			}
		}
	}
}

// SendFds is Python's send_fds: the buffers, with descriptors of this process, over an AF_UNIX
// socket. The receiver gets duplicates. It reports the bytes sent, of which there must be one at
// least on a stream.
//
// Errors: EBADF for a number that is no descriptor; else as Sendmsg.
func (s *Socket) SendFds(buffers [][]byte, fds []int, flags int) (int, error) {
	return s.Sendmsg(buffers, []Control{Rights(fds).Control()}, flags, Addr{})
}

// RecvFds is Python's recv_fds: at most bufsize bytes and maxfds descriptors, which are the
// caller's to close. Unlike Python's they are close-on-exec.
//
// Errors: an *ArgError for a negative size or count; else as Recvmsg.
func (s *Socket) RecvFds(bufsize, maxfds, flags int) (data []byte, fds []int, msgFlags int, from Addr, err error) {
	room, err := CMSG_LEN(4 * max(min(maxfds, maxControl/8), -1))
	if err != nil {
		return nil, nil, 0, Addr{}, s.fail("recvmsg", Addr{}, &ArgError{ArgRange, "maxfds", maxfds, "must not be negative"})
	}
	data, items, msgFlags, from, err := s.Recvmsg(bufsize, room, flags|msgCloexec)
	for _, c := range items {
		fds = c.AppendRights(fds)
		if fd, ok := c.PidFD(); ok && fd >= 0 {
			sysClose(fd) // the caller does not learn of it
		}
	}
	return data, fds, msgFlags &^ (msgCloexec &^ flags), from, err // the system repeats it, and it may be ours
}
