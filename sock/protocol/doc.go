// Package protocol is servers and clients whose connections call back: a [Protocol] gets what
// arrives, and a [Transport] sends. Framing, flow control, timeouts, closing and the end of a
// server are the package's work.
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
//   - ┌──────────────── a loop ────────────────┐
//     listener ─accept─▶│ Transport ◀──── Write, Close … ───┐     │◀─ Write, from any goroutine
//     │           │  │   ▲                            │     │
//     │           │  │   └─ unsent bytes, if any      │     │
//     │           │  └─ Data, EOF, Paused … ──▶ Protocol    │   one for each connection
//     │           └────────────────────────────────────────┘
//     └─ the next connection may go to another loop: Config.Balance
//
// A connection belongs to one loop at a time, and its protocol's methods run on that loop's
// goroutine, one at a time. They must not wait: a method that takes long holds up all connections
// of the loop, and the loop's watchdog logs it. A [Server] can serve each connection by a task
// instead, in straight line: [Server.Go].
//
// # Memory
//
// All is received into one buffer of the loop, which Data is lent. What Data leaves is kept in a
// block of the connection's own until there is more, so a message costs no allocation, and an idle
// connection has no buffer: with an idle timeout it costs 230 bytes of heap. [Config] bounds the
// rest: a connection holds at most WriteLimit and one write unsent, and ReadLimit unread; MaxConns
// bounds the connections. The defaults are 1 MiB, 1 MiB, and no limit.
//
// What bounds the memory of a server, and the defaults:
//
//	WriteLimit    unsent bytes, of each connection and socket of messages  1 MiB
//	ReadLimit     bytes that Data leaves, of each connection               1 MiB
//	MaxConns      connections                                              no limit
//	DatagramSize  32 times it, for each loop that serves messages          64 KiB
//	-             the buffer of each loop                                  64 KiB
//	-             small writes that each loop gathers                      32 KiB
//
// # Flow control
//
// Write never waits. When more than HighWater is unsent, Paused is called, and reading pauses, so
// that a peer that does not read cannot make the program answer more. When LowWater is reached,
// reading goes on and Resumed is called. A goroutine or a task that produces much waits for
// [Transport.Drain]. A program that ignores all of this loses the connection at WriteLimit.
//
// # Errors
//
// Lost gets the reason of the end. errors.As finds a [*TimeoutError] (in which errors.Is finds
// os.ErrDeadlineExceeded), a [*LimitError], a [*DataError] or a *loop.PanicError; errors.Is finds
// the system's errno, [ErrAborted] and [ErrShutdown]. An option out of its range is an
// [*OptionError].
//
// # Glossary
//
//   - Connection: a socket of a stream or of messages that has a peer. Its Transport sends, and its
//     Protocol gets what arrives.
//   - Unsent: written by the program, and not yet taken by the system.
//   - Unread: received, and not yet used by Data.
//   - Frame: one message of a protocol on a stream, as a [Decoder] finds it.
//   - Idle: neither sent nor received.
//   - Half-closed: one side has ended what it sends, and the other goes on.
//   - Lingering: all is sent, and Close waits for the end of the peer, so that the system does not
//     reset the connection while the peer still reads.
//   - Draining: Shutdown was called, and connections end.
//   - Cut: ended without waiting for what is unsent.
//   - Hand over: to pass the listeners to a successor process, see [Server.HandOver]; to pass a
//     socket to other code, see [Transport.Upgrade].
//
// # Platforms
//
// All systems that pollux has a poller for. HandOver and Inherited work on Unix systems; Balance
// ReusePort is Linux's, and RoundRobin elsewhere.
package protocol
