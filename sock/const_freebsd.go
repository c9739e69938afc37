package sock

// <sys/socket.h>
const (
	AF_NETLINK Family = 38
	AF_DIVERT  Family = 44
	PF_DIVERT  Family = AF_DIVERT

	SCM_CREDS2 = 8
)

// <sys/un.h>
const LOCAL_CREDS_PERSISTENT = 3

// <netlink/netlink.h>; of these, the kernel implements NETLINK_ROUTE only.
const (
	NETLINK_ROUTE    Protocol = 0
	NETLINK_USERSOCK Protocol = 2
	NETLINK_FIREWALL Protocol = 3
	NETLINK_NFLOG    Protocol = 5
	NETLINK_XFRM     Protocol = 6
	NETLINK_IP6_FW   Protocol = 13
	NETLINK_DNRTMSG  Protocol = 14
)

// <netinet/udplite.h>. Python does not include this header. It uses Linux's numbers 10 and 11,
// which this kernel does not know.
const (
	UDPLITE_SEND_CSCOV = 2
	UDPLITE_RECV_CSCOV = 4
)

// <netdb.h>
const (
	AI_NUMERICSERV  = 0x0008
	AI_ALL          = 0x0100
	AI_V4MAPPED_CFG = 0x0200
	AI_V4MAPPED     = 0x0800
	AI_DEFAULT      = AI_V4MAPPED_CFG | AI_ADDRCONFIG
	AI_MASK         = AI_PASSIVE | AI_CANONNAME | AI_NUMERICHOST | AI_NUMERICSERV | AI_ADDRCONFIG | AI_ALL | AI_V4MAPPED
)

// <netgraph/bluetooth/include/ng_btsocket.h>, where the protocols are called BLUETOOTH_PROTO_*.
const (
	BTPROTO_HCI    Protocol = 134
	BTPROTO_L2CAP  Protocol = 135
	BTPROTO_RFCOMM Protocol = 136
	BTPROTO_SCO    Protocol = 137

	SOL_HCI      = 0x0802 // SOL_HCI_RAW
	HCI_FILTER   = 1      // SO_HCI_RAW_FILTER
	HCI_DATA_DIR = 2      // SO_HCI_RAW_DIRECTION

	SOL_L2CAP          = 0x1609
	SO_L2CAP_IMTU      = 1
	SO_L2CAP_OMTU      = 2
	SO_L2CAP_FLUSH     = 5
	SO_L2CAP_ENCRYPTED = 6

	SOL_RFCOMM        = 0x0816
	SO_RFCOMM_MTU     = 1
	SO_RFCOMM_FC_INFO = 2

	SOL_SCO         = 0x0209
	SO_SCO_MTU      = 1
	SO_SCO_CONNINFO = 2
)

// <netgraph/bluetooth/include/ng_bluetooth.h>
const (
	BDADDR_BREDR     = 0
	BDADDR_LE_PUBLIC = 1
	BDADDR_LE_RANDOM = 2
)

// Texts of addresses, as Python defines them.
const (
	BDADDR_ANY   = "00:00:00:00:00:00"
	BDADDR_LOCAL = "00:00:00:FF:FF:FF"
)
