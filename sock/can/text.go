package can

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/polluxio/pollux/sock"
)

// String returns the text that candump -L prints and cansend takes:
//
//	123#DEADBEEF                   an identifier of 11 bits
//	12345678#DEADBEEF              one of 29 bits
//	123#R  123#R5                  remote frames that ask for 0 and 5 bytes
//	123#1122334455667788_E         8 bytes whose data length code is 14
//	20000004#0001000000000000      an error frame
//	123##1DEADBEEF                 FD, with the flag CANFD_BRS
//	45123#81:00:12345678#DEADBEEF  XL: network 45, priority 123, flags with CANXL_XLF, SDT and AF
//
// ParseFrame is its inverse for every frame that can be sent.
func (f Frame) String() string {
	if f.Kind == XL {
		return fmt.Sprintf("%02X%03X#%02X:%02X:%08X#%X", f.ID>>CANXL_VCID_OFFSET&0xff, f.ID&priorityMask, f.Flags|CANXL_XLF, f.SDT, f.AF, f.Data)
	}
	text := fmt.Sprintf("%03X", f.ID&standardMask)
	if f.ID&(extendedFlag|errorFlag) != 0 {
		text = fmt.Sprintf("%08X", f.ID&(idMask|errorFlag))
	}
	switch {
	case f.Kind == FD:
		return text + fmt.Sprintf("##%X%X", f.Flags&^CANFD_FDF, f.Data)
	case f.IsRemote():
		text += "#R"
		if len(f.Data) > 0 {
			text += strconv.Itoa(len(f.Data))
		}
	default:
		text += fmt.Sprintf("#%X", f.Data)
	}
	if f.Len8DLC != 0 {
		text += fmt.Sprintf("_%X", f.Len8DLC)
	}
	return text
}

// ParseFrame reads the text that String writes, in upper or lower case. Dots may stand between
// bytes: "123#DE.AD.BE.EF".
//
// Error: a *sock.ArgError for other text, or for a frame that cannot be sent.
func ParseFrame(text string) (Frame, error) {
	bad := func(rule string) (Frame, error) {
		return Frame{}, &sock.ArgError{Kind: sock.ArgSyntax, Arg: "text", Value: strconv.Quote(text), Rule: rule}
	}
	id, rest, ok := strings.Cut(text, "#")
	number, err := strconv.ParseUint(id, 16, 32)
	if !ok || err != nil || strings.ContainsAny(id, "+_") {
		return bad("a CAN frame begins with an identifier in hexadecimal and #")
	}
	f := Frame{ID: uint32(number)}
	switch len(id) {
	case 3:
	case 5:
		return parseXL(text, uint32(number), rest)
	case 8:
		if f.ID&errorFlag == 0 {
			f.ID |= extendedFlag
		}
		if f.ID&remoteFlag != 0 || number&extendedFlag != 0 {
			return bad("the flags for remote and extended frames are not part of the text's identifier")
		}
	default:
		return bad("a CAN identifier has 3 or 8 digits, and of CAN XL 5")
	}
	if fd, ok := strings.CutPrefix(rest, "#"); ok {
		if fd == "" {
			return bad("a CAN FD frame has a digit for its flags")
		}
		flags, err := strconv.ParseUint(fd[:1], 16, 8)
		if err != nil {
			return bad("a CAN FD frame has a digit for its flags")
		}
		f.Kind, f.Flags, rest = FD, uint8(flags)&^CANFD_FDF, fd[1:]
	} else if body, dlc, ok := strings.Cut(rest, "_"); ok {
		code, err := strconv.ParseUint(dlc, 16, 8)
		if err != nil || len(dlc) != 1 || code < 9 {
			return bad("the data length code is one digit, 9-F")
		}
		f.Len8DLC, rest = uint8(code), body
	}
	if f.Kind == Classic && rest != "" && (rest[0] == 'R' || rest[0] == 'r') {
		f.ID |= remoteFlag
		switch {
		case len(rest) == 2 && rest[1] >= '0' && rest[1] <= '8':
			f.Data = make([]byte, rest[1]-'0')
		case len(rest) != 1:
			return bad("a remote frame asks for 0-8 bytes")
		}
	} else if f.Data, ok = parseData(rest); !ok {
		return bad("the data of a CAN frame are pairs of hexadecimal digits")
	}
	if err := f.check(); err != nil {
		return Frame{}, err
	}
	return f, nil
}

// parseXL reads what follows the identifier and #: flags:sdt:af#data.
func parseXL(text string, id uint32, rest string) (Frame, error) {
	f := Frame{Kind: XL, ID: id&priorityMask | id>>12<<CANXL_VCID_OFFSET}
	head, body, _ := strings.Cut(rest, "#")
	var flags uint8
	fields := []byte(nil)
	if p := strings.Split(head, ":"); len(p) == 3 && len(p[0]) == 2 && len(p[1]) == 2 && len(p[2]) == 8 {
		fields, _ = hex.DecodeString(p[0] + p[1] + p[2])
	}
	if len(fields) == 6 {
		flags, f.SDT = fields[0], fields[1]
		f.AF = uint32(fields[2])<<24 | uint32(fields[3])<<16 | uint32(fields[4])<<8 | uint32(fields[5])
	}
	data, ok := parseData(body)
	if !ok || flags&CANXL_XLF == 0 || id&0xfff > priorityMask {
		return Frame{}, &sock.ArgError{Kind: sock.ArgSyntax, Arg: "text", Value: strconv.Quote(text), Rule: "a CAN XL frame is vvppp#flags:sdt:af#data, with 80 in its flags"}
	}
	f.Flags, f.Data = flags&^CANXL_XLF, data
	if err := f.check(); err != nil {
		return Frame{}, err
	}
	return f, nil
}

// parseData reads pairs of digits, with or without dots between them.
func parseData(text string) ([]byte, bool) {
	data := []byte(nil)
	for i := 0; i < len(text); i += 2 {
		if i > 0 && text[i] == '.' {
			i++
		}
		if len(text)-i < 2 {
			return nil, false
		}
		v, err := strconv.ParseUint(text[i:i+2], 16, 8)
		if err != nil || text[i] == '+' {
			return nil, false
		}
		data = append(data, byte(v))
	}
	return data, true
}
