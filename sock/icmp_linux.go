package sock

const (
	icmp6FilterOption = 1 // ICMPV6_FILTER, <linux/icmpv6.h>
	icmp6Invert       = 0 // a bit blocks
)
