//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// A kind is a kind of socket.
type kind struct {
	name               string
	family, typ, proto int
	connects           bool                 // it listens and accepts
	local              func() unix.Sockaddr // to bind to
	named              func(unix.Sockaddr) unix.Sockaddr
	later              bool // what one end does comes to the other after the call: with a work queue, or packets that are acknowledged late
}

const mptcp = 262 // IPPROTO_MPTCP of <linux/in.h>

var numbers atomic.Int32

var folder = func() string {
	dir, err := os.MkdirTemp("", "compare")
	if err != nil {
		panic(err)
	}
	return dir
}()

func inet4() unix.Sockaddr { return &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}} }
func inet6() unix.Sockaddr {
	return &unix.SockaddrInet6{Addr: [16]byte{15: 1}}
}
func path() unix.Sockaddr {
	return &unix.SockaddrUnix{Name: filepath.Join(folder, fmt.Sprint(numbers.Add(1)))}
}
func vsock() unix.Sockaddr {
	return &unix.SockaddrVM{CID: 1, Port: uint32(20000 + numbers.Add(1))} // VMADDR_CID_LOCAL
}
func tipcName() unix.Sockaddr {
	n := uint32(numbers.Add(1))
	return &unix.SockaddrTIPC{Scope: 2, Addr: &unix.TIPCServiceRange{Type: 5000, Lower: n, Upper: n}}
}
func netlink() unix.Sockaddr { return &unix.SockaddrNetlink{Family: unix.AF_NETLINK} }

// ofService is the address of a TIPC socket that is bound to a range of one instance.
func ofService(sa unix.Sockaddr) unix.Sockaddr {
	r := sa.(*unix.SockaddrTIPC).Addr.(*unix.TIPCServiceRange)
	return &unix.SockaddrTIPC{Addr: &unix.TIPCServiceName{Type: r.Type, Instance: r.Lower}}
}

var kinds = []kind{
	{name: "tcp", family: unix.AF_INET, typ: unix.SOCK_STREAM, connects: true, local: inet4},
	{name: "tcp6", family: unix.AF_INET6, typ: unix.SOCK_STREAM, connects: true, local: inet6},
	{name: "mptcp", family: unix.AF_INET, typ: unix.SOCK_STREAM, proto: mptcp, connects: true, later: true, local: inet4},
	{name: "udp", family: unix.AF_INET, typ: unix.SOCK_DGRAM, local: inet4},
	{name: "udp6", family: unix.AF_INET6, typ: unix.SOCK_DGRAM, local: inet6},
	{name: "udplite", family: unix.AF_INET, typ: unix.SOCK_DGRAM, proto: unix.IPPROTO_UDPLITE, local: inet4},
	{name: "unix", family: unix.AF_UNIX, typ: unix.SOCK_STREAM, connects: true, local: path},
	{name: "unix-seqpacket", family: unix.AF_UNIX, typ: unix.SOCK_SEQPACKET, connects: true, local: path},
	{name: "unix-dgram", family: unix.AF_UNIX, typ: unix.SOCK_DGRAM, local: path},
	{name: "netlink", family: unix.AF_NETLINK, typ: unix.SOCK_DGRAM, proto: unix.NETLINK_USERSOCK, local: netlink},
	{name: "sctp", family: unix.AF_INET, typ: unix.SOCK_STREAM, proto: unix.IPPROTO_SCTP, connects: true, later: true, local: inet4},
	{name: "vsock", family: unix.AF_VSOCK, typ: unix.SOCK_STREAM, connects: true, later: true, local: vsock},
	{name: "vsock-seqpacket", family: unix.AF_VSOCK, typ: unix.SOCK_SEQPACKET, connects: true, later: true, local: vsock},
	{name: "tipc", family: unix.AF_TIPC, typ: unix.SOCK_STREAM, connects: true, later: true, local: tipcName, named: ofService},
	{name: "tipc-seqpacket", family: unix.AF_TIPC, typ: unix.SOCK_SEQPACKET, connects: true, later: true, local: tipcName, named: ofService},
}

// socket makes a blocking socket, whose calls end after patience.
func (k *kind) socket() (int, error) {
	fd, err := unix.Socket(k.family, k.typ|unix.SOCK_CLOEXEC, k.proto)
	if err == nil {
		limit(fd)
	}
	return fd, err
}

// limit makes blocking calls end that would wait for ever.
func limit(fd int) {
	tv := unix.NsecToTimeval(patience.Nanoseconds())
	unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv)
	unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &tv)
}

// bound makes a socket with an address, and says where others reach it.
func (k *kind) bound() (fd int, at unix.Sockaddr, err error) {
	if fd, err = k.socket(); err != nil {
		return -1, nil, err
	}
	sa := k.local()
	if err = unix.Bind(fd, sa); err != nil {
		unix.Close(fd)
		return -1, nil, fmt.Errorf("bind: %w", err)
	}
	if k.named != nil {
		return fd, k.named(sa), nil
	}
	if at, err = unix.Getsockname(fd); err != nil {
		unix.Close(fd)
	}
	return fd, at, err
}

// A scene is the sockets of one run: fd is what the operation is called on.
type scene struct {
	kind *kind
	fd   int
	peer int // of a pair
	ln   int // that fd connects to, or is
	at   unix.Sockaddr
	more []int // others that are to be closed
	full int   // bytes that fill has sent
}

// close closes the peer first: a TIPC connection whose peer takes nothing more waits 8 seconds in
// its close (__tipc_shutdown of net/tipc/socket.c).
func (sc *scene) close() {
	for _, fd := range append(sc.more, sc.peer, sc.fd, sc.ln) {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}

// closeOne closes one of the descriptors early.
func closeOne(fd *int) {
	unix.Close(*fd)
	*fd = -1
}

// pair is two sockets that are connected to each other.
func (k *kind) pair() (*scene, error) {
	sc := &scene{kind: k, fd: -1, peer: -1, ln: -1}
	if !k.connects {
		a, atA, err := k.bound()
		if err != nil {
			return nil, err
		}
		b, atB, err := k.bound()
		if err != nil {
			unix.Close(a)
			return nil, err
		}
		sc.fd, sc.peer = a, b
		if err = unix.Connect(a, atB); err == nil {
			err = unix.Connect(b, atA)
		}
		if err != nil {
			sc.close()
			return nil, err
		}
		return sc, nil
	}
	sc, err := k.listener()
	if err != nil {
		return nil, err
	}
	fd, err := k.socket()
	if err != nil {
		sc.close()
		return nil, err
	}
	ln := sc.ln
	sc.fd, sc.ln = fd, -1
	defer unix.Close(ln)
	unix.SetNonblock(fd, true) // a TIPC connect ends with the accept
	if err = unix.Connect(fd, sc.at); err == nil || err == unix.EINPROGRESS {
		if sc.peer, _, err = unix.Accept(ln); err == nil {
			unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, int(patience.Milliseconds()))
			if err = unix.Connect(fd, sc.at); err == unix.EISCONN || k.family == unix.AF_TIPC && err == unix.EINVAL {
				err = nil
			}
		}
	}
	unix.SetNonblock(fd, false)
	if err != nil {
		sc.close()
		return nil, fmt.Errorf("connect: %w", err)
	}
	limit(sc.peer)
	return sc, nil
}

// listener is a listener, as ln, and no other socket yet.
func (k *kind) listener() (*scene, error) {
	sc := &scene{kind: k, fd: -1, peer: -1, ln: -1}
	ln, at, err := k.bound()
	if err != nil {
		return nil, err
	}
	if sc.ln, sc.at = ln, at; true {
		err = unix.Listen(ln, 1)
	}
	if err != nil {
		sc.close()
		return nil, fmt.Errorf("listen: %w", err)
	}
	return sc, nil
}
