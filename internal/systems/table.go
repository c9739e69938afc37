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
		of(seen("success once, then EISCONN", compared), "linux"),
		of(man("EISCONN", "connect(2), ERRORS"), bsds...),
		of(seen("EISCONN", "NetBSD 7.99.4"), "netbsd"),
		of(man("EISCONN", "connect: WSAEISCONN"), "windows"))},
	{ConnectAfterFailure, with(
		of(seen("begins anew", compared), "linux"),
		of(man("unspecified: make another socket", "POSIX connect, APPLICATION USAGE"), bsds...),
		of(man("begins anew", "connect: after WSAECONNREFUSED, WSAENETUNREACH or WSAETIMEDOUT"), "windows"))},
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
		of(man("shutdown says ENOTCONN and changes nothing, or ECONNABORTED", "shutdown(2), accept(2)"), bsds...),
		of(man("shutdown says ENOTCONN and changes nothing", "shutdown: WSAENOTCONN"), "windows"))},
	{AcceptInheritsMode, with(
		of(seen("no", "accept(2), NOTES"), "linux"),
		of(man("yes", "accept(2): with the properties of the listener"), bsds...),
		of(man("yes", "accept, Remarks: the same properties as the listener"), "windows"))},
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
		of(man("success", "soshutdown of kern/uipc_socket.c in NetBSD 7 asks for no peer"), "netbsd"),
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
		of(man("EPROTOTYPE", "socket(2), ERRORS"), bsds...),
		of(seen("EPROTOTYPE", "NetBSD 7.99.4"), "netbsd"),
		of(man("ESOCKTNOSUPPORT", "socket: WSAESOCKTNOSUPPORT"), "windows"))},
	{ReceiveOfNothingWaits, with(
		of(seen("EAGAIN", "Linux 6.18"), "linux"),
		of(man("0 bytes", "soreceive returns at once for no room, kern/uipc_socket.c"), bsds...),
		of(seen("0 bytes", "NetBSD 7.99.4"), "netbsd"),
		of(man("EAGAIN", "recv: WSAEWOULDBLOCK"), "windows"))},
}
