package sock

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

const (
	scmRights  = 1 // <sys/socket.h> of the BSDs: Windows passes no descriptors
	msgCloexec = 0
)

var (
	procWSARecvFrom = ws2_32.NewProc("WSARecvFrom")
	procWSASendTo   = ws2_32.NewProc("WSASendTo")
)

// A msgVec is a vector of buffers and a WSAMSG. An op reuses it for the next message.
type msgVec struct {
	msg windows.WSAMsg
	buf []windows.WSABuf
}

// clear drops all pointers and keeps the space.
func (v *msgVec) clear() {
	clear(v.buf)
	v.buf = v.buf[:0]
	v.msg = windows.WSAMsg{}
}

func wsaBuf(p []byte) windows.WSABuf {
	return windows.WSABuf{Len: uint32(cLen(p)), Buf: (*byte)(first(p))}
}

// fill points the vector at the buffers of o. The vector is never empty, because Winsock refuses an
// empty one.
func (o *msgOp) fill() []windows.WSABuf {
	v := &o.vec
	v.buf = v.buf[:0]
	for _, p := range o.buffers {
		v.buf = append(v.buf, wsaBuf(p))
	}
	if len(v.buf) == 0 {
		v.buf = append(v.buf, wsaBuf(nil))
	}
	return v.buf
}

// fillMsg points the WSAMSG at the buffers of o.
func (o *msgOp) fillMsg() *windows.WSAMsg {
	buf, m := o.fill(), &o.vec.msg
	*m = windows.WSAMsg{Buffers: &buf[0], BufferCount: uint32(len(buf)), Control: wsaBuf(o.control)}
	if o.salen > 0 {
		m.Name, m.Namelen = (*syscall.RawSockaddrAny)(unsafe.Pointer(&o.sa)), int32(o.salen)
	}
	return m
}

// sysSendmsg sends a message with ancillary data by WSASendMsg, and any other by WSASendTo.
// WSASendMsg works for datagram and raw sockets only.
//
// Error: EOPNOTSUPP for ancillary data on another kind of socket.
func sysSendmsg(fd int, o *msgOp) error {
	o.n = 0
	if len(o.control) == 0 {
		var err error
		o.n, err = wsaSendTo(fd, o.fill(), o.flags, o.sa[:o.salen])
		return err
	}
	if o.s.ends() {
		return syscall.EOPNOTSUPP
	}
	var n uint32
	if err := windows.WSASendMsg(windows.Handle(fd), o.fillMsg(), uint32(o.flags), &n, nil, nil); err != nil {
		return sysErrorOf(err)
	}
	o.n = int(n)
	return nil
}

// sysSendFew is sysSendmsg for at most fewBuffers buffers and nothing else.
func sysSendFew(fd int, buffers [][]byte, flags int) (int, error) {
	var buf [fewBuffers]windows.WSABuf
	buf[0] = wsaBuf(nil)
	for i, p := range buffers {
		buf[i] = wsaBuf(p)
	}
	return wsaSendTo(fd, buf[:max(len(buffers), 1)], flags, nil)
}

func wsaSendTo(fd int, buf []windows.WSABuf, flags int, sa []byte) (int, error) {
	var n uint32
	var to unsafe.Pointer
	if len(sa) > 0 {
		to = unsafe.Pointer(&sa[0])
	}
	_, errno := result(syscall.SyscallN(procWSASendTo.Addr(), uintptr(fd), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), uintptr(unsafe.Pointer(&n)),
		uintptr(flags), uintptr(to), uintptr(len(sa)), 0, 0))
	if errno != 0 {
		return 0, sysError(errno)
	}
	return int(n), nil
}

// sysRecvmsg receives by WSARecvMsg if o has space for ancillary data, and by WSARecvFrom
// otherwise. As on other systems, a cut datagram is not an error: it sets MSG_TRUNC.
func sysRecvmsg(fd int, o *msgOp) error {
	salen := o.salen
	o.n, o.got, o.seen = 0, 0, 0
	o.sa[0], o.sa[1] = 0, 0 // for a stream, Winsock does not write the address
	flags := o.s.recvFlags(o.flags)
	var n uint32
	var errno error
	if len(o.control) > 0 && !o.s.ends() {
		m := o.fillMsg()
		m.Flags = uint32(flags)
		errno = windows.WSARecvMsg(windows.Handle(fd), m, &n, nil, nil)
		o.seen, o.got, salen = int(m.Flags)&^flags, int(m.Control.Len), uint32(m.Namelen)
	} else {
		buf, seen := o.fill(), uint32(flags)
		if _, e := result(syscall.SyscallN(procWSARecvFrom.Addr(), uintptr(fd), uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)), uintptr(unsafe.Pointer(&n)),
			uintptr(unsafe.Pointer(&seen)), uintptr(unsafe.Pointer(&o.sa)), uintptr(unsafe.Pointer(&salen)), 0, 0)); e != 0 {
			errno = e
		}
		o.seen = int(seen) &^ flags
	}
	switch errno {
	case nil:
		o.n = int(n)
	case windows.WSAEMSGSIZE:
		for _, p := range o.buffers {
			o.n += len(p)
		}
		o.seen |= MSG_TRUNC
	case windows.WSAESHUTDOWN:
		o.seen, o.got = 0, 0
	default:
		o.salen, o.got, o.seen = 0, 0, 0
		return sysErrorOf(errno)
	}
	if o.salen = salen; sockaddrFamily(o.sa[:]) == AF_UNSPEC {
		o.salen = 0
	}
	return nil
}
