package loop

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/polluxio/pollux"
	"github.com/polluxio/pollux/timeouts"
)

// Tasks that events resume follow one another without the loop in between, and the loop goes on where they have stopped.

// A player is a task that reads from a descriptor of its own, round after round.
type player struct {
	fd     *FD
	task   *Task
	rounds int
	end    func() // when it has been resumed that often; nil: it goes on
	last   int
}

func (s *stage) player(last int, end func(), played func(p *player)) *player {
	p := &player{fd: s.joined(), last: last, end: end}
	p.task = s.Go(func(task *Task) {
		for {
			if err := p.fd.Do(task, &Op{Attempt: &play{parts: []part{again, done}}, Deadline: never}); err != nil {
				return
			}
			p.rounds++
			played(p)
			if p.rounds == p.last {
				p.end()
				return
			}
		}
	})
	s.turn()
	return p
}

func (s *stage) readable(players []*player) (events []pollux.Event) {
	for _, p := range players {
		events = append(events, s.ready(p.fd, pollux.Readable))
	}
	return events
}

func TestTasksFollowOneAnother(t *testing.T) {
	s := newStage(t)
	var order, before []*Task
	played := func(p *player) {
		order = append(order, p.task)
		before = append(before, s.seat.of)
	}
	a, b, c := s.player(0, nil, played), s.player(0, nil, played), s.player(0, nil, played)
	watched := s.descriptor()
	s.watch(watched, func(pollux.Ready) { order = append(order, nil) })
	s.turns()

	s.turn(s.ready(a.fd, pollux.Readable), s.ready(c.fd, pollux.Readable|pollux.Writable), s.ready(watched, pollux.Readable), s.ready(b.fd, pollux.Readable))
	if want := []*Task{a.task, c.task, nil, b.task}; !slices.Equal(order, want) {
		t.Errorf("resumed were %p, want %p", order, want)
	}
	// The loop sits where the first sat of those that follow one another. By then a sits where b has sat, and nobody where he began.
	if before[0] != before[1] || before[1] == before[2] {
		t.Errorf("the loop sat in the seats of %p: c was not resumed by a, or b was, across a watcher", before)
	}
	for _, r := range []pollux.Ready{pollux.Readable | pollux.Hangup, pollux.Readable | pollux.Urgent, pollux.Writable} {
		order = nil
		s.turn(s.ready(a.fd, pollux.Readable), s.ready(c.fd, r))
		want := []*Task{a.task, c.task}
		if r&pollux.Readable == 0 {
			want = want[:1]
		}
		if !slices.Equal(order, want) {
			t.Errorf("after %v resumed were %p, want %p", r, order, want)
		}
	}
}

// A task that waits for one descriptor and then another goes on if both are ready in one turn, and nobody has to be between.
func TestTaskFollowsItself(t *testing.T) {
	for _, tt := range []struct {
		name string
		wait func(fd *FD, task *Task) error
	}{
		{"Do", func(fd *FD, task *Task) error {
			return fd.Do(task, &Op{Attempt: &play{parts: []part{{out: Outcome{N: 1, Drained: true}}}}, Deadline: never})
		}},
		{"Await", func(fd *FD, task *Task) error {
			var deadline timeouts.Deadline
			_, err := fd.Await(task, Read, -1, &deadline, false)
			if err == nil {
				fd.Done(Read, 1, true)
			}
			return err
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t)
			fds := []*FD{s.joined(), s.joined(), s.joined()}
			for _, fd := range fds { // nothing is there
				fd.Enter(Read, false)
				fd.Leave(Read, false, Outcome{}, ErrAgain)
			}
			rounds := 0
			task := s.Go(func(task *Task) {
				for ; ; rounds++ {
					if err := tt.wait(fds[rounds%len(fds)], task); err != nil {
						return
					}
				}
			})
			s.turn()
			for turn := range 5 {
				var events []pollux.Event
				for _, fd := range fds {
					events = append(events, s.ready(fd, pollux.Readable))
				}
				s.turn(events...)
				if want := (turn + 1) * len(fds); rounds != want || task.Done().Settled() {
					t.Fatalf("%d rounds, want %d; the task has ended: %v", rounds, want, task.Done().Settled())
				}
			}
		})
	}
}

// However they were resumed, one that ends leaves all others where they were, and the loop too.
func TestSeats(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func()
	}{
		{"return", func() {}},
		{"panic", func() { panic("out") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for seed := range uint64(50) {
				testSeats(t, rand.New(rand.NewPCG(seed, 0)), tt.end)
			}
		})
	}
}

func testSeats(t *testing.T, random *rand.Rand, end func()) {
	t.Helper()
	s := newStage(t)
	want := make(map[*player]int)
	var players []*player
	for len(players) < 8 {
		players = append(players, s.player(1+random.IntN(20), end, func(*player) {}))
	}
	for len(players) > 0 {
		random.Shuffle(len(players), func(i, j int) { players[i], players[j] = players[j], players[i] })
		chosen := players[:random.IntN(len(players)+1)]
		for _, p := range chosen {
			want[p]++
		}
		s.turn(s.readable(chosen)...)
		for p, n := range want {
			if p.rounds != n {
				t.Fatalf("a task was resumed %d times, want %d", p.rounds, n)
			}
			if over := p.task.Done().Settled(); over != (n == p.last) {
				t.Fatalf("after %d rounds of %d it has ended: %v", n, p.last, over)
			}
		}
		players = slices.DeleteFunc(players, func(p *player) bool { return p.rounds == p.last })
	}
	if n := s.Stats().Tasks; n != 0 {
		t.Fatalf("%d tasks are left", n)
	}
}

// A Goexit is the loop's, and no other task's, whoever has resumed the one that it ends, and however often.
func TestGoexitOfOneThatFollows(t *testing.T) {
	for last := 1; last <= 4; last++ {
		for at := range 4 {
			t.Run(fmt.Sprintf("%d of 4, round %d", at+1, last), func(t *testing.T) {
				if n := follow(t, false, at, last, runtime.Goexit); n != 1 {
					t.Errorf("it was logged %d times, want once", n)
				}
				// A panic on the way out is contained, and ends no Goexit.
				if n := follow(t, false, at, last, func() {
					defer func() { panic("out") }()
					runtime.Goexit()
				}); n != 1 {
					t.Errorf("after a panic it was logged %d times, want once", n)
				}
			})
		}
	}
}

// On a locked thread too: there the runtime looks at who resumes whom, and the process dies of a mistake.
func TestFollowOnALockedThread(t *testing.T) {
	for last := 1; last <= 4; last++ {
		follow(t, true, 3-last%4, last, func() {})
		follow(t, true, last-1, last, runtime.Goexit)
	}
}

// follow plays with four tasks on a loop of its own, of which one ends before the others do. It returns how often the loop's goroutine was
// ended.
func follow(t *testing.T, lock bool, at, last int, end func()) int {
	t.Helper()
	r, s := reactor(t, lock)
	rounds := make(chan *player, 4)
	var players []*player
	for i := range 4 {
		p := &player{fd: s.joined(), last: last + 5, end: func() {}}
		if i == at {
			p.last, p.end = last, end
		}
		p.task = s.Go(func(task *Task) {
			for p.rounds < p.last {
				if p.fd.Do(task, &Op{Attempt: &play{parts: []part{again, done}}, Deadline: never}) != nil {
					return
				}
				p.rounds++
				rounds <- p
			}
			p.end()
		})
		players = append(players, p)
	}
	for range last + 5 {
		for _, p := range players {
			until(t, "the operation is queued", func() bool { return p.fd.length(Read) == 1 })
		}
		s.p.tell(s.readable(players)...)
		for range players {
			receive(t, "a round", rounds)
		}
		players = slices.DeleteFunc(players, func(p *player) bool { return p.rounds == p.last })
	}
	if len(players) != 0 {
		t.Errorf("%d tasks are left", len(players))
	}
	within(t, "Close", func() { r.Close() })
	return s.logs.FilterMessageSnippet("ended the loop's goroutine").Len()
}

// Tasks that are made and end while others wait cost their own memory only: no seat is left behind.
func TestManySeats(t *testing.T) {
	s := newStage(t)
	steady := s.player(0, nil, func(*player) {})
	before := runtime.NumGoroutine()
	for range 1000 {
		short := s.player(1, func() {}, func(*player) {})
		s.turn(s.ready(steady.fd, pollux.Readable), s.ready(short.fd, pollux.Readable))
		if err := short.task.Wait(context.Background()); err != nil {
			t.Fatal(err)
		}
		short.fd.Close()
	}
	if steady.rounds != 1000 {
		t.Errorf("the steady one was resumed %d times, want 1000", steady.rounds)
	}
	until(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
}
