// Package netconn gives a socket of any family the interfaces of package net: net.Conn,
// net.Listener, net.PacketConn. A program that uses these interfaces runs on pollux after a change
// of one line, the listener or the dialer:
//
//	ln, err := netconn.Listen("tcp", "127.0.0.1:8080") // was net.Listen
//	err = http.Serve(ln, handler)
//
//	client := &http.Client{Transport: &http.Transport{DialContext: new(netconn.Dialer).DialContext}}
//
// # What waits
//
// A [Conn] waits as its socket does. A Conn of [Dial] or [Listener.Accept] blocks the calling
// goroutine. [Conn.In] returns a view for a task: its calls suspend the task, so straight-line code
// (bufio, crypto/tls, net/textproto, a database driver) runs on a loop without a goroutine.
// [Conn.With] returns a view whose calls end when a context ends.
//
//	l.Go(func(t *loop.Task) {
//		defer c.Close()
//		request, err := http.ReadRequest(bufio.NewReader(c.In(t)))
//		…
//	})
//
// Each method is one operation of the socket. The package adds no goroutine, no buffer and no state
// of its own, so the program may use the socket too: [Conn.Socket] returns it.
//
// # Networks
//
// The networks of package net have the same meaning here: "tcp", "tcp4", "tcp6", "udp", "udp4",
// "udp6", "unix", "unixgram" and "unixpacket". The other families have networks of their own. Their
// addresses are the texts of package families without the name in front:
//
//	tcp 127.0.0.1:80       unix /run/app          unixpacket @app
//	vsock 2:1024           vsockpacket 2:1024     tipc name:18888,17
//	rfcomm 00:1A:7D:DA:71:13,3                    can can0
//
// [Networks] returns all of them. For a kind of socket without a network, make the socket with
// package sock and pass it to [New], [NewListener] or [NewPacketConn].
//
// # Errors
//
// As in package net, an error is a *net.OpError. errors.Is finds os.ErrDeadlineExceeded after a
// deadline, net.ErrClosed after Close, the errno of the system, and the cause of a context. The end
// of a stream is the bare io.EOF.
package netconn
