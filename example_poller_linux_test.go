package pollux_test

import (
	"fmt"
	"log"

	"github.com/polluxio/pollux"
	"golang.org/x/sys/unix"
)

// The poller alone: descriptors of another kind, or a loop of another kind, need no more.
func ExamplePoller() {
	p, err := pollux.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		log.Fatal(err)
	}
	defer unix.Close(pipe[1])

	token := pollux.MakeToken(0, 1)
	if err := p.Add(pipe[0], token); err != nil {
		log.Fatal(err)
	}
	unix.Write(pipe[1], []byte("news"))

	events := make([]pollux.Event, 16)
	n, err := p.Wait(events, -1)
	for _, ev := range events[:n] {
		fmt.Println(ev.Token.Slot(), ev.Ready)
	}

	n, err = p.Wait(events, 0)
	fmt.Println(n, err) // nothing came since, though nothing was read

	p.Delete(pipe[0], token) // before it is closed
	unix.Close(pipe[0])
	// Output:
	// 0 readable
	// 0 <nil>
}
