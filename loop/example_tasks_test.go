package loop_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/polluxio/pollux/loop"
)

// taskOnLoop runs fn in a task of a new loop, and returns when it has ended.
func taskOnLoop(fn func(t *loop.Task)) {
	r, err := loop.NewReactor(&loop.Config{Loops: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	if err := r.Next().Go(fn).Wait(context.Background()); err != nil {
		log.Fatal(err)
	}
}

// The first task of a Group that returns an error cancels the others.
func ExampleGroup() {
	taskOnLoop(func(t *loop.Task) {
		g := loop.NewGroup(t.Loop())
		g.Go(func(t *loop.Task) error {
			return t.Sleep(time.Hour) // ends when the group is canceled
		})
		g.Go(func(t *loop.Task) error {
			return errors.New("the server is gone")
		})
		fmt.Println(g.Wait(t))
	})
	// Output: the server is gone
}

// A Queue holds two values here, so the producer waits for the consumer.
func ExampleQueue() {
	taskOnLoop(func(t *loop.Task) {
		q := loop.NewQueue[string](t.Loop(), 2)
		t.Loop().Go(func(t *loop.Task) {
			for _, word := range []string{"one", "two", "three"} {
				if err := q.Put(t, word); err != nil {
					return
				}
			}
			q.Close() // no more values
		})
		for {
			word, err := q.Get(t)
			if err != nil {
				break // the queue is closed and empty
			}
			fmt.Println(word)
		}
	})
	// Output:
	// one
	// two
	// three
}

// A Semaphore of two places lets two of five tasks work at the same time.
func ExampleSemaphore() {
	taskOnLoop(func(t *loop.Task) {
		places := loop.NewSemaphore(t.Loop(), 2)
		g := loop.NewGroup(t.Loop())
		working, most := 0, 0 // the tasks share a loop, so they need no lock
		for range 5 {
			g.Go(func(t *loop.Task) error {
				if err := places.Acquire(t); err != nil {
					return err
				}
				defer places.Release()
				working++
				most = max(most, working)
				defer func() { working-- }()
				return t.Sleep(time.Millisecond)
			})
		}
		fmt.Println(g.Wait(t), most)
	})
	// Output: <nil> 2
}

// Select waits for the first of several futures. The others continue.
func ExampleSelect() {
	taskOnLoop(func(t *loop.Task) {
		answer, quit := loop.NewPromise[int](t.Loop()), loop.NewPromise[struct{}](t.Loop())
		t.Loop().After(time.Millisecond, func() { answer.Resolve(42) })
		i, err := loop.Select(t, answer.Future(), quit.Future())
		fmt.Println(i, err)
		n, err := answer.Future().Await(t) // settled: this does not wait
		fmt.Println(n, err)
	})
	// Output:
	// 0 <nil>
	// 42 <nil>
}

// Within limits the time of all waits in a function together.
func ExampleTask_Within() {
	taskOnLoop(func(t *loop.Task) {
		err := t.Within(2*time.Millisecond, func() error {
			for {
				if err := t.Sleep(time.Millisecond); err != nil {
					return err
				}
			}
		})
		fmt.Println(errors.Is(err, os.ErrDeadlineExceeded))
		fmt.Println(t.Sleep(time.Millisecond)) // the limit is over
	})
	// Output:
	// true
	// <nil>
}
