package loop

import (
	"runtime/debug"
	"sync"
)

// A pool runs functions that block, at most limit at once; the others wait in order. A goroutine of
// its own lives as long as there is work for it.
type pool struct {
	mu      sync.Mutex
	limit   int
	running int       // mu; places that are taken
	pending []pending // mu
}

// A pending one is a function, or a goroutine that has one to run itself.
type pending struct {
	fn    func()
	place chan struct{} // closed once the place is the goroutine's
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

// enter takes a place for the calling goroutine; leave gives it up.
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
		if fn != nil { // it has ended this goroutine: another takes its place
			if fn = p.next(); fn != nil {
				go p.work(fn)
			}
		}
	}()
	for ; fn != nil; fn = p.next() {
		fn()
	}
}

// next is what the caller's place is for now: a function to run; or nil, if nothing waits or the
// place is another goroutine's.
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

// Do runs fn, which may block, on the calling goroutine, as one of the functions of which no more
// than Config.Workers run at once: it waits for its turn. It returns fn's error, or a *PanicError.
// It is for goroutines that work for a task, as those of Task.DoWith. Neither fn nor the function
// of a Task.Do may call it: they have a place already, and there might be no other.
//
// Error: ErrOnLoop, for a callback or a task, of any loop.
func (l *Loop) Do(fn func() error) error {
	if err := MayBlock(); err != nil {
		return err
	}
	l.pool.enter()
	defer l.pool.leave()
	return protect(fn)
}

// protect turns a panic of fn into its error.
func protect(fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return fn()
}
