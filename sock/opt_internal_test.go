package sock

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"reflect"
	"testing"
	"time"
)

// An older kernel reports fewer fields: the others are 0, and no length causes a panic.
func TestTCPInfoOfOlderKernels(t *testing.T) {
	b := make([]byte, tcpInfoLen)
	for i := range b {
		b[i] = byte(i)
	}
	e := binary.NativeEndian
	whole := decodeTCPInfo(b)
	if whole.State != 0 || whole.Options != 5 || whole.RTO != time.Duration(e.Uint32(b[8:]))*time.Microsecond ||
		whole.TotalRetrans != e.Uint32(b[100:]) || whole.PacingRate != e.Uint64(b[104:]) || whole.SndWnd != e.Uint32(b[228:]) ||
		whole.BusyTime != time.Duration(e.Uint64(b[168:]))*time.Microsecond || whole.TotalRTO != e.Uint16(b[240:]) ||
		whole.TotalRTOTime != time.Duration(e.Uint32(b[244:]))*time.Millisecond {
		t.Errorf("%+v", whole)
	}
	for n := range b {
		short := decodeTCPInfo(b[:n])
		if n <= 104 && short.PacingRate != 0 || n >= 104 && short.RTT != whole.RTT {
			t.Errorf("%d bytes: %+v", n, short)
		}
	}
	if got := decodeTCPInfo(append(b, 1, 2, 3)); !reflect.DeepEqual(got, whole) {
		t.Error("a newer kernel's is not read")
	}
}

// The structures of <linux/tls.h>, byte by byte.
func TestTLSCryptoInfoBytes(t *testing.T) {
	fill := func(c byte, n int) []byte { return bytes.Repeat([]byte{c}, n) }
	for _, tt := range []struct {
		name string
		info TLSCryptoInfo
		want string // behind the header
		size int
	}{
		{"AES-GCM-128", TLSCryptoInfo{TLS_1_2_VERSION, TLS_CIPHER_AES_GCM_128, fill(1, 8), fill(2, 16), fill(3, 4), fill(4, 8)},
			hex.EncodeToString(fill(1, 8)) + hex.EncodeToString(fill(2, 16)) + "03030303" + "0404040404040404", 40},
		{"AES-GCM-256", TLSCryptoInfo{TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_256, fill(1, 8), fill(2, 32), fill(3, 4), fill(4, 8)},
			hex.EncodeToString(fill(1, 8)) + hex.EncodeToString(fill(2, 32)) + "03030303" + "0404040404040404", 56},
		{"ChaCha20", TLSCryptoInfo{TLS_1_3_VERSION, TLS_CIPHER_CHACHA20_POLY1305, fill(1, 12), fill(2, 32), nil, fill(4, 8)},
			hex.EncodeToString(fill(1, 12)) + hex.EncodeToString(fill(2, 32)) + "0404040404040404", 56},
	} {
		b, err := tt.info.Bytes()
		if err != nil || len(b) != tt.size || hex.EncodeToString(b[4:]) != tt.want ||
			binary.NativeEndian.Uint16(b) != tt.info.Version || binary.NativeEndian.Uint16(b[2:]) != tt.info.Cipher {
			t.Errorf("%s: %x, %v", tt.name, b, err)
		}
		for _, part := range []*[]byte{&tt.info.IV, &tt.info.Key, &tt.info.Salt, &tt.info.RecSeq} {
			was := *part
			*part = append(bytes.Clone(was), 9)
			var arg *ArgError
			if b, err := tt.info.Bytes(); b != nil || !errors.As(err, &arg) {
				t.Errorf("%s, a part too long: %x, %v", tt.name, b, err)
			}
			*part = was
		}
	}
	if _, err := (TLSCryptoInfo{Cipher: 1}).Bytes(); err == nil {
		t.Error("an unknown cipher was taken")
	}
}

func TestSecondsRule(t *testing.T) {
	for d, want := range map[time.Duration]int32{1: 1, time.Second: 1, time.Second + 1: 2, 10 * time.Second: 10, 0: 0, -1: 0, 10*time.Second + 1: 0,
		math.MaxInt64: 0, math.MinInt64: 0} {
		got, err := seconds("time", d, 10)
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("%v: %d, %v; want %d", d, got, err, want)
		}
	}
}

// The alignment in struct group_source_req: sizeofGroupSourceReq of golang.org/x/net/ipv4 is 4 or 8
// bytes, and two times 128.
func TestStorageAlignment(t *testing.T) {
	for _, tt := range []struct {
		goos, goarch string
		pointer      int
		want         int
	}{
		{"linux", "amd64", 8, 8}, {"linux", "386", 4, 4}, {"linux", "arm", 4, 4}, {"darwin", "arm64", 8, 4}, {"darwin", "amd64", 8, 4},
		{"freebsd", "amd64", 8, 8}, {"freebsd", "386", 4, 4}, {"freebsd", "arm", 4, 8}, {"freebsd", "arm64", 8, 8},
		{"windows", "amd64", 8, 8}, {"windows", "386", 4, 8},
	} {
		if got := storageAlignment(tt.goos, tt.goarch, tt.pointer); got != tt.want {
			t.Errorf("%s/%s: %d, want %d", tt.goos, tt.goarch, got, tt.want)
		}
	}
}
