// Package netconn makes a socket of any family what package net and the libraries above it expect:
// a net.Conn, a net.Listener, a net.PacketConn. One changed line, the listener or the dialer, puts
// an existing program on pollux:
//
//	ln, err := netconn.Listen("tcp", "127.0.0.1:8080") // was net.Listen
//	err = http.Serve(ln, handler)
//
//	client := &http.Client{Transport: &http.Transport{DialContext: new(netconn.Dialer).DialContext}}
//
// # What waits
//
// A [Conn] waits as its socket does. The one that [Dial] or [Listener.Accept] returns parks the
// calling goroutine. [Conn.In] returns the same connection for a task: the calls suspend the task,
// so straight-line code (bufio, crypto/tls, net/textproto, a database driver) runs on a loop
// without a goroutine of its own. [Conn.With] returns one whose calls end when a context ends.
//
//	l.Go(func(t *loop.Task) {
//		defer c.Close()
//		request, err := http.ReadRequest(bufio.NewReader(c.In(t)))
//		…
//	})
//
// Each method is an operation of the socket and a wait. There is no goroutine, no buffer and no
// state machine in between, so the socket may be used beside it: [Conn.Socket] returns it.
//
// # Networks
//
// The networks of package net mean what they mean there: "tcp", "tcp4", "tcp6", "udp", "udp4",
// "udp6", "unix", "unixgram" and "unixpacket". The other families have networks of their own, and
// their addresses are the texts of package families without the name in front:
//
//	tcp 127.0.0.1:80       unix /run/app          unixpacket @app
//	vsock 2:1024           vsockpacket 2:1024     tipc name:18888,17
//	rfcomm 00:1A:7D:DA:71:13,3                    can can0
//
// [Networks] lists them. A kind of socket that has no network is made by package sock, and [New],
// [NewListener] or [NewPacketConn] wraps it.
//
// # Errors
//
// As in package net, an error is an *net.OpError. errors.Is finds os.ErrDeadlineExceeded after a
// deadline, net.ErrClosed after Close, the errno of the system, and the cause of a context. The end
// of a stream is io.EOF, without a wrapping.
package netconn
