//go:build unix

package sock

// <net/ethernet.h>, numbers of the IEEE.
const (
	ETHERTYPE_IP   = 0x0800
	ETHERTYPE_ARP  = 0x0806
	ETHERTYPE_VLAN = 0x8100
	ETHERTYPE_IPV6 = 0x86dd
)
