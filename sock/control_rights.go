package sock

import (
	"encoding/binary"
	"math"
)

// Rights are descriptors that a message on an AF_UNIX socket carries: SCM_RIGHTS. The receiver gets
// duplicates with numbers of its own. Data: C ints.
//
// The receiver must close them. A message that is dropped leaks its descriptors unless the program
// calls CloseRights. As in Python, they are close-on-exec only if the flags contain
// MSG_CMSG_CLOEXEC; macOS lacks that flag, so there they never start close-on-exec.
type Rights []int

// Control returns the SCM_RIGHTS item for sendmsg(2). On Linux it may hold at most 253 descriptors,
// SCM_MAX_FD of <net/scm.h>. A number beyond a C int becomes -1, which the system refuses with
// EBADF.
func (r Rights) Control() Control {
	c := IntsControl(SOL_SOCKET, scmRights, r...)
	for i, fd := range r {
		if cInt("fd", fd) != nil {
			binary.NativeEndian.PutUint32(c.Data[4*i:], math.MaxUint32)
		}
	}
	return c
}

// Rights reads an item of the type SCM_RIGHTS. It allocates the list; AppendRights does not.
func (c Control) Rights() (Rights, bool) {
	if !c.is(SOL_SOCKET, scmRights) {
		return nil, false
	}
	return c.AppendRights(make([]int, 0, len(c.Data)/4)), true
}

// AppendRights appends the descriptors in c to fds. It appends nothing if c is of another type. It
// ignores an incomplete int at the end.
func (c Control) AppendRights(fds []int) []int {
	if c.is(SOL_SOCKET, scmRights) {
		for b := c.Data; len(b) >= 4; b = b[4:] {
			fds = append(fds, int(int32(binary.NativeEndian.Uint32(b))))
		}
	}
	return fds
}

// PidFD reads an item of the type SCM_PIDFD: a descriptor of the sender's process, which the
// receiver must close. It is received if SO_PASSPIDFD is set, on Linux 6.5. Data: a C int.
func (c Control) PidFD() (fd int, ok bool) {
	v, ok := c.uint32(SOL_SOCKET, numbers.pidfd)
	return int(int32(v)), ok
}

// CloseRights closes the descriptors in received ancillary data. Call it for a message that the
// program drops. control is the data in the form in which the system returned it.
func CloseRights(control []byte) {
	for c := range ControlMessages(control) {
		if !c.is(SOL_SOCKET, scmRights) && !c.is(SOL_SOCKET, numbers.pidfd) {
			continue
		}
		for b := c.Data; len(b) >= 4; b = b[4:] {
			if fd := int(int32(binary.NativeEndian.Uint32(b))); fd >= 0 { // -1 for a process that is gone
				sysClose(fd)
			}
		}
	}
}

// SendFds sends the buffers with descriptors of this process over an AF_UNIX socket: Python's
// send_fds. The receiver gets duplicates. It returns the number of bytes sent. On a stream the
// buffers must hold at least one byte.
//
// Errors: EBADF for a number that is no open descriptor; otherwise as Sendmsg.
func (s *Socket) SendFds(buffers [][]byte, fds []int, flags int) (int, error) {
	return s.Sendmsg(buffers, []Control{Rights(fds).Control()}, flags, Addr{})
}

// RecvFds receives at most bufsize bytes and maxfds descriptors: Python's recv_fds. The caller must
// close the descriptors. They are close-on-exec, unlike Python's, except on macOS.
//
// Errors: an *ArgError for a negative size or count; otherwise as Recvmsg.
func (s *Socket) RecvFds(bufsize, maxfds, flags int) (data []byte, fds []int, msgFlags int, from Addr, err error) {
	room, err := CMSG_LEN(4 * max(min(maxfds, maxControl/8), -1))
	if err != nil {
		return nil, nil, 0, Addr{}, s.fail("recvmsg", Addr{}, &ArgError{ArgRange, "maxfds", maxfds, "must not be negative"})
	}
	data, items, msgFlags, from, err := s.Recvmsg(bufsize, room, flags|msgCloexec)
	for _, c := range items {
		fds = c.AppendRights(fds)
		if fd, ok := c.PidFD(); ok && fd >= 0 {
			sysClose(fd) // the caller does not get this descriptor
		}
	}
	return data, fds, msgFlags &^ (msgCloexec &^ flags), from, err // the system returns the flag, which may be ours and not the caller's
}
