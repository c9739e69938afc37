package families

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
)

// HyperV is an address of AF_HYPERV (Windows) for the protocol HV_PROTOCOL_RAW: the GUID of a
// virtual machine, or one of HV_GUID_WILDCARD, HV_GUID_PARENT and so on; and that of a service. A
// GUID is text such as "00000000-facb-11e6-bd58-64006a7986d3", in letters of any case.
// [Family.Encode] reports another ([ErrHyperVVM], [ErrHyperVService]).
func HyperV(vmID, serviceID string) Addr {
	vm, ok1 := parseGUID(vmID)
	service, ok2 := parseGUID(serviceID)
	if !ok1 || !ok2 {
		return Addr{kind: KindHyperV, form: hypervBad, a: uint32(len(vmID)), text: vmID + serviceID}
	}
	return newHyperV(vm, service)
}

// The machine is in hi and lo, the service in text, both as the bytes of their text. If form is
// hypervBad the texts as they were given are both in text, and a has the length of the first.
const hypervBad form = 1

func newHyperV(vm, service [16]byte) Addr {
	return Addr{
		kind: KindHyperV,
		hi:   binary.BigEndian.Uint64(vm[:8]), lo: binary.BigEndian.Uint64(vm[8:]),
		text: string(service[:]),
	}
}

// HyperV is the machine and the service of a hyperv address in lower case, or what was given for
// them. Those of any other are "".
func (a Addr) HyperV() (vmID, serviceID string) {
	switch {
	case a.kind != KindHyperV:
		return "", ""
	case a.form == hypervBad:
		return a.text[:a.a], a.text[a.a:]
	}
	var vm [16]byte
	binary.BigEndian.PutUint64(vm[:8], a.hi)
	binary.BigEndian.PutUint64(vm[8:], a.lo)
	return guidText(vm), guidText([16]byte([]byte(a.text)))
}

func parseGUID(s string) (g [16]byte, ok bool) {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return g, false
	}
	n, err := hex.Decode(g[:], []byte(s[:8]+s[9:13]+s[14:18]+s[19:23]+s[24:]))
	return g, err == nil && n == len(g)
}

func guidText(g [16]byte) string {
	s := hex.EncodeToString(g[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

func (a Addr) checkHyperV() error {
	if a.form != hypervBad {
		return nil
	}
	value, service := a.HyperV()
	rule := ErrHyperVVM
	if _, ok := parseGUID(value); ok {
		rule, value = ErrHyperVService, service
	}
	return &AddrError{Family: "hyperv", Value: strconv.Quote(value), Rule: rule}
}

// hypervCodec is <hvsocket.h>:
//
//	typedef struct _SOCKADDR_HV {
//		                 // header  0
//		USHORT Reserved; //         2
//		GUID VmId;       //         4
//		GUID ServiceId;  //        20
//	} SOCKADDR_HV;       //        36
//
// where a GUID, <guiddef.h>, has the first three groups of its text as little-endian numbers:
//
//	typedef struct _GUID { unsigned long Data1; unsigned short Data2, Data3; unsigned char Data4[8]; } GUID;
//
// As text it is the two, with a colon between them.
type hypervCodec struct{}

func (hypervCodec) text(a Addr) string {
	vm, service := a.HyperV()
	return escape(vm, " :") + ":" + escape(service, " :")
}

func (hypervCodec) parse(s string) (Addr, error) {
	vm, service, ok := strings.Cut(s, ":")
	if !ok {
		return Addr{}, notAnAddress("hyperv", s, "no service")
	}
	a := HyperV(unescape(vm), unescape(service))
	if err := a.checkHyperV(); err != nil {
		return Addr{}, err
	}
	return a, nil
}

func (hypervCodec) encode(_ *System, body []byte, a Addr) (int, error) {
	const n = 36 - headerLen
	if err := a.checkHyperV(); err != nil {
		return 0, err
	}
	if len(body) < n {
		return 0, noRoom("hyperv", headerLen+len(body))
	}
	clear(body[:2])
	binary.BigEndian.PutUint64(body[2:], a.hi)
	binary.BigEndian.PutUint64(body[10:], a.lo)
	copy(body[18:], a.text)
	swapGUID(body[2:])
	swapGUID(body[18:])
	return n, nil
}

// swapGUID turns the bytes of a text into a GUID, and back.
func swapGUID(b []byte) {
	b[0], b[1], b[2], b[3] = b[3], b[2], b[1], b[0]
	b[4], b[5] = b[5], b[4]
	b[6], b[7] = b[7], b[6]
}

func (hypervCodec) decode(_ *System, body []byte) (Addr, error) {
	if len(body) < 36-headerLen {
		return Addr{}, short("hyperv", headerLen+len(body))
	}
	vm, service := [16]byte(body[2:]), [16]byte(body[18:])
	swapGUID(vm[:])
	swapGUID(service[:])
	return newHyperV(vm, service), nil
}
