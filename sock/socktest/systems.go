package socktest

import (
	"errors"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"github.com/polluxio/pollux/sock"
)

// Errnos is a set of errors. An empty set stands for success.
type Errnos []syscall.Errno

// Has reports whether err is in the set.
func (e Errnos) Has(err error) bool {
	if err == nil {
		return len(e) == 0
	}
	return slices.ContainsFunc(e, func(errno syscall.Errno) bool { return errors.Is(err, errno) })
}

// A System holds what a system answers where systems differ. Tests read it instead of skipping.
//
// The rows of Linux and Windows are those of runs (Windows: under Wine). The rows of the BSDs and
// macOS come from their manual pages and from the sources of their kernels, which each field names.
type System struct {
	AcceptDatagram    Errnos // accept(2) on a bound datagram socket; kern/uipc_syscalls.c: sys_accept
	ShutDownListener  Errnos // a waiting accept while another goroutine shuts the listener down; the same
	ListenerShutdown  Errnos // that shutdown(2): Windows refuses it, and so may the BSDs. The accept goes on then
	ConnectToFile     Errnos // connect(2) to the path of a plain file; kern/uipc_usrreq.c: unp_connect
	ReceiveUnixAlone  Errnos // a receive on a Unix stream socket without a peer; kern/uipc_socket.c: soreceive
	ShutdownAlone     Errnos // shutdown(2, SHUT_RD) of a TCP socket without a peer; kern/uipc_socket.c: soshutdown
	UnknownType       Errnos // socket(2) with a type that the family lacks; kern/uipc_socket.c: socreate
	BadType           Errnos // and with a type that does not exist
	UnknownProtocol   Errnos // and with a protocol that does not exist
	SendtoPort0       Errnos // a datagram to port 0; netinet/in_pcb.c: in_pcbconnect
	OptionOfNoPointer Errnos // setsockopt(2) with a null pointer and 4 bytes; kern/uipc_syscalls.c: sys_setsockopt
	ShortOption       Errnos // and with fewer bytes than the option has; kern/uipc_socket2.c: sockopt_get
	UnknownLevel      Errnos // an option of a level that does not exist; the protocol's ctloutput

	FullDatagrams Errnos // a send to a Unix datagram socket whose queue is full; kern/uipc_usrreq.c: unp_output
	FullPackets   Errnos // and on a SOCK_SEQPACKET one; NetBSD's sosend in kern/uipc_socket.c takes the rest of the queue for the limit
	FullBacklog   Errnos // connect(2) to a Unix listener with a full backlog; kern/uipc_usrreq.c: unp_connect

	// SendtoConnected is for a datagram to an address on a connected socket: kern/uipc_usrreq.c,
	// netinet/udp_usrreq.c. Where it is empty, the datagram goes to that address.
	SendtoConnected Errnos
	// ReconnectsAfterRefusal says that a TCP socket whose connect failed can connect again: on the
	// BSDs and macOS such a socket has lost its protocol (netinet/tcp_subr.c: tcp_close).
	ReconnectsAfterRefusal bool
	// AbstractNames says that Unix sockets can have names without a file.
	AbstractNames bool
	// EmptyPackets says that an empty message of a SOCK_SEQPACKET socket is received. On the BSDs a
	// receive goes on with the next one: kern/uipc_socket.c: soreceive.
	EmptyPackets bool
	// StreamSender says that recvfrom(2) on a connected Unix stream socket tells the peer's
	// address.
	StreamSender bool
}

var linux = System{
	AcceptDatagram:         Errnos{syscall.EOPNOTSUPP},
	ShutDownListener:       Errnos{syscall.EINVAL},
	ConnectToFile:          Errnos{syscall.ECONNREFUSED},
	ReceiveUnixAlone:       Errnos{syscall.EINVAL},
	ShutdownAlone:          Errnos{syscall.ENOTCONN},
	UnknownType:            Errnos{syscall.ESOCKTNOSUPPORT},
	BadType:                Errnos{syscall.EINVAL},
	UnknownProtocol:        Errnos{syscall.EINVAL},
	SendtoPort0:            Errnos{syscall.EINVAL},
	OptionOfNoPointer:      Errnos{syscall.EFAULT},
	ShortOption:            Errnos{syscall.EINVAL},
	UnknownLevel:           Errnos{syscall.ENOPROTOOPT, syscall.EOPNOTSUPP},
	FullDatagrams:          Errnos{syscall.EAGAIN},
	FullPackets:            Errnos{syscall.EAGAIN},
	FullBacklog:            Errnos{syscall.EAGAIN},
	ReconnectsAfterRefusal: true,
	AbstractNames:          true,
	EmptyPackets:           true,
	StreamSender:           true,
}

// bsd has what the BSDs and macOS have in common. Sets with several errors are for several systems.
var bsd = System{
	AcceptDatagram:    Errnos{syscall.EOPNOTSUPP, syscall.EINVAL},
	ShutDownListener:  Errnos{syscall.ECONNABORTED, syscall.EINVAL},
	ListenerShutdown:  Errnos{syscall.ENOTCONN},
	ConnectToFile:     Errnos{syscall.ENOTSOCK},
	ReceiveUnixAlone:  Errnos{syscall.ENOTCONN},
	ShutdownAlone:     Errnos{syscall.ENOTCONN},
	UnknownType:       Errnos{syscall.EPROTOTYPE, syscall.EPROTONOSUPPORT, syscall.ESOCKTNOSUPPORT},
	BadType:           Errnos{syscall.EPROTOTYPE, syscall.EPROTONOSUPPORT, syscall.EINVAL, syscall.ESOCKTNOSUPPORT},
	UnknownProtocol:   Errnos{syscall.EPROTONOSUPPORT, syscall.EPROTOTYPE},
	SendtoPort0:       Errnos{syscall.EADDRNOTAVAIL, syscall.EINVAL},
	OptionOfNoPointer: Errnos{syscall.EFAULT, syscall.EINVAL},
	ShortOption:       Errnos{syscall.EINVAL},
	UnknownLevel:      Errnos{syscall.ENOPROTOOPT, syscall.EOPNOTSUPP, syscall.EINVAL},
	FullDatagrams:     Errnos{syscall.ENOBUFS},
	FullPackets:       Errnos{syscall.EAGAIN},
	FullBacklog:       Errnos{syscall.ECONNREFUSED},
	SendtoConnected:   Errnos{syscall.EISCONN},
}

// Systems has a row for each system that sock supports.
var Systems = map[string]System{
	"linux": linux, "windows": rowOfWindows(),
	"freebsd": bsd, "dragonfly": bsd, "openbsd": bsd, "darwin": bsd,
	"netbsd": rowOfNetBSD(),
}

func rowOfNetBSD() System {
	s := bsd
	s.ShutdownAlone = nil     // soshutdown does not ask whether there is a peer
	s.OptionOfNoPointer = nil // the value is 0 then
	s.FullPackets = Errnos{syscall.EMSGSIZE}
	return s
}

func rowOfWindows() System {
	s := linux
	s.ListenerShutdown = Errnos{syscall.ENOTCONN}
	s.BadType = Errnos{syscall.ESOCKTNOSUPPORT}
	s.UnknownProtocol = Errnos{syscall.EPROTONOSUPPORT}
	s.UnknownLevel = Errnos{syscall.EINVAL, syscall.ENOPROTOOPT}
	s.ShortOption = Errnos{syscall.EFAULT}
	return s
}

// Here is the row of this system.
var Here = Systems[runtime.GOOS]

// full returns what a send of this kind returns if the queue is full, and does not wait.
func (k Kind) full() Errnos {
	switch k {
	case UnixDatagram:
		return Here.FullDatagrams
	case UnixSeqpacket:
		return Here.FullPackets
	}
	return Errnos{syscall.EAGAIN}
}

// WaitsForRoom reports whether a send of this kind waits for room in a full queue. On some systems
// it fails, also if it may block.
func (k Kind) WaitsForRoom() bool { return k.full().Has(syscall.EAGAIN) }

// SendPatiently sends a message. If that fails because the queue is full, it tries again.
func (k Kind) SendPatiently(t testing.TB, s *sock.Socket, p []byte) {
	t.Helper()
	var err error
	Await(t, "room in the queue", func() bool {
		_, err = s.Send(p, 0)
		return err == nil || k.WaitsForRoom() || !k.full().Has(err)
	})
	Must(t, err)
}
