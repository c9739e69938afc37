package sock

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math"
)

// A Control is one item of ancillary data: Python's (cmsg_level, cmsg_type, cmsg_data).
//
// What the data means is said by types of their own, in files named control_*.go: PktInfo, TTL,
// Ucred, … One that is received has a reader of the same name, c.PktInfo(), which says whether c is
// one at all, and allocates nothing; one that can be sent has a method Control, which makes the
// item. On a system that does not have a type its reader never finds one.
type Control struct {
	Level int // SOL_SOCKET, IPPROTO_IP, …
	Type  int // SCM_RIGHTS, IP_TTL, …
	Data  []byte
}

// The layout of control messages: struct cmsghdr of <sys/socket.h>, whose length field and
// alignment controlAlign says.
//
//	#define CMSG_ALIGN(len) (((len) + sizeof(size_t) - 1) & ~(sizeof(size_t) - 1))
//	#define CMSG_SPACE(len) (CMSG_ALIGN(len) + CMSG_ALIGN(sizeof(struct cmsghdr)))
//	#define CMSG_LEN(len)   (CMSG_ALIGN(sizeof(struct cmsghdr)) + (len))

func alignControl(n int) int { return (n + controlAlign - 1) &^ (controlAlign - 1) }

// maxControl is the most that CMSG_LEN and CMSG_SPACE give: a C int.
const maxControl = math.MaxInt32

// CMSG_LEN is the length of a control message with n bytes of data, without padding behind it: room
// for exactly one.
//
// Error: an *ArgError for an n that is negative or gives more than a C int.
func CMSG_LEN(n int) (int, error) {
	if n < 0 || n > maxControl-controlHeader {
		return 0, &ArgError{ArgRange, "length", n, "CMSG_LEN() argument out of range"}
	}
	return controlHeader + n, nil
}

// CMSG_SPACE is the room of a control message with n bytes of data, with the padding behind it:
// what several need is the sum.
//
// Error: an *ArgError for an n that is negative, or above what a C int can count less
// CMSG_SPACE(1), which is Python's limit.
func CMSG_SPACE(n int) (int, error) {
	if n < 0 || n > maxControl-controlHeader-controlAlign {
		return 0, &ArgError{ArgRange, "length", n, "CMSG_SPACE() argument out of range"}
	}
	return controlHeader + alignControl(n), nil
}

// AppendControl appends items to b as sendmsg(2) wants them, each with its padding. b must be empty
// or made by it.
//
// Error: an *ArgError for data that no control message can hold, for more in all than a C int
// counts, and for a level or a type that is no C int.
func AppendControl(b []byte, items ...Control) ([]byte, error) {
	for _, c := range items {
		if err := errors.Join(cInt("cmsg_level", c.Level), cInt("cmsg_type", c.Type)); err != nil {
			return b, err
		}
		space, err := CMSG_SPACE(len(c.Data))
		if err != nil {
			return b, &ArgError{ArgTooLong, "ancdata", len(c.Data), "ancillary data item too large"}
		}
		if space > maxControl-len(b) {
			return b, &ArgError{ArgTooLong, "ancdata", len(b) + space, "too much ancillary data"}
		}
		start := len(b)
		b = append(b, make([]byte, space)...)
		h := b[start:]
		putControlHeader(h, controlHeader+len(c.Data), c.Level, c.Type)
		copy(h[controlHeader:], c.Data)
	}
	return b, nil
}

// ParseControl takes the control messages that recvmsg(2) has left in b apart, in their order.
// Their data is that of b, not a copy.
//
// An item that runs over the end of b is given as far as it goes, and nothing after it; one whose
// header is not all there, or says less than its own length, is dropped. Both make the error an
// *ControlError, beside what could be read.
func ParseControl(b []byte) ([]Control, error) {
	var items []Control
	for len(b) > 0 {
		c, ok, rest, err := nextControl(b)
		if ok {
			items = append(items, c)
		}
		if err != nil {
			return items, err
		}
		b = rest
	}
	return items, nil
}

// ControlMessages is ParseControl without an allocation: the items one after the other, each with a
// nil error. After an item that is not whole, given as far as it goes or as the zero Control, comes
// nothing more; its error is an *ControlError.
//
//	for c, err := range sock.ControlMessages(control[:got]) {
//		if info, ok := c.PktInfo(); ok { … }
//	}
func ControlMessages(b []byte) iter.Seq2[Control, error] {
	return func(yield func(Control, error) bool) {
		for len(b) > 0 {
			c, _, rest, err := nextControl(b)
			if !yield(c, err) || err != nil {
				return
			}
			b = rest
		}
	}
}

// nextControl is the first item of b, which is not empty, if there is enough for one, and what is
// behind it.
func nextControl(b []byte) (c Control, ok bool, rest []byte, err error) {
	if len(b) < controlHeader {
		return Control{}, false, nil, &ControlError{len(b), controlHeader}
	}
	n, level, typ := controlHeaderOf(b)
	if n < controlHeader {
		return Control{}, false, nil, &ControlError{n, controlHeader}
	}
	c = Control{Level: level, Type: typ}
	if n > len(b) {
		c.Data = b[controlHeader:]
		return c, true, nil, &ControlError{len(b), n}
	}
	c.Data = b[controlHeader:n:n]
	return c, true, b[min(alignControl(n), len(b)):], nil
}

// A ControlError says that received ancillary data was malformed or cut where it should not be:
// Python's RuntimeWarning.
type ControlError struct {
	Have, Want int // bytes
}

func (e *ControlError) Error() string {
	return fmt.Sprintf("received malformed or improperly-truncated ancillary data: %d bytes of %d", e.Have, e.Want)
}

// Ints reads the data as C ints, as SCM_RIGHTS and many options have them. What is left of a
// partial one at the end is dropped.
func (c Control) Ints() []int {
	ints := make([]int, 0, len(c.Data)/4)
	for b := c.Data; len(b) >= 4; b = b[4:] {
		ints = append(ints, int(int32(binary.NativeEndian.Uint32(b))))
	}
	return ints
}

// IntsControl is an item whose data is C ints.
func IntsControl(level, typ int, ints ...int) Control {
	data := make([]byte, 0, 4*len(ints))
	for _, v := range ints {
		data = binary.NativeEndian.AppendUint32(data, uint32(v))
	}
	return Control{level, typ, data}
}

// is says whether c is of a type; 0 is one that the system lacks.
func (c Control) is(level, typ int) bool { return typ != 0 && c.Level == level && c.Type == typ }

// uint32 reads an item whose data is a C int or an unsigned one, as it is received: exactly that
// long.
func (c Control) uint32(level, typ int) (uint32, bool) {
	if !c.is(level, typ) || len(c.Data) != 4 {
		return 0, false
	}
	return binary.NativeEndian.Uint32(c.Data), true
}

func uint32Control(level, typ int, v uint32) Control {
	return Control{level, typ, binary.NativeEndian.AppendUint32(nil, v)}
}
