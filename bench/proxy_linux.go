package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sys/unix"
)

func init() {
	loaders[kindProxy] = func(addr netip.AddrPort, _ scenario) (loader, error) { return orNil(newStreamer(addr)) }
}

// A streamer sends the pattern into a proxy as fast as it goes, and takes it at the other end.
type streamer struct {
	front, back int
	sent, got   uint64 // bytes
	buf         []byte
}

func newStreamer(addr netip.AddrPort) (*streamer, error) {
	front, err := connect(addr)
	if err != nil {
		return nil, err
	}
	back, err := connect(addr)
	if err != nil {
		unix.Close(front)
		return nil, err
	}
	return &streamer{front: front, back: back, buf: make([]byte, patternSpan)}, nil
}

func (s *streamer) close() {
	unix.Close(s.front)
	unix.Close(s.back)
}

// load counts a MiB as a message, and sends whole ones only. It records no latency.
//
// While nothing can be sent or taken it sleeps a little, and does not wait for the sockets: on
// loopback the proxy would pay for each time that it wakes the generator.
func (s *streamer) load(d time.Duration, _ *hdrhistogram.Histogram) (t tally, err error) {
	const unit = 1 << 20
	pause := unix.NsecToTimespec(int64(20 * time.Microsecond))
	begin, from := now(), s.got
	for heard := begin; ; {
		at := now()
		if t.elapsed == 0 && at-begin >= d {
			t.elapsed, t.timely = at-begin, int64((s.got-from)/unit)
		}
		over := t.elapsed > 0 && s.sent%unit == 0
		if over && s.got == s.sent {
			t.messages = int64((s.got - from) / unit)
			return t, nil
		}
		moved := false
		if !over {
			if moved, err = s.send(unit); err != nil {
				return t, err
			}
		}
		took, err := s.take(&t)
		if err != nil {
			return t, err
		}
		switch {
		case moved || took:
			heard = at
		case at-heard > patience:
			return t, fmt.Errorf("%d bytes are on their way, and nothing came for %v", s.sent-s.got, patience)
		default:
			unix.Nanosleep(&pause, nil) // an interrupt makes it shorter
		}
	}
}

// send sends once, up to the end of a unit.
func (s *streamer) send(unit uint64) (moved bool, err error) {
	n, errno := rawWrite(s.front, patternAt(s.sent, int(min(unit-s.sent%unit, patternSpan))))
	switch errno {
	case 0:
		s.sent += uint64(n)
		return true, nil
	case unix.EAGAIN, unix.EINTR:
		return false, nil
	}
	return false, os.NewSyscallError("write", errno)
}

// take takes once what has come.
func (s *streamer) take(t *tally) (moved bool, err error) {
	n, errno := rawRead(s.back, s.buf)
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR:
		return false, nil
	case errno != 0:
		return false, os.NewSyscallError("read", errno)
	case n == 0:
		return false, errors.Join(errors.New("closed by the proxy"), io.ErrUnexpectedEOF)
	}
	if !isPattern(s.buf[:n], s.got) {
		t.corrupt++
	}
	s.got += uint64(n)
	return true, nil
}
