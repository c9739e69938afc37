package netconn

import (
	"io"
	"io/fs"
	"net"
	"syscall"

	"github.com/polluxio/pollux/sock"
)

// copyBlock is how much WriteTo reads at once: as io.Copy does.
const copyBlock = 32 << 10

var copyBuffers = sock.NewBuffers(copyBlock)

// ReadFrom writes all of r, up to its end: io.Copy uses it. It reports how many bytes went.
//
// A regular *os.File, also in an *io.LimitedReader, goes by sendfile(2) from where it stands, and
// net.Buffers go gathered (see WriteBuffers). Anything else is read and written in blocks.
//
// Errors: those of r, as they are; those of Write.
func (c *Conn) ReadFrom(r io.Reader) (int64, error) {
	if buffers, ok := r.(*net.Buffers); ok {
		return c.WriteBuffers(buffers)
	}
	if n, done, err := splice(c, r); done {
		return n, c.fail("readfrom", err)
	}
	if n, done, err := c.sendfile(r); done {
		return n, c.fail("readfrom", err)
	}
	return io.Copy(struct{ io.Writer }{c}, r)
}

// A regular is an *os.File, and what has one in it: io.Copy hands it over in a wrapping.
type regular interface {
	io.ReadSeeker
	syscall.Conn
	Stat() (fs.FileInfo, error)
}

// sendfile is ReadFrom of a regular file. It reports whether r is one.
func (c *Conn) sendfile(r io.Reader) (n int64, done bool, err error) {
	left, limited := int64(-1), (*io.LimitedReader)(nil)
	if l, ok := r.(*io.LimitedReader); ok {
		if r, limited, left = l.R, l, l.N; left <= 0 {
			return 0, true, nil
		}
	}
	f, ok := r.(regular)
	if !ok || c.s.Type() != sock.SOCK_STREAM {
		return 0, false, nil
	}
	// A file of /proc says that it has 0 bytes, and has to be read to know better.
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return 0, false, nil
	}
	at, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, false, nil
	}
	n, err = c.s.Sendfile(f, at, left)
	if limited != nil {
		limited.N -= n
	}
	return n, true, err
}

// WriteTo reads all there is, up to the end of the stream, and writes it to w: io.Copy uses it. It
// reports how many bytes were written. While it waits for data it holds no buffer, so a copy
// between idle connections costs no memory.
//
// Errors: those of Read; those of w, as they are.
func (c *Conn) WriteTo(w io.Writer) (n int64, err error) {
	if to, ok := w.(*Conn); ok {
		if n, done, err := splice(to, c); done {
			return n, c.fail("writeto", err)
		}
	}
	for {
		p, err := c.s.RecvBuffer(copyBuffers, 0)
		if err != nil {
			return n, c.fail("read", err)
		}
		if p == nil {
			return n, nil
		}
		m, err := w.Write(p)
		if m < 0 || m > len(p) {
			m, err = 0, errBadWrite
		}
		short := m < len(p)
		copyBuffers.Put(p)
		n += int64(m)
		switch {
		case err != nil:
			return n, err
		case short:
			return n, io.ErrShortWrite
		}
	}
}

// splice moves all that r has to the connection without passing it through the program, if it can:
// it reports whether it could. It is the one place for that, and cannot yet.
func splice(to *Conn, r io.Reader) (n int64, done bool, err error) { return 0, false, nil }

// WriteBuffers writes all of the buffers, gathered without copying, in as few system calls as the
// system allows, and takes what went out of v, as [net.Buffers.WriteTo] does for a *net.TCPConn.
// Nothing that others write comes between. On a seqpacket socket all buffers are one packet.
//
// (net.Buffers.WriteTo itself knows the types of package net only: to a Conn it makes a Write for
// each buffer.)
//
// Errors: those of Write.
func (c *Conn) WriteBuffers(v *net.Buffers) (n int64, err error) {
	if c.s.Type() == sock.SOCK_STREAM {
		n, err = c.s.SendallBuffers(*v, 0)
	} else {
		var m int
		m, err = c.s.Sendmsg(*v, nil, 0, sock.Addr{})
		n = int64(m)
	}
	consume(v, n)
	return n, c.fail("write", err)
}

// consume takes the first n bytes out of v, and empty buffers before them.
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
