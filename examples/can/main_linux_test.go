package main

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/can"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestMain(m *testing.M) { socktest.RunMain(m, main) }

func TestCAN(t *testing.T) {
	s := socktest.Bus(t, "vcanex", "internal/rigs/run ./examples/can", func() {
		socktest.ProgramFails(t, "AF_CAN CAN_RAW: needs CONFIG_CAN", "vcanex")
	})
	line := socktest.StartProgram(t, "vcanex")
	// Before the program listens, no answer comes.
	socktest.Must(t, s.SetTimeout(20*time.Millisecond))
	for end := time.Now().Add(socktest.Patience); ; {
		socktest.SendFrame(t, s, 0x123, 0xc0, 0xff, 0xee)
		if _, err := s.Recv(can.CAN_MTU, sock.MSG_PEEK); err == nil {
			break
		} else if !errors.Is(err, os.ErrDeadlineExceeded) || time.Now().After(end) {
			t.Fatal(err)
		}
	}
	socktest.Must(t, s.SetTimeout(socktest.Patience))
	for _, want := range []string{"123#C0FFEE", "001#010203"} {
		p, err := s.Recv(can.CAN_MTU, 0)
		socktest.Must(t, err)
		if f, err := can.DecodeFrame(p); err != nil || f.String() != want {
			t.Errorf("it sent %v, %v; want %s", f, err, want)
		}
	}
	if got, want := line(), `Received: can_id=123, can_dlc=3, data="\xc0\xff\xee"`; got != want {
		t.Errorf("it wrote %q, want %q", got, want)
	}
	socktest.ProgramFails(t, "no such device", "nosuchcan")
}
