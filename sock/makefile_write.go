package sock

import (
	"io"

	"github.com/polluxio/pollux/loop"
)

// write calls fn when it is f's turn to write.
func (f *File) write(fn func(waits loop.Waiter) error) error {
	waits, stop := f.waiting()
	defer stop()
	if err := f.begin("write", f.writing, f.Writable(), "File not open for writing", waits); err != nil {
		return err
	}
	defer f.writing.done()
	return fn(waits)
}

// sendall sends p, and reports how much went. It is f's turn.
func (f *File) sendall(waits loop.Waiter, p []byte) (n int, err error) {
	err = f.each("write", waits, func(s *Socket) error {
		m, err := s.Sendall(p[n:], 0)
		n += m
		return err
	})
	return n, err
}

// flush sends what is in the buffer; what did not go stays there. It is f's turn.
func (f *File) flush(waits loop.Waiter) error {
	if len(f.w) == 0 {
		return nil
	}
	n, err := f.sendall(waits, f.w)
	f.w = f.w[:copy(f.w, f.w[n:])]
	return err
}

// put is Write. It is f's turn.
func (f *File) put(waits loop.Waiter, p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(f.w)+len(p) > f.size {
		if err := f.flush(waits); err != nil {
			// What there is room for is taken all the same, for a later Flush.
			n = min(len(p), max(f.size-len(f.w), 0))
			f.w = append(f.w, p[:n]...)
			return n, err
		}
	}
	if len(p) >= f.size {
		return f.sendall(waits, p)
	}
	if f.w == nil {
		f.w = make([]byte, 0, f.size)
	}
	f.w = append(f.w, p...)
	return len(p), nil
}

// Write writes p to the buffer, and sends what has no room there. It reports how much of p was
// taken: all, or an error beside it. What was taken and has not gone stays in the buffer, and a
// later Flush sends it: after a timeout, and after ErrWouldBlock of a non-blocking socket.
func (f *File) Write(p []byte) (n int, err error) {
	err = f.write(func(waits loop.Waiter) error {
		n, err = f.put(waits, p)
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

// Flush sends what is in the buffer. Without a buffer, and for a File that is only read, it does
// nothing.
func (f *File) Flush() error {
	if !f.Writable() {
		return nil
	}
	return f.write(f.flush)
}

// ReadFrom writes all of r, up to its end: io.Copy uses it. A regular *os.File goes by Sendfile,
// from where it stands, also in an *io.LimitedReader; anything else goes as by Write.
func (f *File) ReadFrom(r io.Reader) (n int64, err error) {
	err = f.write(func(waits loop.Waiter) error {
		if src, ok := fileIn(f.share.current(), r); ok {
			if err := f.flush(waits); err != nil {
				return err
			}
			return f.each("write", waits, func(s *Socket) error {
				m, err := src.send(s)
				n += m
				return err
			})
		}
		n, err = io.Copy(putter{f, waits}, r)
		return err
	})
	return n, err
}

// putter is a File whose turn to write it is.
type putter struct {
	f     *File
	waits loop.Waiter
}

func (p putter) Write(b []byte) (int, error) { return p.f.put(p.waits, b) }
