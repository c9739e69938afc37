package sock

import (
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sysSendfile wraps sendfile(2). The call may block on the disk, so the scheduler is informed. The
// caller sees no SIGPIPE.
//
// No flag of this call prevents that signal. The kernel sends it to the calling thread. So the
// thread blocks it during the call, and takes it after an EPIPE: sigtimedwait(2).
func sysSendfile(to, from int, offset int64, n int, _ func() error) (int, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before unix.Sigset_t
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &sigpipe, &before); err != nil {
		return 0, err
	}
	defer unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil)
	for {
		n, err := unix.Sendfile(to, from, &offset, n)
		if err == unix.EPIPE {
			takeSigpipe()
		}
		if err != unix.EINTR {
			return max(n, 0), sysErrorOf(err)
		}
	}
}

// sigpipe is the signal set that holds SIGPIPE only.
var sigpipe = func() (set unix.Sigset_t) {
	const bit = int(unix.SIGPIPE) - 1
	word := 8 * int(unsafe.Sizeof(set.Val[0]))
	set.Val[bit/word] = 1 << (bit % word)
	return set
}()

// takeSigpipe takes a pending SIGPIPE, if any, and does not wait.
func takeSigpipe() {
	var none unix.Timespec
	for {
		_, _, errno := syscall.RawSyscall6(unix.SYS_RT_SIGTIMEDWAIT, uintptr(unsafe.Pointer(&sigpipe)), 0, uintptr(unsafe.Pointer(&none)),
			sigsetSize, 0, 0)
		if errno != unix.EINTR {
			return
		}
	}
}

// sigsetSize is sizeof(sigset_t) of the kernel, _NSIG/8: 64 signals, and 128 on MIPS.
var sigsetSize = func() uintptr {
	switch runtime.GOARCH {
	case "mips", "mipsle", "mips64", "mips64le":
		return 16
	}
	return 8
}()
