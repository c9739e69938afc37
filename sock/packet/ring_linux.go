package packet

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

func pageSize() int { return unix.Getpagesize() }

// mapRing makes a ring and maps it.
func mapRing(fd, blockSize, blocks, timeout int) ([]byte, error) {
	if err := unix.SetsockoptInt(fd, SOL_PACKET, PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return nil, err
	}
	// The kernel only checks the size of a frame: the packets of V3 take the room that they need.
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
		removeRing(fd)
		return nil, err
	}
	return mem, nil
}

// removeRing removes the ring, unless it is still mapped.
func removeRing(fd int) error { return setRing(fd, new(unix.TpacketReq3)) }

func setRing(fd int, req *unix.TpacketReq3) error {
	_, _, errno := unix.Syscall6(unix.SYS_SETSOCKOPT, uintptr(fd), SOL_PACKET, PACKET_RX_RING,
		uintptr(unsafe.Pointer(req)), unsafe.Sizeof(*req), 0)
	if errno != 0 {
		return errno
	}
	return nil
}

func unmap(mem []byte) { unix.Munmap(mem) }

// pendingError returns the error of the socket that no call has reported yet: SO_ERROR.
func pendingError(fd int) error {
	v, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && v != 0 {
		err = syscall.Errno(v)
	}
	return err
}
