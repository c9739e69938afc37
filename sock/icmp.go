package sock

import (
	"encoding/binary"
	"fmt"
)

// What raw ICMP sockets have beside their addresses: RFC 3542, section 3.2; icmp(7), raw(7).

// An ICMP6Filter says which types of ICMPv6 messages a raw socket gets. The zero one is not said to be anything: begin with
// ICMP6PassAll or ICMP6BlockAll.
//
//	struct icmp6_filter { uint32_t icmp6_filt[8]; }; // <netinet/icmp6.h>; a bit blocks on Linux, and lets pass elsewhere
type ICMP6Filter struct{ words [8]uint32 }

// ICMP6PassAll is the filter of a new socket.
func ICMP6PassAll() (f ICMP6Filter) {
	if !icmp6BitBlocks {
		f.invert()
	}
	return f
}

// ICMP6BlockAll is one that lets nothing pass.
func ICMP6BlockAll() ICMP6Filter {
	f := ICMP6PassAll()
	f.invert()
	return f
}

func (f *ICMP6Filter) invert() {
	for i := range f.words {
		f.words[i] = ^f.words[i]
	}
}

// Pass lets messages of this type pass.
func (f *ICMP6Filter) Pass(typ uint8) { f.set(typ, !icmp6BitBlocks) }

// Block blocks them.
func (f *ICMP6Filter) Block(typ uint8) { f.set(typ, icmp6BitBlocks) }

// Passes says whether they pass.
func (f ICMP6Filter) Passes(typ uint8) bool {
	bit := f.words[typ>>5]&(1<<(typ&31)) != 0
	return bit != icmp6BitBlocks
}

func (f *ICMP6Filter) set(typ uint8, bit bool) {
	if mask := uint32(1) << (typ & 31); bit {
		f.words[typ>>5] |= mask
	} else {
		f.words[typ>>5] &^= mask
	}
}

// SetICMP6Filter sets the filter of a raw socket of IPPROTO_ICMPV6: ICMP6_FILTER.
func (s *Socket) SetICMP6Filter(f ICMP6Filter) error {
	b := make([]byte, 0, 32)
	for _, w := range f.words {
		b = binary.NativeEndian.AppendUint32(b, w)
	}
	return s.SetsockoptBytes(IPPROTO_ICMPV6, icmp6FilterOption, b)
}

// ICMP6Filter is what SetICMP6Filter has set.
func (s *Socket) ICMP6Filter() (f ICMP6Filter, err error) {
	b, err := s.GetsockoptBytes(IPPROTO_ICMPV6, icmp6FilterOption, 32)
	if err == nil && len(b) != 32 {
		err = s.fail("getsockopt", Addr{}, fmt.Errorf("a filter of %d bytes", len(b)))
	}
	if err != nil {
		return f, err
	}
	for i := range f.words {
		f.words[i] = binary.NativeEndian.Uint32(b[4*i:])
	}
	return f, nil
}

// SetICMPFilter blocks types of ICMP messages on a raw socket of IPPROTO_ICMP: ICMP_FILTER of raw(7). Bit n of blocked is for type n; those
// from 32 on always pass. Linux only.
func (s *Socket) SetICMPFilter(blocked uint32) error {
	//	struct icmp_filter { __u32 data; }; // <linux/icmp.h>
	const solRaw, icmpFilter = 255, 1
	return s.SetsockoptBytes(solRaw, icmpFilter, binary.NativeEndian.AppendUint32(nil, blocked))
}
