package families

import "encoding/binary"

// J1939 is an address of AF_CAN for the protocol CAN_J1939 (Linux): an interface, as for [CAN]; the
// 64-bit name of a node, or J1939_NO_NAME; the number of a parameter group, or J1939_NO_PGN; and
// the address of a node, or J1939_NO_ADDR.
func J1939(ifname string, name uint64, pgn uint32, addr uint8) Addr {
	return Addr{kind: KindJ1939, hi: uint64(addr), lo: name, a: pgn}.withCANInterface(ifname)
}

// J1939 is what a j1939 address has but for the interface, for which there is [Addr.Interface].
// That of another are zeros.
func (a Addr) J1939() (name uint64, pgn uint32, addr uint8) {
	if a.kind != KindJ1939 {
		return 0, 0, 0
	}
	return a.lo, a.a, uint8(a.hi)
}

// j1939Codec is the j1939 of a struct sockaddr_can: see [canCodec].
//
// As text it is "can0,0x0,0x12300,0x20": interface, name, group number and address.
type j1939Codec struct{}

func (j1939Codec) text(a Addr) string {
	return a.interfaceText() + "," + hexNumber(a.lo) + "," + hexNumber(uint64(a.a)) + "," + hexNumber(a.hi)
}

func (j1939Codec) parse(s string) (Addr, error) {
	r := readFields("j1939", s, ",")
	ifname := r.next("interface")
	name, pgn, addr := r.number("name", 64), r.number("group number", 32), r.number("address", 8)
	return parseCAN(Addr{kind: KindJ1939, hi: addr, lo: name, a: uint32(pgn)}, ifname, r)
}

func (j1939Codec) encode(s *System, body []byte, a Addr) (int, error) {
	n, err := encodeCAN(s, body, a)
	if err == nil {
		binary.NativeEndian.PutUint64(body[canAddr:], a.lo)
		binary.NativeEndian.PutUint32(body[canAddr+8:], a.a)
		body[canAddr+12] = uint8(a.hi)
	}
	return n, err
}

func (j1939Codec) decode(_ *System, body []byte) (Addr, error) {
	if len(body) < canAddr+13 {
		return Addr{}, short("j1939", headerLen+len(body))
	}
	return Addr{
		kind: KindJ1939,
		b:    binary.NativeEndian.Uint32(body[2:]),
		lo:   binary.NativeEndian.Uint64(body[canAddr:]),
		a:    binary.NativeEndian.Uint32(body[canAddr+8:]),
		hi:   uint64(body[canAddr+12]),
	}, nil
}
