package pollertest

import (
	"testing"

	"github.com/polluxio/pollux"
)

// A connect that is over is Writable. One that failed is hung up too, and SO_ERROR has the error.

func testConnect(t *testing.T, open opener) {
	t.Run("done", func(t *testing.T) {
		p := open(t)
		_, at := listener(t)
		fd := stream(t)
		connect(t, fd, at)
		add(t, p, fd, mine)
		await(t, p, mine, pollux.Writable)
		if err := pendingError(t, fd); err != nil {
			t.Errorf("connect: %v", err)
		}
	})
	t.Run("refused", func(t *testing.T) {
		p := open(t)
		fd := stream(t)
		connect(t, fd, nameOf(t, bound(t))) // not closed: a free address may soon be that of another test
		add(t, p, fd, mine)
		await(t, p, mine, p.hangup(pollux.Writable|pollux.Hangup))
		if err := pendingError(t, fd); err != errRefused {
			t.Errorf("connect: %v, want %v", err, errRefused)
		}
	})
	t.Run("accepted", func(t *testing.T) {
		p := open(t)
		ln, at := listener(t)
		add(t, p, ln, mine)
		fd := stream(t)
		connect(t, fd, at)
		await(t, p, mine, pollux.Readable)
		if b, err := accept(ln); err != nil {
			t.Errorf("accept: %v", err)
		} else {
			closeFD(b)
		}
	})
}

// A socket that is not connected may become a listener after Add.
func testListensLater(t *testing.T, open opener) {
	p := open(t)
	ln := bound(t)
	add(t, p, ln, mine)
	if told := look(t, p)[mine]; told != p.Unconnected && !p.AnyUnconnected {
		t.Errorf("told %v of a socket that is not connected, want %v", told, p.Unconnected)
	}
	at := listen(t, ln)
	if p.Deaf {
		if err := p.Delete(ln, mine); err != nil {
			t.Fatal(err)
		}
		add(t, p, ln, mine)
	}
	fd := stream(t)
	connect(t, fd, at)
	await(t, p, mine, pollux.Readable)
}

func testUrgent(t *testing.T, open opener) {
	p := open(t)
	a, b := tcpPair(t)
	add(t, p, a, mine)
	await(t, p, mine, pollux.Writable)
	quiet(t, p, mine, pollux.Urgent, "nothing urgent was sent")
	sendUrgent(t, b)
	if p.NoUrgent {
		quiet(t, p, mine, pollux.Urgent, "the poller does not know such data")
		return
	}
	await(t, p, mine, pollux.Readable|pollux.Urgent)
}
