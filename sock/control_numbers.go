package sock

import "runtime"

// controlNumbers are the types of ancillary data that a system has; 0 is one that it lacks. They
// are of the level SOL_SOCKET, IPPROTO_IP or IPPROTO_IPV6, as the headers named say, on all systems
// the same.
type controlNumbers struct {
	// <sys/socket.h>
	credentials int // SCM_CREDENTIALS: struct ucred
	cmsgcred    int // SCM_CREDS: struct cmsgcred
	sockcred    int // SCM_CREDS2, LOCAL_CREDS: who, as the system knows it
	pidfd       int // SCM_PIDFD
	rxqOvfl     int // SO_RXQ_OVFL
	timeval     int // SCM_TIMESTAMP: struct timeval
	timevalNew  int // SO_TIMESTAMP_NEW: one of 64 bits
	timespec    int // SCM_TIMESTAMPNS, SCM_REALTIME: struct timespec
	timespecNew int // SO_TIMESTAMPNS_NEW
	stamping    int // SCM_TIMESTAMPING: three of struct timespec
	stampingNew int // SO_TIMESTAMPING_NEW
	txtime      int // SCM_TXTIME

	// <netinet/in.h>, <netinet6/in6.h>
	pktinfo      int  // IP_PKTINFO
	pktinfoShort bool // whose structure has no ipi_spec_dst, and the address first
	dstaddr      int  // IP_RECVDSTADDR, sent as IP_SENDSRCADDR
	ttl          int  // what IP_RECVTTL makes come
	tos          int  // what IP_RECVTOS makes come
	origdst      int  // IP_ORIGDSTADDR
	recverr      int  // IP_RECVERR
	pktinfo6     int  // IPV6_PKTINFO
	hoplimit     int  // IPV6_HOPLIMIT
	tclass       int  // IPV6_TCLASS
	origdst6     int  // IPV6_ORIGDSTADDR
	recverr6     int  // IPV6_RECVERR
}

// controlNumbersOf is what each system has, by GOOS. Those of Linux are the same on all processors
// that Go runs on.
var controlNumbersOf = map[string]controlNumbers{
	"linux": {
		credentials: 2, pidfd: 4, rxqOvfl: 40,
		timeval: 29, timevalNew: 63, timespec: 35, timespecNew: 64, stamping: 37, stampingNew: 65, txtime: 61,
		pktinfo: 8, ttl: 2, tos: 1, origdst: 20, recverr: 11,
		pktinfo6: 50, hoplimit: 52, tclass: 67, origdst6: 74, recverr6: 25,
	},
	"darwin": {
		timeval: 2, pktinfo: 26, dstaddr: 7, ttl: 24, tos: 27, pktinfo6: 46, hoplimit: 47, tclass: 36,
	},
	"freebsd": {
		cmsgcred: 3, sockcred: 8, timeval: 2, timespec: 5,
		dstaddr: 7, ttl: 65, tos: 68, pktinfo6: 46, hoplimit: 47, tclass: 61,
	},
	"netbsd": {
		sockcred: 16, timeval: 8, pktinfo: 25, pktinfoShort: true, dstaddr: 7, ttl: 23, pktinfo6: 46, hoplimit: 47, tclass: 61,
	},
	"openbsd":   {timeval: 4, dstaddr: 7, ttl: 31, pktinfo6: 46, hoplimit: 47, tclass: 61},
	"dragonfly": {cmsgcred: 3, timeval: 2, dstaddr: 7, ttl: 65, pktinfo6: 46, hoplimit: 47, tclass: 61},
	"windows":   {pktinfo: 19, pktinfoShort: true, ttl: 4, tos: 3, pktinfo6: 19, hoplimit: 21, tclass: 39},
}

var numbers = controlNumbersOf[runtime.GOOS]
