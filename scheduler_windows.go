package pollux

// A completion port cannot be waited for in Go's own poller, which has one of its own. So the wait
// is a system call, and the thread keeps its processor in it until sysmon takes that away (fact 1),
// up to 20 ms later. Hence the goroutine lets all others run before it makes that call.

// newStrategy is the one place in which a strategy is chosen. release gives back what the poller
// owns.
func newStrategy(s Strategy, release func() error) strategy {
	if s == Block {
		return &block{release: release}
	}
	return &polite{release: release}
}

// polite is the strategy Park where the system cannot park: others run first, then a system call
// blocks.
//
//	      look: nothing            Gosched took long
//	wait ───────────────▶ yield ─────────────────────▶ look, yield, look, ... until there is something
//	                        │ it took no time, twice in a row
//	                        ▼
//	                      block
type polite struct {
	company
	release func() error
}

func (p *polite) wait(k kernel, mayWait bool) error {
	if err := p.pass(k); err != nil {
		return err
	}
	if k.look() || !mayWait || p.goFirst(k) {
		return nil
	}
	k.block()
	p.stint.end()
	return nil
}

// pass leaves it to sysmon, every 10 ms, to ask Go's own poller: nothing that Go's poller watches can
// be made ready by hand here, as a pipe on other systems.
func (p *polite) pass(kernel) error {
	return p.company.pass(func() error { return nil })
}

func (p *polite) close() error { return p.release() }
