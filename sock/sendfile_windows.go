package sock

import (
	"errors"
	"time"

	"golang.org/x/sys/windows"
)

const (
	// transmitMost is the most that one TransmitFile sends. For a call that was ended in progress,
	// the system's number of sent bytes is the only one; for completed calls it is certain. Client
	// editions of Windows make at most two such calls at once and delay others.
	transmitMost = 1 << 20
	// transmitLook is how often a call that waits for the peer checks whether it should end.
	transmitLook = 10 * time.Millisecond
)

// sysSendfile wraps TransmitFile. Windows has no non-blocking form: the call returns after the peer
// has taken everything. So this is an overlapped call, and CancelIoEx ends it when stop returns an
// error.
func sysSendfile(to, from int, offset int64, n int, stop func() error) (int, error) {
	event, err := windows.CreateEvent(nil, 1, 0, nil)
	if err != nil {
		return 0, sysErrorOf(err)
	}
	defer windows.CloseHandle(event)
	// On the heap, as everything that escapes into a system call of package windows: the system
	// writes into it while this goroutine waits.
	o := &windows.Overlapped{Offset: uint32(offset), OffsetHigh: uint32(offset >> 32), HEvent: event}
	// 0 would mean the whole file; n may be more than one call accepts.
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
