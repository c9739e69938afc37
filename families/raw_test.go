package families_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/polluxio/pollux/families"
)

// rawSockaddrs is <sys/socket.h>:
//
//	struct sockaddr { header; char sa_data[14]; };
var rawSockaddrs = []sockaddrTest{
	{families.Linux, families.Raw(99, []byte("0123456789abcd")), "6300 30313233343536373839 61626364"},
	{families.Windows, families.Raw(0x1234, []byte{1, 2}), "3412 0102"},
	{families.Darwin, families.Raw(99, []byte{1, 2}), "0463 0102"},
	// A sockaddr with a length alone, and a family without more bytes: AF_UNSPEC.
	{families.FreeBSD, families.Raw(0, nil), "0200"},
	{families.Linux, families.Raw(0, make([]byte, 14)), "0000 0000000000000000000000000000"},
}

// item 177
func TestRawSockaddr(t *testing.T) { testSockaddrs(t, rawSockaddrs) }

func TestRaw(t *testing.T) {
	data := bytes.Repeat([]byte{7}, families.MaxSockaddr-2) // no more than the kernel can report
	a := families.Raw(99, data)
	if n, got := a.RawData(); n != 99 || !bytes.Equal(got, data) {
		t.Errorf("RawData = %d, %x", n, got)
	}
	if a.Kind() != families.KindRaw || a.Network() != "family 99" {
		t.Errorf("Kind %v, Network %q", a.Kind(), a.Network())
	}
	if families.Raw(99, nil) != families.Raw(99, []byte{}) || families.Raw(99, nil) == families.Raw(98, nil) {
		t.Error("equality is that of the family and the bytes")
	}
}

// The number of a family has one byte on BSD and two elsewhere.
func TestRawFamilyTooHigh(t *testing.T) {
	buf := make([]byte, families.MaxSockaddr)
	for _, sys := range allSystems {
		_, err := sys.Encode(buf, families.Raw(256, nil))
		if sys == families.Linux || sys == families.Windows {
			if err != nil {
				t.Errorf("%s: family 256: %v", sys, err)
			}
		} else if !errors.Is(err, families.ErrBadFamily) {
			t.Errorf("%s: family 256: %v, want ErrBadFamily", sys, err)
		}
		for _, family := range []int{1 << 16, -1} {
			if _, err := sys.Encode(buf, families.Raw(family, nil)); !errors.Is(err, families.ErrBadFamily) {
				t.Errorf("%s: family %d: %v, want ErrBadFamily", sys, family, err)
			}
		}
	}
}
