// Package kqueue is a model of kqueue(2) on Linux, over epoll(7). With it the poller of macOS and
// the BSDs runs in the tests of this machine: packages user and pipe below this folder are that
// poller, word for word, with this package in the place of golang.org/x/sys/unix.
// internal/genkqueue copies them, and a test of it holds the copies against poller_bsd.go and its
// like.
//
// The model has what the poller uses: EVFILT_READ, EVFILT_WRITE and EVFILT_EXCEPT with EV_CLEAR,
// EVFILT_USER. The numbers are those of FreeBSD and macOS. It does what the manuals say, and what
// was seen on a NetBSD kernel:
//
//   - A registration belongs to a number of this process. To close the number ends it, also if a
//     duplicate is left.
//   - EV_ADD of what is there modifies it, and reports again what is ready.
//   - READ and WRITE are events of their own.
//   - A change list without room for events ends at its first error.
//
// It differs in three things: a plain file is refused (EPERM), where kqueue reports it; a WRITE is
// not reported at each ACK, but once there is room again after there was none; and timeouts are
// exact.
package kqueue
