package families

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
)

// ALG is an address of AF_ALG (Linux): the type of an algorithm, "hash", "skcipher", "aead" or
// "rng", and its name as /proc/crypto has it, "sha256"; and two masks of its features, 0 but for
// users that know the kernel. The crypto API's "User Space Interface" describes them.
//
// [Family.Encode] reports a type or a name with a NUL ([ErrNUL]), a type of 14 bytes or more
// ([ErrALGType]) and a name of 64 or more ([ErrALGName]).
func ALG(typ, name string, feat, mask uint32) Addr {
	a := Addr{kind: KindALG, a: feat, b: mask, text: typ + "\x00" + name, lo: uint64(len(typ))}
	if strings.IndexByte(typ, 0) >= 0 || strings.IndexByte(name, 0) >= 0 {
		a.form = hostBad
	}
	return a
}

// ALG is the type and the name of an alg address, and its masks. Those of any other are empty.
func (a Addr) ALG() (typ, name string, feat, mask uint32) {
	if a.kind != KindALG {
		return "", "", 0, 0
	}
	return a.text[:a.lo], a.text[a.lo+1:], a.a, a.b
}

// algCodec is <linux/if_alg.h>:
//
//	struct sockaddr_alg {
//		                    // header      0
//		__u8  salg_type[14];//             2
//		__u32 salg_feat;    // host order 16
//		__u32 salg_mask;    // host order 20
//		__u8  salg_name[64];//            24
//	};                      //            88
//
// As text it is "hash:sha256", and after these "?feat=0x1&mask=0x2" if they are not 0.
type algCodec struct{}

const (
	algSyntax  = " :?"
	algTypeLen = 14
	algNameLen = 64
)

func (algCodec) text(a Addr) string {
	typ, name, feat, mask := a.ALG()
	s := escape(typ, algSyntax) + ":" + escape(name, algSyntax)
	if typ == "alg" { // Parse would take it for the name of the family
		s = "alg:" + s
	}
	if feat != 0 || mask != 0 {
		s += "?feat=" + hexNumber(uint64(feat)) + "&mask=" + hexNumber(uint64(mask))
	}
	return s
}

func (algCodec) parse(s string) (Addr, error) {
	head, query, hasQuery := strings.Cut(s, "?")
	r := readFields("alg", head, ":")
	r.s = s
	typ, name := unescape(r.next("type")), unescape(r.next("name"))
	var feat, mask uint64
	if hasQuery {
		ok1, ok2 := false, false
		f, m, _ := strings.Cut(query, "&")
		if f, ok := strings.CutPrefix(f, "feat="); ok {
			feat, ok1 = parseNumber(f, 32)
		}
		if m, ok := strings.CutPrefix(m, "mask="); ok {
			mask, ok2 = parseNumber(m, 32)
		}
		if !ok1 || !ok2 {
			r.fail("after the ? comes feat= and a number, & and mask= and a number")
		}
	}
	if err := r.done(); err != nil {
		return Addr{}, err
	}
	a := ALG(typ, name, uint32(feat), uint32(mask))
	if err := a.checkALG(); err != nil {
		return Addr{}, err
	}
	return a, nil
}

func (a Addr) checkALG() error {
	typ, name, _, _ := a.ALG()
	rule, value := ErrNUL, ""
	switch {
	case a.form == hostBad:
		value = typ + ":" + name
	case len(typ) >= algTypeLen:
		rule, value = ErrALGType, typ
	case len(name) >= algNameLen:
		rule, value = ErrALGName, name
	default:
		return nil
	}
	return &AddrError{Family: "alg", Value: strconv.Quote(value), Rule: rule}
}

func (algCodec) encode(_ *System, body []byte, a Addr) (int, error) {
	const n = 88 - headerLen
	if err := a.checkALG(); err != nil {
		return 0, err
	}
	if len(body) < n {
		return 0, noRoom("alg", headerLen+len(body))
	}
	typ, name, feat, mask := a.ALG()
	clear(body[:n])
	copy(body, typ)
	binary.NativeEndian.PutUint32(body[14:], feat)
	binary.NativeEndian.PutUint32(body[18:], mask)
	copy(body[22:], name)
	return n, nil
}

func (algCodec) decode(_ *System, body []byte) (Addr, error) {
	if len(body) < 24-headerLen {
		return Addr{}, short("alg", headerLen+len(body))
	}
	feat, mask := binary.NativeEndian.Uint32(body[14:]), binary.NativeEndian.Uint32(body[18:])
	return ALG(cString(body[:algTypeLen-1]), cString(body[22:min(len(body), 22+algNameLen-1)]), feat, mask), nil
}

// cString is what C makes of b: all before the first NUL.
func cString(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}
