//go:build dragonfly || netbsd

package sock

// This file holds the constants of the Bluetooth stack that DragonFly took from NetBSD. The stack
// has no SOL_* levels: the number of the protocol is the level, and Python names it so.

// <netbt/bluetooth.h>
const (
	BTPROTO_HCI    Protocol = 1
	BTPROTO_L2CAP  Protocol = 2
	BTPROTO_RFCOMM Protocol = 3
	BTPROTO_SCO    Protocol = 4

	SOL_HCI    = 1
	SOL_L2CAP  = 2
	SOL_RFCOMM = 3
	SOL_SCO    = 4
)

// Texts of addresses, as Python defines them.
const (
	BDADDR_ANY   = "00:00:00:00:00:00"
	BDADDR_LOCAL = "00:00:00:FF:FF:FF"
)

// <netbt/hci.h>
const (
	SO_HCI_EVT_FILTER = 1
	SO_HCI_PKT_FILTER = 2
	HCI_DATA_DIR      = 3 // SO_HCI_DIRECTION
)

// <netbt/l2cap.h>
const (
	SO_L2CAP_IMTU  = 1
	SO_L2CAP_OMTU  = 2
	SO_L2CAP_IQOS  = 3
	SO_L2CAP_OQOS  = 4
	SO_L2CAP_FLUSH = 5
	SO_L2CAP_LM    = 6

	L2CAP_LM_AUTH    = 1 << 0
	L2CAP_LM_ENCRYPT = 1 << 1
	L2CAP_LM_SECURE  = 1 << 2
)

// <netbt/rfcomm.h>
const (
	SO_RFCOMM_MTU     = 1
	SO_RFCOMM_FC_INFO = 2
	SO_RFCOMM_LM      = 3

	RFCOMM_LM_AUTH    = 1 << 0
	RFCOMM_LM_ENCRYPT = 1 << 1
	RFCOMM_LM_SECURE  = 1 << 2
)

// <netbt/sco.h>
const (
	SO_SCO_MTU    = 1
	SO_SCO_HANDLE = 2
)
