package protocol

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unsafe"
)

// A Decoder finds the next frame in the bytes that have arrived. It keeps nothing from one call to
// the next, so one value serves all connections.
type Decoder interface {
	// Decode returns the first frame of p, which is a part of p. used is the number of bytes that
	// the frame takes, with its header or its end. If p has no whole frame, used is 0. need is then
	// the number of bytes that p must have before another call makes sense; 0 means any number.
	//
	// An error ends the connection: no frame can follow. A frame beyond the decoder's limit must
	// give an error.
	Decode(p []byte) (frame []byte, used, need int, err error)
}

// A ResumingDecoder is a Decoder that does not look at the same bytes twice. Frames calls
// DecodeFrom instead of Decode: the previous call has found no whole frame in the first looked
// bytes of p. So a frame that arrives in many parts costs no more than one that arrives at once.
type ResumingDecoder interface {
	Decoder
	DecodeFrom(p []byte, looked int) (frame []byte, used, need int, err error)
}

// A FrameHandler gets the frames of a connection, on the loop. It may use frame during the call
// only.
type FrameHandler interface {
	Frame(t *Transport, frame []byte)
}

// Frames does the work of Data for a protocol of frames. It calls h for each whole frame in p while
// the transport reads, and leaves the rest.
//
//	func (c *conn) Data(t *protocol.Transport, p []byte) int { return protocol.Frames(t, p, protocol.Line{}, c) }
//	func (c *conn) Frame(t *protocol.Transport, line []byte) { … }
//
// An error of d ends the connection and becomes the error of Lost, and so does a *DataError if d
// returns an impossible number of bytes. The limit of d, with the header or the end of a frame,
// should be at most Config.ReadLimit, which applies too. After Transport.SetProtocol the rest of p
// is for the new protocol.
func Frames[D Decoder](t *Transport, p []byte, d D, h FrameHandler) (used int) {
	resuming, resumes := any(d).(ResumingDecoder)
	looked, switches := t.home.data.lookedAt(p), t.home.data.switches
	for used < len(p) {
		var frame []byte
		var n, need int
		var err error
		if resumes && looked > 0 {
			frame, n, need, err = resuming.DecodeFrom(p[used:], looked)
		} else {
			frame, n, need, err = d.Decode(p[used:])
		}
		looked = 0
		if err != nil {
			t.fail(err)
			return used
		}
		if n < 0 || n > len(p)-used {
			t.fail(&DataError{n, len(p) - used})
			return used
		}
		if n == 0 {
			if need > 0 {
				t.Need(need)
			} else if resumes {
				t.home.data.noted(p, used)
			}
			return used
		}
		used += n
		h.Frame(t, frame)
		if used < len(p) && (t.home.data.switches != switches || !t.mayRead()) {
			return used
		}
	}
	return used
}

// defaultFrame is the limit of frames unless a decoder says otherwise.
const defaultFrame = 64 << 10

// mostFrame is the limit for larger limits: sums with the length of a header or an end fit an int.
const mostFrame = math.MaxInt / 2

// limitOr returns the limit of the option: defaultFrame for 0. Error: it is negative.
func limitOr(option string, limit int) (int, error) {
	switch {
	case limit < 0:
		return 0, &OptionError{option, limit, "must be 0 or more bytes"}
	case limit == 0:
		return defaultFrame, nil
	}
	return min(limit, mostFrame), nil
}

// A Delimiter is a sequence of bytes at the end of each frame. The frames that Decode returns do
// not include it.
type Delimiter struct {
	End   []byte // one byte at least
	Limit int    // bytes of a frame, without End; 0: 65536
}

var errNoDelimiter error = &OptionError{"Delimiter.End", `""`, "must have one byte at least"}

// Decode returns the bytes before the first delimiter. See Decoder.
func (d Delimiter) Decode(p []byte) (frame []byte, used, need int, err error) {
	return d.DecodeFrom(p, 0)
}

// DecodeFrom is Decode if the first looked bytes have no delimiter. See ResumingDecoder.
func (d Delimiter) DecodeFrom(p []byte, looked int) (frame []byte, used, need int, err error) {
	if len(d.End) == 0 {
		return nil, 0, 0, errNoDelimiter
	}
	limit, err := limitOr("Delimiter.Limit", d.Limit)
	if err != nil {
		return nil, 0, 0, err
	}
	end := min(len(p), limit+len(d.End))
	start := min(max(looked-len(d.End)+1, 0), end) // an End may have begun before
	i := bytes.Index(p[start:end], d.End)
	switch {
	case i >= 0:
		i += start
		return p[:i], i + len(d.End), 0, nil
	case len(p) >= limit+len(d.End):
		return nil, 0, 0, &LimitError{"Delimiter.Limit", len(p) - len(d.End) + 1, limit}
	}
	return nil, 0, 0, nil
}

// Append appends a frame and the delimiter to b. Error: the frame includes the delimiter, or is
// beyond the limit.
func (d Delimiter) Append(b, frame []byte) ([]byte, error) {
	limit, err := limitOr("Delimiter.Limit", d.Limit)
	switch {
	case err != nil:
		return b, err
	case len(d.End) == 0:
		return b, errNoDelimiter
	case len(frame) > limit:
		return b, &LimitError{"Delimiter.Limit", len(frame), limit}
	case bytes.Contains(frame, d.End):
		return b, fmt.Errorf("protocol: a frame of %d bytes has its delimiter %q in it", len(frame), d.End)
	}
	return append(append(b, frame...), d.End...), nil
}

// Line is the format of lines that end with \n or \r\n. The frames do not include the end.
type Line struct {
	Limit int // bytes of a line, without its end; 0: 65536
}

// Decode returns the first line. See Decoder.
func (l Line) Decode(p []byte) (frame []byte, used, need int, err error) { return l.DecodeFrom(p, 0) }

// DecodeFrom is Decode if the first looked bytes have no end of a line. See ResumingDecoder.
func (l Line) DecodeFrom(p []byte, looked int) (frame []byte, used, need int, err error) {
	limit, err := limitOr("Line.Limit", l.Limit)
	if err != nil {
		return nil, 0, 0, err
	}
	end := min(len(p), limit+2)
	start := min(max(looked, 0), end)
	i := bytes.IndexByte(p[start:end], '\n')
	if i >= 0 {
		i += start
		frame = p[:i]
		if i > 0 && frame[i-1] == '\r' {
			frame = frame[:i-1]
		}
		if len(frame) > limit {
			return nil, 0, 0, &LimitError{"Line.Limit", len(frame), limit}
		}
		return frame, i + 1, 0, nil
	}
	if len(p) >= limit+2 || len(p) == limit+1 && p[limit] != '\r' {
		return nil, 0, 0, &LimitError{"Line.Limit", len(p), limit}
	}
	return nil, 0, 0, nil
}

// Fixed is the format in which all frames have the same size.
type Fixed struct {
	Size int // bytes, 1 at least
}

// Decode returns the first Size bytes. See Decoder.
func (f Fixed) Decode(p []byte) (frame []byte, used, need int, err error) {
	switch {
	case f.Size < 1:
		return nil, 0, 0, &OptionError{"Fixed.Size", f.Size, "must be above 0"}
	case len(p) < f.Size:
		return nil, 0, f.Size, nil
	}
	return p[:f.Size], f.Size, 0, nil
}

// A Length is a number in front of each frame: the number of bytes of the frame.
type Length struct {
	// Bytes is the width of the number: 1, 2, 4 or 8 bytes; or Varint, the base 128 of
	// encoding/binary and of Protocol Buffers.
	Bytes int
	// LittleEndian is the order; else it is that of the network. It does not count for Varint, nor
	// with 1 byte.
	LittleEndian bool
	// Whole says that the number counts itself too. It does not go with Varint.
	Whole bool
	// Limit is how many bytes a frame may have, without the number; 0: 65536.
	Limit int
}

// Varint, as the width of a Length, means a number of 1 to 10 bytes, as many as it needs.
const Varint = -1

var errVarint = errors.New("protocol: Length: a varint of more than 64 bits")

func (l Length) check() error {
	switch l.Bytes {
	case 1, 2, 4, 8:
		return nil
	case Varint:
		if l.Whole {
			return &OptionError{"Length.Whole", true, "does not go with Varint"}
		}
		return nil
	}
	return &OptionError{"Length.Bytes", l.Bytes, "must be 1, 2, 4, 8 or Varint"}
}

func (l Length) order() binary.ByteOrder {
	if l.LittleEndian {
		return binary.LittleEndian
	}
	return binary.BigEndian
}

// Decode reads the number and returns the frame behind it. See Decoder.
func (l Length) Decode(p []byte) (frame []byte, used, need int, err error) {
	var size uint64
	width := l.Bytes
	switch {
	case width == Varint:
		var n int
		if size, n = binary.Uvarint(p); n < 0 {
			return nil, 0, 0, errVarint
		} else if n == 0 {
			return nil, 0, 0, nil
		}
		width = n
	case width > 0 && len(p) < width:
		if err := l.check(); err != nil {
			return nil, 0, 0, err
		}
		return nil, 0, width, nil
	}
	switch l.Bytes {
	case 1:
		size = uint64(p[0])
	case 2:
		if size = uint64(binary.BigEndian.Uint16(p)); l.LittleEndian {
			size = uint64(binary.LittleEndian.Uint16(p))
		}
	case 4:
		if size = uint64(binary.BigEndian.Uint32(p)); l.LittleEndian {
			size = uint64(binary.LittleEndian.Uint32(p))
		}
	case 8:
		if size = binary.BigEndian.Uint64(p); l.LittleEndian {
			size = binary.LittleEndian.Uint64(p)
		}
	case Varint:
	default:
		return nil, 0, 0, l.check()
	}
	if l.Whole {
		if err := l.check(); err != nil {
			return nil, 0, 0, err
		}
		if size < uint64(width) {
			return nil, 0, 0, fmt.Errorf("protocol: Length: %d bytes, must be at least %d, which the number itself has", size, width)
		}
		size -= uint64(width)
	}
	limit, err := limitOr("Length.Limit", l.Limit)
	if err != nil {
		return nil, 0, 0, err
	}
	if size > uint64(limit) {
		return nil, 0, 0, &LimitError{"Length.Limit", int(min(size, math.MaxInt)), limit}
	}
	end := width + int(size)
	if len(p) < end {
		return nil, 0, end, nil
	}
	return p[width:end], end, 0, nil
}

// AppendHeader appends the number for a frame of size bytes to b. Error: the frame is beyond the
// limit, or the number does not fit its width.
func (l Length) AppendHeader(b []byte, size int) ([]byte, error) {
	if err := l.check(); err != nil {
		return b, err
	}
	limit, err := limitOr("Length.Limit", l.Limit)
	if err != nil {
		return b, err
	}
	if size < 0 || size > limit {
		return b, &LimitError{"Length.Limit", size, limit}
	}
	n := uint64(size)
	if l.Bytes == Varint {
		return binary.AppendUvarint(b, n), nil
	}
	if l.Whole {
		n += uint64(l.Bytes)
	}
	if l.Bytes < 8 && n >= 1<<(8*l.Bytes) {
		return b, &LimitError{"Length.Bytes", size, 1<<(8*min(l.Bytes, 3)) - 1}
	}
	o := l.order()
	switch l.Bytes {
	case 1:
		return append(b, byte(n)), nil
	case 2:
		b = append(b, 0, 0)
		o.PutUint16(b[len(b)-2:], uint16(n))
	case 4:
		b = append(b, 0, 0, 0, 0)
		o.PutUint32(b[len(b)-4:], uint32(n))
	default:
		b = append(b, 0, 0, 0, 0, 0, 0, 0, 0)
		o.PutUint64(b[len(b)-8:], n)
	}
	return b, nil
}

// Append appends the number and the frame to b. Errors: those of AppendHeader.
func (l Length) Append(b, frame []byte) ([]byte, error) {
	b, err := l.AppendHeader(b, len(frame))
	if err != nil {
		return b, err
	}
	return append(b, frame...), nil
}

// Write writes a frame and its number to t. It does not copy a long frame. Errors: those of
// AppendHeader and of Transport.Writev.
func (l Length) Write(t *Transport, frame []byte) error {
	var room [10]byte
	header, err := l.AppendHeader(room[:0], len(frame))
	if err == nil {
		_, err = t.Writev(header, frame)
	}
	return err
}

var _ = [...]Decoder{Fixed{}, Length{}}
var _ = [...]ResumingDecoder{Delimiter{}, Line{}}

// A dataCall is the call of Data that is under way, as Frames has to know it.
type dataCall struct {
	lent   []byte // what Data has
	looked int    // of lent, from the first byte on: bytes that Frames has looked at before
	used   int    // what Frames has used
	rest   int    // bytes behind used that Frames has looked at without a frame

	running  bool // Data has not returned
	switches int  // calls of SetProtocol during it
}

// lookedAt returns how many bytes of p were looked at before: none if p is not what Data has.
func (c *dataCall) lookedAt(p []byte) int {
	if !c.has(p) {
		return 0
	}
	return c.looked
}

// noted notes that Frames has used a part of p and found no frame in the rest.
func (c *dataCall) noted(p []byte, used int) {
	if c.has(p) {
		c.used, c.rest = used, len(p)-used
	}
}

func (c *dataCall) has(p []byte) bool {
	return len(p) == len(c.lent) && unsafe.SliceData(p) == unsafe.SliceData(c.lent)
}
