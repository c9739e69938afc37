package timeouts_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/polluxio/pollux/timeouts"
)

// The wheel is checked against a sorted list of the same timers, both driven by a script of bytes
// that either a random source or the fuzzer writes.

func TestWheelAgainstSortedList(t *testing.T) {
	seeds := 1000
	if testing.Short() {
		seeds = 100
	}
	for seed := range seeds {
		play(t, randomScript(uint64(seed), 1500))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func FuzzWheel(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(randomScript(seed, 300))
	}
	f.Fuzz(func(t *testing.T, data []byte) { play(t, data) })
}

func randomScript(seed uint64, size int) []byte {
	random := rand.New(rand.NewPCG(seed, 0))
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	return data
}

// script is a source of decisions. One that has ended decides for 0 for ever.
type script []byte

func (s *script) byte() byte {
	if len(*s) == 0 {
		return 0
	}
	b := (*s)[0]
	*s = (*s)[1:]
	return b
}

// span returns a duration whose magnitude, from 1 ns to 146 years, is as likely at every power of
// two.
func (s *script) span() time.Duration {
	power := s.byte() % 55
	return time.Duration(s.byte()) << power
}

// timer is one timer of the model and what the model knows of it.
type timer struct {
	timeouts.Timer
	deadline timeouts.Deadline // Never if stopped
	overdue  bool              // was due when it was given its deadline
	waits    bool              // and that in the drain under way: it is for the next one
	popped   bool              // yielded by the drain under way, at the present time
	touched  bool              // started or stopped since that was last gone on with
}

type model struct {
	t        *testing.T
	script   script
	wheel    *timeouts.Wheel
	now      timeouts.Deadline
	draining bool // a drain is under way, or was left
	timers   [32]timer
	sorted   []*timer // the started ones, by deadline
}

// play runs a script to its end.
func play(t *testing.T, data []byte) {
	m := &model{t: t, script: data}
	m.now = timeouts.Now.Add(m.script.span())
	m.wheel = timeouts.NewWheel(m.now)
	for i := range m.timers {
		m.timers[i].Owner = &m.timers[i]
		m.timers[i].deadline = timeouts.Never
	}
	for len(m.script) > 0 && !t.Failed() {
		m.step()
		m.check()
	}
	// What is left comes out by itself, whatever the last state was.
	for range len(m.timers) * 20 {
		if next := m.wheel.Next(); next != timeouts.Never {
			m.drain(next)
		}
	}
	if len(m.sorted) != 0 || m.wheel.Len() != 0 {
		t.Errorf("%d timers are left, the wheel says %d", len(m.sorted), m.wheel.Len())
	}
}

func (m *model) step() {
	switch m.script.byte() % 8 {
	case 0, 1:
		m.change()
	case 2:
		m.change()
		m.change()
	case 3:
		m.drain(m.now)
	case 4:
		jump := m.script.span()
		if m.script.byte()%32 != 0 {
			jump >>= 16 // or time would soon be at its end
		}
		m.drain(m.now.Add(jump))
	case 5:
		m.drain(max(m.now, m.wheel.Next()))
	case 6:
		if len(m.sorted) > 0 {
			m.drain(max(m.now, m.sorted[0].deadline.Add(-m.script.span())))
		}
	case 7:
		back := m.now.Add(-m.script.span())
		if back < m.now && m.wheel.Pop(back) != nil {
			m.t.Errorf("Pop(%d), before the wheel's time %d, returned a timer", back, m.now)
		}
	}
}

// change starts, restarts or stops a timer.
func (m *model) change() {
	timer := &m.timers[int(m.script.byte())%len(m.timers)]
	var d timeouts.Deadline
	switch m.script.byte() % 8 {
	case 0, 1:
		d = m.now.Add(m.script.span())
	case 2: // push back
		d = timer.deadline.Add(m.script.span())
	case 3: // pull forward
		d = m.now.Add(timer.deadline.Until(m.now) >> (m.script.byte() % 16))
	case 4: // overdue
		d = m.now.Add(-m.script.span())
	case 5: // about the end of a slot
		power := 16 + m.script.byte()%40
		d = (m.now>>power + 1) << power
		d = max(d, 0).Add(time.Duration(int8(m.script.byte())) << (m.script.byte() % 17))
	case 6:
		d = timeouts.Never.Add(-1) - timeouts.Deadline(m.script.span())
	case 7:
		m.stop(timer)
		return
	}
	m.start(timer, d)
}

func (m *model) start(t *timer, d timeouts.Deadline) {
	m.wheel.Start(&t.Timer, d)
	m.forget(t)
	if roundUp(d) == timeouts.Never {
		return
	}
	t.deadline = d
	t.overdue = d <= m.now
	t.waits = t.overdue && m.draining
	i, _ := slices.BinarySearchFunc(m.sorted, d, func(t *timer, d timeouts.Deadline) int {
		return cmp.Compare(t.deadline, d)
	})
	m.sorted = slices.Insert(m.sorted, i, t)
}

func (m *model) stop(t *timer) {
	m.wheel.Stop(&t.Timer)
	m.forget(t)
}

// forget takes t out of the sorted list.
func (m *model) forget(t *timer) {
	if i := slices.Index(m.sorted, t); i >= 0 {
		m.sorted = slices.Delete(m.sorted, i, i+1)
	}
	t.deadline, t.overdue, t.waits, t.touched = timeouts.Never, false, false, true
}

// drain pops all that expires at now, while the script starts and stops timers in between, unless
// it leaves the drain.
func (m *model) drain(now timeouts.Deadline) {
	now = min(now, timeouts.Never-1) // as Pop has it
	var must []*timer                // what this drain has to yield unless it is touched
	for i := range m.timers {
		t := &m.timers[i]
		t.touched = false
		t.popped = t.popped && m.draining && now == m.now
		t.waits = t.waits && m.draining
		if !t.waits && (roundUp(t.deadline) <= now || t.overdue && t.deadline <= now) {
			must = append(must, t)
		}
	}
	next := m.wheel.Next()
	m.now, m.draining = now, true
	yielded := 0
	var last timeouts.Deadline // the tick of the last timer that was not overdue
	for t := m.wheel.Pop(now); t != nil; t = m.wheel.Pop(now) {
		if now < next {
			m.t.Fatalf("Pop(%d) returned a timer, Next was %d", now, next)
		}
		if yielded++; yielded > len(m.timers) {
			m.t.Fatalf("the drain at %d does not end", now)
		}
		timer := t.Owner.(*timer)
		if tick := roundUp(timer.deadline); !timer.overdue {
			if tick < last {
				m.t.Errorf("drain at %d: tick %d after %d", now, tick, last)
			}
			last = tick
		}
		m.yield(t)
		for range m.script.byte() % 4 {
			m.change()
		}
		if m.script.byte()%4 == 3 {
			m.start(timer, now.Add(-m.script.span()))
		}
		m.check()
		if m.script.byte() >= 250 {
			return // leave it
		}
	}
	m.draining = false

	for _, t := range must {
		if !t.popped && !t.touched {
			m.t.Errorf("drain at %d: no timer for %d", now, t.deadline)
		}
	}
	waiting := slices.ContainsFunc(m.sorted, func(t *timer) bool { return t.waits })
	if after := m.wheel.Next(); after <= now && !waiting {
		m.t.Errorf("drain at %d: no progress, Next is %d", now, after)
	}
}

// yield checks a timer that Pop returned against the model, and takes it out of that.
func (m *model) yield(t *timeouts.Timer) {
	timer := t.Owner.(*timer)
	switch {
	case timer.deadline > m.now:
		m.t.Errorf("Pop(%d) returned a timer for %d", m.now, timer.deadline)
	case timer.popped:
		m.t.Errorf("Pop(%d) returned a timer twice in one drain", m.now)
	case timer.waits:
		m.t.Errorf("Pop(%d) returned a timer started overdue in the same drain", m.now)
	}
	m.forget(timer)
	timer.popped = true
}

// check compares what the wheel says with what the model knows.
func (m *model) check() {
	m.t.Helper()
	if err := timeouts.Check(m.wheel); err != nil {
		m.t.Fatal(err)
	}
	if m.wheel.Len() != len(m.sorted) {
		m.t.Fatalf("Len is %d, want %d", m.wheel.Len(), len(m.sorted))
	}
	for i := range m.timers {
		t := &m.timers[i]
		if t.Deadline() != t.deadline || t.Started() != (t.deadline != timeouts.Never) {
			m.t.Fatalf("timer %d: deadline %d, started %t, want %d", i, t.Deadline(), t.Started(), t.deadline)
		}
	}
	next := m.wheel.Next()
	switch {
	case len(m.sorted) == 0:
		if next != timeouts.Never {
			m.t.Fatalf("Next is %d for an empty wheel", next)
		}
	case next < m.now:
		m.t.Fatalf("Next is %d at %d", next, m.now)
	case next > max(m.now, roundUp(m.sorted[0].deadline)):
		m.t.Fatalf("Next is %d at %d, too late for %d", next, m.now, m.sorted[0].deadline)
	}
}

// roundUp returns when a deadline's tick has passed, and Never for one that no tick holds.
func roundUp(d timeouts.Deadline) timeouts.Deadline {
	tick := timeouts.Deadline(timeouts.Tick)
	if left := d % tick; left > 0 {
		return d.Add(time.Duration(tick - left))
	}
	return d
}
