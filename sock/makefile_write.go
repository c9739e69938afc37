package sock

import (
	"io"

	"github.com/polluxio/pollux/loop"
)

// write calls fn when f has the turn to write.
func (f *File) write(fn func(waits loop.Waiter) error) error {
	waits, stop := f.waiting()
	defer stop()
	if err := f.begin("write", f.writing, f.Writable(), "File not open for writing", waits); err != nil {
		return err
	}
	defer f.writing.done()
	return fn(waits)
}

// sendall sends p, and reports how many bytes were sent. f must have the turn to write.
func (f *File) sendall(waits loop.Waiter, p []byte) (n int, err error) {
	err = f.each("write", waits, func(s *Socket) error {
		m, err := s.Sendall(p[n:], 0)
		n += m
		return err
	})
	return n, err
}

// flush sends the content of the buffer. Bytes that were not sent stay in the buffer. f must have
// the turn to write.
func (f *File) flush(waits loop.Waiter) error {
	if len(f.w) == 0 {
		return nil
	}
	n, err := f.sendall(waits, f.w)
	f.w = f.w[:copy(f.w, f.w[n:])]
	return err
}

// put is Write for a caller that has the turn to write.
func (f *File) put(waits loop.Waiter, p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(f.w)+len(p) > f.size {
		if err := f.flush(waits); err != nil {
			// Take as many bytes as the buffer has space for. A later Flush sends them.
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

// Write writes p to the buffer, and sends data that does not fit. n is the number of bytes taken
// from p: len(p), or fewer with an error. After an error, such as a timeout or ErrWouldBlock of a
// non-blocking socket, bytes that were taken and not sent stay in the buffer. A later Flush sends
// them.
func (f *File) Write(p []byte) (n int, err error) {
	err = f.write(func(waits loop.Waiter) error {
		n, err = f.put(waits, p)
		return err
	})
	return n, err
}

// WriteString is Write for a string.
func (f *File) WriteString(s string) (int, error) { return f.Write([]byte(s)) }

// WriteByte is Write for one byte.
func (f *File) WriteByte(b byte) error {
	_, err := f.Write([]byte{b})
	return err
}

// Flush sends the content of the buffer. It does nothing without a buffer and for a File that is
// only for reading.
func (f *File) Flush() error {
	if !f.Writable() {
		return nil
	}
	return f.write(f.flush)
}

// ReadFrom writes the data of r up to its end. io.Copy uses it. A regular *os.File, also inside an
// *io.LimitedReader, is sent by Sendfile from its current position. Any other reader is copied as
// by Write.
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

// putter writes to a File that has the turn to write.
type putter struct {
	f     *File
	waits loop.Waiter
}

func (p putter) Write(b []byte) (int, error) { return p.f.put(p.waits, b) }
