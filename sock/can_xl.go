package sock

// CAN_RAW_XL_VCID_OPTS of level SOL_CAN_RAW, which SetCANNetwork sets, and bits of CANNetwork.Flags: <linux/can/raw.h>, Linux 6.9.
const (
	CAN_RAW_XL_VCID_OPTS      = 8
	CAN_RAW_XL_VCID_TX_SET    = 0x01 // a frame that is sent goes to the network Tx
	CAN_RAW_XL_VCID_TX_PASS   = 0x02 // it goes to the one in its CANFrame.ID
	CAN_RAW_XL_VCID_RX_FILTER = 0x04 // only frames of the network Rx are received
)

// A CANNetwork says which of the virtual networks of CAN XL a CAN_RAW socket sends to and receives from: struct can_raw_vcid_options
// of <linux/can/raw.h>. A new socket sends to network 0 and receives from it alone.
type CANNetwork struct {
	Flags  uint8 // CAN_RAW_XL_VCID_*
	Tx     uint8
	Rx     uint8 // a frame is received if its network and Rx are equal in the bits of RxMask
	RxMask uint8
}

// SetCANNetwork sets CAN_RAW_XL_VCID_OPTS.
//
// Errors: ENOPROTOOPT before Linux 6.9; errors.ErrUnsupported, but on Linux.
func (s *Socket) SetCANNetwork(n CANNetwork) error {
	// struct can_raw_vcid_options { __u8 flags; __u8 tx_vcid; __u8 rx_vcid; __u8 rx_vcid_mask; };
	return s.setLinuxOption("CAN_RAW_XL_VCID_OPTS", solCANRaw, CAN_RAW_XL_VCID_OPTS, []byte{n.Flags, n.Tx, n.Rx, n.RxMask})
}

// CANNetwork gets CAN_RAW_XL_VCID_OPTS.
//
// Errors: ENOPROTOOPT before Linux 6.9; errors.ErrUnsupported, but on Linux.
func (s *Socket) CANNetwork() (n CANNetwork, err error) {
	b, err := s.linuxOption("CAN_RAW_XL_VCID_OPTS", solCANRaw, CAN_RAW_XL_VCID_OPTS, make([]byte, 4))
	if err == nil && len(b) == 4 {
		n = CANNetwork{b[0], b[1], b[2], b[3]}
	}
	return n, err
}
