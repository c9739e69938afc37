package sock

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

func ringPage() int { return unix.Getpagesize() }

// sysPacketRing makes a ring and maps it.
func sysPacketRing(fd, blockSize, blocks, timeout int) ([]byte, error) {
	if err := sysSetsockoptInt(fd, SOL_PACKET, PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return nil, err
	}
	// The size of a frame is only a measure for the kernel's checks: the packets of V3 have what they need.
	const (
		frame      = 2048
		fillRxhash = 0x1 // TP_FT_REQ_FILL_RXHASH
	)
	req := unix.TpacketReq3{
		Block_size:       uint32(blockSize),
		Block_nr:         uint32(blocks),
		Frame_size:       frame,
		Frame_nr:         uint32(blockSize / frame * blocks),
		Retire_blk_tov:   uint32(timeout),
		Feature_req_word: fillRxhash,
	}
	if err := setRing(fd, &req); err != nil {
		return nil, err
	}
	mem, err := unix.Mmap(fd, 0, blockSize*blocks, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		sysNoPacketRing(fd)
		return nil, err
	}
	return mem, nil
}

// sysNoPacketRing takes the ring away, unless it is mapped still.
func sysNoPacketRing(fd int) error { return setRing(fd, new(unix.TpacketReq3)) }

func setRing(fd int, req *unix.TpacketReq3) error {
	_, _, errno := unix.Syscall6(unix.SYS_SETSOCKOPT, uintptr(fd), SOL_PACKET, PACKET_RX_RING,
		uintptr(unsafe.Pointer(req)), unsafe.Sizeof(*req), 0)
	return sysError(errno)
}

func sysUnmap(mem []byte) { unix.Munmap(mem) }
