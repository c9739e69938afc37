package tipc_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
	"github.com/polluxio/pollux/sock/tipc"
)

var orders = []struct {
	name  string
	order interface {
		binary.ByteOrder
		binary.AppendByteOrder
	}
}{{"little endian", binary.LittleEndian}, {"big endian", binary.BigEndian}}

func TestSubscription(t *testing.T) {
	for _, tt := range []struct {
		name    string
		s       tipc.Subscription
		timeout uint32
	}{
		{"for ever", tipc.Subscription{Type: 18888, Lower: 1, Upper: math.MaxUint32, Timeout: -1, Filter: 1, Handle: [8]byte{1, 2, 3, 4, 5, 6, 7, 8}}, math.MaxUint32},
		{"a second", tipc.Subscription{Type: 1, Timeout: time.Second, Filter: 2}, 1000},
		{"at once, no more", tipc.Subscription{Type: 1, Filter: 4 | 1}, 0},
	} {
		for _, o := range orders {
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
				if s, err := tipc.DecodeSubscription(want); err != nil || s != tt.s {
					t.Errorf("%+v, %v; want %+v", s, err, tt.s)
				}
				var event []byte
				for _, v := range []uint32{1, 17, 18, 1234, 5678} {
					event = o.order.AppendUint32(event, v)
				}
				e, err := tipc.DecodeEvent(append(event, want...))
				if want := (tipc.Event{Event: 1, Lower: 17, Upper: 18, Ref: 1234, Node: 5678, Subscription: tt.s}); err != nil || e != want {
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
	if b, err := (tipc.Subscription{Timeout: 1, Filter: 1}).Append(nil, nil); err != nil || !bytes.Equal(b[12:16], socktest.Uint32s(1)) {
		t.Errorf("a nanosecond is %x, %v; want a millisecond", b, err)
	}
	_, err := tipc.Subscription{Timeout: math.MaxUint32 * time.Millisecond}.Append(nil, nil)
	socktest.WantArgError(t, err, "less than 49 days")
	for _, n := range []int{0, 27, 29} {
		_, err := tipc.DecodeSubscription(make([]byte, n))
		socktest.WantArgError(t, err, "28 bytes")
	}
	for _, n := range []int{0, 47, 49} {
		_, err := tipc.DecodeEvent(make([]byte, n))
		socktest.WantArgError(t, err, "48 bytes")
	}
}

func TestEventString(t *testing.T) {
	s := tipc.Subscription{Type: 18888, Lower: 1, Upper: 9}
	for want, e := range map[string]tipc.Event{
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

func TestGroup(t *testing.T) {
	g := tipc.Group{Type: 4711, Instance: 1, Scope: 2, Flags: tipc.TIPC_GROUP_LOOPBACK | tipc.TIPC_GROUP_MEMBER_EVTS}
	if got, want := g.Append([]byte{1}), slices.Concat([]byte{1}, socktest.Uint32s(4711, 1, 2, 3)); !bytes.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
}

func TestParseInfo(t *testing.T) {
	const level = 271
	for _, tt := range []struct {
		name  string
		items []sock.Control
		want  tipc.Info
		ok    bool
	}{
		{"nothing", nil, tipc.Info{}, false},
		{"of others", []sock.Control{{Level: 1, Type: 1, Data: make([]byte, 12)}}, tipc.Info{}, false},
		{"returned", []sock.Control{{Level: level, Type: tipc.TIPC_ERRINFO, Data: socktest.Uint32s(1, 4)}, {Level: level, Type: tipc.TIPC_RETDATA, Data: []byte("data")}},
			tipc.Info{Err: tipc.TIPC_ERR_NO_NAME, Returned: []byte("data")}, true},
		{"named", []sock.Control{{Level: level, Type: tipc.TIPC_DESTNAME, Data: socktest.Uint32s(18888, 17, 18)}}, tipc.Info{Named: true, Type: 18888, Lower: 17, Upper: 18}, true},
		{"cut", []sock.Control{{Level: level, Type: tipc.TIPC_DESTNAME, Data: socktest.Uint32s(18888, 17)}, {Level: level, Type: tipc.TIPC_ERRINFO, Data: socktest.Uint32s(1)}}, tipc.Info{}, false},
	} {
		if got, ok := tipc.ParseInfo(tt.items); !reflect.DeepEqual(got, tt.want) || ok != tt.ok {
			t.Errorf("%s: %+v, %v; want %+v, %v", tt.name, got, ok, tt.want, tt.ok)
		}
	}
}

func FuzzDecodeEvent(f *testing.F) {
	f.Add(make([]byte, 48))
	f.Add(make([]byte, 28))
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := tipc.DecodeEvent(b); err == nil {
			_ = e.String()
		}
		s, err := tipc.DecodeSubscription(b)
		if err != nil || s.Filter == 0 || s.Filter > 7 {
			return // unknown bits may look like the other byte order
		}
		for _, o := range orders {
			p, err := s.Append(nil, o.order)
			if err != nil {
				t.Fatalf("%x: %+v: %v", b, s, err)
			}
			if again, err := tipc.DecodeSubscription(p); err != nil || again != s {
				t.Errorf("%x: %+v, then %+v, %v", b, s, again, err)
			}
		}
	})
}
