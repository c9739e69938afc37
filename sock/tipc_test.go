package sock_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
)

var tipcOrders = []struct {
	name  string
	order interface {
		binary.ByteOrder
		binary.AppendByteOrder
	}
}{{"little endian", binary.LittleEndian}, {"big endian", binary.BigEndian}}

func TestTIPCSubscription(t *testing.T) {
	for _, tt := range []struct {
		name    string
		s       sock.TIPCSubscription
		timeout uint32
	}{
		{"for ever", sock.TIPCSubscription{Type: 18888, Lower: 1, Upper: math.MaxUint32, Timeout: -1, Filter: 1, Handle: [8]byte{1, 2, 3, 4, 5, 6, 7, 8}}, math.MaxUint32},
		{"a second", sock.TIPCSubscription{Type: 1, Timeout: time.Second, Filter: 2}, 1000},
		{"at once, no more", sock.TIPCSubscription{Type: 1, Filter: 4 | 1}, 0},
	} {
		for _, o := range tipcOrders {
			t.Run(tt.name+" "+o.name, func(t *testing.T) {
				var want []byte
				for _, v := range []uint32{tt.s.Type, tt.s.Lower, tt.s.Upper, tt.timeout, tt.s.Filter} {
					want = o.order.AppendUint32(want, v)
				}
				want = append(want, tt.s.Handle[:]...)
				b, err := tt.s.Append(nil, o.order)
				if err != nil || !bytes.Equal(b, want) {
					t.Errorf("%x, %v; want %x", b, err, want)
				}
				if s, err := sock.DecodeTIPCSubscription(want); err != nil || s != tt.s {
					t.Errorf("%+v, %v; want %+v", s, err, tt.s)
				}
				var event []byte
				for _, v := range []uint32{1, 17, 18, 1234, 5678} {
					event = o.order.AppendUint32(event, v)
				}
				e, err := sock.DecodeTIPCEvent(append(event, want...))
				if want := (sock.TIPCEvent{Event: 1, Lower: 17, Upper: 18, Ref: 1234, Node: 5678, Subscription: tt.s}); err != nil || e != want {
					t.Errorf("%+v, %v; want %+v", e, err, want)
				}
			})
		}
		host, err := tt.s.Append(nil, nil)
		native, err2 := tt.s.Append(nil, binary.NativeEndian)
		if err != nil || err2 != nil || !bytes.Equal(host, native) {
			t.Errorf("%s: without an order %x, %v", tt.name, host, err)
		}
	}
	if b, err := (sock.TIPCSubscription{Timeout: 1, Filter: 1}).Append(nil, nil); err != nil || !bytes.Equal(b[12:16], u32s(1)) {
		t.Errorf("a nanosecond is %x, %v; want a millisecond", b, err)
	}
	_, err := sock.TIPCSubscription{Timeout: math.MaxUint32 * time.Millisecond}.Append(nil, nil)
	wantArgError(t, err, "less than 49 days")
	for _, n := range []int{0, 27, 29} {
		_, err := sock.DecodeTIPCSubscription(make([]byte, n))
		wantArgError(t, err, "28 bytes")
	}
	for _, n := range []int{0, 47, 49} {
		_, err := sock.DecodeTIPCEvent(make([]byte, n))
		wantArgError(t, err, "48 bytes")
	}
}

func TestTIPCEventString(t *testing.T) {
	s := sock.TIPCSubscription{Type: 18888, Lower: 1, Upper: 9}
	for want, e := range map[string]sock.TIPCEvent{
		"published 18888:17 at 5:6":    {Event: 1, Lower: 17, Upper: 17, Ref: 5, Node: 6, Subscription: s},
		"withdrawn 18888:17-18 at 5:6": {Event: 2, Lower: 17, Upper: 18, Ref: 5, Node: 6, Subscription: s},
		"timeout of 18888:1-9":         {Event: 3, Subscription: s},
		"event 4 18888:0 at 0:0":       {Event: 4, Subscription: s},
	} {
		if got := e.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestTIPCGroup(t *testing.T) {
	g := sock.TIPCGroup{Type: 4711, Instance: 1, Scope: 2, Flags: sock.TIPC_GROUP_LOOPBACK | sock.TIPC_GROUP_MEMBER_EVTS}
	if got, want := g.Append([]byte{1}), cat([]byte{1}, u32s(4711, 1, 2, 3)); !bytes.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
}

func TestParseTIPCInfo(t *testing.T) {
	const level = 271
	for _, tt := range []struct {
		name  string
		items []sock.Control
		want  sock.TIPCInfo
		ok    bool
	}{
		{"nothing", nil, sock.TIPCInfo{}, false},
		{"of others", []sock.Control{{Level: 1, Type: 1, Data: make([]byte, 12)}}, sock.TIPCInfo{}, false},
		{"returned", []sock.Control{{Level: level, Type: sock.TIPC_ERRINFO, Data: u32s(1, 4)}, {Level: level, Type: sock.TIPC_RETDATA, Data: []byte("data")}},
			sock.TIPCInfo{Err: sock.TIPC_ERR_NO_NAME, Returned: []byte("data")}, true},
		{"named", []sock.Control{{Level: level, Type: sock.TIPC_DESTNAME, Data: u32s(18888, 17, 18)}}, sock.TIPCInfo{Named: true, Type: 18888, Lower: 17, Upper: 18}, true},
		{"cut", []sock.Control{{Level: level, Type: sock.TIPC_DESTNAME, Data: u32s(18888, 17)}, {Level: level, Type: sock.TIPC_ERRINFO, Data: u32s(1)}}, sock.TIPCInfo{}, false},
	} {
		if got, ok := sock.ParseTIPCInfo(tt.items); !reflect.DeepEqual(got, tt.want) || ok != tt.ok {
			t.Errorf("%s: %+v, %v; want %+v, %v", tt.name, got, ok, tt.want, tt.ok)
		}
	}
}

func FuzzDecodeTIPCEvent(f *testing.F) {
	f.Add(make([]byte, 48))
	f.Add(make([]byte, 28))
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := sock.DecodeTIPCEvent(b); err == nil {
			_ = e.String()
		}
		s, err := sock.DecodeTIPCSubscription(b)
		if err != nil || s.Filter == 0 || s.Filter > 7 {
			return // other bits than there are may be taken for the other order
		}
		for _, o := range tipcOrders {
			p, err := s.Append(nil, o.order)
			if err != nil {
				t.Fatalf("%x: %+v: %v", b, s, err)
			}
			if again, err := sock.DecodeTIPCSubscription(p); err != nil || again != s {
				t.Errorf("%x: %+v, then %+v, %v", b, s, again, err)
			}
		}
	})
}
