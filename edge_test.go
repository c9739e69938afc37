//go:build unix

package pollux_test

import (
	"errors"
	"testing"

	"github.com/polluxio/pollux"
	"golang.org/x/sys/unix"
)

// Readiness is reported on its edges: once when a descriptor is added, and then each time that more
// became possible.

// mine is the token of whatever a test is about.
var mine = pollux.MakeToken(7, 3)

func add(t *testing.T, p *poller, fd int, token pollux.Token) {
	t.Helper()
	if err := p.Add(fd, token); err != nil {
		t.Fatal(err)
	}
}

// quiet fails if any of bits is reported of token at this moment.
func quiet(t *testing.T, p *poller, token pollux.Token, bits pollux.Ready, why string) {
	t.Helper()
	if told := look(t, p)[token]; told&bits != 0 {
		t.Errorf("told %v: %s", told, why)
	}
}

func TestReadyWhenAdded(t *testing.T) { onEveryPoller(t, testReadyWhenAdded) }

func testReadyWhenAdded(t *testing.T, newPoller maker) {
	t.Run("writable", func(t *testing.T) {
		p := newPoller(t)
		a, _ := pair(t)
		add(t, p, a, mine)
		if told := await(t, p, mine, pollux.Writable); told != pollux.Writable {
			t.Errorf("told %v of an empty socket", told)
		}
	})
	t.Run("readable", func(t *testing.T) {
		p := newPoller(t)
		a, b := pair(t)
		write(t, b, "x")
		add(t, p, a, mine)
		await(t, p, mine, pollux.Readable|pollux.Writable)
	})
	t.Run("hung up", func(t *testing.T) {
		p := newPoller(t)
		a, b := pair(t)
		unix.Close(b)
		add(t, p, a, mine)
		await(t, p, mine, pollux.Readable|pollux.Hangup)
	})
	t.Run("not at all", func(t *testing.T) {
		p := newPoller(t)
		a, _ := pair(t)
		fill(t, a)
		add(t, p, a, mine)
		quiet(t, p, mine, ^pollux.Ready(0), "neither direction is ready")
	})
}

func TestReadableOnceForEachArrival(t *testing.T) { onEveryPoller(t, testReadableOnceForEachArrival) }

func testReadableOnceForEachArrival(t *testing.T, newPoller maker) {
	p := newPoller(t)
	a, b := pair(t)
	add(t, p, a, mine)
	await(t, p, mine, pollux.Writable)

	write(t, b, "two")
	await(t, p, mine, pollux.Readable)
	quiet(t, p, mine, pollux.Readable, "nothing came since, though nothing was read")

	write(t, b, "more")
	await(t, p, mine, pollux.Readable)

	var buf [3]byte
	if n, err := unix.Read(a, buf[:]); n != 3 || err != nil {
		t.Fatalf("read: %d, %v", n, err)
	}
	quiet(t, p, mine, pollux.Readable, "nothing came since, though something is left")

	if n := read(t, a); n != 4 {
		t.Fatalf("read %d bytes, want 4", n)
	}
	write(t, b, "after EAGAIN")
	await(t, p, mine, pollux.Readable)
}

func TestArrivalsToldAsOne(t *testing.T) { onEveryPoller(t, testArrivalsToldAsOne) }

func testArrivalsToldAsOne(t *testing.T, newPoller maker) {
	p := newPoller(t)
	a, b := pair(t)
	add(t, p, a, mine)
	await(t, p, mine, pollux.Writable)
	for range 10 {
		write(t, b, "x")
	}
	await(t, p, mine, pollux.Readable)
	quiet(t, p, mine, pollux.Readable, "all ten came before")
}

func TestWritableOnceThereIsRoomAgain(t *testing.T) {
	onEveryPoller(t, testWritableOnceThereIsRoomAgain)
}

func testWritableOnceThereIsRoomAgain(t *testing.T, newPoller maker) {
	p := newPoller(t)
	a, b := pair(t)
	add(t, p, a, mine)
	await(t, p, mine, pollux.Writable)
	filled := fill(t, a)
	quiet(t, p, mine, pollux.Writable, "the buffer is full")
	if n := read(t, b); n != filled {
		t.Fatalf("%d bytes came, %d went", n, filled)
	}
	await(t, p, mine, pollux.Writable)
}

// Both directions were asked for at Add: Arm may be needed elsewhere, but must not ask for too
// much.
func TestArmTellsNothingNew(t *testing.T) { onEveryPoller(t, testArmTellsNothingNew) }

func testArmTellsNothingNew(t *testing.T, newPoller maker) {
	p := newPoller(t)
	a, b := pair(t)
	add(t, p, a, mine)
	await(t, p, mine, pollux.Writable)
	if err := p.Arm(a, mine, pollux.Readable); err != nil {
		t.Fatal(err)
	}
	quiet(t, p, mine, pollux.Readable, "nothing came")
	write(t, b, "x")
	await(t, p, mine, pollux.Readable)
}

func TestHangup(t *testing.T) { onEveryPoller(t, testHangup) }

func testHangup(t *testing.T, newPoller maker) {
	for _, tt := range []struct {
		name string
		do   func(a, b int) error
		want pollux.Ready
	}{
		{"peer shut down its sending", func(_, b int) error { return unix.Shutdown(b, unix.SHUT_WR) }, pollux.Readable | pollux.Hangup},
		{"peer shut down both", func(_, b int) error { return unix.Shutdown(b, unix.SHUT_RDWR) },
			pollux.Readable | pollux.Writable | pollux.Hangup},
		{"peer closed", func(_, b int) error { return unix.Close(b) }, pollux.Readable | pollux.Writable | pollux.Hangup},
		{"own end shut down", func(a, _ int) error { return unix.Shutdown(a, unix.SHUT_RD) }, pollux.Readable | pollux.Hangup},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPoller(t)
			a, b := pair(t)
			add(t, p, a, mine)
			await(t, p, mine, pollux.Writable)
			if err := tt.do(a, b); err != nil {
				t.Fatal(err)
			}
			await(t, p, mine, tt.want)
		})
	}
}

// An end that is reported by a hang-up or an error alone is worth an attempt all the same: it is
// how the user learns of it.
func TestHangupOfPipe(t *testing.T) { onEveryPoller(t, testHangupOfPipe) }

func testHangupOfPipe(t *testing.T, newPoller maker) {
	for _, tt := range []struct {
		name       string
		end, other int // of the pipe
		want       pollux.Ready
	}{
		{"writer closed", 0, 1, pollux.Readable | pollux.Hangup},
		{"reader closed", 1, 0, pollux.Writable | pollux.Hangup},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPoller(t)
			var pipe [2]int
			if err := unix.Pipe(pipe[:]); err != nil {
				t.Fatal(err)
			}
			for _, fd := range pipe {
				t.Cleanup(func() { unix.Close(fd) })
				prepare(t, fd)
			}
			fill(t, pipe[1])
			read(t, pipe[0])
			if tt.end == 1 {
				fill(t, pipe[1]) // so that it is not writable by itself
			}
			add(t, p, pipe[tt.end], mine)
			quiet(t, p, mine, ^pollux.Ready(0), "neither direction is ready")
			unix.Close(pipe[tt.other])
			await(t, p, mine, tt.want)
		})
	}
}

// What came before the hang-up is reported with it, and so is what was reported already.
func TestHangupAfterData(t *testing.T) { onEveryPoller(t, testHangupAfterData) }

func testHangupAfterData(t *testing.T, newPoller maker) {
	p := newPoller(t)
	a, b := pair(t)
	add(t, p, a, mine)
	await(t, p, mine, pollux.Writable)
	write(t, b, "last words")
	await(t, p, mine, pollux.Readable)
	unix.Close(b)
	await(t, p, mine, pollux.Readable|pollux.Hangup)
	if n := read(t, a); n != len("last words") {
		t.Errorf("read %d bytes, want %d", n, len("last words"))
	}
}

func TestConnect(t *testing.T) { onEveryPoller(t, testConnect) }

func testConnect(t *testing.T, newPoller maker) {
	begin := func(t *testing.T, fd int, at unix.Sockaddr) {
		t.Helper()
		if err := unix.Connect(fd, at); err != nil && !errors.Is(err, unix.EINPROGRESS) {
			t.Skipf("connect ended at once: %v; only one that goes on makes an event", err)
		}
	}
	soError := func(t *testing.T, fd int) unix.Errno {
		t.Helper()
		errno, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
		if err != nil {
			t.Fatal(err)
		}
		return unix.Errno(errno)
	}
	t.Run("done", func(t *testing.T) {
		p := newPoller(t)
		_, at := listener(t)
		fd := stream(t)
		begin(t, fd, at)
		add(t, p, fd, mine)
		await(t, p, mine, pollux.Writable)
		if errno := soError(t, fd); errno != 0 {
			t.Errorf("connect: %v", errno)
		}
	})
	t.Run("refused", func(t *testing.T) {
		p := newPoller(t)
		ln, at := listener(t)
		unix.Close(ln)
		fd := stream(t)
		begin(t, fd, at)
		add(t, p, fd, mine)
		await(t, p, mine, pollux.Writable|pollux.Hangup)
		if errno := soError(t, fd); errno != unix.ECONNREFUSED {
			t.Errorf("connect: %v, want %v", errno, unix.ECONNREFUSED)
		}
	})
}

func TestUrgent(t *testing.T) { onEveryPoller(t, testUrgent) }

func testUrgent(t *testing.T, newPoller maker) {
	p := newPoller(t)
	ln, at := listener(t)
	a := stream(t)
	if err := unix.Connect(a, at); err != nil && !errors.Is(err, unix.EINPROGRESS) {
		t.Fatalf("connect: %v", err)
	}
	accepting := pollux.MakeToken(8, 1)
	add(t, p, ln, accepting)
	await(t, p, accepting, pollux.Readable)
	b, _, err := unix.Accept(ln)
	if err != nil {
		t.Fatalf("accept: %v", err)
	}
	defer unix.Close(b)

	add(t, p, a, mine)
	await(t, p, mine, pollux.Writable)
	quiet(t, p, mine, pollux.Urgent, "nothing urgent was sent")
	if err := unix.Sendmsg(b, []byte("!"), nil, nil, unix.MSG_OOB); err != nil {
		t.Fatalf("sendmsg: %v", err)
	}
	if p.noUrgent {
		quiet(t, p, mine, pollux.Urgent, "the poller does not know such data")
		return
	}
	await(t, p, mine, pollux.Readable|pollux.Urgent)
}

// arm asks a one-shot poller for want again.
func (p *poller) arm(t *testing.T, token pollux.Token, want pollux.Ready) {
	t.Helper()
	if !p.OneShot() {
		return
	}
	fd, ok := p.fds.Load(token)
	if !ok {
		t.Fatalf("token %#x was not added", token)
	}
	if err := p.Arm(fd.(int), token, want); err != nil {
		t.Fatal(err)
	}
}
