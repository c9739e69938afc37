// Package protocol makes servers and clients whose connections call back. The package calls a
// [Protocol] with the bytes that arrive, and the program sends by a [Transport]. The package does
// the framing, flow control, timeouts, closing and shutdown.
//
//	type echo struct{ protocol.Base }
//
//	func (echo) Data(t *protocol.Transport, p []byte) int { t.Write(p); return len(p) }
//
//	s, err := protocol.NewServer(&protocol.Config{
//		New: func(*protocol.Transport) protocol.Protocol { return echo{} },
//	})
//	at, err := s.Listen(sock.Inet("", 7))
//	report, err := s.Shutdown(ctx)
//
// # How it fits together
//
//	             ┌─────────────────────── a loop ───────────────────────┐
//	             │                                                      │
//	listener ──accept──▶ Transport ──Data, EOF, Paused …──▶ Protocol    │  one of each for a connection
//	    │        │           ▲ ▲                               │        │
//	    │        │           │ └────────── Write, Close … ─────┘        │
//	    │        └───────────┼──────────────────────────────────────────┘
//	    │                    └── Write, Close …, from any goroutine
//	    └── the next connection may go to another loop: Config.Balance
//
// A connection belongs to one loop at a time. The loop calls the methods of its protocol on the
// loop's goroutine, one at a time. The methods must not wait: a method that takes long holds up all
// connections of the loop, and the loop's watchdog logs it. A [Server] can also serve each
// connection by a task, in straight-line code: [Server.Go].
//
// # Memory
//
// A loop receives everything into one buffer, and Data may use the buffer during its call. Bytes
// that Data does not use go to a block of the connection's own until more bytes arrive. So a
// message costs no allocation, and an idle connection has no buffer: with an idle timeout it costs
// 230 bytes of heap. [Config] limits the rest. A connection holds at most WriteLimit plus one write
// of unsent bytes, and ReadLimit of unread bytes.
//
// The limits of a server's memory, and their defaults:
//
//	WriteLimit    unsent bytes, of each connection and socket of messages  1 MiB
//	ReadLimit     bytes that Data leaves, of each connection               1 MiB
//	ReadLimit     once more for each loop that serves SOCK_SEQPACKET       1 MiB
//	MaxConns      connections                                              no limit
//	DatagramSize  32 times it, for each loop that serves messages          64 KiB
//	-             the buffer of each loop                                  64 KiB
//	-             small writes that each loop gathers                      32 KiB
//
// # Flow control
//
// Write never waits. If more than HighWater bytes are unsent, the loop calls Paused and stops
// reading, so that a peer that does not read cannot make the program answer more. At LowWater the
// loop reads again and calls Resumed. A goroutine or a task that produces much waits for
// [Transport.Drain]. A program that ignores all of this loses the connection at WriteLimit.
//
// # Errors
//
// The argument of Lost is the reason for the end. errors.As finds a [*TimeoutError] (in which
// errors.Is finds os.ErrDeadlineExceeded), a [*LimitError], a [*DataError] or a *loop.PanicError.
// errors.Is finds the system's errno, [ErrAborted] and [ErrShutdown]. An option out of its range is
// an [*OptionError].
//
// # Glossary
//
//   - Connection: a socket of a stream or of messages that has a peer. Its Transport sends, and its
//     Protocol gets what arrives.
//   - Unsent: written by the program, and not yet taken by the system.
//   - Unread: received, and not yet used by Data.
//   - Frame: one message of a protocol on a stream, as a [Decoder] finds it.
//   - Idle: it neither sends nor receives.
//   - Half-closed: one side has ended its sending, and the other side still sends.
//   - Lingering: everything is sent, and Close waits until the peer ends too. Otherwise the system
//     would reset the connection while the peer still reads.
//   - Draining: Shutdown was called, and connections end.
//   - Cut: ended although some bytes are unsent.
//   - Hand over: to pass the listeners to a successor process, see [Server.HandOver]; to pass a
//     socket to other code, see [Transport.Upgrade].
//
// # Platforms
//
// The package works on all systems for which pollux has a poller. HandOver and Inherited work on
// Unix systems. ReusePort works on Linux, and means RoundRobin on other systems.
package protocol
