//go:build !linux

package sock

const (
	icmp6FilterOption = 18         // ICMP6_FILTER, <netinet/icmp6.h>
	icmp6Invert       = 0xffffffff // a bit lets pass
)
