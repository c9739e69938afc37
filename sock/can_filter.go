package sock

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"strconv"
	"strings"
)

// More of <linux/can/raw.h> and <linux/can.h> than Python has.
const (
	CAN_RAW_XL_FRAMES  = 7          // an int option of level SOL_CAN_RAW: CAN XL frames too (Linux 6.1)
	CAN_RAW_FILTER_MAX = 512        // filters that a socket can have
	CAN_INV_FILTER     = 0x20000000 // in can_id of a filter: CANFilter.Invert

	solCANRaw       = 101 // SOL_CAN_RAW
	canRawFilter    = 1   // CAN_RAW_FILTER
	canRawErrFilter = 2   // CAN_RAW_ERR_FILTER
)

// A CANFilter says which frames a CAN_RAW socket receives: struct can_filter of <linux/can.h>. A frame passes if its ID and the
// filter's are equal in all bits of the Mask, CAN_EFF_FLAG and CAN_RTR_FLAG among them; or, with Invert, if they are not.
//
// CAN_ERR_FLAG in Mask is of no use here: error frames have a filter of their own.
type CANFilter struct {
	ID, Mask uint32
	Invert   bool
}

// Match says whether the filter lets a frame with that ID pass.
func (f CANFilter) Match(id uint32) bool { return (id&f.Mask == f.ID&f.Mask) != f.Invert }

// String is the text that candump takes: "123:7FF", or "123~7FF" if it is inverted; 8 digits if ID has CAN_EFF_FLAG.
func (f CANFilter) String() string {
	sep := ":"
	if f.Invert {
		sep = "~"
	}
	if f.ID&canExtended != 0 {
		return fmt.Sprintf("%08X%s%08X", f.ID&^uint32(canExtended), sep, f.Mask)
	}
	return fmt.Sprintf("%03X%s%X", f.ID, sep, f.Mask)
}

// ParseCANFilter reads what String writes. An ID of 8 digits gets CAN_EFF_FLAG, as in candump.
//
// Error: an *ArgError for other text.
func ParseCANFilter(text string) (CANFilter, error) {
	i := strings.IndexAny(text, ":~")
	if i > 0 && !strings.ContainsAny(text, "+_") {
		id, err := strconv.ParseUint(text[:i], 16, 32)
		mask, err2 := strconv.ParseUint(text[i+1:], 16, 32)
		if err == nil && err2 == nil {
			f := CANFilter{uint32(id), uint32(mask), text[i] == '~'}
			if i == 8 {
				f.ID |= canExtended
			}
			return f, nil
		}
	}
	return CANFilter{}, &ArgError{"text", strconv.Quote(text), "a CAN filter is id:mask or id~mask, in hexadecimal"}
}

// AppendCANFilters appends filters to b as CAN_RAW_FILTER wants them: pairs of canid_t.
func AppendCANFilters(b []byte, filters ...CANFilter) []byte {
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

// DecodeCANFilters reads the value of CAN_RAW_FILTER. What is left of a partial one at the end is dropped.
func DecodeCANFilters(b []byte) []CANFilter {
	filters := make([]CANFilter, 0, len(b)/8)
	for ; len(b) >= 8; b = b[8:] {
		id := binary.NativeEndian.Uint32(b)
		filters = append(filters, CANFilter{id &^ CAN_INV_FILTER, binary.NativeEndian.Uint32(b[4:]), id&CAN_INV_FILTER != 0})
	}
	return filters
}

// SetCANFilters sets CAN_RAW_FILTER: the socket receives a frame that any of them lets pass; with CAN_RAW_JOIN_FILTERS one that all
// do. None at all: no frame. A new socket has one that lets all pass: CANFilter{}.
//
// Errors: an *ArgError for more than CAN_RAW_FILTER_MAX; errors.ErrUnsupported, but on Linux.
func (s *Socket) SetCANFilters(filters ...CANFilter) error {
	if len(filters) > CAN_RAW_FILTER_MAX {
		return s.fail("setsockopt", Addr{}, &ArgError{"filters", len(filters), "at most 512 CAN filters"})
	}
	return s.setLinuxOption("CAN_RAW_FILTER", solCANRaw, canRawFilter, AppendCANFilters(nil, filters...))
}

// CANFilters gets CAN_RAW_FILTER.
//
// Errors: errors.ErrUnsupported, but on Linux.
func (s *Socket) CANFilters() ([]CANFilter, error) {
	b, err := s.linuxOption("CAN_RAW_FILTER", solCANRaw, canRawFilter, make([]byte, 8*CAN_RAW_FILTER_MAX))
	if err != nil {
		return nil, err
	}
	return DecodeCANFilters(b), nil
}

// SetCANErrorFilter sets CAN_RAW_ERR_FILTER: which classes of error frames the socket receives, CAN_ERR_BUSOFF and the like. A new
// socket has none; CAN_ERR_MASK are all.
//
// Errors: errors.ErrUnsupported, but on Linux.
func (s *Socket) SetCANErrorFilter(classes uint32) error {
	return s.setLinuxOption("CAN_RAW_ERR_FILTER", solCANRaw, canRawErrFilter, binary.NativeEndian.AppendUint32(nil, classes))
}

// CANErrorFilter gets CAN_RAW_ERR_FILTER.
//
// Errors: errors.ErrUnsupported, but on Linux.
func (s *Socket) CANErrorFilter() (uint32, error) {
	b, err := s.linuxOption("CAN_RAW_ERR_FILTER", solCANRaw, canRawErrFilter, make([]byte, 4))
	if err != nil || len(b) < 4 {
		return 0, err
	}
	return binary.NativeEndian.Uint32(b), nil
}

// setLinuxOption is SetsockoptBytes for an option that only Linux has.
func (s *Socket) setLinuxOption(what string, level, name int, value []byte) error {
	if err := onlyLinux(what); err != nil {
		return s.fail("setsockopt", Addr{}, err)
	}
	return s.setOption(what, level, name, value)
}

// linuxOption gets an option that only Linux has, into p.
func (s *Socket) linuxOption(what string, level, name int, p []byte) ([]byte, error) {
	if err := onlyLinux(what); err != nil {
		return nil, s.fail("getsockopt", Addr{}, err)
	}
	n, err := s.getOption(what, level, name, p, 0)
	return p[:n], err
}

// onlyLinux is lacks on every other system.
func onlyLinux(what string) error {
	if runtime.GOOS == "linux" {
		return nil
	}
	return lacks(what)
}
