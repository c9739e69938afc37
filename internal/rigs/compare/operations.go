//go:build linux

package main

import (
	"context"
	"os"

	"github.com/polluxio/pollux/loop"
	"github.com/polluxio/pollux/sock"
	"golang.org/x/sys/unix"
)

// An operation is one call, the raw one and ours.
type operation struct {
	name   string
	reads  bool                                                 // a handler makes it in Readable; else in Writable
	raw    func(fd int, sc *scene) string                       // blocking
	ours   func(s *sock.Socket, sc *scene, to sock.Addr) string // in the way of a view
	future func(a sock.Async, sc *scene, to sock.Addr) func(context.Context) string
	stream bool // only of streams

	now      bool // it never waits
	straight bool // two calls in a row, which a handler does not make
}

// settled is a future's outcome.
func settled[T any](f loop.Future[T], show func(T, error) string) func(context.Context) string {
	return func(ctx context.Context) string { return show(f.Wait(ctx)) }
}

func shown(p []byte, err error) string { return outcome(len(p), notNil(p), err) }

func notNil(p []byte) []byte {
	if p == nil {
		return []byte{}
	}
	return p
}

func counted(n int, err error) string { return outcome(n, nil, err) }

// room is what a receive asks for.
const room = 8

func receive(name string, flags int, stream bool) operation {
	return operation{
		name: name, reads: true, stream: stream, now: flags&unix.MSG_DONTWAIT != 0,
		raw: func(fd int, _ *scene) string {
			p := make([]byte, room)
			n, _, err := unix.Recvfrom(fd, p, flags)
			return shown(p[:max(n, 0)], err)
		},
		ours: func(s *sock.Socket, _ *scene, _ sock.Addr) string { return shown(s.Recv(room, flags)) },
		future: func(a sock.Async, _ *scene, _ sock.Addr) func(context.Context) string {
			return settled(a.Recv(room, flags), shown)
		},
	}
}

func transmit(name string, size int, flags int) operation {
	return operation{
		name: name, now: flags&unix.MSG_DONTWAIT != 0,
		raw: func(fd int, _ *scene) string {
			n, err := unix.SendmsgN(fd, make([]byte, size), nil, nil, flags|unix.MSG_NOSIGNAL)
			return counted(n, err)
		},
		ours: func(s *sock.Socket, _ *scene, _ sock.Addr) string { return counted(s.Send(make([]byte, size), flags)) },
		future: func(a sock.Async, _ *scene, _ sock.Addr) func(context.Context) string {
			return settled(a.Send(make([]byte, size), flags), counted)
		},
	}
}

const small = 5

var receives = []operation{
	receive("recv", 0, false),
	{
		name: "recvfrom", reads: true,
		raw: func(fd int, _ *scene) string {
			p := make([]byte, room)
			n, _, err := unix.Recvfrom(fd, p, 0)
			return shown(p[:max(n, 0)], err)
		},
		ours: func(s *sock.Socket, _ *scene, _ sock.Addr) string {
			p, _, err := s.Recvfrom(room, 0)
			return shown(p, err)
		},
		future: func(a sock.Async, _ *scene, _ sock.Addr) func(context.Context) string {
			return settled(a.Recvfrom(room, 0), func(r sock.Received, err error) string { return shown(r.Data, err) })
		},
	},
	{
		name: "recvmsg", reads: true,
		raw: func(fd int, _ *scene) string {
			p := make([]byte, room)
			n, _, _, _, err := unix.Recvmsg(fd, p, make([]byte, 64), 0)
			return shown(p[:max(n, 0)], err)
		},
		ours: func(s *sock.Socket, _ *scene, _ sock.Addr) string {
			p, _, _, _, err := s.Recvmsg(room, 64, 0)
			return shown(p, err)
		},
		future: func(a sock.Async, _ *scene, _ sock.Addr) func(context.Context) string {
			return settled(a.Recvmsg(room, 64, 0), func(m sock.Message, err error) string { return shown(m.Data, err) })
		},
	},
	receive("recv PEEK", unix.MSG_PEEK, false),
	receive("recv DONTWAIT", unix.MSG_DONTWAIT, false),
	receive("recv WAITALL", unix.MSG_WAITALL, true),
	receive("recv OOB", unix.MSG_OOB, true),
}

var sends = []operation{
	transmit("send", small, 0),
	transmit("send DONTWAIT", small, unix.MSG_DONTWAIT),
	{
		name: "sendto",
		raw: func(fd int, _ *scene) string {
			err := unix.Sendto(fd, make([]byte, small), unix.MSG_NOSIGNAL, nil)
			return counted(small, err)
		},
		ours: func(s *sock.Socket, _ *scene, _ sock.Addr) string {
			n, err := s.Sendmsg([][]byte{make([]byte, small)}, []sock.Control{}, 0, sock.Addr{})
			return counted(n, err)
		},
		future: func(a sock.Async, _ *scene, _ sock.Addr) func(context.Context) string {
			return settled(a.Sendmsg([][]byte{make([]byte, small)}, nil, 0, sock.Addr{}), counted)
		},
	},
	{
		name: "sendall",
		raw: func(fd int, _ *scene) string {
			return counted(unix.SendmsgN(fd, make([]byte, small), nil, nil, unix.MSG_NOSIGNAL))
		},
		ours: func(s *sock.Socket, _ *scene, _ sock.Addr) string { return counted(s.Sendall(make([]byte, small), 0)) },
		future: func(a sock.Async, _ *scene, _ sock.Addr) func(context.Context) string {
			return settled(a.Sendall(make([]byte, small), 0), counted)
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
