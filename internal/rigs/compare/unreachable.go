//go:build linux

package main

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Hosts that cannot be reached. They are behind a TUN device in a network namespace of its own, and
// the program plays the router there: it answers each packet with an ICMP error, or not at all. The
// sockets stay in that namespace, whichever thread uses them.

// The hosts are 198.51.100.0/24 (RFC 5737). The last byte says what the router does: it sends
// "destination unreachable" with that code (RFC 792, RFC 1812), or nothing.
const (
	netUnreachable  = 0
	hostUnreachable = 1
	portUnreachable = 3
	prohibited      = 13 // communication administratively prohibited
	silent          = 200
)

func beyond(code byte) unix.Sockaddr {
	return &unix.SockaddrInet4{Addr: [4]byte{198, 51, 100, code}, Port: 9}
}

// noRoute is a host to which the namespace has no route: RFC 5737 too.
func noRoute() unix.Sockaddr { return &unix.SockaddrInet4{Addr: [4]byte{203, 0, 113, 1}, Port: 9} }

// outside runs functions on the thread that is in the namespace.
var outside = sync.OnceValues(func() (chan<- func(), error) {
	work, made := make(chan func()), make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: no other goroutine may have this thread
		tun, err := enterNamespace()
		if err == nil {
			go route(tun)
		}
		made <- err
		for fn := range work {
			fn()
		}
	}()
	err := <-made
	return work, err
})

// enterNamespace puts the calling thread into a new namespace, and returns its TUN device, which is
// up.
func enterNamespace() (tun int, err error) {
	if err = unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return -1, fmt.Errorf("a network namespace: %w", err)
	}
	if tun, err = unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0); err != nil {
		return -1, fmt.Errorf("/dev/net/tun: %w", err)
	}
	r, err := unix.NewIfreq("beyond")
	if err != nil {
		return -1, err
	}
	r.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err = unix.IoctlIfreq(tun, unix.TUNSETIFF, r); err != nil {
		return -1, fmt.Errorf("TUNSETIFF: %w", err)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	defer unix.Close(fd)
	for _, set := range []struct {
		name uint
		ip   [4]byte
	}{{unix.SIOCSIFADDR, [4]byte{198, 51, 100, 254}}, {unix.SIOCSIFNETMASK, [4]byte{255, 255, 255}}} {
		if err = r.SetInet4Addr(set.ip[:]); err == nil {
			err = unix.IoctlIfreq(fd, set.name, r)
		}
		if err != nil {
			return -1, err
		}
	}
	for _, name := range []string{"beyond", "lo"} {
		if r, err = unix.NewIfreq(name); err == nil {
			r.SetUint16(unix.IFF_UP)
			err = unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, r)
		}
		if err != nil {
			return -1, err
		}
	}
	return tun, nil
}

// route plays the router. Its errors come a moment after the packets, when the call that sent the
// packet waits.
func route(tun int) {
	p := make([]byte, 2048)
	for {
		n, err := unix.Read(tun, p)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return
		}
		if code := p[19]; n >= 28 && p[0]>>4 == 4 && code != silent {
			answer := unreachable(p[:n], code)
			time.AfterFunc(settle/3, func() { unix.Write(tun, answer) })
		}
	}
}

// unreachable is the ICMP error for an IP packet, as its destination sends it: the header of IP, 8
// bytes, and the beginning of the packet (RFC 792).
func unreachable(packet []byte, code byte) []byte {
	const icmp, ttl = 1, 64
	quoted := packet[:min(len(packet), 28+20)]
	b := append(make([]byte, 20+8), quoted...)
	b[0], b[8], b[9] = 4<<4|5, ttl, icmp
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	copy(b[12:], packet[16:20])
	copy(b[16:], packet[12:16])
	binary.BigEndian.PutUint16(b[10:], checksum(b[:20]))
	b[20], b[21] = 3, code
	binary.BigEndian.PutUint16(b[22:], checksum(b[20:]))
	return b
}

// checksum is that of RFC 1071.
func checksum(p []byte) uint16 {
	var sum uint32
	for i, c := range p {
		sum += uint32(c) << (8 * (1 - i&1))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// leading is a socket of the namespace, and to is where it is about to connect. Nothing listens in
// the namespace itself.
func leading(to func() unix.Sockaddr) func(*kind) (*scene, error) {
	return func(k *kind) (*scene, error) {
		sc := &scene{kind: k, fd: -1, peer: -1, ln: -1, at: to(), dead: &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: 9}}
		work, err := outside()
		if err != nil {
			return nil, err
		}
		done := make(chan struct{})
		work <- func() {
			sc.fd, err = k.socket()
			close(done)
		}
		<-done
		return sc.or(err)
	}
}

func beyondWith(code byte) func(*kind) (*scene, error) {
	return leading(func() unix.Sockaddr { return beyond(code) })
}

// pointing is a connected socket of the namespace, whose peer cannot be reached.
func pointing(k *kind) (*scene, error) {
	sc, err := beyondWith(hostUnreachable)(k)
	if err == nil {
		err = unix.Connect(sc.fd, sc.at)
	}
	if err != nil {
		return nil, err
	}
	return sc, nil
}

// sendsAway sends what the router answers with an error, and gives the error time to come.
func sendsAway(sc *scene) {
	unix.SendmsgN(sc.fd, []byte("x"), nil, nil, unix.MSG_DONTWAIT)
	unix.Poll([]unix.PollFd{{Fd: int32(sc.fd)}}, int(settle.Milliseconds()))
}

// leadsOut is true for kinds that have a namespace to connect from.
func leadsOut(k *kind) bool {
	_, err := outside()
	return err == nil && k.family == unix.AF_INET && !k.addressed && (isTCP(k) || k.proto == mptcp)
}

func pointsOut(k *kind) bool {
	_, err := outside()
	return err == nil && k.family == unix.AF_INET && !k.addressed && isUDP(k)
}
