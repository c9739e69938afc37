package families_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/polluxio/pollux/families"
)

// unixSockaddrs is <sys/un.h>:
//
//	struct sockaddr_un { header; char sun_path[]; };
var unixSockaddrs = []sockaddrTest{
	{families.Linux, families.Unix("/x"), "0100 2f7800"},
	{families.Windows, families.Unix("/x"), "0100 2f7800"},
	{families.Darwin, families.Unix("/x"), "0501 2f7800"},
	{families.FreeBSD, families.Unix("/x"), "0501 2f7800"},
	{families.NetBSD, families.Unix("/x"), "0501 2f7800"},
	{families.OpenBSD, families.Unix("/x"), "0501 2f7800"},
	{families.DragonFly, families.Unix("/x"), "0501 2f7800"},
	// Only the family: bind chooses a name. From the kernel it means a socket that is not bound.
	{families.Linux, families.Unix(""), "0100"},
	// An empty path is a path like any other.
	{families.Darwin, families.Unix(""), "0301 00"},
	{families.Windows, families.Unix(""), "0100 00"},
	// Abstract names have no NUL at the end, and may have some before it.
	{families.Linux, families.Unix("\x00ab"), "0100 006162"},
	{families.Linux, families.Unix("\x00a\x00\x00"), "0100 00610000"},
	{families.Linux, families.Unix("\x00"), "0100 00"},
	// Bytes that are no text.
	{families.Linux, families.Unix("/\xff"), "0100 2fff00"},
}

func TestUnixSockaddr(t *testing.T) { testSockaddrs(t, unixSockaddrs) }

// The kernel reports more forms than Encode writes.
func TestUnixDecode(t *testing.T) {
	for _, test := range []struct {
		name string
		sys  *families.System
		hex  string
		want string
	}{
		{"no NUL at the end", families.NetBSD, "0401 2f78", "/x"},
		{"bytes after the NUL", families.Darwin, "6a01 2f7800 000000ff", "/x"},
		{"all of sun_path", families.Windows, native(1) + "2f7800 0000000000", "/x"},
		{"not bound, zeros", families.FreeBSD, "1001 0000000000000000000000000000", ""},
		{"not bound, the header", families.OpenBSD, "0201", ""},
		{"not bound, a length of 0", families.Darwin, "0001", ""},
		{"a first NUL where no name is abstract", families.Darwin, "0401 0061", ""},
		// unix(7), "BUGS": a path that fills sun_path is reported with a NUL after its end.
		{"all of sun_path and a NUL", families.Linux, native(1) + strings.Repeat("61", 108) + "00", strings.Repeat("a", 108)},
	} {
		src := unhex(t, test.hex)
		if a, err := test.sys.Decode(1, 0, src); err != nil || a != families.Unix(test.want) {
			t.Errorf("%s: Decode(%x) = %q, %v; want path %q", test.name, src, a, err, test.want)
		}
	}
}

func TestUnixPathLength(t *testing.T) {
	for _, sys := range allSystems {
		longest := 103
		if sys == families.Linux || sys == families.Windows {
			longest = 107
		}
		abstract := longest // an ordinary path that begins with an unusual byte
		if sys == families.Linux {
			abstract = 108
		}
		for _, test := range []struct {
			name, path string
			longest    int
		}{
			{"path", strings.Repeat("a", longest), longest},
			{"abstract", "\x00" + strings.Repeat("a", abstract-1), abstract},
		} {
			buf := make([]byte, families.MaxSockaddr)
			n, err := sys.Encode(buf, families.Unix(test.path))
			if err != nil || !bytes.HasPrefix(buf[2:n], []byte(test.path)) {
				t.Errorf("%s, %s of %d bytes: Encode = %d, %v", sys, test.name, len(test.path), n, err)
			}
			_, err = sys.Encode(buf, families.Unix(test.path+"a"))
			want := "AF_UNIX path too long (got " + strconv.Itoa(test.longest+1) + " bytes, at most " + strconv.Itoa(test.longest) + ")"
			if !errors.Is(err, families.ErrPathTooLong) || err.Error() != want {
				t.Errorf("%s, %s: %v, want %s", sys, test.name, err, want)
			}
		}
	}
}

// native returns v in hexadecimal, in the byte order of this processor.
func native(v uint16) string {
	return hex.EncodeToString(binary.NativeEndian.AppendUint16(nil, v))
}
