package sock

import (
	"errors"
	"time"

	"golang.org/x/sys/windows"
)

const (
	// transmitMost is what one TransmitFile sends. What went of a call that was ended in the middle
	// is as the system says; of the others it is sure. Clients of Windows make two such calls at
	// once, and keep others waiting.
	transmitMost = 1 << 20
	// transmitLook is how often a call that waits for the peer looks whether it should end.
	transmitLook = 10 * time.Millisecond
)

// sysSendfile wraps TransmitFile. Windows has no such call that does not wait: it returns once the
// peer has taken everything. So it is made as an overlapped one, and ended (CancelIoEx) when stop
// returns an error.
func sysSendfile(to, from int, offset int64, n int, stop func() error) (int, error) {
	event, err := windows.CreateEvent(nil, 1, 0, nil)
	if err != nil {
		return 0, sysErrorOf(err)
	}
	defer windows.CloseHandle(event)
	// On the heap, as all that escapes into a system call of package windows: the system writes
	// into it while this goroutine waits.
	o := &windows.Overlapped{Offset: uint32(offset), OffsetHigh: uint32(offset >> 32), HEvent: event}
	// 0 would be all of the file, and there is more to n than a call takes.
	err = windows.TransmitFile(windows.Handle(to), windows.Handle(from), uint32(min(n, transmitMost)), 0, o, nil, 0)
	if err != nil && err != windows.ERROR_IO_PENDING {
		if err == windows.ERROR_HANDLE_EOF {
			return 0, nil
		}
		return 0, sysErrorOf(err)
	}
	var stopped error
	for stopped == nil {
		state, err := windows.WaitForSingleObject(event, uint32(transmitLook/time.Millisecond))
		if state == windows.WAIT_OBJECT_0 {
			break
		}
		if stopped = stop(); stopped == nil && err != nil {
			stopped = sysErrorOf(err)
		}
	}
	if stopped != nil {
		windows.CancelIoEx(windows.Handle(to), o) // it may have ended just now
	}
	var sent uint32
	err = windows.GetOverlappedResult(windows.Handle(to), o, &sent, true)
	switch {
	case stopped != nil:
		return int(sent), stopped
	case errors.Is(err, windows.ERROR_HANDLE_EOF):
		return int(sent), nil
	}
	return int(sent), sysErrorOf(err)
}
