package packet

import (
	"encoding/binary"
	"iter"
	"strings"
	"testing"

	"github.com/polluxio/pollux/sock"
)

// ringBlock returns a block with these packets in the kernel's layout.
func ringBlock(packets ...string) []byte {
	const mac = 80 // 16-byte aligned, with room before it
	b := make([]byte, blockHeader)
	binary.NativeEndian.PutUint32(b[blockPacketsAt:], uint32(len(packets)))
	binary.NativeEndian.PutUint32(b[blockFirstAt:], blockHeader)
	for i, text := range packets {
		size := (mac + len(text) + 15) &^ 15
		h := make([]byte, size)
		if i < len(packets)-1 {
			binary.NativeEndian.PutUint32(h[0:], uint32(size))
		}
		binary.NativeEndian.PutUint32(h[4:], 100)
		binary.NativeEndian.PutUint32(h[8:], 200)
		binary.NativeEndian.PutUint32(h[12:], uint32(len(text)))
		binary.NativeEndian.PutUint32(h[16:], uint32(len(text)+1))
		binary.NativeEndian.PutUint32(h[20:], TP_STATUS_USER|TP_STATUS_VLAN_VALID)
		binary.NativeEndian.PutUint16(h[24:], mac)
		binary.NativeEndian.PutUint16(h[26:], mac+14)
		binary.NativeEndian.PutUint32(h[28:], 7)
		binary.NativeEndian.PutUint32(h[32:], 42)
		binary.NativeEndian.PutUint16(h[36:], ETH_P_8021Q)
		binary.NativeEndian.PutUint16(h[48:], 17)
		binary.BigEndian.PutUint16(h[50:], ETH_P_IP)
		binary.NativeEndian.PutUint32(h[52:], 3)
		copy(h[mac:], text)
		b = append(b, h...)
	}
	return b
}

func ringPackets(block []byte) iter.Seq[RingPacket] {
	return func(yield func(RingPacket) bool) { eachRingPacket(block, yield) }
}

func TestRingPackets(t *testing.T) {
	want := []string{"one", strings.Repeat("two", 100), ""}
	var got []string
	for p := range ringPackets(ringBlock(want...)) {
		got = append(got, string(p.Data))
		proto, _, _, _ := p.From().Packet()
		if p.Len != len(p.Data)+1 || p.Net != 14 || !p.HasVLAN() || p.VLAN != 42 || p.VLANType != ETH_P_8021Q || p.Hash != 7 ||
			p.Time().UnixNano() != 100_000_000_200 || proto != ETH_P_IP || p.From().ScopeID() != 3 {
			t.Errorf("%+v from %v", p, p.From())
		}
	}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("%q, want %q", got, want)
	}
	block := ringBlock(want...)
	if n := testing.AllocsPerRun(100, func() {
		for p := range ringPackets(block) {
			p.HasVLAN()
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzRingPackets(f *testing.F) {
	f.Add(ringBlock("one", "two"))
	f.Add(ringBlock("one", "two")[:100])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		n := 0
		for p := range ringPackets(b) {
			n++
			if len(p.Data) > len(b) {
				t.Error("more data than there is")
			}
			p.From()
			p.Time()
		}
		if n > len(b) {
			t.Errorf("%d packets in %d bytes", n, len(b))
		}
	})
}

func FuzzParseAuxdata(f *testing.F) {
	f.Add(make([]byte, 20))
	f.Add(make([]byte, 19))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ok := ParseAuxdata(sock.Control{Level: SOL_PACKET, Type: PACKET_AUXDATA, Data: b})
		if ok != (len(b) >= auxdataLen) || a.Len < 0 || a.Snaplen < 0 {
			t.Errorf("%+v, %v of %d bytes", a, ok, len(b))
		}
	})
}
