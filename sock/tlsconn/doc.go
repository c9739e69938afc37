// Package tlsconn is TLS over a socket of any stream family, in every way to wait.
//
// The handshake is made by crypto/tls, so all of [tls.Config] works: ALPN, client certificates,
// tickets, GetConfigForClient. Only renegotiation is refused. A connection is used in one of three
// ways:
//
//   - in a goroutine: [Server] or [Client] over the socket, then Read, Write and Close as of a
//     net.Conn;
//   - in a task of a loop: the same over s.In(task), or c.In(task) of a connection that exists. The
//     calls suspend the task;
//   - by callbacks: [Conn.Watch] with a [Handler]. An idle connection then has neither a goroutine
//     nor a task.
//
// # Record layers
//
// Config.Layer chooses what encrypts and decrypts once the handshake is over: crypto/tls itself
// ([Standard]), a small record layer of this module ([Compact]), or the kernel ([Kernel]). A
// connection that cannot switch to the layer that was asked for stays with crypto/tls, and
// [Conn.Layer] returns the reason.
//
// # Ends and errors
//
// A Read returns io.EOF after the peer's close_notify alert. The end of the stream without that
// alert may be an attack that cuts the data off: Read then returns io.ErrUnexpectedEOF. An alert of
// the peer's is a *net.OpError around a tls.AlertError with "remote error" as its Op. What the peer
// does wrong is answered with an alert, and returned as an error.
//
// CloseWrite sends close_notify; the other direction goes on. Close sends it too, if it was not
// sent yet and the socket takes it within five seconds, and closes the socket.
package tlsconn
