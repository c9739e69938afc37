package sock_test

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/polluxio/pollux/sock"
)

func TestHtons(t *testing.T) { // item 170
	for name, f := range map[string]func(int) (int, error){"htons": sock.Htons, "ntohs": sock.Ntohs} {
		for _, x := range []int{0, 1, 80, 0x1234, 0xff00, math.MaxUint16} {
			got, err := f(x)
			var b [2]byte
			binary.BigEndian.PutUint16(b[:], uint16(x))
			if want := int(binary.NativeEndian.Uint16(b[:])); got != want || err != nil {
				t.Errorf("%s(%#x) = %#x, %v, want %#x", name, x, got, err, want)
			}
			if back, err := f(got); back != x || err != nil {
				t.Errorf("%s(%#x) = %#x, %v: it is not its own inverse", name, got, back, err)
			}
		}
		for _, x := range []int{math.MaxUint16 + 1, math.MaxInt} {
			want := name + ": Python int too large to convert to C 16-bit unsigned integer"
			if got, err := f(x); argRule(err) != want {
				t.Errorf("%s(%d) = %d, %v, want %q", name, x, got, err, want)
			}
		}
		for _, x := range []int{-1, math.MinInt} {
			want := name + ": can't convert negative Python int to C 16-bit unsigned integer"
			if got, err := f(x); argRule(err) != want {
				t.Errorf("%s(%d) = %d, %v, want %q", name, x, got, err, want)
			}
		}
	}
}

func TestHtonl(t *testing.T) { // item 170
	for name, f := range map[string]func(int64) (int64, error){"htonl": sock.Htonl, "ntohl": sock.Ntohl} {
		for _, x := range []int64{0, 1, 80, 0x12345678, 0xff000000, math.MaxUint32} {
			got, err := f(x)
			var b [4]byte
			binary.BigEndian.PutUint32(b[:], uint32(x))
			if want := int64(binary.NativeEndian.Uint32(b[:])); got != want || err != nil {
				t.Errorf("%s(%#x) = %#x, %v, want %#x", name, x, got, err, want)
			}
			if back, err := f(got); back != x || err != nil {
				t.Errorf("%s(%#x) = %#x, %v: it is not its own inverse", name, got, back, err)
			}
		}
		for _, x := range []int64{math.MaxUint32 + 1, math.MaxInt64} {
			if got, err := f(x); argRule(err) != name+": int larger than 32 bits" {
				t.Errorf("%s(%d) = %d, %v", name, x, got, err)
			}
		}
		for _, x := range []int64{-1, math.MinInt64} {
			if got, err := f(x); argRule(err) != name+": can't convert negative value to unsigned int" {
				t.Errorf("%s(%d) = %d, %v", name, x, got, err)
			}
		}
	}
}
