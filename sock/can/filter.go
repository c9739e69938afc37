package can

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/internal/linux"
)

// Constants of <linux/can/raw.h> and <linux/can.h> beyond those that package sock has.
const (
	// A bool option of level SOL_CAN_RAW: CAN XL frames too (Linux 6.1).
	CAN_RAW_XL_FRAMES  = 7
	CAN_RAW_FILTER_MAX = 512        // filters that a socket can have
	CAN_INV_FILTER     = 0x20000000 // in can_id of a filter: Filter.Invert

	solCANRaw       = 101 // SOL_CAN_RAW
	canRawFilter    = 1   // CAN_RAW_FILTER
	canRawErrFilter = 2   // CAN_RAW_ERR_FILTER
)

// A Filter chooses frames that a CAN_RAW socket receives: struct can_filter of <linux/can.h>. A
// frame passes if its ID equals the filter's in all bits of Mask. The flags CAN_EFF_FLAG and
// CAN_RTR_FLAG are compared too. With Invert a frame passes if they differ.
//
// CAN_ERR_FLAG in Mask has no effect: error frames have a filter of their own, SetErrorFilter.
type Filter struct {
	ID, Mask uint32
	Invert   bool
}

// Match reports whether a frame with that ID passes.
func (f Filter) Match(id uint32) bool { return (id&f.Mask == f.ID&f.Mask) != f.Invert }

// String returns the text that candump takes: "123:7FF", or "123~7FF" with Invert. The ID has 8
// digits with CAN_EFF_FLAG.
func (f Filter) String() string {
	sep := ":"
	if f.Invert {
		sep = "~"
	}
	if f.ID&extendedFlag != 0 {
		return fmt.Sprintf("%08X%s%08X", f.ID&^uint32(extendedFlag), sep, f.Mask)
	}
	return fmt.Sprintf("%03X%s%X", f.ID, sep, f.Mask)
}

// ParseFilter reads what String writes. An ID of 8 digits gets CAN_EFF_FLAG, as in candump.
//
// Error: a *sock.ArgError for other text.
func ParseFilter(text string) (Filter, error) {
	i := strings.IndexAny(text, ":~")
	if i > 0 && !strings.ContainsAny(text, "+_") {
		id, err := strconv.ParseUint(text[:i], 16, 32)
		mask, err2 := strconv.ParseUint(text[i+1:], 16, 32)
		if err == nil && err2 == nil {
			f := Filter{uint32(id), uint32(mask), text[i] == '~'}
			if i == 8 {
				f.ID |= extendedFlag
			}
			return f, nil
		}
	}
	return Filter{}, &sock.ArgError{Kind: sock.ArgSyntax, Arg: "text", Value: strconv.Quote(text), Rule: "a CAN filter is id:mask or id~mask, in hexadecimal"}
}

// AppendFilters appends the value of CAN_RAW_FILTER to b.
func AppendFilters(b []byte, filters ...Filter) []byte {
	// struct can_filter { canid_t can_id; canid_t can_mask; };
	for _, f := range filters {
		id := f.ID &^ CAN_INV_FILTER
		if f.Invert {
			id |= CAN_INV_FILTER
		}
		b = binary.NativeEndian.AppendUint32(b, id)
		b = binary.NativeEndian.AppendUint32(b, f.Mask)
	}
	return b
}

// DecodeFilters reads the value of CAN_RAW_FILTER. It drops a partial filter at the end.
func DecodeFilters(b []byte) []Filter {
	filters := make([]Filter, 0, len(b)/8)
	for ; len(b) >= 8; b = b[8:] {
		id := binary.NativeEndian.Uint32(b)
		filters = append(filters, Filter{id &^ CAN_INV_FILTER, binary.NativeEndian.Uint32(b[4:]), id&CAN_INV_FILTER != 0})
	}
	return filters
}

// SetFilters sets CAN_RAW_FILTER. The socket receives a frame that passes any of the filters; with
// CAN_RAW_JOIN_FILTERS a frame that passes all of them. Without filters it receives no frame. A new
// socket has one filter that every frame passes: Filter{}.
//
// Errors: a *sock.ArgError for more than CAN_RAW_FILTER_MAX; errors.ErrUnsupported on a system
// other than Linux.
func SetFilters(s *sock.Socket, filters ...Filter) error {
	if len(filters) > CAN_RAW_FILTER_MAX {
		return s.OpError("setsockopt", sock.Addr{}, &sock.ArgError{Kind: sock.ArgTooLong, Arg: "filters", Value: len(filters), Rule: "at most 512 CAN filters"})
	}
	return linux.SetOption(s, "CAN_RAW_FILTER", solCANRaw, canRawFilter, AppendFilters(nil, filters...))
}

// GetFilters gets CAN_RAW_FILTER.
//
// Error: errors.ErrUnsupported on a system other than Linux.
func GetFilters(s *sock.Socket) ([]Filter, error) {
	b, err := linux.Option(s, "CAN_RAW_FILTER", solCANRaw, canRawFilter, make([]byte, 8*CAN_RAW_FILTER_MAX))
	if err != nil {
		return nil, err
	}
	return DecodeFilters(b), nil
}

// SetErrorFilter sets CAN_RAW_ERR_FILTER: the classes of error frames that the socket receives,
// such as CAN_ERR_BUSOFF. A new socket receives none. CAN_ERR_MASK is all classes.
//
// Error: errors.ErrUnsupported on a system other than Linux.
func SetErrorFilter(s *sock.Socket, classes uint32) error {
	return linux.SetOption(s, "CAN_RAW_ERR_FILTER", solCANRaw, canRawErrFilter, binary.NativeEndian.AppendUint32(nil, classes))
}

// GetErrorFilter gets CAN_RAW_ERR_FILTER.
//
// Error: errors.ErrUnsupported on a system other than Linux.
func GetErrorFilter(s *sock.Socket) (uint32, error) {
	v, err := linux.Int(s, "CAN_RAW_ERR_FILTER", solCANRaw, canRawErrFilter)
	return uint32(v), err
}
