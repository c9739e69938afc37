// Package tlsconn is TLS over a socket of any stream family, in every way to wait.
//
// crypto/tls makes the handshake, so a program can use all of tls.Config: ALPN, client
// certificates, tickets, GetConfigForClient. Only renegotiation is refused. There are three ways to
// use a connection:
//
//   - in a goroutine: make it with [Server] or [Client], then call Read, Write and Close as on a
//     net.Conn;
//   - in a task of a loop: the same with the view s.In(task), or with c.In(task) of an existing
//     connection. The calls suspend the task;
//   - by callbacks: [Conn.Watch] with a [Handler]. An idle connection then has neither a goroutine
//     nor a task.
//
// # Record layers
//
// Config.Layer selects the code that encrypts and decrypts after the handshake: crypto/tls itself
// ([Standard]), a small record layer of this module ([Compact]), or the kernel ([Kernel]). If a
// connection cannot switch to its layer, it stays with crypto/tls, and [Conn.Layer] returns the
// reason.
//
// # Ends and errors
//
// Read returns io.EOF after the close_notify alert of the peer. If the stream ends without that
// alert, an attacker may have cut it: Read then returns io.ErrUnexpectedEOF. An alert of the peer
// is a *net.OpError around a tls.AlertError, and its Op is "remote error". If the peer breaks a
// rule of TLS, it gets an alert, and the call returns the error.
//
// CloseWrite sends close_notify; the connection can still be read. Close sends it too, unless
// CloseWrite has sent it, waits at most five seconds until the socket takes it, and closes the
// socket.
package tlsconn
