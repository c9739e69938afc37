//go:build linux

package main

import (
	"encoding/binary"
	"os"
	"slices"
	"sync"
	"unsafe"

	"github.com/polluxio/pollux/internal/rigs/vhci"
	"golang.org/x/sys/unix"
)

// Pairs of the families whose sockets are not just bound and connected to each other.

// open makes the two sockets of a pair.
func (k *kind) open() (*scene, error) {
	sc := &scene{kind: k, fd: -1, peer: -1, ln: -1}
	var err error
	if sc.fd, err = k.socket(); err == nil {
		sc.peer, err = k.socket()
	}
	return sc.or(err)
}

// or returns sc, or closes it and returns err.
func (sc *scene) or(err error) (*scene, error) {
	if err != nil {
		sc.close()
		return nil, err
	}
	return sc, nil
}

// packetPair is two packet sockets of lo, with a protocol of their own: 0x0600 and above are
// EtherTypes.
func packetPair(k *kind) (*scene, error) {
	sc, err := k.open()
	if err != nil {
		return nil, err
	}
	sc.id = 0x9000 + uint32(os.Getpid()%12)<<11 + uint32(numbers.Add(1))%(1<<11) // not that of another process
	proto := binary.BigEndian.AppendUint16(nil, uint16(sc.id))
	at := &unix.SockaddrLinklayer{Protocol: binary.NativeEndian.Uint16(proto), Ifindex: 1, Halen: 6}
	if k.addressed {
		sc.to, sc.from = at, at
	}
	for _, fd := range []int{sc.fd, sc.peer} {
		if err == nil {
			err = unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1)
		}
		if err == nil {
			err = unix.Bind(fd, at)
		}
	}
	return sc.or(err)
}

// frameOf is an Ethernet frame of lo.
func frameOf(sc *scene, text string) []byte {
	return append(binary.BigEndian.AppendUint16(make([]byte, 12), uint16(sc.id)), text...)
}

func someFrame(sc *scene) []byte { return frameOf(sc, "frame") }

// manyPair is two SCTP sockets for many associations, which listen.
func manyPair(k *kind) (*scene, error) {
	sc := &scene{kind: k, fd: -1, peer: -1, ln: -1}
	var err error
	for _, end := range []struct {
		fd *int
		at *unix.Sockaddr
	}{{&sc.fd, &sc.from}, {&sc.peer, &sc.to}} {
		if err == nil {
			*end.fd, *end.at, err = k.bound()
		}
		if err == nil {
			err = unix.Listen(*end.fd, 1)
		}
	}
	if err == nil {
		err = unix.Connect(sc.fd, sc.to)
	}
	return sc.or(err)
}

// qrtrPair has addresses that package unix lacks:
//
//	struct sockaddr_qrtr {       // <linux/qrtr.h>
//		__kernel_sa_family_t sq_family;
//		__u32 sq_node;
//		__u32 sq_port;
//	};
func qrtrPair(k *kind) (*scene, error) {
	sc, err := k.open()
	if err != nil {
		return nil, err
	}
	type name [3]uint32
	call := func(trap uintptr, fd int, n *name) error {
		if _, _, errno := unix.Syscall(trap, uintptr(fd), uintptr(unsafe.Pointer(n)), unsafe.Sizeof(*n)); errno != 0 {
			return errno
		}
		return nil
	}
	var names [2]name
	for i, fd := range []int{sc.fd, sc.peer} {
		n := &names[i]
		size := uint32(unsafe.Sizeof(*n))
		get := func() error {
			_, _, errno := unix.Syscall(unix.SYS_GETSOCKNAME, uintptr(fd), uintptr(unsafe.Pointer(n)), uintptr(unsafe.Pointer(&size)))
			if errno != 0 {
				return errno
			}
			return nil
		}
		if err == nil {
			err = get()
		}
		if err == nil {
			n[2] = 0 // a port of the kernel's choice
			err = call(unix.SYS_BIND, fd, n)
		}
		if err == nil {
			err = get()
		}
	}
	if err == nil {
		err = call(unix.SYS_CONNECT, sc.fd, &names[1])
	}
	if err == nil {
		err = call(unix.SYS_CONNECT, sc.peer, &names[0])
	}
	return sc.or(err)
}

func (k *kind) theBus() (int, error) {
	if k.bus != nil {
		return k.bus()
	}
	return vcan()
}

// onBus makes a pair on the common bus, or on one of its own, which vanishes.
func (k *kind) onBus() (*scene, error) {
	index, err := k.theBus()
	if err != nil {
		return nil, err
	}
	sc, err := k.open()
	if err == nil {
		sc.id, sc.link = uint32(numbers.Add(1))<<1, index
	}
	return sc, err
}

// listenFor makes a raw CAN socket receive one identifier only.
func listenFor(fd int, id uint32, index int) error {
	filter := binary.NativeEndian.AppendUint32(nil, id|unix.CAN_EFF_FLAG)
	filter = binary.NativeEndian.AppendUint32(filter, unix.CAN_EFF_MASK|unix.CAN_EFF_FLAG)
	if err := unix.SetsockoptString(fd, solCAN+unix.CAN_RAW, unix.CAN_RAW_FILTER, string(filter)); err != nil {
		return err
	}
	return unix.Bind(fd, &unix.SockaddrCAN{Ifindex: index})
}

// canPair is two raw sockets: the peer sends with one identifier, and the socket with the next.
func canPair(k *kind) (*scene, error) {
	sc, err := k.onBus()
	if err != nil {
		return nil, err
	}
	if err = listenFor(sc.fd, sc.id, sc.link); err == nil {
		err = listenFor(sc.peer, sc.id+1, sc.link)
	}
	return sc.or(err)
}

// frame is a struct can_frame: the identifier, the length, three bytes, and eight of data.
func frame(id uint32, text string) []byte {
	p := append(binary.NativeEndian.AppendUint32(nil, id|unix.CAN_EFF_FLAG), byte(len(text)), 0, 0, 0)
	return append(append(p, text...), make([]byte, 8-len(text))...)
}

func canFrame(sc *scene, text string) []byte { return frame(sc.id, text) }
func someCANFrame(sc *scene) []byte          { return frame(sc.id+1, "frame") }

const solCAN = unix.SOL_CAN_BASE

// bcmHead is the size of struct bcm_msg_head of <linux/can/bcm.h> where a long has 8 bytes.
const bcmHead = 56

func bcmMessage(opcode, flags, id uint32, frames []byte) []byte {
	p := binary.NativeEndian.AppendUint32(nil, opcode)
	p = append(binary.NativeEndian.AppendUint32(p, flags), make([]byte, 40)...)
	p = binary.NativeEndian.AppendUint32(p, id|unix.CAN_EFF_FLAG)
	return append(binary.NativeEndian.AppendUint32(p, uint32(len(frames)/16)), frames...)
}

func bcmSend(sc *scene) []byte {
	const txSend = 4
	return bcmMessage(txSend, 0, sc.id+1, frame(sc.id+1, "frame"))
}

// bcmPair is a socket of the broadcast manager, and a raw one.
func bcmPair(k *kind) (*scene, error) {
	index, err := k.theBus()
	if err != nil {
		return nil, err
	}
	sc := &scene{kind: k, fd: -1, peer: -1, ln: -1, id: uint32(numbers.Add(1)) << 1, link: index}
	if sc.fd, err = k.socket(); err == nil {
		err = unix.Connect(sc.fd, &unix.SockaddrCAN{Ifindex: index})
	}
	if err == nil {
		const rxSetup, filterID = 5, 0x20
		_, err = unix.Write(sc.fd, bcmMessage(rxSetup, filterID, sc.id, nil))
	}
	if err == nil {
		sc.peer, err = unix.Socket(unix.AF_CAN, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.CAN_RAW)
	}
	if err == nil {
		limit(sc.peer)
		err = listenFor(sc.peer, sc.id+1, index)
	}
	return sc.or(err)
}

// isotpPair has a peer that takes frames slowly, so that a message of several frames is under way
// for a while.
func isotpPair(k *kind) (*scene, error) {
	sc, err := k.onBus()
	if err != nil {
		return nil, err
	}
	const recvFC, stMin = 2, 80 // CAN_ISOTP_RECV_FC of <linux/can/isotp.h>; milliseconds between two frames
	if err = unix.SetsockoptString(sc.peer, solCAN+unix.CAN_ISOTP, recvFC, string([]byte{0, stMin, 0})); err == nil {
		rx, tx := sc.id|unix.CAN_EFF_FLAG, (sc.id+1)|unix.CAN_EFF_FLAG
		if err = unix.Bind(sc.fd, &unix.SockaddrCAN{Ifindex: sc.link, RxID: rx, TxID: tx}); err == nil {
			err = unix.Bind(sc.peer, &unix.SockaddrCAN{Ifindex: sc.link, RxID: tx, TxID: rx})
		}
	}
	return sc.or(err)
}

// j1939Pair has two addresses on a bus of its own: a bus has 254, and more scenes than that live at
// once, some of them in calls that do not end.
func j1939Pair(k *kind) (*scene, error) {
	own := *k
	if own.bus == nil {
		own.bus = func() (int, error) { return addLink("vcan") }
	}
	sc, err := own.onBus()
	if err != nil {
		return nil, err
	}
	sc.kind, sc.ownLink = k, true
	const noName, noPGN = 0, 0x40000
	a := byte(sc.id % 250)
	at := func(addr byte, pgn uint32) unix.Sockaddr {
		return &unix.SockaddrCANJ1939{Ifindex: sc.link, Name: noName, PGN: pgn, Addr: addr}
	}
	const pgn = 0x1ef00 // proprietary, to one address
	for _, err1 := range []error{
		unix.Bind(sc.fd, at(a, noPGN)), unix.Bind(sc.peer, at(a+1, noPGN)),
		unix.Connect(sc.fd, at(a+1, pgn)), unix.Connect(sc.peer, at(a, pgn)),
	} {
		if err == nil {
			err = err1
		}
	}
	return sc.or(err)
}

// algPair is one cipher: what is sent to it, by way of a duplicate, comes out of it.
func algPair(k *kind) (*scene, error) {
	sc := &scene{kind: k, fd: -1, peer: -1, ln: -1}
	parent, err := k.socket()
	if err != nil {
		return nil, err
	}
	defer unix.Close(parent)
	if err = unix.Bind(parent, &unix.SockaddrALG{Type: "skcipher", Name: "cbc(aes)"}); err == nil {
		err = unix.SetsockoptString(parent, unix.SOL_ALG, unix.ALG_SET_KEY, "a key of 16 bytes"[:16])
	}
	if err == nil {
		fd, _, errno := unix.Syscall6(unix.SYS_ACCEPT4, uintptr(parent), 0, 0, unix.SOCK_CLOEXEC, 0, 0) // its peer has no name
		if errno != 0 {
			err = errno
		} else {
			sc.fd = int(fd)
			limit(sc.fd)
			sc.peer, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
		}
	}
	return sc.or(err)
}

// block is a message of a whole block of the cipher.
func block(_ *scene, text string) []byte { return append([]byte(text), make([]byte, 16-len(text))...) }

// air is the two Bluetooth controllers, which go with the process.
var air = sync.OnceValues(func() (c [2]*vhci.Controller, err error) {
	c[0], c[1], err = vhci.New()
	return c, err
})

// bdaddr is the address of one of them: zero, which the bind refuses or takes for any, if there are
// none.
func bdaddr(i int) (a [6]byte) {
	if c, err := air(); err == nil {
		a = c[i].Addr
	}
	return a
}

// l2cap has the address as package unix takes it, with the first byte of the text first. Others
// have it as on the wire. The port is 0 for one that connects, and else its own: the kernel's
// choice would be one that another scene has just left. Those for any use begin at 0x1001; the
// lowest bit of the first byte is 0, and that of the last 1 (Bluetooth Core, Vol 3, Part A, 4.2).
func l2cap(i int, listens bool) func() unix.Sockaddr {
	return func() unix.Sockaddr {
		sa := &unix.SockaddrL2{Addr: reversed(bdaddr(i))}
		if listens {
			n := uint16(numbers.Add(1))
			sa.PSM = 0x1001 + n&0x7f<<1 + n>>7%100<<9
		}
		return sa
	}
}

func reversed(a [6]byte) [6]byte {
	slices.Reverse(a[:])
	return a
}

// rfcommChannels is how many channels there are, from 1.
const rfcommChannels = 30

func rfcomm(i int, listens bool) func() unix.Sockaddr {
	return func() unix.Sockaddr {
		sa := &unix.SockaddrRFCOMM{Addr: bdaddr(i)}
		if listens {
			sa.Channel = 1 + uint8(uint32(numbers.Add(1))%rfcommChannels)
		}
		return sa
	}
}

func itself(sa unix.Sockaddr) unix.Sockaddr { return sa }

// hciPair is one raw socket of a controller, and a duplicate: a command that the duplicate sends is
// answered by an event.
func hciPair(k *kind) (*scene, error) {
	c, err := air()
	if err != nil {
		return nil, err
	}
	sc := &scene{kind: k, fd: -1, peer: -1, ln: -1, id: 0xfc00 | uint32(numbers.Add(1))&0x3ff} // a command of a vendor's
	if sc.fd, err = k.socket(); err == nil {
		err = unix.Bind(sc.fd, &unix.SockaddrHCI{Dev: uint16(c[0].ID)})
	}
	if err == nil {
		// HCI_FILTER of SOL_HCI has a struct hci_filter: the types of packets, the events, the
		// opcode.
		const eventPacket, commandComplete = 4, 0x0e
		filter := binary.NativeEndian.AppendUint32(nil, 1<<eventPacket)
		filter = binary.NativeEndian.AppendUint64(filter, 1<<commandComplete)
		filter = append(binary.NativeEndian.AppendUint16(filter, uint16(sc.id)), 0, 0)
		err = unix.SetsockoptString(sc.fd, 0, 2, string(filter))
	}
	if err == nil {
		sc.peer, err = unix.FcntlInt(uintptr(sc.fd), unix.F_DUPFD_CLOEXEC, 0)
	}
	return sc.or(err)
}

// hciCommand has no room for a text: its answer says that the command is done.
func hciCommand(sc *scene, _ string) []byte {
	const commandPacket = 1
	return []byte{commandPacket, byte(sc.id), byte(sc.id >> 8), 0}
}
