package loop

import (
	"runtime/debug"
	"sync"
)

// A pool runs functions that block, at most limit at once. The others wait in order. A goroutine of
// the pool lives as long as it has work.
type pool struct {
	mu      sync.Mutex
	limit   int
	running int       // mu; places in use
	pending []pending // mu
}

// A pending is a function that waits for a place, or a goroutine that waits to run its own
// function.
type pending struct {
	fn    func()
	place chan struct{} // closed when the goroutine gets the place
}

func newPool(limit int) *pool { return &pool{limit: limit} }

func (p *pool) run(fn func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running == p.limit {
		p.pending = append(p.pending, pending{fn: fn})
		return
	}
	p.running++
	go p.work(fn)
}

// enter takes a place for the calling goroutine. leave gives the place up.
func (p *pool) enter() {
	p.mu.Lock()
	if p.running < p.limit {
		p.running++
		p.mu.Unlock()
		return
	}
	place := make(chan struct{})
	p.pending = append(p.pending, pending{place: place})
	p.mu.Unlock()
	<-place
}

func (p *pool) leave() {
	if fn := p.next(); fn != nil {
		go p.work(fn)
	}
}

func (p *pool) work(fn func()) {
	defer func() {
		if fn != nil { // fn has ended this goroutine (runtime.Goexit): another takes its place
			if fn = p.next(); fn != nil {
				go p.work(fn)
			}
		}
	}()
	for ; fn != nil; fn = p.next() {
		fn()
	}
}

// next passes the caller's place on. It returns the next function to run. It returns nil if nothing
// waits, or if the place has gone to a waiting goroutine.
func (p *pool) next() (fn func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.pending) == 0 {
		p.running--
		return nil
	}
	first := p.pending[0]
	p.pending[0] = pending{}
	p.pending = p.pending[1:]
	if first.place != nil {
		close(first.place)
	}
	return first.fn
}

// Do runs fn, which may block, on the calling goroutine. It first waits for a place: at most
// Config.Workers functions run at once. It returns fn's error, or a *PanicError.
//
// Do is for goroutines that work for a task, as those of Task.DoWith do. fn must not call Do, and
// the function of a Task.Do must not call it either: each has a place already, and another may
// never become free.
//
// Errors: ErrOnLoop in a callback or a task of any loop; an error for a nil fn.
func (l *Loop) Do(fn func() error) error {
	if fn == nil {
		return missing("Loop.Do", "fn")
	}
	if err := MayBlock(); err != nil {
		return err
	}
	l.pool.enter()
	defer l.pool.leave()
	return protect(fn)
}

// protect runs fn and turns a panic into the error.
func protect(fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return fn()
}
