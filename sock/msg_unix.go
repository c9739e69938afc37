//go:build unix

package sock

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

const scmRights = unix.SCM_RIGHTS

// A msgVec is a struct msghdr and its vector. An op reuses it for the next message.
type msgVec struct {
	hdr unix.Msghdr
	iov []unix.Iovec
}

// clear drops all pointers and keeps the space.
func (v *msgVec) clear() {
	clear(v.iov)
	v.iov = v.iov[:0]
	v.hdr = unix.Msghdr{}
}

// fill points the header at the buffers of o.
func (o *msgOp) fill() *unix.Msghdr {
	v := &o.vec
	v.iov = v.iov[:0]
	for _, p := range o.buffers {
		iov := unix.Iovec{Base: (*byte)(first(p))}
		iov.SetLen(len(p))
		v.iov = append(v.iov, iov)
	}
	v.hdr = unix.Msghdr{}
	if len(v.iov) > 0 {
		v.hdr.Iov = &v.iov[0]
		v.hdr.SetIovlen(len(v.iov))
	}
	if o.salen > 0 {
		v.hdr.Name, v.hdr.Namelen = &o.sa[0], o.salen
	}
	if len(o.control) > 0 {
		v.hdr.Control = &o.control[0]
		v.hdr.SetControllen(len(o.control))
	}
	return &v.hdr
}

func sysSendmsg(fd int, o *msgOp) error {
	n, err := sendMessage(fd, o.fill(), o.s.sendFlags(o.flags))
	o.n = n
	return err
}

// sysSendFew is sysSendmsg for at most fewBuffers buffers and nothing else.
func sysSendFew(fd int, buffers [][]byte, flags int) (int, error) {
	var iov [fewBuffers]unix.Iovec
	for i, p := range buffers {
		iov[i].Base = unsafe.SliceData(p)
		iov[i].SetLen(len(p))
	}
	h := unix.Msghdr{Iov: &iov[0]}
	h.SetIovlen(len(buffers))
	return sendMessage(fd, &h, flags)
}

func sysRecvmsg(fd int, o *msgOp) error {
	h := o.fill()
	flags := o.s.recvFlags(o.flags)
	n, err := receiveMessage(fd, h, flags)
	o.n, o.salen, o.got, o.seen = n, h.Namelen, int(h.Controllen), returnedFlags(int(h.Flags), flags)
	if err != nil {
		o.salen, o.got = 0, 0
	}
	return err
}

func sendMessage(fd int, h *unix.Msghdr, flags int) (int, error) {
	for {
		n, errno := callSendmsg(fd, h, flags|unix.MSG_DONTWAIT)
		if errno == 0 {
			return n, nil
		}
		if errno != unix.EINTR {
			return 0, sysError(errno)
		}
	}
}

func receiveMessage(fd int, h *unix.Msghdr, flags int) (int, error) {
	if nothingToReceive(fd, h) {
		return 0, sysError(unix.EAGAIN)
	}
	for {
		n, errno := callRecvmsg(fd, h, flags|unix.MSG_DONTWAIT)
		if errno == 0 {
			return n, nil
		}
		if errno != unix.EINTR {
			return 0, sysError(errno)
		}
	}
}
