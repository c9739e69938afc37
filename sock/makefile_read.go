package sock

import (
	"io"

	"github.com/polluxio/pollux/loop"
)

// unbuffered reads from the socket of a file, for the view that has the turn to read.
type unbuffered struct{ f *file }

func (u unbuffered) Read(p []byte) (n int, err error) {
	err = u.f.reader.each("read", u.f.waits, func(s *Socket) error {
		n, err = s.Read(p)
		return err
	})
	return n, err
}

// ReadByte serves a File without a buffer, which reads byte by byte.
func (u unbuffered) ReadByte() (byte, error) {
	var b [1]byte
	_, err := u.Read(b[:])
	return b[0], err
}

// read calls fn when f has the turn to read.
func (f *File) read(fn func() error) error {
	waits, stop := f.waiting()
	defer stop()
	if err := f.begin("read", f.reading, f.Readable(), "File not open for reading", waits); err != nil {
		return err
	}
	f.reader, f.waits = f, waits
	defer func() {
		f.reader, f.waits = nil, loop.Waiter{}
		f.reading.done()
	}()
	return fn()
}

// Read reads at least one byte, and at most len(p). It takes the data from the buffer. If that is
// empty, it calls recv(2) at most once.
//
// Errors: io.EOF at the end of the stream; ErrWouldBlock for a non-blocking socket;
// os.ErrDeadlineExceeded, after which a later Read continues; those of RecvInto.
func (f *File) Read(p []byte) (n int, err error) {
	err = f.read(func() error {
		if f.r == nil {
			n, err = unbuffered{f.file}.Read(p)
		} else {
			n, err = f.r.Read(p)
		}
		return err
	})
	return n, err
}

// ReadByte reads one byte. Its errors are those of Read.
func (f *File) ReadByte() (b byte, err error) {
	err = f.read(func() error {
		b, err = f.byteReader().ReadByte()
		return err
	})
	return b, err
}

func (f *File) byteReader() io.ByteReader {
	if f.r == nil {
		return unbuffered{f.file}
	}
	return f.r
}

// ReadBytes reads up to delim and includes it in line. If an error comes first, it returns the data
// read so far together with the error, which is io.EOF at the end of the stream. After a timeout
// the next ReadBytes returns the rest of the line.
func (f *File) ReadBytes(delim byte) (line []byte, err error) {
	err = f.read(func() error {
		if f.r != nil {
			line, err = f.r.ReadBytes(delim)
			return err
		}
		for { // without a buffer: take no byte after the line
			b, err := unbuffered{f.file}.ReadByte()
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

// ReadString is ReadBytes with a string as its result. ReadString('\n') is Python's readline.
func (f *File) ReadString(delim byte) (string, error) {
	line, err := f.ReadBytes(delim)
	return string(line), err
}

// WriteTo copies all data up to the end of the stream to w. io.Copy uses it.
func (f *File) WriteTo(w io.Writer) (n int64, err error) {
	err = f.read(func() error {
		if f.r != nil {
			n, err = f.r.WriteTo(w)
		} else {
			n, err = io.Copy(w, unbuffered{f.file})
		}
		return err
	})
	return n, err
}
