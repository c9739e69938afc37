package sock

// <netinet/in.h>
const IPPORT_USERRESERVED = 5000

// udplite(7). No header of the C library or of the kernel defines them.
const (
	UDPLITE_SEND_CSCOV = 10
	UDPLITE_RECV_CSCOV = 11
)

// <netdb.h>
const (
	EAI_BADFLAGS   = -1
	EAI_NONAME     = -2
	EAI_AGAIN      = -3
	EAI_FAIL       = -4
	EAI_NODATA     = -5
	EAI_FAMILY     = -6
	EAI_SOCKTYPE   = -7
	EAI_SERVICE    = -8
	EAI_ADDRFAMILY = -9
	EAI_MEMORY     = -10
	EAI_SYSTEM     = -11
	EAI_OVERFLOW   = -12

	AI_PASSIVE     = 0x0001
	AI_CANONNAME   = 0x0002
	AI_NUMERICHOST = 0x0004
	AI_V4MAPPED    = 0x0008
	AI_ALL         = 0x0010
	AI_ADDRCONFIG  = 0x0020
	AI_NUMERICSERV = 0x0400

	NI_MAXHOST = 1025
	NI_MAXSERV = 32

	NI_NUMERICHOST = 1
	NI_NUMERICSERV = 2
	NI_NOFQDN      = 4
	NI_NAMEREQD    = 8
	NI_DGRAM       = 16
	NI_IDN         = 32
)

// <linux/tipc.h>. It is (~0), an int; in x/sys it is unsigned.
const TIPC_WAIT_FOREVER = -1

// Numbers that Python defines for a part of the interface that the kernel never adopted. In
// <linux/if_alg.h> the number 6 has another name, ALG_SET_DRBG_ENTROPY.
const (
	ALG_SET_PUBKEY = 6
	ALG_OP_SIGN    = 2
	ALG_OP_VERIFY  = 3
)

// <linux/can/bcm.h>, where the names have no prefix CAN_BCM_: first operations, then flags.
const (
	CAN_BCM_TX_SETUP   = 1
	CAN_BCM_TX_DELETE  = 2
	CAN_BCM_TX_READ    = 3
	CAN_BCM_TX_SEND    = 4
	CAN_BCM_RX_SETUP   = 5
	CAN_BCM_RX_DELETE  = 6
	CAN_BCM_RX_READ    = 7
	CAN_BCM_TX_STATUS  = 8
	CAN_BCM_TX_EXPIRED = 9
	CAN_BCM_RX_STATUS  = 10
	CAN_BCM_RX_TIMEOUT = 11
	CAN_BCM_RX_CHANGED = 12

	CAN_BCM_SETTIMER           = 0x0001
	CAN_BCM_STARTTIMER         = 0x0002
	CAN_BCM_TX_COUNTEVT        = 0x0004
	CAN_BCM_TX_ANNOUNCE        = 0x0008
	CAN_BCM_TX_CP_CAN_ID       = 0x0010
	CAN_BCM_RX_FILTER_ID       = 0x0020
	CAN_BCM_RX_CHECK_DLC       = 0x0040
	CAN_BCM_RX_NO_AUTOTIMER    = 0x0080
	CAN_BCM_RX_ANNOUNCE_RESUME = 0x0100
	CAN_BCM_TX_RESET_MULTI_IDX = 0x0200
	CAN_BCM_RX_RTR_FRAME       = 0x0400
	CAN_BCM_CAN_FD_FRAME       = 0x0800
)

// <linux/can/j1939.h>
const (
	J1939_MAX_UNICAST_ADDR = 0xfd
	J1939_IDLE_ADDR        = 0xfe
	J1939_NO_ADDR          = 0xff
	J1939_NO_NAME          = 0

	J1939_PGN_REQUEST           = 0x0ea00
	J1939_PGN_ADDRESS_CLAIMED   = 0x0ee00
	J1939_PGN_ADDRESS_COMMANDED = 0x0fed8
	J1939_PGN_PDU1_MAX          = 0x3ff00
	J1939_PGN_MAX               = 0x3ffff
	J1939_NO_PGN                = 0x40000

	SO_J1939_FILTER    = 1
	SO_J1939_PROMISC   = 2
	SO_J1939_SEND_PRIO = 3
	SO_J1939_ERRQUEUE  = 4

	SCM_J1939_DEST_ADDR = 1
	SCM_J1939_DEST_NAME = 2
	SCM_J1939_PRIO      = 3
	SCM_J1939_ERRQUEUE  = 4

	J1939_NLA_PAD         = 0
	J1939_NLA_BYTES_ACKED = 1

	J1939_EE_INFO_NONE     = 0
	J1939_EE_INFO_TX_ABORT = 1

	J1939_FILTER_MAX = 512
)

// <linux/rds.h>
const (
	RDS_CANCEL_SENT_TO  = 1
	RDS_GET_MR          = 2
	RDS_FREE_MR         = 3
	RDS_RECVERR         = 5
	RDS_CONG_MONITOR    = 6
	RDS_GET_MR_FOR_DEST = 7

	RDS_CMSG_RDMA_ARGS   = 1
	RDS_CMSG_RDMA_DEST   = 2
	RDS_CMSG_RDMA_MAP    = 3
	RDS_CMSG_RDMA_STATUS = 4

	RDS_RDMA_READWRITE  = 0x0001
	RDS_RDMA_FENCE      = 0x0002
	RDS_RDMA_INVALIDATE = 0x0004
	RDS_RDMA_USE_ONCE   = 0x0008
	RDS_RDMA_DONTWAIT   = 0x0010
	RDS_RDMA_NOTIFY_ME  = 0x0020
	RDS_RDMA_SILENT     = 0x0040
)

// <bluetooth/bluetooth.h> of BlueZ; the kernel has no such header.
const (
	BT_SECURITY        = 4
	BT_SECURITY_SDP    = 0
	BT_SECURITY_LOW    = 1
	BT_SECURITY_MEDIUM = 2
	BT_SECURITY_HIGH   = 3
	BT_SECURITY_FIPS   = 4

	BT_DEFER_SETUP = 7

	BT_FLUSHABLE     = 8
	BT_FLUSHABLE_OFF = 0
	BT_FLUSHABLE_ON  = 1

	BT_POWER                  = 9
	BT_POWER_FORCE_ACTIVE_OFF = 0
	BT_POWER_FORCE_ACTIVE_ON  = 1

	BT_CHANNEL_POLICY                 = 10
	BT_CHANNEL_POLICY_BREDR_ONLY      = 0
	BT_CHANNEL_POLICY_BREDR_PREFERRED = 1

	BT_VOICE                   = 11
	BT_VOICE_TRANSPARENT       = 0x0003
	BT_VOICE_CVSD_16BIT        = 0x0060
	BT_VOICE_TRANSPARENT_16BIT = 0x0063 // newer than BlueZ 5.66

	BT_SNDMTU = 12
	BT_RCVMTU = 13

	BT_PHY              = 14
	BT_PHY_BR_1M_1SLOT  = 0x0001
	BT_PHY_BR_1M_3SLOT  = 0x0002
	BT_PHY_BR_1M_5SLOT  = 0x0004
	BT_PHY_EDR_2M_1SLOT = 0x0008
	BT_PHY_EDR_2M_3SLOT = 0x0010
	BT_PHY_EDR_2M_5SLOT = 0x0020
	BT_PHY_EDR_3M_1SLOT = 0x0040
	BT_PHY_EDR_3M_3SLOT = 0x0080
	BT_PHY_EDR_3M_5SLOT = 0x0100
	BT_PHY_LE_1M_TX     = 0x0200
	BT_PHY_LE_1M_RX     = 0x0400
	BT_PHY_LE_2M_TX     = 0x0800
	BT_PHY_LE_2M_RX     = 0x1000
	BT_PHY_LE_CODED_TX  = 0x2000
	BT_PHY_LE_CODED_RX  = 0x4000

	BT_MODE             = 15
	BT_MODE_BASIC       = 0
	BT_MODE_ERTM        = 1
	BT_MODE_STREAMING   = 2
	BT_MODE_LE_FLOWCTL  = 3
	BT_MODE_EXT_FLOWCTL = 4

	BT_PKT_STATUS = 16
	BT_ISO_QOS    = 17
	BT_CODEC      = 19
)

// <bluetooth/hci.h>, of BlueZ.
const (
	HCI_DATA_DIR   = 1
	HCI_FILTER     = 2
	HCI_TIME_STAMP = 3

	HCI_DEV_NONE = 0xffff
)

// <bluetooth/l2cap.h>, of BlueZ.
const (
	L2CAP_LM          = 3
	L2CAP_LM_MASTER   = 0x0001
	L2CAP_LM_AUTH     = 0x0002
	L2CAP_LM_ENCRYPT  = 0x0004
	L2CAP_LM_TRUSTED  = 0x0008
	L2CAP_LM_RELIABLE = 0x0010
	L2CAP_LM_SECURE   = 0x0020
)

// <bluetooth/rfcomm.h>, of BlueZ.
const (
	RFCOMM_LM_AUTH    = 0x0002
	RFCOMM_LM_ENCRYPT = 0x0004
	RFCOMM_LM_SECURE  = 0x0020
)

// Texts of addresses, as Python defines them.
const (
	BDADDR_ANY   = "00:00:00:00:00:00"
	BDADDR_LOCAL = "00:00:00:FF:FF:FF"
)
