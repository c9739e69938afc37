package families

import (
	"encoding/binary"
	"strconv"
)

// Inet returns an IPv4 address. It is for AF_INET and the families that share its sockaddr. The
// host is
//
//   - empty: the wildcard address;
//   - "<broadcast>" or "255.255.255.255": the broadcast address;
//   - numeric, in any form of inet_aton(3), or in IPv6 form: ::ffff:127.0.0.1;
//   - otherwise a name to be resolved: see [Addr.NeedsHost].
//
// Inet accepts any host and any port, as Python does. [Family.Encode] reports an address that
// cannot be used: first the host ([ErrHostFamily] for other IPv6 addresses, [ErrHostNUL]), then the
// port ([ErrPort]).
func Inet(host string, port int) Addr {
	return Addr{kind: KindInet, port: port}.withHost(host)
}

// inetCodec encodes this structure of <netinet/in.h>. Only the header differs between systems:
//
//	struct sockaddr_in {
//		                        // header           0
//		in_port_t sin_port;     // network order    2
//		struct in_addr sin_addr;// network order    4
//		char sin_zero[8];       //                  8
//	};                          //                 16
type inetCodec struct{}

func (inetCodec) text(a Addr) string {
	switch a.form {
	case hostBad:
		return badHostText(a)
	case hostName:
		if formatNamed(a.text) != nil { // Parse would read the host as the name of a family
			return "inet:" + nameText(a)
		}
		return nameText(a)
	}
	return a.ip().String() + ":" + strconv.Itoa(a.port)
}

func (inetCodec) parse(s string) (Addr, error) {
	host, port, err := parseHostPort("inet", s)
	if err != nil {
		return Addr{}, err
	}
	a := Inet(host, port)
	if a.form == hostBad {
		return Addr{}, a.checkHost()
	}
	return a, nil
}

func (inetCodec) encode(_ *System, body []byte, a Addr) (int, error) {
	const n = 16 - headerLen
	if err := a.checkHost(); err != nil {
		return 0, err
	}
	if err := a.checkPort(); err != nil {
		return 0, err
	}
	if len(body) < n {
		return 0, noRoom("inet", headerLen+len(body))
	}
	binary.BigEndian.PutUint16(body[0:], uint16(a.port))
	binary.BigEndian.PutUint32(body[2:], uint32(a.lo))
	clear(body[6:n])
	return n, nil
}

func (inetCodec) decode(_ *System, body []byte) (Addr, error) {
	if len(body) < 6 { // sin_zero has no meaning and may be missing
		return Addr{}, short("inet", headerLen+len(body))
	}
	return Addr{
		kind: KindInet,
		port: int(binary.BigEndian.Uint16(body[0:])),
		lo:   uint64(binary.BigEndian.Uint32(body[2:])),
	}, nil
}
