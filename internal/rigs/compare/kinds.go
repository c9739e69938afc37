//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// A kind is a kind of socket.
type kind struct {
	name               string
	family, typ, proto int
	connects           bool                 // it listens and accepts
	local              func() unix.Sockaddr // to bind to
	dialer             func() unix.Sockaddr // to bind a socket to that connects; nil: it is not bound
	named              func(unix.Sockaddr) unix.Sockaddr
	later              bool // what one end does comes to the other after the call: with a work queue, or packets that are acknowledged late
	addressed          bool // the socket is not connected: sends have an address
	plain              bool // sends take no flags

	make    func(*kind) (*scene, error)
	message func(sc *scene, text string) []byte // what the peer sends; nil: the text
	out     func(sc *scene) []byte              // what the socket sends; nil: some bytes
	ports   int                                 // how many there are, if they can all be taken; 0: there are always more
	room    int                                 // of a receive; 0: 8 bytes
	trim    int                                 // how many bytes that are received differ in each run, and are not compared

	bus func() (int, error) // the CAN bus; nil: that of all

	places     chan struct{} // how many scenes there can be at once; nil: any number
	stuck      *atomic.Int32 // how many of its runs did not end
	endless    bool          // its queue is never full for long: see learn
	noShutdown bool          // shutdown(2) does nothing: see learn
}

// kernelFaults are kinds that a kernel cannot run: its own fault ends a thread in a system call,
// and may end the machine.
var kernelFaults = []struct {
	release, kind string // the beginning of the release of uname(2)
	fault         kernelFault
}{
	{"6.1.", "l2cap", "Debian's 6.1.192-3: close(2) of a connection that has ended at the same time removes it from its list twice (BUG at lib/list_debug.c:56 in hci_chan_del, by l2cap_sock_release); 6.12.117 does not"},
}

type kernelFault string

func (f kernelFault) Error() string { return string(f) }

// mayLack are the kinds that not every kernel of the machine has: no transport there has datagrams
// of AF_VSOCK, and Linux 7.1 no UDP-Lite.
var mayLack = map[string]bool{"vsock-dgram": true, "udplite": true}

// fault returns what is wrong with this kernel's sockets of the kind.
func (k *kind) fault() error {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return err
	}
	for _, f := range kernelFaults {
		if f.kind == k.name && strings.HasPrefix(unix.ByteSliceToString(name.Release[:]), f.release) {
			return f.fault
		}
	}
	return nil
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

// inetOfItsOwn is an address of the loopback network that nothing else has, not even this program
// in another process.
func inetOfItsOwn() unix.Sockaddr {
	n := numbers.Add(1)
	return &unix.SockaddrInet4{Addr: [4]byte{127, byte(64 + os.Getpid()%128), byte(n >> 8), byte(n)}}
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
	{name: "udp-to", family: unix.AF_INET, typ: unix.SOCK_DGRAM, local: inet4, addressed: true},
	{name: "udplite", family: unix.AF_INET, typ: unix.SOCK_DGRAM, proto: unix.IPPROTO_UDPLITE, local: inet4},
	{name: "raw", family: unix.AF_INET, typ: unix.SOCK_RAW, proto: 253, local: inetOfItsOwn, room: 20 + 8, trim: 20}, // RFC 3692: for experiments. With the IP header
	{name: "unix", family: unix.AF_UNIX, typ: unix.SOCK_STREAM, connects: true, local: path},
	{name: "unix-seqpacket", family: unix.AF_UNIX, typ: unix.SOCK_SEQPACKET, connects: true, local: path},
	{name: "unix-dgram", family: unix.AF_UNIX, typ: unix.SOCK_DGRAM, local: path},
	{name: "unix-dgram-to", family: unix.AF_UNIX, typ: unix.SOCK_DGRAM, local: path, addressed: true},
	{name: "netlink", family: unix.AF_NETLINK, typ: unix.SOCK_DGRAM, proto: unix.NETLINK_USERSOCK, local: netlink},
	{name: "netlink-route", family: unix.AF_NETLINK, typ: unix.SOCK_RAW, proto: unix.NETLINK_ROUTE, local: netlink},
	{name: "netlink-generic", family: unix.AF_NETLINK, typ: unix.SOCK_RAW, proto: unix.NETLINK_GENERIC, local: netlink},
	{name: "packet", family: unix.AF_PACKET, typ: unix.SOCK_RAW, make: packetPair, later: true, message: frameOf, out: someFrame, room: 14 + 8, trim: 14},
	{name: "packet-dgram", family: unix.AF_PACKET, typ: unix.SOCK_DGRAM, make: packetPair, later: true, addressed: true},
	{name: "sctp", family: unix.AF_INET, typ: unix.SOCK_STREAM, proto: unix.IPPROTO_SCTP, connects: true, later: true, local: inet4},
	{name: "sctp-many", family: unix.AF_INET, typ: unix.SOCK_SEQPACKET, proto: unix.IPPROTO_SCTP, make: manyPair, later: true, local: inet4, addressed: true},
	{name: "vsock", family: unix.AF_VSOCK, typ: unix.SOCK_STREAM, connects: true, later: true, local: vsock},
	{name: "vsock-seqpacket", family: unix.AF_VSOCK, typ: unix.SOCK_SEQPACKET, connects: true, later: true, local: vsock},
	{name: "vsock-dgram", family: unix.AF_VSOCK, typ: unix.SOCK_DGRAM, later: true, local: vsock},
	{name: "tipc", family: unix.AF_TIPC, typ: unix.SOCK_STREAM, connects: true, later: true, local: tipcName, named: ofService},
	{name: "tipc-seqpacket", family: unix.AF_TIPC, typ: unix.SOCK_SEQPACKET, connects: true, later: true, local: tipcName, named: ofService},
	{name: "tipc-rdm", family: unix.AF_TIPC, typ: unix.SOCK_RDM, later: true, local: tipcName, named: ofService},
	{name: "tipc-dgram", family: unix.AF_TIPC, typ: unix.SOCK_DGRAM, later: true, local: tipcName, named: ofService},
	{name: "rds", family: unix.AF_RDS, typ: unix.SOCK_SEQPACKET, later: true, plain: true, local: inet4},
	{name: "qrtr", family: unix.AF_QIPCRTR, typ: unix.SOCK_DGRAM, make: qrtrPair, plain: true},
	{name: "can", family: unix.AF_CAN, typ: unix.SOCK_RAW, proto: unix.CAN_RAW, make: canPair, later: true, message: canFrame, out: someCANFrame, room: 16, trim: 4},
	{name: "can-bcm", family: unix.AF_CAN, typ: unix.SOCK_DGRAM, proto: unix.CAN_BCM, make: bcmPair, later: true, message: canFrame, out: bcmSend, room: bcmHead + 16, trim: bcmHead + 4},
	{name: "can-isotp", family: unix.AF_CAN, typ: unix.SOCK_DGRAM, proto: unix.CAN_ISOTP, make: isotpPair, later: true, out: func(*scene) []byte { return make([]byte, 20) }},
	{name: "can-j1939", family: unix.AF_CAN, typ: unix.SOCK_DGRAM, proto: unix.CAN_J1939, make: j1939Pair, later: true},
	{name: "alg", family: unix.AF_ALG, typ: unix.SOCK_SEQPACKET, make: algPair, message: block, out: func(sc *scene) []byte { return block(sc, "out") }, room: 16, places: make(chan struct{}, 8)},
	{name: "l2cap", family: unix.AF_BLUETOOTH, typ: unix.SOCK_SEQPACKET, proto: unix.BTPROTO_L2CAP, connects: true, later: true, local: l2cap(1, true), dialer: l2cap(0, false), named: itself, endless: true, places: make(chan struct{}, 16)},
	{name: "rfcomm", family: unix.AF_BLUETOOTH, typ: unix.SOCK_STREAM, proto: unix.BTPROTO_RFCOMM, connects: true, later: true, local: rfcomm(1, true), dialer: rfcomm(0, false), named: itself, ports: rfcommChannels, places: make(chan struct{}, 8)},
	{name: "hci", family: unix.AF_BLUETOOTH, typ: unix.SOCK_RAW, proto: unix.BTPROTO_HCI, make: hciPair, later: true, message: hciCommand, out: func(sc *scene) []byte { return hciCommand(sc, "") }, trim: 6},
}
