package sock

import "runtime"

// controlNumbers holds the types of ancillary data of one system. A type of 0 means that the system
// lacks it. The level is SOL_SOCKET, IPPROTO_IP or IPPROTO_IPV6, according to the header named, on
// all systems.
type controlNumbers struct {
	// <sys/socket.h>
	credentials int // SCM_CREDENTIALS: struct ucred
	cmsgcred    int // SCM_CREDS: struct cmsgcred
	sockcred    int // SCM_CREDS2, LOCAL_CREDS: the sender, as the system knows it
	oldSockcred int // SCM_CREDS of NetBSD before 8: the same without the process id
	pidfd       int // SCM_PIDFD
	rxqOvfl     int // SO_RXQ_OVFL
	timeval     int // SCM_TIMESTAMP: struct timeval
	timevalNew  int // SO_TIMESTAMP_NEW: a timeval of 64 bits
	timespec    int // SCM_TIMESTAMPNS, SCM_REALTIME: struct timespec
	timespecNew int // SO_TIMESTAMPNS_NEW
	stamping    int // SCM_TIMESTAMPING: three of struct timespec
	stampingNew int // SO_TIMESTAMPING_NEW
	txtime      int // SCM_TXTIME

	// <netinet/in.h>, <netinet6/in6.h>
	pktinfo      int  // IP_PKTINFO
	pktinfoShort bool // the structure has no ipi_spec_dst, and its address comes first
	dstaddr      int  // IP_RECVDSTADDR, sent as IP_SENDSRCADDR
	ttl          int  // the type that IP_RECVTTL enables
	tos          int  // the type that IP_RECVTOS enables
	origdst      int  // IP_ORIGDSTADDR
	recverr      int  // IP_RECVERR
	pktinfo6     int  // IPV6_PKTINFO
	hoplimit     int  // IPV6_HOPLIMIT
	tclass       int  // IPV6_TCLASS
	origdst6     int  // IPV6_ORIGDSTADDR
	recverr6     int  // IPV6_RECVERR
}

// controlNumbersOf maps GOOS to the numbers of the system. Those of Linux are the same on all
// processors that Go supports.
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
		dstaddr: 7, ttl: 65, tos: 68, origdst: 27, pktinfo6: 46, hoplimit: 47, tclass: 61, origdst6: 72,
	},
	"netbsd": {
		sockcred: 16, oldSockcred: 4, timeval: 8, pktinfo: 25, pktinfoShort: true, dstaddr: 7, ttl: 23, pktinfo6: 46, hoplimit: 47, tclass: 61,
	},
	"openbsd":   {timeval: 4, dstaddr: 7, ttl: 31, pktinfo6: 46, hoplimit: 47, tclass: 61},
	"dragonfly": {cmsgcred: 3, timeval: 2, dstaddr: 7, ttl: 65, pktinfo6: 46, hoplimit: 47, tclass: 61},
	"windows":   {pktinfo: 19, pktinfoShort: true, ttl: 4, tos: 3, pktinfo6: 19, hoplimit: 21, tclass: 39},
}

var numbers = controlNumbersOf[runtime.GOOS]
