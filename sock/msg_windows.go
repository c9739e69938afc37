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

// A msgVec is a vector of buffers and a WSAMSG, kept from one message to the next.
type msgVec struct {
	msg windows.WSAMsg
	buf []windows.WSABuf
}

// clear lets go of everything but the room.
func (v *msgVec) clear() {
	clear(v.buf)
	v.buf = v.buf[:0]
	v.msg = windows.WSAMsg{}
}

func wsaBuf(p []byte) windows.WSABuf {
	return windows.WSABuf{Len: uint32(cLen(p)), Buf: (*byte)(first(p))}
}

// fill points the vector at what o has. Winsock refuses a vector of nothing.
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

// fillMsg points the WSAMSG at what o has.
func (o *msgOp) fillMsg() *windows.WSAMsg {
	buf, m := o.fill(), &o.vec.msg
	*m = windows.WSAMsg{Buffers: &buf[0], BufferCount: uint32(len(buf)), Control: wsaBuf(o.control)}
	if o.salen > 0 {
		m.Name, m.Namelen = (*syscall.RawSockaddrAny)(unsafe.Pointer(&o.sa)), int32(o.salen)
	}
	return m
}

// sysSendmsg sends by WSASendMsg what has ancillary data, and all else by WSASendTo: WSASendMsg is
// for datagrams and raw sockets.
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

// sysSendFew is sysSendmsg of at most fewBuffers and nothing else.
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

// sysRecvmsg receives by WSARecvMsg if there is room for ancillary data, and else by WSARecvFrom. A
// datagram that was cut is no error, as elsewhere: MSG_TRUNC says so.
func sysRecvmsg(fd int, o *msgOp) error {
	salen := o.salen
	o.n, o.got, o.seen = 0, 0, 0
	o.sa[0], o.sa[1] = 0, 0 // of a stream Winsock leaves it as it is
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
