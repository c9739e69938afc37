package families

import (
	"encoding/binary"
	"strconv"
)

// Link is an address of AF_LINK (BSD, macOS): an interface by its name and its index, 0 if there is
// none; its type, IFT_ETHER and so on; and its hardware address. Lists of interfaces have such
// addresses. link_addr(3)
//
// A name and a hardware address that are together longer than 120 bytes are reported by
// [Family.Encode] ([ErrLink]).
func Link(name string, index uint16, typ uint8, hardware []byte) Addr {
	a := Addr{kind: KindLink, a: uint32(typ), b: uint32(index), port: len(name), text: name, hi: uint64(len(hardware))}
	if len(hardware) <= 8 {
		a.lo = putHardware(hardware)
	} else {
		a.text += string(hardware)
	}
	return a
}

// Link is the type and the hardware address of a link address, nil without one. Those of any
// other are 0 and nil. For the interface there is [Addr.Interface].
func (a Addr) Link() (typ uint8, hardware []byte) {
	if a.kind != KindLink {
		return 0, nil
	}
	if a.hi > 8 {
		return uint8(a.a), []byte(a.text[a.port:])
	}
	return uint8(a.a), appendHardware(nil, a.lo, int(a.hi))
}

// linkCodec is <net/if_dl.h>. It is longer if the name and the hardware address need it:
//
//	struct sockaddr_dl {
//		                    // header      0
//		u_short sdl_index;  // host order  2
//		u_char  sdl_type;   //             4
//		u_char  sdl_nlen;   //             5
//		u_char  sdl_alen;   //             6
//		u_char  sdl_slen;   //             7
//		char    sdl_data[]; //             8, 12 bytes (24 OpenBSD, 46 FreeBSD): the name, without NUL, and the address
//	};                      //            20 (32 OpenBSD, 54 FreeBSD and DragonFly, which has other fields behind)
//
// The link-layer selector, of sdl_slen bytes after the address, is not read.
//
// As text it is "em0,2,6,00:11:22:33:44:55": name, index, type and hardware address.
type linkCodec struct{}

const (
	linkData = 8 - headerLen
	linkRoom = MaxSockaddr - headerLen - linkData
)

// linkSize is sizeof(struct sockaddr_dl).
var linkSize = perSystem{darwin: 20, freebsd: 54, netbsd: 20, openbsd: 32, dragonfly: 54}

func (linkCodec) text(a Addr) string {
	name, index := a.Interface()
	typ, hardware := a.Link()
	return escape(name, interfaceSyntax) + "," + utoa(index) + "," + strconv.Itoa(int(typ)) + "," + hardwareText(hardware)
}

func (linkCodec) parse(s string) (Addr, error) {
	r := readFields("link", s, ",")
	name := unescape(r.next("interface"))
	index, typ, hardware := r.number("index", 16), r.number("type", 8), r.hardware()
	if err := r.done(); err != nil {
		return Addr{}, err
	}
	a := Link(name, uint16(index), uint8(typ), hardware)
	if err := a.checkLink(); err != nil {
		return Addr{}, err
	}
	return a, nil
}

func (a Addr) checkLink() error {
	if n := a.port + int(a.hi); n > linkRoom {
		return &AddrError{Family: "link", Value: plural(n), Rule: ErrLink}
	}
	return nil
}

func (linkCodec) encode(s *System, body []byte, a Addr) (int, error) {
	if err := a.checkLink(); err != nil {
		return 0, err
	}
	used := linkData + a.port + int(a.hi)
	n := max(used, linkSize[s.index]-headerLen)
	if len(body) < n {
		return 0, noRoom("link", headerLen+len(body))
	}
	binary.NativeEndian.PutUint16(body[0:], uint16(a.b))
	body[2], body[3], body[4], body[5] = uint8(a.a), uint8(a.port), uint8(a.hi), 0
	data := body[linkData:used]
	copy(data, a.text)
	if a.hi <= 8 {
		appendHardware(data[:a.port], a.lo, int(a.hi))
	}
	clear(body[used:n])
	return n, nil
}

func (linkCodec) decode(_ *System, body []byte) (Addr, error) {
	if len(body) < linkData || len(body) < linkData+int(body[3])+int(body[4]) {
		return Addr{}, short("link", headerLen+len(body))
	}
	name, rest := body[linkData:linkData+int(body[3])], body[linkData+int(body[3]):]
	a := Link(string(name), binary.NativeEndian.Uint16(body[0:]), body[2], rest[:body[4]])
	if err := a.checkLink(); err != nil {
		return Addr{}, err
	}
	return a, nil
}
