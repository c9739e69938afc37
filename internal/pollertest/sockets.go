package pollertest

import (
	"runtime"
	"testing"
)

// tcpPair returns two connected TCP sockets, which are closed with the test.
func tcpPair(t *testing.T) (a, b int) {
	t.Helper()
	ln, at := listener(t)
	a = stream(t)
	connect(t, a, at)
	for deadline := newDeadline(); ; runtime.Gosched() {
		var err error
		if b, err = accept(ln); err == nil {
			break
		}
		if err != errAgain || deadline.over() {
			t.Fatal("accept:", err)
		}
	}
	closeFD(ln)
	t.Cleanup(func() { closeFD(b) })
	prepare(t, b)
	return a, b
}

// listener returns a socket that listens on the loopback, and its address.
func listener(t *testing.T) (fd int, at address) {
	t.Helper()
	fd = bound(t)
	return fd, listen(t, fd)
}

func write(t *testing.T, fd int, p string) {
	t.Helper()
	if n, err := send(fd, p); n != len(p) || err != nil {
		t.Fatalf("write: %d, %v", n, err)
	}
}

// read empties fd and returns the number of bytes.
func read(t *testing.T, fd int) (total int) {
	t.Helper()
	var buf [4096]byte
	for {
		n, err := receive(fd, buf[:])
		if err == errAgain || n == 0 && err == nil {
			return total
		}
		if err != nil {
			t.Fatalf("read: %v", err)
		}
		total += n
	}
}

// fill writes until the kernel takes no more, and returns the number of bytes.
func fill(t *testing.T, fd int) (total int) {
	t.Helper()
	chunk := string(make([]byte, 4096))
	for {
		n, err := send(fd, chunk)
		if err == errAgain {
			return total
		}
		if err != nil {
			t.Fatalf("write: %v", err)
		}
		total += n
	}
}
