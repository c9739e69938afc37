// Package kqueue is a model of kqueue(2) on Linux, over epoll(7). With it the poller of macOS and
// the BSDs runs in tests on Linux. Packages user and pipe below this folder are copies of that
// poller, with this package in place of golang.org/x/sys/unix. internal/genkqueue makes the copies,
// and its test compares them with poller_bsd.go and the other files.
//
// The model has the parts that the poller uses: EVFILT_READ, EVFILT_WRITE and EVFILT_EXCEPT with
// EV_CLEAR, EVFILT_USER. The numbers are those of FreeBSD and macOS. The model behaves as the
// manuals say, and as a NetBSD kernel was seen to behave:
//
//   - A registration belongs to a number of this process. A close of the number ends it, even if a
//     duplicate is left.
//   - EV_ADD of a registration that exists modifies it, and reports again what is ready.
//   - READ and WRITE are separate events.
//   - A change list without room for events ends at its first error.
//
// It differs in three things. It refuses a plain file (EPERM), and kqueue reports it. It reports a
// WRITE when there is room again after there was none, and not at each ACK. Its timeouts are exact.
package kqueue
