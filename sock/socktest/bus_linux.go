package socktest

import (
	"errors"
	"os/exec"
	"testing"

	"github.com/polluxio/pollux/sock"
)

// Bus makes a virtual CAN bus with this name, and returns a socket on it. On a machine without CAN
// it calls lacking and then skips the test: see Lacking for where.
func Bus(t testing.TB, name, where string, lacking func()) *sock.Socket {
	t.Helper()
	s, err := sock.New(sock.AF_CAN, sock.SOCK_RAW, sock.CAN_RAW)
	if errors.Is(err, errors.ErrUnsupported) {
		lacking()
		Lacking(t, where, err)
	}
	Must(t, err)
	Closing(t, s)
	if out, err := exec.Command("ip", "link", "add", "dev", name, "type", "vcan").CombinedOutput(); err != nil {
		Lacking(t, where, "no virtual CAN bus:", err, string(out))
	}
	t.Cleanup(func() { exec.Command("ip", "link", "del", "dev", name).Run() })
	Must(t, exec.Command("ip", "link", "set", "dev", name, "up").Run())
	Must(t, s.Bind(sock.CAN(name)))
	Must(t, s.SetTimeout(4*Patience))
	return s
}

// SendFrame sends a classic frame of at most 8 bytes. id includes the flags, such as CAN_EFF_FLAG.
func SendFrame(t testing.TB, s *sock.Socket, id uint32, data ...byte) {
	t.Helper()
	// struct can_frame { canid_t can_id; __u8 len; __u8 pad, res0, len8_dlc; __u8 data[8]; };
	var p [16]byte
	copy(p[:], Uint32s(id))
	p[4] = byte(len(data))
	copy(p[8:], data)
	_, err := s.Send(p[:], 0)
	Must(t, err)
}
