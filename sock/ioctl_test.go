package sock

import (
	"bytes"
	"errors"
	"runtime"
	"testing"
)

func TestIoctlInput(t *testing.T) { // item 147
	for _, tt := range []struct {
		name   string
		code   uint32
		values []uint32
		want   []byte
		rule   string
	}{
		{"SIO_RCVALL", 2550136833, []uint32{3}, []byte{3, 0, 0, 0}, ""},
		{"SIO_LOOPBACK_FAST_PATH", 2550136848, []uint32{0xfffffffe}, []byte{0xfe, 0xff, 0xff, 0xff}, ""},
		{"SIO_KEEPALIVE_VALS", 2550136836, []uint32{1, 10000, 1000}, []byte{1, 0, 0, 0, 0x10, 0x27, 0, 0, 0xe8, 3, 0, 0}, ""},
		{"two values", 2550136836, []uint32{1, 2}, nil, "SIO_KEEPALIVE_VALS takes three values (onoff, time, interval), any other code one"},
		{"no value", 2550136833, nil, nil, "SIO_KEEPALIVE_VALS takes three values (onoff, time, interval), any other code one"},
		{"another code", 5, []uint32{1}, nil, "invalid ioctl command 5"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ioctlInput(tt.code, tt.values)
			var arg *ArgError
			if !bytes.Equal(got, tt.want) || (tt.rule != "") != errors.As(err, &arg) || arg != nil && arg.Rule != tt.rule {
				t.Errorf("% x, %v", got, err)
			}
		})
	}
}

func TestIoctlUnsupported(t *testing.T) { // item 147
	if runtime.GOOS == "windows" {
		t.Skip("Windows has it: TestShare and TestIoctl are of that")
	}
	s, err := New(-1, -1, -1)
	if err != nil {
		t.Skip("until there is a poller:", err)
	}
	defer s.Close()
	if n, err := s.Ioctl(sioRcvall, 1); n != 0 || !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("%d, %v, want ErrUnsupported", n, err)
	}
	var arg *ArgError
	if _, err := s.Ioctl(5, 1); !errors.As(err, &arg) {
		t.Errorf("another code: %v, want an ArgError", err)
	}
}
