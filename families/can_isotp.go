package families

import "encoding/binary"

// ISOTP is an address of AF_CAN for the protocol CAN_ISOTP (Linux): an interface, as for [CAN], and
// the CAN identifiers of what is received and of what is sent, with their flags such as
// CAN_EFF_FLAG.
func ISOTP(ifname string, rxID, txID uint32) Addr {
	return Addr{kind: KindISOTP, hi: uint64(rxID), lo: uint64(txID)}.withCANInterface(ifname)
}

// ISOTP is the identifiers of an isotp address. Those of any other are 0. For the interface there
// is [Addr.Interface].
func (a Addr) ISOTP() (rxID, txID uint32) {
	if a.kind != KindISOTP {
		return 0, 0
	}
	return uint32(a.hi), uint32(a.lo)
}

// isotpCodec is the tp of a struct sockaddr_can: see [canCodec].
//
// As text it is "can0,0x123,0x456": interface, rx and tx.
type isotpCodec struct{}

func (isotpCodec) text(a Addr) string {
	return a.interfaceText() + "," + hexNumber(a.hi) + "," + hexNumber(a.lo)
}

func (isotpCodec) parse(s string) (Addr, error) {
	r := readFields("isotp", s, ",")
	name := r.next("interface")
	rx, tx := r.number("rx identifier", 32), r.number("tx identifier", 32)
	return parseCAN(Addr{kind: KindISOTP, hi: rx, lo: tx}, name, r)
}

func (isotpCodec) encode(s *System, body []byte, a Addr) (int, error) {
	n, err := encodeCAN(s, body, a)
	if err == nil {
		binary.NativeEndian.PutUint32(body[canAddr:], uint32(a.hi))
		binary.NativeEndian.PutUint32(body[canAddr+4:], uint32(a.lo))
	}
	return n, err
}

func (isotpCodec) decode(_ *System, body []byte) (Addr, error) {
	if len(body) < canAddr+8 {
		return Addr{}, short("isotp", headerLen+len(body))
	}
	return Addr{
		kind: KindISOTP,
		b:    binary.NativeEndian.Uint32(body[2:]),
		hi:   uint64(binary.NativeEndian.Uint32(body[canAddr:])),
		lo:   uint64(binary.NativeEndian.Uint32(body[canAddr+4:])),
	}, nil
}
