package sock

// <sys/socket.h>
const (
	AF_CAN Family = 35
	PF_CAN Family = AF_CAN
)

// <netcan/can.h>; the numbers of the options differ from Linux's.
const (
	CAN_RAW     = 1
	SOL_CAN_RAW = CAN_RAW

	CAN_EFF_FLAG = 0x80000000
	CAN_RTR_FLAG = 0x40000000
	CAN_ERR_FLAG = 0x20000000
	CAN_SFF_MASK = 0x000007ff
	CAN_EFF_MASK = 0x1fffffff
	CAN_ERR_MASK = 0x1fffffff

	CAN_RAW_FILTER        = 1
	CAN_RAW_LOOPBACK      = 4
	CAN_RAW_RECV_OWN_MSGS = 5
)

// <netdb.h>
const (
	AI_NUMERICSERV = 0x0008
	AI_MASK        = AI_PASSIVE | AI_CANONNAME | AI_NUMERICHOST | AI_NUMERICSERV | AI_ADDRCONFIG | 0x0800 // AI_SRV
)
