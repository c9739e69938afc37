package can

import (
	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/internal/linux"
)

// The option CAN_RAW_XL_VCID_OPTS of level SOL_CAN_RAW, which SetNetwork sets, and bits of
// Network.Flags: <linux/can/raw.h>, Linux 6.9.
const (
	CAN_RAW_XL_VCID_OPTS      = 8
	CAN_RAW_XL_VCID_TX_SET    = 0x01 // frames are sent to the network Tx
	CAN_RAW_XL_VCID_TX_PASS   = 0x02 // frames are sent to the network in Frame.ID
	CAN_RAW_XL_VCID_RX_FILTER = 0x04 // only frames of the network Rx are received
)

// A Network chooses the virtual networks of CAN XL that a CAN_RAW socket sends to and receives
// from: struct can_raw_vcid_options of <linux/can/raw.h>. A new socket sends to network 0, and
// receives from network 0 alone.
type Network struct {
	Flags  uint8 // CAN_RAW_XL_VCID_*
	Tx     uint8
	Rx     uint8 // a frame is received if its network and Rx are equal in the bits of RxMask
	RxMask uint8
}

// SetNetwork sets CAN_RAW_XL_VCID_OPTS.
//
// Errors: ENOPROTOOPT before Linux 6.9; errors.ErrUnsupported on a system other than Linux.
func SetNetwork(s *sock.Socket, n Network) error {
	// struct can_raw_vcid_options { __u8 flags; __u8 tx_vcid; __u8 rx_vcid; __u8 rx_vcid_mask; };
	return linux.SetOption(s, "CAN_RAW_XL_VCID_OPTS", solCANRaw, CAN_RAW_XL_VCID_OPTS, []byte{n.Flags, n.Tx, n.Rx, n.RxMask})
}

// GetNetwork gets CAN_RAW_XL_VCID_OPTS.
//
// Errors: ENOPROTOOPT before Linux 6.9; errors.ErrUnsupported on a system other than Linux.
func GetNetwork(s *sock.Socket) (n Network, err error) {
	var b [4]byte
	err = linux.Exactly(s, "CAN_RAW_XL_VCID_OPTS", solCANRaw, CAN_RAW_XL_VCID_OPTS, b[:])
	return Network{b[0], b[1], b[2], b[3]}, err
}
