package sock

import (
	"syscall"
	"unsafe"

	"github.com/polluxio/pollux/loop"

	"golang.org/x/sys/unix"
)

// mmsghdr is <sys/socket.h>:
//
//	struct mmsghdr {
//		struct msghdr msg_hdr;
//		unsigned int  msg_len; // the bytes sent or received
//	};
type mmsghdr struct {
	hdr unix.Msghdr
	len uint32
}

// A batchVec holds the structures that the system calls of a batch point to.
type batchVec struct {
	hdrs []mmsghdr
	iovs []unix.Iovec
	ends []batchEnd      // the end of each header of a send
	room [][groRoom]byte // for UDP_GRO of each message, and UDP_SEGMENT of each header
}

// A batchEnd is the first byte that a header does not send: byte off of message next.
type batchEnd struct{ next, off int }

// groRoom is CMSG_SPACE(sizeof(int)) on 64-bit systems.
const groRoom = 24

// Limits of one send that the kernel cuts into datagrams: UDP_MAX_SEGMENTS of <linux/udp.h> before
// Linux 6.9, and the largest payload of one datagram.
const maxSegments = 64

func (v *batchVec) release() {
	clear(v.hdrs)
	clear(v.iovs)
	v.hdrs, v.iovs, v.ends, v.room = v.hdrs[:0], v.iovs[:0], v.ends[:0], v.room[:0]
}

// grow makes room for n headers and m buffers in advance, so that pointers to them stay valid.
func (v *batchVec) grow(n, m int) {
	v.release()
	if cap(v.hdrs) < n {
		v.hdrs, v.room, v.ends = make([]mmsghdr, 0, n), make([][groRoom]byte, 0, n), make([]batchEnd, 0, n)
	}
	if cap(v.iovs) < m {
		v.iovs = make([]unix.Iovec, 0, m)
	}
}

// add appends a header for the buffers that begin at index iov.
func (v *batchVec) add(iov int, name *sockaddr, namelen uint32, control []byte) {
	var h mmsghdr
	if iov < len(v.iovs) {
		h.hdr.Iov = &v.iovs[iov]
		h.hdr.SetIovlen(len(v.iovs) - iov)
	}
	if namelen > 0 {
		h.hdr.Name, h.hdr.Namelen = &name[0], namelen
	}
	if len(control) > 0 {
		h.hdr.Control = &control[0]
		h.hdr.SetControllen(len(control))
	}
	v.hdrs = append(v.hdrs, h)
}

// addBytes appends bytes from (included) to to (excluded) of the buffers.
func (v *batchVec) addBytes(buffers [][]byte, from, to int) {
	for _, p := range buffers {
		if from < len(p) && to > 0 {
			part := p[max(from, 0):min(to, len(p))]
			if len(part) > 0 {
				iov := unix.Iovec{Base: &part[0]}
				iov.SetLen(len(part))
				v.iovs = append(v.iovs, iov)
			}
		}
		from, to = from-len(p), to-len(p)
	}
}

// call makes the system call. A call with many messages takes long, so it notifies the
// scheduler.
func (v *batchVec) call(trap uintptr, fd, flags int) (int, error) {
	for {
		var n uintptr
		var errno syscall.Errno
		hdrs, flags := uintptr(unsafe.Pointer(&v.hdrs[0])), uintptr(flags|unix.MSG_DONTWAIT)
		if len(v.hdrs) > fewBuffers {
			n, _, errno = syscall.Syscall6(trap, uintptr(fd), hdrs, uintptr(len(v.hdrs)), flags, 0, 0)
		} else {
			n, _, errno = syscall.RawSyscall6(trap, uintptr(fd), hdrs, uintptr(len(v.hdrs)), flags, 0, 0)
		}
		if errno == 0 {
			return int(n), nil
		}
		if errno != unix.EINTR {
			return 0, sysError(errno)
		}
	}
}

// receiveSome makes one system call to receive.
func (b *batch) receiveSome(s *core, sysfd int) (loop.Outcome, error) {
	n, err := b.recvmmsg(s, sysfd)
	if err != nil {
		return loop.Outcome{Ops: s.taken()}, err
	}
	drained := s.drainedBy(n, len(b.vec.hdrs), b.flags)
	total := 0
	for i := range n {
		if failed := b.take(s, i); err == nil {
			err = failed
		}
		total += b.ms[i].N
	}
	b.done = n
	return loop.Outcome{N: total, Ops: n, Drained: drained}, err
}

// drainedBy reports whether receiving n of at most room messages proves that the queue is empty.
// recvmmsg stops early at EAGAIN, and at an error of the socket, which makes an edge of its own. It
// also stops at a message that cannot be handed over, which is known not to happen only of UDP and
// AF_UNIX (do_recvmmsg of net/socket.c).
func (s *core) drainedBy(n, room, flags int) bool {
	return n < room && flags&blindFlags == 0 && (s.isUDP() || s.inFamily(AF_UNIX) && s.ofType(SOCK_DGRAM))
}

func (b *batch) recvmmsg(s *core, sysfd int) (int, error) {
	ms := b.ms[:min(len(b.ms), batchCall)]
	buffers := 0
	for i := range ms {
		buffers += len(ms[i].Buffers)
	}
	b.vec.grow(len(ms), buffers)
	b.names = append(b.names[:0], make([]sockaddr, len(ms))...)
	udp := s.isUDP()
	for i := range ms {
		m := &ms[i]
		iov := len(b.vec.iovs)
		for _, p := range m.Buffers {
			v := unix.Iovec{Base: (*byte)(first(p))}
			v.SetLen(len(p))
			b.vec.iovs = append(b.vec.iovs, v)
		}
		control := m.Control
		if udp && len(control) == 0 {
			b.vec.room = append(b.vec.room, [groRoom]byte{})
			control = b.vec.room[len(b.vec.room)-1][:]
		}
		b.vec.add(iov, &b.names[i], uint32(len(b.names[i])), control)
	}
	return b.vec.call(unix.SYS_RECVMMSG, sysfd, s.recvFlags(b.flags))
}

// take reads the results of message i.
func (b *batch) take(s *core, i int) error {
	m, h := &b.ms[i], &b.vec.hdrs[i]
	m.N, m.Flags, m.Segment = int(h.len), int(h.hdr.Flags), 0
	control := unsafe.Slice(h.hdr.Control, h.hdr.Controllen)
	if m.ControlN = len(control); len(m.Control) == 0 {
		m.ControlN = 0
		m.Flags &^= unix.MSG_CTRUNC // the caller gave no buffer: this one is ours
	}
	if len(control) > 0 && s.isUDP() {
		m.Segment = groSegment(control)
	}
	from, err := s.decode(b.names[i][:h.hdr.Namelen])
	if m.Addr = from; err != nil {
		CloseRights(m.Control[:m.ControlN])
		m.ControlN = 0
	}
	return err
}

// groSegment returns the UDP_GRO value in ancillary data, or 0 if it has no such item.
func groSegment(control []byte) int {
	for len(control) >= unix.SizeofCmsghdr {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&control[0]))
		n := int(h.Len)
		if n < unix.SizeofCmsghdr || n > len(control) {
			return 0
		}
		if h.Level == solUDP && h.Type == udpGRO && n >= unix.CmsgLen(4) {
			return int(*(*int32)(unsafe.Pointer(&control[unix.CmsgLen(0)])))
		}
		control = control[min(unix.CmsgSpace(n-unix.CmsgLen(0)), len(control)):]
	}
	return 0
}

// sendSome makes one system call with the next messages and returns the number of bytes sent.
func (b *batch) sendSome(s *core, sysfd int) (int, error) {
	most := batchCall
	if s.flags.Load()&oneByOne != 0 {
		most = 1
	}
	for {
		cut := s.isUDP() && !b.plain && s.flags.Load()&noSegments == 0
		b.build(cut, most)
		n, err := b.vec.call(unix.SYS_SENDMMSG, sysfd, s.sendFlags(b.flags))
		if err != nil && b.vec.hdrs[0].hdr.Control != nil && b.refused(s, err) {
			continue
		}
		// sendmmsg sets MSG_BATCH for all messages but the last. Some families refuse that flag:
		// AF_RDS, AF_QIPCRTR, BTPROTO_HCI.
		if (err == syscall.EINVAL || err == syscall.EOPNOTSUPP) && len(b.vec.hdrs) > 1 && !s.isUDP() {
			most = 1
			continue
		}
		if err != nil {
			return 0, err
		}
		if most == 1 {
			s.flags.Or(oneByOne)
		}
		total := 0
		for i := range n {
			total += int(b.vec.hdrs[i].len)
		}
		end := b.vec.ends[n-1]
		b.sent(end.next, end.off)
		return total, nil
	}
}

// refused reports whether the batch can try the first header again without segmentation by the
// kernel. EIO means a device without checksum offload (udp_send_skb of net/ipv4/udp.c), and lasts.
// EINVAL means a segment that does not fit the MTU of the path, a socket without checksums, or an
// old kernel that does not know UDP_SEGMENT. EMSGSIZE means too many bytes in all.
func (b *batch) refused(s *core, err error) bool {
	if b.plain || !b.vec.cut(0) {
		return false
	}
	switch err {
	case syscall.EIO:
		s.flags.Or(noSegments)
	case syscall.EINVAL, syscall.EMSGSIZE, syscall.ENOPROTOOPT, syscall.EOPNOTSUPP:
		b.plain = true
	default:
		return false
	}
	return true
}

// cut reports whether header i has our UDP_SEGMENT.
func (v *batchVec) cut(i int) bool {
	c := v.hdrs[i].hdr.Control
	for j := range v.room {
		if c == &v.room[j][0] {
			return true
		}
	}
	return false
}

// build makes the headers of the next system call, from byte b.off of message b.done on. If cut is
// set, the kernel makes several datagrams from one header: from a message with a Segment, or from
// messages of one size to one address. It makes at most
// most headers.
func (b *batch) build(cut bool, most int) {
	// One header for each message, or for each segment if the segments are sent one by one.
	buffers := 0
	for i := b.done; i < len(b.ms) && i < b.done+most*maxSegments; i++ {
		buffers += len(b.ms[i].Buffers)
	}
	b.vec.grow(most, buffers+2*most)
	at := batchEnd{b.done, b.off}
	for at.next < len(b.ms) && len(b.vec.hdrs) < most {
		first, iov := at.next, len(b.vec.iovs)
		m := &b.ms[first]
		segment, pieces := 0, 0
		if m.Segment > 0 {
			at, pieces = b.segments(at, cut)
			segment = m.Segment
		} else {
			at, pieces, segment = b.together(first, cut)
		}
		control := m.Control
		if pieces > 1 {
			control = b.vec.segment(segment)
		}
		b.vec.add(iov, &b.names[first], b.namelen[first], control)
		b.vec.ends = append(b.vec.ends, at)
	}
}

// segments appends the next part of a message with a Segment to one header. It returns the end of
// this part and the number of datagrams in it.
func (b *batch) segments(at batchEnd, cut bool) (batchEnd, int) {
	m := &b.ms[at.next]
	total := length(m.Buffers)
	n := min(m.Segment, total-at.off)
	pieces := 1
	if cut && len(m.Control) == 0 {
		most := min(maxSegments, max(1, maxDatagram/m.Segment)) * m.Segment
		n = min(most, total-at.off)
		pieces = max(1, (n+m.Segment-1)/m.Segment)
	}
	b.vec.addBytes(m.Buffers, at.off, at.off+n)
	if at.off += n; at.off >= total {
		return batchEnd{at.next + 1, 0}, pieces
	}
	return at, pieces
}

// together appends a message and the messages after it that have the same address and size; the
// last may be shorter. It returns the end, the number of messages and their size.
func (b *batch) together(i int, cut bool) (batchEnd, int, int) {
	m := &b.ms[i]
	size := length(m.Buffers)
	b.vec.addBytes(m.Buffers, 0, size)
	next, total := i+1, size
	if !cut || size == 0 || len(m.Control) > 0 {
		return batchEnd{next, 0}, 1, size
	}
	for next < len(b.ms) && next-i < maxSegments {
		o := &b.ms[next]
		n := length(o.Buffers)
		if n == 0 || n > size || total+n > maxDatagram || len(o.Control) > 0 || o.Segment > 0 ||
			len(b.vec.iovs)+len(o.Buffers) > IOV_MAX || o.Addr != m.Addr {
			break
		}
		b.vec.addBytes(o.Buffers, 0, n)
		next, total = next+1, total+n
		if n < size {
			break
		}
	}
	return batchEnd{next, 0}, next - i, size
}

// segment returns an item UDP_SEGMENT: struct cmsghdr and a __u16.
func (v *batchVec) segment(size int) []byte {
	v.room = append(v.room, [groRoom]byte{})
	p := v.room[len(v.room)-1][:unix.CmsgSpace(2)]
	h := (*unix.Cmsghdr)(unsafe.Pointer(&p[0]))
	h.Level, h.Type = solUDP, udpSegment
	h.SetLen(unix.CmsgLen(2))
	*(*uint16)(unsafe.Pointer(&p[unix.CmsgLen(0)])) = uint16(size)
	return p
}
