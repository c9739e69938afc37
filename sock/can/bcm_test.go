package can

import (
	"bytes"
	"encoding/binary"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
)

// Code outside the package cannot reach the layouts for other word sizes than the host's.

func cLong(size int, v int64) []byte {
	if size == 8 {
		return binary.NativeEndian.AppendUint64(nil, uint64(v))
	}
	return binary.NativeEndian.AppendUint32(nil, uint32(v))
}

func word(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }

var bcmMessages = []struct {
	name string
	m    BCMMessage
	// The bytes after the head, and the bytes in it.
	flags  uint32
	frames []byte
}{
	{"delete", BCMMessage{Opcode: 2, ID: 0x123}, 0, nil},
	{"cyclic", BCMMessage{Opcode: 1, Flags: 3, Count: 5, Ival1: 1500 * time.Millisecond, Ival2: 90 * time.Second, ID: 0x123,
		Frames: []Frame{{ID: 0x123, Data: []byte{1, 2}}, {ID: 0x123, Data: []byte{3}}}}, 3,
		bytes.Join([][]byte{word(0x123), {2, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0}, word(0x123), {1, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0}}, nil)},
	{"FD", BCMMessage{Opcode: 12, Flags: bcmFD, ID: extendedFlag | 7, Frames: []Frame{{ID: extendedFlag | 7, Kind: FD, Flags: 1, Data: []byte{9}}}}, bcmFD,
		bytes.Join([][]byte{word(extendedFlag | 7), {1, 1, 0, 0, 9}, make([]byte, 63)}, nil)},
}

// item 203: BCM messages are plain bytes.
func TestBCMMessage(t *testing.T) {
	for _, l := range []struct {
		name string
		*bcmLayout
		pad int // before ival1
	}{{"64 bits", &bcm64, 4}, {"32 bits", &bcm32, 0}} {
		for _, tt := range bcmMessages {
			t.Run(l.name+" "+tt.name, func(t *testing.T) {
				want := bytes.Join([][]byte{word(tt.m.Opcode), word(tt.flags), word(tt.m.Count), make([]byte, l.pad),
					cLong(l.long, int64(tt.m.Ival1/time.Second)), cLong(l.long, int64(tt.m.Ival1%time.Second/time.Microsecond)),
					cLong(l.long, int64(tt.m.Ival2/time.Second)), cLong(l.long, int64(tt.m.Ival2%time.Second/time.Microsecond)),
					word(tt.m.ID), word(uint32(len(tt.m.Frames)))}, nil)
				want = append(want, make([]byte, l.size-len(want))...)
				if len(want) != l.size || l.size != map[int]int{8: 56, 4: 40}[l.long] {
					t.Fatalf("the head has %d bytes, sizeof is %d", len(want), l.size)
				}
				want = append(want, tt.frames...)
				b, err := l.append([]byte{1}, tt.m)
				if err != nil || !bytes.Equal(b[1:], want) {
					t.Errorf("%x, %v; want %x", b[1:], err, want)
				}
				got, err := l.decode(want)
				if err != nil || !reflect.DeepEqual(got, tt.m) {
					t.Errorf("%+v, %v; want %+v", got, err, tt.m)
				}
				for n := range want {
					if _, err := l.decode(want[:n]); err == nil {
						t.Fatalf("%d bytes of %d are taken", n, len(want))
					}
				}
			})
		}
	}
	// This is the layout of this host.
	b, err := bcmMessages[1].m.Append(nil)
	if want := map[int]int{8: 56, 4: 40}[kernelLong()] + 32; err != nil || len(b) != want {
		t.Errorf("%d bytes, %v; want %d", len(b), err, want)
	}
	if m, err := DecodeBCMMessage(b); err != nil || !reflect.DeepEqual(m, bcmMessages[1].m) {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestBCMMessageSetsFD(t *testing.T) {
	b, err := BCMMessage{Opcode: 1, Frames: []Frame{{Kind: FD}}}.Append(nil)
	m, err2 := DecodeBCMMessage(b)
	if err != nil || err2 != nil || m.Flags != bcmFD || m.Frames[0].Kind != FD {
		t.Errorf("%+v, %v, %v; want the flag for FD", m, err, err2)
	}
}

func TestBCMMessageBad(t *testing.T) {
	for _, tt := range []struct {
		name string
		m    BCMMessage
		l    *bcmLayout
	}{
		{"negative", BCMMessage{Ival1: -1}, &bcm64},
		{"beyond a long", BCMMessage{Ival2: (math.MaxInt32 + 1) * time.Second}, &bcm32},
		{"two kinds", BCMMessage{Frames: []Frame{{}, {Kind: FD}}}, &bcm64},
		{"classic, but FD is said", BCMMessage{Flags: bcmFD, Frames: []Frame{{}}}, &bcm64},
		{"XL", BCMMessage{Frames: []Frame{{Kind: XL, Data: []byte{1}}}}, &bcm64},
		{"frame", BCMMessage{Frames: []Frame{{Data: make([]byte, 9)}}}, &bcm64},
	} {
		b, err := tt.l.append([]byte{1}, tt.m)
		if _, ok := err.(*sock.ArgError); !ok || len(b) != 1 {
			t.Errorf("%s: %x, %v; want an *ArgError", tt.name, b, err)
		}
	}
	far := BCMMessage{Ival2: (math.MaxInt32 + 1) * time.Second}
	if b, err := bcm64.append(nil, far); err != nil {
		t.Errorf("an interval of 68 years is too long for 64 bits: %v", err)
	} else if m, err := bcm64.decode(b); err != nil || m.Ival2 != far.Ival2 {
		t.Errorf("it is %v, %v", m.Ival2, err)
	}
}

func FuzzDecodeBCMMessage(f *testing.F) {
	for _, tt := range bcmMessages {
		for _, l := range []*bcmLayout{&bcm64, &bcm32} {
			b, err := l.append(nil, tt.m)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, l := range []*bcmLayout{&bcm64, &bcm32} {
			m, err := l.decode(b)
			if err != nil {
				continue
			}
			p, err := l.append(nil, m)
			if err != nil {
				continue
			}
			if again, err := l.decode(p); err != nil || len(p) != len(b) || again.Ival1 != m.Ival1 || again.Ival2 != m.Ival2 || len(again.Frames) != len(m.Frames) {
				t.Errorf("%x: %+v, then %+v, %v", b, m, again, err)
			}
		}
	})
}

func TestJ1939FilterLayouts(t *testing.T) {
	filters := []J1939Filter{{Name: 1, NameMask: 2, PGN: 3, PGNMask: 4, Addr: 5, AddrMask: 6}, {}}
	for _, tt := range []struct {
		goarch    string
		long, pad int
	}{{"386", 4, 2}, {"386", 8, 6}, {"amd64", 8, 6}, {"arm", 4, 6}} {
		head := bytes.Join([][]byte{cLong(8, 1), cLong(8, 2), word(3), word(4), {5, 6}}, nil)
		want := append(append(head, make([]byte, tt.pad)...), make([]byte, 26+tt.pad)...)
		if got := appendJ1939Filters(nil, j1939FilterSize(tt.goarch, tt.long), filters); !bytes.Equal(got, want) {
			t.Errorf("%s, long of %d: %x, want %x", tt.goarch, tt.long, got, want)
		}
	}
}
