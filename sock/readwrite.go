package sock

import (
	"io"
	"io/fs"
	"syscall"
)

// A Socket is a stream of package io, in every view. bufio, encoding/json and io.Copy can use it in
// a goroutine, in a task (In), and until a context ends (With).
var (
	_ io.ReadWriteCloser = (*Socket)(nil)
	_ io.ReaderFrom      = (*Socket)(nil)
	_ io.WriterTo        = (*Socket)(nil)
)

// Read is RecvInto with the rules of io.Reader: at the end of a stream it returns io.EOF. An empty
// datagram is 0 bytes and no error. A datagram longer than p is cut, as RecvInto cuts it.
//
// Errors: io.EOF, and those of RecvInto.
func (s *Socket) Read(p []byte) (int, error) {
	n, err := s.RecvInto(p, 0)
	if n == 0 && err == nil && len(p) > 0 && s.ends() {
		err = io.EOF
	}
	return n, err
}

// Write sends all of p: it is Sendall without flags. It returns how many bytes were sent, fewer
// than len(p) only with an error. On a datagram socket it sends one datagram.
//
// Errors: those of Sendall.
func (s *Socket) Write(p []byte) (int, error) { return s.Sendall(p, 0) }

// copySize is the room for one receive of WriteTo and for one Read of ReadFrom, in bytes. It is
// enough for the longest UDP datagram.
const copySize = 64 << 10

// copies lends the memory of WriteTo and ReadFrom.
var copies = NewBuffers(copySize)

// WriteTo receives up to the end of the stream and writes everything to w; io.Copy calls it. It
// returns how many bytes w accepted. While it waits it holds no buffer. On a datagram socket each
// Write is one datagram, and only an error ends WriteTo. If w is a *Socket, this is its ReadFrom.
//
// Errors: those of RecvInto and of w; io.ErrShortWrite if w accepts too few bytes without an error.
// Bytes that were received and not written are lost then.
func (s *Socket) WriteTo(w io.Writer) (n int64, err error) {
	if w == nil {
		return 0, s.fail("writeto", Addr{}, &ArgError{ArgMissing, "w", w, "must not be nil"})
	}
	if to, ok := w.(*Socket); ok {
		return to.ReadFrom(s)
	}
	return s.copyTo(w)
}

// copyTo is WriteTo through the program's memory.
func (s *Socket) copyTo(w io.Writer) (n int64, err error) {
	for {
		p, err := s.RecvBuffer(copies, 0)
		if err != nil || p == nil {
			return n, err
		}
		m, err := w.Write(p)
		n += int64(m)
		short := m < len(p)
		copies.Put(p)
		switch {
		case err != nil:
			return n, err
		case short:
			return n, io.ErrShortWrite
		}
	}
}

// ReadFrom sends everything that r returns, up to its end; io.Copy calls it. It returns how many
// bytes were sent. A regular *os.File goes by sendfile(2) from its present position, also inside an
// *io.LimitedReader; see Sendfile. Between two stream sockets the bytes go by Splice, also inside
// an *io.LimitedReader; each socket waits in its own view. Other readers are read in parts of at
// most 64 KiB. On a datagram socket each part is one datagram.
//
// Errors: those of r, of Sendall and of Sendfile. Bytes that were read and not sent are lost then.
func (s *Socket) ReadFrom(r io.Reader) (n int64, err error) {
	if r == nil {
		return 0, s.fail("readfrom", Addr{}, &ArgError{ArgMissing, "r", r, "must not be nil"})
	}
	if n, err, done := s.moveFrom(r); done {
		return n, err
	}
	if from, ok := r.(*Socket); ok {
		return from.copyTo(s)
	}
	p := copies.Get()
	defer copies.Put(p)
	return io.CopyBuffer(writer{s}, reader{r}, p)
}

// writer and reader hide all methods of a value but one, so that io.Copy calls that method.
type (
	writer struct{ io.Writer }
	reader struct{ io.Reader }
)

// moveFrom sends r without a copy in the program's memory if the system can. Each such way has its
// place here. done is false if it has done nothing, and the caller must read r.
func (s *Socket) moveFrom(r io.Reader) (n int64, err error, done bool) {
	if f, ok := fileIn(s, r); ok {
		n, err = f.send(s)
		return n, err, true
	}
	count, limited := int64(-1), (*io.LimitedReader)(nil)
	if l, is := r.(*io.LimitedReader); is {
		r, limited, count = l.R, l, max(l.N, 0)
	}
	from, ok := r.(*Socket)
	if !ok || !from.ofType(SOCK_STREAM) || !s.ofType(SOCK_STREAM) {
		return 0, nil, false
	}
	n, err = s.move(from, count)
	if limited != nil {
		limited.N -= n
	}
	return n, err, true
}

// A sendable is a regular file that sendfile(2) can send, from its present position.
type sendable struct {
	file    described
	at      int64
	limited *io.LimitedReader // the reader around the file, or nil
	left    int64             // -1: all
}

// fileIn returns the file in r, if s can send it by Sendfile.
func fileIn(s *Socket, r io.Reader) (f sendable, ok bool) {
	f.left = -1
	if l, is := r.(*io.LimitedReader); is {
		if r, f.limited, f.left = l.R, l, l.N; f.left <= 0 {
			return f, false
		}
	}
	// io.Copy wraps an *os.File in a type without WriteTo. So this checks for the methods, not for
	// the type.
	f.file, ok = r.(described)
	seeker, seeks := r.(io.Seeker)
	if !ok || !seeks || s.Type() != SOCK_STREAM || s.patience(0) == 0 {
		return f, false
	}
	if info, err := f.file.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return f, false // a file of /proc reports size 0 and has to be read
	}
	at, err := seeker.Seek(0, io.SeekCurrent)
	f.at = at
	return f, err == nil
}

// send sends the rest of the file and counts the bytes. It can be called again after an error.
func (f *sendable) send(s *Socket) (n int64, err error) {
	if f.left == 0 {
		return 0, nil
	}
	n, err = s.Sendfile(f.file, f.at, f.left)
	f.at += n
	if f.left > 0 {
		f.left -= n
	}
	if f.limited != nil {
		f.limited.N -= n
	}
	return n, err
}

// A described file is an *os.File or a value that embeds one.
type described interface {
	io.Reader
	syscall.Conn
	Stat() (fs.FileInfo, error)
}
