package loop

import (
	"runtime"

	"github.com/polluxio/pollux"
)

// A seat is where one goroutine sits while another runs: who swaps sits down, and who sat there gets up and runs. Each coroutine of
// iter.Pull comes with one: its next and its yield do just that, in turn, and it does not matter who calls them. So who gives up need not
// go back to the loop for the next to be resumed, but swaps with him where he sits. Nobody is bound to a seat:
//
//	           runs   seat A  seat B  seat C
//	           loop   a       b       c       the tasks wait
//	loop ▶ a   a      loop    b       c
//	   a ▶ b   b      loop    a       c
//	   b ▶ c   c      loop    a       b
//	c ▶ loop   loop   c       a       b       they wait again
//
// A coroutine ends through its own seat, and who sits there then is resumed: see Task.leave.
type seat struct {
	of    *Task // whose coroutine
	next  func() (struct{}, bool)
	yield func(struct{}) bool
	odd   bool // next was called last
}

// resume runs t, and whoever follows it, until the loop is to go on. It is the loop that calls it.
func (t *Task) resume() {
	l := t.loop
	t.spent, t.suspended = 0, false
	for next := t; next != nil; {
		l.seat = next.seat
		if l.seat.odd = !l.seat.odd; l.seat.odd {
			l.seat.next()
		} else {
			l.seat.yield(struct{}{})
		}
		next, l.inWay = l.inWay, nil
	}
	if l.goexit {
		l.goexit = false
		runtime.Goexit()
	}
}

// giveUp runs who is to be resumed next, or the loop, until t is resumed. It is t that calls it. All is in one function because a return
// after a swap is to another caller than the processor expects, and takes ten times as long as others.
func (t *Task) giveUp() {
	l := t.loop
	next := l.nextWoken()
	if next == nil {
		next = l.follow()
	}
	if next == t { // it waits for several, one after the other, and the event was of the one that it waits for now
		t.spent, t.suspended = 0, false
		return
	}
	if next != nil {
		next.spent, next.suspended = 0, false
		t.seat = next.seat
	} else {
		t.seat = l.seat
	}
	if t.seat.odd = !t.seat.odd; t.seat.odd {
		t.seat.next()
	} else {
		t.seat.yield(struct{}{})
	}
	for l.leaving != nil {
		t.makeWay()
	}
}

// leave is the last that t does before its coroutine ends, and with it its seat: who sits there goes on. If that is another task, it has
// the loop go on in its place.
//
// But iter.Pull passes a Goexit on to who sits there, and it is meant for the loop. So then the two change places first:
//
//	                     runs   seat X  seat Y
//	x ends               x      y       loop
//	x ▶ loop             loop   y       x
//	loop ▶ y (resume)    y      loop    x
//	y ▶ x (makeWay)      x      loop    y
//	x ends through X     loop   -       y
func (t *Task) leave(goexit bool) {
	l := t.loop
	if l.seat.of == t {
		// The loop goes on.
	} else if l.leaving = t; !goexit {
		t.seat = seat{}
	} else {
		for other := range l.tasks {
			if other.seat.of == t {
				l.inWay = other
			}
		}
		t.sit(l.seat)
	}
	l.goexit = goexit && !l.seat.odd // else iter.Pull tells who called next
}

// makeWay is for t that was resumed in place of the loop: it has that go on, or who is to end.
func (t *Task) makeWay() {
	l := t.loop
	x := l.leaving
	l.leaving = nil
	if x.seat.of == nil {
		t.sit(l.seat)
	} else {
		t.sit(x.seat)
	}
}

// sit swaps with who sits in s.
func (t *Task) sit(s seat) {
	t.seat = s
	if t.seat.odd = !s.odd; t.seat.odd {
		s.next()
	} else {
		s.yield(struct{}{})
	}
}

// nextWoken is the task that is to be resumed next, or nil.
func (l *Loop) nextWoken() *Task {
	if l.resumed == len(l.woken) {
		return nil
	}
	t := l.woken[l.resumed]
	l.woken[l.resumed] = nil
	l.resumed++
	return t
}

// follow serves the next event in the name of the loop, if all there is to it is to resume a task, which it returns.
func (l *Loop) follow() *Task {
	i := l.at
	if i >= len(l.fds) || l.fds[i] == nil {
		return nil
	}
	t := l.fds[i].waiter(l, l.events[i].Ready)
	if t != nil {
		l.fds[i] = nil
		l.at++
		if len(l.fds) >= aheadFrom {
			l.ahead(i)
		}
	}
	return t
}

// waiter gives the lane to a task that waits to read, if that is all that event would do, and returns the task.
func (fd *FD) waiter(l *Loop, r pollux.Ready) (t *Task) {
	const not = fdClosed | fdAgain | fdWatched | laneBusy
	fd.mu.Lock()
	o := fd.first(Read)
	if o != nil && o.task != nil && o.own() && fd.state&not == 0 && fd.queue[Write] == nil && fd.vain[Read] < vainMost &&
		r&^pollux.Writable == pollux.Readable && fd.loop == l && o.task.loop == l {
		if r&pollux.Writable != 0 {
			fd.state = fd.state&^lane(Write, laneBlocked|laneHeld) | lane(Write, laneReady)
		}
		fd.state &^= lane(Read, laneBlocked|laneHeld)
		fd.vain[Read]++
		fd.give(o)
		t, o.task = o.task, nil
		o.state, o.err = opSettled, nil
		l.handed = true
	}
	fd.mu.Unlock()
	return t
}
