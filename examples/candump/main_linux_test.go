package main

import (
	"strings"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/socktest"
)

func TestMain(m *testing.M) { socktest.RunMain(m, main) }

func TestCandump(t *testing.T) {
	s := socktest.Bus(t, "vcandex", "internal/rigs/run ./examples/candump", func() {
		socktest.ProgramFails(t, "AF_CAN CAN_RAW: needs CONFIG_CAN", "vcandex")
	})
	line := socktest.StartProgram(t, "vcandex", "123:7FF", "12345678:1FFFFFFF")
	done := make(chan struct{})
	ready := socktest.Start(func() error { // before the program listens, it prints nothing
		for tick := time.NewTicker(20 * time.Millisecond); ; {
			select {
			case <-done:
				return nil
			case <-tick.C:
				socktest.SendFrame(t, s, 0x123, 0x00)
			}
		}
	})
	if got := line(); !strings.HasSuffix(got, " vcandex 123#00") || !strings.HasPrefix(got, "(") {
		t.Fatalf("it wrote %q", got)
	}
	close(done)
	socktest.Must(t, ready.Wait(t))
	socktest.SendFrame(t, s, 0x124, 0x00) // the filter drops it
	socktest.SendFrame(t, s, sock.CAN_EFF_FLAG|0x12345678, 0xde, 0xad, 0xbe, 0xef)
	socktest.SendFrame(t, s, 0x20000040, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00)
	for _, want := range []string{" vcandex 12345678#DEADBEEF", " vcandex 20000040#0000000000000000 bus off"} {
		got := line()
		for strings.HasSuffix(got, " 123#00") {
			got = line()
		}
		if !strings.HasSuffix(got, want) {
			t.Errorf("it wrote %q, want %q", got, want)
		}
	}
	socktest.ProgramFails(t, "id:mask", "vcandex", "nonsense")
	socktest.ProgramFails(t, "no such device", "nosuchcan")
}
