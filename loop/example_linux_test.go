package loop_test

import (
	"context"
	"fmt"
	"log"

	"github.com/polluxio/pollux/loop"
)

// Tasks of one loop share memory without locks, and wait for each other by promises: only one runs
// at a time.
func ExampleNewPromise() {
	l, err := loop.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	var lines []string
	var more *loop.Promise[struct{}] // while the writer waits
	put := func(line string) {
		lines = append(lines, line)
		if more != nil {
			more.Resolve(struct{}{})
			more = nil
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	l.Go(func(t *loop.Task) {
		defer cancel() // ends Run
		for {
			for len(lines) == 0 {
				more = loop.NewPromise[struct{}](l)
				if _, err := more.Future().Await(t); err != nil {
					return // the task was canceled, or the loop closed
				}
			}
			line := lines[0]
			lines = lines[1:]
			fmt.Println("written:", line)
			if line == "bye" {
				return
			}
		}
	})
	l.Go(func(t *loop.Task) {
		for _, line := range []string{"hello", "how are you", "bye"} {
			put(line)
			t.Yield()
		}
	})
	fmt.Println("loop:", l.Run(ctx))
	fmt.Println("closed:", l.Close())
	// Output:
	// written: hello
	// written: how are you
	// written: bye
	// loop: context canceled
	// closed: <nil>
}
