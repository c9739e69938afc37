package families

import (
	"encoding/hex"
	"strconv"
	"strings"
)

// Raw is an address of a family that is not in the table: its AF_ number and the bytes that follow
// it in the sockaddr. A program that knows such a family can use it in this way.
func Raw(family int, data []byte) Addr {
	return Addr{kind: KindRaw, a: uint32(family), text: string(data)}
}

// RawData is the number and all the bytes of an address of KindRaw: where Python shows 14 of them,
// this is as much as the kernel reported. For another kind it is -1 and nil.
func (a Addr) RawData() (family int, data []byte) {
	if a.kind != KindRaw {
		return -1, nil
	}
	return int(a.a), []byte(a.text)
}

const rawPrefix = "family "

func rawName(family int) string { return rawPrefix + strconv.Itoa(family) }

// rawText is "family 123:0a0b0c".
func rawText(a Addr) string {
	return rawName(int(a.a)) + ":" + hex.EncodeToString([]byte(a.text))
}

func parseRaw(s string) (Addr, error) {
	name, digits, _ := strings.Cut(s, ":")
	number, err := strconv.ParseUint(strings.TrimPrefix(name, rawPrefix), 10, 16)
	if err != nil {
		return Addr{}, notAnAddress("", s, "no number of a family")
	}
	data, err := hex.DecodeString(digits)
	if err != nil {
		return Addr{}, notAnAddress(name, s, "bytes are pairs of hexadecimal digits")
	}
	return Raw(int(number), data), nil
}

func (s *System) encodeRaw(dst []byte, a Addr) (int, error) {
	n := headerLen + len(a.text)
	if n > len(dst) {
		return 0, noRoom(a.Network(), len(dst))
	}
	limit := uint32(1<<16 - 1)
	if s.length {
		limit = 1<<8 - 1
	}
	if a.a > limit {
		return 0, &AddrError{Family: a.Network(), Value: strconv.Itoa(int(a.a)), Rule: ErrBadFamily}
	}
	s.putHeader(dst, int(a.a), n)
	copy(dst[headerLen:], a.text)
	return n, nil
}
