package loop

import (
	"runtime/debug"
	"sync"
)

// A pool runs functions that block, at most limit at once; the others wait in order. A goroutine lives as long as there is
// work for it.
type pool struct {
	mu      sync.Mutex
	limit   int
	running int
	pending []func()
}

func newPool(limit int) *pool { return &pool{limit: limit} }

func (p *pool) run(fn func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running == p.limit {
		p.pending = append(p.pending, fn)
		return
	}
	p.running++
	go p.work(fn)
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

// next is what waits to be run; nil ends the goroutine that asks.
func (p *pool) next() (fn func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.pending) == 0 {
		p.running--
		return nil
	}
	fn = p.pending[0]
	p.pending[0] = nil
	p.pending = p.pending[1:]
	return fn
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
