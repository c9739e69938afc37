package systems

// The questions.
const (
	ConnectBegins         Question = "a connect that does not block, and goes on"
	ConnectEnds           Question = "what proves the end of a connect"
	ConnectMeanwhile      Question = "another connect while one goes on"
	ConnectAfterSuccess   Question = "another connect after a success"
	ConnectAfterFailure   Question = "another connect after a failure"
	BacklogFullTCP        Question = "a TCP connect to a full backlog"
	BacklogFullUnix       Question = "a Unix connect to a full backlog, without blocking"
	AcceptOfReset         Question = "accept of a connection that was reset before"
	AcceptAfterShutdown   Question = "accept on a listener that was shut down"
	AcceptInheritsMode    Question = "an accepted socket is non-blocking if its listener is"
	SendTooLong           Question = "a datagram that is too long for the protocol"
	ReceiveTooShort       Question = "a datagram that is too long for the buffer"
	SendToWhenConnected   Question = "sendto with an address on a connected UDP socket"
	SendUnaddressed       Question = "send on a UDP socket without a peer"
	SendToFullUnixQueue   Question = "a Unix datagram to a full queue, without blocking"
	ShutdownNotConnected  Question = "shutdown of a TCP socket that is not connected"
	ReceiveAfterShutdown  Question = "a receive on a stream after SHUT_RD"
	SendAfterShutdown     Question = "a send on a stream after SHUT_WR"
	SendAfterReset        Question = "the second send after the peer's reset"
	ReceiveAfterReset     Question = "a receive after the peer's reset"
	SignalOfBrokenStream  Question = "how a send raises no SIGPIPE"
	UrgentEvent           Question = "how a poller reports urgent data"
	ReceiveNotConnected   Question = "a receive on a TCP socket that is not connected"
	UnknownType           Question = "a type that the family lacks"
	ReceiveOfNothingWaits Question = "a receive into no room on an empty UDP socket, without blocking"
	ListenerShutdown      Question = "shutdown of a listener"
	AcceptDatagram        Question = "accept on a bound datagram socket"
	ConnectToFile         Question = "a Unix connect to the path of a plain file"
	ReceiveUnixAlone      Question = "a receive on a Unix stream socket that is not connected"
	BadType               Question = "a type that does not exist"
	UnknownProtocol       Question = "a protocol that does not exist"
	SendToPort0           Question = "a datagram to port 0"
	OptionOfNoPointer     Question = "setsockopt with a null pointer and 4 bytes"
	UnknownLevel          Question = "an option of a level that does not exist"
	AbstractNames         Question = "Unix sockets can have names without a file"
	SendToFullPackets     Question = "a send on a Unix SOCK_SEQPACKET socket whose queue is full, without blocking"
	ShortOption           Question = "setsockopt with fewer bytes than the option has"
	EmptyPackets          Question = "a receive on a Unix SOCK_SEQPACKET socket returns an empty message"
	StreamSender          Question = "recvfrom on a connected Unix stream socket tells the peer's address"
)

// Answers that are not errors, and that programs ask for.
const (
	BeginsAnew   = "begins anew"
	Yes          = "yes"
	No           = "no"
	SuccessFirst = "success once, then EISCONN"
)

const compared = "internal/rigs/compare"

var table = []row{
	{ConnectBegins, with(
		of(seen("EINPROGRESS", compared), "linux"),
		of(man("EINPROGRESS", "connect(2), ERRORS"), bsds...),
		of(seen("EINPROGRESS", "Wine 8.0; connect: WSAEWOULDBLOCK"), "windows"))},
	{ConnectEnds, with(
		of(seen("SO_ERROR, then one more connect", "__inet_stream_connect of net/ipv4/af_inet.c; "+compared), "linux"),
		of(man("writable, then SO_ERROR", "connect(2): select for writing"), "freebsd", "dragonfly", "darwin"),
		of(man("writable, then SO_ERROR", "connect(2): select or poll for writing, getsockopt with SO_ERROR"), "openbsd"),
		of(seen("writable, then SO_ERROR", "NetBSD 7.99.4"), "netbsd"),
		of(seen("writable or an exception, then SO_ERROR", "Wine 8.0; select: writefds, exceptfds"), "windows"))},
	{ConnectMeanwhile, with(
		of(seen("EALREADY", compared), "linux"),
		of(man("EALREADY", "connect(2), ERRORS"), bsds...),
		of(man("EALREADY", "connect: WSAEALREADY; WSAEINVAL for programs of Winsock 1.1"), "windows"))},
	{ConnectAfterSuccess, with(
		of(seen(SuccessFirst, compared), "linux"),
		of(man("EISCONN", "connect(2), ERRORS"), bsds...),
		of(seen("EISCONN", "NetBSD 7.99.4"), "netbsd"),
		of(man("EISCONN", "connect: WSAEISCONN"), "windows"))},
	{ConnectAfterFailure, with(
		of(seen(BeginsAnew, compared), "linux"),
		of(man("unspecified: make another socket", "POSIX connect, APPLICATION USAGE"), bsds...),
		of(man(BeginsAnew, "connect: after WSAECONNREFUSED, WSAENETUNREACH or WSAETIMEDOUT"), "windows"))},
	{BacklogFullTCP, with(
		of(seen("waits: the SYN is dropped and sent again", "listen(2), tcp_abort_on_overflow of tcp(7)"), "linux"),
		of(man("waits: the request is ignored and sent again", "listen(2)"), bsds...),
		of(man("ECONNREFUSED", "listen, Remarks: WSAECONNREFUSED"), "windows"))},
	{BacklogFullUnix, with(
		of(seen("EAGAIN", "connect(2), EAGAIN; "+compared), "linux"),
		of(man("ECONNREFUSED", "listen(2)"), bsds...),
		of(seen("ECONNREFUSED", "NetBSD 7.99.4"), "netbsd"),
		of(man("ECONNREFUSED", "listen, Remarks"), "windows"))},
	{AcceptOfReset, with(
		of(seen("the connection, whose receive says ECONNRESET", compared), "linux"),
		of(man("ECONNABORTED", "accept(2), ERRORS"), bsds...),
		of(man("ECONNRESET", "accept: WSAECONNRESET"), "windows"))},
	{AcceptAfterShutdown, with(
		of(seen("EINVAL", compared), "linux"),
		of(man("ECONNABORTED or EINVAL", "sys_accept of kern/uipc_syscalls.c"), bsds...),
		of(man("EINVAL", "accept: WSAEINVAL; but its shutdown fails"), "windows"))},
	{AcceptInheritsMode, with(
		of(seen(No, "accept(2), NOTES"), "linux"),
		of(man(Yes, "accept(2): with the properties of the listener"), bsds...),
		of(man(Yes, "accept, Remarks: the same properties as the listener"), "windows"))},
	{SendTooLong, with(
		of(seen("EMSGSIZE", compared), "linux"),
		of(man("EMSGSIZE", "send(2), ERRORS"), bsds...),
		of(man("EMSGSIZE", "send: WSAEMSGSIZE"), "windows"))},
	{ReceiveTooShort, with(
		of(seen("the beginning, MSG_TRUNC", "recv(2)"), "linux"),
		of(man("the beginning, MSG_TRUNC", "recv(2)"), bsds...),
		of(seen("the beginning, EMSGSIZE", "Wine 8.0; recv: WSAEMSGSIZE"), "windows"))},
	{SendToWhenConnected, with(
		of(seen("success", "udp_sendmsg of net/ipv4/udp.c"), "linux"),
		of(man("EISCONN", "send(2), ERRORS"), bsds...),
		of(seen("EISCONN", "NetBSD 7.99.4"), "netbsd"),
		of(man("success", "sendto, Remarks: to overrides the destination"), "windows"))},
	{SendUnaddressed, with(
		of(seen("EDESTADDRREQ", compared), "linux"),
		of(man("EDESTADDRREQ", "send(2), ERRORS"), bsds...),
		of(man("ENOTCONN", "send: WSAENOTCONN"), "windows"))},
	{SendToFullUnixQueue, with(
		of(seen("EAGAIN", compared), "linux"),
		of(man("ENOBUFS", "send(2), ERRORS"), bsds...),
		of(man("no such sockets", "AF_UNIX of Windows has streams only"), "windows"))},
	{ShutdownNotConnected, with(
		of(seen("ENOTCONN", compared), "linux"),
		of(man("ENOTCONN", "shutdown(2), ERRORS"), bsds...),
		of(man("success", "soshutdown of kern/uipc_socket.c asks for no peer"), "netbsd"),
		of(man("ENOTCONN", "shutdown: WSAENOTCONN"), "windows"))},
	{ReceiveAfterShutdown, with(
		of(seen("0 bytes, after what was there", compared), "linux"),
		of(man("0 bytes: what is there is dropped", "shutdown(2)"), bsds...),
		of(man("ESHUTDOWN", "recv: WSAESHUTDOWN"), "windows"))},
	{SendAfterShutdown, with(
		of(seen("EPIPE", compared), "linux"),
		of(man("EPIPE", "send(2), ERRORS"), bsds...),
		of(man("ESHUTDOWN", "send: WSAESHUTDOWN"), "windows"))},
	{SendAfterReset, with(
		of(seen("EPIPE", compared), "linux"),
		of(man("EPIPE", "send(2), ERRORS"), bsds...),
		of(man("ECONNABORTED or ECONNRESET", "send: WSAECONNABORTED, WSAECONNRESET"), "windows"))},
	{ReceiveAfterReset, with(
		of(seen("ECONNRESET", compared), "linux"),
		of(man("ECONNRESET", "recv(2), ERRORS"), bsds...),
		of(man("ECONNRESET", "recv: WSAECONNRESET"), "windows"))},
	{SignalOfBrokenStream, with(
		of(seen("MSG_NOSIGNAL", "send(2)"), "linux"),
		of(man("SO_NOSIGPIPE, MSG_NOSIGNAL", "<sys/socket.h>"), "freebsd", "netbsd", "dragonfly"),
		of(man("MSG_NOSIGNAL", "send(2)"), "openbsd"),
		of(man("SO_NOSIGPIPE", "<sys/socket.h>"), "darwin"),
		of(man("no send raises it", "send"), "windows"))},
	{UrgentEvent, with(
		of(seen("EPOLLPRI", "epoll_ctl(2); "+compared), "linux"),
		of(man("EVFILT_EXCEPT with NOTE_OOB", "kqueue(2)"), "openbsd", "dragonfly", "darwin"),
		of(man("it does not", "kqueue(2) has no such filter"), "freebsd"),
		of(seen("it does not", "NetBSD 7.99.4"), "netbsd"),
		of(seen("AFD_POLL_RECEIVE_EXPEDITED", "Wine 8.0"), "windows"))},
	{ReceiveNotConnected, with(
		of(seen("ENOTCONN", compared), "linux"),
		of(man("ENOTCONN", "recv(2), ERRORS"), bsds...),
		of(man("ENOTCONN", "recv: WSAENOTCONN"), "windows"))},
	{UnknownType, with(
		of(seen("ESOCKTNOSUPPORT", "socket(2)"), "linux"),
		of(man("EPROTOTYPE or EPROTONOSUPPORT or ESOCKTNOSUPPORT", "socket(2), ERRORS; socreate of kern/uipc_socket.c"), bsds...),
		of(seen("EPROTOTYPE", "NetBSD 7.99.4"), "netbsd"),
		of(man("ESOCKTNOSUPPORT", "socket: WSAESOCKTNOSUPPORT"), "windows"))},
	{ReceiveOfNothingWaits, with(
		of(seen("EAGAIN", "Linux 6.18"), "linux"),
		of(man("0 bytes", "soreceive returns at once for no room, kern/uipc_socket.c"), bsds...),
		of(seen("0 bytes", "NetBSD 7.99.4"), "netbsd"),
		of(man("EAGAIN", "recv: WSAEWOULDBLOCK"), "windows"))},
	{ListenerShutdown, with(
		of(seen("success", compared), "linux"),
		of(man("ENOTCONN", "shutdown(2), ERRORS"), bsds...),
		of(man("success", "soshutdown of kern/uipc_socket.c asks for no peer"), "netbsd"),
		of(seen("ENOTCONN", "Wine 8.0"), "windows"))},
	{AcceptDatagram, with(
		of(seen("EOPNOTSUPP", "Linux 6.18"), "linux"),
		of(man("EOPNOTSUPP or EINVAL", "accept(2), ERRORS; sys_accept of kern/uipc_syscalls.c"), bsds...),
		of(seen("EOPNOTSUPP", "Wine 8.0"), "windows"))},
	{ConnectToFile, with(
		of(seen("ECONNREFUSED", "Linux 6.18"), "linux"),
		of(man("ENOTSOCK", "unp_connect of kern/uipc_usrreq.c"), bsds...),
		of(man("ECONNREFUSED", "connect: WSAECONNREFUSED"), "windows"))},
	{ReceiveUnixAlone, with(
		of(seen("EINVAL", "Linux 6.18"), "linux"),
		of(man("ENOTCONN", "soreceive of kern/uipc_socket.c"), bsds...),
		of(man("EINVAL", "recv: WSAEINVAL"), "windows"))},
	{BadType, with(
		of(seen("EINVAL", "socket(2), ERRORS"), "linux"),
		of(man("EPROTOTYPE or EPROTONOSUPPORT or EINVAL or ESOCKTNOSUPPORT", "socreate of kern/uipc_socket.c"), bsds...),
		of(seen("ESOCKTNOSUPPORT", "Wine 8.0"), "windows"))},
	{UnknownProtocol, with(
		of(seen("EINVAL", "socket(2), ERRORS"), "linux"),
		of(man("EPROTONOSUPPORT or EPROTOTYPE", "socket(2), ERRORS; socreate of kern/uipc_socket.c"), bsds...),
		of(seen("EPROTONOSUPPORT", "Wine 8.0"), "windows"))},
	{SendToPort0, with(
		of(seen("EINVAL", "udp_sendmsg of net/ipv4/udp.c"), "linux"),
		of(man("EADDRNOTAVAIL or EINVAL", "in_pcbconnect of netinet/in_pcb.c"), bsds...),
		of(seen("EINVAL", "Wine 8.0"), "windows"))},
	{OptionOfNoPointer, with(
		of(seen("EFAULT", "setsockopt(2), ERRORS"), "linux"),
		of(man("EFAULT or EINVAL", "sys_setsockopt of kern/uipc_syscalls.c"), bsds...),
		of(man("success", "sys_setsockopt of kern/uipc_syscalls.c: the value is 0 then"), "netbsd"),
		of(seen("EFAULT", "Wine 8.0"), "windows"))},
	{UnknownLevel, with(
		of(seen("ENOPROTOOPT or EOPNOTSUPP", "Linux 6.18"), "linux"),
		of(man("ENOPROTOOPT or EOPNOTSUPP or EINVAL", "setsockopt(2), ERRORS; the ctloutput of the protocol"), bsds...),
		of(seen("EINVAL or ENOPROTOOPT", "Wine 8.0; setsockopt: WSAENOPROTOOPT"), "windows"))},
	{AbstractNames, with(
		of(seen(Yes, "unix(7)"), "linux"),
		of(man(No, "unix(4)"), bsds...),
		of(man(Yes, "AF_UNIX of Windows: a name that begins with a zero byte"), "windows"))},
	{SendToFullPackets, with(
		of(seen("EAGAIN", "Linux 6.18"), "linux"),
		of(man("EAGAIN", "sosend of kern/uipc_socket.c"), bsds...),
		of(man("EMSGSIZE", "sosend of kern/uipc_socket.c: the room that is left is the limit"), "netbsd"),
		of(man("no such sockets", "AF_UNIX of Windows has streams only"), "windows"))},
	{ShortOption, with(
		of(seen("EINVAL", "setsockopt(2), ERRORS"), "linux"),
		of(man("EINVAL", "sockopt_get, sooptcopyin of kern/uipc_socket.c"), bsds...),
		of(man("EFAULT", "setsockopt: WSAEFAULT"), "windows"))},
	{EmptyPackets, with(
		of(seen(Yes, "Linux 6.18"), "linux"),
		of(man(No, "soreceive of kern/uipc_socket.c goes on with the next one"), bsds...),
		of(man(No, "AF_UNIX of Windows has streams only"), "windows"))},
	{StreamSender, with(
		of(seen(Yes, "unix_stream_read_generic of net/unix/af_unix.c"), "linux"),
		of(man(No, "only PR_ADDR in soreceive of kern/uipc_socket.c"), bsds...),
		of(man(No, "recvfrom, Remarks: ignored for connection-oriented sockets"), "windows"))},
}
