//go:build linux

package main

import (
	"context"
	"os"
	"time"
	"unsafe"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"golang.org/x/sys/unix"
)

// An operation is one call, the raw one and ours.
type operation struct {
	name     string
	reads    bool                                                 // a handler makes it in Readable; else in Writable
	raw      func(fd int, sc *scene) string                       // blocking
	ours     func(s *sock.Socket, sc *scene, to sock.Addr) string // in the way of a view
	future   func(a sock.Async, sc *scene, to sock.Addr) func(context.Context) string
	stream   bool // only of streams
	messages bool // only of sockets that keep messages apart
	peer     bool // only of sockets that are connected

	now      bool // it never waits
	straight bool // two calls in a row, which a handler does not make
	first    bool // what happens meanwhile happens to the second of them
}

// settled is a future's outcome.
func settled[T any](f loop.Future[T], show func(T, error) string) func(context.Context) string {
	return func(ctx context.Context) string { return show(f.Wait(ctx)) }
}

// shown is the outcome of a receive, without the bytes that differ in each run.
func (sc *scene) shown(p []byte, err error) string {
	data := p[min(sc.kind.trim, len(p)):]
	return outcome(len(p), append([]byte{}, data...), err)
}

func counted(n int, err error) string { return outcome(n, nil, err) }

// recvfrom is recvfrom(2). Package unix fails for senders of families that it does not know.
func recvfrom(fd int, p []byte, flags int, sender bool) (int, error) {
	var name [128]byte
	var at, size unsafe.Pointer
	if room := uint32(len(name)); sender {
		at, size = unsafe.Pointer(&name[0]), unsafe.Pointer(&room)
	}
	n, _, errno := unix.Syscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), uintptr(flags), uintptr(at), uintptr(size))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// recvmsg is recvmsg(2), with room for a sender and for ancillary data.
func recvmsg(fd int, p []byte) (int, error) {
	name, control := make([]byte, 128), make([]byte, 64)
	h := &messages(p, name).hdr
	h.Control = &control[0]
	h.SetControllen(len(control))
	n, _, errno := unix.Syscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(h)), 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

func receive(name string, flags int, stream bool) operation {
	return operation{
		name: name, reads: true, stream: stream, now: flags&(unix.MSG_DONTWAIT|unix.MSG_ERRQUEUE) != 0,
		raw: func(fd int, sc *scene) string {
			p := make([]byte, sc.room())
			n, err := recvfrom(fd, p, flags, false)
			return sc.shown(p[:n], err)
		},
		ours: func(s *sock.Socket, sc *scene, _ sock.Addr) string { return sc.shown(s.Recv(sc.room(), flags)) },
		future: func(a sock.Async, sc *scene, _ sock.Addr) func(context.Context) string {
			return settled(a.Recv(sc.room(), flags), sc.shown)
		},
	}
}

// sendTo sends in the way that the kind demands.
func (sc *scene) sendTo(s *sock.Socket, flags int) (int, error) {
	if sc.kind.addressed {
		return s.Sendto(sc.sent(), flags, addrOf(sc.to))
	}
	return s.Send(sc.sent(), flags)
}

func transmit(name string, flags int, stream bool) operation {
	return operation{
		name: name, now: flags&unix.MSG_DONTWAIT != 0, stream: stream,
		raw: func(fd int, sc *scene) string {
			return counted(unix.SendmsgN(fd, sc.sent(), nil, sc.to, sc.flags(flags)))
		},
		ours: func(s *sock.Socket, sc *scene, _ sock.Addr) string { return counted(sc.sendTo(s, flags)) },
		future: func(a sock.Async, sc *scene, _ sock.Addr) func(context.Context) string {
			if sc.kind.addressed {
				return settled(a.Sendto(sc.sent(), flags, addrOf(sc.to)), counted)
			}
			return settled(a.Send(sc.sent(), flags), counted)
		},
	}
}

// small is how many bytes most operations send.
const small = 5

var waitAll = receive("recv WAITALL", unix.MSG_WAITALL, true)

var receives = []operation{
	receive("recv", 0, false),
	{
		name: "recvfrom", reads: true,
		raw: func(fd int, sc *scene) string {
			p := make([]byte, sc.room())
			n, err := recvfrom(fd, p, 0, true)
			return sc.shown(p[:n], err)
		},
		ours: func(s *sock.Socket, sc *scene, _ sock.Addr) string {
			p, _, err := s.Recvfrom(sc.room(), 0)
			return sc.shown(p, err)
		},
		future: func(a sock.Async, sc *scene, _ sock.Addr) func(context.Context) string {
			return settled(a.Recvfrom(sc.room(), 0), func(r sock.Received, err error) string { return sc.shown(r.Data, err) })
		},
	},
	{
		name: "recvmsg", reads: true,
		raw: func(fd int, sc *scene) string {
			p := make([]byte, sc.room())
			n, err := recvmsg(fd, p)
			return sc.shown(p[:n], err)
		},
		ours: func(s *sock.Socket, sc *scene, _ sock.Addr) string {
			p, _, _, _, err := s.Recvmsg(sc.room(), 64, 0)
			return sc.shown(p, err)
		},
		future: func(a sock.Async, sc *scene, _ sock.Addr) func(context.Context) string {
			return settled(a.Recvmsg(sc.room(), 64, 0), func(m sock.Message, err error) string { return sc.shown(m.Data, err) })
		},
	},
	{
		name: "recvmmsg", reads: true, messages: true,
		raw: func(fd int, sc *scene) string {
			p := make([]byte, sc.room())
			v := messages(p, nil)
			n, _, errno := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(v)), 1, 0, 0, 0)
			if errno != 0 {
				return sc.shown(nil, errno)
			}
			return sc.shown(p[:v.len*uint32(n)], nil)
		},
		ours: func(s *sock.Socket, sc *scene, _ sock.Addr) string {
			d := []sock.Datagram{{Buffers: [][]byte{make([]byte, sc.room())}}}
			n, err := s.RecvBatch(d, 0)
			return sc.received(d, n, err)
		},
		future: func(a sock.Async, sc *scene, _ sock.Addr) func(context.Context) string {
			d := []sock.Datagram{{Buffers: [][]byte{make([]byte, sc.room())}}}
			return settled(a.RecvBatch(d, 0), func(n int, err error) string { return sc.received(d, n, err) })
		},
	},
	receive("recv PEEK", unix.MSG_PEEK, false),
	receive("recv DONTWAIT", unix.MSG_DONTWAIT, false),
	receive("recv ERRQUEUE", unix.MSG_ERRQUEUE, false),
	waitAll,
	receive("recv OOB", unix.MSG_OOB, true),
}

// countedReceive counts the attempts of a wait: see mostTries.
var countedReceive = operation{
	name: "recv, counted", reads: true,
	raw: func(fd int, sc *scene) string {
		p := make([]byte, sc.room())
		n, err := recvfrom(fd, p, 0, false)
		return counted(n, err)
	},
	ours: func(s *sock.Socket, sc *scene, _ sock.Addr) string {
		n := 0
		err := s.Attempt("recv", loop.Read, sc.tryRecv(s, &n))
		return counted(n, err)
	},
	future: func(a sock.Async, sc *scene, _ sock.Addr) func(context.Context) string {
		n := 0
		f := a.Attempt("recv", loop.Read, sc.tryRecv(sc.ours, &n))
		return func(ctx context.Context) string {
			_, err := f.Wait(ctx)
			return counted(n, err)
		}
	},
}

func (sc *scene) tryRecv(s *sock.Socket, n *int) func(int) (loop.Outcome, error) {
	p := make([]byte, sc.room())
	return func(sysfd int) (out loop.Outcome, err error) {
		sc.attempted()
		out, err = s.TryRecv(sysfd, p, 0)
		*n = out.N
		return out, err
	}
}

// A mmsghdr is a struct mmsghdr of <sys/socket.h>.
type mmsghdr struct {
	hdr unix.Msghdr
	len uint32
	iov unix.Iovec // what hdr points to
}

// messages is one message for recvmmsg(2) or sendmmsg(2).
func messages(p []byte, to []byte) *mmsghdr {
	v := new(mmsghdr)
	v.iov.Base = &p[0]
	v.iov.SetLen(len(p))
	v.hdr.Iov = &v.iov
	v.hdr.SetIovlen(1)
	if len(to) > 0 {
		v.hdr.Name, v.hdr.Namelen = &to[0], uint32(len(to))
	}
	return v
}

func (sc *scene) received(d []sock.Datagram, n int, err error) string {
	if err != nil || n == 0 {
		return sc.shown(nil, err)
	}
	return sc.shown(d[0].Buffers[0][:d[0].N], nil)
}

var sends = []operation{
	transmit("send", 0, false),
	transmit("send DONTWAIT", unix.MSG_DONTWAIT, false),
	transmit("send OOB", unix.MSG_OOB, true),
	{
		name: "sendmsg",
		raw: func(fd int, sc *scene) string {
			return counted(unix.SendmsgN(fd, sc.sent(), nil, sc.to, sc.flags(0)))
		},
		ours: func(s *sock.Socket, sc *scene, _ sock.Addr) string {
			return counted(s.Sendmsg([][]byte{sc.sent()}, []sock.Control{}, 0, addrOf(sc.to)))
		},
		future: func(a sock.Async, sc *scene, _ sock.Addr) func(context.Context) string {
			return settled(a.Sendmsg([][]byte{sc.sent()}, nil, 0, addrOf(sc.to)), counted)
		},
	},
	{
		name: "sendmmsg", messages: true,
		raw: func(fd int, sc *scene) string {
			// Package unix does not give the bytes of an address: sendmsg is the same for one
			// message.
			n, err := unix.SendmsgN(fd, sc.sent(), nil, sc.to, sc.flags(0))
			return counted(min(n, 1), err)
		},
		ours: func(s *sock.Socket, sc *scene, _ sock.Addr) string {
			return counted(s.SendBatch([]sock.Datagram{{Buffers: [][]byte{sc.sent()}, Addr: addrOf(sc.to)}}, 0))
		},
		future: func(a sock.Async, sc *scene, _ sock.Addr) func(context.Context) string {
			return settled(a.SendBatch([]sock.Datagram{{Buffers: [][]byte{sc.sent()}, Addr: addrOf(sc.to)}}, 0), counted)
		},
	},
	{
		name: "sendall", peer: true,
		raw: func(fd int, sc *scene) string {
			return counted(unix.SendmsgN(fd, sc.sent(), nil, nil, sc.flags(0)))
		},
		ours: func(s *sock.Socket, sc *scene, _ sock.Addr) string { return counted(s.Sendall(sc.sent(), 0)) },
		future: func(a sock.Async, sc *scene, _ sock.Addr) func(context.Context) string {
			return settled(a.Sendall(sc.sent(), 0), counted)
		},
	},
	{
		// The attempts of a wait are counted: see mostTries.
		name: "send, counted", peer: true,
		raw: func(fd int, sc *scene) string {
			return counted(unix.SendmsgN(fd, sc.sent(), nil, nil, sc.flags(0)))
		},
		ours: func(s *sock.Socket, sc *scene, _ sock.Addr) string {
			n := 0
			err := s.Attempt("send", loop.Write, func(sysfd int) (out loop.Outcome, err error) {
				sc.attempted()
				out, err = s.TrySend(sysfd, sc.sent(), 0)
				n = out.N
				return out, err
			})
			return counted(n, err)
		},
		future: func(a sock.Async, sc *scene, _ sock.Addr) func(context.Context) string {
			n := 0
			f := a.Attempt("send", loop.Write, func(sysfd int) (out loop.Outcome, err error) {
				sc.attempted()
				out, err = sc.ours.TrySend(sysfd, sc.sent(), 0)
				n = out.N
				return out, err
			})
			return func(ctx context.Context) string {
				_, err := f.Wait(ctx)
				return counted(n, err)
			}
		},
	},
	{
		name: "sendfile", stream: true,
		raw: func(fd int, _ *scene) string {
			f := smallFile()
			defer f.Close()
			var offset int64
			n, err := unix.Sendfile(fd, int(f.Fd()), &offset, small)
			return counted(n, err)
		},
		ours: func(s *sock.Socket, _ *scene, _ sock.Addr) string {
			f := smallFile()
			defer f.Close()
			n, err := s.Sendfile(f, 0, -1)
			return counted(int(n), err)
		},
		future: func(a sock.Async, _ *scene, _ sock.Addr) func(context.Context) string {
			f := smallFile()
			return func(ctx context.Context) string {
				defer f.Close()
				n, err := a.Sendfile(f, 0, -1).Wait(ctx)
				return counted(int(n), err)
			}
		},
	},
}

// mostTries is how many attempts a wait that finds no room may make in the time of a row: one at
// once, then after 1, 2, 4, 8, 16 and each 32 milliseconds, twice as many, and some for edges.
func mostTries() int64 { return 16 + 2*int64(patience/(32*time.Millisecond)) }

// smallFile stands at its end, which must make no difference.
func smallFile() *os.File {
	f, err := os.CreateTemp(folder, "file")
	if err != nil {
		panic(err)
	}
	f.Write(make([]byte, small))
	return f
}

var accepts = []operation{{
	name: "accept", reads: true,
	raw: func(fd int, _ *scene) string {
		c, _, err := unix.Accept(fd)
		if err == nil {
			unix.Close(c)
		}
		return outcome(0, nil, err)
	},
	ours: func(s *sock.Socket, _ *scene, _ sock.Addr) string {
		c, _, err := s.Accept()
		if err == nil {
			c.Close()
		}
		return outcome(0, nil, err)
	},
	future: func(a sock.Async, _ *scene, _ sock.Addr) func(context.Context) string {
		return settled(a.Accept(), func(c sock.Accepted, err error) string {
			if err == nil {
				c.Socket.Close()
			}
			return outcome(0, nil, err)
		})
	},
}}

var connects = []operation{{
	name: "connect",
	raw:  func(fd int, sc *scene) string { return outcome(0, nil, unix.Connect(fd, sc.at)) },
	ours: func(s *sock.Socket, _ *scene, to sock.Addr) string { return outcome(0, nil, s.Connect(to)) },
	future: func(a sock.Async, _ *scene, to sock.Addr) func(context.Context) string {
		return settled(a.Connect(to), func(_ struct{}, err error) string { return outcome(0, nil, err) })
	},
}}

// afterFailure is a connect where nothing listens, and then another.
func afterFailure(o operation) operation {
	raw, ours, future := o.raw, o.ours, o.future
	o.name += " after a failure"
	o.straight, o.first = true, true
	o.raw = func(fd int, sc *scene) string {
		return joined(sc.firstOver(outcome(0, nil, unix.Connect(fd, sc.dead))), raw(fd, sc))
	}
	o.ours = func(s *sock.Socket, sc *scene, to sock.Addr) string {
		return joined(sc.firstOver(ours(s, sc, addrOf(sc.dead))), ours(s, sc, to))
	}
	o.future = func(a sock.Async, sc *scene, to sock.Addr) func(context.Context) string {
		return func(ctx context.Context) string {
			return joined(sc.firstOver(future(a, sc, addrOf(sc.dead))(ctx)), future(a, sc, to)(ctx))
		}
	}
	return o
}

// fastOpen sends with the SYN, if the kernel has a cookie; and connects.
var fastOpen = operation{
	name: "send FASTOPEN",
	raw: func(fd int, sc *scene) string {
		return counted(unix.SendmsgN(fd, sc.sent(), nil, sc.at, unix.MSG_FASTOPEN|unix.MSG_NOSIGNAL))
	},
	ours: func(s *sock.Socket, sc *scene, to sock.Addr) string {
		return counted(s.Sendto(sc.sent(), unix.MSG_FASTOPEN, to))
	},
	future: func(a sock.Async, sc *scene, to sock.Addr) func(context.Context) string {
		return settled(a.Sendto(sc.sent(), unix.MSG_FASTOPEN, to), counted)
	},
	straight: true, // a handler connects, and sends when it is writable
}

// twice is the operation, and once more on the same socket.
func twice(o operation) operation {
	raw, ours, future := o.raw, o.ours, o.future
	o.name += " again"
	o.straight = true
	o.raw = func(fd int, sc *scene) string { return joined(raw(fd, sc), raw(fd, sc)) }
	o.ours = func(s *sock.Socket, sc *scene, to sock.Addr) string { return joined(ours(s, sc, to), ours(s, sc, to)) }
	o.future = func(a sock.Async, sc *scene, to sock.Addr) func(context.Context) string {
		return func(ctx context.Context) string { return joined(future(a, sc, to)(ctx), future(a, sc, to)(ctx)) }
	}
	return o
}

func joined(first, second string) string {
	if first == waits || second == waits {
		return waits
	}
	return first + ", " + second
}
