package families

// SCO is an address of AF_BLUETOOTH for the protocol BTPROTO_SCO, that of voice: a device, as for
// [L2CAP]. One with a NUL is [ErrNUL].
func SCO(bdaddr string) Addr { return Addr{kind: KindSCO}.withBdaddr(bdaddr) }

// scoCodec is <bluetooth/sco.h> on Linux and FreeBSD. On NetBSD and DragonFly it is struct
// sockaddr_bt.
//
//	struct sockaddr_sco {
//		                     // header   0
//		bdaddr_t sco_bdaddr; // 6 bytes  2
//	};                       //          8
//
// As text it is "00:1A:7D:DA:71:13".
type scoCodec struct{}

func (scoCodec) text(a Addr) string { return escape(a.Bdaddr(), bdaddrSyntax) }

func (scoCodec) parse(s string) (Addr, error) {
	a := SCO(unescape(s))
	if err := a.checkBdaddr(ErrNUL); err != nil {
		return Addr{}, err
	}
	return a, nil
}

func (scoCodec) encode(s *System, body []byte, a Addr) (int, error) {
	n := 8 - headerLen
	if s.netbt() {
		n = btSize
	}
	if err := a.checkBdaddr(ErrNUL); err != nil {
		return 0, err
	}
	if len(body) < n {
		return 0, noRoom("sco", headerLen+len(body))
	}
	clear(body[:n])
	putBdaddr(body, a.lo)
	return n, nil
}

func (scoCodec) decode(_ *System, body []byte) (Addr, error) {
	if len(body) < 6 {
		return Addr{}, short("sco", headerLen+len(body))
	}
	return Addr{kind: KindSCO, lo: getBdaddr(body)}, nil
}
