package pollux

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Some facts about AFD that this file relies on. They are not documented, but libuv, mio, wepoll
// and ReactOS rely on the same facts:
//
//   - A poll is level-triggered: it completes at once if one of its events is present. It makes a
//     packet in this case too.
//   - A poll is one-shot, and completes with all of its events that are present.
//   - A poll needs a handle of \Device\Afd, a helper. Its packet goes to the helper's port. The
//     socket needs no port, so its owner may use a port of its own for it.
//   - A poll needs the base socket, below layered providers.
//   - Ending many polls of one helper takes time that grows with the cube of their number. So a
//     helper has a limit.
//   - The kernel may write into the memory of a poll until its packet has come, also after a
//     cancel. A cancel makes a packet too.
//   - A close of the socket ends the poll with AFD_POLL_LOCAL_CLOSE.

// These are the events of a poll: <afd.h> of ReactOS and wepoll. AFD_POLL_CONNECT (0x40) is not
// among them, since AFD_POLL_SEND comes with it.
const (
	afdReceive     = 0x01
	afdExpedited   = 0x02 // urgent data
	afdSend        = 0x04
	afdDisconnect  = 0x08 // the peer has shut down its sending
	afdAbort       = 0x10 // the connection was reset
	afdLocalClose  = 0x20
	afdAccept      = 0x80
	afdConnectFail = 0x100

	afdAlways = afdAbort | afdLocalClose | afdConnectFail
)

const (
	ioctlAFDPoll      = 0x00012024
	sioBaseHandle     = 0x48000022 // <mswsock.h>
	sioBspHandlePoll  = 0x4800001d // <mswsock.h>
	pollsOfOneHelper  = 64
	pollWithoutLimit  = 1<<63 - 1
	fileSkipSetEvents = windows.FILE_SKIP_SET_EVENT_ON_HANDLE
)

// afdPollInfo has the layout of AFD_POLL_INFO with one AFD_POLL_HANDLE_INFO:
//
//	struct {                       // offset, 64 bit  32 bit
//	    LARGE_INTEGER Timeout;     //  0  0    an instant, or negative: a time in 100 ns
//	    ULONG NumberOfHandles;     //  8  8
//	    ULONG Exclusive;           // 12 12
//	    HANDLE Handle;             // 16 16
//	    ULONG Events;              // 24 20
//	    NTSTATUS Status;           // 28 24
//	};                             // 32 32
type afdPollInfo struct {
	timeout   int64
	count     uint32
	exclusive uint32
	handle    windows.Handle
	events    uint32
	status    int32
}

var (
	ntdll                     = windows.NewLazySystemDLL("ntdll.dll")
	procNtDeviceIoControlFile = ntdll.NewProc("NtDeviceIoControlFile")
	procNtCancelIoFileEx      = ntdll.NewProc("NtCancelIoFileEx")
)

// wants is the set of events that a registration asks for.
type wants uint8

const (
	wantRead wants = 1 << iota
	wantWrite
	wantUrgent
)

// A registration is one Add. A packet's Overlapped, the first field, leads to the registration.
//
//	      ask                packet: nothing is asked for
//	idle ─────▶ polling ────────────────────────────────────▶ idle
//	              │  ▲ packet: ask for what is left, or was asked for since
//	 ask for more │  │
//	              ▼  │
//	            canceled ──packet, deleted──▶ gone
//
// backend.mu guards all fields. While a poll is running, the kernel uses overlapped and info.
type registration struct {
	overlapped windows.Overlapped // Internal and InternalHigh are the IO_STATUS_BLOCK
	info       afdPollInfo

	fd      int
	base    windows.Handle
	token   Token
	want    wants
	asked   uint32        // the events of the running poll; 0: no poll is running
	helper  *helper       // the helper of that poll
	next    *registration // a registration of the same socket that was added after this one was deleted
	noted   bool          // urgent data was reported, and nothing readable since
	cancel  bool          // the running poll was canceled
	deleted bool
	known   bool // AFD has accepted a poll of it
	slow    bool // AFD refuses it: the selector watches it

	pending Ready // what the selector has found and Wait has not returned yet
}

// wish records what Arm asks for. Urgent data stays until it is read, so each Arm would report it
// again without use. After a report, wish asks for it only if want names it, or if other data has
// come since.
func (r *registration) wish(want Ready) {
	if want&(Readable|Urgent) != 0 {
		r.want |= wantRead
		if want&Urgent != 0 || !r.noted {
			r.want |= wantUrgent
		}
	}
	if want&Writable != 0 {
		r.want |= wantWrite
	}
}

// reported records the directions that an event has used up.
func (r *registration) reported(ready Ready) {
	r.want &^= usedUp(ready)
	if ready&Readable != 0 {
		r.noted = ready&Urgent != 0
	}
}

// usedUp returns what an event uses up.
func usedUp(ready Ready) (w wants) {
	if ready&Readable != 0 {
		w |= wantRead | wantUrgent
	}
	if ready&Writable != 0 {
		w |= wantWrite
	}
	return w
}

// A helper is a handle of \Device\Afd.
type helper struct {
	handle windows.Handle
	polls  int // backend.mu
}

// newHelper makes a free helper. The caller holds mu, or no other goroutine knows b.
func (b *backend) newHelper() (*helper, error) {
	name, err := windows.NewNTUnicodeString(`\Device\Afd\Pollux`) // the part after the device's name has no meaning
	if err != nil {
		return nil, err
	}
	attributes := windows.OBJECT_ATTRIBUTES{ObjectName: name}
	attributes.Length = uint32(unsafe.Sizeof(attributes))
	var status windows.IO_STATUS_BLOCK
	h := new(helper)
	if err := windows.NtCreateFile(&h.handle, windows.SYNCHRONIZE, &attributes, &status, nil, 0,
		windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE, windows.FILE_OPEN, 0, 0, 0); err != nil {
		return nil, os.NewSyscallError("NtCreateFile", err)
	}
	if _, err = windows.CreateIoCompletionPort(h.handle, b.port, keyAFD, 0); err != nil {
		err = os.NewSyscallError("CreateIoCompletionPort", err)
	} else if err = windows.SetFileCompletionNotificationModes(h.handle, fileSkipSetEvents); err != nil {
		err = os.NewSyscallError("SetFileCompletionNotificationModes", err)
	}
	if err != nil {
		windows.CloseHandle(h.handle)
		return nil, err
	}
	b.helpers, b.free = append(b.helpers, h), append(b.free, h)
	return h, nil
}

// hire returns a helper for one more poll. The caller holds mu.
func (b *backend) hire() (h *helper, err error) {
	if n := len(b.free); n > 0 {
		h = b.free[n-1]
	} else if h, err = b.newHelper(); err != nil {
		return nil, err
	}
	if h.polls++; h.polls == pollsOfOneHelper {
		b.free = b.free[:len(b.free)-1] // h is the last of free
	}
	return h, nil
}

// dismiss ends the use of a helper that hire began. The caller holds mu.
func (b *backend) dismiss(h *helper) {
	if h.polls == pollsOfOneHelper {
		b.free = append(b.free, h)
	}
	h.polls--
}

// baseOf returns the base socket of fd, or fd itself if its provider does not name one. It returns
// an error if fd is no socket.
func baseOf(fd windows.Handle) (windows.Handle, error) {
	ask := func(code uint32) (base windows.Handle, err error) {
		var n uint32
		err = windows.WSAIoctl(fd, code, nil, 0, (*byte)(unsafe.Pointer(&base)), uint32(unsafe.Sizeof(base)), &n, nil, 0)
		return base, err
	}
	base, err := ask(sioBaseHandle)
	if err == nil {
		return base, nil
	}
	if err == windows.WSAENOTSOCK {
		return 0, os.NewSyscallError("WSAIoctl", err)
	}
	// A layered provider may answer this question if it does not answer the first one.
	if base, err := ask(sioBspHandlePoll); err == nil && base != fd {
		return base, nil
	}
	return fd, nil
}

// ask starts the poll for the events that r wants. If a running poll asks for fewer events, ask
// cancels it, and the end of that poll asks again. The caller holds mu.
func (b *backend) ask(r *registration) error {
	if r.slow {
		b.selector.changed()
		return nil
	}
	events := uint32(0)
	if r.want&wantRead != 0 {
		events |= afdReceive | afdAccept | afdDisconnect
	}
	if r.want&wantUrgent != 0 {
		events |= afdExpedited
	}
	if r.want&wantWrite != 0 {
		events |= afdSend
	}
	if events == 0 {
		return nil
	}
	events |= afdAlways
	if r.asked != 0 {
		if events&^r.asked == 0 {
			return nil
		}
		return b.cancel(r)
	}
	h, err := b.hire()
	if err != nil {
		return err
	}
	r.overlapped = windows.Overlapped{Internal: uintptr(windows.STATUS_PENDING)}
	r.info = afdPollInfo{timeout: pollWithoutLimit, count: 1, handle: r.base, events: events}
	r.helper, r.asked, r.cancel = h, events, false
	status := afdPoll(h.handle, r)
	if status == windows.STATUS_SUCCESS || status == windows.STATUS_PENDING { // a packet will come
		r.known = true
		return nil
	}
	b.dismiss(h)
	r.helper, r.asked = nil, 0
	if r.known {
		return os.NewSyscallError("NtDeviceIoControlFile", status)
	}
	return b.selectInstead(r)
}

// afdPoll starts the poll of r. It is a variable, so that tests can make AFD refuse.
var afdPoll = func(device windows.Handle, r *registration) windows.NTStatus {
	status, _, _ := syscall.SyscallN(procNtDeviceIoControlFile.Addr(), uintptr(device), 0, 0,
		uintptr(unsafe.Pointer(&r.overlapped)), uintptr(unsafe.Pointer(&r.overlapped)), ioctlAFDPoll,
		uintptr(unsafe.Pointer(&r.info)), unsafe.Sizeof(r.info), uintptr(unsafe.Pointer(&r.info)), unsafe.Sizeof(r.info))
	return windows.NTStatus(status)
}

// cancel ends the poll of r. Its packet comes in any case. The caller holds mu.
func (b *backend) cancel(r *registration) error {
	if r.cancel {
		return nil
	}
	r.cancel = true
	var result windows.IO_STATUS_BLOCK
	status, _, _ := syscall.SyscallN(procNtCancelIoFileEx.Addr(), uintptr(r.helper.handle), uintptr(unsafe.Pointer(&r.overlapped)),
		uintptr(unsafe.Pointer(&result)))
	// STATUS_NOT_FOUND means that the poll has just ended.
	if s := windows.NTStatus(status); s != windows.STATUS_SUCCESS && s != windows.STATUS_NOT_FOUND {
		return os.NewSyscallError("NtCancelIoFileEx", s)
	}
	return nil
}

// ended handles the packet of a poll. It returns the registration to report, and its readiness, and
// asks for the events that are still wanted. The caller holds mu.
func (b *backend) ended(r *registration) (*registration, Ready) {
	status, events := windows.NTStatus(r.overlapped.Internal), uint32(0)
	if status == windows.STATUS_SUCCESS && r.info.count > 0 {
		events = r.info.events & r.asked
	}
	b.dismiss(r.helper)
	r.helper, r.asked, r.cancel = nil, 0, false
	if r.deleted {
		delete(b.leaving, r.fd)
		if r.next == nil {
			return r, 0
		}
		status, events, r = windows.STATUS_SUCCESS, 0, r.next
	}
	if events&afdLocalClose != 0 {
		// The socket was closed without Delete. As with epoll, the registration is gone without an
		// event.
		if b.byFD[r.fd] == r {
			delete(b.byFD, r.fd)
		}
		return r, 0
	}
	ready := readyOf(events)
	r.reported(ready)
	if status != windows.STATUS_SUCCESS && status != windows.STATUS_CANCELLED || b.ask(r) != nil {
		ready = Readable | Writable | Hangup // the user's attempt will find the error
		r.reported(ready)
	}
	return r, ready
}

func readyOf(events uint32) (r Ready) {
	if events&(afdReceive|afdAccept) != 0 {
		r |= Readable
	}
	if events&afdSend != 0 {
		r |= Writable
	}
	if events&afdExpedited != 0 {
		r |= Readable | Urgent
	}
	if events&afdDisconnect != 0 {
		r |= Readable | Hangup
	}
	if events&(afdAbort|afdConnectFail) != 0 {
		r |= Readable | Writable | Hangup
	}
	return r
}
