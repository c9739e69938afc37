package main

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"time"
	"unsafe"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sys/unix"
)

func init() {
	loaders[kindUDP] = func(addr netip.AddrPort, sc scenario) (loader, error) {
		return orNil(newPackets(addr, sc.Conns, sc.Depth, sc.Size, sc.GSO))
	}
}

// packets is the loader for datagrams: on each of its sockets depth packets are in flight, and each
// that comes back sends the next one. It receives and sends in batches, so that it is not the limit
// beside the fastest server.
type packets struct {
	poller
	socks []packetSocket
	size  int
	depth int
	gso   bool

	in, out   []mmsghdr // one for each packet in flight
	inV, outV []unix.Iovec
	inB, outB []byte
	room      int // bytes of inB for each message
	segment   []byte

	// Of the load at work:
	tally    tally
	hist     *hdrhistogram.Histogram
	more     bool
	inFlight int
}

// mmsghdr is struct mmsghdr of <sys/socket.h>.
type mmsghdr struct {
	hdr unix.Msghdr
	len uint32
}

// A packetSocket is one socket. A packet is its number, 8 bytes, and a piece of the pattern.
type packetSocket struct {
	fd    int
	start uint64
	next  uint64                  // number of the next packet
	asked [remembered]packetAsked // by number
	owed  int                     // packets that the socket has not taken yet
}

type packetAsked struct {
	number uint64
	at     time.Duration // 0: not in flight
}

// remembered is a power of two, and more than a socket ever has in flight.
const remembered = 1024

// packetLoss is how long a packet may be on its way before it counts as lost.
const packetLoss = 300 * time.Millisecond

// packetSilence is how long a server may answer nothing at all: on a busy machine it may not run
// for longer than packetLoss.
const packetSilence = 5 * time.Second

func newPackets(addr netip.AddrPort, socks, depth, size int, gso bool) (*packets, error) {
	p := &packets{socks: make([]packetSocket, 0, socks), size: size, depth: depth, gso: gso, room: size,
		in: make([]mmsghdr, depth), out: make([]mmsghdr, depth), inV: make([]unix.Iovec, depth), outV: make([]unix.Iovec, depth)}
	if gso {
		p.room = 64 << 10
		p.segment = segmentControl(size)
	}
	p.inB, p.outB = make([]byte, depth*p.room), make([]byte, depth*size)
	for i := range depth {
		p.inV[i].Base, p.outV[i].Base = &p.inB[i*p.room], &p.outB[i*size]
		p.inV[i].SetLen(p.room)
		p.outV[i].SetLen(size)
		p.in[i].hdr.Iov, p.out[i].hdr.Iov = &p.inV[i], &p.outV[i]
		p.in[i].hdr.SetIovlen(1)
		p.out[i].hdr.SetIovlen(1)
	}
	if err := p.open(); err != nil {
		return nil, err
	}
	for i := range socks {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			p.close()
			return nil, os.NewSyscallError("socket", err)
		}
		p.socks = append(p.socks, packetSocket{fd: fd, start: patternStart(i)})
		if err = os.NewSyscallError("connect", unix.Connect(fd, sockaddr(addr))); err == nil {
			err = os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, udpRoom))
		}
		if err == nil && gso {
			err = os.NewSyscallError("setsockopt UDP_GRO", unix.SetsockoptInt(fd, unix.SOL_UDP, unix.UDP_GRO, 1))
		}
		if err == nil {
			err = p.add(fd, i)
		}
		if err != nil {
			p.close()
			return nil, err
		}
	}
	return p, nil
}

// segmentControl is the ancillary data UDP_SEGMENT: a __u16.
func segmentControl(size int) []byte {
	b := make([]byte, unix.CmsgSpace(2))
	h := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
	h.Level, h.Type = unix.SOL_UDP, unix.UDP_SEGMENT
	h.SetLen(unix.CmsgLen(2))
	binary.NativeEndian.PutUint16(b[unix.CmsgLen(0):], uint16(size))
	return b
}

func (p *packets) load(d time.Duration, h *hdrhistogram.Histogram) (tally, error) {
	p.tally, p.hist, p.more = tally{}, h, true
	begin := now()
	for i := range p.socks {
		if err := p.ask(&p.socks[i], p.depth); err != nil {
			return p.tally, err
		}
	}
	for left := d; left > 0; left = d - (now() - begin) {
		if err := p.turn(left); err != nil {
			return p.tally, err
		}
	}
	p.more = false
	p.tally.elapsed, p.tally.timely = now()-begin, p.tally.messages
	return p.tally, p.drain()
}

// drain waits for what is in flight. What does not come is lost, and counted.
func (p *packets) drain() error {
	for heard := now(); p.inFlight > 0; {
		before := p.inFlight
		if err := p.turn(napMax); err != nil {
			return err
		}
		if p.inFlight < before {
			heard = now()
		} else if silent := now() - heard; silent > packetSilence || silent > packetLoss && p.tally.messages > 0 {
			break
		}
	}
	p.tally.lost = int64(p.inFlight)
	p.inFlight = 0
	for i := range p.socks {
		clear(p.socks[i].asked[:])
		p.socks[i].owed = 0
	}
	if p.tally.messages == 0 {
		return fmt.Errorf("no answer to any of %d packets", p.tally.lost)
	}
	return nil
}

func (p *packets) turn(d time.Duration) error {
	events, err := p.wait(d)
	if err != nil {
		return err
	}
	for i := range events {
		s := &p.socks[events[i].Fd]
		if events[i].Events&(unix.EPOLLIN|pastRead) != 0 {
			err = p.receive(s)
		}
		if err == nil && s.owed > 0 && events[i].Events&unix.EPOLLOUT != 0 {
			n := s.owed
			s.owed = 0
			err = p.ask(s, n)
		}
		if err != nil {
			return fmt.Errorf("socket %d: %w", events[i].Fd+1, err)
		}
	}
	return nil
}

// ask sends n packets, at most depth.
func (p *packets) ask(s *packetSocket, n int) error {
	at := max(now(), 1)
	for i := range n {
		b := p.outB[i*p.size : (i+1)*p.size]
		number := s.next + uint64(i)
		binary.LittleEndian.PutUint64(b, number)
		copy(b[8:], patternAt(s.start+number*uint64(p.size), p.size-8))
		s.asked[number%remembered] = packetAsked{number, at}
	}
	sent := 0
	for sent < n {
		k, errno := p.send(s.fd, sent, n)
		switch errno {
		case 0:
			sent += k
		case unix.EINTR:
		case unix.EAGAIN: // EPOLLOUT will come
			for i := sent; i < n; i++ {
				s.asked[(s.next+uint64(i))%remembered] = packetAsked{}
			}
			s.owed += n - sent
			n = sent
		default:
			return os.NewSyscallError("send", errno)
		}
	}
	s.next += uint64(sent)
	p.inFlight += sent
	return nil
}

// send sends packets from (included) to to (excluded) of outB: in one message that the kernel cuts,
// or in messages of their own.
func (p *packets) send(fd, from, to int) (int, unix.Errno) {
	if !p.gso {
		return rawSendmmsg(fd, p.out[from:to])
	}
	iov := unix.Iovec{Base: &p.outB[from*p.size]}
	iov.SetLen((to - from) * p.size)
	h := mmsghdr{}
	h.hdr.Iov = &iov
	h.hdr.SetIovlen(1)
	if to-from > 1 {
		h.hdr.Control = &p.segment[0]
		h.hdr.SetControllen(len(p.segment))
	}
	if _, errno := rawSendmmsg(fd, []mmsghdr{h}); errno != 0 {
		return 0, errno
	}
	return to - from, 0
}

// receive takes in what is there, and sends as many packets anew.
func (p *packets) receive(s *packetSocket) error {
	for {
		n, errno := rawRecvmmsg(s.fd, p.in)
		switch errno {
		case 0:
		case unix.EAGAIN:
			return nil
		case unix.EINTR:
			continue
		default:
			return os.NewSyscallError("recvmmsg", errno)
		}
		at, came := now(), 0
		for i := range n {
			b := p.inB[i*p.room:][:p.in[i].len]
			for len(b) >= p.size {
				came += p.take(s, b[:p.size], at)
				b = b[p.size:]
			}
			if len(b) > 0 {
				p.tally.corrupt++
			}
		}
		p.inFlight -= came
		p.tally.messages += int64(came)
		if p.more && came > 0 {
			if err := p.ask(s, came); err != nil {
				return err
			}
		}
		if n < len(p.in) {
			return nil // the queue was empty, and the next packet brings a new edge
		}
	}
}

// take accounts for a packet that came back, and returns how many that are: 1, or 0 for one that is
// not in flight.
func (p *packets) take(s *packetSocket, b []byte, at time.Duration) int {
	number := binary.LittleEndian.Uint64(b)
	a := &s.asked[number%remembered]
	if a.at == 0 || a.number != number || !isPattern(b[8:], s.start+number*uint64(p.size)) {
		p.tally.corrupt++
		return 0
	}
	if p.hist != nil {
		p.hist.RecordValue(int64(at - a.at)) // refuses more than a minute, and packetLoss is less
	}
	a.at = 0
	return 1
}

func (p *packets) close() {
	for _, s := range p.socks {
		unix.Close(s.fd)
	}
	unix.Close(p.fd)
}

// rawSendmmsg wraps sendmmsg(2), and rawRecvmmsg recvmmsg(2), of a non-blocking socket.
func rawSendmmsg(fd int, ms []mmsghdr) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&ms[0])), uintptr(len(ms)), 0, 0, 0)
	return int(n), errno
}

func rawRecvmmsg(fd int, ms []mmsghdr) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&ms[0])), uintptr(len(ms)), 0, 0, 0)
	return int(n), errno
}
