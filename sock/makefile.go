package sock

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/polluxio/pollux/loop"
)

// DefaultBufferSize is how much a File holds in either direction, unless told otherwise: Python's io.DEFAULT_BUFFER_SIZE.
const DefaultBufferSize = 8192

// errTimedOutFile and the next are what a File says of its own state.
var errTimedOutFile = errors.New("cannot read from timed out object")

var errClosedFile error = closedFile{}

type closedFile struct{}

func (closedFile) Error() string        { return "I/O operation on closed file" }
func (closedFile) Is(target error) bool { return target == net.ErrClosed || target == os.ErrClosed }

// A File is a socket as a file, with buffers: what Python's socket.makefile gives. It can be read or written or both, by one goroutine for each at
// a time; others wait. It waits as the Socket it was made of does: Makefile of a view by In or With gives one that suspends the task, or
// ends with the context.
//
// It keeps the descriptor open: after Socket.Close it goes on, until it is closed itself. Dropping a File counts as closing it, but
// what it had still to write is lost.
type File struct {
	raw  *rawFile
	mode string // immutable
	size int    // immutable; of the buffers

	reading sync.Mutex
	r       *bufio.Reader // reading; nil: none

	writing sync.Mutex
	w       []byte // writing; what is still to be sent
}

var (
	_ io.ReadWriteCloser = (*File)(nil)
	_ io.ReaderFrom      = (*File)(nil)
	_ io.WriterTo        = (*File)(nil)
	_ io.ByteReader      = (*File)(nil)
	_ io.ByteWriter      = (*File)(nil)
	_ io.StringWriter    = (*File)(nil)
)

// A rawFile is a File without its buffers. It does not know the File, so that one can be collected.
type rawFile struct {
	base   *Socket // of which it was made
	share  *share
	who    loop.Waiter
	ctx    context.Context
	cancel context.CancelCauseFunc // ends what is waited for
	view   atomic.Pointer[Socket]  // of share.socket, with whom to wait for it
	closed atomic.Bool
	late   bool // File.reading; a read has timed out
}

// Makefile is Python's socket.makefile: the socket as a file. mode is any mix of r, w and b; "" is r, and b changes nothing, because
// text in Go is bytes. buffering is the size of the buffers: 0 for none, which wants a b in mode; a negative one is DefaultBufferSize;
// one below 16 is 16.
//
// What is in its buffer of what was received is not to be had by Recv any more. The timeout is the socket's.
//
// Errors: an *ArgError for another mode and for text without a buffer; net.ErrClosed.
func (s *Socket) Makefile(mode string, buffering int) (*File, error) {
	if i := strings.IndexFunc(mode, func(r rune) bool { return !strings.ContainsRune("rwb", r) }); i >= 0 {
		return nil, s.fail("makefile", Addr{}, &ArgError{ArgUnknown, "mode", mode, fmt.Sprintf("invalid mode '%s' (only r, w, b allowed)", mode)})
	}
	if buffering == 0 && !strings.Contains(mode, "b") {
		return nil, s.fail("makefile", Addr{}, &ArgError{ArgConflict, "buffering", buffering, "unbuffered streams must be binary"})
	}
	switch {
	case buffering < 0:
		buffering = DefaultBufferSize
	case buffering > 0:
		buffering = max(buffering, 16) // as bufio
	}
	f := &File{size: buffering}
	writes := strings.Contains(mode, "w")
	if strings.Contains(mode, "r") || !writes {
		f.mode = "r"
	}
	if writes {
		f.mode += "w"
	}
	f.mode += "b"
	share, err := s.shareFile()
	if err != nil {
		return nil, s.fail("makefile", Addr{}, err)
	}
	f.raw = &rawFile{base: s.base(), share: share, who: s.who}
	f.raw.ctx, f.raw.cancel = context.WithCancelCause(s.context())
	if f.Readable() && buffering > 0 {
		f.r = bufio.NewReaderSize(f.raw, buffering)
	}
	runtime.SetFinalizer(f, func(f *File) {
		f.raw.end(func(s *Socket) error {
			s.fd.Abandon() // tells the log
			return s.Close()
		})
	})
	return f, nil
}

// Readable says whether it was made for reading.
func (f *File) Readable() bool { return strings.Contains(f.mode, "r") }

// Writable says whether it was made for writing.
func (f *File) Writable() bool { return strings.Contains(f.mode, "w") }

// Mode is "rb", "wb" or "rwb".
func (f *File) Mode() string { return f.mode }

// Fileno is the descriptor's number, that of the socket; -1 once the file, or what it is of, is closed.
func (f *File) Fileno() int {
	if f.raw.closed.Load() {
		return -1
	}
	return f.raw.share.current().Fileno()
}

// socket is the one to use now, as who waits for it, until the file is closed.
func (r *rawFile) socket() *Socket {
	s := r.share.current()
	if v := r.view.Load(); v != nil && v.core == s.core {
		return v
	}
	v := s
	if t := r.who.Task(); t != nil {
		v = s.In(t)
	}
	v = v.With(r.ctx)
	r.view.Store(v)
	return v
}

// each calls call with the socket, and again if that was closed meanwhile and the descriptor is the files' alone by now: what an
// operation on a closed socket has not done is still to be done.
func (r *rawFile) each(op string, call func(*Socket) error) error {
	for {
		s := r.socket()
		err := call(s)
		switch {
		case err == nil:
			return nil
		case r.closed.Load():
			return r.fail(op, errClosedFile)
		case !errors.Is(err, net.ErrClosed) || r.share.settled().core == s.core:
			return err
		}
	}
}

func (r *rawFile) fail(op string, err error) error { return r.base.fail(op, Addr{}, err) }

// Read is File.Read without a buffer. File.reading is held.
func (r *rawFile) Read(p []byte) (n int, err error) {
	if r.late {
		return 0, r.fail("read", errTimedOutFile)
	}
	err = r.each("read", func(s *Socket) error {
		n, err = s.RecvInto(p, 0)
		return err
	})
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		r.late = true
	case err == nil && n == 0 && len(p) > 0:
		err = io.EOF
	}
	return n, err
}

// ReadByte makes what is read byte by byte.
func (r *rawFile) ReadByte() (byte, error) {
	var b [1]byte
	_, err := r.Read(b[:])
	return b[0], err
}

// end ends what is waited for, and counts the file out; last is for a descriptor that is nobody's then.
func (r *rawFile) end(last func(*Socket) error) {
	if r.closed.Swap(true) {
		return
	}
	r.cancel(errClosedFile)
	r.base.unshare(r.share, last)
}

// read calls fn, with the lock and if reading is allowed.
func (f *File) read(fn func() error) error {
	f.reading.Lock()
	defer f.reading.Unlock()
	switch {
	case f.raw.closed.Load():
		return f.raw.fail("read", errClosedFile)
	case !f.Readable():
		return f.raw.fail("read", &ArgError{ArgType, "mode", f.mode, "File not open for reading"})
	}
	return fn()
}

// Read reads what is there, at least a byte: from the buffer or, if that is empty, by at most one recv(2). Error: io.EOF at the end of the
// stream; ErrWouldBlock for a non-blocking socket. After one that has timed out, all that are not served by the buffer fail, as
// in Python: "cannot read from timed out object". The socket goes on working.
func (f *File) Read(p []byte) (n int, err error) {
	err = f.read(func() error {
		if f.r == nil {
			n, err = f.raw.Read(p)
		} else {
			n, err = f.r.Read(p)
		}
		return err
	})
	return n, err
}

// ReadByte reads a byte.
func (f *File) ReadByte() (b byte, err error) {
	err = f.read(func() error {
		b, err = f.byteReader().ReadByte()
		return err
	})
	return b, err
}

func (f *File) byteReader() io.ByteReader {
	if f.r == nil {
		return f.raw
	}
	return f.r
}

// ReadBytes reads up to delim, with it. If an error comes first, it gives what it has read and the error, which is io.EOF at the end of the
// stream.
func (f *File) ReadBytes(delim byte) (line []byte, err error) {
	err = f.read(func() error {
		if f.r != nil {
			line, err = f.r.ReadBytes(delim)
			return err
		}
		for { // not a byte more than the line may be taken
			b, err := f.raw.ReadByte()
			if err != nil {
				return err
			}
			if line = append(line, b); b == delim {
				return nil
			}
		}
	})
	return line, err
}

// ReadString is ReadBytes, as text. ReadString('\n') is Python's readline.
func (f *File) ReadString(delim byte) (string, error) {
	line, err := f.ReadBytes(delim)
	return string(line), err
}

// WriteTo writes all there is, up to the end of the stream, to w: io.Copy uses it.
func (f *File) WriteTo(w io.Writer) (n int64, err error) {
	err = f.read(func() error {
		if f.r != nil {
			n, err = f.r.WriteTo(w)
		} else {
			n, err = io.Copy(w, f.raw)
		}
		return err
	})
	return n, err
}

// write calls fn, with the lock and if writing is allowed.
func (f *File) write(fn func() error) error {
	f.writing.Lock()
	defer f.writing.Unlock()
	switch {
	case f.raw.closed.Load():
		return f.raw.fail("write", errClosedFile)
	case !f.Writable():
		return f.raw.fail("write", &ArgError{ArgType, "mode", f.mode, "File not open for writing"})
	}
	return fn()
}

// sendall sends p, and says how much went. writing is held.
func (f *File) sendall(p []byte) (n int, err error) {
	err = f.raw.each("write", func(s *Socket) error {
		m, err := s.Sendall(p[n:], 0)
		n += m
		return err
	})
	return n, err
}

// flush sends what is in the buffer; what did not go stays there. writing is held.
func (f *File) flush() error {
	if len(f.w) == 0 {
		return nil
	}
	n, err := f.sendall(f.w)
	f.w = f.w[:copy(f.w, f.w[n:])]
	return err
}

// put is Write. writing is held.
func (f *File) put(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(f.w)+len(p) > f.size {
		if err := f.flush(); err != nil {
			// What there is room for is taken all the same, for a later Flush.
			n = min(len(p), max(f.size-len(f.w), 0))
			f.w = append(f.w, p[:n]...)
			return n, err
		}
	}
	if len(p) >= f.size {
		return f.sendall(p)
	}
	if f.w == nil {
		f.w = make([]byte, 0, f.size)
	}
	f.w = append(f.w, p...)
	return len(p), nil
}

// Write writes p to the buffer, and sends what has no room there. It reports how much of p was taken: all, or an error beside it. What
// was taken and has not gone stays in the buffer, and a later Flush sends it: after a timeout, and after ErrWouldBlock of a non-blocking
// socket.
func (f *File) Write(p []byte) (n int, err error) {
	err = f.write(func() error {
		n, err = f.put(p)
		return err
	})
	return n, err
}

// WriteString is Write.
func (f *File) WriteString(s string) (int, error) { return f.Write([]byte(s)) }

// WriteByte is Write of a byte.
func (f *File) WriteByte(b byte) error {
	_, err := f.Write([]byte{b})
	return err
}

// Flush sends what is in the buffer. Without one, and for a File that is only read, it does nothing.
func (f *File) Flush() error {
	if !f.Writable() {
		return nil
	}
	return f.write(f.flush)
}

// ReadFrom writes all of r, up to its end: io.Copy uses it. A regular *os.File goes by Sendfile, from where it stands, also in an
// *io.LimitedReader; else as by Write.
func (f *File) ReadFrom(r io.Reader) (n int64, err error) {
	err = f.write(func() error {
		if n, err = f.sendfile(r); err != errNoFile {
			return err
		}
		var m int64
		m, err = io.Copy(putter{f}, r)
		n += m
		return err
	})
	return n, err
}

// putter is a File whose lock is held.
type putter struct{ f *File }

func (p putter) Write(b []byte) (int, error) { return p.f.put(b) }

var errNoFile = errors.New("it is to be read")

// sendfile is ReadFrom of a regular file. writing is held.
func (f *File) sendfile(r io.Reader) (n int64, err error) {
	from, limited := r, (*io.LimitedReader)(nil)
	left := int64(-1)
	if l, ok := r.(*io.LimitedReader); ok {
		if from, limited, left = l.R, l, l.N; left <= 0 {
			return 0, nil
		}
	}
	disk, ok := from.(described) // io.Copy gives an *os.File in a wrapping, which has no WriteTo
	seeker, seeks := from.(io.Seeker)
	if s := f.raw.share.current(); !ok || !seeks || !s.ofType(SOCK_STREAM) || s.timeout.Load() == 0 {
		return 0, errNoFile
	}
	if info, err := disk.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return 0, errNoFile
	}
	at, err := seeker.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, errNoFile
	}
	if err := f.flush(); err != nil {
		return 0, err
	}
	err = f.raw.each("write", func(s *Socket) error {
		m, err := s.Sendfile(disk, at+n, left)
		n += m
		if left > 0 {
			if left -= m; left == 0 {
				return nil
			}
		}
		return err
	})
	if limited != nil {
		limited.N -= n
	}
	return n, err
}

// Close flushes, and closes the file; the last one of a closed socket closes the descriptor. The socket is not closed by it. The error is
// that of the flush; the file is closed all the same. A second Close does nothing.
//
// A Read or Write that is waiting just now ends with an error that is net.ErrClosed and os.ErrClosed, "I/O operation on closed file", as
// does all that comes later.
func (f *File) Close() error {
	runtime.SetFinalizer(f, nil)
	var err error
	if f.Writable() && f.writing.TryLock() {
		if !f.raw.closed.Load() {
			err = f.flush()
		}
		f.writing.Unlock()
	} // else somebody is writing, who is told, and has the rest
	f.raw.end((*Socket).Close)
	return err
}
