package netconn

import (
	"io"
	"net"
	"syscall"

	"github.com/polluxio/pollux/sock"
)

// ReadFrom writes all data of r, up to its end; io.Copy calls it. It returns the number of bytes
// written.
//
// A regular *os.File is sent by sendfile(2) from its present position, and the stream of another
// Conn by splice(2) where the system supports it: see sock.Socket.Sendfile and sock.Socket.Splice.
// Both may be inside an *io.LimitedReader. net.Buffers are gathered (see WriteBuffers). Other data
// is read and written in blocks.
//
// Errors: those of r, unchanged; those of Write.
func (c *Conn) ReadFrom(r io.Reader) (int64, error) {
	if buffers, ok := r.(*net.Buffers); ok {
		return c.WriteBuffers(buffers)
	}
	inner, limited := r, (*io.LimitedReader)(nil)
	if l, ok := r.(*io.LimitedReader); ok {
		inner, limited = l.R, l
	}
	if from := connOf(inner); from != nil && from.socket().Type() == sock.SOCK_STREAM && c.socket().Type() == sock.SOCK_STREAM {
		return c.splice(from, limited)
	}
	if _, ok := inner.(regular); ok && c.socket().Type() == sock.SOCK_STREAM {
		n, err := c.socket().ReadFrom(r)
		if _, ours := err.(*net.OpError); ours { // a file has errors of other types
			err = c.fail("readfrom", err)
		}
		return n, err
	}
	return io.Copy(struct{ io.Writer }{c}, r)
}

// A regular is an *os.File, or the type in which io.Copy wraps one.
type regular interface {
	io.ReadSeeker
	syscall.Conn
}

// connOf returns r as a Conn, or nil if it is something else.
func connOf(r io.Reader) *Conn {
	switch r := r.(type) {
	case *Conn:
		return r
	case readOnly:
		return r.c
	}
	return nil
}

// splice sends the stream of another connection, or the part of it that limited allows. Each
// connection waits in its own view.
func (c *Conn) splice(from *Conn, limited *io.LimitedReader) (n int64, err error) {
	if limited == nil {
		n, err = c.socket().ReadFrom(from.socket())
	} else {
		rest := io.LimitedReader{R: from.socket(), N: limited.N}
		n, err = c.socket().ReadFrom(&rest)
		limited.N = rest.N
	}
	if op, ok := err.(*net.OpError); ok && op.Op == "recv" { // its name in package sock
		return n, from.fail("read", err)
	}
	return n, c.fail("write", err)
}

// WriteTo reads up to the end of the stream and writes everything to w; io.Copy calls it. It
// returns the number of bytes written. While it waits for data it holds no buffer, so a copy
// between idle connections costs no memory.
//
// If w is a Conn, this is its ReadFrom. If w is the http.ResponseWriter of a net/http server, it
// reads from the Conn itself: a body of known length then goes by splice(2), and the server holds a
// buffer meanwhile.
//
// Errors: those of Read; those of w, unchanged.
func (c *Conn) WriteTo(w io.Writer) (n int64, err error) {
	switch to := w.(type) {
	case *Conn:
		return to.ReadFrom(readOnly{c})
	case responseWriter:
		return to.ReadFrom(readOnly{c})
	}
	to := sink{Writer: w}
	n, err = c.socket().WriteTo(&to)
	if err != nil && err != to.err && err != io.ErrShortWrite {
		err = c.fail("read", err)
	}
	return n, err
}

// A readOnly is a Conn without its WriteTo, so that a copy in ReadFrom does not call WriteTo again.
type readOnly struct{ c *Conn }

func (r readOnly) Read(p []byte) (int, error) { return r.c.Read(p) }

// A responseWriter is the http.ResponseWriter of a net/http server.
type responseWriter interface {
	io.ReaderFrom
	WriteHeader(status int)
}

// A sink keeps the error of a writer, to tell it from an error of the connection.
type sink struct {
	io.Writer
	err error
}

func (k *sink) Write(p []byte) (n int, err error) {
	n, k.err = k.Writer.Write(p)
	if n < 0 || n > len(p) {
		n, k.err = 0, errBadWrite
	}
	return n, k.err
}

// WriteBuffers writes all buffers, gathered without a copy, in as few system calls as the system
// allows. It removes the written bytes from v, as net.Buffers.WriteTo does for a *net.TCPConn.
// Other writes do not come between the buffers. On a seqpacket socket all buffers are one packet.
//
// net.Buffers.WriteTo itself gathers for the types of package net only. On a Conn it makes one
// Write for each buffer.
//
// Errors: those of Write.
func (c *Conn) WriteBuffers(v *net.Buffers) (n int64, err error) {
	if c.socket().Type() == sock.SOCK_STREAM {
		n, err = c.socket().SendallBuffers(*v, 0)
	} else {
		var m int
		m, err = c.socket().Sendmsg(*v, nil, 0, sock.Addr{})
		n = int64(m)
	}
	consume(v, n)
	return n, c.fail("write", err)
}

// consume removes the first n bytes of v, and the empty buffers before them.
func consume(v *net.Buffers, n int64) {
	for len(*v) > 0 {
		first := (*v)[0]
		if int64(len(first)) > n {
			(*v)[0] = first[n:]
			return
		}
		n -= int64(len(first))
		(*v)[0] = nil
		*v = (*v)[1:]
	}
}
