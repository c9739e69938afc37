package pollux

import (
	"os"
	"slices"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// A selector watches sockets of providers that AFD does not know, with select on a goroutine of its
// own. A poller has at most one, from its first such socket on. select is level-triggered. So the
// selector asks for a direction until it has reported it, and again after Arm: this keeps the
// contract.
//
// Three things are worse than with AFD. Each change costs a wake-up. A peer's half-close comes as
// Readable without Hangup. Each call takes time in proportion to the number of sockets.
//
// A UDP socket connected to itself ends a running select.
type selector struct {
	b    *backend
	bell windows.Handle
	over chan struct{} // closed when the goroutine has ended

	// b.mu guards the fields below.
	rung    bool // a datagram is on its way to bell
	posted  bool // a packet of keySelect is on its way
	closing bool
	regs    []*registration
	told    []*registration // those with an event that the next Wait returns
}

// selectInstead gives r, which AFD has refused, to the selector. The caller holds mu.
//
// Errors: WSAENOTSOCK if fd is not an open socket, on which the selector would spin; errors of
// making the selector.
func (b *backend) selectInstead(r *registration) error {
	var kind int32
	size := int32(unsafe.Sizeof(kind))
	if err := windows.Getsockopt(windows.Handle(r.fd), windows.SOL_SOCKET, soType, (*byte)(unsafe.Pointer(&kind)), &size); err != nil {
		return os.NewSyscallError("getsockopt", err)
	}
	if b.selector == nil {
		s, err := newSelector(b)
		if err != nil {
			return err
		}
		b.selector = s
	}
	r.slow = true
	b.selector.regs = append(b.selector.regs, r)
	b.selector.changed()
	return nil
}

const soType = 0x1008 // SO_TYPE of <winsock2.h>

func newSelector(b *backend) (*selector, error) {
	bell, err := newBell()
	if err != nil {
		return nil, err
	}
	s := &selector{b: b, bell: bell, over: make(chan struct{})}
	go s.run()
	return s, nil
}

// newBell returns a UDP socket that is connected to itself.
func newBell() (windows.Handle, error) {
	h, err := windows.WSASocket(windows.AF_INET, windows.SOCK_DGRAM, 0, nil, 0,
		windows.WSA_FLAG_OVERLAPPED|windows.WSA_FLAG_NO_HANDLE_INHERIT)
	if err != nil {
		return 0, os.NewSyscallError("WSASocket", err)
	}
	call := "bind"
	if err = windows.Bind(h, &windows.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err == nil {
		call = "getsockname"
		var self windows.Sockaddr
		if self, err = windows.Getsockname(h); err == nil {
			call, err = "connect", windows.Connect(h, self)
		}
	}
	if err != nil {
		windows.Closesocket(h)
		return 0, os.NewSyscallError(call, err)
	}
	return h, nil
}

// changed makes the goroutine read regs anew. The caller holds b.mu.
func (s *selector) changed() {
	if s.rung {
		return
	}
	s.rung = true
	one := byte(1)
	buf := windows.WSABuf{Len: 1, Buf: &one}
	var sent uint32
	windows.WSASend(s.bell, &buf, 1, &sent, 0, nil, nil)
}

func (s *selector) close() {
	s.b.mu.Lock()
	s.closing = true
	s.changed()
	s.b.mu.Unlock()
	<-s.over
}

// An fdSet has the layout of fd_set of <winsock2.h>. A program may choose its length:
//
//	struct fd_set { u_int fd_count; SOCKET fd_array[]; };
//
// fd_count takes the place of one SOCKET. With 64 bits it is the lower half of that place.
type fdSet []windows.Handle

func (f *fdSet) reset()               { *f = append((*f)[:0], 0) }
func (f *fdSet) add(h windows.Handle) { *f = append(*f, h); (*f)[0]++ }
func (f fdSet) has(h windows.Handle) bool {
	return slices.Contains(f[1:1+int(uint32(f[0]))], h)
}

var (
	ws2_32          = windows.NewLazySystemDLL("ws2_32.dll")
	procSelect      = ws2_32.NewProc("select")
	procGetpeername = ws2_32.NewProc("getpeername")
)

// sysSelect wraps select. The timeout is a struct timeval of two longs; nil means no timeout.
func sysSelect(read, write, except fdSet, timeout *[2]int32) error {
	n, _, errno := syscall.SyscallN(procSelect.Addr(), 0, uintptr(unsafe.Pointer(&read[0])), uintptr(unsafe.Pointer(&write[0])),
		uintptr(unsafe.Pointer(&except[0])), uintptr(unsafe.Pointer(timeout)))
	if int32(n) < 0 {
		return errno
	}
	return nil
}

// connected reports whether h is connected. The exceptional condition of a socket that is not
// connected means that a connect has failed.
func connected(h windows.Handle) bool {
	var name windows.RawSockaddrAny
	size := int32(unsafe.Sizeof(name))
	n, _, _ := syscall.SyscallN(procGetpeername.Addr(), uintptr(h), uintptr(unsafe.Pointer(&name)), uintptr(unsafe.Pointer(&size)))
	return n == 0
}

// run is the function of the goroutine.
func (s *selector) run() {
	defer close(s.over)
	defer windows.Closesocket(s.bell)
	var read, write, except fdSet
	var asked []*registration
	for {
		s.b.mu.Lock()
		if s.closing {
			s.b.mu.Unlock()
			return
		}
		asked = s.fill(asked[:0], &read, &write, &except)
		s.b.mu.Unlock()

		err := sysSelect(read, write, except, nil)
		if err != nil {
			// A socket was closed without Delete. Find it.
			asked = s.sift(asked)
			if len(asked) == 0 {
				time.Sleep(time.Millisecond) // for example, memory is short
			}
			continue
		}
		if read.has(s.bell) {
			var b [8]byte
			buf := windows.WSABuf{Len: uint32(len(b)), Buf: &b[0]}
			var n, flags uint32
			windows.WSARecv(s.bell, &buf, 1, &n, &flags, nil, nil)
		}
		s.b.mu.Lock()
		if read.has(s.bell) {
			s.rung = false
		}
		for _, r := range asked {
			h := windows.Handle(r.fd)
			ready := Ready(0)
			if read.has(h) {
				ready |= Readable
			}
			if write.has(h) {
				ready |= Writable
			}
			if except.has(h) {
				if connected(h) {
					ready |= Readable | Urgent
				} else {
					ready |= Readable | Writable | Hangup
				}
			}
			s.tell(r, ready)
		}
		s.b.mu.Unlock()
	}
}

// fill removes deleted registrations, and fills the sets with the events that the others want. The
// caller holds mu.
func (s *selector) fill(asked []*registration, read, write, except *fdSet) []*registration {
	s.regs = slices.DeleteFunc(s.regs, func(r *registration) bool { return r.deleted })
	read.reset()
	write.reset()
	except.reset()
	read.add(s.bell)
	for _, r := range s.regs {
		h, want := windows.Handle(r.fd), r.want&^usedUp(r.pending)
		if want&wantRead != 0 {
			read.add(h)
		}
		if want&wantWrite != 0 {
			write.add(h)
		}
		if want&wantUrgent != 0 || want&wantWrite != 0 && !connected(h) {
			except.add(h)
		}
		if want != 0 {
			asked = append(asked, r)
		}
	}
	return asked
}

// tell stores an event for Wait, and posts a packet. The event uses up its directions only when
// Wait returns it: an Arm before that asks for nothing more. The caller holds mu.
func (s *selector) tell(r *registration, ready Ready) {
	if ready == 0 || r.deleted {
		return
	}
	if r.pending == 0 {
		s.told = append(s.told, r)
	}
	r.pending |= ready
	s.post()
}

// post makes Wait take the stored events. The caller holds mu.
func (s *selector) post() {
	if !s.posted {
		s.posted = s.b.post(keySelect) == nil // if memory is short, the next event tries again
	}
}

// sift finds the registrations that make select fail, reports an event for each, and returns them.
// They get no further event.
func (s *selector) sift(asked []*registration) (bad []*registration) {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	for _, r := range asked {
		var read, none1, none2 fdSet
		read.reset()
		none1.reset()
		none2.reset()
		read.add(windows.Handle(r.fd))
		if sysSelect(read, none1, none2, new([2]int32)) != nil {
			s.tell(r, Readable|Writable|Hangup)
			s.regs = slices.DeleteFunc(s.regs, func(other *registration) bool { return other == r })
			bad = append(bad, r)
		}
	}
	return bad
}

// take moves stored events into events. The next Wait takes those that find no room. The caller
// holds mu.
func (s *selector) take(events []Event) (n int) {
	s.posted = false
	for len(s.told) > 0 && n < len(events) {
		if r := s.told[0]; !r.deleted {
			events[n] = Event{r.token, r.pending}
			r.reported(r.pending)
			r.pending = 0
			n++
		}
		s.told = s.told[1:]
	}
	if len(s.told) == 0 {
		s.told = nil
	} else {
		s.post()
	}
	return n
}
