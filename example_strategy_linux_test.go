package pollux_test

import (
	"fmt"
	"log"
	"runtime"

	"github.com/polluxio/pollux"
	"golang.org/x/sys/unix"
)

// On a goroutine that is locked to its thread, a poller blocks in the system call.
func ExampleStrategy() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p, err := pollux.New(&pollux.Config{Strategy: pollux.Block})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		log.Fatal(err)
	}
	defer unix.Close(fds[0])
	if err := p.Add(fds[0], pollux.MakeToken(0, 1)); err != nil {
		log.Fatal(err)
	}
	unix.Close(fds[1]) // the other end

	events := make([]pollux.Event, 4)
	n, err := p.Wait(events, -1)
	for _, ev := range events[:n] {
		fmt.Println(ev.Ready&pollux.Readable != 0, ev.Ready&pollux.Hangup != 0, err)
	}
	// Output: true true <nil>
}
