package can_test

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/polluxio/pollux/sock/can"
	"github.com/polluxio/pollux/sock/socktest"
)

// item 203: CAN_RAW_FILTER is packed pairs of u32.
func TestFilters(t *testing.T) {
	filters := []can.Filter{{ID: 0x123, Mask: 0x7ff}, {ID: eff | 0x12345678, Mask: 0xdfffffff, Invert: true}, {}}
	want := socktest.Uint32s(0x123, 0x7ff, 0xb2345678, 0xdfffffff, 0, 0)
	b := can.AppendFilters(nil, filters...)
	if !bytes.Equal(b, want) {
		t.Errorf("%x, want %x", b, want)
	}
	if got := can.DecodeFilters(append(b, 1, 2, 3)); !reflect.DeepEqual(got, filters) {
		t.Errorf("decoded: %+v, want %+v", got, filters)
	}
	for text, f := range map[string]can.Filter{"123:7FF": filters[0], "12345678~DFFFFFFF": filters[1], "000:0": filters[2]} {
		if got, err := can.ParseFilter(text); err != nil || got != f || f.String() != text {
			t.Errorf("%s: %+v, %v, and back %s", text, got, err, f)
		}
	}
	for _, text := range []string{"", ":", "123", "123:", ":7FF", "123:xyz", "123:7FF:1", "123456789:1", "+12:7FF", "1_2:7FF"} {
		_, err := can.ParseFilter(text)
		socktest.WantArgError(t, err, "id:mask")
	}
	for _, tt := range []struct {
		filter string
		id     uint32
		want   bool
	}{
		{"123:7FF", 0x123, true}, {"123:7FF", 0x124, false}, {"123~7FF", 0x123, false}, {"123~7FF", 0x124, true}, {"000:0", 0xffff, true},
		{"123:7FF", eff | 0x123, true}, {"123:C00007FF", eff | 0x123, false}, {"123:C00007FF", rtr | 0x123, false},
	} {
		f, err := can.ParseFilter(tt.filter)
		if err != nil || f.Match(tt.id) != tt.want {
			t.Errorf("%s, %x: %v, %v; want %v", tt.filter, tt.id, f.Match(tt.id), err, tt.want)
		}
	}
}
