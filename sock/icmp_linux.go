package sock

const (
	icmp6FilterOption = 1 // ICMPV6_FILTER, <linux/icmpv6.h>
	icmp6BitBlocks    = true
)
