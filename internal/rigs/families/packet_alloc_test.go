//go:build linux && !race

// The race detector makes sync.Pool forget at random, so allocations are not counted in its builds.

package families_test

import (
	"errors"
	"testing"
	"time"

	"github.com/polluxio/pollux/sock"
	"github.com/polluxio/pollux/sock/packet"
)

// Neither a packet nor a block costs an allocation, and waiting for one costs none.
func TestPacketAllocatesNothing(t *testing.T) {
	near, far := twoHosts(t)
	b := packetOn(t, far, sock.SOCK_RAW, experiment)
	p := ethernetFrame(everybody, hardwareOf(t, far), experiment, "counted")
	in := packetOn(t, near, sock.SOCK_RAW, experiment)
	_, ring := ringOn(t, near, &packet.RingConfig{Timeout: time.Millisecond})
	buf := make([]byte, 100)
	var err error
	if n := testing.AllocsPerRun(50, func() {
		if _, e := b.Send(p, 0); e != nil {
			err = e
		}
		if _, _, e := in.RecvfromInto(buf, 0); e != nil {
			err = e
		}
	}); n != 0 || err != nil {
		t.Errorf("recvfrom: %v allocations, %v", n, err)
	}
	if n := testing.AllocsPerRun(50, func() {
		if _, e := b.Send(p, 0); e != nil {
			err = e
		}
		block, e := ring.Next()
		if e != nil {
			err = e
		}
		for p := range block.Packets() {
			if p.From().IsZero() {
				err = errors.New("from nowhere")
			}
		}
		block.Release()
	}); n != 0 || err != nil {
		t.Errorf("a ring: %v allocations, %v", n, err)
	}
}
