package pollux

import (
	"net"
	"sync"
)

// goPoller serves all pollers of the process. It makes the scheduler ask Go's own poller, which is
// a completion port here (fact 2): a goroutine waits in a Read, and the poller that asks sends it a
// byte and parks. So the scheduler, which has nothing else to run, asks Go's poller. It finds the
// byte there, and whatever else has come.
//
// A poller that asks cannot wait for the byte itself: Go reads a byte that is there at once,
// without its poller (skipSyncNotif of internal/poll/fd_windows.go).
var goPoller asker

func openGoPoller() { goPoller.open() }

func askGoPoller() error { return goPoller.ask() }

func closeGoPoller() { goPoller.close() }

type asker struct {
	mu    sync.Mutex    // held by the poller that opens, asks or closes
	users int           // mu; open pollers
	w, r  net.Conn      // mu; the two ends of a connection; nil if none could be made
	came  chan struct{} // mu; gets a token for each byte, and is closed after the last
}

// open makes the connection for the first poller. Without it only sysmon asks Go's poller, every
// 10 ms.
func (a *asker) open() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.users++; a.users > 1 {
		return
	}
	w, r, err := tcpEnds()
	if err != nil {
		return
	}
	a.w, a.r, a.came = w, r, make(chan struct{}, 1)
	go func(r net.Conn, came chan<- struct{}) {
		defer close(came)
		for b := make([]byte, 1); ; came <- struct{}{} {
			if _, err := r.Read(b); err != nil {
				return
			}
		}
	}(r, a.came)
}

// close ends the connection and its goroutine with the last poller.
func (a *asker) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.users--; a.users == 0 && a.w != nil {
		a.end()
	}
}

// end closes the connection, and returns when its goroutine has ended. The caller holds mu.
func (a *asker) end() {
	a.w.Close()
	a.r.Close()
	for range a.came {
	}
	a.w, a.r, a.came = nil, nil, nil
}

func (a *asker) ask() error {
	if !a.mu.TryLock() {
		return nil // another poller of the process is asking now
	}
	defer a.mu.Unlock()
	if a.w == nil {
		return nil
	}
	if _, err := a.w.Write([]byte{0}); err != nil {
		a.end() // something has closed the connection: from now on it is as if none could be made
		return nil
	}
	<-a.came // also if the Read has failed
	return nil
}

// tcpEnds returns the two ends of a TCP connection within the process.
func tcpEnds() (w, r net.Conn, err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer ln.Close()
	if w, err = net.Dial("tcp", ln.Addr().String()); err != nil {
		return nil, nil, err
	}
	for {
		if r, err = ln.Accept(); err != nil {
			w.Close()
			return nil, nil, err
		}
		if r.RemoteAddr().String() == w.LocalAddr().String() {
			return w, r, nil
		}
		r.Close() // of another process
	}
}
