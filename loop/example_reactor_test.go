package loop_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/polluxio/pollux/loop"
)

// A Reactor starts its loops and selects one for each new descriptor or task. The same hash always
// selects the same loop.
func ExampleReactor() {
	r, err := loop.NewReactor(&loop.Config{Loops: 2})
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	fmt.Println("loops:", len(r.Loops()))
	first, second := r.Next(), r.Next()
	fmt.Println("in turn:", first != second)
	one, again := r.ByHash(7), r.ByHash(7)
	fmt.Println("by hash:", one == again)

	done := make(chan string)
	if err := r.Next().Post(func() { done <- "a posted function has run" }); err != nil {
		log.Fatal(err)
	}
	fmt.Println(<-done)
	// Output:
	// loops: 2
	// in turn: true
	// by hash: true
	// a posted function has run
}

// The loop runs a timer's function on its own goroutine, so functions of one loop need no lock.
func ExampleLoop_After() {
	l, err := loop.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(context.Background())
	l.After(50*time.Millisecond, func() {
		fmt.Println("second")
		cancel() // ends Run
	})
	l.After(time.Millisecond, func() { fmt.Println("first") })
	fmt.Println(l.Run(ctx))
	// Output:
	// first
	// second
	// context canceled
}

// Every starts a Timer that runs its function again and again. Stop ends it, and Reset starts it
// anew.
func ExampleTimer() {
	l, err := loop.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(context.Background())
	idle := l.After(time.Hour, func() { fmt.Println("idle") })
	ticks := 0
	var ticker *loop.Timer
	ticker = l.Every(time.Millisecond, func() {
		ticks++
		fmt.Println("tick", ticks, "and a call of idle was pending:", idle.Reset(time.Hour))
		if ticks == 2 {
			ticker.Stop()
			fmt.Println("idle stopped in time:", idle.Stop())
			cancel() // ends Run
		}
	})
	fmt.Println(l.Run(ctx))
	// Output:
	// tick 1 and a call of idle was pending: true
	// tick 2 and a call of idle was pending: true
	// idle stopped in time: true
	// context canceled
}

// A Task is straight-line code on a loop. Sleep suspends only the task. Do runs a function that may
// block on another goroutine, and suspends the task until it has returned.
func ExampleTask() {
	r, err := loop.NewReactor(&loop.Config{Loops: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	t := r.Next().Go(func(t *loop.Task) {
		if err := t.Sleep(time.Millisecond); err != nil {
			return // the task was canceled, or the loop closed
		}
		fmt.Println("awake")
		err := t.Do(func() error {
			fmt.Println("reading a file")
			return nil
		})
		fmt.Println("read:", err)
	})
	fmt.Println("ended:", t.Wait(context.Background()))
	// Output:
	// awake
	// reading a file
	// read: <nil>
	// ended: <nil>
}

// Then runs a function on the loop when a future has its result. It never runs the function before
// it returns.
func ExampleFuture_Then() {
	l, err := loop.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(context.Background())
	answer := loop.NewPromise[int](l)
	answer.Future().Then(func(n int, err error) {
		fmt.Println("answer:", n, err)
		cancel() // ends Run
	})
	answer.Resolve(42)
	fmt.Println("resolved")
	fmt.Println(l.Run(ctx))
	// Output:
	// resolved
	// answer: 42 <nil>
	// context canceled
}

// A Promise gives a future to other code. Here a goroutine waits for it, and a function on the loop
// settles it.
func ExamplePromise() {
	r, err := loop.NewReactor(&loop.Config{Loops: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	l := r.Next()
	ready := loop.NewPromise[string](l)
	l.After(time.Millisecond, func() { ready.Resolve("ready") })
	fmt.Println(ready.Future().Wait(context.Background()))
	fmt.Println("again:", ready.Resolve("too late"))
	// Output:
	// ready <nil>
	// again: false
}

// Tasks of one loop share memory without locks, since only one of them runs at a time. They wait
// for each other by promises.
func ExampleNewPromise() {
	l, err := loop.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	var lines []string
	var more *loop.Promise[struct{}] // set while the writer waits
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
