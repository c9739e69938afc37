package sock

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Options of raw ICMP sockets: RFC 3542, section 3.2; icmp(7), raw(7).

// An ICMP6Filter selects the types of ICMPv6 messages that a raw socket receives. The zero
// ICMP6Filter passes all types, as a new socket does.
//
//	struct icmp6_filter { uint32_t icmp6_filt[8]; }; // <netinet/icmp6.h>; a bit blocks on Linux, and lets pass elsewhere
type ICMP6Filter struct{ blocked [8]uint32 }

// ICMP6BlockAll returns a filter that blocks all types.
func ICMP6BlockAll() (f ICMP6Filter) {
	for i := range f.blocked {
		f.blocked[i] = math.MaxUint32
	}
	return f
}

// Pass lets messages of this type pass.
func (f *ICMP6Filter) Pass(typ uint8) { f.blocked[typ>>5] &^= 1 << (typ & 31) }

// Block blocks messages of this type.
func (f *ICMP6Filter) Block(typ uint8) { f.blocked[typ>>5] |= 1 << (typ & 31) }

// Passes reports whether messages of this type pass.
func (f ICMP6Filter) Passes(typ uint8) bool { return f.blocked[typ>>5]&(1<<(typ&31)) == 0 }

// SetICMP6Filter sets the filter of a raw socket of IPPROTO_ICMPV6: ICMP6_FILTER.
func (s *Socket) SetICMP6Filter(f ICMP6Filter) error {
	b := make([]byte, 0, 32)
	for _, w := range f.blocked {
		b = binary.NativeEndian.AppendUint32(b, w^icmp6Invert)
	}
	return s.SetsockoptBytes(IPPROTO_ICMPV6, icmp6FilterOption, b)
}

// ICMP6Filter returns the filter of a raw socket of IPPROTO_ICMPV6: ICMP6_FILTER.
func (s *Socket) ICMP6Filter() (f ICMP6Filter, err error) {
	b, err := s.GetsockoptBytes(IPPROTO_ICMPV6, icmp6FilterOption, 32)
	if err == nil && len(b) != 32 {
		err = s.fail("getsockopt", Addr{}, fmt.Errorf("a filter of %d bytes", len(b)))
	}
	if err != nil {
		return f, err
	}
	for i := range f.blocked {
		f.blocked[i] = binary.NativeEndian.Uint32(b[4*i:]) ^ icmp6Invert
	}
	return f, nil
}

// SetICMPFilter blocks types of ICMP messages on a raw socket of IPPROTO_ICMP: ICMP_FILTER of
// raw(7). Bit n of blocked is for type n. Types from 32 on always pass. Linux only.
func (s *Socket) SetICMPFilter(blocked uint32) error {
	//	struct icmp_filter { __u32 data; }; // <linux/icmp.h>
	const solRaw, icmpFilter = 255, 1
	return s.SetsockoptBytes(solRaw, icmpFilter, binary.NativeEndian.AppendUint32(nil, blocked))
}
